//! Values as Terraform knows them: known, null or not yet known, to any depth.

use std::collections::BTreeMap;

use super::{number::Number, types::Type};

/// One value. Its type is known from a schema; only [`Value::Dynamic`] carries its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    /// To be known later; what is certain already is in the refinements.
    Unknown(Refinements),
    /// A bool.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, in Terraform's normal form (NFC) when it came from there.
    String(String),
    /// Elements of a list, set or tuple. Those of a set are sorted and distinct, so that equality is structural.
    List(Vec<Value>),
    /// Elements of a map, or members of an object or a block.
    Map(BTreeMap<String, Value>),
    /// A value for a place whose type is dynamic, with the type it turned out to have.
    Dynamic(Type, Box<Value>),
}

/// What is certain of an unknown value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refinements(Option<Box<Known>>);

/// The contents of [`Refinements`], each optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// Certainly null, or certainly not.
    pub null: Option<bool>,
    /// The string begins so.
    pub prefix: Option<String>,
    /// The number is above this, or equal where the flag says so.
    pub lower: Option<(Number, bool)>,
    /// The number is below this, or equal where the flag says so.
    pub upper: Option<(Number, bool)>,
    /// The collection has at least so many elements.
    pub min_length: Option<i64>,
    /// The collection has at most so many elements.
    pub max_length: Option<i64>,
}

impl Refinements {
    /// Nothing is certain.
    pub const NONE: Self = Self(None);

    /// These things are certain.
    pub fn of(known: Known) -> Self {
        if known == Known::default() { Self::NONE } else { Self(Some(Box::new(known))) }
    }

    /// What is certain, if anything.
    pub fn known(&self) -> Option<&Known> {
        self.0.as_deref()
    }
}

impl Value {
    /// An unknown value of which nothing is certain.
    pub const UNKNOWN: Self = Self::Unknown(Refinements::NONE);

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this itself is unknown. It may be known and hold unknown parts all the same.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether no part of this is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(members) => members.values().all(Self::is_wholly_known),
            Self::Dynamic(_, inner) => inner.is_wholly_known(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
        }
    }

    /// The member `name` of an object; null where there is none.
    pub fn member(&self, name: &str) -> &Self {
        const NULL: Value = Value::Null;
        match self {
            Self::Map(members) => members.get(name).unwrap_or(&NULL),
            _ => &NULL,
        }
    }

    /// The same value with every unknown part made null, for answers that must be wholly known.
    #[must_use]
    pub fn unknowns_nulled(self) -> Self {
        match self {
            Self::Unknown(_) => Self::Null,
            Self::List(elements) => Self::List(elements.into_iter().map(Self::unknowns_nulled).collect()),
            Self::Map(members) => {
                Self::Map(members.into_iter().map(|(name, value)| (name, value.unknowns_nulled())).collect())
            }
            Self::Dynamic(ty, inner) => Self::Dynamic(ty, Box::new(inner.unknowns_nulled())),
            known => known,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}
