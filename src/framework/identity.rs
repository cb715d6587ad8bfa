//! Resource identity: which of a resource's attributes tell one object from all others, in any state (Terraform 1.12
//! and newer).

use super::{
    diag::{Diagnostic, Outcome},
    path::Path,
    schema::Block,
    types::Type,
    value::Value,
};

/// The attributes that identify an object. They are attributes of the resource too, under the same names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// Version of what is stored, never lowered.
    pub version: i64,
    /// In the order of documentation. None means that the resource offers no identity.
    pub attributes: Vec<IdentityAttribute>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityAttribute {
    /// Its name, which is that of an attribute of the resource.
    pub name: &'static str,
    /// Whether an import has to give it.
    pub required: bool,
    /// For the user. Identity schemas have no Markdown.
    pub description: &'static str,
}

impl Identity {
    /// Adds an attribute that an import has to give.
    #[must_use]
    pub fn required(self, path: &Path, description: &'static str) -> Self {
        self.attribute(path, true, description)
    }

    /// Adds an attribute that an import may give.
    #[must_use]
    pub fn optional(self, path: &Path, description: &'static str) -> Self {
        self.attribute(path, false, description)
    }

    fn attribute(mut self, path: &Path, required: bool, description: &'static str) -> Self {
        self.attributes.push(IdentityAttribute {
            name: super::model::root_name(path),
            required,
            description,
        });
        self
    }

    /// Whether there is any.
    pub fn is_offered(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// The type of an identity on the wire, for a resource of this schema.
    pub fn ty(&self, block: &Block) -> Type {
        Type::Object(
            self.attributes.iter().map(|own| (own.name.to_owned(), type_of(block, own.name))).collect(),
        )
    }

    /// The identity of an object; null where there is no object or no identity.
    pub fn of(&self, object: &Value) -> Value {
        if !self.is_offered() || !matches!(object, Value::Map(_)) {
            return Value::Null;
        }
        let members =
            self.attributes.iter().map(|own| (own.name.to_owned(), object.member(own.name).clone()));
        Value::Map(members.collect())
    }

    /// The beginnings of an object that has this identity: what is not part of it is not set.
    pub fn object(&self, block: &Block, identity: Value) -> Outcome<Value> {
        let Value::Map(members) = identity else {
            return Err(Diagnostic::our_bug("An import by identity came without one.").into());
        };
        let Value::Map(mut object) = block.absent() else { return Ok(Value::Null) };
        object.extend(members);
        Ok(Value::Map(object))
    }
}

fn type_of(block: &Block, name: &str) -> Type {
    let attribute = block.attributes.iter().find(|attribute| attribute.name == name);
    attribute.map_or(Type::String, super::schema::Attribute::ty)
}
