//! Core's own checks of a schema. It refuses the whole provider, or crashes, when one of them fails.

use std::collections::BTreeSet;

use terraform_provider_hss::{
    framework::{provider::Provider, types::Type},
    tfplugin6::wire::{
        self,
        provider_server::Provider as Calls,
        schema::{self, nested_block, object},
    },
};
use tonic::Request;

use crate::host::{Host, THING, never_a_status};

const RESERVED: [&str; 8] =
    ["count", "for_each", "provider", "depends_on", "locals", "lifecycle", "connection", "provisioner"];
const RESERVED_IN_PROVIDER: [&str; 8] =
    ["alias", "version", "count", "depends_on", "for_each", "source", "lifecycle", "locals"];

async fn offered<P: Provider>(host: &Host<P>) -> wire::get_provider_schema::Response {
    let answer = never_a_status(host.service.get_provider_schema(Request::new(Default::default())).await);
    assert!(answer.diagnostics.is_empty());
    answer
}

fn check_block(block: Option<&schema::Block>, in_set: bool, reserved: &[&str]) {
    let block = block.expect("a schema without a block crashes Terraform");
    check_attributes(&block.attributes, in_set, reserved);
    let mut names: BTreeSet<&str> = block.attributes.iter().map(|one| one.name.as_str()).collect();
    for nested in &block.block_types {
        let name = nested.type_name.as_str();
        assert!(names.insert(name), "{name} is there twice");
        check_name(name, reserved);
        use nested_block::NestingMode;
        let (min, max) = (nested.min_items, nested.max_items);
        assert!(min >= 0 && max >= 0);
        match nested.nesting() {
            NestingMode::Single => assert!(min == max && max <= 1, "{name}"),
            NestingMode::List | NestingMode::Set => assert!(max == 0 || min <= max, "{name}"),
            NestingMode::Group | NestingMode::Map => assert!(min == 0 && max == 0, "{name}"),
            NestingMode::Invalid => panic!("{name} has no nesting"),
        }
        let in_set = in_set || nested.nesting() == NestingMode::Set;
        check_block(nested.block.as_ref(), in_set, &[]);
    }
}

fn check_name(name: &str, reserved: &[&str]) {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(!name.is_empty() && name.chars().all(good), "{name}");
    assert!(!reserved.contains(&name), "users cannot set {name}");
}

fn check_attributes(attributes: &[schema::Attribute], in_set: bool, reserved: &[&str]) {
    let mut names = BTreeSet::new();
    for one in attributes {
        let name = one.name.as_str();
        assert!(names.insert(name), "{name} is there twice");
        check_name(name, reserved);
        let presence = (one.required, one.optional, one.computed);
        let sound = matches!(
            presence,
            (true, false, false) | (false, true, false) | (false, false, true) | (false, true, true)
        );
        assert!(sound, "{name} {presence:?}");
        assert!(!one.write_only || !one.computed && !in_set, "{name}");
        assert_eq!(one.deprecated, !one.deprecation_message.is_empty(), "{name}");
        match &one.nested_type {
            Some(nested) => {
                assert!(one.r#type.is_empty(), "{name} has two types");
                assert_ne!(nested.nesting(), object::NestingMode::Invalid);
                let in_set = in_set || nested.nesting() == object::NestingMode::Set;
                check_attributes(&nested.attributes, in_set, &[]);
            }
            None => {
                let json: serde_json::Value =
                    serde_json::from_slice(&one.r#type).expect("a type that is not JSON crashes Terraform");
                let ty = Type::from_json(&json).unwrap();
                assert!(!in_set || !ty.holds_dynamic(), "{name}");
                let text = std::str::from_utf8(&one.r#type).unwrap();
                assert_eq!(text, json.to_string(), "compact, nothing after it");
            }
        }
    }
}

fn check_all(answer: &wire::get_provider_schema::Response) {
    check_block(
        answer.provider.as_ref().expect("missing provider schema").block.as_ref(),
        false,
        &RESERVED_IN_PROVIDER,
    );
    assert!(!answer.resource_schemas.is_empty());
    assert!(!answer.data_source_schemas.is_empty());
    for schema in answer.resource_schemas.values().chain(answer.data_source_schemas.values()) {
        assert!(schema.version >= 0);
        check_block(schema.block.as_ref(), false, &RESERVED);
    }
}

#[tokio::test]
async fn the_schemas_are_ones_that_core_loads() {
    check_all(&offered(&Host::hss("hss_wtp_backup_host")).await);
    check_all(&offered(&Host::fake().await).await);
}

#[tokio::test]
async fn the_metadata_names_what_the_schema_describes() {
    let host = Host::hss("hss_wtp_backup_host");
    let schema = offered(&host).await;
    let metadata = never_a_status(host.service.get_metadata(Request::new(Default::default())).await);
    let named: BTreeSet<_> = metadata.resources.into_iter().map(|one| one.type_name).collect();
    assert_eq!(named, schema.resource_schemas.keys().cloned().collect());
    assert_eq!(metadata.server_capabilities, schema.server_capabilities);
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(!capabilities.move_resource_state && capabilities.generate_resource_config);
}

#[tokio::test]
async fn every_way_to_hold_objects_reaches_the_wire() {
    use nested_block::NestingMode as Blocks;
    use object::NestingMode as Attributes;
    let mut schemas = offered(&Host::fake().await).await.resource_schemas;
    let block = schemas.remove(THING).unwrap().block.unwrap();
    let nested = |name: &str| {
        let one = block.attributes.iter().find(|one| one.name == name).unwrap();
        one.nested_type.as_ref().unwrap().nesting()
    };
    assert_eq!(
        ["nest", "disks", "mirrors", "pools"].map(nested),
        [Attributes::Single, Attributes::List, Attributes::Set, Attributes::Map]
    );
    let blocks: Vec<_> =
        block.block_types.iter().map(|one| (one.type_name.as_str(), one.nesting(), one.max_items)).collect();
    assert_eq!(
        blocks,
        [
            ("rule", Blocks::List, 0),
            ("role", Blocks::Set, 3),
            ("site", Blocks::Map, 0),
            ("single", Blocks::Single, 0),
            ("group", Blocks::Group, 0),
            ("wild", Blocks::List, 0),
        ]
    );
    let attribute = |name: &str| block.attributes.iter().find(|one| one.name == name).unwrap().clone();
    assert!(attribute("password").sensitive && attribute("secret").write_only);
    assert_eq!(attribute("words").r#type, br#"["set","string"]"#);
    assert_eq!(attribute("any").r#type, br#""dynamic""#);
}
