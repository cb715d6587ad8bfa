//! Whole pages: front matter, description, examples, schema, import.

use super::{
    Catalogue, Entry, Sort, Texts, examples,
    guides::guides,
    schema::{chapter, type_notation, type_words},
};
use crate::framework::{
    function::Function,
    identity::{Identity, IdentityAttribute},
    schema::Block,
};

/// Said at the top of each page, for whoever opens the file.
const ORIGIN: &str = "# Written by `cargo docs` from the schema, examples/ and templates/. Edit those.";
const IMPORT_BLOCK: &str = "[`import` block](https://developer.hashicorp.com/terraform/language/import)";

/// All pages of a catalogue, by path. `texts` has the examples, the texts of our own and the guides.
pub fn pages(catalogue: &Catalogue, texts: &Texts) -> Texts {
    let mut pages = Texts::new();
    pages.insert("docs/index.md".to_owned(), index(catalogue, texts));
    for entry in &catalogue.entries {
        pages.insert(catalogue.path(entry.sort, entry.name), of_entry(catalogue, entry, texts));
    }
    for function in &catalogue.functions {
        pages.insert(catalogue.path(Sort::Function, function.name), of_function(catalogue, function, texts));
    }
    pages
}

fn index(catalogue: &Catalogue, texts: &Texts) -> String {
    let name = catalogue.name;
    let description = &catalogue.provider.block.description;
    let mut text = opening(&format!("{name} Provider"), description, &format!("{name} Provider"));
    let example = texts.get("examples/provider/provider.tf").map(|text| code("terraform", text));
    push_examples(&mut text, example.into_iter());
    push_notes(&mut text, texts.get("templates/index.md"));
    push_contents(&mut text, catalogue);
    let list: Vec<String> = guides(texts)
        .into_iter()
        .map(|guide| format!("- [{}](guides/{}.md): {}", guide.title, guide.name, guide.description))
        .collect();
    if !list.is_empty() {
        text.push_str(&format!("\n## Guides\n\n{}\n", list.join("\n")));
    }
    text.push('\n');
    text.push_str(&chapter(&catalogue.provider.block, ""));
    text
}

/// What the provider offers, each with the first sentence of its description.
fn push_contents(text: &mut String, catalogue: &Catalogue) {
    let entries = catalogue
        .entries
        .iter()
        .map(|entry| (entry.sort, entry.name, entry.described.block.description.as_str()));
    let functions =
        catalogue.functions.iter().map(|function| (Sort::Function, function.name, function.summary));
    let rows: String = entries
        .chain(functions)
        .map(|(sort, name, description)| {
            let path = catalogue.path(sort, name);
            let link = path.strip_prefix("docs/").unwrap_or(&path);
            let sentence = description.split_once(". ").map_or(description, |(first, _)| first);
            let kind = sort.title().to_lowercase();
            let cell = sentence.trim_end_matches('.').replace('|', "\\|");
            format!("| [{name}]({link}) | {kind} | {cell} |\n")
        })
        .collect();
    text.push_str(&format!(
        "\n## What there is\n\n| name | kind | what it does |\n| --- | --- | --- |\n{rows}"
    ));
}

fn of_entry(catalogue: &Catalogue, entry: &Entry, texts: &Texts) -> String {
    let Entry { sort, name, described, identity } = entry;
    let title = sort.title();
    let heading = format!("{name} ({title})");
    let mut text =
        opening(&format!("{name} {title} - {}", catalogue.name), &described.block.description, &heading);
    push_examples(&mut text, fenced(*sort, name, texts));
    push_notes(&mut text, texts.get(&catalogue.notes_path(*sort, name)));
    text.push('\n');
    text.push_str(&chapter(&described.block, inside(*sort)));
    if *sort == Sort::Resource {
        push_import(&mut text, name, identity, &described.block, texts);
    }
    text
}

/// Where the members of the schema are written, if it is not the outermost block.
fn inside(sort: Sort) -> &'static str {
    match sort {
        Sort::Resource | Sort::DataSource | Sort::Function => "",
        Sort::Action => "These are the members of the `config` block.",
        Sort::List => {
            "These are the members of the `config` block. `provider`, `limit` and `include_resource` stand beside that \
             block and are Terraform's own; without `limit` it takes the first hundred."
        }
    }
}

fn of_function(catalogue: &Catalogue, function: &Function, texts: &Texts) -> String {
    let name = function.name;
    let mut text = opening(
        &format!("{name} function - {}", catalogue.name),
        function.summary,
        &format!("function: {name}"),
    );
    if function.description != function.summary {
        text.push_str(&format!("\n{}\n", function.description));
    }
    push_examples(&mut text, fenced(Sort::Function, name, texts));
    push_notes(&mut text, texts.get(&catalogue.notes_path(Sort::Function, name)));
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| format!("{} {}", parameter.name, type_notation(&parameter.ty)))
        .collect();
    let signature = format!("{name}({}) {}", parameters.join(", "), type_notation(&function.returns));
    text.push_str(&format!("\n## Signature\n\n{}", code("text", &signature)));
    text.push_str("\n## Arguments\n\n");
    for (number, parameter) in (1..).zip(&function.parameters) {
        let words = type_words(&parameter.ty);
        text.push_str(&format!("{number}. `{}` ({words}) {}\n", parameter.name, parameter.description));
    }
    text.push_str(&format!("\n## Return Type\n\n`{}`\n", type_notation(&function.returns)));
    text
}

fn opening(title: &str, description: &str, heading: &str) -> String {
    let indented: Vec<String> =
        description.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect();
    format!(
        "---\n{ORIGIN}\npage_title: \"{title}\"\nsubcategory: \"\"\ndescription: |-\n{}\n---\n\n# {heading}\n\n{description}\n",
        indented.join("\n")
    )
}

fn code(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n", text.trim_end())
}

fn fenced(sort: Sort, name: &str, texts: &Texts) -> impl Iterator<Item = String> {
    examples(sort, name, texts).into_iter().map(|(_, text)| code("terraform", text))
}

fn push_examples(text: &mut String, mut examples: impl Iterator<Item = String>) {
    let Some(first) = examples.next() else { return };
    text.push_str(&format!("\n## Example Usage\n\n{first}"));
    for further in examples {
        text.push_str(&format!("\n{further}"));
    }
}

fn push_notes(text: &mut String, notes: Option<&String>) {
    if let Some(notes) = notes {
        text.push_str(&format!("\n{}\n", notes.trim()));
    }
}

/// The ways to import, the newest last: everybody has the first.
fn push_import(text: &mut String, name: &str, identity: &Identity, block: &Block, texts: &Texts) {
    let file = |file: &str| texts.get(&format!("examples/resources/{name}/{file}"));
    let mut ways = Vec::new();
    if let Some(example) = file("import.sh") {
        ways.push(format!("By command:\n\n{}", code("shell", example)));
    }
    if let Some(example) = file("import-by-string-id.tf") {
        ways.push(format!(
            "By an {IMPORT_BLOCK} with the `id` (Terraform and OpenTofu 1.5 and newer):\n\n{}",
            code("terraform", example)
        ));
    }
    if let Some(example) = file("import-by-identity.tf") {
        let members: String = [(true, "Required"), (false, "Optional")]
            .into_iter()
            .map(|(required, heading)| identity_members(identity, block, required, heading))
            .collect();
        ways.push(format!(
            "By an {IMPORT_BLOCK} with the `identity` (Terraform 1.12 and newer):\n\n{}\n### Identity Schema\n{members}",
            code("terraform", example)
        ));
    }
    if !ways.is_empty() {
        text.push_str(&format!("\n## Import\n\n{}", ways.join("\n")));
    }
}

fn identity_members(identity: &Identity, block: &Block, required: bool, heading: &str) -> String {
    let line = |own: &IdentityAttribute| {
        let attribute = block.attributes.iter().find(|attribute| attribute.name == own.name);
        let words = attribute.map_or_else(String::new, |attribute| type_words(&attribute.ty()));
        format!("- `{}` ({words}) {}\n", own.name, own.description)
    };
    let members: String =
        identity.attributes.iter().filter(|own| own.required == required).map(line).collect();
    if members.is_empty() { members } else { format!("\n#### {heading}\n\n{members}") }
}
