//! Shared work: callers that want the same thing at the same time share one run of it.
//!
//! The run is a task of its own, so a caller that gives up does not harm the others; when the last one has
//! given up, it is ended.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Instant,
};

use tokio::{sync::watch, task::AbortHandle};
use tracing::Instrument as _;

use super::{Cut, Patience, Quota, patience::LEAST_LOOK};
use crate::clock::Clock;

/// The runs that are under way, by what they are for.
#[derive(Debug)]
pub struct Flights<K, T>(Mutex<BTreeMap<K, Weak<Flight<T>>>>);

#[derive(Debug)]
struct Flight<T> {
    outcome: watch::Receiver<Option<T>>,
    ticket: Ticket,
    task: AbortHandle,
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a run knows about the callers that wait for it.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Waits for quota; they move the deadlines of all who wait.
    pub quota: Quota,
    boarding: Arc<Mutex<Boarding>>,
}

/// Who may still join a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boarding {
    /// All: it has read nothing yet.
    All,
    /// Those for whom what is read from this time on is new enough.
    Since(Instant),
    /// Nobody.
    Nobody,
}

impl Ticket {
    /// From now on newcomers get a run of their own: what this one reads may be older than their question.
    pub fn close(&self) {
        self.set(Boarding::Nobody);
    }

    /// From now on only those may join for whom it is enough that reading began at `now`.
    pub fn begin(&self, now: Instant) {
        self.set(Boarding::Since(now));
    }

    fn set(&self, boarding: Boarding) {
        *self.boarding.lock().unwrap_or_else(PoisonError::into_inner) = boarding;
    }

    fn takes(&self, since: Option<Instant>) -> bool {
        match *self.boarding.lock().unwrap_or_else(PoisonError::into_inner) {
            Boarding::All => true,
            Boarding::Since(begun) => since.is_some_and(|since| begun >= since),
            Boarding::Nobody => false,
        }
    }
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Flights(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord, T: Clone + Send + Sync + 'static> Flights<K, T> {
    /// Joins the run for `key` that still takes callers, or starts one, and waits within the caller's limits.
    pub async fn join<F>(
        &self,
        key: K,
        clock: &dyn Clock,
        patience: &Patience,
        work: impl FnOnce(Ticket) -> F,
    ) -> Result<T, Cut>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.join_since(key, None, clock, patience, work).await
    }

    /// The same for a caller to whom everything is new enough that was read from `since` on, so that a run which has
    /// begun to read may do as well.
    pub async fn join_since<F>(
        &self,
        key: K,
        since: Option<Instant>,
        clock: &dyn Clock,
        patience: &Patience,
        work: impl FnOnce(Ticket) -> F,
    ) -> Result<T, Cut>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let flight = self.board(key, since, work);
        let quota = &flight.ticket.quota;
        let before = quota.waited(clock.instant());
        let result = wait(&flight, clock, patience, before).await;
        patience.quota.add(quota.waited(clock.instant()).saturating_sub(before), quota.cause());
        result
    }

    fn board<F>(&self, key: K, since: Option<Instant>, work: impl FnOnce(Ticket) -> F) -> Arc<Flight<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key).and_then(Weak::upgrade)
            && flight.ticket.takes(since)
        {
            return flight;
        }
        let ticket = Ticket { quota: Quota::default(), boarding: Arc::new(Mutex::new(Boarding::All)) };
        let (sender, outcome) = watch::channel(None);
        let future = work(ticket.clone());
        let closing = ticket.clone();
        let run = async move {
            let result = future.await;
            // A finished run must not serve a later question.
            closing.close();
            sender.send_replace(Some(result));
        };
        // In the log its calls belong to the caller that started it.
        let task = tokio::spawn(run.in_current_span());
        let flight = Arc::new(Flight { outcome, ticket, task: task.abort_handle() });
        flights.retain(|_, flight| flight.strong_count() > 0);
        flights.insert(key, Arc::downgrade(&flight));
        flight
    }
}

async fn wait<T: Clone + Send + Sync>(
    flight: &Flight<T>,
    clock: &dyn Clock,
    patience: &Patience,
    before: std::time::Duration,
) -> Result<T, Cut> {
    let mut outcome = flight.outcome.clone();
    let arrived = async {
        let result = outcome.wait_for(Option::is_some).await.map_err(|_| Cut::Broken)?;
        (*result).clone().ok_or(Cut::Broken)
    };
    // The run's waits for quota count as this caller's, from its arrival on.
    let over = async {
        loop {
            let spared = flight.ticket.quota.waited(clock.instant()).saturating_sub(before);
            match patience.left(clock, spared) {
                None => std::future::pending().await,
                Some(left) if left.is_zero() => return,
                Some(left) => clock.sleep(left.max(LEAST_LOOK)).await,
            }
        }
    };
    tokio::select! {
        biased;
        () = patience.limits.stop.heard() => Err(Cut::Stopped),
        result = arrived => result,
        () = over => Err(Cut::Deadline),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::{
        clock::{Stop, StopSource, SystemClock},
        rest::{Cause, Limits, Rate},
    };

    const CLOCK: SystemClock = SystemClock;

    struct Counter {
        flights: Flights<u8, u32>,
        runs: AtomicU32,
        finished: Arc<AtomicU32>,
    }

    fn counter() -> Arc<Counter> {
        Arc::new(Counter { flights: Flights::default(), runs: AtomicU32::new(0), finished: Arc::default() })
    }

    impl Counter {
        async fn ask(&self, patience: Patience, closes: bool) -> Result<u32, Cut> {
            let finished = self.finished.clone();
            self.flights
                .join(1, &CLOCK, &patience, |ticket| {
                    let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
                    async move {
                        if closes {
                            ticket.close();
                        }
                        CLOCK.sleep(Duration::from_secs(10)).await;
                        finished.fetch_add(1, Ordering::SeqCst);
                        run
                    }
                })
                .await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn callers_share_a_run_until_it_closes() {
        for (closes, expected) in [(false, [1, 1]), (true, [1, 2])] {
            let counter = counter();
            let first = tokio::spawn({
                let counter = counter.clone();
                async move { counter.ask(Patience::default(), closes).await }
            });
            CLOCK.sleep(Duration::from_secs(5)).await;
            let second = counter.ask(Patience::default(), closes).await.unwrap();
            assert_eq!([first.await.unwrap().unwrap(), second], expected);
            assert_eq!(counter.ask(Patience::default(), closes).await, Ok(expected[1] + 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_callers_end_is_not_the_others() {
        let counter = counter();
        let source = StopSource::default();
        let stopped = tokio::spawn({
            let (counter, stop) = (counter.clone(), source.handle());
            async move { counter.ask(Patience::new(Limits { stop, deadline: None }), false).await }
        });
        CLOCK.sleep(Duration::from_secs(1)).await;
        let deadline = Some(CLOCK.instant() + Duration::from_secs(2));
        let late = tokio::spawn({
            let counter = counter.clone();
            async move { counter.ask(Patience::new(Limits { stop: Stop::default(), deadline }), false).await }
        });
        let patient = tokio::spawn({
            let counter = counter.clone();
            async move { counter.ask(Patience::default(), false).await }
        });
        CLOCK.sleep(Duration::from_secs(1)).await;
        source.stop_running();
        assert_eq!(stopped.await.unwrap(), Err(Cut::Stopped));
        assert_eq!(late.await.unwrap(), Err(Cut::Deadline));
        assert_eq!(patient.await.unwrap(), Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_without_callers_ends() {
        let counter = counter();
        let deadline = Some(CLOCK.instant() + Duration::from_secs(2));
        let limits = Limits { stop: Stop::default(), deadline };
        assert_eq!(counter.ask(Patience::new(limits), false).await, Err(Cut::Deadline));
        CLOCK.sleep(Duration::from_secs(60)).await;
        assert_eq!(counter.finished.load(Ordering::SeqCst), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn quota_waits_of_the_run_move_the_callers_deadline() {
        let flights = Flights::<u8, u32>::default();
        let deadline = Some(CLOCK.instant() + Duration::from_secs(2));
        let patience = Patience::new(Limits { stop: Stop::default(), deadline });
        let result = flights
            .join(1, &CLOCK, &patience, |ticket| async move {
                let rate = Rate { calls: 5, window: Duration::from_secs(60) };
                let clock: Arc<dyn Clock> = Arc::new(CLOCK);
                let _waiting = ticket.quota.wait(&clock, Cause { operation: "Op", rate });
                CLOCK.sleep(Duration::from_secs(30)).await;
                7
            })
            .await;
        assert_eq!(result, Ok(7));
        assert_eq!(patience.quota.waited(CLOCK.instant()), Duration::from_secs(30));
    }
}
