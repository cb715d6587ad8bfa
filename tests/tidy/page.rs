//! What `docs/ARCHITECTURE.md` lays down, read from its tables.

use std::collections::BTreeMap;

/// One row of the layer table.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Layer {
    /// The other modules it may use: exactly those that it does.
    pub(crate) may_use: Vec<String>,
    /// Words that its code never says.
    pub(crate) never_says: Vec<String>,
}

/// The layer table: the cells in the order module, may use, never says; names stand in backticks.
pub(crate) fn layers(page: &str) -> BTreeMap<String, Layer> {
    rows(page, "## The layers")
        .filter_map(|cells| match cells.as_slice() {
            [module, uses, never] => {
                let module = code_spans(module).into_iter().next()?;
                Some((module, Layer { may_use: code_spans(uses), never_says: code_spans(never) }))
            }
            _ => None,
        })
        .collect()
}

/// The files that may be longer than the rest.
pub(crate) fn long_files(page: &str) -> Vec<String> {
    rows(page, "### Files longer than the rest")
        .filter_map(|cells| code_spans(cells.first()?).into_iter().next())
        .collect()
}

/// The cells of the table rows under a heading, without the table's own heading and rule.
fn rows<'a>(page: &'a str, heading: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    let section = page.lines().skip_while(move |line| *line != heading).skip(1);
    let section = section.take_while(|line| !line.starts_with("## ") && !line.starts_with("### "));
    section
        .filter_map(|line| line.strip_prefix('|')?.trim_end().strip_suffix('|'))
        .skip(2)
        .map(|line| line.split('|').map(str::trim).collect())
}

/// The texts between backticks.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The targets of links to files of ours: neither addresses nor places on the same page.
pub(crate) fn local_links(page: &str) -> Vec<String> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .map(str::to_owned)
        .collect()
}
