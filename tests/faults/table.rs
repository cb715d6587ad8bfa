//! The table: a row for each family of trouble, and a digest by which two machines can be compared.

use std::{collections::BTreeMap, fmt::Write};

use sha2::{Digest, Sha256};

use crate::{
    attack::Family,
    judge::Finding,
    life::{Chapter, Story},
};

#[derive(Default)]
struct Row {
    commands: u64,
    injected: u64,
    survived: u64,
    told: u64,
    findings: BTreeMap<Finding, u64>,
}

#[derive(Default)]
pub(crate) struct Table {
    rows: BTreeMap<Family, Row>,
    kinds: BTreeMap<String, u64>,
    verdicts: BTreeMap<u64, String>,
}

impl Row {
    fn add(&mut self, chapter: &Chapter) {
        self.commands += 1;
        self.injected += chapter.injected.values().sum::<u64>();
        match &chapter.verdict {
            Err((finding, _)) => *self.findings.entry(*finding).or_default() += 1,
            Ok(()) if chapter.survived => self.survived += 1,
            Ok(()) => self.told += 1,
        }
    }

    fn found(&self, findings: &[Finding]) -> u64 {
        findings.iter().filter_map(|finding| self.findings.get(finding)).sum()
    }
}

impl Table {
    pub(crate) fn add(&mut self, story: &Story) {
        let mut verdict = String::new();
        for chapter in &story.chapters {
            self.rows.entry(chapter.family).or_default().add(chapter);
            for (kind, count) in &chapter.injected {
                *self.kinds.entry(kind.clone()).or_default() += count;
            }
            let word = chapter.verdict.as_ref().map_or_else(|(finding, _)| finding.name(), |()| "kept");
            let _ = write!(verdict, "{word} ");
        }
        self.verdicts.insert(story.seed, verdict);
    }

    pub(crate) fn seeds(&self) -> u64 {
        self.verdicts.len() as u64
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.rows.values().all(|row| row.findings.is_empty())
    }

    pub(crate) fn render(&self) -> String {
        let head =
            ["trouble", "commands", "faults", "survived", "told", "lost", "orphaned", "doubled", "other"];
        let mut text = String::from("\n");
        let line = |text: &mut String, name: &str, cells: &[String]| {
            let _ = write!(text, "{name:<32}");
            for cell in cells {
                let _ = write!(text, "{cell:>10}");
            }
            text.push('\n');
        };
        line(&mut text, head[0], &head[1..].iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let mut sum = Row::default();
        for (family, row) in &self.rows {
            line(&mut text, family.name(), &row.cells());
            sum.commands += row.commands;
            sum.injected += row.injected;
            sum.survived += row.survived;
            sum.told += row.told;
            for (finding, count) in &row.findings {
                *sum.findings.entry(*finding).or_default() += count;
            }
        }
        line(&mut text, "all", &sum.cells());
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let _ = write!(text, "\nfaults by kind: {}\n", kinds.join(", "));
        text.push_str(
            "survived: the command succeeded all the same. told: it failed and said so. After each, one more apply arrived,\n\
             the plan was empty, and the last destroy left nothing; else it counts as lost, orphaned, doubled or other.\n",
        );
        let verdicts: String =
            self.verdicts.iter().map(|(seed, verdict)| format!("{seed} {verdict}\n")).collect();
        let digest = Sha256::digest(verdicts.as_bytes());
        let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(text, "digest of the verdicts: {short}");
        text
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let numbers = [
            self.commands,
            self.injected,
            self.survived,
            self.told,
            self.found(&[Finding::Lost]),
            self.found(&[Finding::Orphaned]),
            self.found(&[Finding::Doubled]),
            self.found(&[Finding::Stuck, Finding::Bug, Finding::Hung]),
        ];
        numbers.map(|number| number.to_string()).to_vec()
    }
}
