//! What goes back to the caller, in the shapes of the parties that answer: HSS, the gateway before it, and IAM.

use std::borrow::Cow;

use serde_json::{Value, json};

/// An answer before it is written out; the request id is filled in then.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Payload,
}

#[derive(Clone, Debug)]
pub(super) enum Payload {
    Empty,
    Json(Value),
    /// An error of the gateway or of STS, whose body repeats the request id.
    Gateway {
        code: &'static str,
        message: String,
        /// The authorisation message STS adds to a denial.
        denial: bool,
    },
    /// Anything but JSON, with its content type.
    Text(&'static str, Cow<'static, str>),
}

/// Either way something to send: `Err` marks refusals, so that checks can end early with `?`.
pub(super) type Answer = Result<Reply, Reply>;

impl Reply {
    pub(super) fn new(status: u16, body: Payload) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    pub(super) fn json(value: Value) -> Self {
        Self::new(200, Payload::Json(value))
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::new(status, Payload::Empty)
    }

    /// A refusal of HSS: always HTTP 400, the text twice.
    pub(super) fn hss(code: &str, message: impl AsRef<str>) -> Self {
        let message = message.as_ref();
        let body = json!({"error_code": code, "error_msg": message, "error_description": message});
        Self::new(400, Payload::Json(body))
    }

    pub(super) fn invalid(message: impl AsRef<str>) -> Self {
        Self::hss("HSS.0001", message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::hss("HSS.0011", format!("resource not found: {what}"))
    }

    /// The other form of "access denied", which has no `error_msg`.
    pub(super) fn bare_denial() -> Self {
        let body = json!({"error_code": "00000010", "error_description": "access denied"});
        Self::new(400, Payload::Json(body))
    }

    pub(super) fn gateway(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(status, Payload::Gateway { code, message: message.into(), denial: false })
    }

    /// A refusal of IAM's own interface, `/v3.0/`.
    pub(super) fn iam(status: u16, code: &'static str, message: impl AsRef<str>) -> Self {
        Self::new(status, Payload::Json(json!({"error_msg": message.as_ref(), "error_code": code})))
    }

    /// A refusal of STS for want of permission.
    pub(super) fn sts_denied(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(403, Payload::Gateway { code: "PAP5.0001", message, denial: true })
    }

    /// A plain text.
    pub(super) fn text(status: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, Payload::Text("text/plain", text.into()))
    }

    /// The code of a refusal, as the journal shows it.
    pub(super) fn error_code(&self) -> Option<String> {
        match &self.body {
            Payload::Gateway { code, .. } => Some((*code).to_owned()),
            Payload::Json(body) => match (&body["error_code"], &body["error"]["code"]) {
                (Value::String(code), _) => Some(code.clone()),
                (_, Value::Number(code)) => Some(code.to_string()),
                _ => None,
            },
            Payload::Empty | Payload::Text(..) => None,
        }
    }

    pub(super) fn unauthenticated(fragment: &str) -> Self {
        Self::gateway(401, "APIGW.0301", format!("Incorrect IAM authentication information: {fragment}"))
    }

    pub(super) fn not_published() -> Self {
        Self::gateway(
            404,
            "APIGW.0101",
            "The API does not exist or has not been published in the environment",
        )
    }

    pub(super) fn project_unavailable() -> Self {
        Self::gateway(403, "APIGW.0310", "The project is unavailable")
    }

    /// The gateway's refusal of a call over the limit, in the words clients read the limit from.
    pub(super) fn throttled(calls: u64, seconds: u64, retry_after: Option<u64>) -> Self {
        let time = match seconds {
            whole if whole % 60 == 0 => format!("{} minute", whole / 60),
            seconds => format!("{seconds} second"),
        };
        let message = format!(
            "The throttling threshold has been reached: policy user over ratelimit,limit:{calls},time:{time}"
        );
        let mut reply = Self::gateway(429, "APIGW.0308", message);
        reply.headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        reply
    }

    /// A refusal of IAM in the Keystone form, where the code is a number.
    pub(super) fn keystone(status: u16, message: &str) -> Self {
        let title = match status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            503 => "Service Unavailable",
            _ => "Not Found",
        };
        let error = json!({"error": {"code": status, "message": message, "title": title}});
        Self::new(status, Payload::Json(error))
    }
}
