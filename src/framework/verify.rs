//! Whether core will accept a plan.
//!
//! Core would say the same in words that blame the provider without naming the reason, so it is asked first. The
//! rules are those of core's `objchange/plan_valid.go`.

use super::{
    path::Path,
    schema::{Attribute, Block, Inner, Nesting, Presence, Shape},
    value::Value,
};

/// The error names the first place that breaks the rules.
pub fn verify(block: &Block, prior: &Value, config: &Value, planned: &Value) -> Result<(), Path> {
    object(block.shape(), None, Three { prior, config, planned })
}

/// What is, what is wanted, and what is planned, at one place.
#[derive(Clone, Copy)]
struct Three<'a> {
    prior: &'a Value,
    config: &'a Value,
    planned: &'a Value,
}

impl<'a> Three<'a> {
    fn member(self, name: &str) -> Self {
        Self {
            prior: self.prior.member(name),
            config: self.config.member(name),
            planned: self.planned.member(name),
        }
    }

    /// The plan follows the configuration, or leaves a set value as it was because the two mean the same.
    fn follows(self) -> bool {
        alike(self.planned, self.config)
            || !self.prior.is_null() && !self.config.is_null() && alike(self.planned, self.prior)
    }
}

fn object(shape: Shape<'_>, at: Option<&Path>, values: Three<'_>) -> Result<(), Path> {
    for one in shape.attributes {
        attribute(one, Path::member(at, one.name), values.member(one.name))?;
    }
    for block in shape.blocks {
        blocks(block.inner(), Path::member(at, block.name), values.member(block.name))?;
    }
    Ok(())
}

fn attribute(one: &Attribute, path: Path, values: Three<'_>) -> Result<(), Path> {
    let computed = matches!(one.rule.presence, Presence::Computed | Presence::OptionalComputed);
    if one.rule.write_only {
        return if values.planned.is_null() { Ok(()) } else { Err(path) };
    }
    if computed && values.config.is_null() || values.follows() {
        return Ok(());
    }
    match one.inner() {
        Some(inner) if !values.config.is_null() && !values.config.is_unknown() => {
            elements(inner, path, values)
        }
        _ => Err(path),
    }
}

fn blocks(inner: Inner<'_>, path: Path, values: Three<'_>) -> Result<(), Path> {
    match (values.config, values.planned) {
        (Value::Unknown(_), planned) => return if planned.is_unknown() { Ok(()) } else { Err(path) },
        // Only a single block may be absent; collections of blocks are empty instead.
        (Value::Null, Value::Null) if inner.nesting == Nesting::Single => return Ok(()),
        _ => {}
    }
    let known = match values.planned {
        Value::List(elements) => elements.iter().all(|element| matches!(element, Value::Map(_))),
        Value::Map(members) if inner.nesting == Nesting::Map => {
            members.values().all(|element| matches!(element, Value::Map(_)))
        }
        _ => true,
    };
    if known { elements(inner, path, values) } else { Err(path) }
}

/// The objects of a nested attribute or of blocks, one by one.
fn elements(inner: Inner<'_>, path: Path, values: Three<'_>) -> Result<(), Path> {
    let element = |at: Path, values: Three<'_>| match (values.config, values.planned) {
        (Value::Map(_), Value::Map(_)) => object(inner.shape, Some(&at), values),
        _ if values.follows() => Ok(()),
        _ => Err(at),
    };
    match (inner.nesting, values.config, values.planned) {
        (Nesting::Single | Nesting::Group, Value::Map(_), Value::Map(_)) => element(path, values),
        (Nesting::List, Value::List(config), Value::List(planned)) if config.len() == planned.len() => {
            for (index, (config, planned)) in config.iter().zip(planned).enumerate() {
                let prior = match values.prior {
                    Value::List(prior) => prior.get(index).unwrap_or(&Value::Null),
                    _ => &Value::Null,
                };
                let at = path.clone().index(i64::try_from(index).unwrap_or(i64::MAX));
                element(at, Three { prior, config, planned })?;
            }
            Ok(())
        }
        (Nesting::Map, Value::Map(config), Value::Map(planned)) if config.keys().eq(planned.keys()) => {
            for key in planned.keys() {
                element(path.clone().key(key), values.member(key))?;
            }
            Ok(())
        }
        // Core trusts the content of sets.
        (Nesting::Set, Value::List(config), Value::List(planned)) if config.len() == planned.len() => Ok(()),
        _ => Err(path),
    }
}

/// Equality that takes one unknown value for another: what is certain of it does not matter here.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Unknown(_), Value::Unknown(_)) => true,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((key, a), (other, b))| key == other && alike(a, b))
        }
        (Value::Dynamic(ty, a), Value::Dynamic(other, b)) => ty == other && alike(a, b),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{
        schema::{Kind, NestedBlock, Rule, computed, optional},
        types::Type,
    };

    fn attribute(name: &'static str, kind: Kind, rule: Rule) -> Attribute {
        Attribute { name, kind, rule, description: String::new() }
    }

    fn part() -> Vec<Attribute> {
        let text = || Kind::Plain(Type::String);
        vec![attribute("a", text(), optional()), attribute("made", text(), computed())]
    }

    /// A block with nested attributes or nested blocks of every nesting, by name.
    fn block(as_blocks: bool) -> Block {
        let mut block = Block::default();
        for (name, nesting) in
            [("one", Nesting::Single), ("list", Nesting::List), ("set", Nesting::Set), ("map", Nesting::Map)]
        {
            if as_blocks {
                let inner = Block { attributes: part(), ..Block::default() };
                block.blocks.push(NestedBlock { name, nesting, block: inner, min_items: 0, max_items: 0 });
            } else {
                block.attributes.push(attribute(name, Kind::Nested(nesting, part()), optional()));
            }
        }
        block
    }

    fn object(members: &[(&str, Value)]) -> Value {
        Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn one(a: &str, made: Value) -> Value {
        object(&[("a", a.into()), ("made", made)])
    }

    fn all(one: Value) -> Value {
        object(&[
            ("one", one.clone()),
            ("list", Value::List(vec![one.clone()])),
            ("set", Value::List(vec![one.clone()])),
            ("map", object(&[("k", one)])),
        ])
    }

    #[test]
    fn inside_objects_the_same_rules_hold() {
        for as_blocks in [false, true] {
            let block = block(as_blocks);
            let check = |config: &Value, planned: &Value| {
                verify(&block, &Value::Null, config, planned).map_err(|path| path.to_string())
            };
            let config = all(one("x", Value::Null));
            let good = all(one("x", Value::UNKNOWN));
            assert_eq!(check(&config, &good), Ok(()));
            let with = |name: &str, value: Value| {
                let Value::Map(mut members) = good.clone() else { unreachable!() };
                members.insert(name.to_owned(), value);
                Value::Map(members)
            };
            let wrong = one("y", Value::UNKNOWN);
            let list = |elements: &[Value]| Value::List(elements.to_vec());
            for (name, planned, expected) in [
                ("one", wrong.clone(), "one.a"),
                ("one", Value::UNKNOWN, "one"),
                ("one", Value::Null, "one"),
                ("list", list(std::slice::from_ref(&wrong)), "list[0].a"),
                ("list", list(&[]), "list"),
                ("list", Value::Null, "list"),
                ("list", list(&[Value::UNKNOWN]), if as_blocks { "list" } else { "list[0]" }),
                ("set", list(&[]), "set"),
                ("set", Value::UNKNOWN, "set"),
                ("map", object(&[("k", wrong)]), "map[\"k\"].a"),
                ("map", object(&[]), "map"),
            ] {
                assert_eq!(check(&config, &with(name, planned)), Err(expected.to_owned()), "{as_blocks}");
            }
        }
    }

    #[test]
    fn unknown_blocks_stay_unknown_and_absent_ones_absent() {
        let block = block(true);
        let empty = object(&[
            ("one", Value::Null),
            ("list", Value::List(vec![])),
            ("set", Value::List(vec![])),
            ("map", object(&[])),
        ]);
        assert_eq!(verify(&block, &Value::Null, &empty, &empty), Ok(()));
        let unknown = all(Value::UNKNOWN);
        let Value::Map(mut members) = unknown else { unreachable!() };
        for value in members.values_mut() {
            *value = Value::UNKNOWN;
        }
        let unknown = Value::Map(members);
        assert_eq!(verify(&block, &Value::Null, &unknown, &unknown), Ok(()));
        assert_eq!(verify(&block, &Value::Null, &unknown, &empty), Err(Path::root("one")));
    }

    #[test]
    fn a_value_that_means_the_same_may_stay_as_it_was() {
        let text = Kind::Plain(Type::String);
        let block = Block { attributes: vec![attribute("a", text, optional())], ..Block::default() };
        let a = |value: Value| object(&[("a", value)]);
        let check = |prior: Value, config: Value, planned: Value| {
            verify(&block, &a(prior), &a(config), &a(planned)).is_ok()
        };
        assert!(check("/b".into(), "/b/".into(), "/b".into()));
        assert!(check("/b".into(), Value::UNKNOWN, "/b".into()));
        assert!(!check("/b".into(), Value::Null, "/b".into()), "the user took it away");
        assert!(!check(Value::Null, "/b/".into(), Value::Null));
        assert!(!check("/b".into(), "/c".into(), Value::UNKNOWN));
    }
}
