//! From messages to the framework's terms.

use super::{
    json::{self, Strangers},
    msgpack,
    wire::{DynamicValue, RawState},
};
use crate::framework::{
    diag::{Diagnostic, Outcome},
    types::Type,
    value::Value,
};

/// A value of type `ty`. A message that is absent or empty is null of that type.
pub fn value(message: Option<&DynamicValue>, ty: &Type) -> Outcome<Value> {
    let Some(message) = message else { return Ok(Value::Null) };
    let read = if !message.msgpack.is_empty() {
        msgpack::decode(&message.msgpack, ty).map_err(|error| error.to_string())
    } else if !message.json.is_empty() {
        serde_json::from_slice(&message.json)
            .map_err(|error| error.to_string())
            .and_then(|json| json::decode(&json, ty, Strangers::Refuse).map_err(|error| error.to_string()))
    } else {
        Ok(Value::Null)
    };
    read.map_err(|error| {
        Diagnostic::our_bug(format!("A value from Terraform could not be read: {error}.")).into()
    })
}

/// Stored state as JSON, not yet of any type.
pub fn state(message: Option<&RawState>) -> Outcome<serde_json::Value> {
    let unreadable = |detail: &str| Diagnostic::error("The stored state could not be read", detail).into();
    let Some(message) = message else { return Err(unreadable("Terraform sent no state to upgrade.")) };
    if message.json.is_empty() {
        return Err(unreadable(
            "It was written by Terraform 0.11 or older, when this provider did not exist. Remove the object from the state and import it again.",
        ));
    }
    serde_json::from_slice(&message.json).map_err(|error| {
        unreadable(&format!(
            "It is not JSON ({error}). The state file may be damaged; restore a backup of it."
        ))
    })
}
