//! How long one operation may take, and what does not count.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Cut, Rate, Urgency};
use crate::clock::{Clock, Stop};

/// How often, at most, a deadline that moves is looked at.
pub(super) const LEAST_LOOK: Duration = Duration::from_millis(20);

/// What ends an operation early.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The user's wish to stop.
    pub stop: Stop,
    /// The latest end, in the clock's `instant()`. Time spent waiting for quota is added to it.
    pub deadline: Option<Instant>,
}

/// Time one operation has spent waiting for the service's quota, and what for. Clones share the same account.
#[derive(Clone, Debug, Default)]
pub struct Quota(Arc<Mutex<Account>>);

#[derive(Debug, Default)]
struct Account {
    /// Waits that are over.
    waited: Duration,
    /// How many waits go on now, and since when there has been one. Waits that overlap count once.
    open: Option<(u32, Instant)>,
    cause: Option<Cause>,
}

/// What was waited for last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The name of the operation.
    pub operation: &'static str,
    /// The quota, as the gateway named it or as it was configured; otherwise the documented one.
    pub rate: Rate,
}

/// A wait for quota that goes on; over when dropped.
#[must_use]
pub struct Waiting {
    quota: Quota,
    clock: Arc<dyn Clock>,
}

impl Quota {
    /// The sum until `now`, waits that go on included.
    pub fn waited(&self, now: Instant) -> Duration {
        let account = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        account.waited
            + account.open.map_or(Duration::ZERO, |(_, since)| now.saturating_duration_since(since))
    }

    /// What was waited for last, if anything was.
    pub fn cause(&self) -> Option<Cause> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cause.clone()
    }

    /// Begins a wait: until it is dropped the deadline moves as the time does.
    pub fn wait(&self, clock: &Arc<dyn Clock>, cause: Cause) -> Waiting {
        let mut account = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        account.cause = Some(cause);
        account.open = match account.open {
            Some((count, since)) => Some((count + 1, since)),
            None => Some((1, clock.instant())),
        };
        Waiting { quota: self.clone(), clock: Arc::clone(clock) }
    }

    /// Takes over what somebody else waited on this operation's behalf.
    pub fn add(&self, wait: Duration, cause: Option<Cause>) {
        let mut account = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        account.waited = account.waited.saturating_add(wait);
        if !wait.is_zero() && cause.is_some() {
            account.cause = cause;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut account = self.quota.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((count, since)) = account.open else { return };
        if count > 1 {
            account.open = Some((count - 1, since));
            return;
        }
        account.open = None;
        account.waited += self.clock.instant().saturating_duration_since(since);
    }
}

/// The limits of one operation together with its quota account.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    /// What ends it early.
    pub limits: Limits,
    /// What does not count.
    pub quota: Quota,
    /// Where its questions stand in the queue when quota is used up; its writes always go first.
    pub urgency: Urgency,
}

impl Patience {
    /// Patience within the limits, nothing waited yet.
    pub fn new(limits: Limits) -> Patience {
        Patience { limits, ..Patience::default() }
    }

    /// Time left, `extra` included; `None` is without end.
    pub fn left(&self, clock: &dyn Clock, extra: Duration) -> Option<Duration> {
        let deadline = self.limits.deadline?;
        let now = clock.instant();
        let spared = self.quota.waited(now).saturating_add(extra);
        let end = deadline.checked_add(spared)?;
        Some(end.saturating_duration_since(now))
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
                // While quota is waited for, nothing of it is used up.
                Some(left) => clock.sleep(left.max(LEAST_LOOK)).await,
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{StopSource, SystemClock};

    fn cause() -> Cause {
        Cause { operation: "Op", rate: Rate { calls: 5, window: Duration::from_secs(60) } }
    }

    #[tokio::test(start_paused = true)]
    async fn quota_moves_the_deadline() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let deadline = clock.instant() + Duration::from_secs(10);
        let patience = Patience::new(Limits { stop: Stop::default(), deadline: Some(deadline) });
        assert_eq!(patience.sleep(&*clock, Duration::from_secs(11)).await, Err(Cut::Deadline));
        // Waits that overlap count once.
        let waits = [patience.quota.wait(&clock, cause()), patience.quota.wait(&clock, cause())];
        let over = tokio::time::timeout(Duration::from_secs(60), patience.exhausted(&*clock)).await;
        assert!(over.is_err(), "the deadline did not move");
        assert_eq!(patience.quota.waited(clock.instant()), Duration::from_secs(60));
        drop(waits);
        assert_eq!(patience.left(&*clock, Duration::ZERO), Some(Duration::from_secs(10)));
        assert_eq!(patience.sleep(&*clock, Duration::from_secs(9)).await, Ok(()));
        assert_eq!(patience.exhausted(&*clock).await, Cut::Deadline);
        assert_eq!(patience.quota.waited(clock.instant()), Duration::from_secs(60));
        assert_eq!(patience.quota.cause(), Some(cause()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_a_sleep() {
        let source = StopSource::default();
        let patience = Patience::new(Limits { stop: source.handle(), deadline: None });
        source.stop_running();
        assert_eq!(patience.sleep(&SystemClock, Duration::from_secs(1)).await, Err(Cut::Stopped));
        assert_eq!(patience.exhausted(&SystemClock).await, Cut::Stopped);
    }
}
