//! `SDK-HMAC-SHA256` and `SDK-HMAC-SM3`, the request signatures of the platform's gateway, as a pure function.
//!
//! The caller says which headers are signed. Every intermediate text is returned, so that a test or a log
//! can tell where two signers part.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sm3::Sm3;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use crate::rest::{escape, query_string};

/// How a request is signed. The two differ in their hash alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// The usual one.
    #[default]
    HmacSha256,
    /// With the Chinese national hash.
    HmacSm3,
}

/// The header that holds the time of signing. The gateway refuses one that is further off than [`MAX_SKEW`].
pub const DATE_HEADER: &str = "x-sdk-date";
/// How far the two clocks may be apart.
pub const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

impl Algorithm {
    /// Its name, in the header and in the text that is signed.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::HmacSha256 => "SDK-HMAC-SHA256",
            Algorithm::HmacSm3 => "SDK-HMAC-SM3",
        }
    }

    /// When given, its value stands for the hash of the body.
    fn content_hash_header(self) -> &'static str {
        match self {
            Algorithm::HmacSha256 => "x-sdk-content-sha256",
            Algorithm::HmacSm3 => "x-sdk-content-sm3",
        }
    }

    fn hash(self, bytes: &[u8]) -> String {
        match self {
            Algorithm::HmacSha256 => hex(&Sha256::digest(bytes)),
            Algorithm::HmacSm3 => hex(&Sm3::digest(bytes)),
        }
    }

    // HMAC takes keys of any length: the error cannot occur, and an empty signature would only be refused.
    fn mac(self, key: &[u8], message: &[u8]) -> String {
        match self {
            Algorithm::HmacSha256 => Hmac::<Sha256>::new_from_slice(key)
                .map(|mac| hex(&mac.chain_update(message).finalize().into_bytes()))
                .unwrap_or_default(),
            Algorithm::HmacSm3 => Hmac::<Sm3>::new_from_slice(key)
                .map(|mac| hex(&mac.chain_update(message).finalize().into_bytes()))
                .unwrap_or_default(),
        }
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The HTTP method, in any case.
    pub method: &'a str,
    /// The path before escaping.
    pub path: &'a str,
    /// The query's plain names and values, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers to sign, `x-sdk-date` among them, in any order and case. Names with `_` are left out.
    pub headers: &'a [(&'a str, &'a str)],
    /// The exact bytes of the body.
    pub body: &'a [u8],
}

/// A signature, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The escaped path. It ends in `/`, which is for signing only.
    pub canonical_uri: String,
    /// The sorted, escaped query; it is also what must be sent.
    pub canonical_query: String,
    /// One line for each signed header.
    pub canonical_headers: String,
    /// The names of the signed headers.
    pub signed_headers: String,
    /// The hash of the body, or the text that stands for it.
    pub payload_hash: String,
    /// All of the above.
    pub canonical_request: String,
    /// Its hash.
    pub canonical_request_hash: String,
    /// What the key signs.
    pub string_to_sign: String,
    /// The signature in lower-case hex.
    pub signature: String,
    /// The value of the `Authorization` header.
    pub authorization: String,
}

/// There is no `x-sdk-date` among the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request without {DATE_HEADER} cannot be signed")]
pub struct MissingDate;

/// The text of `x-sdk-date` for a time.
pub fn date(time: SystemTime) -> String {
    // Only a component missing from the value could fail, and a date has them all.
    OffsetDateTime::from(time).format(DATE).unwrap_or_default()
}

/// Signs. The secret key's bytes are the key as they are: the algorithm derives none.
pub fn sign(
    algorithm: Algorithm,
    message: &Message<'_>,
    access_key: &str,
    secret_key: &str,
) -> Result<Signature, MissingDate> {
    let mut headers: Vec<(String, &str)> = message
        .headers
        .iter()
        .filter(|(name, _)| !name.contains('_'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim_matches([' ', '\t'])))
        .collect();
    headers.sort();
    let find = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let date = find(DATE_HEADER).ok_or(MissingDate)?;
    let payload_hash =
        find(algorithm.content_hash_header()).map_or_else(|| algorithm.hash(message.body), str::to_owned);
    let canonical_uri = canonical_uri(message.path);
    let canonical_query = query_string(message.query);
    let mut canonical_headers = String::new();
    for (name, value) in &headers {
        canonical_headers.push_str(name);
        canonical_headers.push(':');
        canonical_headers.push_str(value);
        canonical_headers.push('\n');
    }
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    let signed_headers = names.join(";");
    let canonical_request = [
        &message.method.to_ascii_uppercase(),
        &canonical_uri,
        &canonical_query,
        &canonical_headers,
        &signed_headers,
        &payload_hash,
    ]
    .map(String::as_str)
    .join("\n");
    let canonical_request_hash = algorithm.hash(canonical_request.as_bytes());
    let name = algorithm.name();
    let string_to_sign = format!("{name}\n{date}\n{canonical_request_hash}");
    let signature = algorithm.mac(secret_key.as_bytes(), string_to_sign.as_bytes());
    let authorization =
        format!("{name} Access={access_key}, SignedHeaders={signed_headers}, Signature={signature}");
    Ok(Signature {
        canonical_uri,
        canonical_query,
        canonical_headers,
        signed_headers,
        payload_hash,
        canonical_request,
        canonical_request_hash,
        string_to_sign,
        signature,
        authorization,
    })
}

/// Each segment escaped, nothing normalised, a `/` at the end.
fn canonical_uri(path: &str) -> String {
    let mut uri = path.split('/').map(escape).collect::<Vec<_>>().join("/");
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_seconds_and_no_separators() {
        assert_eq!(
            date(SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_999)),
            "20260101T000000Z"
        );
    }

    #[test]
    fn the_date_is_part_of_the_signature() {
        let message = Message { method: "GET", path: "/", query: &[], headers: &[("host", "h")], body: b"" };
        assert_eq!(sign(Algorithm::default(), &message, "ak", "sk"), Err(MissingDate));
    }
}
