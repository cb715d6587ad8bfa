//! Everything that changes while the simulator runs. One lock guards it, so a call's effect and its line in the
//! journal appear together.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hasher},
    time::{Duration, Instant},
};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    chance::Chance,
    issued::Issued,
    knobs::{Knobs, StartSequence},
    lists::Walks,
    past::Past,
    signature::hex,
    world::{NOT_STARTED, RemoteBackup, STARTING, World},
};

pub(super) struct State {
    pub(super) world: World,
    pub(super) knobs: Knobs,
    /// Backup servers on their way to a settled status.
    pub(super) starts: HashMap<String, Start>,
    /// Servers whose protection is being switched on.
    pub(super) openings: HashMap<String, Timer>,
    /// Backup servers that are deleted but still seen.
    pub(super) deletions: HashMap<String, Timer>,
    /// The target each server had before remote backup was switched off.
    pub(super) last_targets: HashMap<String, RemoteBackup>,
    pub(super) walks: Walks,
    pub(super) issued: Issued,
    pub(super) windows: HashMap<(String, &'static str), Window>,
    pub(super) journal: Vec<Value>,
    pub(super) chance: Chance,
    pub(super) past: Past,
    /// How many calls of each kind a storm has met.
    pub(super) gusts: HashMap<String, u64>,
    entropy: [u64; 2],
    drawn: u64,
}

/// A wait that ends by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    pub(super) since: Instant,
    pub(super) lasts: Duration,
}

impl Timer {
    pub(super) fn new(since: Instant, milliseconds: u64) -> Self {
        Self { since, lasts: Duration::from_millis(milliseconds) }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= self.lasts
    }
}

/// A backup server's way to its status, with the knobs as they were when it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) timer: Timer,
    pub(super) sequence: StartSequence,
    /// The status before the change.
    pub(super) old: i64,
    pub(super) result: i64,
}

impl Start {
    /// The status at a time, and whether that is the end of it.
    fn status(&self, now: Instant) -> (i64, bool) {
        let passed = now.saturating_duration_since(self.timer.since);
        let over = self.timer.is_over(now);
        match self.sequence {
            StartSequence::Stuck => (NOT_STARTED, false),
            _ if over => (self.result, true),
            StartSequence::Straight => (self.result, true),
            StartSequence::NotStarted if passed < self.timer.lasts / 2 => (NOT_STARTED, false),
            StartSequence::Stale if passed < self.timer.lasts / 3 => (self.old, false),
            _ => (STARTING, false),
        }
    }
}

/// A window of the throttle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) since: Instant,
    pub(super) calls: u64,
}

impl State {
    pub(super) fn new(world: World, knobs: Knobs) -> Self {
        // The standard library's hasher keys are the one source of randomness it offers.
        let entropy = [(); 2].map(|()| RandomState::new().build_hasher().finish());
        Self {
            chance: Chance::new(knobs.seed),
            world,
            knobs,
            starts: HashMap::new(),
            openings: HashMap::new(),
            deletions: HashMap::new(),
            last_targets: HashMap::new(),
            walks: Walks::default(),
            issued: Issued::default(),
            windows: HashMap::new(),
            journal: Vec::new(),
            past: Past::default(),
            gusts: HashMap::new(),
            entropy,
            drawn: 0,
        }
    }

    /// Brings the world up to date with the time that has passed.
    pub(super) fn settle(&mut self, now: Instant) {
        let world = &mut self.world;
        self.starts.retain(|id, start| {
            let (status, over) = start.status(now);
            let Some(host) = world.backup_hosts.get_mut(id) else { return false };
            host.backup_host_status = status;
            !over
        });
        self.openings.retain(|id, timer| {
            let over = timer.is_over(now);
            if over && let Some(host) = world.hosts.get_mut(id) {
                host.protect_status = Some("opened".to_owned());
            }
            !over
        });
        self.deletions.retain(|id, timer| {
            let over = timer.is_over(now);
            if over {
                world.backup_hosts.remove(id);
            }
            !over
        });
    }

    /// Puts another world in place. What was under way in the old one ends; logins of those who stay go on.
    pub(super) fn replace_world(&mut self, world: World) {
        self.issued.move_to(&world);
        self.starts.clear();
        self.openings.clear();
        self.deletions.clear();
        self.last_targets.clear();
        self.walks = Walks::default();
        self.past.clear();
        self.world = world;
    }

    /// Sets the knobs. Chance starts over when its seed changes.
    pub(super) fn set_knobs(&mut self, knobs: Knobs) {
        if knobs.seed != self.knobs.seed {
            self.chance = Chance::new(knobs.seed);
        }
        if knobs.seed != self.knobs.seed || knobs.storm != self.knobs.storm {
            self.gusts.clear();
        }
        if knobs.list_order != self.knobs.list_order {
            self.walks = Walks::default();
        }
        if knobs.throttle != self.knobs.throttle {
            self.windows.clear();
        }
        self.knobs = knobs;
    }

    /// 32 hex digits nobody can guess, never the same twice.
    pub(super) fn fresh_id(&mut self) -> String {
        self.drawn += 1;
        let [one, two] = self.entropy.map(u64::to_be_bytes);
        let digest = Sha256::digest([one, two, self.drawn.to_be_bytes()].concat());
        hex(&digest[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{
        moment,
        world::{FAILED, RUNNING},
    };

    #[test]
    fn a_start_goes_through_its_sequence() {
        let begin = moment::now().instant;
        let check = |sequence, result, expected: [i64; 4]| {
            let start = Start { timer: Timer::new(begin, 600), sequence, old: 7, result };
            let seen = [0, 250, 400, 600].map(|at| start.status(begin + Duration::from_millis(at)).0);
            assert_eq!(seen, expected, "{sequence:?}");
        };
        check(StartSequence::Starting, RUNNING, [2, 2, 2, 1]);
        check(StartSequence::Starting, FAILED, [2, 2, 2, -1]);
        check(StartSequence::NotStarted, RUNNING, [0, 0, 2, 1]);
        check(StartSequence::Straight, RUNNING, [1, 1, 1, 1]);
        check(StartSequence::Stuck, RUNNING, [0, 0, 0, 0]);
        check(StartSequence::Stale, 3, [7, 2, 2, 3]);
    }
}
