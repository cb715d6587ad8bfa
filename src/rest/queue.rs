//! Queues for calls whose quota is used up: one for each operation of each address, fair, what matters most first.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{
    Cause, Cut, Patience, Rate, Throttled,
    pace::{Pace, Pass, Turn},
};
use crate::clock::Clock;

/// Who goes first when calls of one operation wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Changes something, or finishes an operation that changed something.
    Write,
    /// Only asks.
    #[default]
    Read,
}

/// All queues of an account. Operations have quotas of their own.
#[derive(Debug, Default)]
pub(super) struct Queues {
    fixed: Option<Rate>,
    queues: Mutex<BTreeMap<(String, &'static str), Arc<Queue>>>,
}

#[derive(Debug)]
pub(super) struct Queue {
    operation: &'static str,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    waiting: BTreeSet<Number>,
    next: u64,
}

/// A caller's place: by urgency, then by arrival.
type Number = (Urgency, u64);

/// One caller's place in a queue, from its first attempt to its last.
#[derive(Debug)]
pub(super) struct Place {
    queue: Arc<Queue>,
    number: Number,
}

/// An attempt that may go now; to be settled when its answer is there.
#[derive(Debug)]
pub(super) struct Admission {
    queue: Arc<Queue>,
    pass: Option<Pass>,
}

impl Queues {
    /// `fixed` is a quota that is never to be passed; without one it is learned.
    pub(super) fn new(fixed: Option<Rate>) -> Queues {
        Queues { fixed, queues: Mutex::default() }
    }

    /// A place for one call of the operation.
    pub(super) fn place(&self, address: &str, operation: &'static str, urgency: Urgency) -> Place {
        let queue = self.queue(address, operation);
        let mut state = queue.state();
        state.next += 1;
        let number = (urgency, state.next);
        drop(state);
        Place { queue, number }
    }

    /// Whether a call of the operation might have to wait for its quota now.
    pub(super) fn is_limited(&self, address: &str, operation: &'static str) -> bool {
        self.queue(address, operation).state().pace.is_limited()
    }

    fn queue(&self, address: &str, operation: &'static str) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry((address.to_owned(), operation)).or_insert_with(|| {
            let pace = Pace::new(self.fixed);
            let state = State { pace, waiting: BTreeSet::new(), next: 0 };
            Arc::new(Queue { operation, state: Mutex::new(state), changed: Notify::new() })
        });
        Arc::clone(queue)
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Ends when it is this caller's turn, or when the user wants to stop. Waiting counts as waiting for quota, so no
    /// deadline ends it.
    pub(super) async fn admission(
        &self,
        clock: &Arc<dyn Clock>,
        patience: &Patience,
    ) -> Result<Admission, Cut> {
        let mut waiting = None;
        self.queue.state().waiting.insert(self.number);
        loop {
            let changed = self.queue.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (turn, rate, ahead) = self.turn(clock);
            let pause = match turn {
                Turn::Go(pass) => {
                    return Ok(Admission { queue: Arc::clone(&self.queue), pass: Some(pass) });
                }
                Turn::In(pause) => Some(pause),
                Turn::Later => None,
            };
            let operation = self.queue.operation;
            if waiting.is_none() {
                waiting = Some(patience.quota.wait(clock, Cause { operation, rate }));
                tracing::debug!(
                    target: "provider.http",
                    operation,
                    ahead,
                    limit = rate.calls,
                    window_ms = u64::try_from(rate.window.as_millis()).unwrap_or(u64::MAX),
                    "{operation} waits for its quota"
                );
            }
            let slept = async {
                match pause {
                    Some(pause) => clock.sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = patience.limits.stop.heard() => return Err(Cut::Stopped),
                () = changed => {}
                () = slept => {}
            }
        }
    }

    fn turn(&self, clock: &Arc<dyn Clock>) -> (Turn, Rate, usize) {
        let mut state = self.queue.state();
        let rate = state.pace.rate();
        let ahead = state.waiting.range(..self.number).count();
        if ahead > 0 {
            return (Turn::Later, rate, ahead);
        }
        let turn = state.pace.turn(clock.instant());
        if let Turn::Go(_) = turn {
            state.waiting.remove(&self.number);
            drop(state);
            self.queue.changed.notify_waiters();
        }
        (turn, rate, ahead)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.queue.state().waiting.remove(&self.number) {
            self.queue.changed.notify_waiters();
        }
    }
}

impl Admission {
    /// The gateway let the call through.
    pub(super) fn passed(mut self) {
        if let Some(pass) = self.pass.take() {
            self.queue.state().pace.passed(pass);
            self.queue.changed.notify_waiters();
        }
    }

    /// The gateway refused the call for quota.
    pub(super) fn refused(mut self, said: Throttled, clock: &dyn Clock) {
        let Some(pass) = self.pass.take() else { return };
        let mut state = self.queue.state();
        let known = state.pace.is_limited();
        state.pace.refused(pass, said, clock.instant());
        let rate = state.pace.rate();
        drop(state);
        self.queue.changed.notify_waiters();
        if !known {
            let operation = self.queue.operation;
            tracing::warn!(
                target: "provider.http",
                operation,
                limit = rate.calls,
                window_ms = u64::try_from(rate.window.as_millis()).unwrap_or(u64::MAX),
                "the quota of {operation} is used up; its calls queue from now on"
            );
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.queue.state().pace.dropped(pass);
            self.queue.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        clock::{StopSource, SystemClock},
        rest::Limits,
    };

    const RATE: Rate = Rate { calls: 2, window: Duration::from_secs(10) };

    fn clock() -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    #[tokio::test(start_paused = true)]
    async fn writes_go_before_reads_and_each_in_order() {
        let queues = Queues::new(Some(RATE));
        let clock = clock();
        for _ in 0..2 {
            let place = queues.place("a", "Op", Urgency::Read);
            place.admission(&clock, &Patience::default()).await.unwrap().passed();
        }
        let order = Mutex::new(Vec::new());
        let call = async |name: &'static str, urgency| {
            let place = queues.place("a", "Op", urgency);
            place.admission(&clock, &Patience::default()).await.unwrap().passed();
            order.lock().unwrap().push(name);
        };
        tokio::join!(
            call("read 1", Urgency::Read),
            call("read 2", Urgency::Read),
            call("write 1", Urgency::Write),
            call("write 2", Urgency::Write),
        );
        assert_eq!(*order.lock().unwrap(), ["write 1", "write 2", "read 1", "read 2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn operations_and_addresses_wait_on_their_own() {
        let queues = Queues::new(Some(Rate { calls: 1, window: Duration::from_secs(10) }));
        let began = SystemClock.instant();
        for (address, operation) in [("a", "Op"), ("a", "Other"), ("b", "Op")] {
            let place = queues.place(address, operation, Urgency::Read);
            place.admission(&clock(), &Patience::default()).await.unwrap().passed();
        }
        assert_eq!(SystemClock.instant(), began);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_is_put_on_the_account_and_a_stop_ends_it() {
        let queues = Queues::new(Some(RATE));
        let clock = clock();
        let source = StopSource::default();
        let deadline = Some(clock.instant() + Duration::from_secs(1));
        let patience = Patience::new(Limits { stop: source.handle(), deadline });
        let place = queues.place("a", "Op", Urgency::Read);
        for _ in 0..3 {
            place.admission(&clock, &patience).await.unwrap().passed();
        }
        assert_eq!(patience.quota.waited(clock.instant()), RATE.window);
        assert_eq!(patience.quota.cause(), Some(Cause { operation: "Op", rate: RATE }));
        place.admission(&clock, &patience).await.unwrap().passed();
        let stopped = tokio::join!(place.admission(&clock, &patience), async { source.stop_running() }).0;
        assert_eq!(stopped.map(drop), Err(Cut::Stopped));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_holds_nobody_up() {
        let queues = Queues::new(None);
        let clock = clock();
        let first = queues.place("a", "Op", Urgency::Read);
        let said = Throttled { rate: Some(RATE), retry_after: None };
        first.admission(&clock, &Patience::default()).await.unwrap().refused(said, &*clock);
        assert!(queues.is_limited("a", "Op"));
        // The probe, whose caller goes away before there is an answer, and another one that waits in front.
        let probe = first.admission(&clock, &Patience::default()).await.unwrap();
        let second = queues.place("a", "Op", Urgency::Read);
        let third = queues.place("a", "Op", Urgency::Read);
        let patience = Patience::default();
        let third = third.admission(&clock, &patience);
        tokio::pin!(third);
        {
            let patience = Patience::default();
            let second = second.admission(&clock, &patience);
            tokio::select! { biased; _ = second => panic!(), _ = &mut third => panic!(), () = async {} => {} }
        }
        drop(second);
        drop(probe);
        third.await.unwrap().passed();
    }
}
