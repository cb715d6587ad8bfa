//! What was issued while the simulator runs: tokens, temporary keys, sessions with the metadata service, and the count
//! of bad signatures. All of it ends by itself.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant, SystemTime},
};

use super::{accounts::Principal, moment::Moment, state::State, world::World};

/// No knob makes anything live longer, so that no date overflows.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

#[derive(Default)]
pub(super) struct Issued {
    pub(super) tokens: HashMap<String, Token>,
    pub(super) keys: HashMap<String, TemporaryKey>,
    /// The sessions of the metadata service and their ends.
    pub(super) sessions: HashMap<String, SystemTime>,
    /// The access key the metadata service gives out at present.
    pub(super) instance_key: Option<String>,
    /// Temporary keys of the world that were revoked.
    revoked: HashSet<String>,
    failures: HashMap<String, Failures>,
}

/// A login.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) principal: Principal,
    /// The project the token is for; `None` for a token of the account.
    pub(super) project: Option<String>,
    pub(super) expires: SystemTime,
}

/// Keys that come with a security token, and their end.
#[derive(Clone)]
pub(super) struct TemporaryKey {
    pub(super) access: String,
    pub(super) secret: String,
    pub(super) security_token: String,
    pub(super) principal: Principal,
    pub(super) issued: SystemTime,
    pub(super) expires: SystemTime,
}

/// Bad signatures of one access key in a row, and since when it is locked.
#[derive(Clone, Copy, Default)]
struct Failures {
    count: u64,
    locked: Option<Instant>,
}

impl TemporaryKey {
    pub(super) fn lifetime(&self) -> Duration {
        self.expires.duration_since(self.issued).unwrap_or_default()
    }
}

impl Issued {
    pub(super) fn is_revoked(&self, access: &str) -> bool {
        self.revoked.contains(access)
    }

    /// Ends every token, temporary key and session now. Says how many of each there were.
    pub(super) fn revoke(&mut self, world: &World, now: SystemTime) -> (usize, usize, usize) {
        let live = |expires: &&mut SystemTime| **expires > now;
        let mut ended = [0; 3];
        for expires in self.tokens.values_mut().map(|it| &mut it.expires).filter(live) {
            *expires = now;
            ended[0] += 1;
        }
        for expires in self.keys.values_mut().map(|it| &mut it.expires).filter(live) {
            *expires = now;
            ended[1] += 1;
        }
        for expires in self.sessions.values_mut().filter(live) {
            *expires = now;
            ended[2] += 1;
        }
        let given = world.access_keys.iter().filter(|key| key.security_token.is_some());
        for key in given {
            ended[1] += usize::from(self.revoked.insert(key.access.clone()));
        }
        self.instance_key = None;
        (ended[0], ended[1], ended[2])
    }

    /// Keeps what means something in another world too.
    pub(super) fn move_to(&mut self, world: &World) {
        self.tokens.retain(|_, token| world.knows(&token.principal));
        self.keys.retain(|_, key| world.knows(&key.principal));
        self.instance_key = None;
        self.revoked.clear();
        self.failures.clear();
    }
}

impl State {
    /// Issues a token and gives its value. It lives for `token_ttl_s`, and no longer than `most`.
    pub(super) fn issue_token(
        &mut self,
        principal: Principal,
        project: Option<String>,
        now: SystemTime,
        most: Option<SystemTime>,
    ) -> (String, SystemTime) {
        let ends = now + Duration::from_secs(self.knobs.token_ttl_s).min(LONGEST);
        let expires = most.map_or(ends, |most| most.min(ends));
        let value = format!("SIM-{}-{}", self.fresh_id(), self.fresh_id());
        self.issued.tokens.insert(value.clone(), Token { principal, project, expires });
        (value, expires)
    }

    /// Issues keys that live for the seconds asked for, unless `keys_ttl_s` says otherwise.
    pub(super) fn issue_keys(&mut self, principal: Principal, now: SystemTime, seconds: u64) -> TemporaryKey {
        let lifetime = Duration::from_secs(self.knobs.keys_ttl_s.unwrap_or(seconds)).min(LONGEST);
        let [one, two, three, four] = [(); 4].map(|()| self.fresh_id());
        let key = TemporaryKey {
            access: format!("HST{}", one[..17].to_ascii_uppercase()),
            secret: format!("{}{}", two, &one[17..25]),
            // Real ones are base64, whose last characters a careless client would escape.
            security_token: format!("sim/{three}+{four}=="),
            principal,
            issued: now,
            expires: now + lifetime,
        };
        self.issued.keys.insert(key.access.clone(), key.clone());
        key
    }

    /// Whether bad signatures have locked this access key. A lock ends after `lock_s`, and the count starts over.
    pub(super) fn is_locked(&mut self, access: &str, now: Moment) -> bool {
        let Some(failures) = self.issued.failures.get(access) else { return false };
        let Some(since) = failures.locked else { return false };
        let over = now.instant.saturating_duration_since(since).as_secs() >= self.knobs.lock_s;
        if over {
            self.issued.failures.remove(access);
        }
        !over
    }

    /// Counts a bad signature; the one that makes it `lock_after` in a row locks the key.
    pub(super) fn count_failure(&mut self, access: &str, now: Moment) {
        let failures = self.issued.failures.entry(access.to_owned()).or_default();
        failures.count += 1;
        if self.knobs.lock_after > 0 && failures.count >= self.knobs.lock_after {
            failures.locked = Some(now.instant);
        }
    }

    pub(super) fn forget_failures(&mut self, access: &str) {
        self.issued.failures.remove(access);
    }
}
