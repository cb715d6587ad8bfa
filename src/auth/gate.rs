//! A door in front of credentials that nobody has tried yet: one call goes first, the others wait for its verdict.
//!
//! The gateway locks a key after five wrong signatures. So a wrong secret must cost one refusal and not as many as
//! there are calls at the same time.

use std::sync::Arc;

use tokio::sync::watch;

use super::Error;

/// The door of one credential. Clones are the same door.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<watch::Sender<State>>);

#[derive(Debug)]
enum State {
    /// Not tried, or doubted: the next call goes alone.
    Untested,
    /// A call is on its way.
    Testing,
    /// Accepted once.
    Open,
    /// Refused. It stays so: the same credential would only be refused again.
    Closed(Error),
}

/// Held by the call that goes first. Dropped without a verdict, the next call goes first.
#[derive(Debug)]
pub(super) struct Pass(Gate);

impl Default for Gate {
    fn default() -> Self {
        Gate(Arc::new(watch::Sender::new(State::Untested)))
    }
}

impl Gate {
    /// Waits until calls may go. The one that goes first gets a pass.
    ///
    /// # Errors
    /// What the first call was told, when it was refused.
    pub(super) async fn enter(&self) -> Result<Option<Pass>, Error> {
        let mut news = self.0.subscribe();
        loop {
            let mut entry = None;
            self.0.send_if_modified(|state| {
                entry = match state {
                    State::Open => Some(Ok(false)),
                    State::Closed(why) => Some(Err(why.clone())),
                    State::Testing => None,
                    State::Untested => {
                        *state = State::Testing;
                        Some(Ok(true))
                    }
                };
                false
            });
            match entry {
                Some(Ok(first)) => return Ok(first.then(|| Pass(self.clone()))),
                Some(Err(why)) => return Err(why),
                // The sender is `self`, so there will be news.
                None => _ = news.changed().await,
            }
        }
    }

    /// Lets nobody pass any more.
    pub(super) fn close(&self, why: Error) {
        self.0.send_replace(State::Closed(why));
    }

    /// After a refusal that came late: the next call goes alone again.
    pub(super) fn doubt(&self) {
        self.0.send_if_modified(|state| {
            let open = matches!(state, State::Open);
            if open {
                *state = State::Untested;
            }
            open
        });
    }
}

impl Pass {
    /// The credential works.
    pub(super) fn accepted(self) {
        self.0.0.send_replace(State::Open);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.0.send_if_modified(|state| {
            let testing = matches!(state, State::Testing);
            if testing {
                *state = State::Untested;
            }
            testing
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Error {
        Error::NoProject { name: "stands for any error".to_owned() }
    }

    #[tokio::test]
    async fn one_goes_first_and_its_verdict_is_everybodys() {
        for good in [true, false] {
            let gate = Gate::default();
            let pass = gate.enter().await.unwrap().unwrap();
            let waiting: Vec<_> = (0..9)
                .map(|_| {
                    let gate = gate.clone();
                    tokio::spawn(async move { gate.enter().await.map(|pass| pass.is_some()) })
                })
                .collect();
            tokio::task::yield_now().await;
            assert!(waiting.iter().all(|waiter| !waiter.is_finished()));
            if good {
                pass.accepted();
            } else {
                gate.close(refused());
                drop(pass);
            }
            for waiter in waiting {
                let entered = waiter.await.unwrap();
                assert_eq!(entered.ok(), good.then_some(false));
            }
        }
    }

    #[tokio::test]
    async fn without_a_verdict_the_next_goes_first() {
        let gate = Gate::default();
        let pass = gate.enter().await.unwrap();
        let next = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await.unwrap().is_some() }
        });
        tokio::task::yield_now().await;
        drop(pass);
        assert!(next.await.unwrap());
    }

    #[tokio::test]
    async fn doubt_lets_one_go_first_again_and_opens_no_closed_gate() {
        let gate = Gate::default();
        gate.enter().await.unwrap().unwrap().accepted();
        assert!(gate.enter().await.unwrap().is_none());
        gate.doubt();
        assert!(gate.enter().await.unwrap().is_some());
        gate.close(refused());
        gate.doubt();
        assert!(gate.enter().await.is_err());
    }
}
