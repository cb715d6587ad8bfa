//! Values as JSON: stored state, and the rare message that comes as JSON instead of MessagePack.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::framework::{types::Type, value::Value};

/// JSON that is no value of the type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {ty} is required")]
pub struct Error {
    place: String,
    ty: String,
}

/// What to do with attributes that the type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// Refuse the value, as for a message.
    Refuse,
    /// Leave them out, as for state that an older schema wrote.
    Ignore,
}

/// Reads a value of type `ty`. Missing attributes are null; numbers keep all their digits.
pub fn decode(json: &Json, ty: &Type, strangers: Strangers) -> Result<Value, Error> {
    read(json, ty, strangers, &mut Vec::new())
}

fn read(json: &Json, ty: &Type, strangers: Strangers, place: &mut Vec<String>) -> Result<Value, Error> {
    let refuse = |place: &[String]| Error {
        place: if place.is_empty() { "value".to_owned() } else { place.join(".") },
        ty: ty.to_json().to_string(),
    };
    let mut inside = |step: String, json: &Json, ty: &Type| inside(json, ty, strangers, place, step);
    match (json, ty) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::String(text), Type::String) => Ok(Value::String(text.clone())),
        // Core's own reader takes numbers and bools for strings and the reverse, so that hand-edited state works.
        (Json::Number(number), Type::String) => Ok(Value::String(number.to_string())),
        (Json::Bool(flag), Type::String) => Ok(Value::String(flag.to_string())),
        (Json::Bool(flag), Type::Bool) => Ok(Value::Bool(*flag)),
        (Json::String(text), Type::Bool) if text == "true" || text == "false" => {
            Ok(Value::Bool(text == "true"))
        }
        (Json::Number(number), Type::Number) => {
            number.to_string().parse().map(Value::Number).map_err(|_| refuse(place))
        }
        (Json::String(text), Type::Number) => text.parse().map(Value::Number).map_err(|_| refuse(place)),
        (Json::Array(elements), Type::List(element) | Type::Set(element)) => {
            let mut values = elements
                .iter()
                .enumerate()
                .map(|(index, json)| inside(index.to_string(), json, element))
                .collect::<Result<Vec<_>, _>>()?;
            if matches!(ty, Type::Set(_)) {
                values.sort();
                values.dedup();
            }
            Ok(Value::List(values))
        }
        (Json::Array(elements), Type::Tuple(types)) if elements.len() == types.len() => elements
            .iter()
            .zip(types)
            .enumerate()
            .map(|(index, (json, ty))| inside(index.to_string(), json, ty))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Json::Object(members), Type::Map(element)) => members
            .iter()
            .map(|(key, json)| Ok((key.clone(), inside(key.clone(), json, element)?)))
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Json::Object(members), Type::Object(types)) => {
            if strangers == Strangers::Refuse && members.keys().any(|name| !types.contains_key(name)) {
                return Err(refuse(place));
            }
            let mut values = BTreeMap::new();
            for (name, ty) in types {
                let value = inside(name.clone(), members.get(name).unwrap_or(&Json::Null), ty)?;
                values.insert(name.clone(), value);
            }
            Ok(Value::Map(values))
        }
        (Json::Object(pair), Type::Dynamic) => {
            let Some(own) = pair.get("type").and_then(|ty| Type::from_json(ty).ok()) else {
                return Err(refuse(place));
            };
            let value = inside("value".to_owned(), pair.get("value").unwrap_or(&Json::Null), &own)?;
            Ok(Value::Dynamic(own, Box::new(value)))
        }
        _ => Err(refuse(place)),
    }
}

fn inside(
    json: &Json,
    ty: &Type,
    strangers: Strangers,
    place: &mut Vec<String>,
    step: String,
) -> Result<Value, Error> {
    place.push(step);
    let value = read(json, ty, strangers, place);
    place.pop();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Type {
        Type::Object(
            [("a".to_owned(), Type::Number), ("b".to_owned(), Type::List(Box::new(Type::Bool)))].into(),
        )
    }

    fn parsed(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_keep_their_digits_and_missing_attributes_are_null() {
        let value =
            decode(&parsed(r#"{"a":12345678901234567890.125}"#), &object(), Strangers::Refuse).unwrap();
        assert_eq!(value.member("a"), &Value::Number("12345678901234567890.125".parse().unwrap()));
        assert_eq!(value.member("b"), &Value::Null);
    }

    #[test]
    fn strangers_are_refused_in_messages_and_left_out_of_state() {
        let json = parsed(r#"{"a":1,"gone":"x"}"#);
        assert!(decode(&json, &object(), Strangers::Refuse).is_err());
        assert_eq!(decode(&json, &object(), Strangers::Ignore).unwrap().member("a"), &Value::from(1));
    }

    #[test]
    fn what_does_not_fit_is_refused_at_its_place() {
        let error = decode(&parsed(r#"{"b":[true,"maybe"]}"#), &object(), Strangers::Ignore).unwrap_err();
        assert_eq!(error.to_string(), r#"b.1: "bool" is required"#);
        let dynamic = decode(&parsed(r#"{"type":"number","value":"x"}"#), &Type::Dynamic, Strangers::Refuse);
        assert!(dynamic.is_err());
    }
}
