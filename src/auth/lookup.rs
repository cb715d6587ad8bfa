//! Answers that are kept, and the questions under way: whoever asks meanwhile waits for the same answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{Error, credential::lock};
use crate::rest::{Flights, Patience, Sender, Ticket};

/// By key. Failures are told to all who wait, and not kept.
pub(super) struct Lookup<K, T> {
    known: Arc<Mutex<BTreeMap<K, T>>>,
    flights: Flights<K, Result<T, Error>>,
}

impl<K, T> Default for Lookup<K, T> {
    fn default() -> Self {
        Lookup { known: Arc::default(), flights: Flights::default() }
    }
}

impl<K: Ord + Clone + Send + 'static, T: Clone + Send + Sync + 'static> Lookup<K, T> {
    /// The answer for `key`: a known one, that of a question under way, or what `look_up` brings.
    pub(super) async fn find<F>(
        &self,
        key: K,
        sender: &Sender,
        patience: &Patience,
        look_up: impl FnOnce(Patience) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        if let Some(known) = lock(&self.known).get(&key) {
            return Ok(known.clone());
        }
        let work = |ticket: Ticket| {
            let (known, key) = (self.known.clone(), key.clone());
            let asking = look_up(Patience { quota: ticket.quota, ..Patience::default() });
            async move {
                // It may have become known since the caller looked.
                if let Some(known) = lock(&known).get(&key) {
                    return Ok(known.clone());
                }
                let found = asking.await?;
                lock(&known).insert(key, found.clone());
                Ok(found)
            }
        };
        self.flights.join(key.clone(), &**sender.clock(), patience, work).await.map_err(Error::Cut)?
    }
}
