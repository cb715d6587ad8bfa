//! A request as a value: nothing is escaped, signed or sent yet.

use std::{fmt, time::Duration};

pub use reqwest::Method;
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Base, escape, query_string};

/// What sending a request twice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads only: it may be repeated, and dropped in flight.
    Read,
    /// Sets something to given values: it may be repeated, but never dropped in flight.
    Set,
    /// Does something each time: it is repeated only when it surely did not arrive.
    Once,
}

/// One header. Sensitive values are not shown by `Debug`, and wiped when dropped.
#[derive(Clone)]
pub struct Header {
    pub(super) name: &'static str,
    pub(super) value: Zeroizing<String>,
    pub(super) sensitive: bool,
}

impl Header {
    /// A header anybody may see. The name is written in lower case.
    pub fn plain(name: &'static str, value: impl Into<String>) -> Header {
        Header { name, value: Zeroizing::new(value.into()), sensitive: false }
    }

    /// A header that must never be shown.
    pub fn sensitive(name: &'static str, value: impl Into<String>) -> Header {
        Header { name, value: Zeroizing::new(value.into()), sensitive: true }
    }

    /// The name in lower case.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value as it goes out.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.sensitive { "(sensitive)" } else { self.value.as_str() };
        write!(f, "{}: {value}", self.name)
    }
}

/// What to ask of a service. Built once; each attempt is authorised anew.
#[derive(Clone)]
pub struct Request {
    operation: &'static str,
    effect: Effect,
    method: Method,
    base: Base,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    headers: Vec<Header>,
    body: Option<Zeroizing<Vec<u8>>>,
    time_limit: Option<Duration>,
}

impl Request {
    /// A request for the path made of plain `segments` below `base`. `operation` is the vendor's name of the
    /// call, for messages. The caller has made sure that each one [is a segment](is_segment).
    pub fn new<S: Into<String>>(
        operation: &'static str,
        effect: Effect,
        method: Method,
        base: &Base,
        segments: impl IntoIterator<Item = S>,
    ) -> Request {
        let segments = base.prefix().iter().cloned().chain(segments.into_iter().map(Into::into)).collect();
        Request {
            operation,
            effect,
            method,
            base: base.clone(),
            segments,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            time_limit: None,
        }
    }

    /// Adds a plain query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.query.push((name, value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, header: Header) -> Request {
        self.headers.push(header);
        self
    }

    /// Sets the JSON body. The bytes are fixed here, so what is signed is what is sent.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Request {
        self.body = Some(Zeroizing::new(body.to_string().into_bytes()));
        self
    }

    /// The same for a body that holds secrets: `body` is wiped once its bytes are made.
    #[must_use]
    pub fn secret_json(mut self, mut body: Value) -> Request {
        // Large enough for the longest tokens, so that no grown-out-of buffer is left behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
        // Writing JSON to memory cannot fail.
        _ = serde_json::to_writer(&mut *bytes, &body);
        wipe(&mut body);
        self.body = Some(bytes);
        self
    }

    /// Gives one attempt less time than usual, connecting included.
    #[must_use]
    pub fn within(mut self, time_limit: Duration) -> Request {
        self.time_limit = Some(time_limit);
        self
    }

    /// The time for one attempt, where it is not the usual one.
    pub(super) fn time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    /// The vendor's name of the call.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What repeating it does.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The service it goes to.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// The path before escaping, as it is signed.
    pub fn decoded_path(&self) -> String {
        format!("/{}", self.segments.join("/"))
    }

    /// The path as it goes out.
    pub fn wire_path(&self) -> String {
        let escaped: Vec<String> = self.segments.iter().map(|segment| escape(segment)).collect();
        format!("/{}", escaped.join("/"))
    }

    /// The plain query parameters.
    pub fn query_pairs(&self) -> &[(&'static str, String)] {
        &self.query
    }

    /// The headers of the request itself.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// The body's exact bytes; empty without one.
    pub fn body(&self) -> &[u8] {
        self.body.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Whether there is a body.
    pub fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// The complete address.
    pub(super) fn url(&self) -> String {
        let query = query_string(&self.query);
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}://{}{}{mark}{query}", self.base.scheme(), self.base.authority(), self.wire_path())
    }
}

/// Whether a text can be one segment of a path: `/` could not be told from a separator once signed, and
/// dots would be resolved on the way.
pub fn is_segment(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && !text.contains('/') && !text.contains(char::is_control)
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(elements) => elements.iter_mut().for_each(wipe),
        Value::Object(members) => members.iter_mut().for_each(|(_, member)| wipe(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

// The body may hold a secret, so it is never shown.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("url", &self.url())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_once() {
        let base = Base::parse("https://h:8443/x").unwrap();
        let request = Request::new("Op", Effect::Read, Method::GET, &base, ["v5", "a b", "100%"])
            .query("limit", "10")
            .query("eps", "a b");
        assert_eq!(request.url(), "https://h:8443/x/v5/a%20b/100%25?eps=a%20b&limit=10");
        assert_eq!(request.decoded_path(), "/x/v5/a b/100%");
    }

    #[test]
    fn segments_that_would_become_something_else_are_refused() {
        for text in ["", ".", "..", "a/b", "/", "a\n"] {
            assert!(!is_segment(text), "{text:?}");
        }
        for text in ["a", "...", "a b", "%2F", "主"] {
            assert!(is_segment(text), "{text:?}");
        }
    }

    #[test]
    fn secret_bodies_are_wiped_at_every_depth() {
        let mut body = serde_json::json!({"a": [{"b": "canary"}], "c": "canary"});
        let base = Base::parse("https://h").unwrap();
        let request = Request::new("Op", Effect::Read, Method::POST, &base, ["p"]).secret_json(body.clone());
        assert_eq!(request.body(), body.to_string().as_bytes());
        wipe(&mut body);
        assert_eq!(body, serde_json::json!({"a": [{"b": ""}], "c": ""}));
    }

    #[test]
    fn debug_shows_neither_body_nor_sensitive_headers() {
        let base = Base::parse("https://h").unwrap();
        let request = Request::new("Op", Effect::Set, Method::POST, &base, ["p"])
            .header(Header::sensitive("x-auth-token", "canary-1"))
            .header(Header::plain("region", "r"))
            .json(&serde_json::json!({"password": "canary-2"}));
        let shown = format!("{request:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("region: r"), "{shown}");
    }
}
