//! Wrong configurations, and what users read about each: one error, at the line to blame, with the reason and what to do.
//!
//! The cases are tables; Terraform runs a few times over all of them together, so this takes seconds. What it said is in
//! `tests/snapshots/bad-input.txt`, which is meant to be read from top to bottom. `UPDATE=1 cargo test --test bad_input`
//! writes it anew; the difference is the review.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "this drives real processes in real time")]

mod harness;

#[path = "bad_input/cases.rs"]
mod cases;

use std::{collections::BTreeMap, env, fmt::Write, fs, io, path::Path};

use cases::{Case, MARK, Moment};
use harness::{Simulator, Workspace, candidate, find_terraform, protected, registered, world};
use serde_json::{Value as Json, json};

const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-hss");
const SIMULATOR: &str = env!("CARGO_BIN_EXE_hss-sim");
const SNAPSHOT: &str = "tests/snapshots/bad-input.txt";

/// The file of errors that have none.
const PLACELESS: &str = "";

/// One error as Terraform reports it to programs.
#[derive(Clone, Debug)]
struct Said {
    line: u64,
    summary: String,
    detail: String,
}

/// The errors of a run by the file they are in. `validate` prints one object, the other commands a line for each event.
fn errors(output: &str) -> BTreeMap<String, Vec<Said>> {
    let whole: Option<Json> = serde_json::from_str(output).ok();
    let rows: Vec<Json> = match whole.filter(|whole| whole["diagnostics"].is_array()) {
        Some(whole) => whole["diagnostics"].as_array().unwrap().clone(),
        None => {
            let lines = output.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
            lines.map(|line| line["diagnostic"].clone()).collect()
        }
    };
    let mut found: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["severity"] == "error") {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let said = Said {
            line: row["range"]["start"]["line"].as_u64().unwrap_or_default(),
            summary: text(&row["summary"]),
            detail: text(&row["detail"]),
        };
        found.entry(text(&row["range"]["filename"])).or_default().push(said);
    }
    found
}

/// A folder with every case of a moment in a file of its own.
fn folder(terraform: &Path, simulator: &Simulator, cases: &[&Case]) -> Workspace {
    let workspace = Workspace::against(terraform, Path::new(PROVIDER), simulator);
    for case in cases {
        workspace.write(&case.file(), &case.text(&simulator.url));
    }
    workspace
}

fn run(workspace: &Workspace, moment: Moment) -> BTreeMap<String, Vec<Said>> {
    let ran = match moment {
        Moment::Validate => workspace.run(&["validate", "-json"]),
        Moment::Plan => workspace.run(&["plan", "-json", "-input=false"]),
        Moment::Apply => {
            workspace.run(&["apply", "-json", "-input=false", "-auto-approve", "-parallelism=1"])
        }
    };
    assert_ne!(ran.code, Some(0), "all of it was accepted");
    errors(&ran.stdout)
}

/// Exactly one error, at the marked line, in sentences.
fn check(case: &Case, said: &[Said]) -> Result<Said, String> {
    let [one] = said else { return Err(format!("{}: expected one error, got {said:#?}", case.name)) };
    let text = case.text("");
    let marked = text.lines().position(|line| line.contains(MARK)).map(|at| at as u64 + 1);
    // Terraform gives no line for an import id.
    if marked.unwrap_or_default() != one.line {
        return Err(format!("{}: at line {}, not {marked:?}:\n{text}\n{one:#?}", case.name, one.line));
    }
    if case.terraform_says.is_some_and(|part| !one.detail.contains(part) && !one.summary.contains(part)) {
        return Err(format!("{}: {one:#?}", case.name));
    }
    // A summary is a headline, a detail is a reason and what to do.
    let ends = [". ", ".\n", "; ", ": ", ", so "].map(|end| one.detail.matches(end).count());
    let sentences = ends.iter().sum::<usize>() + usize::from(one.detail.trim_end().ends_with('.'));
    if case.terraform_says.is_none() && (one.summary.ends_with('.') || sentences < 2) {
        return Err(format!("{}: reason and remedy are wanted: {one:#?}", case.name));
    }
    Ok(one.clone())
}

fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        // What is indented is laid out already.
        if paragraph.starts_with("  ") {
            out.push_str(paragraph);
            out.push('\n');
            continue;
        }
        let mut width = 0;
        for word in paragraph.split(' ') {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > 100 {
                out.push('\n');
                width = 0;
            } else if width > 0 {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
            width += length;
        }
        out.push('\n');
    }
    out
}

fn page(case: &Case, said: &Said) -> String {
    let mut text = format!("\n--- {}\n\n", case.name);
    for line in case.text("http://127.0.0.1:8099").lines().filter(|line| !line.trim().is_empty()) {
        // Line breaks and the like are to be seen.
        let _ = writeln!(text, "    {line}");
    }
    match case.terraform_says {
        Some(part) => {
            let _ = writeln!(text, "\nTerraform itself: {part}");
        }
        None => {
            let _ = write!(text, "\nError: {}\n\n{}", said.summary, wrapped(&said.detail));
        }
    }
    // The numbers are there for Terraform alone.
    text.replace(&case.label(), "this")
}

fn servers() -> Json {
    let mut windows = protected("windows-1");
    windows["os_type"] = json!("Windows");
    let mut offline = protected("offline-1");
    offline["agent_status"] = json!("offline");
    let mut unprotected = protected("closed-1");
    unprotected["protect_status"] = json!("closed");
    let mut busy = protected("busy-1");
    busy["remote_backup"] = json!({ "backup_host_id": "vault-9", "backup_addr": "172.16.8.20:18080" });
    let hosts = [protected("web-1"), protected("web-2"), candidate("vault-1"), candidate("vault-9")];
    let hosts: Vec<Json> = hosts.into_iter().chain([windows, offline, unprotected, busy]).collect();
    let mut sleeping = registered("vault-8", 18080);
    sleeping["backup_host_status"] = json!(-1);
    world(&hosts, &[registered("vault-9", 18080), registered("vault-7", 18080), sleeping])
}

#[test]
fn every_mistake_is_told_at_its_line() {
    if env::var_os("HSS_ACC").is_some_and(|value| value == "0") {
        let _ = io::Write::write_all(
            &mut io::stderr(),
            b"\n*** HSS_ACC=0: the wrong configurations are LEFT OUT ***\n",
        );
        return;
    }
    let terraform = find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
    let simulator = Simulator::with_world(Path::new(SIMULATOR), &servers());
    simulator.knob("start_sequence", "straight");
    let all = cases::all();
    let mut faults = Vec::new();
    let mut pages = String::from(
        "What users read about wrong configurations. Written by `UPDATE=1 cargo test --test bad_input`.\n",
    );
    for moment in [Moment::Validate, Moment::Plan, Moment::Apply] {
        let cases: Vec<&Case> = all.iter().filter(|case| case.moment == moment).collect();
        let _ = write!(pages, "\n\n=== {} ({})\n", moment.title(), cases.len());
        let mut found = run(&folder(&terraform, &simulator, &cases), moment);
        for case in &cases {
            let mut said = found.remove(&case.file()).unwrap_or_default();
            if !case.text("").contains(MARK) {
                let about =
                    |one: &Said| case.text("").contains(one.summary.split(' ').next().unwrap_or_default());
                said = found.get(PLACELESS).into_iter().flatten().filter(|one| about(one)).cloned().collect();
            }
            match check(case, &said) {
                Ok(said) => pages += &page(case, &said),
                Err(fault) => faults.push(fault),
            }
        }
        let files: Vec<String> = cases.iter().map(|case| case.file()).collect();
        let placeless = cases.iter().filter(|case| !case.text("").contains(MARK)).count();
        let expected = |file: &str, said: &[Said]| file == PLACELESS && said.len() == placeless;
        let strangers: Vec<_> =
            found.iter().filter(|(file, said)| !files.contains(file) && !expected(file, said)).collect();
        if !strangers.is_empty() {
            faults.push(format!("{moment:?}: errors of no case: {strangers:#?}"));
        }
    }
    let ours = all.iter().filter(|case| case.terraform_says.is_none()).count();
    let _ = write!(pages, "\n\n{} mistakes, {ours} of them told by the provider.\n", all.len());
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(ours >= 60, "{ours}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SNAPSHOT);
    // What differs from run to run is no matter of words.
    let pages = pages.replace(&simulator.url, "http://127.0.0.1:8099");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &pages).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let different = kept.lines().zip(pages.lines()).position(|(kept, now)| kept != now);
    assert!(
        kept == pages,
        "{SNAPSHOT} differs from line {different:?} on; UPDATE=1 writes it anew:\n{pages}"
    );
}
