//! What a field of a model can hold, and how it is read from a value and written back.

use std::collections::BTreeMap;

use super::{collection::Set, model::Attr, number::Number, types::Type, value::Value};

/// What a field can hold.
pub trait Typed: Sized + Clone + Send + Sync + 'static {
    /// Its type on the wire.
    fn ty() -> Type;
    /// Reads a value that is neither null nor unknown. The error is a sentence for the user.
    fn read(value: Value) -> Result<Self, String>;
    /// The reverse.
    fn write(self) -> Value;
}

fn mismatch<T>(expected: &str) -> Result<T, String> {
    Err(format!("The value must be {expected}."))
}

impl Typed for String {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: Value) -> Result<Self, String> {
        if let Value::String(text) = value { Ok(text) } else { mismatch("a string") }
    }

    fn write(self) -> Value {
        Value::String(self)
    }
}

impl Typed for bool {
    fn ty() -> Type {
        Type::Bool
    }

    fn read(value: Value) -> Result<Self, String> {
        if let Value::Bool(flag) = value { Ok(flag) } else { mismatch("true or false") }
    }

    fn write(self) -> Value {
        Value::Bool(self)
    }
}

impl Typed for i64 {
    fn ty() -> Type {
        Type::Number
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Ok(whole),
                None => Err(format!(
                    "The value must be a whole number, and {number} is not, or is far too large. Write one of at most 18 digits."
                )),
            },
            _ => mismatch("a number"),
        }
    }

    fn write(self) -> Value {
        Value::Number(self.into())
    }
}

impl Typed for Number {
    fn ty() -> Type {
        Type::Number
    }

    fn read(value: Value) -> Result<Self, String> {
        if let Value::Number(number) = value { Ok(number) } else { mismatch("a number") }
    }

    fn write(self) -> Value {
        Value::Number(self)
    }
}

impl<T: Typed> Typed for Vec<Attr<T>> {
    fn ty() -> Type {
        Type::List(Box::new(T::ty()))
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::List(elements) => elements.into_iter().map(Attr::load).collect(),
            _ => mismatch("a list"),
        }
    }

    fn write(self) -> Value {
        Value::List(self.into_iter().map(Attr::store).collect())
    }
}

impl<T: Typed> Typed for BTreeMap<String, Attr<T>> {
    fn ty() -> Type {
        Type::Map(Box::new(T::ty()))
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Map(members) => {
                members.into_iter().map(|(key, value)| Ok((key, Attr::load(value)?))).collect()
            }
            _ => mismatch("a map"),
        }
    }

    fn write(self) -> Value {
        Value::Map(self.into_iter().map(|(key, value)| (key, value.store())).collect())
    }
}

impl<T: Typed> Typed for Set<T> {
    fn ty() -> Type {
        Type::Set(Box::new(T::ty()))
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::List(elements) => elements.into_iter().map(Attr::load).collect::<Result<_, _>>().map(Self),
            _ => mismatch("a set"),
        }
    }

    fn write(self) -> Value {
        let mut elements: Vec<_> = self.0.into_iter().map(Attr::store).collect();
        elements.sort();
        elements.dedup();
        Value::List(elements)
    }
}

/// A value of whatever type: what a dynamic attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynamic {
    /// The type it turned out to have.
    pub ty: Type,
    /// The value, neither null nor unknown itself.
    pub value: Value,
}

impl Typed for Dynamic {
    fn ty() -> Type {
        Type::Dynamic
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Dynamic(ty, value) => Ok(Self { ty, value: *value }),
            _ => mismatch("a value with its type"),
        }
    }

    fn write(self) -> Value {
        Value::Dynamic(self.ty, Box::new(self.value))
    }
}

impl<T: Typed> Attr<T> {
    pub(super) fn load(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Unknown(_) => Ok(Self::Unknown),
            known => T::read(known).map(Self::Known),
        }
    }

    pub(super) fn store(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::UNKNOWN,
            Self::Known(value) => value.write(),
        }
    }
}
