//! Error bodies. Gateway, services, identity and proxies write them in different shapes; all are read here.

use serde_json::{Map, Value};

use super::Header;

/// How much of an unknown body or a long message is kept.
const KEEP: usize = 300;

/// What an error body says. Decisions rest on `code`: the text may be in any language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The vendor's error code; numbers are kept as text.
    pub code: Option<String>,
    /// The vendor's text, or the start of a body in no known shape.
    pub message: Option<String>,
    /// The request id some bodies hold.
    pub request_id: Option<String>,
}

impl Fault {
    /// Reads any body. It never fails: what cannot be understood becomes the message.
    pub fn parse(body: &[u8]) -> Fault {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(object)) => {
                let mut fault = from_object(&object).unwrap_or_default();
                fault.request_id = text(&object, "request_id");
                if fault.code.is_none() && fault.message.is_none() {
                    fault.message = shorten(&String::from_utf8_lossy(body));
                }
                fault
            }
            _ => Fault { message: plain(&String::from_utf8_lossy(body)), ..Fault::default() },
        }
    }
}

/// Words shorter than this are no secrets, and to remove them would spoil the text.
const SECRET: usize = 8;

impl Fault {
    /// The same without anything that a sensitive one of these headers holds, in whole or in parts.
    #[must_use]
    pub fn without(mut self, headers: &[Header]) -> Fault {
        let secrets = headers.iter().filter(|header| header.sensitive);
        let words = secrets.flat_map(|header| header.value().split([' ', ',', '=', ';']));
        for word in words.filter(|word| word.len() >= SECRET && !is_public(word)) {
            for text in [&mut self.code, &mut self.message, &mut self.request_id].into_iter().flatten() {
                if text.contains(word) {
                    *text = text.replace(word, "…");
                }
            }
        }
        self
    }
}

/// Names of schemes and headers are no secrets.
fn is_public(word: &str) -> bool {
    word.contains('-') && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase())
        || ["SDK-HMAC-SHA256", "Signature", "SignedHeaders", "host"].contains(&word)
}

/// The first shape that fits, here or in an object inside.
fn from_object(object: &Map<String, Value>) -> Option<Fault> {
    const SHAPES: [(&str, &str); 3] =
        [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")];
    for (code, message) in SHAPES {
        let (code, message) = (text(object, code), text(object, message));
        if code.is_some() || message.is_some() {
            // One known error comes with a description alone.
            let message = message.or_else(|| text(object, "error_description"));
            return Some(Fault { code, message: message.and_then(|m| shorten(&m)), request_id: None });
        }
    }
    if let Some(fault) = object.values().filter_map(Value::as_object).find_map(from_object) {
        return Some(fault);
    }
    let message = text(object, "error_description").and_then(|m| shorten(&m))?;
    Some(Fault { message: Some(message), ..Fault::default() })
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A page's title says more than its markup.
fn plain(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let title = lower.find("<title>").map(|at| at + "<title>".len()).and_then(|start| {
        let end = lower.get(start..)?.find("</title>")?;
        body.get(start..start + end)
    });
    shorten(title.unwrap_or(body))
}

/// One line without control characters, of bounded length.
fn shorten(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let kept: String = line.chars().take(KEEP).collect();
    let mark = if kept.len() < line.len() { "…" } else { "" };
    if kept.is_empty() { None } else { Some(format!("{kept}{mark}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_in_secret_is_not_told() {
        let sent = [
            Header::sensitive(
                "authorization",
                "SDK-HMAC-SHA256 Access=AKIDcanary01, SignedHeaders=host;x-sdk-date, Signature=0badcafe0badcafe",
            ),
            Header::sensitive("x-security-token", "canary-token-1"),
            Header::plain("region", "cn-north-4"),
        ];
        let body = r#"{"error_code":"APIGW.0301","error_msg":"ak AKIDcanary01 not exist in cn-north-4: canary-token-1 0badcafe0badcafe Signature","request_id":"r-canary-token-1"}"#;
        let fault = Fault::parse(body.as_bytes()).without(&sent);
        assert_eq!(fault.message.as_deref(), Some("ak … not exist in cn-north-4: … … Signature"));
        assert_eq!((fault.code.as_deref(), fault.request_id.as_deref()), (Some("APIGW.0301"), Some("r-…")));
    }

    #[test]
    fn every_known_shape_is_read() {
        let check = |body: &str, code: Option<&str>, message: Option<&str>, request_id: Option<&str>| {
            let expected = Fault {
                code: code.map(str::to_owned),
                message: message.map(str::to_owned),
                request_id: request_id.map(str::to_owned),
            };
            assert_eq!(Fault::parse(body.as_bytes()), expected, "{body}");
        };
        let some = Some;
        check(
            r#"{"error_msg":"no","error_code":"APIGW.0301","request_id":"r1"}"#,
            some("APIGW.0301"),
            some("no"),
            some("r1"),
        );
        check(
            r#"{"error_code":"HSS.1005","error_description":"d","error_msg":"m"}"#,
            some("HSS.1005"),
            some("m"),
            None,
        );
        check(
            r#"{"error_code":"00000010","error_description":"拒绝访问"}"#,
            some("00000010"),
            some("拒绝访问"),
            None,
        );
        check(
            r#"{"error":{"code":401,"message":"bad","title":"Unauthorized"}}"#,
            some("401"),
            some("bad"),
            None,
        );
        check(r#"{"code":"X.1","message":"m"}"#, some("X.1"), some("m"), None);
        check(r#"{"errorCode":"X.1","errorMsg":"m"}"#, some("X.1"), some("m"), None);
        check(r#"{"error_description":"only"}"#, None, some("only"), None);
        check(r#"{"a":{"b":{"error_code":7,"error_msg":null}}}"#, some("7"), None, None);
        check(r#"{"what":1}"#, None, some(r#"{"what":1}"#), None);
        check("", None, None, None);
        check("<html><head><TITLE>502 Bad\n Gateway</TITLE></head>…", None, some("502 Bad Gateway"), None);
        check("plain \u{1b}[31m text", None, some("plain [31m text"), None);
        check("[1]", None, some("[1]"), None);
    }

    #[test]
    fn long_texts_are_cut() {
        let fault = Fault::parse("é".repeat(10_000).as_bytes());
        assert_eq!(fault.message.unwrap().chars().count(), KEEP + 1);
    }
}
