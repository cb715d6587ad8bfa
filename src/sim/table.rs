//! An ordered table with a look-up by id, so that lists keep the order of the world file
//! and a world of thousands of servers still answers in constant time.

use std::collections::HashMap;

/// A row that knows its own id.
pub(super) trait Keyed {
    /// The id, unique within the table.
    fn key(&self) -> &str;
}

/// Rows in the order of their arrival.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    rows: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Keyed> Table<T> {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.rows.iter()
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.places.get(key).and_then(|&at| self.rows.get(at))
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.places.get(key).and_then(|&at| self.rows.get_mut(at))
    }

    /// Replaces the row of the same id where it stands, or adds the row at the end.
    pub(super) fn put(&mut self, row: T) {
        match self.places.get(row.key()) {
            Some(&at) => self.rows[at] = row,
            None => {
                self.places.insert(row.key().to_owned(), self.rows.len());
                self.rows.push(row);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<T> {
        let at = self.places.remove(key)?;
        let row = self.rows.remove(at);
        for place in self.places.values_mut().filter(|place| **place > at) {
            *place -= 1;
        }
        Some(row)
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.rows.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Keyed for (&'static str, u8) {
        fn key(&self) -> &str {
            self.0
        }
    }

    #[test]
    fn rows_keep_their_order_and_stay_findable() {
        let mut table = Table::default();
        for row in [("a", 1), ("b", 2), ("c", 3)] {
            table.put(row);
        }
        table.put(("b", 9));
        assert_eq!(table.remove("a"), Some(("a", 1)));
        assert_eq!(table.remove("a"), None);
        assert_eq!(table.get("c"), Some(&("c", 3)));
        assert_eq!(table.iter().copied().collect::<Vec<_>>(), [("b", 9), ("c", 3)]);
    }
}
