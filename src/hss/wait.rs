//! Waiting for HSS: at once, then after 1, 2, 4, 8 seconds, then every 15.
//!
//! Most waits end within seconds, and the documented quota of five calls a minute and operation forbids looking
//! often for long. Waiters of one region share the walks of the list, so many cost no more than one.

use std::time::Duration;

use crate::client::{Error, Session};

const FIRST: [u64; 4] = [1, 2, 4, 8];
const THEN: u64 = 15;

/// What a look found.
#[derive(Debug)]
pub enum Look<T, W> {
    /// What was waited for.
    Done(T),
    /// Not yet; what to say when time runs out.
    Pending(W),
}

/// How a wait ended.
#[derive(Debug)]
pub enum End<T, W> {
    /// What was waited for.
    Done(T),
    /// Time ran out; what the last look found.
    TimedOut(W),
    /// The user interrupted; what the last look found.
    Stopped(W),
}

/// When to look again.
#[derive(Debug, Default)]
pub struct Pace(usize);

impl Pace {
    /// The pause before the next look.
    pub fn pause(&mut self) -> Duration {
        let seconds = FIRST.get(self.0).copied().unwrap_or(THEN);
        self.0 += 1;
        Duration::from_secs(seconds)
    }
}

/// Looks until done. An error of a look ends the wait, since the client has retried already what is worth retrying.
/// The last look falls on the deadline itself, so that no time the user gave is wasted.
pub async fn until<T, W>(
    session: &Session,
    mut look: impl AsyncFnMut() -> Result<Look<T, W>, Error>,
) -> Result<End<T, W>, Error> {
    let mut pace = Pace::default();
    loop {
        let last = session.time_left().is_some_and(|left| left.is_zero());
        let pending = match look().await? {
            Look::Done(found) => return Ok(End::Done(found)),
            Look::Pending(pending) => pending,
        };
        if last {
            return Ok(End::TimedOut(pending));
        }
        let pause = pace.pause();
        let pause = session.time_left().map_or(pause, |left| pause.min(left));
        if !session.limits().stop.sleep(session.clock(), pause).await {
            return Ok(End::Stopped(pending));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_quick_at_first_and_then_within_the_quota() {
        let mut pace = Pace::default();
        let pauses: Vec<_> = std::iter::repeat_with(|| pace.pause().as_secs()).take(7).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
    }
}
