//! The table of arguments in `docs/guides/beside-huaweicloud.md` against the schema and the variables of the code.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it is a test")]

use std::{collections::BTreeMap, sync::Arc};

use terraform_provider_hss::{
    clock::SystemClock,
    framework::{
        provider::Provider,
        schema::{Attribute, Block, Nesting, Presence},
        types::Type,
    },
    hss::{HssProvider, config},
};

/// Kind, sensitivity and variables of an argument.
type Row = (String, bool, Vec<String>);

/// The rows of the table, by argument.
fn page() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string("docs/guides/beside-huaweicloud.md").unwrap();
    let table = text.split("| argument | kind |").nth(1).unwrap();
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [argument, kind, sensitive, variables, note] = cells[..] else { panic!("{line}") };
            assert!(!note.is_empty(), "{line}");
            let names = variables.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (argument.trim_matches('`').to_owned(), (kind.to_owned(), sensitive == "yes", names))
        })
        .collect()
}

fn kind(ty: &Type) -> &'static str {
    let text = Box::new(Type::String);
    match ty {
        Type::String => "string",
        Type::Number => "number",
        Type::Bool => "bool",
        Type::Map(of) if *of == text => "map of string",
        Type::List(of) if *of == text => "list of string",
        other => panic!("{other:?}"),
    }
}

fn attributes(attributes: &[Attribute], outer: &str, rows: &mut BTreeMap<String, Row>) {
    for attribute in attributes {
        // Whoever pastes a block has no more of it than the other provider asks for.
        assert_eq!(attribute.rule.presence, Presence::Optional, "{}", attribute.name);
        let name = format!("{outer}{}", attribute.name);
        let variables: Vec<String> = config::variables(&name).iter().map(|name| (*name).to_owned()).collect();
        for variable in &variables {
            assert!(attribute.description.contains(&format!("`{variable}`")), "{name}: {variable}");
        }
        rows.insert(name, (kind(&attribute.ty()).to_owned(), attribute.rule.sensitive, variables));
    }
}

/// The same as the schema has it.
fn code(block: &Block) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    attributes(&block.attributes, "", &mut rows);
    for inner in &block.blocks {
        assert_eq!(inner.nesting, Nesting::List, "{}", inner.name);
        let kind = if inner.max_items == 1 { "block" } else { "blocks" };
        rows.insert(inner.name.to_owned(), (kind.to_owned(), false, Vec::new()));
        attributes(&inner.block.attributes, &format!("{}.", inner.name), &mut rows);
    }
    rows
}

#[test]
fn the_page_lists_every_argument_as_the_code_has_it() {
    let provider = HssProvider::new(BTreeMap::new(), Arc::new(SystemClock));
    let (page, code) = (page(), code(&provider.schema().described().block));
    for (argument, row) in &page {
        assert_eq!(code.get(argument), Some(row), "{argument}");
    }
    assert_eq!(page.keys().collect::<Vec<_>>(), code.keys().collect::<Vec<_>>());
}
