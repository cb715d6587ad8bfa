//! Documentation pages from schemas, in the layout and with the front matter that the Terraform Registry shows.
//!
//! Pure: examples and hand-written texts come in by their paths, pages go out by theirs. Whoever calls reads and writes
//! the files. [`faults`] says what is missing before a page can be good.

mod faults;
mod guides;
mod page;
mod schema;

use std::collections::BTreeMap;

pub use self::{
    faults::{differences, faults},
    guides::{Guide, fill, guides},
    page::pages,
};
use super::{function::Function, identity::Identity, provider::Provider, schema::Described};

/// Files of text, by their path from the root of the repository, with `/` between folders.
pub type Texts = BTreeMap<String, String>;

/// Everything that a provider offers and that has a page.
pub struct Catalogue {
    /// The name of the provider, with which type names begin.
    pub name: &'static str,
    /// Its own configuration.
    pub provider: Described,
    /// What has a schema, in the order of documentation.
    pub entries: Vec<Entry>,
    /// Its functions.
    pub functions: Vec<Function>,
}

/// One resource type, data source, list resource or action.
pub struct Entry {
    /// Which of them.
    pub sort: Sort,
    /// The full type name.
    pub name: &'static str,
    /// Its schema.
    pub described: Described,
    /// What identifies its objects; resource types only.
    pub identity: Identity,
}

/// What may have a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A resource type.
    Resource,
    /// A data source.
    DataSource,
    /// A list resource.
    List,
    /// An action.
    Action,
    /// A function.
    Function,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Resource, Self::DataSource, Self::List, Self::Action, Self::Function];

    /// The folder of its pages in `docs` and of its examples in `examples`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
            Self::List => "list-resources",
            Self::Action => "actions",
            Self::Function => "functions",
        }
    }

    /// What an example file is called: how its name begins, and how it ends.
    pub fn example_file(self) -> (&'static str, &'static str) {
        match self {
            Self::Resource => ("resource", ".tf"),
            Self::DataSource => ("data-source", ".tf"),
            Self::List => ("list-resource", ".tfquery.hcl"),
            Self::Action => ("action", ".tf"),
            Self::Function => ("function", ".tf"),
        }
    }

    /// What the Registry writes behind the name.
    fn title(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::List => "List Resource",
            Self::Action => "Action",
            Self::Function => "function",
        }
    }
}

impl Catalogue {
    /// Everything that `provider` offers.
    pub fn of<P: Provider>(name: &'static str, provider: &P) -> Self {
        let entry = |sort, name, described: &Described| Entry {
            sort,
            name,
            described: described.clone(),
            identity: Identity::default(),
        };
        let mut entries = Vec::new();
        entries.extend(provider.resources().iter().map(|resource| Entry {
            identity: resource.identity().clone(),
            ..entry(Sort::Resource, resource.name(), resource.described())
        }));
        let data_sources = provider.data_sources();
        entries.extend(data_sources.iter().map(|one| entry(Sort::DataSource, one.name(), one.described())));
        let lists = provider.lists();
        entries.extend(lists.iter().map(|one| entry(Sort::List, one.name(), one.described())));
        let actions = provider.actions();
        entries.extend(actions.iter().map(|one| entry(Sort::Action, one.name(), one.described())));
        Self {
            name,
            provider: provider.schema().described().clone(),
            entries,
            functions: provider.functions(),
        }
    }

    /// Sort and name of everything beside the provider itself.
    fn subjects(&self) -> impl Iterator<Item = (Sort, &'static str)> {
        let functions = self.functions.iter().map(|function| (Sort::Function, function.name));
        self.entries.iter().map(|entry| (entry.sort, entry.name)).chain(functions)
    }

    /// A type name without the provider's, as pages are called.
    fn short<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(self.name).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name)
    }

    /// Where the page is.
    fn path(&self, sort: Sort, name: &str) -> String {
        format!("docs/{}/{}.md", sort.folder(), self.short(name))
    }

    /// Where a text of our own is that goes into the page, if there is one.
    fn notes_path(&self, sort: Sort, name: &str) -> String {
        format!("templates/{}/{}.md", sort.folder(), self.short(name))
    }
}

/// The examples of one thing: paths and texts, the plainest first.
fn examples<'a>(sort: Sort, name: &str, texts: &'a Texts) -> Vec<(&'a str, &'a str)> {
    let (begin, end) = sort.example_file();
    let folder = format!("examples/{}/{name}/", sort.folder());
    let mut found: Vec<(&str, &str)> = texts
        .iter()
        .filter(|(path, _)| {
            path.strip_prefix(&folder).is_some_and(|file| file.starts_with(begin) && file.ends_with(end))
        })
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    found.sort_by_key(|(path, _)| path.len());
    found
}

#[cfg(test)]
mod tests;
