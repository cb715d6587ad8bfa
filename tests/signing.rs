//! The request signer against recorded signatures of the vendor's own client.
//!
//! Reads `tests/vectors/signing-vectors.json`, and the file named by `HSS_SIGNING_VECTORS` if that is set.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "it is a test")]

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use terraform_provider_hss::auth::sign::{Algorithm, Message, Signature, sign};

const OURS: &str = "tests/vectors/signing-vectors.json";

#[test]
fn signing_vectors() {
    let mut failures = check_file(OURS);
    if let Ok(path) = std::env::var("HSS_SIGNING_VECTORS")
        && !path.is_empty()
    {
        failures.extend(check_file(&path));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check_file(path: &str) -> Vec<String> {
    // Tests run in the package's root, so our own path needs no help.
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let vectors = file.get("vectors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (mut passed, mut failures) = (0, Vec::new());
    for (index, vector) in vectors.iter().enumerate() {
        let id = vector["id"].as_str().map_or_else(|| format!("vector {}", index + 1), str::to_owned);
        let named = vector["algorithm"].as_str().unwrap_or(Algorithm::default().name());
        let offered = [Algorithm::HmacSha256, Algorithm::HmacSm3];
        let Some(algorithm) = offered.into_iter().find(|algorithm| algorithm.name() == named) else {
            println!("{id} skipped: {named} is not offered");
            continue;
        };
        match check(algorithm, vector) {
            Ok(()) => passed += 1,
            Err(why) => failures.push(format!("{path}: {id}: {why}")),
        }
    }
    println!("{passed} vectors passed: {path}");
    if passed == 0 && failures.is_empty() {
        failures.push(format!("{path}: holds no vector for what is offered"));
    }
    failures
}

fn check(algorithm: Algorithm, vector: &Value) -> Result<(), String> {
    let request = &vector["request"];
    let text = |value: &Value, name: &str| {
        value[name].as_str().map(str::to_owned).ok_or_else(|| format!("{name} is not a text"))
    };
    let query = pairs(&request["query"])?;
    let headers = pairs(&vector["headers_at_signing"])?;
    let body = match (request["body_base64"].as_str(), request["body"].as_str()) {
        (Some(encoded), _) => STANDARD.decode(encoded).map_err(|error| error.to_string())?,
        (None, Some(body)) => body.as_bytes().to_vec(),
        (None, None) => Vec::new(),
    };
    let credentials = &vector["credentials"];
    let message = Message {
        method: &text(request, "method")?,
        path: &text(request, "path_decoded")?,
        query: &borrowed(&query),
        headers: &borrowed(&headers),
        body: &body,
    };
    let signature = sign(algorithm, &message, &text(credentials, "ak")?, &text(credentials, "sk")?)
        .map_err(|e| e.to_string())?;
    let Some(expected) = vector["expect"].as_object() else {
        return Err("it expects nothing".to_owned());
    };
    let mut compared = 0;
    for (name, value) in expected {
        let Some(got) = stage(&signature, name) else { continue };
        let expected = value.as_str().ok_or_else(|| format!("expect.{name} is not a text"))?;
        if got != expected {
            return Err(format!("{name} differs\n  expected: {expected:?}\n  got:      {got:?}"));
        }
        compared += 1;
    }
    if compared == 0 { Err("nothing to compare".to_owned()) } else { Ok(()) }
}

fn stage<'a>(signature: &'a Signature, name: &str) -> Option<&'a str> {
    Some(match name {
        "canonical_uri" => &signature.canonical_uri,
        "canonical_query" => &signature.canonical_query,
        "canonical_headers" => &signature.canonical_headers,
        "signed_headers" => &signature.signed_headers,
        "payload_hash" => &signature.payload_hash,
        "canonical_request" => &signature.canonical_request,
        "canonical_request_hash" | "hash" => &signature.canonical_request_hash,
        "string_to_sign" => &signature.string_to_sign,
        "signature" => &signature.signature,
        "authorization" => &signature.authorization,
        _ => return None,
    })
}

fn pairs(list: &Value) -> Result<Vec<(String, String)>, String> {
    let Some(list) = list.as_array() else { return Ok(Vec::new()) };
    list.iter()
        .map(|pair| match (pair[0].as_str(), pair[1].as_str()) {
            (Some(name), Some(value)) => Ok((name.to_owned(), value.to_owned())),
            // A parameter without a value is the same as one with an empty value.
            (Some(name), None) => Ok((name.to_owned(), String::new())),
            _ => Err(format!("{pair} is not a pair of texts")),
        })
        .collect()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
