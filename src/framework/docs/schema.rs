//! The section Schema of a page: who may set what, and a section of its own for each nested object.

use crate::framework::{
    schema::{Attribute, Block, Inner, NestedBlock, Nesting, Presence, Shape},
    types::Type,
};

/// Nested objects that are called so have a chapter of their own.
const TIMEOUTS: &str = "timeouts";

/// The members of an object, by who may set them.
const GROUPS: [(Group, &str); 3] =
    [(Group::Required, "Required"), (Group::Optional, "Optional"), (Group::ReadOnly, "Read-Only")];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

/// The chapter, and the one about timeouts where there are any. `inside` says where the members are written.
pub(super) fn chapter(block: &Block, inside: &str) -> String {
    let mut text = "## Schema\n".to_owned();
    if !inside.is_empty() {
        text.push_str(&format!("\n{inside}\n"));
    }
    let shape = block.shape();
    members(&mut text, shape, &[], "### ", "");
    nested(&mut text, shape, &[]);
    if let Some(timeouts) = shape.inner().find(|inner| inner.name == TIMEOUTS) {
        let (anchor, path) = anchor(&timeouts, &[], shape);
        text.push_str(&format!("\n<a id=\"{anchor}\"></a>\n## Timeouts\n\nThe members of `{path}`:\n"));
        members(&mut text, timeouts.shape, &[TIMEOUTS], "", ":");
    }
    text
}

/// The list of members, each group under its heading.
fn members(text: &mut String, shape: Shape<'_>, path: &[&str], before: &str, after: &str) {
    for (group, heading) in GROUPS {
        let attributes = shape.attributes.iter().filter(|attribute| group_of(attribute) == group);
        let blocks = shape.blocks.iter().filter(|block| group_of_block(block) == group);
        let lines: Vec<String> = attributes
            .map(|attribute| attribute_line(attribute, path, shape))
            .chain(blocks.map(|block| block_line(block, path, shape)))
            .collect();
        if !lines.is_empty() {
            text.push_str(&format!("\n{before}{heading}{after}\n\n{}\n", lines.join("\n")));
        }
    }
}

/// A section for each member that holds objects, each followed by those inside it.
fn nested(text: &mut String, shape: Shape<'_>, path: &[&str]) {
    for inner in shape.inner().filter(|inner| !(path.is_empty() && inner.name == TIMEOUTS)) {
        let (anchor, name) = anchor(&inner, path, shape);
        text.push_str(&format!("\n<a id=\"{anchor}\"></a>\n### Nested Schema for `{name}`\n"));
        let below = [path, &[inner.name]].concat();
        members(text, inner.shape, &below, "", ":");
        nested(text, inner.shape, &below);
    }
}

/// Where the section of a nested object is, and what it is called.
fn anchor(inner: &Inner<'_>, path: &[&str], outer: Shape<'_>) -> (String, String) {
    let is_block = outer.blocks.iter().any(|block| block.name == inner.name);
    let whole = [path, &[inner.name]].concat();
    let kind = if is_block { "nestedblock" } else { "nestedatt" };
    (format!("{kind}--{}", whole.join("--")), whole.join("."))
}

fn attribute_line(attribute: &Attribute, path: &[&str], outer: Shape<'_>) -> String {
    let rule = &attribute.rule;
    let mut words = vec![match attribute.inner() {
        None => type_words(&attribute.ty()),
        Some(inner) => format!("Attributes{}", collection(inner.nesting)),
    }];
    let marks = [
        (rule.sensitive, "Sensitive"),
        (rule.write_only, "Write-only"),
        (rule.deprecated.is_some(), "Deprecated"),
    ];
    words.extend(marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| (*mark).to_owned()));
    let mut sentences = vec![attribute.description.clone()];
    sentences.extend(rule.replaces.then(|| "Changing it makes another object.".to_owned()));
    sentences.extend(rule.deprecated.map(str::to_owned));
    sentences.extend(attribute.inner().map(|inner| below(&inner, path, outer)));
    line(attribute.name, &words, &sentences)
}

fn block_line(block: &NestedBlock, path: &[&str], outer: Shape<'_>) -> String {
    let mut words = vec![format!("Block{}", collection(block.nesting))];
    words.extend((block.min_items > 0).then(|| format!("Min: {}", block.min_items)));
    words.extend((block.max_items > 0).then(|| format!("Max: {}", block.max_items)));
    line(block.name, &words, &[block.block.description.clone(), below(&block.inner(), path, outer)])
}

fn line(name: &str, words: &[String], sentences: &[String]) -> String {
    format!("- `{name}` ({}) {}", words.join(", "), sentences.join(" ")).trim_end().to_owned()
}

fn below(inner: &Inner<'_>, path: &[&str], outer: Shape<'_>) -> String {
    format!("(see [below for nested schema](#{}))", anchor(inner, path, outer).0)
}

fn group_of(attribute: &Attribute) -> Group {
    match attribute.rule.presence {
        Presence::Required => Group::Required,
        Presence::Optional | Presence::OptionalComputed => Group::Optional,
        Presence::Computed => Group::ReadOnly,
    }
}

/// Blocks have no rule: theirs follows from how many there must be, and from what is in them.
fn group_of_block(block: &NestedBlock) -> Group {
    let shape = block.block.shape();
    let writable = shape.any(|rule| rule.presence != Presence::Computed);
    match (block.min_items > 0, writable) {
        (true, _) => Group::Required,
        (false, true) => Group::Optional,
        (false, false) => Group::ReadOnly,
    }
}

fn collection(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::Single | Nesting::Group => "",
        Nesting::List => " List",
        Nesting::Set => " Set",
        Nesting::Map => " Map",
    }
}

/// A type in the words of the Registry.
pub(super) fn type_words(ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(of) => format!("List of {}", type_words(of)),
        Type::Set(of) => format!("Set of {}", type_words(of)),
        Type::Map(of) => format!("Map of {}", type_words(of)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

/// A type as a configuration writes it.
pub(super) fn type_notation(ty: &Type) -> String {
    match ty {
        Type::String => "string".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Dynamic => "any".to_owned(),
        Type::List(of) => format!("list({})", type_notation(of)),
        Type::Set(of) => format!("set({})", type_notation(of)),
        Type::Map(of) => format!("map({})", type_notation(of)),
        Type::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, ty)| format!("{name} = {}", type_notation(ty))).collect();
            format!("object({{ {} }})", members.join(", "))
        }
        Type::Tuple(members) => {
            format!("tuple([{}])", members.iter().map(type_notation).collect::<Vec<_>>().join(", "))
        }
    }
}
