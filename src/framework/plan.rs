//! Planning: from the prior state, the configuration and Terraform's own merge of both to what will be.
//!
//! Pure functions. Terraform asks for the plan again during apply and compares, so the same arguments must give the
//! same answer. The rules of core that decide what may be planned are cited where they are followed.

use super::{
    path::Path,
    schema::{Attribute, Block, Kind, Nesting, Presence},
    value::Value,
};

/// The plan as far as the rows can say it: defaults, nothing write-only, and unknown where the provider will decide.
///
/// `proposed` is core's merge: configured values, and prior values where a computed attribute is not configured.
pub fn propose(block: &Block, prior: &Value, config: &Value, proposed: Value) -> Value {
    let planned = with_defaults(block, config, proposed);
    // An object that does not change otherwise keeps its computed values: no difference, nothing to apply.
    if planned == *prior { planned } else { with_unknowns(block, prior, config, planned) }
}

/// The attributes whose change means another object. Core itself drops those that did not change.
pub fn replacements(block: &Block, prior: &Value, planned: &Value) -> Vec<Path> {
    if prior.is_null() {
        return Vec::new();
    }
    block
        .attributes
        .iter()
        .filter(|attribute| attribute.rule.replaces)
        .filter(|attribute| prior.member(attribute.name) != planned.member(attribute.name))
        .map(|attribute| Path::root(attribute.name))
        .collect()
}

/// Whether core will accept the plan; the error names the first attribute that breaks its rules.
///
/// Core would say the same in words that blame the provider without naming the reason, so this is asked first.
pub fn verify(block: &Block, prior: &Value, config: &Value, planned: &Value) -> Result<(), Path> {
    for attribute in &block.attributes {
        let configured = config.member(attribute.name);
        let planned = planned.member(attribute.name);
        let computed = matches!(attribute.rule.presence, Presence::Computed | Presence::OptionalComputed);
        let fits = if attribute.rule.write_only {
            planned.is_null()
        } else if configured.is_unknown() {
            planned.is_unknown() || planned == prior.member(attribute.name)
        } else if configured.is_null() {
            computed || planned.is_null()
        } else {
            // Nested attributes may carry computed parts; those are core's to compare.
            planned == configured
                || planned == prior.member(attribute.name)
                || matches!(attribute.kind, Kind::Nested(..))
                || !configured.is_wholly_known()
        };
        if !fits {
            return Err(Path::root(attribute.name));
        }
    }
    Ok(())
}

/// What is stored after a successful apply.
///
/// A value that was known in the plan must come out the same, or Terraform reports a bug and taints the object.
/// Where the API says something else by now about a value that only the provider sets (a server was renamed
/// meanwhile, say), the planned value is stored and the next refresh shows the change like any other.
pub fn settle(block: &Block, planned: &Value, result: Value) -> Value {
    let Value::Map(mut members) = result.unknowns_nulled() else { return Value::Null };
    for attribute in &block.attributes {
        let planned = planned.member(attribute.name);
        if attribute.rule.presence == Presence::Computed && planned.is_wholly_known() {
            members.insert(attribute.name.to_owned(), planned.clone());
        }
    }
    Value::Map(members)
}

fn with_defaults(block: &Block, config: &Value, proposed: Value) -> Value {
    let Value::Map(mut members) = proposed else { return proposed };
    attribute_defaults(&block.attributes, config, &mut members);
    for nested in &block.blocks {
        let configured = config.member(nested.name);
        let Some(value) = members.remove(nested.name) else { continue };
        let value =
            each(value, configured, &mut |object, config| with_defaults(&nested.block, config, object));
        members.insert(nested.name.to_owned(), value);
    }
    Value::Map(members)
}

fn attribute_defaults(
    attributes: &[Attribute],
    config: &Value,
    members: &mut std::collections::BTreeMap<String, Value>,
) {
    for attribute in attributes {
        let configured = config.member(attribute.name);
        if attribute.rule.write_only {
            members.insert(attribute.name.to_owned(), Value::Null);
        } else if configured.is_null() {
            if let Some(default) = &attribute.rule.default {
                members.insert(attribute.name.to_owned(), default.clone());
            }
        } else if let Kind::Nested(_, inner) = &attribute.kind {
            let Some(value) = members.remove(attribute.name) else { continue };
            let value = each(value, configured, &mut |object, config| match object {
                Value::Map(mut object) => {
                    attribute_defaults(inner, config, &mut object);
                    Value::Map(object)
                }
                other => other,
            });
            members.insert(attribute.name.to_owned(), value);
        }
    }
}

/// Applies `change` to an object, or to each object of a collection, beside its configuration. The elements of a set
/// cannot be told apart from here and are left as core proposed them, but for their count.
fn each(value: Value, config: &Value, change: &mut dyn FnMut(Value, &Value) -> Value) -> Value {
    match (value, config) {
        (Value::List(objects), Value::List(configs)) if objects.len() == configs.len() => Value::List(
            objects.into_iter().zip(configs).map(|(object, config)| change(object, config)).collect(),
        ),
        (object @ Value::Map(_), config @ Value::Map(_)) => change(object, config),
        (other, _) => other,
    }
}

fn with_unknowns(block: &Block, prior: &Value, config: &Value, planned: Value) -> Value {
    let Value::Map(mut members) = planned else { return planned };
    for attribute in &block.attributes {
        let rule = &attribute.rule;
        let decided_by_us = matches!(rule.presence, Presence::Computed | Presence::OptionalComputed)
            && rule.default.is_none()
            && config.member(attribute.name).is_null();
        let kept = rule.keeps && !prior.member(attribute.name).is_null();
        if decided_by_us && !kept {
            members.insert(attribute.name.to_owned(), Value::UNKNOWN);
        }
        if let (Kind::Nested(Nesting::Single, inner), Value::Map(_)) =
            (&attribute.kind, config.member(attribute.name))
        {
            let inner = Block { attributes: inner.clone(), ..Block::default() };
            if let Some(value) = members.remove(attribute.name) {
                let value =
                    with_unknowns(&inner, prior.member(attribute.name), config.member(attribute.name), value);
                members.insert(attribute.name.to_owned(), value);
            }
        }
    }
    Value::Map(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{
        schema::{NestedBlock, Rule, computed, optional, optional_computed, required},
        types::Type,
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
        let settled = settle(&block(), &planned, result);
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
