//! Checks `SDK-HMAC-SHA256` and `SDK-HMAC-SM3` signatures from what came over the wire.
//!
//! It builds the canonical request out of the decoded path and query, so a client that signs anything else
//! than what it sends is refused, as the gateway does.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sm3::Sm3;
use subtle::ConstantTimeEq;

const DATE_HEADER: &str = "x-sdk-date";

/// The ways of signing that need nothing but a hash. They differ in nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Algorithm {
    Sha256,
    Sm3,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Sha256, Self::Sm3];

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SDK-HMAC-SHA256",
            Self::Sm3 => "SDK-HMAC-SM3",
        }
    }

    /// The header whose value may stand in for the hash of the body.
    fn content_header(self) -> &'static str {
        match self {
            Self::Sha256 => "x-sdk-content-sha256",
            Self::Sm3 => "x-sdk-content-sm3",
        }
    }

    fn hash(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 => hex(&Sha256::digest(bytes)),
            Self::Sm3 => hex(&Sm3::digest(bytes)),
        }
    }

    fn mac(self, secret: &str, text: &[u8]) -> String {
        let secret = secret.as_bytes();
        // An HMAC takes keys of any length; an empty answer would match no signature.
        match self {
            Self::Sha256 => Hmac::<Sha256>::new_from_slice(secret)
                .map_or_else(|_| String::new(), |mac| hex(&mac.chain_update(text).finalize().into_bytes())),
            Self::Sm3 => Hmac::<Sm3>::new_from_slice(secret)
                .map_or_else(|_| String::new(), |mac| hex(&mac.chain_update(text).finalize().into_bytes())),
        }
    }
}

/// The parts of the `Authorization` header.
#[derive(Debug, PartialEq)]
pub(super) struct Authorization<'a> {
    pub(super) access: &'a str,
    algorithm: Algorithm,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// `None` when the header is not of the form the signing guide gives.
    pub(super) fn parse(header: &'a str) -> Option<Self> {
        let (name, members) = header.split_once(' ')?;
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)?;
        let (mut access, mut signed_headers, mut signature) = (None, None, None);
        for member in members.split(',') {
            let (name, value) = member.trim_matches(' ').split_once('=')?;
            let slot = match name {
                "Access" => &mut access,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        Some(Self { access: access?, algorithm, signed_headers: signed_headers?, signature: signature? })
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

/// A request as the verifier sees it: undecoded path and query.
pub(super) struct Wire<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// Whether `secret` made the signature. The date's distance from now is the caller's matter.
pub(super) fn verify(wire: &Wire<'_>, authorization: &Authorization<'_>, secret: &str) -> bool {
    if !authorization.signs(DATE_HEADER) {
        return false;
    }
    let Some(date) = wire.headers.get(DATE_HEADER).map(|value| value.as_bytes()) else { return false };
    payload_hashes(wire, authorization).iter().any(|hash| {
        canonical_request(wire, authorization.signed_headers, hash).is_some_and(|canonical| {
            let text = string_to_sign(authorization.algorithm, date, &canonical);
            authorization
                .algorithm
                .mac(secret, &text)
                .as_bytes()
                .ct_eq(authorization.signature.as_bytes())
                .into()
        })
    })
}

/// The hashes the signature may cover. A signed content header stands in for the body's hash, whatever it says.
/// For an empty body the official clients differ: one signs the header's value, another the hash of nothing.
fn payload_hashes(wire: &Wire<'_>, authorization: &Authorization<'_>) -> Vec<String> {
    let actual = authorization.algorithm.hash(wire.body);
    let header = authorization.algorithm.content_header();
    let declared = wire.headers.get(header).filter(|_| authorization.signs(header));
    match declared.and_then(|value| value.to_str().ok()).map(|text| text.trim_matches(' ').to_owned()) {
        None => vec![actual],
        Some(declared) if wire.body.is_empty() => vec![declared, actual],
        Some(declared) => vec![declared],
    }
}

/// `None` when a header that is declared as signed did not come.
fn canonical_request(wire: &Wire<'_>, signed_headers: &str, payload_hash: &str) -> Option<Vec<u8>> {
    let mut names: Vec<&str> = signed_headers.split(';').collect();
    names.sort_unstable();
    let mut text = Vec::new();
    for part in [&wire.method.to_ascii_uppercase(), &canonical_path(wire.path), &canonical_query(wire.query)]
    {
        text.extend_from_slice(part.as_bytes());
        text.push(b'\n');
    }
    for name in names {
        let mut values: Vec<&[u8]> =
            wire.headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
        if values.is_empty() {
            return None;
        }
        values.sort_unstable();
        for value in values {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend_from_slice(value);
            text.push(b'\n');
        }
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload_hash.as_bytes());
    Some(text)
}

fn canonical_path(raw: &str) -> String {
    let decoded = percent_decode(raw, false);
    let mut path = decoded.split(|byte| *byte == b'/').map(escape).collect::<Vec<_>>().join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}

fn canonical_query(raw: &str) -> String {
    let mut pairs = query_pairs(raw);
    pairs.sort_unstable();
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn string_to_sign(algorithm: Algorithm, date: &[u8], canonical_request: &[u8]) -> Vec<u8> {
    let hash = algorithm.hash(canonical_request);
    [algorithm.name().as_bytes(), b"\n", date.trim_ascii(), b"\n", hash.as_bytes()].concat()
}

/// The decoded name and value pairs of a query, in the order of the wire, duplicates kept.
pub(super) fn query_pairs(raw: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_decode(name, true), percent_decode(value, true)))
        .collect()
}

/// Decodes escapes once; in a query a plus is a blank. A broken escape stays as it is.
pub(super) fn percent_decode(text: &str, plus_is_blank: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = if byte == b'%' { digit(at + 1).zip(digit(at + 2)) } else { None };
        match (escape, byte) {
            (Some((high, low)), _) => {
                decoded.push((high * 16 + low) as u8);
                at += 2;
            }
            (None, b'+') if plus_is_blank => decoded.push(b' '),
            (None, byte) => decoded.push(byte),
        }
        at += 1;
    }
    decoded
}

fn escape(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::new();
    for &byte in bytes.as_ref() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(byte.into()),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde_json::Value;

    use super::*;

    fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        map
    }

    const DATE: &[u8] = b"20260315T081530Z";

    fn made_of(canonical: &[u8]) -> String {
        Algorithm::Sha256.mac("secret", &string_to_sign(Algorithm::Sha256, DATE, canonical))
    }

    fn authorization<'a>(signed_headers: &'a str, signature: &'a str) -> Authorization<'a> {
        Authorization { access: "A", algorithm: Algorithm::Sha256, signed_headers, signature }
    }

    #[test]
    fn every_published_vector_verifies_and_a_changed_one_does_not() {
        let file: Value =
            serde_json::from_str(include_str!("../../tests/vectors/signing-vectors.json")).unwrap();
        let vectors = file["vectors"].as_array().unwrap();
        assert!(vectors.len() >= 45);
        let others = file["optional_algorithms"]["vectors"].as_array().unwrap();
        let sm3: Vec<&Value> = others.iter().filter(|it| it["algorithm"] == "SDK-HMAC-SM3").collect();
        assert!(sm3.len() >= 2);
        for vector in vectors.iter().chain(sm3) {
            let id = vector["id"].as_str().unwrap();
            let (request, expect) = (&vector["request"], &vector["expect"]);
            let body = match (&request["body"], &request["body_base64"]) {
                (Value::String(text), _) => text.as_bytes().to_vec(),
                (_, Value::String(text)) => STANDARD.decode(text).unwrap(),
                _ => Vec::new(),
            };
            let pairs: Vec<(&str, &[u8])> = vector["headers_at_signing"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap().as_bytes()))
                .collect();
            let headers = headers(&pairs);
            let wire = Wire {
                method: request["method"].as_str().unwrap(),
                path: request["path_as_given"].as_str().unwrap(),
                query: expect["canonical_query"].as_str().unwrap(),
                headers: &headers,
                body: &body,
            };
            let signed_headers = expect["signed_headers"].as_str().unwrap();
            let hash = expect["payload_hash"].as_str().unwrap();
            let canonical = canonical_request(&wire, signed_headers, hash).unwrap();
            assert_eq!(String::from_utf8(canonical).unwrap(), expect["canonical_request"], "{id}");

            let secret = vector["credentials"]["sk"].as_str().unwrap();
            let header = expect["authorization"].as_str().unwrap();
            let authorization = Authorization::parse(header).unwrap();
            assert!(verify(&wire, &authorization, secret), "{id}");
            assert!(!verify(&wire, &authorization, "another secret"), "{id}");
            let other = Wire { method: "TRACE", ..wire };
            assert!(!verify(&other, &authorization, secret), "{id} with another method");
        }
    }

    #[test]
    fn the_date_must_be_signed() {
        let headers = headers(&[("host", b"localhost"), ("x-sdk-date", DATE)]);
        let wire = Wire { method: "GET", path: "/", query: "", headers: &headers, body: b"" };
        let check = |signed: &str, expected: bool| {
            let canonical = canonical_request(&wire, signed, &hex(&Sha256::digest(b""))).unwrap();
            let made = made_of(&canonical);
            let authorization = authorization(signed, &made);
            assert_eq!(verify(&wire, &authorization, "secret"), expected, "{signed}");
        };
        check("host;x-sdk-date", true);
        check("host", false);
    }

    #[test]
    fn a_signed_content_header_stands_in_for_the_hash_of_the_body() {
        const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
        let signed_headers = "x-sdk-content-sha256;x-sdk-date";
        let check = |declared: &str, body: &[u8], covered: &str, expected: bool| {
            let headers = headers(&[("x-sdk-content-sha256", declared.as_bytes()), (DATE_HEADER, DATE)]);
            let wire = Wire { method: "PUT", path: "/a", query: "", headers: &headers, body };
            let canonical = canonical_request(&wire, signed_headers, covered).unwrap();
            let made = made_of(&canonical);
            let authorization = authorization(signed_headers, &made);
            assert_eq!(verify(&wire, &authorization, "secret"), expected, "{declared} {covered}");
        };
        let (nothing, text) = (hex(&Sha256::digest(b"")), hex(&Sha256::digest(b"text")));
        check(UNSIGNED, b"text", UNSIGNED, true);
        check(UNSIGNED, b"text", &text, false);
        check(UNSIGNED, b"", UNSIGNED, true);
        check(UNSIGNED, b"", &nothing, true);
        check(&text, b"text", &text, true);
        check(&nothing, b"text", &nothing, true);
        check(&nothing, b"text", &text, false);
    }

    #[test]
    fn the_authorization_header_is_read_strictly() {
        let check = |header: &str, expected: bool| {
            assert_eq!(Authorization::parse(header).is_some(), expected, "{header}");
        };
        check("SDK-HMAC-SHA256 Access=A, SignedHeaders=b;c, Signature=d", true);
        check("SDK-HMAC-SHA256 Access=A,SignedHeaders=b, Signature=d", true);
        check("SDK-HMAC-SM3 Access=A, SignedHeaders=b, Signature=d", true);
        check("SDK-SM2-SM3 Access=A, SignedHeaders=b, Signature=d", false);
        check("SDK-HMAC-SHA256 Access=A, SignedHeaders=b", false);
        check("SDK-HMAC-SHA256 Access=A, Access=B, SignedHeaders=b, Signature=d", false);
        check("Bearer A", false);
    }

    #[test]
    fn a_plus_in_a_query_is_a_blank_and_broken_escapes_stay() {
        assert_eq!(canonical_query("b=1+2&a=%zz&c&&b=%2B"), "a=%25zz&b=%2B&b=1%202&c=");
        assert_eq!(canonical_path("/a%2Fb/c+d"), "/a/b/c%2Bd/");
        assert_eq!(canonical_path(""), "/");
    }
}
