//! Hostile input: millions of damaged messages, answers and files. No panic, no unbounded memory, an answer for each.
//!
//! `cargo test` tries some thousands of each kind. `cargo hostile --cases 1000000` tries more, `--seed` others. The same
//! functions are the fuzz targets in `fuzz/`.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "limits are on real time")]
#![allow(clippy::print_stdout, reason = "the table is the point of it")]

#[path = "hostile/examples.rs"]
mod examples;
#[path = "hostile/mutate.rs"]
mod mutate;
#[allow(dead_code, reason = "the fuzz targets use more of it")]
#[path = "hostile/targets.rs"]
mod targets;

use std::{
    env,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use mutate::Chance;
use targets::{TARGETS, Target};

/// What `cargo test` tries.
const SLICE: u64 = 60_000;
/// One case is answered within this, on a slow machine too.
const SOON: Duration = Duration::from_secs(10);
/// What all of it together may take of memory, in KiB.
const MEMORY: u64 = 768 << 10;

/// How many of a hundred cases each target gets: fast ones more than those that go through a socket.
const SHARES: [(&str, u64); 8] = [
    ("msgpack", 26),
    ("json", 20),
    ("texts", 18),
    ("state", 8),
    ("rpc", 8),
    ("http", 2),
    ("bodies", 12),
    ("world", 6),
];

#[derive(Default)]
struct Tally {
    cases: u64,
    meant: u64,
    slowest: Duration,
    failure: Option<String>,
}

/// Tries `cases` of one target, or fewer when one of them fails.
fn attack((name, target): Target, cases: u64, seed: u64) -> Tally {
    let good = examples::of(name);
    let mut tally = Tally::default();
    for (number, example) in good.iter().cloned().map(Some).chain(std::iter::repeat(None)).enumerate() {
        let number = number as u64;
        if number >= cases {
            break;
        }
        // Every case has a seed of its own, so that one can be repeated alone.
        let bytes = example.unwrap_or_else(|| Chance::new(seed ^ number.rotate_left(20)).bytes(&good));
        let begun = Instant::now();
        let result = panic::catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        let took = begun.elapsed();
        tally.cases += 1;
        tally.slowest = tally.slowest.max(took);
        match result {
            Ok(meant) => tally.meant += u64::from(meant),
            Err(_) => {
                tally.failure = Some(format!(
                    "{name}, case {number} of seed {seed}: {:?}",
                    String::from_utf8_lossy(&bytes)
                ));
                break;
            }
        }
        if took > SOON {
            tally.failure = Some(format!("{name}, case {number} of seed {seed} took {took:?}"));
            break;
        }
    }
    tally
}

/// The most memory this process has had, in KiB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn number(value: Option<String>) -> u64 {
    value
        .and_then(|text| text.replace('_', "").parse().ok())
        .unwrap_or_else(|| panic!("a number is expected"))
}

fn main() -> ExitCode {
    let (mut cases, mut seed, mut only) = (SLICE, 1, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--cases" => cases = number(arguments.next()),
            "--seed" => seed = number(arguments.next()),
            "--target" => only = arguments.next(),
            "--list" => {
                println!("hostile: test\n\n1 test, 0 benchmarks");
                return ExitCode::SUCCESS;
            }
            // `cargo test` hands its own options to every test program, and the names of tests somewhere else.
            flag if flag.starts_with("--") => {
                if ["--skip", "--test-threads", "--color", "--format"].contains(&flag) {
                    arguments.next();
                }
            }
            name if "hostile".contains(name) => {}
            _ => return ExitCode::SUCCESS,
        }
    }
    let chosen = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let share =
        |name: &str| if only.is_some() { 100 } else { SHARES.iter().find(|(of, _)| *of == name).unwrap().1 };
    let begun = Instant::now();
    let tallies: Vec<(&str, Tally)> = thread::scope(|scope| {
        let running: Vec<_> = TARGETS
            .into_iter()
            .filter(|(name, _)| chosen(name))
            .map(|target| {
                (target.0, scope.spawn(move || attack(target, cases * share(target.0) / 100, seed)))
            })
            .collect();
        running.into_iter().map(|(name, tally)| (name, tally.join().unwrap())).collect()
    });
    println!("\n{:<10}{:>12}{:>14}{:>14}", "target", "cases", "understood", "slowest");
    for (name, tally) in &tallies {
        println!("{name:<10}{:>12}{:>14}{:>14.1?}", tally.cases, tally.meant, tally.slowest);
    }
    let total: u64 = tallies.iter().map(|(_, tally)| tally.cases).sum();
    let memory = peak_memory();
    let told = memory.map_or("unknown".to_owned(), |peak| format!("{} MiB", peak >> 10));
    println!(
        "{:<10}{total:>12}\nseed {seed}, {:.0} s, peak memory {told}",
        "all",
        begun.elapsed().as_secs_f64()
    );
    let mut good = true;
    for failure in tallies.iter().filter_map(|(_, tally)| tally.failure.as_ref()) {
        eprintln!("FAILED: {failure}");
        good = false;
    }
    if memory.is_some_and(|peak| peak > MEMORY) {
        eprintln!("FAILED: more than {} MiB of memory", MEMORY >> 10);
        good = false;
    }
    // Where nothing was understood, the damage was so great that nothing was tried.
    for (name, _) in tallies.iter().filter(|(_, tally)| tally.meant == 0) {
        eprintln!("FAILED: {name} understood nothing");
        good = false;
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
