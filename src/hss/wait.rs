//! Waiting for HSS: look at once, then after 1, 2, 4, 8 seconds, then every 15.
//!
//! Most waits end within seconds, and the documented quota of five calls a minute and operation forbids looking
//! often for long. Waiters of one region share what lists said, so many cost no more than one: each look takes what was
//! read since about half a pause before it.

use std::time::{Duration, Instant};

use crate::client::Session;

const FIRST: [u64; 4] = [1, 2, 4, 8];
const THEN: u64 = 15;

/// Kept back from the time that is left, so that the last look has time for its answer.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Why there is no further look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The operation's time is over.
    TimedOut,
    /// The user interrupted.
    Stopped,
}

/// The pauses between the looks of one wait.
pub struct Wait<'a> {
    session: &'a Session,
    looks: usize,
    since: Instant,
}

impl<'a> Wait<'a> {
    /// A wait that has not looked yet; it ends when the operation has to.
    pub fn new(session: &'a Session) -> Self {
        Self { session, looks: 0, since: session.clock().instant() }
    }

    /// What was read from this time on is new enough for the look that is due: for the first one, since the wait began.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Ends when it is time to look again, or says why not to.
    pub async fn pause(&mut self) -> Result<(), Ended> {
        let pause = match self.session.time_left() {
            Some(left) if left <= LAST_LOOK => return Err(Ended::TimedOut),
            Some(left) => pace(self.looks).min(left - LAST_LOOK),
            None => pace(self.looks),
        };
        self.looks += 1;
        let clock = self.session.clock();
        if self.session.limits().stop.sleep(clock, pause).await {
            self.since = self.since.max(clock.instant().checked_sub(pause / 2).unwrap_or(self.since));
            Ok(())
        } else {
            Err(Ended::Stopped)
        }
    }
}

fn pace(looks: usize) -> Duration {
    Duration::from_secs(FIRST.get(looks).copied().unwrap_or(THEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_quick_at_first_and_then_within_the_quota() {
        let pauses: Vec<_> = (0..7).map(|looks| pace(looks).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
    }
}
