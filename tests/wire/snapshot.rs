//! Everything that is offered, in the form of `terraform providers schema -json`, as a file: the diff is the review of a
//! schema that changes. `UPDATE=1 cargo test --test wire snapshot` writes it anew. The acceptance tests hold the real
//! Terraform's output to the same file.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use serde_json::{Map, Value as Json, json};
use terraform_provider_hss::{
    hss::address,
    tfplugin6::wire::{self, provider_server::Provider as Calls, schema},
};
use tonic::Request;

use crate::host::{Host, never_a_status};

/// Terraform leaves out whatever is empty or false.
fn stripped(members: Json) -> Json {
    let Json::Object(members) = members else { return members };
    let empty = |value: &Json| match value {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::Array(all) => all.is_empty(),
        Json::Object(all) => all.is_empty(),
        Json::Number(number) => number.as_i64() == Some(0),
        Json::Bool(true) => false,
    };
    members.into_iter().filter(|(_, value)| !empty(value)).collect::<Map<_, _>>().into()
}

fn ty(bytes: &[u8]) -> Json {
    if bytes.is_empty() { Json::Null } else { serde_json::from_slice(bytes).unwrap() }
}

fn kind(kind: i32, description: &str) -> &'static str {
    match (wire::StringKind::try_from(kind).unwrap(), description) {
        (_, "") => "",
        (wire::StringKind::Markdown, _) => "markdown",
        (wire::StringKind::Plain, _) => "plain",
    }
}

fn attributes(all: &[schema::Attribute]) -> Json {
    let written = all.iter().map(|one| {
        let nested = one.nested_type.as_ref().map(|nested| {
            json!({
                "attributes": attributes(&nested.attributes),
                "nesting_mode": nested.nesting().as_str_name().to_lowercase(),
            })
        });
        let attribute = json!({
            "type": ty(&one.r#type),
            "nested_type": nested,
            "description": one.description,
            "description_kind": kind(one.description_kind, &one.description),
            "required": one.required,
            "optional": one.optional,
            "computed": one.computed,
            "sensitive": one.sensitive,
            "write_only": one.write_only,
            "deprecated": one.deprecated,
        });
        (one.name.clone(), stripped(attribute))
    });
    written.collect::<Map<_, _>>().into()
}

fn block(one: Option<&schema::Block>) -> Json {
    let one = one.unwrap();
    let nested = one.block_types.iter().map(|nested| {
        let written = json!({
            "nesting_mode": nested.nesting().as_str_name().to_lowercase(),
            "block": block(nested.block.as_ref()),
            "min_items": nested.min_items,
            "max_items": nested.max_items,
        });
        (nested.type_name.clone(), stripped(written))
    });
    stripped(json!({
        "attributes": attributes(&one.attributes),
        "block_types": nested.collect::<Map<_, _>>(),
        "description": one.description,
        "description_kind": kind(one.description_kind, &one.description),
        "deprecated": one.deprecated,
    }))
}

fn described(one: &wire::Schema) -> Json {
    json!({ "version": one.version, "block": block(one.block.as_ref()) })
}

/// Nothing of an action is stored, so Terraform prints no version.
fn action(one: &wire::ActionSchema) -> Json {
    json!({ "block": block(one.schema.as_ref().unwrap().block.as_ref()) })
}

fn function(one: &wire::Function) -> Json {
    let parameter = |one: &wire::function::Parameter| {
        stripped(json!({
            "name": one.name,
            "description": one.description,
            "is_nullable": one.allow_null_value,
            "type": ty(&one.r#type),
        }))
    };
    stripped(json!({
        "description": one.description,
        "summary": one.summary,
        "return_type": ty(&one.r#return.as_ref().unwrap().r#type),
        "parameters": one.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "variadic_parameter": one.variadic_parameter.as_ref().map(parameter),
    }))
}

fn identity(one: &wire::ResourceIdentitySchema) -> Json {
    let attributes = one.identity_attributes.iter().map(|one| {
        let written = json!({
            "type": ty(&one.r#type),
            "description": one.description,
            "required_for_import": one.required_for_import,
            "optional_for_import": one.optional_for_import,
        });
        (one.name.clone(), stripped(written))
    });
    json!({ "version": one.version, "attributes": attributes.collect::<Map<_, _>>() })
}

fn all<'a, T: 'a>(all: impl IntoIterator<Item = (&'a String, &'a T)>, write: impl Fn(&T) -> Json) -> Json {
    all.into_iter()
        .map(|(name, one)| (name.clone(), write(one)))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect::<Map<_, _>>()
        .into()
}

#[tokio::test]
async fn what_is_offered_is_as_the_snapshot_says() {
    let host = Host::hss("hss_wtp_backup_host");
    let schema = never_a_status(host.service.get_provider_schema(Request::new(Default::default())).await);
    let identities =
        never_a_status(host.service.get_resource_identity_schemas(Request::new(Default::default())).await);
    let provider = stripped(json!({
        "provider": described(schema.provider.as_ref().unwrap()),
        "resource_schemas": all(&schema.resource_schemas, described),
        "data_source_schemas": all(&schema.data_source_schemas, described),
        "list_resource_schemas": all(&schema.list_resource_schemas, described),
        "resource_identity_schemas": all(&identities.identity_schemas, identity),
        "functions": all(&schema.functions, function),
        "action_schemas": all(&schema.action_schemas, action),
    }));
    let written = json!({ "format_version": "1.0", "provider_schemas": { address::FULL: provider } });
    let written = format!("{written:#}\n");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/schemas.json");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let snapshot = fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, was)) in written.lines().zip(snapshot.lines()).enumerate() {
        assert_eq!(is, was, "line {} of tests/snapshots/schemas.json; UPDATE=1 writes it anew", number + 1);
    }
    assert_eq!(written.len(), snapshot.len(), "tests/snapshots/schemas.json; UPDATE=1 writes it anew");
}
