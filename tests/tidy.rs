//! Rules of this repository that no compiler knows: who may use whom, and what must not be forgotten.
//!
//! The layer table and the list of long files are read from `docs/ARCHITECTURE.md`. The page is the rule.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "tidy/page.rs"]
mod page;
#[path = "tidy/source.rs"]
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::Arc,
};

use page::Layer;
use source::Source;
use terraform_provider_hss::{
    clock::SystemClock,
    framework::{
        provider::Provider,
        schema::{Attribute, Kind},
    },
    hss::{HssProvider, address},
};

const PAGE: &str = "docs/ARCHITECTURE.md";
/// More lines than this, tests aside, and a second idea has moved in.
const MOST_LINES: usize = 400;

/// A text file of the repository, under its path from the root with `/` between folders.
struct File {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every text file under a folder, without what is built or downloaded.
fn files(under: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(under)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let skipped = matches!(name.as_str(), ".git" | "target" | ".terraform" | "__pycache__");
            if skipped || name.starts_with(".venv") || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The module a file of `src` belongs to, and how many steps of `super` lead out of it.
fn module(path: &str) -> Option<(&str, usize)> {
    let inner = path.strip_prefix("src/")?;
    match inner.split_once('/') {
        Some(("bin", program)) => Some((program.strip_suffix(".rs")?, 1)),
        Some((module, rest)) => Some((module, rest.matches('/').count() + 1 + usize::from(!is_head(rest)))),
        None => Some((inner.strip_suffix(".rs")?, 1)),
    }
}

fn is_head(path: &str) -> bool {
    path == "mod.rs" || path.ends_with("/mod.rs")
}

/// What a file breaks of its module's row; what it uses is added to `used`.
fn layer_faults(
    file: &File,
    layers: &BTreeMap<String, Layer>,
    used: &mut BTreeSet<(String, String)>,
) -> Vec<String> {
    let Some((name, depth)) = module(&file.path) else { return Vec::new() };
    let Some(layer) = layers.get(name) else {
        return vec![format!("{}: the table has no row for the module `{name}`", file.path)];
    };
    let source = Source::read(&file.text).without_tests();
    let mut faults = Vec::new();
    for other in source.modules_used().into_iter().filter(|other| other != name) {
        if !layer.may_use.contains(&other) {
            faults.push(format!("{}: `{name}` uses `{other}`, which the table does not allow", file.path));
        }
        used.insert((name.to_owned(), other));
    }
    if source.longest_super() >= depth {
        faults.push(format!("{}: leads out of its module by `super`; write `crate::…`", file.path));
    }
    for word in &layer.never_says {
        for line in source.lines_with(word) {
            faults.push(format!("{}:{line}: the code of `{name}` never says `{word}`", file.path));
        }
    }
    faults
}

/// Rows that allow more than is used, or that stand for nothing.
fn stale_rows(
    layers: &BTreeMap<String, Layer>,
    files: &[File],
    used: &BTreeSet<(String, String)>,
) -> Vec<String> {
    let modules: BTreeSet<&str> =
        files.iter().filter_map(|file| module(&file.path)).map(|(name, _)| name).collect();
    let mut faults = Vec::new();
    for (name, layer) in layers {
        if !modules.contains(name.as_str()) {
            faults.push(format!("the table has a row for `{name}`, and there is no such module"));
        }
        for other in &layer.may_use {
            if !used.contains(&(name.clone(), other.clone())) {
                faults.push(format!("the table allows `{name}` to use `{other}`, which it does not"));
            }
        }
    }
    faults
}

/// Files of `src` that the table binds: all but the list of modules and what only tests compile.
fn bound_files() -> Vec<File> {
    let all = files("src");
    let test_files: BTreeSet<String> = all
        .iter()
        .flat_map(|file| {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            Source::test_modules(&file.text).into_iter().map(move |name| format!("{folder}/{name}.rs"))
        })
        .collect();
    all.into_iter()
        .filter(|file| file.path.ends_with(".rs") && file.path != "src/lib.rs")
        .filter(|file| !test_files.contains(&file.path))
        .collect()
}

fn too_long(file: &File, excepted: &[String]) -> Option<String> {
    let lines = Source::read(&file.text).without_tests().lines();
    match (lines > MOST_LINES, excepted.contains(&file.path)) {
        (true, false) => Some(format!("{}: {lines} lines without tests, more than {MOST_LINES}", file.path)),
        (false, true) => Some(format!("{}: {lines} lines, so {PAGE} need not except it", file.path)),
        _ => None,
    }
}

fn without_opening(file: &File) -> Option<String> {
    let opens = file.text.starts_with("//!");
    (!opens).then(|| format!("{}: does not open with `//!` and what it is for", file.path))
}

/// Words that tell of one machine, spelled so that this file does not hold them itself.
const PRIVATE: [&str; 5] = [
    concat!("/tmp/", "wt"),
    concat!("/wo", "rk/"),
    concat!("../", "shared"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

fn private_words(file: &File) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines
        .flat_map(|(number, line)| {
            let found = PRIVATE.iter().filter(|word| line.contains(**word));
            found.map(move |word| (number + 1, word))
        })
        .map(|(number, word)| format!("{}:{number}: holds {word}", file.path))
        .collect()
}

/// Links that lead nowhere, and paths in backticks that are none of ours.
fn dead_references(page: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let links = page::local_links(text).into_iter().map(|target| match target.strip_prefix("../") {
        Some(above) => above.to_owned(),
        None if folder.is_empty() => target,
        None => format!("{folder}/{target}"),
    });
    let ours =
        ["src/", "tests/", "proto/", "docs/", "examples/", "benches/", "dev/", ".ci/", ".cargo/", ".github/"];
    let paths = page::code_spans(text).into_iter().filter(|span| {
        ours.iter().any(|folder| span.starts_with(folder)) && !span.contains(['*', '<', ' ', '\n'])
    });
    links
        .chain(paths)
        .filter(|path| !exists(path))
        .map(|path| format!("{page}: names {path}, which is not there"))
        .collect()
}

/// Says so where it is seen: what a passing test prints is kept back.
fn skipped(why: &str) {
    let _ = std::io::stderr().lock().write_all(format!("tidy: skipped: {why}\n").as_bytes());
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}

fn resources() -> Vec<&'static str> {
    let provider = HssProvider::new(BTreeMap::new(), Arc::new(SystemClock));
    provider.resources().iter().map(|resource| resource.name()).collect()
}

#[test]
fn modules_use_what_the_layer_table_allows_and_nothing_else() {
    let layers = page::layers(&read(PAGE));
    let files = bound_files();
    let mut used = BTreeSet::new();
    let mut faults: Vec<String> =
        files.iter().flat_map(|file| layer_faults(file, &layers, &mut used)).collect();
    faults.extend(stale_rows(&layers, &files, &used));
    none(&faults);
}

#[test]
fn every_module_opens_by_saying_what_it_is_for() {
    let sources = ["src", "tests", "examples", "benches", "dev"].into_iter().flat_map(files);
    let sources = sources.filter(|file| file.path.ends_with(".rs"));
    none(&sources.filter_map(|file| without_opening(&file)).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long_to_read_at_one_sitting() {
    let excepted = page::long_files(&read(PAGE));
    let mut faults: Vec<String> = bound_files().iter().filter_map(|file| too_long(file, &excepted)).collect();
    let gone = excepted.iter().filter(|path| !root().join(path).is_file());
    faults.extend(gone.map(|path| format!("{path}: {PAGE} excepts it, and it is not there")));
    none(&faults);
}

#[test]
fn no_file_tells_of_the_machine_it_was_written_on() {
    none(&files("").iter().flat_map(private_words).collect::<Vec<_>>());
}

#[test]
fn the_source_address_is_spelled_in_one_place() {
    let spelled: Vec<String> = files("src")
        .into_iter()
        .filter(|file| file.text.contains(address::SOURCE) || file.text.contains(address::HOST))
        .map(|file| file.path)
        .collect();
    assert_eq!(spelled, ["src/hss/mod.rs"]);
}

#[test]
fn every_resource_has_an_example() {
    for name in resources() {
        let example = read(&format!("examples/resources/{name}/resource.tf"));
        assert!(example.contains(&format!("resource \"{name}\" ")), "{name}");
        let import = read(&format!("examples/resources/{name}/import.sh"));
        assert!(import.contains(&format!("terraform import {name}.")), "{name}");
    }
}

#[test]
fn every_data_source_and_function_has_an_example_and_a_scenario() {
    let provider = HssProvider::new(BTreeMap::new(), Arc::new(SystemClock));
    let scenarios = |word: &str| {
        files("tests")
            .into_iter()
            .any(|file| file.path.starts_with("tests/acceptance") && file.text.contains(word))
    };
    let sources = provider.data_sources();
    let functions = provider.functions();
    assert!(!sources.is_empty() && !functions.is_empty());
    for name in sources.iter().map(|source| source.name()) {
        let example = read(&format!("examples/data-sources/{name}/data-source.tf"));
        assert!(example.contains(&format!("data \"{name}\" ")), "{name}");
        assert!(scenarios(name), "no scenario under tests/acceptance mentions {name}");
    }
    for name in functions.iter().map(|function| function.name) {
        let example = read(&format!("examples/functions/{name}/function.tf"));
        assert!(example.contains(&format!("provider::{}::{name}(", address::TYPE)), "{name}");
        assert!(scenarios(name), "no scenario under tests/acceptance mentions {name}");
    }
}

/// Pages are made of these texts.
#[test]
fn every_attribute_of_a_data_source_is_described() {
    fn check(at: &str, attributes: &[Attribute]) {
        for one in attributes {
            let name = format!("{at}.{}", one.name);
            assert!(one.description.trim_end().ends_with('.'), "{name}: {:?}", one.description);
            if let Kind::Nested(_, inner) = &one.kind {
                check(&name, inner);
            }
        }
    }
    let provider = HssProvider::new(BTreeMap::new(), Arc::new(SystemClock));
    for source in provider.data_sources() {
        let block = &source.described().block;
        assert!(block.description.ends_with('.') && block.blocks.is_empty(), "{}", source.name());
        check(source.name(), &block.attributes);
    }
    for function in provider.functions() {
        let texts = function
            .parameters
            .iter()
            .map(|one| one.description)
            .chain([function.summary, function.description]);
        assert!(texts.into_iter().all(|text| text.ends_with('.')), "{}", function.name);
    }
}

#[test]
fn every_resource_has_a_page_once_there_are_pages() {
    if !root().join("docs/resources").is_dir() {
        skipped("there is no docs/resources yet");
        return;
    }
    for name in resources() {
        let short = name.strip_prefix(address::TYPE).and_then(|rest| rest.strip_prefix('_')).unwrap();
        assert!(read(&format!("docs/resources/{short}.md")).contains(name), "{name}");
    }
}

#[test]
fn every_resource_has_an_acceptance_scenario() {
    let scenarios: Vec<File> = files("tests")
        .into_iter()
        .filter(|file| file.path.starts_with("tests/acceptance") && file.text.contains("#[test]"))
        .collect();
    if scenarios.is_empty() {
        skipped("there are no acceptance scenarios yet");
        return;
    }
    for name in resources() {
        let told = scenarios.iter().any(|file| file.text.contains(name));
        assert!(told, "no scenario under tests/acceptance mentions {name}");
    }
}

#[test]
fn pages_name_files_that_exist() {
    let exists = |path: &str| root().join(path).exists();
    let pages = ["README.md", "CHANGELOG.md", "docs/installing.md", "docs/releasing.md", PAGE];
    let faults = pages.iter().flat_map(|page| dead_references(page, &read(page), exists));
    none(&faults.collect::<Vec<_>>());
}

/// What `text` declares with a block of this kind.
fn declared<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    let blocks =
        text.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(" \"")?.split('"').next());
    blocks.collect()
}

#[test]
fn a_module_describes_its_variables_and_outputs() {
    let folder = "examples/modules/fleet";
    let page = read(&format!("{folder}/README.md"));
    for (file, kind) in [("variables.tf", "variable"), ("outputs.tf", "output")] {
        let text = read(&format!("{folder}/{file}"));
        let names = declared(&text, kind);
        assert!(
            names.len() > 1 && text.matches("  description = ").count() == names.len(),
            "{file}: {names:?}"
        );
        for name in names {
            assert!(
                page.contains(&format!("| `{name}` |")),
                "{folder}/README.md has no row for {kind} {name}"
            );
        }
    }
}

/// How `terraform fmt -check` judges a folder; `None` when there is neither Terraform nor OpenTofu.
fn formatted(folder: &Path) -> Option<(ExitStatus, String)> {
    ["terraform", "tofu"].into_iter().find_map(|program| {
        let output = Command::new(program).args(["fmt", "-check", "-recursive"]).arg(folder).output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Some((output.status, said.into_owned()))
    })
}

#[test]
fn examples_are_formatted_as_terraform_would() {
    let Some((status, said)) = formatted(&root().join("examples")) else {
        skipped("neither terraform nor tofu is on PATH");
        return;
    };
    assert!(status.success(), "run `terraform fmt -recursive examples`:\n{said}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("crooked.tf"), "locals {\n    a    = 1\n}\n").unwrap();
    assert!(!formatted(folder.path()).unwrap().0.success(), "a crooked file passes the check");
}

/// The checks above can fail: each is shown something that breaks its rule.
mod can_fail {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    fn table() -> BTreeMap<String, Layer> {
        page::layers(
            "# Page\n\n## The layers\n\nWords.\n\n| module | may use | its code never says |\n|---|---|---|\n\
             | `rest` | `clock` | `hss`, `tonic` |\n| `clock` | nothing | |\n\n## Other\n| `x` | `y` | `z` |\n",
        )
    }

    fn faults(path: &str, text: &str) -> usize {
        layer_faults(&file(path, text), &table(), &mut BTreeSet::new()).len()
    }

    #[test]
    fn the_table_is_read_as_it_stands() {
        let table = table();
        assert_eq!(table.keys().collect::<Vec<_>>(), ["clock", "rest"]);
        assert_eq!(table["rest"].may_use, ["clock"]);
        assert_eq!(table["rest"].never_says, ["hss", "tonic"]);
        assert_eq!(table["clock"], Layer::default());
    }

    #[test]
    fn layers() {
        assert_eq!(faults("src/rest/send.rs", "use crate::clock::Clock;\nuse super::retry;\n"), 0);
        for text in [
            "use crate::auth::Account;",
            "use crate::{\n    clock::{self, Clock},\n    auth::{Account, Source},\n};",
            "fn f() { crate::client::call(); }",
            "use super::super::auth;",
            "use tonic::Status;",
            "const A: &str = \"HSS.0001\";",
            "const A: &str = r#\"an \"HSS\" in it\"#;",
            "const A: char = '\"'; use crate::auth;",
            "fn f<'a>(a: &'a str) {} use crate::auth;",
            "#[cfg(test)]\nmod tests { fn f() { \"}\"; } }\nuse crate::auth;",
            "#[cfg(test)]\nmod testing;\nuse crate::auth;",
        ] {
            assert_eq!(faults("src/rest/send.rs", text), 1, "{text}");
        }
        assert_eq!(faults("src/rest/mod.rs", "use super::auth;"), 1);
        assert_eq!(faults("src/rest/deep/er.rs", "use super::super::retry;"), 0);
        assert_eq!(faults("src/newcomer/mod.rs", ""), 1);
        assert_eq!(faults("src/bin/newcomer.rs", ""), 1);
    }

    #[test]
    fn comments_and_tests_are_free() {
        for text in [
            "//! Nothing of HSS, nor crate::auth.",
            "/* crate::auth /* tonic */ hss */",
            "/// [`crate::auth::Account`]\nfn f() {}",
            "#[cfg(test)]\nmod tests {\n    use crate::auth;\n    #[test]\n    fn hss() {}\n}\n",
            "#[cfg(test)]\n#[expect(dead_code, reason = \"x\")]\nuse crate::{auth, client};\n",
            "fn f() { let r#crate = 1; }",
        ] {
            assert_eq!(faults("src/rest/send.rs", text), 0, "{text}");
        }
    }

    #[test]
    fn rows_that_say_too_much() {
        let files = [file("src/rest/mod.rs", "use crate::clock;"), file("src/clock.rs", "")];
        let mut used = BTreeSet::new();
        layer_faults(&files[0], &table(), &mut used);
        assert_eq!(stale_rows(&table(), &files, &used).len(), 0);
        assert_eq!(stale_rows(&table(), &files, &BTreeSet::new()).len(), 1);
        assert_eq!(stale_rows(&table(), &files[..1], &used).len(), 1);
    }

    #[test]
    fn files_that_only_tests_compile_are_known() {
        let text =
            "mod a;\n#[cfg(test)]\nmod testing;\n#[cfg(test)]\nmod tests {}\n// #[cfg(test)] mod no;\n";
        assert_eq!(Source::test_modules(text), ["testing"]);
    }

    #[test]
    fn lengths() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // a line\n".repeat(500));
        let short = file("src/a.rs", &format!("{}{tests}", "// a line\n".repeat(MOST_LINES - 1)));
        let long = file("src/a.rs", &format!("{}{tests}", "// a line\n".repeat(MOST_LINES + 1)));
        let excepted = ["src/a.rs".to_owned()];
        assert_eq!(too_long(&short, &[]), None);
        assert_eq!(too_long(&long, &excepted), None);
        assert!(too_long(&long, &[]).is_some());
        assert!(too_long(&short, &excepted).is_some());
        let listed = "### Files longer than the rest\n\n| file | why |\n|---|---|\n| `src/a.rs` | `x` |\n";
        assert_eq!(page::long_files(listed), excepted);
    }

    #[test]
    fn openings() {
        assert!(without_opening(&file("src/a.rs", "//! For this.\n")).is_none());
        assert!(without_opening(&file("src/a.rs", "use std::fs;\n")).is_some());
    }

    #[test]
    fn private_places() {
        for word in PRIVATE {
            assert_eq!(private_words(&file("a.md", &format!("one\nsee {word}x\n"))).len(), 1, "{word}");
        }
        assert!(private_words(&file("a.md", "a path such as /tmp/x or work/y\n")).is_empty());
    }

    #[test]
    fn references() {
        let exists = |path: &str| ["docs/A.md", "src/a.rs"].contains(&path);
        let faults = |page: &str, text: &str| dead_references(page, text, exists).len();
        assert_eq!(faults("README.md", "[a](docs/A.md#here), [b](https://example.com), `src/a.rs`"), 0);
        assert_eq!(faults("README.md", "[a](docs/B.md)"), 1);
        assert_eq!(faults("docs/A.md", "[a](../src/a.rs) and [b](A.md)"), 0);
        assert_eq!(faults("docs/A.md", "[a](B.md) and `src/b.rs`"), 2);
    }
}
