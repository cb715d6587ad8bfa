//! Lists and maps of blocks that hold something dynamic. On the wire they are dynamic as a whole, since their elements
//! may differ in type; inside, everybody wants to see plain lists and maps of objects.

use super::{
    schema::{Block, NestedBlock, Nesting, Shape},
    types::Type,
    value::Value,
};

impl Type {
    /// This type with every dynamic part replaced by the type that `value` has there.
    #[must_use]
    pub fn of(&self, value: &Value) -> Self {
        let among = |element: &Self, values: &mut dyn Iterator<Item = &Value>| {
            // Null and unknown elements fit any type, so the first that says more decides.
            values.map(|value| element.of(value)).find(|ty| !ty.holds_dynamic()).unwrap_or(element.clone())
        };
        match (self, value) {
            (Self::Dynamic, Value::Dynamic(own, inner)) => own.of(inner),
            (Self::List(element), Value::List(all)) => Self::List(Box::new(among(element, &mut all.iter()))),
            (Self::Set(element), Value::List(all)) => Self::Set(Box::new(among(element, &mut all.iter()))),
            (Self::Map(element), Value::Map(all)) => Self::Map(Box::new(among(element, &mut all.values()))),
            (Self::Object(types), Value::Map(members)) => Self::Object(
                types
                    .iter()
                    .map(|(name, ty)| {
                        (name.clone(), members.get(name).map_or_else(|| ty.clone(), |v| ty.of(v)))
                    })
                    .collect(),
            ),
            (Self::Tuple(types), Value::List(all)) if types.len() == all.len() => {
                Self::Tuple(types.iter().zip(all).map(|(ty, value)| ty.of(value)).collect())
            }
            _ => self.clone(),
        }
    }
}

impl Block {
    /// An object as it came over the wire, with plain collections of blocks.
    #[must_use]
    pub fn opened(&self, object: Value) -> Value {
        if holds_dynamic_blocks(self.shape()) { open(self, object) } else { object }
    }

    /// The reverse, for an answer.
    #[must_use]
    pub fn closed(&self, object: Value) -> Value {
        if holds_dynamic_blocks(self.shape()) { close(self, object) } else { object }
    }
}

fn holds_dynamic_blocks(shape: Shape<'_>) -> bool {
    shape
        .blocks
        .iter()
        .any(|nested| nested.ty() == Type::Dynamic || holds_dynamic_blocks(nested.block.shape()))
}

fn open(block: &Block, object: Value) -> Value {
    let Value::Map(mut members) = object else { return object };
    for nested in &block.blocks {
        let Some(value) = members.get_mut(nested.name) else { continue };
        if let (Type::Dynamic, Value::Dynamic(own, inner)) = (nested.ty(), &mut *value) {
            *value = elements(nested, own, std::mem::take(&mut **inner));
        }
        each(nested.nesting, value, |object| open(&nested.block, object));
    }
    Value::Map(members)
}

/// The blocks out of their dynamic wrapping, whose type is `own`: a tuple or an object if the elements differ.
fn elements(nested: &NestedBlock, own: &Type, wrapped: Value) -> Value {
    let object = nested.block.ty();
    match (own, wrapped) {
        (Type::Tuple(types), Value::List(all)) => {
            Value::List(types.iter().zip(all).map(|(own, value)| with_types(&object, own, value)).collect())
        }
        (Type::Object(types), Value::Map(all)) => Value::Map(
            all.into_iter()
                .map(|(key, value)| match types.get(&key) {
                    Some(own) => (key, with_types(&object, own, value)),
                    None => (key, value),
                })
                .collect(),
        ),
        (own @ (Type::List(_) | Type::Map(_)), wrapped) => {
            with_types(&nested.nesting.of(object), own, wrapped)
        }
        (_, wrapped) => wrapped,
    }
}

fn close(block: &Block, object: Value) -> Value {
    let Value::Map(mut members) = object else { return object };
    for nested in &block.blocks {
        let Some(value) = members.get_mut(nested.name) else { continue };
        each(nested.nesting, value, |object| close(&nested.block, object));
        if nested.ty() != Type::Dynamic {
            continue;
        }
        let object = nested.block.ty();
        let own = match &*value {
            Value::List(all) => Type::Tuple(all.iter().map(|value| object.of(value)).collect()),
            Value::Map(all) => {
                Type::Object(all.iter().map(|(key, value)| (key.clone(), object.of(value))).collect())
            }
            _ => continue,
        };
        let inner = without_types(std::mem::take(value));
        *value = Value::Dynamic(own, Box::new(inner));
    }
    Value::Map(members)
}

fn each(nesting: Nesting, value: &mut Value, change: impl Fn(Value) -> Value) {
    let change = |value: &mut Value| *value = change(std::mem::take(value));
    match (nesting, value) {
        (Nesting::Single | Nesting::Group, value) => change(value),
        (Nesting::Map, Value::Map(members)) => members.values_mut().for_each(change),
        (_, Value::List(elements)) => elements.iter_mut().for_each(change),
        _ => {}
    }
}

/// Puts a type to every value that is dynamic in `generic`. `own` is the same type without dynamic parts.
fn with_types(generic: &Type, own: &Type, value: Value) -> Value {
    match (generic, own, value) {
        (_, _, value @ (Value::Null | Value::Unknown(_))) => value,
        (Type::Dynamic, own, value) if *own != Type::Dynamic => Value::Dynamic(own.clone(), Box::new(value)),
        (Type::List(generic), Type::List(own), Value::List(all))
        | (Type::Set(generic), Type::Set(own), Value::List(all)) => {
            Value::List(all.into_iter().map(|value| with_types(generic, own, value)).collect())
        }
        (Type::Map(generic), Type::Map(own), Value::Map(all)) => {
            Value::Map(all.into_iter().map(|(key, value)| (key, with_types(generic, own, value))).collect())
        }
        (Type::Object(generic), Type::Object(own), Value::Map(all)) => Value::Map(
            all.into_iter()
                .map(|(name, value)| match (generic.get(&name), own.get(&name)) {
                    (Some(generic), Some(own)) => (name, with_types(generic, own, value)),
                    _ => (name, value),
                })
                .collect(),
        ),
        (_, _, value) => value,
    }
}

fn without_types(value: Value) -> Value {
    match value {
        Value::Dynamic(_, inner) => without_types(*inner),
        Value::List(all) => Value::List(all.into_iter().map(without_types).collect()),
        Value::Map(all) => {
            Value::Map(all.into_iter().map(|(key, value)| (key, without_types(value))).collect())
        }
        plain => plain,
    }
}
