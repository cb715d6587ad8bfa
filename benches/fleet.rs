//! `cargo bench-fleet`: what this provider costs on top of Terraform itself, and what a quota costs.
//!
//! Every time stands beside a floor of the same run: the builtin `terraform_data`, as many, with the same references and
//! expressions, and no plugin process at all. Times depend on the machine, ratios hardly. Without arguments everything
//! is measured (about half an hour on two cores) and written to `target/bench-fleet/`; with names of parts (`process`,
//! `one`, `thousand`, `ten-thousand`, `quota`, `micro`) only these.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run should say where")]

#[path = "../tests/harness/mod.rs"]
mod harness;

#[path = "fleet/memory.rs"]
mod memory;
#[path = "fleet/micro.rs"]
mod micro;
#[path = "fleet/plot.rs"]
mod plot;
#[path = "fleet/process.rs"]
mod process;
#[path = "fleet/quota.rs"]
mod quota;
#[path = "fleet/shape.rs"]
mod shape;

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use shape::Shape;

const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-hss");
const SIMULATOR: &str = env!("CARGO_BIN_EXE_hss-sim");

/// Everything that was measured, as it is printed and written.
#[derive(Default)]
struct Report {
    text: String,
    points: Vec<plot::Point>,
}

impl Report {
    fn line(&mut self, line: &str) {
        println!("{line}");
        writeln!(self.text, "{line}").unwrap();
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    let terraform = harness::find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
    let mut report = Report::default();
    if wants("process") {
        process::measure(&mut report);
    }
    if wants("micro") {
        micro::measure(&mut report);
    }
    if ["one", "thousand", "ten-thousand"].into_iter().any(wants) {
        report.line("");
        report.line(
            "| resources | what | ours | floor | ratio | wide floor | ratio | calls | peak of the provider |",
        );
        report.line("|---|---|---|---|---|---|---|---|---|");
    }
    if wants("one") {
        applied(&terraform, 1, 15, &mut report);
    }
    if wants("thousand") {
        applied(&terraform, 1000, 5, &mut report);
    }
    if wants("ten-thousand") {
        // The builtin's own apply grows quadratically, so the state of many is written rather than applied.
        for count in [2000, 5000, 10_000] {
            let shape = Shape::new(&terraform, count);
            shape.pretend_applied();
            shape.row("plan, nothing to do", &["plan"], if count == 10_000 { 2 } else { 1 }, &mut report);
        }
    }
    if wants("quota") {
        quota::measure(&terraform, &mut report);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bench-fleet");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("results.md"), &report.text).unwrap();
    if !report.points.is_empty() {
        fs::write(folder.join("fleet.svg"), plot::svg(&report.points)).unwrap();
    }
    eprintln!("written to {}", folder.canonicalize().unwrap().display());
}

/// Plan, apply and destroy of so many.
fn applied(terraform: &Path, count: usize, rounds: usize, report: &mut Report) {
    let shape = Shape::new(terraform, count);
    shape.row("plan, all to be created", &["plan"], rounds, report);
    shape.row("apply", &["apply", "-auto-approve"], 1, report);
    shape.row("plan, nothing to do", &["plan"], rounds, report);
    shape.row("destroy", &["destroy", "-auto-approve"], 1, report);
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median<T: Ord + Copy>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    all[all.len() / 2]
}
