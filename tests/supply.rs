//! The dependency budget of `docs/security.md`, counted.
//!
//! What a licence permits and where crates come from is for `cargo deny`, which `.ci/run` runs; this counts what it does
//! not, and needs nothing but cargo.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value as Json;

const PAGE: &str = "docs/security.md";

fn metadata() -> Json {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Crates that are reached over dependencies of a kind from the provider: with `None`, what its programs are made of.
fn reached(metadata: &Json, kinds: &[Option<&str>]) -> BTreeSet<String> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let nodes: BTreeMap<String, &Json> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (text(&node["id"]), node))
        .collect();
    let root = text(&metadata["resolve"]["root"]);
    let mut found = BTreeSet::new();
    let mut ahead = vec![(root, true)];
    while let Some((id, is_root)) = ahead.pop() {
        for dependency in nodes[&id]["deps"].as_array().unwrap() {
            let wanted = |kind: &Json| {
                // Beyond the first step only what is built for the same purpose counts.
                if is_root { kinds.contains(&kind["kind"].as_str()) } else { kind["kind"].is_null() }
            };
            let next = text(&dependency["pkg"]);
            if dependency["dep_kinds"].as_array().unwrap().iter().any(wanted) && found.insert(next.clone()) {
                ahead.push((next, false));
            }
        }
    }
    found
}

/// The rows of the budget: what is counted, and how many there may be.
fn budget() -> BTreeMap<String, usize> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let (_, section) = page.split_once("## Dependency budget").expect("the page has a section of that name");
    let rows = section.lines().take_while(|line| !line.starts_with("## "));
    rows.filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        Some(((*cells.first()?).to_owned(), cells.get(1)?.parse().ok()?))
    })
    .collect()
}

#[test]
fn dependencies_stay_within_their_budget() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let root = &metadata["resolve"]["root"];
    let own = packages.iter().find(|package| package["id"] == *root).unwrap();
    let named = |kind: Json| {
        let all = own["dependencies"].as_array().unwrap();
        all.iter().filter(|dependency| dependency["kind"] == kind).count()
    };
    let programs = reached(&metadata, &[None]);
    let runs_code = |id: &&String| {
        let package = packages.iter().find(|package| package["id"] == id.as_str()).unwrap();
        let targets = package["targets"].as_array().unwrap();
        targets.iter().any(|target| target["kind"][0] == "custom-build")
    };
    let counted = BTreeMap::from([
        ("named in `Cargo.toml` for the programs", named(Json::Null)),
        ("named for building and tests", named("build".into()) + named("dev".into())),
        ("crates in the programs", programs.len()),
        ("of these, with a build script", programs.iter().filter(runs_code).count()),
        (
            "crates in all, with building and tests",
            reached(&metadata, &[None, Some("build"), Some("dev")]).len(),
        ),
    ]);
    let budget = budget();
    println!("{counted:#?}");
    for (what, count) in &counted {
        let most = *budget.get(*what).unwrap_or_else(|| panic!("{PAGE} has no row for {what:?}: {budget:?}"));
        assert!(*count <= most, "{what}: {count}, and the budget is {most}");
        assert!(count + 15 > most, "{what}: {count} is far below the budget of {most}; lower it in {PAGE}");
    }
    assert_eq!(budget.len(), counted.len(), "the page counts what is not counted: {budget:?}");
}

#[test]
fn every_dependency_is_from_the_registry_and_locked() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    for package in lock.split("[[package]]").skip(1) {
        let has = |name: &str| package.lines().any(|line| line.starts_with(&format!("{name} = ")));
        let own = package.contains("\nname = \"terraform-provider-hss\"\n");
        assert_eq!(has("source"), !own, "{package}");
        assert_eq!(has("checksum"), !own, "{package}");
        let source = package.lines().find(|line| line.starts_with("source = "));
        assert!(source.is_none_or(|line| line.contains("github.com/rust-lang/crates.io-index")), "{package}");
    }
}
