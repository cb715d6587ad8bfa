//! How a model holds several objects of one kind: in a list, a set or a map.

use std::collections::BTreeMap;

use super::{
    diag::Diagnostics,
    model::{Attr, Schema},
    path::Path,
    schema::Nesting,
    value::Value,
};

/// Elements of a set, in any order. Equal ones become one when they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set<T>(pub Vec<Attr<T>>);

/// A collection of objects, each with rows of its own: of a nested attribute, or of blocks.
pub trait Held: Sized + Clone + Send + Sync + 'static {
    /// What it holds.
    type Object: Clone + Default + Send + Sync + 'static;
    /// Which kind of collection this is.
    const NESTING: Nesting;

    /// The collection with nothing in it.
    fn nothing() -> Value {
        Value::List(Vec::new())
    }
    /// Reads a value that is neither null nor unknown. What does not fit is said and left out.
    fn load(value: Value, rows: &Schema<Self::Object>, at: &Path, diagnostics: &mut Diagnostics) -> Self;
    /// The reverse.
    fn store(self, rows: &Schema<Self::Object>) -> Value;
}

impl<N: Clone + Default + Send + Sync + 'static> Held for Vec<Attr<N>> {
    type Object = N;
    const NESTING: Nesting = Nesting::List;

    fn load(value: Value, rows: &Schema<N>, at: &Path, diagnostics: &mut Diagnostics) -> Self {
        let Value::List(elements) = value else { return Self::new() };
        (0..)
            .zip(elements)
            .map(|(index, element)| rows.load_one(element, &at.clone().index(index), diagnostics))
            .collect()
    }

    fn store(self, rows: &Schema<N>) -> Value {
        Value::List(self.into_iter().map(|element| rows.store_one(element)).collect())
    }
}

impl<N: Clone + Default + Send + Sync + 'static> Held for Set<N> {
    type Object = N;
    const NESTING: Nesting = Nesting::Set;

    fn load(value: Value, rows: &Schema<N>, at: &Path, diagnostics: &mut Diagnostics) -> Self {
        let Value::List(elements) = value else { return Self(Vec::new()) };
        let mut inside = Diagnostics::default();
        let all = elements.into_iter().map(|element| rows.load_one(element, at, &mut inside)).collect();
        // An element of a set has no address: the set itself is to blame.
        diagnostics.extend(inside.into_iter().map(|diagnostic| diagnostic.at(at.clone())));
        Self(all)
    }

    fn store(self, rows: &Schema<N>) -> Value {
        let mut elements: Vec<_> = self.0.into_iter().map(|element| rows.store_one(element)).collect();
        elements.sort();
        elements.dedup();
        Value::List(elements)
    }
}

impl<N: Clone + Default + Send + Sync + 'static> Held for BTreeMap<String, Attr<N>> {
    type Object = N;
    const NESTING: Nesting = Nesting::Map;

    fn nothing() -> Value {
        Value::Map(BTreeMap::new())
    }

    fn load(value: Value, rows: &Schema<N>, at: &Path, diagnostics: &mut Diagnostics) -> Self {
        let Value::Map(members) = value else { return Self::new() };
        members
            .into_iter()
            .map(|(key, element)| {
                let at = at.clone().key(&key);
                (key, rows.load_one(element, &at, diagnostics))
            })
            .collect()
    }

    fn store(self, rows: &Schema<N>) -> Value {
        Value::Map(self.into_iter().map(|(key, element)| (key, rows.store_one(element))).collect())
    }
}
