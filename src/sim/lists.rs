//! Paging and the shape of list items, with the ways a list may misbehave while it is walked.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    chance::Chance,
    knobs::{Knobs, ListOrder},
};

/// What list walks have seen, for lists that grow while they are paged.
#[derive(Debug, Default)]
pub(super) struct Walks(HashMap<&'static str, Walk>);

#[derive(Debug, Default)]
struct Walk {
    begun: u64,
    inserted: u64,
    due: bool,
}

/// One page of a list, and what is needed to make it.
pub(super) struct Paging<'a> {
    pub(super) list: &'static str,
    pub(super) order: ListOrder,
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) walks: &'a mut Walks,
    pub(super) chance: &'a mut Chance,
}

impl Paging<'_> {
    /// The total over all pages and the rows of this one. `extra` makes the n-th row that turns up while paging;
    /// `None` for a filtered list, which such rows do not match.
    pub(super) fn page<T: Clone>(self, mut rows: Vec<&T>, extra: Option<fn(u64) -> T>) -> (usize, Vec<T>) {
        let mut inserted = Vec::new();
        match self.order {
            ListOrder::Stable => {}
            ListOrder::Shuffled => self.chance.shuffle(&mut rows),
            ListOrder::Inserting => {
                let count = self.walks.0.entry(self.list).or_default().inserted(self.offset);
                // The newest row is the first.
                inserted = extra.map_or_else(Vec::new, |make| (1..=count).rev().map(make).collect());
            }
        }
        let total = inserted.len() + rows.len();
        let all = inserted.iter().chain(rows);
        (total, all.skip(self.offset).take(self.limit).cloned().collect())
    }
}

impl Walk {
    /// How many rows were inserted so far. A first page begins a walk; every second walk meets a new row after it,
    /// so that a client which walks again because the total changed comes to rest.
    fn inserted(&mut self, offset: usize) -> u64 {
        if offset == 0 {
            self.begun += 1;
            self.due = self.begun % 2 == 1;
        } else if std::mem::take(&mut self.due) {
            self.inserted += 1;
        }
        self.inserted
    }
}

/// The id of the n-th row that turns up while a list is paged.
pub(super) fn inserted_id(number: u64) -> String {
    format!("f0000000-0000-4000-8000-{number:012}")
}

/// Gives an answer's object its final shape. `null` stands for an absent member; those in `always` never are.
pub(super) fn dress(knobs: &Knobs, value: Value, always: &[&str]) -> Value {
    let Value::Object(members) = value else { return value };
    let mut dressed = Map::new();
    for (name, value) in members {
        let optional = !always.contains(&name.as_str());
        let blank = value.is_null() || value == json!("");
        match value {
            _ if optional && knobs.missing_fields => {}
            _ if optional && blank && knobs.null_fields => {
                dressed.insert(name, Value::Null);
            }
            Value::Null => {}
            value => {
                dressed.insert(name, value);
            }
        }
    }
    if knobs.extra_fields {
        dressed.insert("sim_extra".to_owned(), json!({"nested": [1, null, {"deep": "text"}]}));
    }
    Value::Object(dressed)
}

/// The answer of a list call.
pub(super) fn answer(knobs: &Knobs, total: usize, items: Vec<Value>) -> Value {
    dress(knobs, json!({"total_num": total, "data_list": items}), &["total_num", "data_list"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(order: ListOrder, walks: &mut Walks, rows: &[u64]) -> Vec<Vec<u64>> {
        let mut chance = Chance::new(1);
        let mut pages = Vec::new();
        let mut offset = 0;
        loop {
            let paging = Paging { list: "l", order, limit: 10, offset, walks, chance: &mut chance };
            let (total, page) = paging.page(rows.iter().collect(), Some(|number| 1000 + number));
            offset += page.len();
            pages.push(page);
            if offset >= total {
                return pages;
            }
        }
    }

    #[test]
    fn a_row_appears_during_every_second_walk() {
        let rows: Vec<u64> = (0..25).collect();
        let mut walks = Walks::default();
        let first = walk(ListOrder::Inserting, &mut walks, &rows);
        assert_eq!(first[0][9], first[1][0], "the insertion pushed one row onto the next page");
        let second = walk(ListOrder::Inserting, &mut walks, &rows).concat();
        assert_eq!(second.len(), 26);
        assert_eq!(second[0], 1001);
    }

    #[test]
    fn shuffled_pages_are_not_one_order() {
        let rows: Vec<u64> = (0..25).collect();
        let seen = walk(ListOrder::Shuffled, &mut Walks::default(), &rows).concat();
        assert_eq!(seen.len(), 25);
        assert_ne!(seen, rows);
    }

    #[test]
    fn members_are_dressed_as_the_knobs_say() {
        let check = |name: &str, expected: Value| {
            let mut knobs = Knobs::default();
            if !name.is_empty() {
                knobs.set(name, "on").unwrap();
            }
            let dressed = dress(&knobs, json!({"id": "", "a": "", "b": null, "c": 1}), &["id"]);
            assert_eq!(dressed, expected, "{name}");
        };
        check("", json!({"id": "", "a": "", "c": 1}));
        check("null_fields", json!({"id": "", "a": null, "b": null, "c": 1}));
        check("missing_fields", json!({"id": ""}));
    }
}
