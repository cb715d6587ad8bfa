//! `cargo +nightly fuzz run http`
#![no_main]
#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../../tests/hostile/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::run("http", bytes));
