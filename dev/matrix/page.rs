//! The table of releases and tests, and the page around it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::{
    Column,
    outcome::{Outcome, count},
    terraform::Product,
};

const HEAD: &str = "\
# Terraform versions

<!-- Written by `cargo matrix`. Do not edit: run it again. -->

The acceptance tests run the real Terraform against the simulator. This is what came of them on each release that can be
had as a package: one row for each module of `tests/acceptance/`, and one for the words of a hundred errors
(`tests/bad_input.rs`). A number is how many tests passed; what a release cannot do is left out, and listed below with the
reason. Nothing else is left out, and nothing failed: this page is written only then. A test that failed beside the others
and passed alone is named below.

`cargo matrix` installs the releases under `target/terraforms` and writes this page; `cargo matrix 1.15.5 1.9.8` runs
some of them, `cargo matrix /path/to/tofu` one of your own. Terraform is a test tool here: nothing of it is part of
the provider. OpenTofu and Terraform 1.7 are not to be had as such a package and were not run.
";

/// One line about a release: what passed, what was left out, what failed.
pub(crate) fn total(column: &Column) -> String {
    let (passed, left_out, failed) = count(column.outcomes.values());
    let mut text = format!("{}: {passed} passed", title(column));
    if left_out > 0 {
        let _ = write!(text, ", {left_out} left out");
    }
    if failed > 0 {
        let _ = write!(text, ", {failed} FAILED");
    }
    if !column.repeated.is_empty() {
        let _ = write!(text, "; repeated alone: {}", column.repeated.join(", "));
    }
    text
}

fn title(column: &Column) -> String {
    match column.release.product {
        Product::Terraform => column.release.version.clone(),
        Product::OpenTofu => format!("OpenTofu {}", column.release.version),
    }
}

/// Modules down, releases across.
pub(crate) fn table(columns: &[Column]) -> String {
    let modules: BTreeSet<&str> =
        columns.iter().flat_map(|column| column.outcomes.keys()).map(|it| module(it)).collect();
    let mut rows = vec![[vec!["tests".to_owned()], columns.iter().map(title).collect()].concat()];
    for name in modules {
        let cells = columns.iter().map(|column| {
            cell(column.outcomes.iter().filter(|(test, _)| module(test) == name).map(|(_, outcome)| outcome))
        });
        rows.push([vec![format!("`{name}`")], cells.collect()].concat());
    }
    let all = columns.iter().map(|column| format!("**{}**", cell(column.outcomes.values())));
    rows.push([vec!["**all**".to_owned()], all.collect()].concat());
    let widths: Vec<usize> = (0..=columns.len())
        .map(|n| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (n, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if n == 0 {
            let lines: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", lines.join(" | "));
        }
    }
    text
}

fn module(test: &str) -> &str {
    test.split("::").next().unwrap_or(test)
}

fn cell<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> String {
    let (passed, left_out, failed) = count(outcomes);
    match (passed, left_out, failed) {
        (0, 0, 0) => "–".to_owned(),
        (passed, 0, 0) => passed.to_string(),
        (passed, left_out, 0) => format!("{passed} of {}", passed + left_out),
        (passed, left_out, failed) => format!("{failed} of {} FAILED", passed + left_out + failed),
    }
}

/// Each reason, with the releases it holds for and the tests that were left out for it.
pub(crate) fn left_out(columns: &[Column]) -> String {
    let mut reasons: BTreeMap<&str, (Vec<String>, BTreeSet<&str>)> = BTreeMap::new();
    for column in columns {
        for (test, outcome) in &column.outcomes {
            let Outcome::LeftOut(reason) = outcome else { continue };
            let (releases, tests) = reasons.entry(reason).or_default();
            if releases.last() != Some(&title(column)) {
                releases.push(title(column));
            }
            tests.insert(test);
        }
    }
    let mut text = String::new();
    for (reason, (releases, tests)) in reasons {
        let _ = writeln!(text, "- {reason}. Left out on {}:", releases.join(", "));
        for test in tests {
            let _ = writeln!(text, "  - `{test}`");
        }
    }
    text
}

/// The whole page.
pub(crate) fn page(columns: &[Column], date: &str) -> String {
    let mut text = format!("{HEAD}\n## Results\n\nOf {date}, on {}.\n\n", platform());
    text += &table(columns);
    text += "\n## In all\n\n";
    for column in columns {
        let _ = writeln!(text, "- {}", total(column));
    }
    text += "\n## Not applicable\n\n";
    let left_out = left_out(columns);
    text += if left_out.is_empty() { "Nothing: all tests ran on all releases.\n" } else { &left_out };
    text
}

fn platform() -> String {
    format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::Release;

    fn column(version: &str, outcomes: &[(&str, Outcome)]) -> Column {
        let release = Release::parse(&format!("Terraform v{version}")).unwrap();
        let outcomes = outcomes.iter().map(|(test, outcome)| ((*test).to_owned(), outcome.clone())).collect();
        Column { release, outcomes, repeated: Vec::new() }
    }

    #[test]
    fn what_a_release_lacks_is_listed_and_a_failure_is_loud() {
        let lacks = Outcome::LeftOut("actions came with Terraform 1.14".to_owned());
        let columns = [
            column("1.15.5", &[("act::a", Outcome::Passed), ("act::b", Outcome::Failed)]),
            column("1.9.8", &[("act::a", lacks.clone()), ("act::b", Outcome::Passed), ("odd::c", lacks)]),
        ];
        let table = table(&columns);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "| tests   | 1.15.5            | 1.9.8      |");
        assert_eq!(lines[2], "| `act`   | 1 of 2 FAILED     | 1 of 2     |");
        assert_eq!(lines[3], "| `odd`   | –                 | 0 of 1     |");
        assert_eq!(lines[4], "| **all** | **1 of 2 FAILED** | **1 of 3** |");
        assert_eq!(total(&columns[0]), "1.15.5: 1 passed, 1 FAILED");
        let expected = "- actions came with Terraform 1.14. Left out on 1.9.8:\n  - `act::a`\n  - `odd::c`\n";
        assert_eq!(left_out(&columns), expected);
    }
}
