//! Time and interruption, handed in wherever they are needed.
//!
//! Nothing below this module reads the real clock or sleeps by itself, so a test decides how time passes.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio_util::sync::CancellationToken;

/// A future that somebody else polls, boxed so that traits holding it stay object-safe.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, for signatures and for comparing with what servers say.
    fn now(&self) -> SystemTime;
    /// A time that never goes backwards, for deadlines.
    fn instant(&self) -> Instant;
    /// Ends after `duration`, never earlier.
    fn sleep(&self, duration: Duration) -> Pending<'static, ()>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the real clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    // tokio's instant rather than std's: it follows a paused runtime in tests.
    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that really sleeps")]
    fn sleep(&self, duration: Duration) -> Pending<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Tells running work that the user wants it to end. Cheap to clone; every clone hears the same signal.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    /// Whether the signal was given.
    pub fn is_set(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Ends when the signal is given.
    pub async fn heard(&self) {
        self.0.cancelled().await;
    }

    /// Sleeps for `duration`, or less when the signal is given: then `false`.
    pub async fn sleep(&self, clock: &dyn Clock, duration: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.0.cancelled() => false,
            () = clock.sleep(duration) => true,
        }
    }
}

/// Gives the signal to all work that is running.
#[derive(Clone, Debug, Default)]
pub struct StopSource(Arc<Mutex<CancellationToken>>);

impl StopSource {
    /// The handle for work that starts now.
    pub fn handle(&self) -> Stop {
        Stop(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Signals every handle given out so far, and spares work that starts later.
    pub fn stop_running(&self) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *current).cancel();
    }

    /// Signals every handle given out so far, and those given out from now on until [renewed](Self::renew).
    pub fn stop(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    /// Spares work that starts from now on.
    pub fn renew(&self) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_cancelled() {
            *current = CancellationToken::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_running_sleeps_and_spares_later_ones() {
        let source = StopSource::default();
        let running = source.handle();
        let waiter = tokio::spawn({
            let running = running.clone();
            async move { running.sleep(&SystemClock, Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        source.stop_running();
        assert!(!waiter.await.unwrap());
        assert!(running.is_set());
        assert!(source.handle().sleep(&SystemClock, Duration::from_secs(1)).await);
    }

    #[test]
    fn a_stop_that_stays_ends_with_its_renewal() {
        let source = StopSource::default();
        let running = source.handle();
        source.stop();
        assert!(running.is_set() && source.handle().is_set());
        source.renew();
        assert!(running.is_set() && !source.handle().is_set());
    }
}
