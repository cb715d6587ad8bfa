//! Planning: from the prior state, the configuration and Terraform's own merge of both to what will be.
//!
//! Pure functions. Terraform asks for the plan again during apply and compares, so the same arguments must give the
//! same answer. What core allows to be planned is asked in [`super::verify`].

use super::{
    path::Path,
    schema::{Attribute, Block, Kind, Nesting, Presence, Shape},
    value::Value,
};

/// The plan as far as the rows can say it: defaults, nothing write-only, and unknown where the provider will decide.
///
/// `proposed` is core's merge: configured values, and prior values where a computed attribute is not configured.
pub fn propose(block: &Block, prior: &Value, config: &Value, proposed: Value) -> Value {
    let planned = with_defaults(block.shape(), config, proposed);
    // An object that does not change otherwise keeps its computed values: no difference, nothing to apply.
    if planned == *prior { planned } else { with_unknowns(block.shape(), config, planned) }
}

/// What a configuration of `object` has to say as far as the rows can tell: nothing computed, nothing write-only, and
/// nothing that would be planned anyway.
pub fn configured(block: &Block, object: Value) -> Value {
    without_computed(block.shape(), &Value::Null, object)
}

fn without_computed(shape: Shape<'_>, _: &Value, object: Value) -> Value {
    let Value::Map(mut members) = object else { return object };
    for attribute in shape.attributes {
        let Some(value) = members.get_mut(attribute.name) else { continue };
        let rule = &attribute.rule;
        let redundant = rule.default.as_ref() == Some(value) && rule.presence != Presence::Required;
        if rule.presence == Presence::Computed || rule.write_only || redundant {
            *value = Value::Null;
        }
    }
    // Each object is its own configuration here, so that every one of them is visited.
    let config = Value::Map(members.clone());
    each_inner(shape, &config, &mut members, without_computed);
    Value::Map(members)
}

/// The attributes whose change means another object. Core itself drops those that did not change.
pub fn replacements(block: &Block, prior: &Value, planned: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    // Where one of the two is null, an object is created or destroyed and nothing is replaced.
    if let (Value::Map(_), Value::Map(_)) = (prior, planned) {
        find_replacements(block.shape(), None, prior, planned, &mut found);
    }
    found
}

/// What a plan loses to the typed models, which know only that a value is unknown: what is certain of it all the same.
/// Whoever refers to the attribute can plan better with it. Taken over wherever the configuration passes through.
pub fn with_refinements(config: &Value, planned: &mut Value) {
    match (config, planned) {
        (Value::Unknown(known), Value::Unknown(lost)) => *lost = known.clone(),
        (Value::Map(config), Value::Map(planned)) => {
            for (name, planned) in planned {
                if let Some(config) = config.get(name) {
                    with_refinements(config, planned);
                }
            }
        }
        _ => {}
    }
}

fn find_replacements(
    shape: Shape<'_>,
    at: Option<&Path>,
    prior: &Value,
    planned: &Value,
    found: &mut Vec<Path>,
) {
    let changed = |name: &str| prior.member(name) != planned.member(name);
    for attribute in shape.attributes {
        if attribute.rule.replaces && changed(attribute.name) {
            found.push(Path::member(at, attribute.name));
        }
    }
    for inner in shape.inner().filter(|inner| inner.shape.any(|rule| rule.replaces)) {
        let path = Path::member(at, inner.name);
        match (inner.nesting, prior.member(inner.name), planned.member(inner.name)) {
            (Nesting::Single | Nesting::Group, prior @ Value::Map(_), planned @ Value::Map(_)) => {
                find_replacements(inner.shape, Some(&path), prior, planned, found);
            }
            (Nesting::List, Value::List(prior), Value::List(planned)) => {
                for (index, (prior, planned)) in (0..).zip(prior.iter().zip(planned)) {
                    find_replacements(inner.shape, Some(&path.clone().index(index)), prior, planned, found);
                }
            }
            (Nesting::Map, Value::Map(prior), Value::Map(planned)) => {
                for (key, planned) in planned {
                    if let Some(prior) = prior.get(key) {
                        find_replacements(inner.shape, Some(&path.clone().key(key)), prior, planned, found);
                    }
                }
            }
            // Elements of sets have no address, so the set as a whole has to be named.
            (Nesting::Set, prior, planned) if prior != planned => found.push(path),
            _ => {}
        }
    }
}

fn is_computed(attribute: &Attribute) -> bool {
    matches!(attribute.rule.presence, Presence::Computed | Presence::OptionalComputed)
}

fn with_defaults(shape: Shape<'_>, config: &Value, object: Value) -> Value {
    let Value::Map(mut members) = object else { return object };
    for attribute in shape.attributes {
        let value = if attribute.rule.write_only {
            Value::Null
        } else if let (true, Some(default)) =
            (config.member(attribute.name).is_null(), &attribute.rule.default)
        {
            default.clone()
        } else {
            continue;
        };
        members.insert(attribute.name.to_owned(), value);
    }
    each_inner(shape, config, &mut members, with_defaults);
    Value::Map(members)
}

fn with_unknowns(shape: Shape<'_>, config: &Value, object: Value) -> Value {
    let Value::Map(mut members) = object else { return object };
    for attribute in shape.attributes.iter().filter(|attribute| is_computed(attribute)) {
        let value = members.entry(attribute.name.to_owned()).or_default();
        // Core has put the prior value where there is one.
        let kept = attribute.rule.keeps && !value.is_null();
        if attribute.rule.default.is_none() && config.member(attribute.name).is_null() && !kept {
            *value = Value::UNKNOWN;
        }
    }
    each_inner(shape, config, &mut members, with_unknowns);
    Value::Map(members)
}

/// Applies `change` to every object in nested attributes and blocks that the configuration has, beside its
/// configuration.
fn each_inner(
    shape: Shape<'_>,
    config: &Value,
    members: &mut std::collections::BTreeMap<String, Value>,
    change: fn(Shape<'_>, &Value, Value) -> Value,
) {
    for inner in shape.inner() {
        let Some(value) = members.get_mut(inner.name) else { continue };
        let object = |object: &mut Value, config: &Value| {
            *object = change(inner.shape, config, std::mem::take(object));
        };
        match (inner.nesting, config.member(inner.name), value) {
            (Nesting::Single | Nesting::Group, config @ Value::Map(_), value) => object(value, config),
            (Nesting::List, Value::List(configs), Value::List(objects)) if configs.len() == objects.len() => {
                objects.iter_mut().zip(configs).for_each(|(value, config)| object(value, config));
            }
            (Nesting::Map, Value::Map(configs), Value::Map(objects)) => {
                for (key, value) in objects {
                    if let Some(config) = configs.get(key) {
                        object(value, config);
                    }
                }
            }
            (Nesting::Set, Value::List(configs), Value::List(objects)) => {
                for value in objects.iter_mut() {
                    if let Some(config) = configs.iter().find(|config| comes_from(inner.shape, value, config))
                    {
                        object(value, config);
                    }
                }
                objects.sort();
            }
            _ => {}
        }
    }
}

/// Whether core made the proposed element of a set out of this one of the configuration: they differ at most in what
/// the provider computes.
fn comes_from(shape: Shape<'_>, proposed: &Value, config: &Value) -> bool {
    let same_inside = |inner: Shape<'_>, proposed: &[&Value], config: &[&Value]| {
        proposed.len() == config.len()
            && proposed.iter().zip(config).all(|(proposed, config)| comes_from(inner, proposed, config))
    };
    let (Value::Map(_), Value::Map(_)) = (proposed, config) else { return proposed == config };
    let plain = shape.attributes.iter().filter(|attribute| matches!(attribute.kind, Kind::Plain(_)));
    plain.into_iter().all(|attribute| {
        let configured = config.member(attribute.name);
        configured.is_null() && is_computed(attribute) || configured == proposed.member(attribute.name)
    }) && shape.inner().all(|inner| match (proposed.member(inner.name), config.member(inner.name)) {
        (_, Value::Null) => true,
        (Value::List(proposed), Value::List(config)) => {
            same_inside(inner.shape, &proposed.iter().collect::<Vec<_>>(), &config.iter().collect::<Vec<_>>())
        }
        (Value::Map(proposed), Value::Map(config)) if inner.nesting == Nesting::Map => same_inside(
            inner.shape,
            &proposed.values().collect::<Vec<_>>(),
            &config.values().collect::<Vec<_>>(),
        ),
        (proposed, config) => comes_from(inner.shape, proposed, config),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{
        schema::{NestedBlock, Rule, computed, optional, optional_computed, required},
        settle::settle,
        types::Type,
        verify::verify,
    };

    fn attribute(name: &'static str, rule: Rule) -> Attribute {
        Attribute { name, kind: Kind::Plain(Type::String), rule, description: String::new() }
    }

    fn block() -> Block {
        Block {
            attributes: vec![
                attribute("host", required().replaces()),
                attribute("mode", optional().default("on")),
                attribute("note", optional()),
                attribute("secret", optional().write_only()),
                attribute("addr", optional_computed()),
                attribute("name", computed().keeps()),
                attribute("state", computed()),
            ],
            ..Block::default()
        }
    }

    fn object(members: &[(&str, Value)]) -> Value {
        let Value::Map(mut all) = block().absent() else { unreachable!() };
        all.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Map(all)
    }

    fn stored() -> Value {
        object(&[
            ("host", "h1".into()),
            ("mode", "on".into()),
            ("addr", "1:2".into()),
            ("name", "web".into()),
            ("state", "running".into()),
        ])
    }

    #[test]
    fn a_create_plans_defaults_and_leaves_the_rest_to_apply() {
        let config = object(&[("host", "h1".into())]);
        let planned = propose(&block(), &Value::Null, &config, config.clone());
        let expected = object(&[
            ("host", "h1".into()),
            ("mode", "on".into()),
            ("addr", Value::UNKNOWN),
            ("name", Value::UNKNOWN),
            ("state", Value::UNKNOWN),
        ]);
        assert_eq!(planned, expected);
        assert_eq!(verify(&block(), &Value::Null, &config, &planned), Ok(()));
    }

    #[test]
    fn an_unchanged_object_plans_nothing() {
        let config = object(&[("host", "h1".into())]);
        assert_eq!(propose(&block(), &stored(), &config, stored()), stored());
    }

    #[test]
    fn an_update_keeps_what_cannot_change() {
        let config = object(&[("host", "h1".into()), ("note", "new".into())]);
        let proposed = {
            let Value::Map(mut all) = stored() else { unreachable!() };
            all.insert("note".to_owned(), "new".into());
            Value::Map(all)
        };
        let planned = propose(&block(), &stored(), &config, proposed);
        assert_eq!(planned.member("name"), &Value::from("web"));
        assert!(planned.member("state").is_unknown());
        assert!(planned.member("addr").is_unknown());
        assert_eq!(replacements(&block(), &stored(), &planned), []);
    }

    #[test]
    fn write_only_values_are_null_in_the_plan() {
        let config = object(&[("host", "h1".into()), ("secret", "s".into())]);
        let planned = propose(&block(), &Value::Null, &config, config.clone());
        assert_eq!(planned.member("secret"), &Value::Null);
    }

    #[test]
    fn planning_twice_gives_the_same_plan() {
        let config = object(&[("host", Value::UNKNOWN)]);
        let once = propose(&block(), &Value::Null, &config, config.clone());
        assert_eq!(once, propose(&block(), &Value::Null, &config, config.clone()));
    }

    #[test]
    fn a_changed_or_not_yet_known_key_replaces() {
        for host in [Value::from("h2"), Value::UNKNOWN] {
            let planned = object(&[("host", host)]);
            assert_eq!(replacements(&block(), &stored(), &planned), [Path::root("host")]);
        }
        assert_eq!(replacements(&block(), &Value::Null, &stored()), []);
    }

    #[test]
    fn a_plan_that_core_would_refuse_is_found_first() {
        let config = object(&[("host", "h1".into()), ("addr", "9:9".into())]);
        for (name, wrong) in [
            ("host", Value::UNKNOWN),
            ("host", "H1".into()),
            ("note", "made up".into()),
            ("secret", "kept".into()),
            ("addr", Value::UNKNOWN),
        ] {
            let planned = object(&[("host", "h1".into()), ("addr", "9:9".into()), (name, wrong)]);
            assert_eq!(verify(&block(), &Value::Null, &config, &planned), Err(Path::root(name)));
        }
    }

    #[test]
    fn a_result_keeps_what_the_plan_promised_and_has_no_unknowns() {
        let planned = object(&[("host", "h1".into()), ("name", "web".into()), ("state", Value::UNKNOWN)]);
        let result =
            object(&[("host", "h1".into()), ("name", "renamed meanwhile".into()), ("addr", Value::UNKNOWN)]);
        let settled = settle(&block().ty(), planned, result);
        assert_eq!(settled.member("name"), &Value::from("web"));
        assert!(settled.is_wholly_known());
    }

    #[test]
    fn blocks_get_their_defaults_one_by_one() {
        let outer = Block {
            blocks: vec![NestedBlock {
                name: "role",
                nesting: Nesting::List,
                block: block(),
                min_items: 0,
                max_items: 0,
            }],
            ..Block::default()
        };
        let config =
            Value::Map([("role".to_owned(), Value::List(vec![object(&[("host", "h".into())])]))].into());
        let planned = propose(&outer, &Value::Null, &config, config.clone());
        let Value::List(roles) = planned.member("role") else { unreachable!() };
        assert_eq!(roles[0].member("mode"), &Value::from("on"));
    }
}
