//! The examples that the documentation shows: each is a whole configuration, apart from the provider block.

use std::{fs, path::Path};

use crate::stage::*;

/// The files called `name` in the folders of `kind`, with the folder's name.
fn examples(kind: &str, name: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(kind);
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = entries
        .map(|entry| {
            (
                entry.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(entry.join(name)).unwrap(),
            )
        })
        .collect();
    all.sort();
    all
}

fn validate(kind: &str, file: &str, mentions: fn(&str) -> String) {
    let all = examples(kind, file);
    assert!(!all.is_empty());
    for (name, text) in all {
        // Blocks of a kind that only newer releases have are no part of what is shown there.
        if text.contains("\nimport {\n  for_each") && !needs(Feature::ImportForEach) {
            continue;
        }
        assert!(text.contains(&mentions(&name)), "the example of {name} is about something else");
        scenario(&world(&[], &[]), |sim, tf| {
            tf.write("main.tf", &text);
            tf.run(&["validate", "-no-color"]).ok().says(&["Success! The configuration is valid"]);
            assert!(sim.journal().is_empty());
        });
    }
}

#[test]
fn the_examples_of_resources_are_valid() {
    validate("resources", "resource.tf", |name| format!("resource \"{name}\" "));
}

#[test]
fn the_examples_of_data_sources_are_valid() {
    validate("data-sources", "data-source.tf", |name| format!("data \"{name}\" "));
}

#[test]
fn the_examples_of_functions_are_valid() {
    if needs(Feature::Functions) {
        validate("functions", "function.tf", |name| format!("provider::hss::{name}("));
    }
}

/// A plan from the lists of a real world: what the example of servers makes resources of stays in that list.
#[test]
fn the_example_of_servers_comes_to_rest() {
    let mut shop = protected("web-1");
    shop["group_name"] = serde_json::json!("shop");
    scenario(
        &world(&[shop, protected("web-2"), candidate("vault-1")], &[registered("vault-1", 18080)]),
        |sim, tf| {
            let (_, text) = examples("data-sources", "data-source.tf")
                .into_iter()
                .find(|(name, _)| name == "hss_wtp_hosts")
                .unwrap();
            tf.write("main.tf", &text);
            tf.apply().ok().says(&["1 added"]);
            assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
            tf.plan_is_empty();
        },
    );
}
