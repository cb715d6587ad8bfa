//! What a provider, resource or data source looks like from outside: attributes, nested blocks, and the rule that
//! each attribute follows. Untyped; the typed rows of [`super::model`] produce it, and everything that describes
//! or plans (wire schema, documentation, planning) is read from it.

use std::collections::BTreeMap;

use super::{number::Number, types::Type, value::Value};

/// Who may set an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration must.
    Required,
    /// The configuration may.
    Optional,
    /// Only the provider does.
    Computed,
    /// The configuration may, else the provider does.
    OptionalComputed,
}

/// How several objects are held together, in a nested attribute or in nested blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object or null.
    Single,
    /// A list.
    List,
    /// A set.
    Set,
    /// A map.
    Map,
    /// Blocks only: one object, never null.
    Group,
}

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A value of a type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Nesting, Vec<Attribute>),
}

/// A test of one known value: `Err` says why it is refused and what to do, in sentences.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// For strings.
    Text(fn(&str) -> Result<(), String>),
    /// For numbers.
    Number(fn(&Number) -> Result<(), String>),
}

/// What holds for an attribute beside its type.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Who may set it.
    pub presence: Presence,
    /// Shown as `(sensitive value)`.
    pub sensitive: bool,
    /// Never stored.
    pub write_only: bool,
    /// A change of a known value means another object.
    pub replaces: bool,
    /// Computed, and an update does not change it: the prior value stays in the plan.
    pub keeps: bool,
    /// Planned when the configuration is silent.
    pub default: Option<Value>,
    /// Why not to use it any more.
    pub deprecated: Option<&'static str>,
    /// Tests of known values.
    pub checks: Vec<Check>,
}

impl Rule {
    const fn new(presence: Presence) -> Self {
        Self {
            presence,
            sensitive: false,
            write_only: false,
            replaces: false,
            keeps: false,
            default: None,
            deprecated: None,
            checks: Vec::new(),
        }
    }

    /// See [`Rule::sensitive`].
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// See [`Rule::write_only`].
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// See [`Rule::replaces`].
    #[must_use]
    pub fn replaces(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// See [`Rule::keeps`].
    #[must_use]
    pub fn keeps(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Plans `value` when the configuration is silent, which makes an optional attribute a computed one too:
    /// Terraform accepts a planned value that is not configured only there.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self.presence = Presence::OptionalComputed;
        self
    }

    /// Tests strings.
    #[must_use]
    pub fn text(mut self, check: fn(&str) -> Result<(), String>) -> Self {
        self.checks.push(Check::Text(check));
        self
    }

    /// Tests numbers.
    #[must_use]
    pub fn number(mut self, check: fn(&Number) -> Result<(), String>) -> Self {
        self.checks.push(Check::Number(check));
        self
    }
}

/// The configuration must set it.
pub const fn required() -> Rule {
    Rule::new(Presence::Required)
}

/// The configuration may set it.
pub const fn optional() -> Rule {
    Rule::new(Presence::Optional)
}

/// Only the provider sets it.
pub const fn computed() -> Rule {
    Rule::new(Presence::Computed)
}

/// The configuration may set it, else the provider does.
pub const fn optional_computed() -> Rule {
    Rule::new(Presence::OptionalComputed)
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What holds for it.
    pub rule: Rule,
    /// For the user, in Markdown.
    pub description: String,
}

impl PartialEq for Attribute {
    /// Shape only: rules hold function pointers, which have no equality.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind && self.rule.presence == other.rule.presence
    }
}

/// Blocks of one name inside another block.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedBlock {
    /// Its name.
    pub name: &'static str,
    /// How several of them are held together.
    pub nesting: Nesting,
    /// What each contains.
    pub block: Block,
    /// At least so many; lists and sets only.
    pub min_items: i64,
    /// At most so many; 0 is no limit.
    pub max_items: i64,
}

/// Attributes and nested blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// For the user, in Markdown.
    pub description: String,
    /// In the order of documentation.
    pub attributes: Vec<Attribute>,
    /// In the order of documentation.
    pub blocks: Vec<NestedBlock>,
}

/// A block with the version of the state it describes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    /// Version of the stored state, never lowered.
    pub version: i64,
    /// The content.
    pub block: Block,
}

/// What an object consists of, be it a block, or one object of a nested attribute, which has no blocks.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// Its attributes.
    pub attributes: &'a [Attribute],
    /// Its nested blocks.
    pub blocks: &'a [NestedBlock],
}

/// A member of an object that holds objects itself.
#[derive(Clone, Copy, Debug)]
pub struct Inner<'a> {
    /// Its name.
    pub name: &'static str,
    /// How several objects are held together.
    pub nesting: Nesting,
    /// What each contains.
    pub shape: Shape<'a>,
}

impl<'a> Shape<'a> {
    /// The members that hold objects: nested attributes first, then blocks.
    pub fn inner(self) -> impl Iterator<Item = Inner<'a>> {
        let blocks = self.blocks.iter().map(NestedBlock::inner);
        self.attributes.iter().filter_map(Attribute::inner).chain(blocks)
    }

    /// Whether a rule holds for any attribute, at any depth.
    pub fn any(self, holds: fn(&Rule) -> bool) -> bool {
        self.attributes.iter().any(|attribute| holds(&attribute.rule))
            || self.inner().any(|inner| inner.shape.any(holds))
    }
}

fn object(attributes: &[Attribute]) -> BTreeMap<String, Type> {
    attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.ty())).collect()
}

impl Nesting {
    /// The type of a collection of `object`s held together so.
    pub fn of(self, object: Type) -> Type {
        match self {
            Self::Single | Self::Group => object,
            Self::List => Type::List(Box::new(object)),
            Self::Set => Type::Set(Box::new(object)),
            Self::Map => Type::Map(Box::new(object)),
        }
    }
}

impl Attribute {
    /// The objects it holds, if it is one that holds objects.
    pub fn inner(&self) -> Option<Inner<'_>> {
        match &self.kind {
            Kind::Plain(_) => None,
            Kind::Nested(nesting, attributes) => {
                let shape = Shape { attributes, blocks: &[] };
                Some(Inner { name: self.name, nesting: *nesting, shape })
            }
        }
    }

    /// The type that its values have on the wire.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Plain(ty) => ty.clone(),
            Kind::Nested(nesting, attributes) => nesting.of(Type::Object(object(attributes))),
        }
    }
}

impl NestedBlock {
    /// The objects it holds.
    pub fn inner(&self) -> Inner<'_> {
        Inner { name: self.name, nesting: self.nesting, shape: self.block.shape() }
    }

    /// The type that its values have on the wire. Lists and maps of blocks that hold something dynamic are dynamic
    /// as a whole, since their elements may differ in type.
    pub fn ty(&self) -> Type {
        let object = self.block.ty();
        match self.nesting {
            Nesting::List | Nesting::Map if object.holds_dynamic() => Type::Dynamic,
            nesting => nesting.of(object),
        }
    }

    /// The value when the configuration has no such block. Collections are empty rather than null.
    pub fn absent(&self) -> Value {
        match self.nesting {
            Nesting::Single => Value::Null,
            Nesting::Group => self.block.absent(),
            Nesting::List | Nesting::Set => Value::List(Vec::new()),
            Nesting::Map => Value::Map(BTreeMap::new()),
        }
    }
}

impl Block {
    /// What its objects consist of.
    pub fn shape(&self) -> Shape<'_> {
        Shape { attributes: &self.attributes, blocks: &self.blocks }
    }

    /// The object type that drives all encodings of this block.
    pub fn ty(&self) -> Type {
        let mut members = object(&self.attributes);
        members.extend(self.blocks.iter().map(|block| (block.name.to_owned(), block.ty())));
        Type::Object(members)
    }

    /// The same with plain collections of blocks; see [`Block::opened`].
    pub fn opened_ty(&self) -> Type {
        let mut members = object(&self.attributes);
        members.extend(
            self.blocks
                .iter()
                .map(|block| (block.name.to_owned(), block.nesting.of(block.block.opened_ty()))),
        );
        Type::Object(members)
    }

    /// The block with nothing set in it.
    pub fn absent(&self) -> Value {
        let attributes = self.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null));
        let blocks = self.blocks.iter().map(|block| (block.name.to_owned(), block.absent()));
        Value::Map(attributes.chain(blocks).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &'static str, ty: Type) -> Attribute {
        Attribute { name, kind: Kind::Plain(ty), rule: optional(), description: String::new() }
    }

    fn nested(nesting: Nesting, ty: Type) -> NestedBlock {
        let block = Block { attributes: vec![attribute("a", ty)], ..Block::default() };
        NestedBlock { name: "n", nesting, block, min_items: 0, max_items: 0 }
    }

    #[test]
    fn absent_blocks_are_empty_collections_never_null() {
        let null_object = Value::Map([("a".to_owned(), Value::Null)].into());
        for (nesting, expected) in [
            (Nesting::Single, Value::Null),
            (Nesting::Group, null_object),
            (Nesting::List, Value::List(vec![])),
            (Nesting::Set, Value::List(vec![])),
            (Nesting::Map, Value::Map(BTreeMap::new())),
        ] {
            assert_eq!(nested(nesting, Type::String).absent(), expected, "{nesting:?}");
        }
    }

    #[test]
    fn lists_and_maps_of_blocks_with_something_dynamic_are_dynamic() {
        for nesting in [Nesting::List, Nesting::Map] {
            assert_eq!(nested(nesting, Type::Dynamic).ty(), Type::Dynamic);
            assert_ne!(nested(nesting, Type::String).ty(), Type::Dynamic);
        }
        assert_ne!(nested(Nesting::Single, Type::Dynamic).ty(), Type::Dynamic);
    }
}
