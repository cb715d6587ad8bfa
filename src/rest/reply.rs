//! A reply as a value, read completely before anybody looks at it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use reqwest::header::{HeaderMap, HeaderName};
use serde::de::DeserializeOwned;
use time::{PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description};

use zeroize::Zeroizing;

use super::Fault;

/// Status, headers and body of one answer.
#[derive(Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers; values that hold secrets are the reader's care.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Zeroizing<Vec<u8>>,
}

/// The only date form that HTTP servers may write today.
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

impl Reply {
    /// Whether the status is 2xx. The vendor's clients accept more or fewer of them per call.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's text.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get(HeaderName::from_static(name))?.to_str().ok()
    }

    /// The id the gateway gave the request; support asks for it.
    pub fn request_id(&self) -> Option<&str> {
        self.header("x-request-id").or_else(|| self.header("x-iam-trace-id")).filter(|id| !id.is_empty())
    }

    /// The server's idea of the time.
    pub fn date(&self) -> Option<SystemTime> {
        http_date(self.header("date")?)
    }

    /// How long the server asks to wait, seen from `now`.
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        // A date in the past means at once.
        http_date(text).map(|date| date.duration_since(now).unwrap_or_default())
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// What the body says about an error.
    pub fn fault(&self) -> Fault {
        Fault::parse(&self.body)
    }
}

fn http_date(text: &str) -> Option<SystemTime> {
    PrimitiveDateTime::parse(text.trim(), HTTP_DATE).ok().map(|date| date.assume_utc().into())
}

// A body can hold credentials, and so can headers.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(name: &'static str, value: &str) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Reply { status: 200, headers, body: b"canary".to_vec().into() }
    }

    #[test]
    fn retry_after_in_both_forms() {
        let epoch = SystemTime::UNIX_EPOCH;
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(
                reply("retry-after", text).retry_after(epoch),
                expected.map(Duration::from_secs),
                "{text}"
            );
        };
        check("1", Some(1));
        check(" 30 ", Some(30));
        check("Thu, 01 Jan 1970 00:01:00 GMT", Some(60));
        check("Wed, 31 Dec 1969 00:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }

    #[test]
    fn debug_hides_the_body() {
        assert!(!format!("{:?}", reply("a", "b")).contains("canary"));
    }
}
