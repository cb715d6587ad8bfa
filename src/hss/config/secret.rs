//! Secrets as values of arguments: they go from the wire into their own type, which nothing prints.

use crate::{
    auth::Secret,
    framework::{model::Typed, types::Type, value::Value},
};

impl Typed for Secret {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Secret::from(text)),
            _ => Err("The value must be a string.".to_owned()),
        }
    }

    // Arguments of the provider are never written back; the row machinery asks for it all the same.
    fn write(self) -> Value {
        Value::String(self.expose().to_owned())
    }
}
