//! Types of Terraform values, and the JSON notation in which the protocol writes them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `string`
    String,
    /// `number`
    Number,
    /// `bool`
    Bool,
    /// Decided by each value for itself.
    Dynamic,
    /// `list(T)`
    List(Box<Type>),
    /// `set(T)`
    Set(Box<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `object({...})`
    Object(BTreeMap<String, Type>),
    /// `tuple([...])`
    Tuple(Vec<Type>),
}

/// A text that is no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a type: {0}")]
pub struct NotAType(String);

impl Type {
    /// Whether any part of it is dynamic.
    pub fn holds_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::String | Self::Number | Self::Bool => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.holds_dynamic(),
            Self::Object(members) => members.values().any(Self::holds_dynamic),
            Self::Tuple(members) => members.iter().any(Self::holds_dynamic),
        }
    }

    /// The notation of the protocol, for instance `["map","string"]`.
    pub fn to_json(&self) -> Json {
        match self {
            Self::String => json!("string"),
            Self::Number => json!("number"),
            Self::Bool => json!("bool"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Object(members) => {
                let members: serde_json::Map<_, _> =
                    members.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
                json!(["object", members])
            }
            Self::Tuple(members) => json!(["tuple", members.iter().map(Self::to_json).collect::<Vec<_>>()]),
        }
    }

    /// Reads the notation of the protocol. Nesting is bounded by the JSON reader.
    pub fn from_json(json: &Json) -> Result<Self, NotAType> {
        let refuse = || NotAType(json.to_string().chars().take(80).collect());
        match json {
            Json::String(name) => match name.as_str() {
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(refuse()),
            },
            Json::Array(parts) => {
                let (Some(Json::String(kind)), Some(inner)) = (parts.first(), parts.get(1)) else {
                    return Err(refuse());
                };
                match (kind.as_str(), inner) {
                    ("list", element) => Ok(Self::List(Box::new(Self::from_json(element)?))),
                    ("set", element) => Ok(Self::Set(Box::new(Self::from_json(element)?))),
                    ("map", element) => Ok(Self::Map(Box::new(Self::from_json(element)?))),
                    ("object", Json::Object(members)) => members
                        .iter()
                        .map(|(name, ty)| Ok((name.clone(), Self::from_json(ty)?)))
                        .collect::<Result<_, _>>()
                        .map(Self::Object),
                    ("tuple", Json::Array(members)) => {
                        members.iter().map(Self::from_json).collect::<Result<_, _>>().map(Self::Tuple)
                    }
                    _ => Err(refuse()),
                }
            }
            _ => Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_round_trips() {
        for text in [
            r#""string""#,
            r#""dynamic""#,
            r#"["list","number"]"#,
            r#"["set",["map","bool"]]"#,
            r#"["object",{"a":"string","b":["list","dynamic"]}]"#,
            r#"["tuple",["string",["object",{}]]]"#,
        ] {
            let json: Json = serde_json::from_str(text).unwrap();
            assert_eq!(Type::from_json(&json).unwrap().to_json().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [r#""text""#, "1", "[]", r#"["list"]"#, r#"["object",[]]"#, r#"["tuple",{}]"#] {
            assert!(Type::from_json(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
        }
    }
}
