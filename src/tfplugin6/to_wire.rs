//! From the framework's terms to messages.

use prost::bytes::Bytes;

use super::{
    msgpack,
    wire::{self, attribute_path, diagnostic, schema},
};
use crate::framework::{
    diag::{Diagnostic, Diagnostics, Outcome, Severity},
    identity::Identity,
    path::{Path, Step},
    schema::{Attribute, Block, Described, Kind, NestedBlock, Nesting, Presence},
    types::Type,
    value::Value,
};

/// A value of type `ty`.
pub fn value(value: &Value, ty: &Type) -> Outcome<wire::DynamicValue> {
    match msgpack::encode(value, ty) {
        Ok(bytes) => Ok(wire::DynamicValue { msgpack: Bytes::from(bytes), json: Bytes::new() }),
        Err(error) => Err(Diagnostic::our_bug(format!("An answer could not be written: {error}.")).into()),
    }
}

/// The state after an operation, as far as it can be written. What cannot is left out and said: an answer without any
/// state would forget an object that exists.
pub fn state(state: &Value, ty: &Type) -> (wire::DynamicValue, Diagnostics) {
    match value(state, ty) {
        Ok(written) => (written, Diagnostics::default()),
        Err(errors) => {
            let rest = value(&writable(state, ty), ty).unwrap_or_default();
            (rest, errors)
        }
    }
}

/// The object without the attributes that are not of their type.
fn writable(state: &Value, ty: &Type) -> Value {
    match (state, ty) {
        (Value::Map(members), Type::Object(types)) => {
            let good = members.iter().filter(|(name, value)| {
                types.get(*name).is_some_and(|ty| msgpack::encode(value, ty).is_ok())
            });
            Value::Map(good.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        _ => Value::Null,
    }
}

/// Messages to the user.
pub fn diagnostics(all: Diagnostics) -> Vec<wire::Diagnostic> {
    all.into_iter().map(diagnostic).collect()
}

fn diagnostic(one: Diagnostic) -> wire::Diagnostic {
    let severity = match one.severity {
        Severity::Error => diagnostic::Severity::Error,
        Severity::Warning => diagnostic::Severity::Warning,
    };
    wire::Diagnostic {
        severity: severity.into(),
        summary: one.summary,
        detail: one.detail,
        attribute: one.path.as_ref().map(path),
    }
}

/// A path. It has a step at least, as the protocol demands.
pub fn path(path: &Path) -> wire::AttributePath {
    let steps = path.steps().map(|step| {
        let selector = match step {
            Step::Attribute(name) => attribute_path::step::Selector::AttributeName(name.into_owned()),
            Step::Key(key) => attribute_path::step::Selector::ElementKeyString(key),
            Step::Index(index) => attribute_path::step::Selector::ElementKeyInt(index),
        };
        attribute_path::Step { selector: Some(selector) }
    });
    wire::AttributePath { steps: steps.collect() }
}

/// A schema with its version.
pub fn described(described: &Described) -> wire::Schema {
    wire::Schema { version: described.version, block: Some(block(&described.block)) }
}

/// The schema of a resource's identity, whose attributes have the types they have in `block`.
pub fn identity(identity: &Identity, block: &Block) -> wire::ResourceIdentitySchema {
    let types = match identity.ty(block) {
        Type::Object(types) => types,
        _ => Default::default(),
    };
    let attributes = identity.attributes.iter().map(|own| {
        let ty = types.get(own.name).unwrap_or(&Type::String);
        wire::resource_identity_schema::IdentityAttribute {
            name: own.name.to_owned(),
            r#type: ty.to_json().to_string().into_bytes(),
            required_for_import: own.required,
            optional_for_import: !own.required,
            description: own.description.to_owned(),
        }
    });
    wire::ResourceIdentitySchema { version: identity.version, identity_attributes: attributes.collect() }
}

fn block(from: &Block) -> schema::Block {
    schema::Block {
        attributes: from.attributes.iter().map(attribute).collect(),
        block_types: from.blocks.iter().map(nested_block).collect(),
        description: from.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        ..schema::Block::default()
    }
}

fn attribute(from: &Attribute) -> schema::Attribute {
    let (ty, nested_type) = match &from.kind {
        Kind::Plain(ty) => (ty.to_json().to_string().into_bytes(), None),
        Kind::Nested(nesting, attributes) => (Vec::new(), Some(object(*nesting, attributes))),
    };
    let presence = from.rule.presence;
    schema::Attribute {
        name: from.name.to_owned(),
        r#type: ty,
        nested_type,
        description: from.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        required: presence == Presence::Required,
        optional: matches!(presence, Presence::Optional | Presence::OptionalComputed),
        computed: matches!(presence, Presence::Computed | Presence::OptionalComputed),
        sensitive: from.rule.sensitive,
        write_only: from.rule.write_only,
        deprecated: from.rule.deprecated.is_some(),
        deprecation_message: from.rule.deprecated.unwrap_or_default().to_owned(),
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> schema::Object {
    use schema::object::NestingMode;
    let nesting = match nesting {
        // Attributes have no groups; a group of attributes is the one object it describes.
        Nesting::Single | Nesting::Group => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..schema::Object::default()
    }
}

fn nested_block(from: &NestedBlock) -> schema::NestedBlock {
    use schema::nested_block::NestingMode;
    let nesting = match from.nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
        Nesting::Group => NestingMode::Group,
    };
    schema::NestedBlock {
        type_name: from.name.to_owned(),
        block: Some(block(&from.block)),
        nesting: nesting.into(),
        min_items: from.min_items,
        max_items: from.max_items,
    }
}
