//! The pages of the Terraform Registry: made from the schema, complete, and true as far as the real Terraform can tell.
//!
//! `UPDATE=1` writes them anew, as `cargo docs` does.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it is a test")]
#![allow(unreachable_pub, reason = "its modules are used by `dev/docs.rs` too")]

#[path = "harness/mod.rs"]
mod harness;
#[path = "docs/markdown.rs"]
mod markdown;
#[path = "docs/terraform.rs"]
mod terraform;
#[path = "docs/tree.rs"]
mod tree;

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use harness::terraform::LEFT_OUT;
use terraform_provider_hss::{
    clock::SystemClock,
    framework::docs::{Catalogue, Texts, differences, faults, guides},
    hss::manual,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn catalogue() -> Catalogue {
    manual::catalogue(Arc::new(SystemClock))
}

/// Whether Terraform may be asked; says so where not.
fn with_terraform(test: &str) -> bool {
    let without = env::var_os("HSS_ACC").is_some_and(|value| value == "0");
    if without {
        say(&format!("docs: {test}: left out, since HSS_ACC=0"));
    }
    !without
}

/// Says so where it is seen: what a passing test prints is kept back.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}

/// What differs between the pages that are there and those that should be.
fn outdated(catalogue: &Catalogue, texts: &Texts) -> Vec<String> {
    match manual::manual(catalogue, texts) {
        Ok(pages) => differences(&pages, texts),
        Err(why) => vec![why],
    }
}

/// Links of the pages for users that lead nowhere, within `docs` or out of it.
fn dead_links(texts: &Texts) -> Vec<String> {
    let mut dead = Vec::new();
    for (path, text) in texts.iter().filter(|(path, _)| path.starts_with("docs/") && path.ends_with(".md")) {
        for link in markdown::links(text).into_iter().filter(|link| !link.contains("://")) {
            let (target, place) = link.split_once('#').unwrap_or((&link, ""));
            let page = if target.is_empty() { path.clone() } else { resolved(path, target) };
            let there = match texts.get(&page) {
                Some(other) if page.ends_with(".md") => {
                    place.is_empty() || markdown::places(other).iter().any(|known| known == place)
                }
                found => place.is_empty() && (found.is_some() || root().join(&page).exists()),
            };
            if !there {
                dead.push(format!("{path}: {link} leads nowhere"));
            }
        }
    }
    dead
}

/// A path as seen from a page.
fn resolved(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Everything in the language of Terraform that users may copy: files of examples, and blocks of code.
fn written_for_terraform(texts: &Texts) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in texts {
        if path.starts_with("examples/") && (path.ends_with(".tf") || path.ends_with(".hcl")) {
            found.push((path.clone(), text.clone()));
        }
        if path.starts_with("docs/") && path.ends_with(".md") || path.starts_with("templates/") {
            let blocks = markdown::blocks(text).into_iter();
            let ours = blocks.filter(|block| matches!(block.language.as_str(), "terraform" | "hcl"));
            found.extend(ours.map(|block| (format!("{path}:{}", block.line), block.text)));
        }
    }
    found
}

#[test]
fn pages_are_as_schema_and_examples_have_it() {
    let texts = tree::read(&root());
    if env::var_os("UPDATE").is_some() {
        let pages = manual::manual(&catalogue(), &texts).unwrap();
        let written = tree::write(&root(), &pages).unwrap();
        say(&format!("docs: {} pages written", written.len()));
    }
    let wrong = outdated(&catalogue(), &tree::read(&root()));
    assert!(wrong.is_empty(), "`cargo docs` writes pages anew:\n  {}\n", wrong.join("\n  "));
}

#[test]
fn everything_has_a_description_an_example_and_a_page() {
    none(&faults(&catalogue(), &tree::read(&root())));
}

#[test]
fn links_lead_somewhere() {
    none(&dead_links(&tree::read(&root())));
}

#[test]
fn the_guides_are_there_and_the_index_names_them() {
    let texts = tree::read(&root());
    let there: BTreeSet<String> = guides(&texts).into_iter().map(|guide| guide.name).collect();
    for wanted in [
        "adopting-a-fleet",
        "authentication",
        "beside-huaweicloud",
        "first-steps",
        "large-fleets",
        "moving-a-backup-server",
        "permissions",
        "testing-modules",
        "troubleshooting",
    ] {
        assert!(there.contains(wanted), "there is no guide {wanted}");
    }
    for name in there {
        assert!(texts["docs/index.md"].contains(&format!("(guides/{name}.md)")), "{name}");
    }
}

/// What the Registry documents of its limits: a page beyond them is cut off or left out.
#[test]
fn pages_keep_the_limits_of_the_registry() {
    let texts = tree::read(&root());
    let pages: Vec<_> =
        texts.iter().filter(|(path, _)| path.starts_with("docs/") && path.ends_with(".md")).collect();
    assert!(pages.len() < 1000);
    for (path, text) in pages {
        assert!(text.len() < 500_000, "{path} has {} bytes", text.len());
        let inside = path.trim_start_matches("docs/");
        if inside.contains('/') || inside == "index.md" {
            let (front, body) =
                text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).unwrap();
            for key in ["page_title: \"", "subcategory: \"", "description: |-"] {
                assert!(front.lines().any(|line| line.starts_with(key)), "{path} has no {key}");
            }
            assert_eq!(
                body.lines().filter(|line| line.starts_with("# ")).count() - comments(body),
                1,
                "{path}"
            );
        }
    }
}

/// Lines in blocks of code that look like a heading.
fn comments(page: &str) -> usize {
    markdown::blocks(page)
        .iter()
        .flat_map(|block| block.text.lines())
        .filter(|line| line.starts_with("# "))
        .count()
}

#[test]
fn everything_to_copy_is_formatted_as_terraform_would() {
    if !with_terraform("formatting") {
        return;
    }
    none(&terraform::unformatted(written_for_terraform(&tree::read(&root()))));
}

#[test]
fn examples_and_guides_are_valid() {
    if !with_terraform("validation") {
        return;
    }
    let (barred, examples): (Vec<_>, Vec<_>) =
        terraform::examples(&tree::read(&root())).into_iter().partition(|example| example.barred().is_some());
    for example in barred {
        say(&format!("{LEFT_OUT}docs: {}: {}", example.name, example.barred().unwrap_or_default()));
    }
    assert!(examples.len() > 5, "there are few examples: {examples:?}");
    none(&terraform::complaints(examples));
}

/// The configurations of guides that are for the simulator, which stands at the address that they name.
mod with_the_simulator {
    use terraform_provider_hss::hss::address;

    use super::*;
    use crate::harness::{
        Simulator, Workspace, find_terraform,
        terraform::{Feature, needs},
    };

    /// What the guides have hss-sim listen at.
    const ADDRESS: &str = "http://127.0.0.1:8099";

    fn blocks(guide: &str, language: &str, url: &str) -> Vec<String> {
        let text = std::fs::read_to_string(root().join(format!("docs/guides/{guide}.md"))).unwrap();
        let all = markdown::blocks(&text).into_iter().filter(|block| block.language == language);
        all.map(|block| block.text.replace(ADDRESS, url)).collect()
    }

    fn stage() -> (Simulator, Workspace) {
        let simulator = Simulator::start(Path::new(env!("CARGO_BIN_EXE_hss-sim")), &[]);
        let provider = PathBuf::from(env!("CARGO_BIN_EXE_terraform-provider-hss"));
        (simulator, Workspace::new(&find_terraform().unwrap(), &provider))
    }

    #[test]
    fn first_steps_without_an_account() {
        if !with_terraform("first steps") {
            return;
        }
        let (simulator, workspace) = stage();
        let blocks = blocks("first-steps", "terraform", &simulator.url);
        let block = blocks.iter().find(|text| text.contains(&simulator.url)).unwrap();
        workspace.write("main.tf", block);
        workspace.apply().ok();
        workspace.plan_is_empty();
        simulator
            .patch_host("5e000000-0000-4000-8000-000000000001", &serde_json::json!({"remote_backup": null}));
        workspace.plan().ok().says(&["false", "-> true"]);
    }

    #[test]
    fn a_module_is_tested() {
        if !with_terraform("a module's test") || !needs(Feature::TestCommand) {
            return;
        }
        let (simulator, workspace) = stage();
        let modules = blocks("testing-modules", "terraform", &simulator.url);
        let tests = blocks("testing-modules", "hcl", &simulator.url);
        let ([module], [test, mocked]) = (&modules[..], &tests[..]) else {
            panic!("{modules:#?} {tests:#?}")
        };
        assert!(module.contains(address::SOURCE), "{module}");
        workspace.write("main.tf", module);
        workspace.write("tests/backup.tftest.hcl", test);
        let mut expected = "2 passed, 0 failed";
        if needs(Feature::MockProviders) {
            workspace.write("tests/mocked.tftest.hcl", mocked);
            expected = "3 passed, 0 failed";
        }
        workspace.run(&["test", "-no-color"]).ok().says(&[expected]);
        // The assertions are such that can fail.
        workspace.write("tests/backup.tftest.hcl", &test.replace("172.16.8.21:18080", "172.16.8.21:1"));
        workspace.run(&["test", "-no-color"]).fails_saying(&["The address is not made of ip and port."]);
    }
}

/// The checks above can fail: each is shown this repository with one thing spoiled.
mod can_fail {
    use terraform_provider_hss::framework::schema::{Attribute, optional};

    use super::*;

    const RESOURCE: &str = "examples/resources/hss_wtp_backup_host/resource.tf";

    /// The texts with one file changed.
    fn with(path: &str, change: impl Fn(&str) -> String) -> Texts {
        let mut texts = tree::read(&root());
        let text = texts.get(path).map(|text| change(text)).unwrap_or_else(|| change(""));
        texts.insert(path.to_owned(), text);
        texts
    }

    /// The attribute `backup_dir` of the first resource.
    fn backup_dir(catalogue: &mut Catalogue) -> &mut Attribute {
        let attributes = &mut catalogue.entries[0].described.block.attributes;
        attributes.iter_mut().find(|attribute| attribute.name == "backup_dir").unwrap()
    }

    #[track_caller]
    fn one(found: &[String], says: &str) {
        assert!(!found.is_empty() && found.iter().all(|line| line.contains(says)), "{says}: {found:?}");
    }

    #[test]
    fn a_description_is_removed() {
        let mut catalogue = catalogue();
        backup_dir(&mut catalogue).description.clear();
        let texts = tree::read(&root());
        one(&faults(&catalogue, &texts), "hss_wtp_backup_host: backup_dir has no description");
        one(&outdated(&catalogue, &texts), "docs/resources/wtp_backup_host.md");
    }

    #[test]
    fn an_attribute_is_renamed_or_follows_another_rule() {
        let texts = tree::read(&root());
        let mut renamed = catalogue();
        backup_dir(&mut renamed).name = "backup_directory";
        one(&outdated(&renamed, &texts), "docs/resources/wtp_backup_host.md");
        let mut relaxed = catalogue();
        backup_dir(&mut relaxed).rule = optional();
        one(&outdated(&relaxed, &texts), "docs/resources/wtp_backup_host.md");
    }

    #[test]
    fn a_page_is_removed_or_edited_or_about_nothing() {
        let page = "docs/resources/wtp_backup_host.md";
        let mut texts = tree::read(&root());
        texts.remove(page);
        one(&outdated(&catalogue(), &texts), "is not there");
        let texts = with(page, |text| text.replace("(Required)", "").replace("TCP port", "Port"));
        one(&outdated(&catalogue(), &texts), page);
        let texts = with("docs/resources/wtp_other.md", |_| "# Other\n".to_owned());
        one(&outdated(&catalogue(), &texts), "docs/resources/wtp_other.md is about something");
    }

    #[test]
    fn a_generated_part_of_a_guide_is_edited() {
        let page = "docs/guides/troubleshooting.md";
        let texts = with(page, |text| text.replace("| `HSS.1007` |", "| `HSS.1008` |"));
        one(&outdated(&catalogue(), &texts), page);
    }

    #[test]
    fn an_example_is_removed() {
        let mut texts = tree::read(&root());
        texts.remove(RESOURCE);
        one(&faults(&catalogue(), &texts), RESOURCE);
    }

    #[test]
    fn a_link_is_dead() {
        let page = "docs/guides/permissions.md";
        for (target, expected) in
            [("nowhere.md", 1), ("../index.md#nowhere", 1), ("../index.md#schema", 0), ("#nowhere", 1)]
        {
            let texts = with(page, |text| format!("{text}\n[x]({target})\n"));
            let mut found = dead_links(&texts);
            found.retain(|line| line.starts_with(page));
            assert_eq!(found.len(), expected, "{target}: {found:?}");
        }
    }

    #[test]
    fn an_example_is_crooked_or_broken() {
        if !with_terraform("spoiled examples") {
            return;
        }
        let guide = "docs/guides/first-steps.md";
        for (path, from, to) in
            [(RESOURCE, "  host_id  ", "    host_id  "), (guide, "  region = ", "  region    = ")]
        {
            let texts = with(path, |text| text.replacen(from, to, 1));
            one(&terraform::unformatted(written_for_terraform(&texts)), path);
        }
        let import = "examples/resources/hss_wtp_backup_host/import-by-string-id.tf";
        let texts = with(import, |text| text.replace(".vault", ".valut"));
        one(&faults(&catalogue(), &texts), "imports hss_wtp_backup_host.valut");
        for (path, from, to, says) in [
            (RESOURCE, "backup_dir ", "backup_directory ", "backup_directory"),
            (RESOURCE, "18080", "\"a port\"", "number is required"),
            (RESOURCE, "172.16.8.20", "172.16.8.320", "172.16.8.320"),
            (import, "id = ", "ident = ", "ident"),
            (
                guide,
                "resource \"hss_wtp_remote_backup\"",
                "resource \"hss_wtp_remote_backups\"",
                "hss_wtp_remote_backups",
            ),
        ] {
            let texts = with(path, |text| text.replacen(from, to, 1));
            let own = |name: &str| name == path || name.starts_with(&format!("{path}:"));
            let examples = terraform::examples(&texts);
            let spoiled: Vec<_> = examples.into_iter().filter(|example| own(&example.name)).collect();
            assert!(!spoiled.is_empty(), "{path}");
            let found = terraform::complaints(spoiled);
            assert!(found.iter().any(|text| text.contains(says)), "{path}, {to}: {found:?}");
        }
    }
}

#[test]
fn pages_are_read_as_they_are_seen() {
    let page = "# A page\n\n```terraform\na = 1\n# no heading [x](no)\n```\n\nSee [b](b.md#c) and [d](#e).\n<a id=\"f--g\"></a>\n## Two `words`, here\n";
    let blocks = markdown::blocks(page);
    assert_eq!(blocks.len(), 1);
    assert_eq!((blocks[0].language.as_str(), blocks[0].line), ("terraform", 3));
    assert_eq!(blocks[0].text, "a = 1\n# no heading [x](no)\n");
    assert_eq!(markdown::links(page), ["b.md#c", "#e"]);
    assert_eq!(markdown::places(page), ["a-page", "f--g", "two-words-here"]);
    assert_eq!(resolved("docs/guides/a.md", "../index.md"), "docs/index.md");
    assert!(Path::new(&resolved("docs/index.md", "guides/a.md")).starts_with("docs/guides"));
}
