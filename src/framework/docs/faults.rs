//! What stands between a provider and good pages: things without a word of description, an example or a page.

use std::collections::BTreeSet;

use super::{Catalogue, Entry, Sort, Texts, examples, guides::guides};
use crate::framework::schema::{Attribute, Kind, Shape};

/// Everything that is missing or superfluous, in sentences; none when pages can be good.
pub fn faults(catalogue: &Catalogue, texts: &Texts) -> Vec<String> {
    let mut faults = Faults::default();
    faults.say("the provider", &catalogue.provider.block.description);
    faults.members("the provider", catalogue.provider.block.shape());
    if !texts.contains_key("examples/provider/provider.tf") {
        faults.push("the provider has no example: examples/provider/provider.tf".to_owned());
    }
    for entry in &catalogue.entries {
        let what = format!("the {} {}", entry.sort.title().to_lowercase(), entry.name);
        faults.say(&what, &entry.described.block.description);
        faults.members(&what, entry.described.block.shape());
        for own in &entry.identity.attributes {
            faults.say(&format!("{what}: identity {}", own.name), own.description);
        }
        if entry.sort == Sort::Resource {
            faults.imports(entry, texts);
        }
    }
    for function in &catalogue.functions {
        let what = format!("the function {}", function.name);
        faults.say(&what, function.summary);
        faults.say(&what, function.description);
        for parameter in &function.parameters {
            faults.say(&format!("{what}: {}", parameter.name), parameter.description);
        }
    }
    for (sort, name) in catalogue.subjects() {
        faults.example(catalogue, sort, name, texts);
    }
    faults.orphans(catalogue, texts);
    faults.guides(texts);
    faults.0
}

/// How the pages that are there differ from those that should be. `found` may hold more than pages.
pub fn differences(expected: &Texts, found: &Texts) -> Vec<String> {
    let mut differences = Vec::new();
    for (path, text) in expected {
        match found.get(path) {
            None => differences.push(format!("{path} is not there")),
            Some(there) if there == text => {}
            Some(there) => {
                let line = there.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
                let (is, should) =
                    (there.lines().nth(line).unwrap_or("(end)"), text.lines().nth(line).unwrap_or("(end)"));
                differences.push(format!("{path}:{} is {is:?} and should be {should:?}", line + 1));
            }
        }
    }
    let of_something = |path: &str| {
        Sort::ALL.iter().any(|sort| path.starts_with(&format!("docs/{}/", sort.folder())))
            && path.ends_with(".md")
    };
    let stale = found.keys().filter(|path| of_something(path) && !expected.contains_key(*path));
    differences.extend(stale.map(|path| format!("{path} is about something that there is not")));
    differences
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn push(&mut self, fault: String) {
        self.0.push(fault);
    }

    /// A description is there, and is a sentence.
    fn say(&mut self, what: &str, description: &str) {
        if description.trim().is_empty() {
            self.push(format!("{what} has no description"));
        } else if !description.trim_end().ends_with(['.', '`']) {
            self.push(format!("{what}: the description does not end like a sentence"));
        }
    }

    /// The same for everything inside.
    fn members(&mut self, what: &str, shape: Shape<'_>) {
        for attribute in shape.attributes {
            let named = format!("{what}: {}", attribute.name);
            self.say(&named, &attribute.description);
            self.tells_default(&named, attribute);
            if let Kind::Nested(_, attributes) = &attribute.kind {
                self.members(&named, Shape { attributes, blocks: &[] });
            }
        }
        for block in shape.blocks {
            let named = format!("{what}: {}", block.name);
            self.say(&named, &block.block.description);
            self.members(&named, block.block.shape());
        }
    }

    fn tells_default(&mut self, what: &str, attribute: &Attribute) {
        if attribute.rule.default.is_some() && !attribute.description.contains("default") {
            self.push(format!("{what}: the description does not tell the default"));
        }
    }

    fn example(&mut self, catalogue: &Catalogue, sort: Sort, name: &str, texts: &Texts) {
        let shown = match sort {
            Sort::Resource => format!("resource \"{name}\" "),
            Sort::DataSource => format!("data \"{name}\" "),
            Sort::List => format!("list \"{name}\" "),
            Sort::Action => format!("action \"{name}\" "),
            Sort::Function => format!("provider::{}::{name}(", catalogue.name),
        };
        let (begin, end) = sort.example_file();
        let path = format!("examples/{}/{name}/{begin}{end}", sort.folder());
        match examples(sort, name, texts).first() {
            Some((found, text)) if *found == path => {
                if !text.contains(&shown) {
                    self.push(format!("{path} does not show {}", shown.trim()));
                }
            }
            _ => self.push(format!("{name} has no example: {path}")),
        }
    }

    fn imports(&mut self, entry: &Entry, texts: &Texts) {
        let to = format!("{}.", entry.name);
        let mut ways = vec![
            ("import.sh", format!("terraform import {to}")),
            ("import-by-string-id.tf", "id ".to_owned()),
        ];
        if entry.identity.is_offered() {
            ways.push(("import-by-identity.tf", "identity = {".to_owned()));
        }
        let declared = |label: &str| format!("resource \"{}\" \"{label}", entry.name);
        let plain = examples(entry.sort, entry.name, texts).first().map(|(_, text)| *text);
        let plain = plain.filter(|text| text.contains(&declared("")));
        for (file, shown) in ways {
            let path = format!("examples/resources/{}/{file}", entry.name);
            match texts.get(&path) {
                None => self.push(format!("{} has no example of an import: {path}", entry.name)),
                Some(text) if !text.contains(&shown) || !text.contains(&to) => {
                    self.push(format!("{path} does not show an import of {}", entry.name));
                }
                Some(text) => {
                    // `terraform validate` does not look whether what is imported is there.
                    let label = |rest: &str| {
                        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned)
                    };
                    let labels: BTreeSet<String> = text.split(&to).skip(1).filter_map(label).collect();
                    let strange = labels.into_iter().filter(|label| {
                        plain.is_some_and(|text| !text.contains(&format!("{}\"", declared(label))))
                    });
                    self.0.extend(strange.map(|label| {
                        format!("{path} imports {to}{label}, which the plain example does not have")
                    }));
                }
            }
        }
    }

    /// Examples and texts of things that there are not, or not any more.
    fn orphans(&mut self, catalogue: &Catalogue, texts: &Texts) {
        let subjects: BTreeSet<(&str, &str)> =
            catalogue.subjects().map(|(sort, name)| (sort.folder(), name)).collect();
        let notes: BTreeSet<String> =
            catalogue.subjects().map(|(sort, name)| catalogue.notes_path(sort, name)).collect();
        for path in texts.keys() {
            let example = path.strip_prefix("examples/").and_then(|rest| rest.split_once('/'));
            let folder = example.and_then(|(folder, rest)| Some((folder, rest.split_once('/')?.0)));
            let known = Sort::ALL.iter().any(|sort| folder.is_some_and(|(kind, _)| kind == sort.folder()));
            if known && folder.is_some_and(|folder| !subjects.contains(&folder)) {
                self.push(format!("{path} is an example of something that there is not"));
            }
            if path.starts_with("templates/") && path != "templates/index.md" && !notes.contains(path) {
                self.push(format!("{path} belongs to no page"));
            }
        }
    }

    fn guides(&mut self, texts: &Texts) {
        for guide in guides(texts) {
            let path = format!("docs/guides/{}.md", guide.name);
            for (key, value) in [("page_title", &guide.title), ("description", &guide.description)] {
                if value.is_empty() {
                    self.push(format!("{path} has no {key} in its front matter"));
                }
            }
        }
    }
}
