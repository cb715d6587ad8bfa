//! Typed models: the rows that tie each attribute to a field.
//!
//! A row says path, field, rule and documentation once. From the rows come the schema, the reading of values into
//! a model and the writing back, so that a resource never touches an untyped value.

use std::sync::Arc;

pub use super::{
    collection::{Held, Set},
    typed::Typed,
};
use super::{
    diag::{Diagnostic, Diagnostics},
    path::Path,
    schema::{Attribute, Block, Described, Kind, NestedBlock, Nesting, Rule},
    value::Value,
};

/// One field: null, not yet known, or known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// To be known later.
    Unknown,
    /// Set.
    Known(T),
}

impl<T> Attr<T> {
    /// The value, when there is one that is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The value, or a diagnostic that blames us: core guarantees the value at the places where this is called.
    pub fn require(&self, path: Path) -> Result<&T, Diagnostics> {
        self.known().ok_or_else(|| {
            let what = format!("The value of {path} was needed and is not there.");
            Diagnostic::our_bug(what).at(path).into()
        })
    }
}

impl<T> From<Option<T>> for Attr<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

type Load<M> = Box<dyn Fn(&mut M, Value, &Path, &mut Diagnostics) + Send + Sync>;
type Store<M> = Box<dyn Fn(&mut M) -> Value + Send + Sync>;

struct Field<M> {
    path: Path,
    load: Load<M>,
    store: Store<M>,
}

/// The rows of a model, and from them its schema.
pub struct Schema<M> {
    described: Described,
    fields: Vec<Field<M>>,
}

impl<M: Clone + Default + Send + Sync + 'static> Schema<M> {
    /// No rows yet. `description` is for the user, in Markdown.
    pub fn new(description: impl Into<String>) -> Self {
        let block = Block { description: description.into(), ..Block::default() };
        Self { described: Described { version: 0, block }, fields: Vec::new() }
    }

    /// Says that stored state has this version; without it, that is 0.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.described.version = version;
        self
    }

    /// The schema, untyped.
    pub fn described(&self) -> &Described {
        &self.described
    }

    /// Adds an attribute of a plain type.
    #[must_use]
    pub fn attr<T: Typed>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<T>,
        rule: Rule,
        description: impl Into<String>,
    ) -> Self {
        let name = root_name(&path);
        let kind = Kind::Plain(T::ty());
        self.described.block.attributes.push(Attribute { name, kind, rule, description: description.into() });
        self.fields.push(Field {
            path,
            load: Box::new(move |model, value, at, diagnostics| match Attr::load(value) {
                Ok(loaded) => *field(model) = loaded,
                Err(why) => diagnostics.push(Diagnostic::error(format!("Invalid {at}"), why).at(at.clone())),
            }),
            store: Box::new(move |model| field(model).clone().store()),
        });
        self
    }

    /// Adds an attribute that holds one object with attributes of its own.
    #[must_use]
    pub fn nested<N: Clone + Default + Send + Sync + 'static>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<N>,
        rule: Rule,
        rows: Schema<N>,
        description: impl Into<String>,
    ) -> Self {
        self.describe_nested(&path, Nesting::Single, rule, &rows, description.into());
        self.one(path, field, rows, Value::Null)
    }

    /// Adds an attribute that holds several such objects, in a list, a set or a map as the field has it.
    #[must_use]
    pub fn nested_in<H: Held>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<H>,
        rule: Rule,
        rows: Schema<H::Object>,
        description: impl Into<String>,
    ) -> Self {
        self.describe_nested(&path, H::NESTING, rule, &rows, description.into());
        self.many(path, field, rows, || Value::Null)
    }

    /// Adds a block that may be there once. As a group it is always there, with nothing set in it.
    #[must_use]
    pub fn block<N: Clone + Default + Send + Sync + 'static>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<N>,
        rows: Schema<N>,
        group: bool,
    ) -> Self {
        let nesting = if group { Nesting::Group } else { Nesting::Single };
        let absent = if group { rows.described.block.absent() } else { Value::Null };
        self.describe_blocks(&path, nesting, &rows, 0);
        self.one(path, field, rows, absent)
    }

    /// Adds blocks of one name, held in a list, a set or a map as the field has it. `max_items` 0 is no limit.
    #[must_use]
    pub fn blocks<H: Held>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<H>,
        rows: Schema<H::Object>,
        max_items: i64,
    ) -> Self {
        self.describe_blocks(&path, H::NESTING, &rows, max_items);
        self.many(path, field, rows, H::nothing)
    }

    fn describe_nested<N>(
        &mut self,
        path: &Path,
        nesting: Nesting,
        rule: Rule,
        rows: &Schema<N>,
        description: String,
    ) {
        let kind = Kind::Nested(nesting, rows.described.block.attributes.clone());
        self.described.block.attributes.push(Attribute { name: root_name(path), kind, rule, description });
    }

    fn describe_blocks<N>(&mut self, path: &Path, nesting: Nesting, rows: &Schema<N>, max_items: i64) {
        let (name, block) = (root_name(path), rows.described.block.clone());
        self.described.block.blocks.push(NestedBlock { name, nesting, block, min_items: 0, max_items });
    }

    /// A field of one object. `absent` is written where there is none.
    fn one<N: Clone + Default + Send + Sync + 'static>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<N>,
        rows: Schema<N>,
        absent: Value,
    ) -> Self {
        let reader = Arc::new(rows);
        let writer = Arc::clone(&reader);
        self.fields.push(Field {
            path,
            load: Box::new(move |model, value, at, diagnostics| {
                *field(model) = reader.load_one(value, at, diagnostics);
            }),
            store: Box::new(move |model| match field(model).clone() {
                Attr::Null => absent.clone(),
                there => writer.store_one(there),
            }),
        });
        self
    }

    /// A field of several objects. `absent` is written where there are none.
    fn many<H: Held>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<H>,
        rows: Schema<H::Object>,
        absent: fn() -> Value,
    ) -> Self {
        let reader = Arc::new(rows);
        let writer = Arc::clone(&reader);
        self.fields.push(Field {
            path,
            load: Box::new(move |model, value, at, diagnostics| {
                *field(model) = match value {
                    Value::Null => Attr::Null,
                    Value::Unknown(_) => Attr::Unknown,
                    known => Attr::Known(H::load(known, &reader, at, diagnostics)),
                };
            }),
            store: Box::new(move |model| match field(model).clone() {
                Attr::Null => absent(),
                Attr::Unknown => Value::UNKNOWN,
                Attr::Known(all) => all.store(&writer),
            }),
        });
        self
    }

    /// Reads an object into a model. What does not fit is said and left null.
    pub fn load(&self, value: Value, diagnostics: &mut Diagnostics) -> M {
        self.read(value, None, diagnostics)
    }

    /// Writes a model as an object with every attribute and block.
    pub fn store(&self, model: M) -> Value {
        self.write(model)
    }

    fn read(&self, value: Value, at: Option<&Path>, diagnostics: &mut Diagnostics) -> M {
        let mut model = M::default();
        let Value::Map(mut members) = value else { return model };
        for field in &self.fields {
            let name = field.path.name();
            let path = match at {
                Some(outer) => outer.clone().attribute(name.to_owned()),
                None => field.path.clone(),
            };
            let value = members.remove(name).unwrap_or_default();
            (field.load)(&mut model, value, &path, diagnostics);
        }
        model
    }

    fn write(&self, mut model: M) -> Value {
        let members = self.fields.iter().map(|field| {
            let value = (field.store)(&mut model);
            (field.path.name().to_owned(), value)
        });
        Value::Map(members.collect())
    }

    pub(super) fn load_one(&self, value: Value, at: &Path, diagnostics: &mut Diagnostics) -> Attr<M> {
        match value {
            Value::Null => Attr::Null,
            Value::Unknown(_) => Attr::Unknown,
            known => Attr::Known(self.read(known, Some(at), diagnostics)),
        }
    }

    pub(super) fn store_one(&self, model: Attr<M>) -> Value {
        match model {
            Attr::Null => Value::Null,
            Attr::Unknown => Value::UNKNOWN,
            Attr::Known(model) => self.write(model),
        }
    }
}

pub(super) fn root_name(path: &Path) -> &'static str {
    match path.steps().next() {
        Some(super::path::Step::Attribute(std::borrow::Cow::Borrowed(name))) => name,
        _ => unreachable!("rows are declared with Path::root"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::framework::{
        check::check,
        schema::{optional, required},
    };

    #[derive(Clone, Default, Debug, PartialEq)]
    struct Inner {
        create: Attr<String>,
    }

    #[derive(Clone, Default, Debug, PartialEq)]
    struct Model {
        name: Attr<String>,
        port: Attr<i64>,
        tags: Attr<BTreeMap<String, Attr<String>>>,
        timeouts: Attr<Inner>,
        roles: Attr<Vec<Attr<Inner>>>,
    }

    fn inner() -> Schema<Inner> {
        Schema::new("").attr(Path::root("create"), |m: &mut Inner| &mut m.create, optional().text(no_dot), "")
    }

    fn no_dot(text: &str) -> Result<(), String> {
        if text.contains('.') { Err("No dots, please.".to_owned()) } else { Ok(()) }
    }

    fn schema() -> Schema<Model> {
        Schema::<Model>::new("A thing.")
            .attr(Path::root("name"), |m| &mut m.name, required().text(no_dot), "")
            .attr(Path::root("port"), |m| &mut m.port, optional(), "")
            .attr(Path::root("tags"), |m| &mut m.tags, optional(), "")
            .nested(Path::root("timeouts"), |m| &mut m.timeouts, optional(), inner(), "")
            .blocks(Path::root("roles"), |m| &mut m.roles, inner(), 0)
    }

    fn object(members: &[(&str, Value)]) -> Value {
        Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    #[test]
    fn a_model_survives_the_round_trip_with_nulls_and_unknowns() {
        let value = object(&[
            ("name", "a".into()),
            ("port", Value::UNKNOWN),
            ("tags", object(&[("k", Value::UNKNOWN)])),
            ("timeouts", object(&[("create", "10m".into())])),
            ("roles", Value::List(vec![object(&[("create", Value::Null)])])),
        ]);
        let mut diagnostics = Diagnostics::default();
        let model = schema().load(value.clone(), &mut diagnostics);
        assert!(diagnostics.is_empty());
        assert_eq!(model.port, Attr::Unknown);
        assert_eq!(schema().store(model), value);
    }

    #[test]
    fn the_empty_model_writes_null_attributes_and_empty_blocks() {
        assert_eq!(schema().store(Model::default()), schema().described().block.absent());
    }

    #[test]
    fn a_number_that_is_not_whole_is_refused_at_its_attribute() {
        let mut diagnostics = Diagnostics::default();
        let half = Value::Number("1.5".parse().unwrap());
        schema().load(object(&[("port", half)]), &mut diagnostics);
        let found: Vec<_> = diagnostics.iter().map(|d| d.path.clone()).collect();
        assert_eq!(found, [Some(Path::root("port"))]);
    }

    #[test]
    fn checks_find_nested_values_and_skip_unknown_ones() {
        let config = object(&[
            ("name", Value::UNKNOWN),
            ("timeouts", object(&[("create", "1.5h".into())])),
            ("roles", Value::List(vec![object(&[("create", "a.b".into())])])),
        ]);
        let described = schema();
        let found: Vec<String> = check(&described.described().block, &config)
            .iter()
            .map(|d| d.path.as_ref().map(ToString::to_string).unwrap_or_default())
            .collect();
        // The paths are as far as Terraform can follow them, the headlines say the rest.
        assert_eq!(found, ["timeouts", "roles[0].create"]);
    }
}
