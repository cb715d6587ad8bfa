//! MessagePack of these tests' own, so that nothing is proven by the codec it is about.
//!
//! JSON stands for the values: numbers beyond 64 bits travel as text, as core sends them; `{"$": "unknown"}` is an
//! unknown value, with `"refined"` the bytes of its refinements; `{"$": "type"}` is the type of a dynamic value.

use serde_json::{Value as Json, json};

pub(crate) fn unknown() -> Json {
    json!({"$": "unknown"})
}

/// Certainly not null, as core says of another provider's `id`.
pub(crate) fn unknown_but_set() -> Json {
    json!({"$": "unknown", "refined": [0x81, 1, 0xc2]})
}

/// A value of its own type.
pub(crate) fn dynamic(ty: Json, value: Json) -> Json {
    json!([{"$": "type", "is": ty}, value])
}

pub(crate) fn pack(value: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value);
    out
}

fn head(out: &mut Vec<u8>, length: usize, short: Option<(u8, usize)>, wide: u8) {
    match short {
        Some((marker, limit)) if length < limit => out.push(marker | u8::try_from(length).unwrap()),
        _ => {
            out.push(wide);
            out.extend(u32::try_from(length).unwrap().to_be_bytes());
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, text.len(), Some((0xa0, 32)), 0xdb);
    out.extend(text.as_bytes());
}

fn write(out: &mut Vec<u8>, value: &Json) {
    match value {
        Json::Null => out.push(0xc0),
        Json::Bool(flag) => out.push(if *flag { 0xc3 } else { 0xc2 }),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => {
                out.push(0xd3);
                out.extend(whole.to_be_bytes());
            }
            None => text(out, &number.to_string()),
        },
        Json::String(string) => text(out, string),
        Json::Array(all) => {
            head(out, all.len(), Some((0x90, 16)), 0xdd);
            all.iter().for_each(|one| write(out, one));
        }
        Json::Object(members) => match (members.get("$").and_then(Json::as_str), members.get("refined")) {
            (Some("unknown"), None) => out.extend([0xd4, 0, 0]),
            (Some("unknown"), Some(body)) => {
                let body: Vec<u8> = serde_json::from_value(body.clone()).unwrap();
                out.extend([0xc7, u8::try_from(body.len()).unwrap(), 12]);
                out.extend(body);
            }
            (Some(_), _) => {
                let ty = members["is"].to_string();
                out.extend([0xc4, u8::try_from(ty.len()).unwrap()]);
                out.extend(ty.as_bytes());
            }
            (None, _) => {
                head(out, members.len(), Some((0x80, 16)), 0xdf);
                for (name, value) in members {
                    text(out, name);
                    write(out, value);
                }
            }
        },
    }
}

pub(crate) fn unpack(mut bytes: &[u8]) -> Json {
    let value = read(&mut bytes);
    assert!(bytes.is_empty(), "something follows the value");
    value
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn unsigned(bytes: &mut &[u8], width: usize) -> u64 {
    take(bytes, width).iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn length(bytes: &mut &[u8], width: usize) -> usize {
    usize::try_from(unsigned(bytes, width)).unwrap()
}

fn read(bytes: &mut &[u8]) -> Json {
    let marker = take(bytes, 1)[0];
    match marker {
        0x00..=0x7f => json!(marker),
        0xe0..=0xff => json!(marker.cast_signed()),
        0xc0 => Json::Null,
        0xc2 | 0xc3 => json!(marker == 0xc3),
        0xcc..=0xcf => json!(unsigned(bytes, 1 << (marker - 0xcc))),
        0xd0 => json!(unsigned(bytes, 1) as u8 as i8),
        0xd1 => json!(unsigned(bytes, 2) as u16 as i16),
        0xd2 => json!(unsigned(bytes, 4) as u32 as i32),
        0xd3 => json!(unsigned(bytes, 8).cast_signed()),
        0xcb => {
            let double = f64::from_bits(unsigned(bytes, 8));
            assert!(!double.is_nan(), "NaN crashes Terraform");
            json!(double.to_string())
        }
        0xa0..=0xbf => string(bytes, usize::from(marker & 31)),
        0xd9..=0xdb => {
            let length = length(bytes, 1 << (marker - 0xd9));
            string(bytes, length)
        }
        0xc4 => {
            let length = length(bytes, 1);
            let ty: Json = serde_json::from_slice(take(bytes, length)).unwrap();
            json!({"$": "type", "is": ty})
        }
        0xc5 => {
            let length = length(bytes, 2);
            let ty: Json = serde_json::from_slice(take(bytes, length)).unwrap();
            json!({"$": "type", "is": ty})
        }
        0xd4 => {
            take(bytes, 2);
            unknown()
        }
        0xc7 => {
            let length = length(bytes, 1);
            assert_eq!(take(bytes, 1), [12], "refinements have this code");
            let body = take(bytes, length).to_vec();
            assert_ne!(body, [0x80], "refinements are never empty");
            json!({"$": "unknown", "refined": body})
        }
        0x90..=0x9f => array(bytes, usize::from(marker & 15)),
        0xdc | 0xdd => {
            let length = length(bytes, if marker == 0xdc { 2 } else { 4 });
            array(bytes, length)
        }
        0x80..=0x8f => object(bytes, usize::from(marker & 15)),
        0xde | 0xdf => {
            let length = length(bytes, if marker == 0xde { 2 } else { 4 });
            object(bytes, length)
        }
        0xc1 | 0xc6 | 0xc8..=0xca | 0xd5..=0xd8 => panic!("core does not expect {marker:02x}"),
    }
}

fn string(bytes: &mut &[u8], length: usize) -> Json {
    json!(std::str::from_utf8(take(bytes, length)).unwrap())
}

fn array(bytes: &mut &[u8], length: usize) -> Json {
    (0..length).map(|_| read(bytes)).collect()
}

fn object(bytes: &mut &[u8], length: usize) -> Json {
    let members = (0..length).map(|_| {
        let Json::String(name) = read(bytes) else { panic!("keys are strings") };
        (name, read(bytes))
    });
    let members: serde_json::Map<_, _> = members.collect();
    assert_eq!(members.len(), length, "a key came twice");
    Json::Object(members)
}
