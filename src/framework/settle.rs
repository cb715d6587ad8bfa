//! What is stored after an operation: what was promised, nothing unknown, nothing write-only.

use super::{
    schema::{Block, Nesting, Shape},
    types::Type,
    value::Value,
};

/// The state after a successful apply.
///
/// A value that was known in the plan must come out the same, or Terraform reports a bug and taints the object, to
/// destroy it with the next apply. Where the API says something else by now (a server was renamed meanwhile, say),
/// the planned value is stored and the next refresh shows the change like any other.
pub fn settle(ty: &Type, planned: Value, result: Value) -> Value {
    match (ty, planned, result) {
        (_, Value::Unknown(_), result) => result.unknowns_nulled(),
        (Type::Object(types), Value::Map(planned), Value::Map(mut result)) => Value::Map(
            planned
                .into_iter()
                .map(|(name, planned)| {
                    let result = result.remove(&name).unwrap_or_default();
                    let value = match types.get(&name) {
                        Some(ty) => settle(ty, planned, result),
                        None => planned,
                    };
                    (name, value)
                })
                .collect(),
        ),
        (Type::Map(ty), Value::Map(planned), Value::Map(mut result)) => Value::Map(
            planned
                .into_iter()
                .map(|(key, planned)| {
                    let result = result.remove(&key).unwrap_or_default();
                    (key, settle(ty, planned, result))
                })
                .collect(),
        ),
        (Type::List(ty), Value::List(planned), Value::List(result)) if planned.len() == result.len() => {
            Value::List(planned.into_iter().zip(result).map(|(p, r)| settle(ty, p, r)).collect())
        }
        (Type::Tuple(types), Value::List(planned), Value::List(result)) if planned.len() == result.len() => {
            let pairs = planned.into_iter().zip(result);
            Value::List(types.iter().zip(pairs).map(|(ty, (p, r))| settle(ty, p, r)).collect())
        }
        // Which element became which cannot be told from here.
        (Type::Set(_), planned @ Value::List(_), result @ Value::List(_)) if !planned.is_wholly_known() => {
            result.unknowns_nulled()
        }
        (Type::Dynamic, Value::Dynamic(own, planned), Value::Dynamic(other, result)) if own == other => {
            let value = settle(&own, *planned, *result);
            Value::Dynamic(own, Box::new(value))
        }
        (_, planned, _) => planned.unknowns_nulled(),
    }
}

/// The same object without its write-only values. Core drops an object that holds one from the state, existing or not.
pub fn without_write_only(block: &Block, object: Value) -> Value {
    if block.shape().any(|rule| rule.write_only) { bare(block.shape(), object) } else { object }
}

fn bare(shape: Shape<'_>, object: Value) -> Value {
    let Value::Map(mut members) = object else { return object };
    for attribute in shape.attributes.iter().filter(|attribute| attribute.rule.write_only) {
        members.insert(attribute.name.to_owned(), Value::Null);
    }
    for inner in shape.inner() {
        let Some(value) = members.get_mut(inner.name) else { continue };
        let object = |value: &mut Value| *value = bare(inner.shape, std::mem::take(value));
        match (inner.nesting, value) {
            (Nesting::Single | Nesting::Group, value) => object(value),
            (Nesting::Map, Value::Map(members)) => members.values_mut().for_each(object),
            (_, Value::List(elements)) => elements.iter_mut().for_each(object),
            _ => {}
        }
    }
    Value::Map(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(members: &[(&str, Value)]) -> Value {
        Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn list(elements: &[Value]) -> Value {
        Value::List(elements.to_vec())
    }

    fn ty() -> Type {
        let strings = |make: fn(Box<Type>) -> Type| make(Box::new(Type::String));
        Type::Object(
            [
                ("a".to_owned(), Type::String),
                ("list".to_owned(), strings(Type::List)),
                ("set".to_owned(), strings(Type::Set)),
                ("map".to_owned(), strings(Type::Map)),
                ("any".to_owned(), Type::Dynamic),
            ]
            .into(),
        )
    }

    #[test]
    fn what_was_known_in_the_plan_comes_out_the_same_at_any_depth() {
        let planned = object(&[
            ("a", "promised".into()),
            ("list", list(&["x".into(), Value::UNKNOWN])),
            ("set", list(&[Value::UNKNOWN])),
            ("map", object(&[("k", "v".into()), ("later", Value::UNKNOWN)])),
            ("any", Value::UNKNOWN),
        ]);
        let result = object(&[
            ("a", "renamed".into()),
            ("list", list(&["y".into(), "z".into()])),
            ("set", list(&["s".into()])),
            ("map", object(&[("k", "w".into()), ("later", "l".into()), ("extra", "e".into())])),
            ("any", Value::UNKNOWN),
        ]);
        let expected = object(&[
            ("a", "promised".into()),
            ("list", list(&["x".into(), "z".into()])),
            ("set", list(&["s".into()])),
            ("map", object(&[("k", "v".into()), ("later", "l".into())])),
            ("any", Value::Null),
        ]);
        assert_eq!(settle(&ty(), planned, result), expected);
    }

    #[test]
    fn a_result_of_another_shape_does_not_break_the_promise() {
        let planned = object(&[("a", Value::Null), ("list", list(&["x".into(), Value::UNKNOWN]))]);
        let result = object(&[("a", "made up".into()), ("list", list(&[]))]);
        let expected = object(&[("a", Value::Null), ("list", list(&["x".into(), Value::Null]))]);
        assert_eq!(settle(&ty(), planned, result), expected);
    }
}
