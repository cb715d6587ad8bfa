//! `terraform providers schema -json`: what the real Terraform makes of what is offered.

use std::{fs, path::Path};

use crate::{harness::terraform::terraform_version, stage::*};
use serde_json::Value as Json;

/// What a release prints of the schemas, and since which feature.
const PARTS: [(&str, Option<Feature>); 7] = [
    ("provider", None),
    ("resource_schemas", None),
    ("data_source_schemas", None),
    ("functions", Some(Feature::Functions)),
    ("resource_identity_schemas", Some(Feature::Identity)),
    ("list_resource_schemas", Some(Feature::ListResources)),
    ("action_schemas", Some(Feature::Actions)),
];

/// The first place where Terraform says something else than the snapshot. Older releases leave members out that they do
/// not know; where the release is `whole`, none may be missing.
fn difference(at: &str, is: &Json, was: &Json, whole: bool) -> Option<String> {
    match (is, was) {
        (Json::Object(is), Json::Object(was)) => {
            let lost = was.keys().find(|name| whole && !is.contains_key(*name));
            lost.map(|name| format!("{at}.{name} is not printed")).or_else(|| {
                is.iter().find_map(|(name, is)| {
                    difference(&format!("{at}.{name}"), is, was.get(name).unwrap_or(&Json::Null), whole)
                })
            })
        }
        (is, was) => (is != was).then(|| format!("{at} is {is}, and the snapshot says {was}")),
    }
}

#[test]
fn terraform_prints_the_schemas_of_the_snapshot() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/schemas.json");
    let snapshot: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    scenario(&world(&[], &[]), |_, tf| {
        let ran = tf.run(&["providers", "schema", "-json"]).ok();
        let printed: Json = serde_json::from_str(&ran.stdout).unwrap();
        let address = terraform_provider_hss::hss::address::FULL;
        let provider = |all: &Json| {
            let schemas = all["provider_schemas"].as_object().unwrap();
            // OpenTofu writes another registry in front.
            schemas
                .iter()
                .find(|(name, _)| address.split_once('/').is_some_and(|(_, own)| name.ends_with(own)))
                .unwrap()
                .1
                .clone()
        };
        let (is, was) = (provider(&printed), provider(&snapshot));
        // The newest part of the format, and thus all of it.
        let has = |feature| terraform_version().lacks(feature).is_none();
        let whole = has(Feature::Actions);
        for (part, since) in PARTS {
            if was.get(part).is_some() && since.is_none_or(has) {
                assert_eq!(difference(part, &is[part], &was[part], whole), None);
            }
        }
    });
}
