//! How long one operation may take, and what does not count.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::Cut;
use crate::clock::{Clock, Stop};

/// What ends an operation early.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The user's wish to stop.
    pub stop: Stop,
    /// The latest end, in the clock's `instant()`. Time spent waiting for quota is added to it.
    pub deadline: Option<Instant>,
}

/// Time one operation has spent waiting for the service's quota. Clones share the same sum.
#[derive(Clone, Debug, Default)]
pub struct Quota(Arc<Mutex<Duration>>);

impl Quota {
    /// The sum so far, a wait that has just begun included.
    pub fn waited(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a wait, before it begins: whoever computes a deadline meanwhile sees it.
    pub fn add(&self, wait: Duration) {
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *sum = sum.saturating_add(wait);
    }
}

/// The limits of one operation together with its quota account.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    /// What ends it early.
    pub limits: Limits,
    /// What does not count.
    pub quota: Quota,
}

impl Patience {
    /// Patience within the limits, nothing waited yet.
    pub fn new(limits: Limits) -> Patience {
        Patience { limits, quota: Quota::default() }
    }

    /// Time left, `extra` included; `None` is without end.
    pub fn left(&self, clock: &dyn Clock, extra: Duration) -> Option<Duration> {
        let deadline = self.limits.deadline?;
        let spared = self.quota.waited().saturating_add(extra);
        let end = deadline.checked_add(spared)?;
        Some(end.saturating_duration_since(clock.instant()))
    }

    /// Ends when the operation has to: never, unless there is a stop or a deadline.
    pub async fn exhausted(&self, clock: &dyn Clock) -> Cut {
        tokio::select! {
            biased;
            () = self.limits.stop.heard() => Cut::Stopped,
            () = self.run_out(clock) => Cut::Deadline,
        }
    }

    /// Ends with the deadline; asks again after each sleep, as quota waits move it.
    async fn run_out(&self, clock: &dyn Clock) {
        loop {
            match self.left(clock, Duration::ZERO) {
                None => std::future::pending().await,
                Some(left) if left.is_zero() => return,
                Some(left) => clock.sleep(left).await,
            }
        }
    }

    /// Sleeps, or says why not. A wait that would pass the deadline is not begun.
    pub async fn sleep(&self, clock: &dyn Clock, wait: Duration) -> Result<(), Cut> {
        if self.left(clock, Duration::ZERO).is_some_and(|left| left <= wait) {
            return Err(Cut::Deadline);
        }
        if self.limits.stop.sleep(clock, wait).await { Ok(()) } else { Err(Cut::Stopped) }
    }

    /// Sleeps for quota: the wait is put on the account, so the deadline moves with it.
    pub async fn sleep_for_quota(&self, clock: &dyn Clock, wait: Duration) -> Result<(), Cut> {
        self.quota.add(wait);
        if self.limits.stop.sleep(clock, wait).await { Ok(()) } else { Err(Cut::Stopped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{StopSource, SystemClock};

    #[tokio::test(start_paused = true)]
    async fn quota_moves_the_deadline() {
        let clock = SystemClock;
        let deadline = clock.instant() + Duration::from_secs(10);
        let patience = Patience::new(Limits { stop: Stop::default(), deadline: Some(deadline) });
        assert_eq!(patience.sleep(&clock, Duration::from_secs(11)).await, Err(Cut::Deadline));
        assert_eq!(patience.sleep_for_quota(&clock, Duration::from_secs(60)).await, Ok(()));
        assert_eq!(patience.left(&clock, Duration::ZERO), Some(Duration::from_secs(10)));
        assert_eq!(patience.sleep(&clock, Duration::from_secs(9)).await, Ok(()));
        assert_eq!(patience.exhausted(&clock).await, Cut::Deadline);
        assert_eq!(patience.quota.waited(), Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_both_kinds_of_sleep() {
        let source = StopSource::default();
        let patience = Patience::new(Limits { stop: source.handle(), deadline: None });
        source.stop_running();
        assert_eq!(patience.sleep(&SystemClock, Duration::from_secs(1)).await, Err(Cut::Stopped));
        assert_eq!(patience.sleep_for_quota(&SystemClock, Duration::from_secs(1)).await, Err(Cut::Stopped));
        assert_eq!(patience.exhausted(&SystemClock).await, Cut::Stopped);
    }
}
