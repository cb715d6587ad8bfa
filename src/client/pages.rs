//! A list page by page, for somebody who passes on what is there while the rest is still to be asked for.
//!
//! A list that changes while it is read is walked again, as in [`super::page`]; what was given once is not given
//! again. What vanishes on the way may have been given.

use std::collections::BTreeSet;

use super::{
    Error, Session,
    call::Values,
    page::{self, Page},
    snapshot::Listing,
};

/// How often a list that does not come to rest is walked.
const WALKS: u32 = 12;
/// How many walks in a row must bring nothing new before the total is held to be wrong.
const BARREN: u32 = 2;

/// The pages that are still to come.
pub struct Pages<T: 'static, I: 'static> {
    session: Session,
    listing: &'static Listing<T, I>,
    query: Vec<(&'static str, String)>,
    given: BTreeSet<String>,
    walk: Walk,
    walks: u32,
    barren: u32,
}

/// The walk that is under way; as it begins, nothing is known of it.
#[derive(Default)]
struct Walk {
    offset: u64,
    pages: u64,
    total: Option<u64>,
    fresh: usize,
    restless: bool,
    over: bool,
}

impl Walk {
    /// Takes a page of so many items into account.
    fn goes_on(&mut self, items: u64, total: Option<u64>) {
        self.restless |= self.pages > 0 && total != self.total;
        self.pages += 1;
        self.total = total;
        self.offset += items;
        self.over = page::is_last(items, self.offset, total);
    }

    /// How many more items the list counts than were `given`.
    fn missing(&self, given: usize) -> u64 {
        self.total.unwrap_or_default().saturating_sub(given as u64)
    }
}

impl<T, I: serde::de::DeserializeOwned> Pages<T, I> {
    pub(super) fn new(
        session: &Session,
        listing: &'static Listing<T, I>,
        query: Vec<(&'static str, String)>,
    ) -> Self {
        let session = session.clone();
        Pages { session, listing, query, given: BTreeSet::new(), walk: Walk::default(), walks: 1, barren: 0 }
    }

    /// How many items the list counts beyond those that were given; after the last page, those that it never showed.
    pub fn missing(&self) -> u64 {
        self.walk.missing(self.given.len())
    }

    /// What the next page brings; `None` after the last one. A page may bring nothing.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, Error> {
        if self.walk.over {
            self.barren = if self.walk.fresh > 0 { 0 } else { self.barren + 1 };
            let again = self.walk.restless || self.walk.pages > 1 && self.missing() > 0;
            if !again || self.walks >= WALKS || self.barren >= BARREN {
                return Ok(None);
            }
            self.walks += 1;
            self.walk = Walk::default();
        }
        let values = Values { path: self.listing.path, query: self.query.clone(), ..Values::default() };
        let Page { items, total } =
            self.session.read_page::<I>(self.listing.operation, values, self.walk.offset).await?;
        self.walk.goes_on(items.len() as u64, total);
        let mut fresh = items;
        fresh.retain(|item| self.given.insert((self.listing.id)(item).to_owned()));
        self.walk.fresh += fresh.len();
        Ok(Some(fresh.into_iter().filter_map(self.listing.item).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{WtpHostFilter, testing::rig};
    use crate::rest::testing::Answer;

    fn page(ids: impl IntoIterator<Item = u32>, total: u32) -> Answer {
        let items: Vec<_> =
            ids.into_iter().map(|id| serde_json::json!({ "host_id": format!("h{id:04}") })).collect();
        Answer::json(&serde_json::json!({ "total_num": total, "data_list": items }))
    }

    /// How many items each page brings.
    async fn check(pages: Vec<Answer>, expected: &[usize]) {
        let calls = pages.len();
        let rig = rig(pages).await;
        let mut pages = rig.session().wtp_host_pages(&WtpHostFilter::default());
        let mut found = Vec::new();
        while let Some(items) = pages.next().await.unwrap() {
            found.push(items.len());
        }
        assert_eq!((found.as_slice(), rig.lines().len()), (expected, calls));
    }

    #[tokio::test]
    async fn each_page_is_given_before_the_next_one_is_asked_for() {
        let rig = rig(vec![page(0..200, 230), page(200..230, 230)]).await;
        let mut pages = rig.session().wtp_host_pages(&WtpHostFilter::default());
        assert_eq!(pages.next().await.unwrap().unwrap().len(), 200);
        assert_eq!(rig.lines().len(), 1);
        assert_eq!(pages.next().await.unwrap().unwrap().len(), 30);
        assert!(pages.next().await.unwrap().is_none());
        assert_eq!(rig.lines().len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_given_twice_and_nothing_missed_while_the_list_changes() {
        check(vec![page(0..0, 0)], &[0]).await;
        check(vec![page(0..3, 3)], &[3]).await;
        // One slips in at the front: the total differs, so the list is walked again.
        check(
            vec![page(1..201, 230), page(200..231, 231), page(0..200, 231), page(200..231, 231)],
            &[200, 30, 1, 0],
        )
        .await;
        // Shuffled: the first walk gives fewer different items than the list counts.
        check(
            vec![page(0..200, 230), page(0..30, 230), page(30..230, 230), page(0..30, 230)],
            &[200, 0, 30, 0],
        )
        .await;
        // A total that is never reached ends too.
        let three = (0..3).flat_map(|_| [page(0..200, 500), page(0..0, 500)]).collect();
        check(three, &[200, 0, 0, 0, 0, 0]).await;
    }
}
