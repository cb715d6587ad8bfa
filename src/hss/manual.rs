//! The manual: what the documentation pages are made from, and the parts of guides that tables of this program tell.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use super::{HssProvider, address};
use crate::{
    client::{Permission, codes, permissions},
    clock::Clock,
    framework::docs::{Catalogue, Texts, fill, pages},
};

/// Everything that this provider offers.
pub fn catalogue(clock: Arc<dyn Clock>) -> Catalogue {
    Catalogue::of(address::TYPE, &HssProvider::new(BTreeMap::new(), clock))
}

/// All pages as they should be: those of the catalogue, and the guides among `texts` with their parts made anew.
///
/// # Errors
/// Which part of which guide is unknown or does not end.
pub fn manual(catalogue: &Catalogue, texts: &Texts) -> Result<Texts, String> {
    let parts = parts();
    let mut all = pages(catalogue, texts);
    for (path, text) in texts.iter().filter(|(path, _)| path.starts_with("docs/guides/")) {
        let filled = fill(text, &parts).map_err(|why| format!("{path}: {why}"))?;
        all.insert(path.clone(), filled);
    }
    Ok(all)
}

/// The generated parts of guides, by name.
fn parts() -> Vec<(&'static str, String)> {
    vec![
        ("codes of HSS", code_table("", codes::HSS)),
        ("codes of the gateway", code_table("APIGW.", codes::GATEWAY)),
        ("codes of the identity services", code_table("", codes::IDENTITY_CODES)),
        ("statuses", statuses()),
        ("refused credentials", hints()),
        ("refusals of the identity services", refusals()),
        ("permissions", permission_table()),
        ("policy", policy(|_| true)),
        ("policy for plans", policy(|permission| !permission.writes)),
    ]
}

fn table(heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = vec!["---".to_owned(); heading.len()];
    let heading = heading.iter().map(|cell| (*cell).to_owned()).collect();
    [heading, rule].into_iter().chain(rows).map(row).collect()
}

/// A remedy with the words that stand for the values of a case.
fn spoken(remedy: &str) -> String {
    let permission = "The user needs the [permission](permissions.md) for this call.";
    codes::filled(remedy, "ENDPOINT", "REGION", permission)
}

fn code_table(prefix: &str, rows: &[codes::Code]) -> String {
    let rows = rows.iter().map(|row| {
        let remedy = row.remedy.map_or_else(|| "see [its HTTP status](#by-http-status)".to_owned(), spoken);
        vec![format!("`{prefix}{}`", row.code), row.means.to_owned(), remedy]
    });
    table(&["code", "it means", "what to do"], rows)
}

fn range(statuses: &RangeInclusive<u16>) -> String {
    match (statuses.start(), statuses.end()) {
        (first, last) if first == last => first.to_string(),
        (100 | 400, 499) => "any other below 500".to_owned(),
        (first, last) => format!("{first} to {last}"),
    }
}

fn statuses() -> String {
    let rows = codes::STATUSES.iter().map(|row| {
        let when = if row.without_code { ", without a code" } else { "" };
        vec![format!("{}{when}", range(&row.statuses)), spoken(row.remedy)]
    });
    table(&["HTTP status", "what to do"], rows)
}

fn hints() -> String {
    let rows = codes::HINTS.iter().map(|hint| {
        let words =
            |group: &&[&str]| group.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" and ");
        let said = hint.says.iter().map(words).filter(|words| !words.is_empty()).collect::<Vec<_>>();
        let said = if said.is_empty() { "anything else".to_owned() } else { said.join(", or ") };
        vec![said, hint.remedy.to_owned()]
    });
    table(&["the answer says", "what to do"], rows)
}

fn refusals() -> String {
    let rows = codes::IDENTITY.iter().map(|row| {
        let calls = row.calls.iter().map(|call| format!("`{call}`")).collect::<Vec<_>>();
        let calls = if calls.is_empty() { "any call".to_owned() } else { calls.join(", ") };
        let remedy = row.remedy.map_or_else(|| "as for HSS, see the table above".to_owned(), spoken);
        vec![calls, range(&row.statuses), remedy]
    });
    table(&["call", "HTTP status", "what to do"], rows)
}

fn permission_table() -> String {
    let rows = permissions().map(|permission| {
        let effect = if permission.writes { "changes" } else { "reads" };
        vec![format!("`{}`", permission.operation), effect.to_owned(), listed(&actions_of(&permission))]
    });
    table(&["call", "it", "actions"], rows)
}

fn listed(actions: &[&str]) -> String {
    actions.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", ")
}

fn actions_of(permission: &Permission) -> Vec<&'static str> {
    std::iter::once(permission.action).chain(permission.depends.iter().copied()).collect()
}

/// A policy with the actions of some calls, each once.
fn policy(wanted: fn(&Permission) -> bool) -> String {
    let mut actions: Vec<&str> = Vec::new();
    for permission in permissions().filter(wanted) {
        let new: Vec<&str> =
            actions_of(&permission).into_iter().filter(|action| !actions.contains(action)).collect();
        actions.extend(new);
    }
    let lines: Vec<String> = actions.iter().map(|action| format!("        \"{action}\"")).collect();
    format!(
        "```json\n{{\n  \"Version\": \"1.1\",\n  \"Statement\": [\n    {{\n      \"Effect\": \"Allow\",\n      \"Action\": [\n{}\n      ]\n    }}\n  ]\n}}\n```",
        lines.join(",\n")
    )
}
