//! Values as MessagePack, the form in which Terraform sends every one of them.
//!
//! The type comes from the schema and drives the reading; what does not fit it is refused with the place. Nothing
//! here allocates more than the message itself justifies, and nesting is bounded.

use std::collections::BTreeMap;

use rmp::{Marker, decode, encode};

use crate::framework::{
    number::Number,
    types::Type,
    value::{Known, Refinements, Value},
};

/// The extension code of an unknown value with refinements. Every other code is an unknown value without.
const REFINED: i8 = 12;

/// Deeper nesting than any schema has; only dynamic values could ever come near.
const MAX_DEPTH: usize = 128;

/// Bytes that are no value of the type, or a value that is none of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", if .place.is_empty() { "value" } else { .place.as_str() })]
pub struct Error {
    place: String,
    problem: String,
}

impl Error {
    fn new(problem: impl Into<String>) -> Self {
        Self { place: String::new(), problem: problem.into() }
    }

    fn within(mut self, step: &str) -> Self {
        let rest = std::mem::take(&mut self.place);
        self.place = match rest.as_str() {
            "" => step.to_owned(),
            _ if rest.starts_with('[') => format!("{step}{rest}"),
            _ => format!("{step}.{rest}"),
        };
        self
    }
}

fn broken<E>(_: E) -> Error {
    Error::new("the message ends early or is damaged")
}

/// Reads one value of type `ty` that fills `bytes` exactly.
pub fn decode(mut bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    let value = read(&mut bytes, ty, 0)?;
    if bytes.is_empty() { Ok(value) } else { Err(Error::new("something follows the value")) }
}

fn read(bytes: &mut &[u8], ty: &Type, depth: usize) -> Result<Value, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::new("nested too deeply"));
    }
    let marker = Marker::from_u8(*bytes.first().ok_or_else(|| broken(()))?);
    match marker {
        Marker::Null => {
            *bytes = &bytes[1..];
            return Ok(Value::Null);
        }
        Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32 => return read_unknown(bytes),
        _ => {}
    }
    match ty {
        Type::String => Ok(Value::String(read_text(bytes)?.to_owned())),
        Type::Bool => decode::read_bool(bytes).map(Value::Bool).map_err(|_| Error::new("a bool is required")),
        Type::Number => read_number(bytes, marker).map(Value::Number),
        Type::List(element) | Type::Set(element) => {
            let length = read_length(bytes, marker)?;
            let mut elements = Vec::new();
            for index in 0..length {
                let value = read(bytes, element, depth + 1).map_err(|e| e.within(&format!("[{index}]")))?;
                elements.push(value);
            }
            if matches!(ty, Type::Set(_)) {
                elements.sort();
                elements.dedup();
            }
            Ok(Value::List(elements))
        }
        Type::Tuple(types) => {
            if read_length(bytes, marker)? != types.len() {
                return Err(Error::new(format!("a tuple of {} elements is required", types.len())));
            }
            let mut elements = Vec::new();
            for (index, ty) in types.iter().enumerate() {
                elements.push(read(bytes, ty, depth + 1).map_err(|e| e.within(&format!("[{index}]")))?);
            }
            Ok(Value::List(elements))
        }
        Type::Map(element) => {
            let mut members = BTreeMap::new();
            for _ in 0..read_members(bytes, marker)? {
                let key = read_text(bytes)?.to_owned();
                let value = read(bytes, element, depth + 1).map_err(|e| e.within(&format!("[{key:?}]")))?;
                members.insert(key, value);
            }
            Ok(Value::Map(members))
        }
        Type::Object(types) => {
            let mut members: BTreeMap<_, _> = types.keys().map(|name| (name.clone(), Value::Null)).collect();
            for _ in 0..read_members(bytes, marker)? {
                let name = read_text(bytes)?;
                let ty = types.get(name).ok_or_else(|| Error::new("no such attribute").within(name))?;
                let value = read(bytes, ty, depth + 1).map_err(|e| e.within(name))?;
                members.insert(name.to_owned(), value);
            }
            Ok(Value::Map(members))
        }
        Type::Dynamic => {
            if read_length(bytes, marker)? != 2 {
                return Err(Error::new("a pair of type and value is required"));
            }
            let length = decode::read_bin_len(bytes).map_err(broken)?;
            let json = serde_json::from_slice(take(bytes, length)?).map_err(broken)?;
            let ty = Type::from_json(&json).map_err(|e| Error::new(e.to_string()))?;
            let value = read(bytes, &ty, depth + 1)?;
            Ok(match value {
                Value::Null | Value::Unknown(_) if ty == Type::Dynamic => value,
                value => Value::Dynamic(ty, Box::new(value)),
            })
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: u32) -> Result<&'a [u8], Error> {
    let (taken, rest) =
        usize::try_from(length).ok().and_then(|n| bytes.split_at_checked(n)).ok_or_else(|| broken(()))?;
    *bytes = rest;
    Ok(taken)
}

fn read_text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Error> {
    let length = decode::read_str_len(bytes).map_err(|_| Error::new("a string is required"))?;
    std::str::from_utf8(take(bytes, length)?).map_err(|_| Error::new("a string is not UTF-8"))
}

/// The announced number of elements, which the rest of the message must be able to hold: each takes a byte.
fn bounded(bytes: &[u8], length: u32) -> Result<usize, Error> {
    usize::try_from(length).ok().filter(|length| *length <= bytes.len()).ok_or_else(|| broken(()))
}

fn read_length(bytes: &mut &[u8], marker: Marker) -> Result<usize, Error> {
    if !matches!(marker, Marker::FixArray(_) | Marker::Array16 | Marker::Array32) {
        return Err(Error::new("a list is required"));
    }
    let length = decode::read_array_len(bytes).map_err(broken)?;
    bounded(bytes, length)
}

fn read_members(bytes: &mut &[u8], marker: Marker) -> Result<usize, Error> {
    if !matches!(marker, Marker::FixMap(_) | Marker::Map16 | Marker::Map32) {
        return Err(Error::new("an object or a map is required"));
    }
    let length = decode::read_map_len(bytes).map_err(broken)?;
    bounded(bytes, length)
}

fn read_number(bytes: &mut &[u8], marker: Marker) -> Result<Number, Error> {
    let required = || Error::new("a number is required");
    match marker {
        Marker::F32 => {
            let value = decode::read_f32(bytes).map_err(broken)?;
            Number::from_f64(f64::from(value)).ok_or_else(required)
        }
        Marker::F64 => Number::from_f64(decode::read_f64(bytes).map_err(broken)?).ok_or_else(required),
        Marker::U64 => Ok(decode::read_u64(bytes).map_err(broken)?.into()),
        Marker::FixPos(_)
        | Marker::FixNeg(_)
        | Marker::U8
        | Marker::U16
        | Marker::U32
        | Marker::I8
        | Marker::I16
        | Marker::I32
        | Marker::I64 => decode::read_int::<i64, _>(bytes).map(Number::from).map_err(broken),
        _ => read_text(bytes).map_err(|_| required())?.parse().map_err(|_| required()),
    }
}

fn read_unknown(bytes: &mut &[u8]) -> Result<Value, Error> {
    let meta = decode::read_ext_meta(bytes).map_err(broken)?;
    let mut body = take(bytes, meta.size)?;
    if meta.typeid != REFINED || body.is_empty() {
        return Ok(Value::UNKNOWN);
    }
    let marker = Marker::from_u8(body[0]);
    let mut known = Known::default();
    for _ in 0..read_members(&mut body, marker)? {
        let key: i64 = decode::read_int(&mut body).map_err(broken)?;
        match key {
            1 => known.null = Some(decode::read_bool(&mut body).map_err(broken)?),
            2 => known.prefix = Some(read_text(&mut body)?.to_owned()),
            3 => known.lower = Some(read_bound(&mut body)?),
            4 => known.upper = Some(read_bound(&mut body)?),
            5 => known.min_length = Some(decode::read_int(&mut body).map_err(broken)?),
            6 => known.max_length = Some(decode::read_int(&mut body).map_err(broken)?),
            // A refinement of the future, whose form is not known: nor is where it ends, so the rest is left.
            _ => break,
        }
    }
    Ok(Value::Unknown(Refinements::of(known)))
}

fn read_bound(body: &mut &[u8]) -> Result<(Number, bool), Error> {
    if decode::read_array_len(body).map_err(broken)? != 2 {
        return Err(Error::new("a bound is a pair"));
    }
    let marker = Marker::from_u8(*body.first().ok_or_else(|| broken(()))?);
    let number = read_number(body, marker)?;
    Ok((number, decode::read_bool(body).map_err(broken)?))
}

/// Writes a value of type `ty`. Objects come out with all their attributes, as core insists.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(256);
    write(&mut out, value, ty)?;
    Ok(out)
}

fn too_long<E>(_: E) -> Error {
    Error::new("too long for a message")
}

fn write(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), Error> {
    match (value, ty) {
        (Value::Null, _) => encode::write_nil(out).map_err(too_long),
        (Value::Unknown(refinements), _) => write_unknown(out, refinements),
        (Value::String(text), Type::String) => encode::write_str(out, text).map_err(too_long),
        (Value::Bool(flag), Type::Bool) => encode::write_bool(out, *flag).map_err(too_long),
        (Value::Number(number), Type::Number) => write_number(out, number),
        (Value::List(elements), Type::List(element) | Type::Set(element)) => {
            one_type(element, elements.iter())?;
            write_array_len(out, elements.len())?;
            (0..).zip(elements).try_for_each(|(index, value)| {
                write(out, value, element).map_err(|e: Error| e.within(&format!("[{index}]")))
            })
        }
        (Value::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            write_array_len(out, elements.len())?;
            elements.iter().zip(types).try_for_each(|(value, ty)| write(out, value, ty))
        }
        (Value::Map(members), Type::Map(element)) => {
            one_type(element, members.values())?;
            write_map_len(out, members.len())?;
            members.iter().try_for_each(|(key, value)| {
                encode::write_str(out, key).map_err(too_long)?;
                write(out, value, element).map_err(|e| e.within(&format!("[{key:?}]")))
            })
        }
        (Value::Map(members), Type::Object(types)) => {
            if let Some(stranger) = members.keys().find(|name| !types.contains_key(*name)) {
                return Err(Error::new("no such attribute").within(stranger));
            }
            write_map_len(out, types.len())?;
            types.iter().try_for_each(|(name, ty)| {
                encode::write_str(out, name).map_err(too_long)?;
                let value = members.get(name).unwrap_or(&Value::Null);
                write(out, value, ty).map_err(|e| e.within(name))
            })
        }
        (Value::Dynamic(own, inner), Type::Dynamic) => {
            encode::write_array_len(out, 2).map_err(too_long)?;
            encode::write_bin(out, own.to_json().to_string().as_bytes()).map_err(too_long)?;
            write(out, inner, own)
        }
        _ => Err(Error::new(format!("a value of type {} is required", ty.to_json()))),
    }
}

/// Elements of a collection have one type, even where it is theirs to say which. Core crashes on anything else.
fn one_type<'a>(element: &Type, values: impl Iterator<Item = &'a Value>) -> Result<(), Error> {
    if !element.holds_dynamic() {
        return Ok(());
    }
    // A null or unknown element has no type of its own, where the element itself is dynamic.
    let mut types = values.map(|value| element.of(value)).filter(|ty| *ty != Type::Dynamic);
    let first = types.next();
    if types.all(|ty| Some(ty) == first) {
        Ok(())
    } else {
        Err(Error::new("the elements of a collection differ in type"))
    }
}

fn write_array_len(out: &mut Vec<u8>, length: usize) -> Result<(), Error> {
    let length = u32::try_from(length).map_err(too_long)?;
    encode::write_array_len(out, length).map(drop).map_err(too_long)
}

fn write_map_len(out: &mut Vec<u8>, length: usize) -> Result<(), Error> {
    let length = u32::try_from(length).map_err(too_long)?;
    encode::write_map_len(out, length).map(drop).map_err(too_long)
}

fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), Error> {
    match (number, number.as_i64()) {
        (_, Some(whole)) => encode::write_sint(out, whole).map(drop).map_err(too_long),
        (Number::Infinity { .. }, None) => encode::write_f64(out, number.as_f64()).map_err(too_long),
        // Text keeps every digit; a double keeps fifteen.
        (Number::Decimal(_), None) => encode::write_str(out, &number.to_string()).map_err(too_long),
    }
}

fn write_unknown(out: &mut Vec<u8>, refinements: &Refinements) -> Result<(), Error> {
    let Some(known) = refinements.known() else {
        out.extend([0xd4, 0, 0]);
        return Ok(());
    };
    let Known { null, prefix, lower, upper, min_length, max_length } = known;
    let count = [
        null.is_some(),
        prefix.is_some(),
        lower.is_some(),
        upper.is_some(),
        min_length.is_some(),
        max_length.is_some(),
    ];
    let mut body = Vec::new();
    write_map_len(&mut body, count.into_iter().filter(|there| *there).count())?;
    let key = |body: &mut Vec<u8>, key: i64| encode::write_sint(body, key).map(drop).map_err(too_long);
    if let Some(null) = null {
        key(&mut body, 1)?;
        encode::write_bool(&mut body, *null).map_err(too_long)?;
    }
    if let Some(prefix) = prefix {
        key(&mut body, 2)?;
        encode::write_str(&mut body, prefix).map_err(too_long)?;
    }
    for (code, bound) in [(3, lower), (4, upper)] {
        if let Some((number, inclusive)) = bound {
            key(&mut body, code)?;
            encode::write_array_len(&mut body, 2).map_err(too_long)?;
            write_number(&mut body, number)?;
            encode::write_bool(&mut body, *inclusive).map_err(too_long)?;
        }
    }
    for (code, length) in [(5, min_length), (6, max_length)] {
        if let Some(length) = length {
            key(&mut body, code)?;
            encode::write_sint(&mut body, *length).map_err(too_long)?;
        }
    }
    encode::write_ext_meta(out, u32::try_from(body.len()).map_err(too_long)?, REFINED).map_err(too_long)?;
    out.extend(body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    fn object(members: &[(&str, Type)]) -> Type {
        Type::Object(members.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect())
    }

    fn there_and_back(value: &Value, ty: &Type) {
        let bytes = encode(value, ty).unwrap();
        assert_eq!(&decode(&bytes, ty).unwrap(), value, "{bytes:02x?}");
    }

    #[test]
    fn every_kind_of_value_survives_the_round_trip() {
        let list = |ty| Type::List(Box::new(ty));
        for (value, ty) in [
            (Value::Null, Type::String),
            (Value::UNKNOWN, Type::Bool),
            ("Ünï✓".into(), Type::String),
            (true.into(), Type::Bool),
            (number("-5"), Type::Number),
            (number("0.1"), Type::Number),
            (number("18446744073709551615"), Type::Number),
            (number("123456789012345678901234567890.123456789"), Type::Number),
            (number("Inf"), Type::Number),
            (Value::List(vec!["b".into(), Value::UNKNOWN, Value::Null]), list(Type::String)),
            (Value::List(vec!["a".into(), 1.into()]), Type::Tuple(vec![Type::String, Type::Number])),
            (Value::Map([("k".to_owned(), true.into())].into()), Type::Map(Box::new(Type::Bool))),
            (
                Value::Map([("a".to_owned(), Value::Null), ("b".to_owned(), 1.into())].into()),
                object(&[("a", Type::String), ("b", Type::Number)]),
            ),
            (Value::Dynamic(list(Type::Number), Box::new(Value::List(vec![1.into()]))), Type::Dynamic),
            (Value::Null, Type::Dynamic),
            (Value::UNKNOWN, Type::Dynamic),
        ] {
            there_and_back(&value, &ty);
        }
    }

    #[test]
    fn refinements_survive_the_round_trip() {
        let known = Known {
            null: Some(false),
            prefix: Some("https://".to_owned()),
            lower: Some(("1".parse().unwrap(), true)),
            upper: Some(("0.5".parse().unwrap(), false)),
            min_length: Some(1),
            max_length: Some(9),
        };
        there_and_back(&Value::Unknown(Refinements::of(known)), &Type::String);
    }

    #[test]
    fn what_core_sends_is_understood() {
        let not_null = Refinements::of(Known { null: Some(false), ..Known::default() });
        for (bytes, ty, expected) in [
            (&[0xc0][..], Type::String, Value::Null),
            (&[0xd4, 0, 0], Type::String, Value::UNKNOWN),
            (&[0xc7, 3, 12, 0x81, 1, 0xc2], Type::String, Value::Unknown(not_null)),
            (&[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0], Type::Number, number("0.5")),
            (&[0xa3, b'0', b'.', b'1'], Type::Number, number("0.1")),
            (
                &[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                Type::Number,
                number("18446744073709551615"),
            ),
            (
                &[0x92, 0xa1, b'b', 0xa1, b'a'],
                Type::Set(Box::new(Type::String)),
                Value::List(vec!["a".into(), "b".into()]),
            ),
        ] {
            assert_eq!(decode(bytes, &ty), Ok(expected), "{bytes:02x?}");
        }
    }

    #[test]
    fn unknown_without_refinements_has_the_plain_form() {
        assert_eq!(encode(&Value::UNKNOWN, &Type::String).unwrap(), [0xd4, 0, 0]);
    }

    #[test]
    fn damaged_messages_are_refused_at_their_place() {
        let ty = object(&[("a", Type::List(Box::new(Type::Number)))]);
        for (bytes, message) in [
            (&[][..], "value: the message ends early or is damaged"),
            (&[0x81, 0xa1, b'a', 0x91, 0xc3], "a[0]: a number is required"),
            (&[0x81, 0xa1, b'x', 0xc0], "x: no such attribute"),
            (&[0x81, 0xa1, b'a', 0xdd, 0xff, 0xff, 0xff, 0xff], "a: the message ends early or is damaged"),
            (&[0xc0, 0xc0], "value: something follows the value"),
            (&[0x01], "value: an object or a map is required"),
        ] {
            assert_eq!(decode(bytes, &ty).unwrap_err().to_string(), message, "{bytes:02x?}");
        }
    }

    #[test]
    fn endless_nesting_is_refused() {
        let mut bytes = Vec::new();
        for _ in 0..100_000 {
            bytes.extend([0x92, 0xc4, 9]);
            bytes.extend(br#""dynamic""#);
        }
        assert!(decode(&bytes, &Type::Dynamic).unwrap_err().to_string().contains("nested too deeply"));
    }

    #[test]
    fn collections_whose_elements_differ_in_type_are_never_written() {
        let any = |ty, value: Value| Value::Dynamic(ty, Box::new(value));
        let (text, one) = (any(Type::String, "a".into()), any(Type::Number, 1.into()));
        let list = Type::List(Box::new(Type::Dynamic));
        assert!(encode(&Value::List(vec![text.clone(), one.clone()]), &list).is_err());
        there_and_back(&Value::List(vec![text.clone(), Value::Null, Value::UNKNOWN, text.clone()]), &list);
        let objects = Type::Map(Box::new(object(&[("a", Type::Dynamic)])));
        let member = |value: Value| Value::Map([("a".to_owned(), value)].into());
        let map = |a: Value, b: Value| {
            Value::Map([("x".to_owned(), member(a)), ("y".to_owned(), member(b))].into())
        };
        assert!(encode(&map(text.clone(), one.clone()), &objects).is_err());
        there_and_back(&map(text.clone(), text), &objects);
    }

    #[test]
    fn a_value_of_another_type_is_never_written() {
        assert!(encode(&"1".into(), &Type::Number).is_err());
        let stray = Value::Map([("x".to_owned(), Value::Null)].into());
        assert!(encode(&stray, &object(&[])).is_err());
    }
}
