//! Reading a paged list whole, although it may change while it is read.

use std::collections::BTreeMap;

use super::Error;

/// The largest page the service gives.
pub(super) const PAGE: u64 = 200;
/// Records beyond this cannot be asked for.
const LAST_OFFSET: u64 = 2_000_000;
/// How often a list that changes is read again before it is taken as it is.
const WALKS: u32 = 6;
/// How many walks in a row must bring nothing new before the total is held to be wrong.
const BARREN: u32 = 2;

/// One page as the service gives it.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) total: Option<u64>,
}

impl<T> Page<T> {
    /// How many pages the list has that this one is the first of, as far as it says.
    pub(super) fn pages(&self) -> u64 {
        self.total.unwrap_or_default().max(self.items.len() as u64).div_ceil(PAGE).max(1)
    }
}

/// All items, each once, sorted by id. `fetch` gives the page that starts at an offset.
///
/// The service promises no order, and an item can slip past between two pages. So a list whose total changed
/// on the way is walked again, and so is one that gave fewer different items than it counts; then the finds
/// of all walks together are the list. One that never comes to rest is all that was seen: to take an item
/// for gone that is there does more harm than the reverse.
pub(super) async fn walk<T, F>(
    mut fetch: impl FnMut(u64) -> F,
    id: impl Fn(&T) -> &str,
) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let first = fetch(0).await?;
    walk_from(first, fetch, id).await
}

/// The same, when the first page is there already.
pub(super) async fn walk_from<T, F>(
    first: Page<T>,
    mut fetch: impl FnMut(u64) -> F,
    id: impl Fn(&T) -> &str,
) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let mut first = Some(first);
    let mut restless = BTreeMap::new();
    let mut found = BTreeMap::new();
    let mut total = None;
    let mut barren = 0;
    for _ in 0..WALKS {
        let start = match first.take() {
            Some(page) => page,
            None => fetch(0).await?,
        };
        let walk = walk_once(start, &mut fetch).await?;
        let items = walk.items.into_iter().map(|item| (id(&item).to_owned(), item));
        if !walk.stable {
            restless.extend(items);
            continue;
        }
        if walk.total != total {
            // Another list than before: what it no longer holds must not survive.
            found.clear();
            (total, barren) = (walk.total, 0);
        }
        let before = found.len();
        found.extend(items);
        barren = if found.len() > before { 0 } else { barren + 1 };
        let complete = total.is_none_or(|total| found.len() as u64 >= total);
        if complete || walk.pages == 1 || barren >= BARREN {
            restless.clear();
            break;
        }
    }
    restless.extend(found);
    if total.is_some_and(|total| total > restless.len() as u64) {
        tracing::warn!(
            target: "provider.http",
            found = restless.len(),
            total,
            "a list gave fewer items than it counts"
        );
    }
    Ok(restless.into_values().collect())
}

struct Walk<T> {
    items: Vec<T>,
    pages: u32,
    total: Option<u64>,
    /// Whether the total stayed the same.
    stable: bool,
}

async fn walk_once<T, F>(first: Page<T>, fetch: &mut impl FnMut(u64) -> F) -> Result<Walk<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let mut walk = Walk { items: Vec::new(), pages: 0, total: None, stable: true };
    let mut offset = 0;
    let mut page = first;
    loop {
        let count = page.items.len() as u64;
        if walk.pages > 0 && page.total != walk.total {
            walk.stable = false;
        }
        walk.pages += 1;
        walk.total = page.total;
        walk.items.extend(page.items);
        offset += count;
        if is_last(count, offset, page.total) {
            return Ok(walk);
        }
        page = fetch(offset).await?;
    }
}

/// Whether a page of `count` items, with which a walk comes to `offset`, is the last one. Without a total, a short page is.
pub(super) fn is_last(count: u64, offset: u64, total: Option<u64>) -> bool {
    let end = total.map_or(count < PAGE, |total| offset >= total);
    count == 0 || end || offset > LAST_OFFSET
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::VecDeque};

    use super::*;

    /// Walks over given pages, `(items, total)`, and says what came out and how many pages were asked for.
    async fn check(pages: &[(std::ops::Range<u32>, Option<u64>)], expected: usize, calls: usize) {
        let queue: RefCell<VecDeque<_>> = RefCell::new(pages.iter().cloned().collect());
        let asked = RefCell::new(0);
        let found = walk(
            |_| {
                *asked.borrow_mut() += 1;
                let (items, total) = queue.borrow_mut().pop_front().expect("too many pages asked for");
                async move { Ok(Page { items: items.map(|n| format!("{n:05}")).collect(), total }) }
            },
            |item: &String| item,
        )
        .await
        .unwrap();
        assert_eq!((found.len(), *asked.borrow()), (expected, calls), "{pages:?}");
    }

    #[tokio::test]
    async fn lists_are_read_whole() {
        check(&[(0..0, Some(0))], 0, 1).await;
        check(&[(0..0, None)], 0, 1).await;
        check(&[(0..3, Some(3))], 3, 1).await;
        check(&[(0..3, None)], 3, 1).await;
        check(&[(0..200, Some(200))], 200, 1).await;
        check(&[(0..200, None), (200..230, None)], 230, 2).await;
        check(&[(0..200, Some(230)), (200..230, Some(230))], 230, 2).await;
        // A server that gives smaller pages than asked for.
        check(&[(0..50, Some(100)), (50..100, Some(100))], 100, 2).await;
    }

    #[tokio::test]
    async fn a_list_that_grows_on_the_way_is_read_again() {
        let grown = [(0..200, Some(230)), (199..230, Some(231)), (0..200, Some(231)), (200..231, Some(231))];
        check(&grown, 231, 4).await;
    }

    #[tokio::test]
    async fn what_is_gone_after_a_change_is_not_remembered() {
        let shrunk = [(0..200, Some(230)), (201..230, Some(229)), (1..200, Some(229)), (200..230, Some(229))];
        check(&shrunk, 229, 4).await;
    }

    #[tokio::test]
    async fn shuffled_pages_are_put_together() {
        let shuffled = [(0..200, Some(230)), (0..30, Some(230)), (30..230, Some(230)), (0..30, Some(230))];
        check(&shuffled, 230, 4).await;
    }

    #[tokio::test]
    async fn a_total_that_is_never_reached_ends_too() {
        let page = || (0..200, Some(500));
        let empty = || (0..0, Some(500));
        check(&[page(), empty(), page(), empty(), page(), empty()], 200, 6).await;
        check(
            &[
                (0..5, Some(9)),
                (0..0, Some(9)),
                (0..5, Some(9)),
                (0..0, Some(9)),
                (0..5, Some(9)),
                (0..0, Some(9)),
            ],
            5,
            6,
        )
        .await;
    }
}
