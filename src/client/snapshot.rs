//! What a list said, kept for a while and shared by all who may take it.
//!
//! The quota forbids a call for each server, so callers share walks of whole lists. Each caller says from when on
//! reading must have begun for it. A write of this process moves that time for everybody: nothing older is given out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Error, Session,
    hss::WalkKey,
    operation::Operation,
    page::{self, Page},
};
use crate::rest::{Flights, Patience};

/// How long a snapshot is good for those who need no newer one, counted from the end of its walk.
///
/// A plan is a snapshot itself, and under the documented quota the walk of a large list takes minutes.
const MAX_AGE: Duration = Duration::from_secs(300);

/// A list as it was.
#[derive(Debug)]
pub(super) struct Snapshot<T> {
    /// Sorted by id.
    pub(super) items: Arc<[T]>,
    /// When its first page was asked for.
    pub(super) begun: Instant,
    ended: Instant,
    /// How many pages it has.
    pub(super) pages: u64,
}

/// How a walk ended.
pub(super) enum Walked<T> {
    /// With the whole list.
    Whole(Arc<Snapshot<T>>),
    /// After its first page, since it has so many.
    TooLong(u64),
}

impl<T> Clone for Walked<T> {
    fn clone(&self) -> Self {
        match self {
            Walked::Whole(snapshot) => Walked::Whole(Arc::clone(snapshot)),
            Walked::TooLong(pages) => Walked::TooLong(*pages),
        }
    }
}

/// The snapshots of one kind of list.
pub(super) struct Snapshots<T> {
    /// By what is walked, and whether long lists are left alone.
    flights: Flights<(WalkKey, bool), Result<Walked<T>, Error>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    latest: BTreeMap<WalkKey, Arc<Snapshot<T>>>,
    /// By region: what was read before may miss a write of ours.
    not_before: BTreeMap<String, Instant>,
}

impl<T> Default for Snapshots<T> {
    fn default() -> Self {
        let state = State { latest: BTreeMap::new(), not_before: BTreeMap::new() };
        Snapshots { flights: Flights::default(), state: Mutex::new(state) }
    }
}

/// How to read one kind of list.
pub(super) struct Listing<T, I> {
    pub(super) operation: &'static Operation,
    /// The path after the project.
    pub(super) path: &'static [&'static str],
    /// The id of an item as it is written.
    pub(super) id: fn(&I) -> &str,
    /// What it means; none for an item that nobody can speak of.
    pub(super) item: fn(I) -> Option<T>,
}

impl<T: Send + Sync + 'static> Snapshots<T> {
    /// The list in the session's place as it was at some time from `since` on; without, as it was lately. A list of
    /// more than `most_pages` is left alone.
    pub(super) async fn get<I>(
        &self,
        session: &Session,
        listing: &'static Listing<T, I>,
        since: Option<Instant>,
        most_pages: Option<u64>,
    ) -> Result<Walked<T>, Error>
    where
        I: serde::de::DeserializeOwned + Send + 'static,
    {
        let (key, since) = self.asked(session, since);
        if let Some(latest) = self.latest(session, &key, since) {
            return Ok(Walked::Whole(latest));
        }
        // A walk that is under way is never too old for those who need no newer one.
        let since = since.or(Some(session.hss.born()));
        let name = listing.operation.name;
        let walked = self
            .flights
            .join_since(
                (key.clone(), most_pages.is_some()),
                since,
                session.clock(),
                &session.patience,
                |ticket| {
                    let patience = Patience {
                        quota: ticket.quota.clone(),
                        urgency: session.patience.urgency,
                        ..Patience::default()
                    };
                    let session = session.detached(patience);
                    async move {
                        session.prepare(listing.operation).await?;
                        // Whoever asks in this very moment comes along.
                        tokio::task::yield_now().await;
                        let begun = session.clock().instant();
                        ticket.begin(begun);
                        walk(&session, listing, begun, most_pages).await
                    }
                },
            )
            .await
            .map_err(|cut| Error::from_cut(cut, name))?
            .map_err(|error| session.hss.once(error))?;
        if let Walked::Whole(snapshot) = &walked {
            let mut state = self.state();
            let latest = state.latest.entry(key).or_insert_with(|| Arc::clone(snapshot));
            if latest.begun < snapshot.begun {
                *latest = Arc::clone(snapshot);
            }
        }
        Ok(walked)
    }

    /// The same without any call, if there is one.
    pub(super) fn at_hand(&self, session: &Session, since: Option<Instant>) -> Option<Arc<Snapshot<T>>> {
        let (key, since) = self.asked(session, since);
        self.latest(session, &key, since)
    }

    /// The newest that is known of an item of a region, without any call.
    pub(super) fn item_at_hand(&self, region: &str, find: impl Fn(&[T]) -> Option<&T>) -> Option<T>
    where
        T: Clone,
    {
        let state = self.state();
        let own = state.latest.iter().filter(|((of, _), _)| of == region);
        let newest = own.filter_map(|(_, list)| Some((list.begun, find(&list.items)?)));
        newest.max_by_key(|(begun, _)| *begun).map(|(_, item)| item.clone())
    }

    /// What a session asks for, and from when on it is new enough, writes of ours considered.
    fn asked(&self, session: &Session, since: Option<Instant>) -> (WalkKey, Option<Instant>) {
        let key: WalkKey = (session.region.clone(), session.read_scope().to_owned());
        let since = since.max(self.state().not_before.get(&key.0).copied());
        (key, since)
    }

    fn latest(&self, session: &Session, key: &WalkKey, since: Option<Instant>) -> Option<Arc<Snapshot<T>>> {
        let now = session.clock().instant();
        let good = |snapshot: &&Arc<Snapshot<T>>| {
            now < snapshot.ended + MAX_AGE && since.is_none_or(|since| snapshot.begun >= since)
        };
        self.state().latest.get(key).filter(good).map(Arc::clone)
    }

    /// A write of ours ended: what was read before it may miss it.
    pub(super) fn outdate(&self, session: &Session) {
        self.state().not_before.insert(session.region.clone(), session.clock().instant());
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn walk<T, I: serde::de::DeserializeOwned>(
    session: &Session,
    listing: &Listing<T, I>,
    begun: Instant,
    most_pages: Option<u64>,
) -> Result<Walked<T>, Error> {
    let fetch = |offset| {
        let values = super::call::Values { path: listing.path, ..Default::default() };
        session.read_page::<I>(listing.operation, values, offset)
    };
    let first: Page<I> = fetch(0).await?;
    let pages = first.pages();
    if most_pages.is_some_and(|most| pages > most) {
        return Ok(Walked::TooLong(pages));
    }
    let items = page::walk_from(first, fetch, listing.id).await?;
    let items: Arc<[T]> = items.into_iter().filter_map(listing.item).collect();
    Ok(Walked::Whole(Arc::new(Snapshot { items, begun, ended: session.clock().instant(), pages })))
}
