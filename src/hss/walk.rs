//! What this process knows of the walk that Terraform makes over the graph: whether it plans or applies, what it has
//! planned itself, and what the user was told already.
//!
//! Terraform starts a process for each walk and does not say which. It plans in both: when it applies, each object is
//! planned once more just before. Only a planning walk reads objects, and only an applying one applies.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::clock::{Clock, StopSource};

/// How long a remark is held back while it is open whether this walk applies. An apply follows its plan within a few
/// milliseconds.
const HOLD: Duration = Duration::from_millis(120);

/// One walk.
#[derive(Debug, Default)]
pub struct Walk {
    reads: AtomicBool,
    applies: AtomicBool,
    applying: StopSource,
    planned: Mutex<BTreeSet<(String, String)>>,
    deaf: AtomicBool,
    slow: AtomicBool,
}

impl Walk {
    /// An object was read: this walk plans.
    pub fn reads(&self) {
        self.reads.store(true, Ordering::Relaxed);
    }

    /// Whether an object was read, so that this walk is known to plan.
    pub fn is_planning(&self) -> bool {
        self.reads.load(Ordering::Relaxed)
    }

    /// An object is applied: this walk applies.
    pub fn applies(&self) {
        if !self.applies.swap(true, Ordering::Relaxed) {
            self.applying.stop_running();
        }
    }

    /// Whether this walk is known to apply.
    pub fn is_applying(&self) -> bool {
        self.applies.load(Ordering::Relaxed)
    }

    /// Whether this walk only plans, so that a remark on a plan has not been made before. Takes a moment where that is
    /// open: in a walk that applies, some other object will be applied meanwhile.
    pub async fn only_plans(&self, clock: &dyn Clock) -> bool {
        let applying = self.applying.handle();
        if self.is_applying() {
            return false;
        }
        self.is_planning() || applying.sleep(clock, HOLD).await
    }

    /// This process has planned the backup server, so what HSS says of it now is not what will be.
    pub fn plans_backup_host(&self, region: &str, host_id: &str) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.insert((region.to_owned(), host_id.to_owned()));
    }

    /// Whether this process has planned the backup server.
    pub fn has_planned_backup_host(&self, region: &str, host_id: &str) -> bool {
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.contains(&(region.to_owned(), host_id.to_owned()))
    }

    /// HSS could not be asked for a preflight: it is not tried again, so a plan without a network is not slow.
    pub fn gives_up_preflight(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }

    /// Whether a preflight is worth trying.
    pub fn may_preflight(&self) -> bool {
        !self.deaf.load(Ordering::Relaxed)
    }

    /// True once: the user is to be told that the quota slows things down.
    pub fn first_slow_one(&self) -> bool {
        !self.slow.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test(start_paused = true)]
    async fn a_walk_that_reads_plans_and_one_that_applies_does_not_remark() {
        let walk = Walk::default();
        assert!(walk.only_plans(&SystemClock).await, "nothing was applied while it was waited for");
        assert!(!walk.is_planning(), "that is not known yet");
        walk.reads();
        assert!(walk.is_planning());
        assert!(walk.only_plans(&SystemClock).await);

        let walk = Walk::default();
        let (remarks, ()) = tokio::join!(walk.only_plans(&SystemClock), async {
            SystemClock.sleep(HOLD / 2).await;
            walk.applies();
        });
        assert!(!remarks);
        assert!(!walk.only_plans(&SystemClock).await);
    }

    #[test]
    fn some_things_are_said_once() {
        let walk = Walk::default();
        assert!(walk.first_slow_one() && !walk.first_slow_one());
    }
}
