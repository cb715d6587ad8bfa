//! What became of each test, read from what the test programs print.

use std::collections::BTreeMap;

use crate::terraform::LEFT_OUT;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// With the reason.
    LeftOut(String),
    Failed,
}

/// Tests of a suite by name. In a suite with modules the module comes first, elsewhere the suite does.
pub(crate) fn read(suite: &str, stdout: &str, stderr: &str) -> BTreeMap<String, Outcome> {
    let reasons: BTreeMap<&str, &str> =
        stderr.lines().filter_map(|line| line.strip_prefix(LEFT_OUT)?.split_once(": ")).collect();
    let mut outcomes = BTreeMap::new();
    for line in stdout.lines() {
        let Some((test, verdict)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
        else {
            continue;
        };
        let outcome = match (verdict, reasons.get(test)) {
            ("ok", Some(reason)) => Outcome::LeftOut((*reason).to_owned()),
            ("ok", None) => Outcome::Passed,
            (verdict, _) if verdict.starts_with("ignored") => Outcome::LeftOut("it is ignored".to_owned()),
            _ => Outcome::Failed,
        };
        let name = if test.contains("::") { test.to_owned() } else { format!("{suite}::{test}") };
        outcomes.insert(name, outcome);
    }
    outcomes
}

pub(crate) fn failures(outcomes: &BTreeMap<String, Outcome>) -> Vec<&str> {
    let failed = outcomes.iter().filter(|(_, outcome)| **outcome == Outcome::Failed);
    failed.map(|(test, _)| test.as_str()).collect()
}

/// Passed, left out, and failed.
pub(crate) fn count<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> (usize, usize, usize) {
    outcomes.fold((0, 0, 0), |(passed, left_out, failed), outcome| match outcome {
        Outcome::Passed => (passed + 1, left_out, failed),
        Outcome::LeftOut(_) => (passed, left_out + 1, failed),
        Outcome::Failed => (passed, left_out, failed + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line() {
        let stdout = "\nrunning 4 tests\ntest import::a ... ok\ntest drift::b has been running for over 60 seconds\n\
                      test drift::b ... FAILED\ntest query::c ... ok\ntest alone ... ok\n\ntest result: FAILED. 3 passed\n";
        let stderr = "something else: said\nleft out: query::c: list resources came with Terraform 1.14\n";
        let outcomes = read("bad_input", stdout, stderr);
        let reason = "list resources came with Terraform 1.14".to_owned();
        let expected = [
            ("bad_input::alone", Outcome::Passed),
            ("drift::b", Outcome::Failed),
            ("import::a", Outcome::Passed),
            ("query::c", Outcome::LeftOut(reason)),
        ];
        assert_eq!(outcomes, expected.map(|(test, outcome)| (test.to_owned(), outcome)).into());
        assert_eq!(failures(&outcomes), ["drift::b"]);
        assert_eq!(count(outcomes.values()), (2, 1, 1));
    }
}
