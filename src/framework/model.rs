//! Typed models: the rows that tie each attribute to a field.
//!
//! A row says path, field, rule and documentation once. From the rows come the schema, the reading of values into
//! a model and the writing back, so that a resource never touches an untyped value.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    diag::{Diagnostic, Diagnostics},
    number::Number,
    path::Path,
    schema::{Attribute, Block, Check, Described, Kind, NestedBlock, Nesting, Rule},
    types::Type,
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

/// What a field can hold.
pub trait Typed: Sized + Clone + Send + Sync + 'static {
    /// Its type on the wire.
    fn ty() -> Type;
    /// Reads a value that is neither null nor unknown. The error is a sentence for the user.
    fn read(value: Value) -> Result<Self, String>;
    /// The reverse.
    fn write(self) -> Value;
}

fn mismatch<T>(expected: &str) -> Result<T, String> {
    Err(format!("The value must be {expected}."))
}

impl Typed for String {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: Value) -> Result<Self, String> {
        if let Value::String(text) = value { Ok(text) } else { mismatch("a string") }
    }

    fn write(self) -> Value {
        Value::String(self)
    }
}

impl Typed for bool {
    fn ty() -> Type {
        Type::Bool
    }

    fn read(value: Value) -> Result<Self, String> {
        if let Value::Bool(flag) = value { Ok(flag) } else { mismatch("true or false") }
    }

    fn write(self) -> Value {
        Value::Bool(self)
    }
}

impl Typed for i64 {
    fn ty() -> Type {
        Type::Number
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Ok(whole),
                None => Err(format!(
                    "The value must be a whole number, and {number} is not, or is far too large."
                )),
            },
            _ => mismatch("a number"),
        }
    }

    fn write(self) -> Value {
        Value::Number(self.into())
    }
}

impl Typed for Number {
    fn ty() -> Type {
        Type::Number
    }

    fn read(value: Value) -> Result<Self, String> {
        if let Value::Number(number) = value { Ok(number) } else { mismatch("a number") }
    }

    fn write(self) -> Value {
        Value::Number(self)
    }
}

impl<T: Typed> Typed for Vec<Attr<T>> {
    fn ty() -> Type {
        Type::List(Box::new(T::ty()))
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::List(elements) => elements.into_iter().map(Attr::load).collect(),
            _ => mismatch("a list"),
        }
    }

    fn write(self) -> Value {
        Value::List(self.into_iter().map(Attr::store).collect())
    }
}

impl<T: Typed> Typed for BTreeMap<String, Attr<T>> {
    fn ty() -> Type {
        Type::Map(Box::new(T::ty()))
    }

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Map(members) => {
                members.into_iter().map(|(key, value)| Ok((key, Attr::load(value)?))).collect()
            }
            _ => mismatch("a map"),
        }
    }

    fn write(self) -> Value {
        Value::Map(self.into_iter().map(|(key, value)| (key, value.store())).collect())
    }
}

impl<T: Typed> Attr<T> {
    fn load(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Unknown(_) => Ok(Self::Unknown),
            known => T::read(known).map(Self::Known),
        }
    }

    fn store(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::UNKNOWN,
            Self::Known(value) => value.write(),
        }
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
        let name = root_name(&path);
        let kind = Kind::Nested(Nesting::Single, rows.described.block.attributes.clone());
        self.described.block.attributes.push(Attribute { name, kind, rule, description: description.into() });
        let rows = Arc::new(rows);
        self.fields.push(Field {
            path,
            load: {
                let rows = Arc::clone(&rows);
                Box::new(move |model, value, at, diagnostics| {
                    *field(model) = rows.read_one(value, at, diagnostics);
                })
            },
            store: Box::new(move |model| rows.write_one(field(model).clone())),
        });
        self
    }

    /// Adds blocks of one name, held in a list.
    #[must_use]
    pub fn blocks<N: Clone + Default + Send + Sync + 'static>(
        mut self,
        path: Path,
        field: fn(&mut M) -> &mut Attr<Vec<N>>,
        rows: Schema<N>,
        max_items: i64,
    ) -> Self {
        let name = root_name(&path);
        let block = rows.described.block.clone();
        self.described.block.blocks.push(NestedBlock {
            name,
            nesting: Nesting::List,
            block,
            min_items: 0,
            max_items,
        });
        let rows = Arc::new(rows);
        self.fields.push(Field {
            path,
            load: {
                let rows = Arc::clone(&rows);
                Box::new(move |model, value, at, diagnostics| {
                    *field(model) = match value {
                        Value::Unknown(_) => Attr::Unknown,
                        Value::List(elements) => Attr::Known(
                            (0..)
                                .zip(elements)
                                .map(|(index, element)| {
                                    rows.read(element, Some(&at.clone().index(index)), diagnostics)
                                })
                                .collect(),
                        ),
                        _ => Attr::Known(Vec::new()),
                    };
                })
            },
            store: Box::new(move |model| match field(model).clone() {
                Attr::Unknown => Value::UNKNOWN,
                Attr::Null => Value::List(Vec::new()),
                Attr::Known(all) => Value::List(all.into_iter().map(|one| rows.write(one)).collect()),
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

    fn read_one(&self, value: Value, at: &Path, diagnostics: &mut Diagnostics) -> Attr<M> {
        match value {
            Value::Null => Attr::Null,
            Value::Unknown(_) => Attr::Unknown,
            known => Attr::Known(self.read(known, Some(at), diagnostics)),
        }
    }

    fn write_one(&self, model: Attr<M>) -> Value {
        match model {
            Attr::Null => Value::Null,
            Attr::Unknown => Value::UNKNOWN,
            Attr::Known(model) => self.write(model),
        }
    }
}

fn root_name(path: &Path) -> &'static str {
    match path.steps().next() {
        Some(super::path::Step::Attribute(std::borrow::Cow::Borrowed(name))) => name,
        _ => unreachable!("rows are declared with Path::root"),
    }
}

/// Runs the checks of every attribute over a configuration; what is unknown or null is skipped.
pub fn check(block: &Block, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    check_attributes(&block.attributes, config, None, &mut diagnostics);
    for nested in &block.blocks {
        if let Value::List(elements) = config.member(nested.name) {
            for (index, element) in (0..).zip(elements) {
                let at = Path::root(nested.name).index(index);
                check_attributes(&nested.block.attributes, element, Some(&at), &mut diagnostics);
            }
        }
    }
    diagnostics
}

fn check_attributes(
    attributes: &[Attribute],
    object: &Value,
    at: Option<&Path>,
    diagnostics: &mut Diagnostics,
) {
    for attribute in attributes {
        let path = match at {
            Some(outer) => outer.clone().attribute(attribute.name),
            None => Path::root(attribute.name),
        };
        let value = object.member(attribute.name);
        if let Kind::Nested(Nesting::Single, inner) = &attribute.kind {
            check_attributes(inner, value, Some(&path), diagnostics);
        }
        for check in &attribute.rule.checks {
            let verdict = match (check, value) {
                (Check::Text(test), Value::String(text)) => test(text),
                (Check::Number(test), Value::Number(number)) => test(number),
                _ => Ok(()),
            };
            if let Err(why) = verdict {
                diagnostics.push(Diagnostic::error(format!("Invalid {path}"), why).at(path.clone()));
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::schema::{optional, required};

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
        roles: Attr<Vec<Inner>>,
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
        assert_eq!(found, ["timeouts.create", "roles[0].create"]);
    }
}
