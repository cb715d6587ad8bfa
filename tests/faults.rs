//! The fault campaign: nothing is lost, whatever fails.
//!
//! Each seed is the life of a small world: the real Terraform makes it, changes it and destroys it, and meanwhile
//! something goes wrong, drawn from the seed. After each of the three, one more apply without trouble has to arrive at
//! what the configuration says, the plan after it has to be empty, and a destroy has to leave nothing. The judge looks at
//! the simulator's world and at the state file, and never asks the provider.
//!
//! `cargo test` plays the first few seeds. `cargo faults --seeds 0..300` plays more, `cargo faults --help` says the rest.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "this drives real processes in real time")]
#![allow(clippy::print_stdout, reason = "the table is the point of it")]

mod harness;

#[path = "faults/attack.rs"]
mod attack;
#[path = "faults/judge.rs"]
mod judge;
#[path = "faults/life.rs"]
mod life;
#[path = "faults/strike.rs"]
mod strike;
#[path = "faults/table.rs"]
mod table;
#[path = "faults/town.rs"]
mod town;

use std::{
    env,
    io::Write,
    ops::Range,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use life::Life;
use table::Table;

const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-hss");
const SIMULATOR: &str = env!("CARGO_BIN_EXE_hss-sim");

/// What `cargo test` plays.
const SLICE: Range<u64> = 0..24;
/// No seed of the slice is begun later than this, so that a slow machine is not held up.
const SLICE_TIME: Duration = Duration::from_secs(95);
/// Fewer seeds than this say nothing.
const LEAST: u64 = 6;

const HELP: &str = "\
Plays the lives of small worlds under faults, with the real Terraform.

  --seeds A..B   which seeds [0..24]; one number plays that seed alone
  --jobs N       how many at a time [three for each processor]
  --verbose      what each attacked command met and said
  --help

Prints a table and a digest of the verdicts, which is the same wherever the same seeds are played.
Ends with 1 when anything was lost.
";

struct Options {
    seeds: Range<u64>,
    jobs: usize,
    verbose: bool,
    /// Played by `cargo test`, which has no time for more.
    slice: bool,
}

/// `None`: there is nothing to do.
fn options() -> Result<Option<Options>, String> {
    let processors = thread::available_parallelism().map_or(2, usize::from);
    let mut options = Options { seeds: SLICE, jobs: 3 * processors, verbose: false, slice: true };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seeds" | "--seed" => {
                let text = value()?;
                let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no seed"));
                options.seeds = match text.split_once("..") {
                    Some((from, to)) => number(from)?..number(to)?,
                    None => number(&text)?..number(&text)? + 1,
                };
                options.slice = false;
            }
            "--jobs" => options.jobs = value()?.parse().map_err(|_| "--jobs takes a number")?,
            "--verbose" | "-v" => options.verbose = true,
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(None);
            }
            "--list" => {
                println!("faults: test\n\n1 test, 0 benchmarks");
                return Ok(None);
            }
            // `cargo test` hands its own options to every test program, and the names of tests somewhere else.
            flag if flag.starts_with("--") => {
                if ["--skip", "--test-threads", "--color", "--format"].contains(&flag) {
                    let _ = value();
                }
            }
            name if "faults".contains(name) => {}
            _ => return Ok(None),
        }
    }
    if options.seeds.is_empty() {
        return Err("there are no seeds in that range".to_owned());
    }
    Ok(Some(options))
}

fn terraform() -> Option<PathBuf> {
    if env::var_os("HSS_ACC").is_some_and(|value| value == "0") {
        eprintln!("\n*** HSS_ACC=0: the fault campaign is LEFT OUT ***\n");
        return None;
    }
    Some(harness::find_terraform().unwrap_or_else(|advice| panic!("{advice}")))
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("faults: {reason}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let Some(terraform) = terraform() else { return ExitCode::SUCCESS };
    let begin = Instant::now();
    let next = AtomicU64::new(options.seeds.start);
    let table = Mutex::new(Table::default());
    thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let too_late = options.slice && begin.elapsed() > SLICE_TIME;
                    if seed >= options.seeds.end || too_late {
                        return;
                    }
                    let story = Life::new(seed, &terraform, options.verbose).play();
                    let mut out = std::io::stdout().lock();
                    let _ = write!(out, "{}", story.text(options.verbose));
                    let _ = out.flush();
                    table.lock().unwrap().add(&story);
                }
            });
        }
    });
    let table = table.into_inner().unwrap();
    println!("{}", table.render());
    println!("{} seeds in {:.0} s, {} at a time", table.seeds(), begin.elapsed().as_secs_f64(), options.jobs);
    if options.slice && table.seeds() < SLICE.end {
        println!("The time of the slice was up. `cargo faults` plays all of it.");
    }
    let enough = !options.slice || table.seeds() >= LEAST;
    if table.is_clean() && enough { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
