//! An access key pair, permanent or temporary, and the headers that prove it.

use std::{fmt, time::SystemTime};

use super::{
    Secret,
    sign::{Algorithm, DATE_HEADER, Message, date, sign},
};
use crate::rest::{Header, Request};

/// An access key and its secret.
#[derive(Clone)]
pub struct Keys {
    /// The id of the key. Not secret, yet never shown whole.
    pub access_key: String,
    /// The key itself.
    pub secret_key: Secret,
    /// What makes a temporary key valid.
    pub security_token: Option<Secret>,
    /// How it signs.
    pub algorithm: Algorithm,
}

impl Keys {
    /// The headers that authorise the request at the time `now`; `also` are signed and sent with it.
    ///
    /// Signed are only headers that nobody on the way changes. The gateway asks for no more than the date.
    pub(super) fn headers(&self, request: &Request, also: Vec<Header>, now: SystemTime) -> Vec<Header> {
        let mut headers = also;
        headers.push(Header::plain(DATE_HEADER, date(now)));
        if let Some(token) = &self.security_token {
            headers.push(Header::sensitive("x-security-token", token.expose()));
        }
        let query: Vec<(&str, &str)> = request.query_pairs().iter().map(|(n, v)| (*n, v.as_str())).collect();
        let mut signed: Vec<(&str, &str)> = headers.iter().map(|h| (h.name(), h.value())).collect();
        signed.push(("host", request.base().authority()));
        let message = Message {
            method: request.method().as_str(),
            path: &request.decoded_path(),
            query: &query,
            headers: &signed,
            body: request.body(),
        };
        // The date was added above. A request without authorisation would only be refused.
        let authorization = sign(self.algorithm, &message, &self.access_key, self.secret_key.expose())
            .map(|signature| signature.authorization)
            .unwrap_or_default();
        headers.push(Header::sensitive("authorization", authorization));
        headers
    }
}

/// Enough of an access key's id to recognise it by.
pub fn abridged(access_key: &str) -> String {
    let start: String = access_key.chars().take(4).collect();
    format!("{start}…")
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", abridged(&self.access_key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::{Base, Effect, Method};

    #[test]
    fn signs_what_nobody_changes_and_hides_the_rest() {
        let keys = Keys {
            access_key: "AKIDcanary".to_owned(),
            secret_key: Secret::from("sk-canary".to_owned()),
            security_token: Some(Secret::from("st-canary".to_owned())),
            algorithm: Algorithm::default(),
        };
        let base = Base::parse("http://127.0.0.1:8080").unwrap();
        let request = Request::new("Op", Effect::Read, Method::GET, &base, ["v5", "p"]).query("limit", "10");
        let project = Header::plain("x-project-id", "p");
        let headers = keys.headers(&request, vec![project], SystemTime::UNIX_EPOCH);
        let names: Vec<&str> = headers.iter().map(Header::name).collect();
        assert_eq!(names, ["x-project-id", "x-sdk-date", "x-security-token", "authorization"]);
        let authorization = headers.last().unwrap().value();
        assert!(
            authorization.starts_with(
                "SDK-HMAC-SHA256 Access=AKIDcanary, \
                 SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, Signature="
            ),
            "{authorization}"
        );
        let shown = format!("{keys:?} {headers:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("Keys(AKID…)"), "{shown}");
    }
}
