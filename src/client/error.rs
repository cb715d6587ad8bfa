//! What can go wrong with a call, by what the caller can do about it.

use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{SettingsError, remedy};
use crate::{
    auth::{self, Described},
    rest,
};

/// Every way to fail. Cheap to clone: callers that share a call share its error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service, the gateway or the identity service said no.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// There was no answer.
    #[error("{operation} got no answer from {endpoint}{}", tries(*attempts))]
    Transport {
        /// The call.
        operation: &'static str,
        /// Where it went.
        endpoint: String,
        /// How often it was sent.
        attempts: u32,
        /// Whether it may have taken effect.
        unsettled: bool,
        /// Why.
        source: Arc<rest::TransportError>,
    },
    /// There was an answer, but it could not be read.
    #[error("{operation} was answered, but the answer {problem}{}", request_suffix(request_id.as_deref()))]
    Malformed {
        /// The call.
        operation: &'static str,
        /// What is wrong with it.
        problem: String,
        /// The answer's id.
        request_id: Option<String>,
    },
    /// The user asked to stop.
    #[error("{operation} was stopped{}", unsettled_suffix(*unsettled))]
    Stopped {
        /// The call.
        operation: &'static str,
        /// Whether a write may have taken effect although nobody confirmed it.
        unsettled: bool,
    },
    /// The operation's time is over.
    #[error("there was no time left for {operation}{}", unsettled_suffix(*unsettled))]
    Deadline {
        /// The call.
        operation: &'static str,
        /// Whether a write may have taken effect although nobody confirmed it.
        unsettled: bool,
        /// What the last attempt met.
        #[source]
        last: Option<Box<Error>>,
    },
    /// There are no credentials to call with.
    #[error("no credentials could be had (by way of {})", described.who)]
    Credentials {
        /// Which source was taken, and why not another.
        described: Arc<Described>,
        /// What it met.
        #[source]
        cause: Box<Error>,
    },
    /// An agency or role could not be assumed.
    #[error("{step} could not be assumed")]
    Step {
        /// Which one.
        step: String,
        /// What its calls met.
        #[source]
        cause: Box<Error>,
    },
    /// A source of credentials gave none, in words.
    #[error("{0}")]
    Source(String),
    /// Nothing was tried, since an earlier failure would only repeat itself.
    #[error("this was not tried, because of the failure that another error tells in full")]
    Repeated(#[source] Box<Error>),
    /// The project cannot be found.
    #[error("there is no project named {name:?} that these credentials may use")]
    Project {
        /// The name that was looked up.
        name: String,
    },
    /// The provider's settings cannot work.
    #[error("{0}")]
    Settings(SettingsError),
    /// The resource's region cannot be served.
    #[error("the region {region:?} cannot be used here: {reason}")]
    Region {
        /// The region.
        region: String,
        /// Why not.
        reason: String,
    },
    /// An id that cannot be put into a path.
    #[error("{id:?} cannot be the id of a host: an id is not empty and holds no slash or control character")]
    Id {
        /// The id.
        id: String,
    },
    /// A defect of this program.
    #[error("{operation} ended without a result; this is a defect of the provider")]
    Defect {
        /// The call.
        operation: &'static str,
    },
}

/// An answer that says no, with all that is known about it.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// The vendor's name of the call.
    pub operation: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's text, in any language.
    pub message: Option<String>,
    /// What support asks for.
    pub request_id: Option<String>,
    /// How often it was asked.
    pub attempts: u32,
    /// Whether an earlier attempt may have taken effect although nobody confirmed it.
    pub unsettled: bool,
    /// The region of the call; empty for the identity service.
    pub region: String,
    /// Host and port it went to.
    pub endpoint: String,
    /// What it was called with, where that may be to blame.
    pub credentials: Option<Arc<Described>>,
    /// How far our clock is ahead of (`true`) or behind the server's, when the server says its time.
    pub clock_skew: Option<(bool, Duration)>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was answered with HTTP {}", self.operation, self.status)?;
        if let Some(code) = &self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        // The vendor's text may be missing, or in the language of its site.
        if !self.message.as_ref().is_some_and(|message| message.is_ascii())
            && let Some(means) = self.code.as_deref().and_then(remedy::meaning)
        {
            write!(f, " ({means})")?;
        }
        write!(f, "{}{}", request_suffix(self.request_id.as_deref()), tries(self.attempts))
    }
}

impl StdError for ApiError {}

impl Error {
    /// The vendor's code.
    pub fn code(&self) -> Option<&str> {
        self.api()?.code.as_deref()
    }

    /// The id of the failed request, for support.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Error::Malformed { request_id, .. } => request_id.as_deref(),
            _ => self.api()?.request_id.as_deref(),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> Option<u16> {
        Some(self.api()?.status)
    }

    /// Whether the host may simply not exist, in one of the ways HSS says so. Ask the host list before
    /// believing it.
    pub fn may_mean_unknown_host(&self) -> bool {
        let Some(api) = self.api() else { return false };
        match api.code.as_deref() {
            Some("HSS.0011" | "HSS.0010" | "00000010" | "HSS.1008") => true,
            // The gateway's own 404 speaks of the API, not of the host.
            code => api.status == 404 && !code.is_some_and(is_gateway),
        }
    }

    /// Whether the credentials are right but may not do this.
    pub fn is_forbidden(&self) -> bool {
        self.api().is_some_and(|api| {
            api.status == 403 || matches!(api.code.as_deref(), Some("HSS.0013" | "HSS.0010" | "00000010"))
        })
    }

    /// Whether the credentials were refused, or what they should come from was: then no call will work.
    pub fn is_unauthenticated(&self) -> bool {
        match self {
            Error::Credentials { cause, .. } | Error::Step { cause, .. } => {
                cause.is_unauthenticated() || cause.is_refused()
            }
            Error::Repeated(error) => error.is_unauthenticated(),
            _ => self.api().is_some_and(|api| api.status == 401),
        }
    }

    /// Whether every call would meet the same, be it that credentials are refused or that there are none.
    pub(super) fn concerns_credentials(&self) -> bool {
        matches!(self, Error::Credentials { .. } | Error::Repeated(_)) || self.is_unauthenticated()
    }

    /// Whether another error tells the same in full.
    pub fn is_repeated(&self) -> bool {
        matches!(self, Error::Repeated(_))
    }

    /// Whether this API does not exist at this address: wrong region, endpoint, or an older HSS.
    pub fn is_not_published(&self) -> bool {
        self.api().is_some_and(|api| {
            api.status == 404 && matches!(api.code.as_deref(), Some("APIGW.0101" | "APIG.0101"))
        })
    }

    /// Whether a list cannot be had at all: the caller may not see it, or the region does not offer it. That is no proof
    /// of anything about what it would show.
    pub fn bars_a_list(&self) -> bool {
        self.is_forbidden() || self.is_not_published()
    }

    /// Whether the service, or the gateway before it, refused the call for what it asked, so that it changed nothing.
    pub(super) fn is_refused(&self) -> bool {
        !self.is_unsettled()
            && self.api().is_some_and(|api| (400..500).contains(&api.status) && api.status != 401)
    }

    /// Whether the user asked to stop.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Error::Stopped { .. })
    }

    /// Whether a write may have taken effect although nobody confirmed it.
    pub fn is_unsettled(&self) -> bool {
        match self {
            Error::Api(api) => api.unsettled,
            Error::Transport { unsettled, .. }
            | Error::Stopped { unsettled, .. }
            | Error::Deadline { unsettled, .. } => *unsettled,
            _ => false,
        }
    }

    /// The refusal, also the one a deadline cut short.
    pub(super) fn api(&self) -> Option<&ApiError> {
        match self {
            Error::Api(api) => Some(api),
            Error::Deadline { last, .. } => last.as_deref()?.api(),
            _ => None,
        }
    }
}

pub(super) fn is_gateway(code: &str) -> bool {
    code.starts_with("APIGW.") || code.starts_with("APIG.")
}

/// Where a call went, for its error.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) operation: &'static str,
    pub(super) region: &'a str,
    pub(super) endpoint: &'a str,
}

impl Error {
    /// A failed call to HSS.
    pub(super) fn from_call(error: rest::Error<auth::Error>, origin: Origin<'_>) -> Error {
        convert(error, origin, |error| Error::from_auth(error, origin.operation))
    }

    /// Credentials or project that could not be had, while `operation` waited for them.
    pub(super) fn from_auth(error: auth::Error, operation: &'static str) -> Error {
        match error {
            auth::Error::Unobtainable { described, error } => {
                let cause = Box::new(Error::from_auth(*error, operation));
                Error::Credentials { described, cause }
            }
            auth::Error::Step { step, error } => {
                Error::Step { step, cause: Box::new(Error::from_auth(*error, operation)) }
            }
            auth::Error::Repeated(error) => Error::Repeated(Box::new(Error::from_auth(*error, operation))),
            auth::Error::Metadata { .. }
            | auth::Error::File { .. }
            | auth::Error::OtherAccount { .. }
            | auth::Error::NoAccount
            | auth::Error::NoScope => Error::Source(error.to_string()),
            auth::Error::Call { operation, endpoint, error } => {
                let origin = Origin { operation, region: "", endpoint: &endpoint };
                convert((*error).clone(), origin, |never| match never {})
            }
            auth::Error::Reply { operation, problem, request_id } => {
                Error::Malformed { operation, problem: problem.to_owned(), request_id }
            }
            auth::Error::NoProject { name } => Error::Project { name },
            auth::Error::Cut(cut) => Error::from_cut(cut, operation),
        }
    }

    /// The same, with what the call was made with, where it was not accepted.
    pub(super) fn made_with(mut self, described: &Arc<Described>) -> Error {
        if let Error::Api(api) = &mut self
            && api.status == 401
        {
            api.credentials = Some(described.clone());
        }
        self
    }

    /// A wait that was ended; nothing was written in it.
    pub(super) fn from_cut(cut: rest::Cut, operation: &'static str) -> Error {
        match cut {
            rest::Cut::Stopped => Error::Stopped { operation, unsettled: false },
            rest::Cut::Deadline => Error::Deadline { operation, unsettled: false, last: None },
            rest::Cut::Broken => Error::Defect { operation },
        }
    }
}

fn convert<E>(error: rest::Error<E>, origin: Origin<'_>, authorise: impl Fn(E) -> Error) -> Error {
    let operation = origin.operation;
    match error {
        rest::Error::Authorise(error) => authorise(error),
        rest::Error::Refused { refusal, attempts, unsettled } => Error::Api(Box::new(ApiError {
            operation,
            status: refusal.status,
            code: refusal.fault.code,
            message: refusal.fault.message,
            request_id: refusal.request_id,
            attempts,
            unsettled,
            region: origin.region.to_owned(),
            endpoint: origin.endpoint.to_owned(),
            credentials: None,
            clock_skew: refusal.server_time.map(|server| skew(refusal.local_time, server)),
        })),
        rest::Error::Lost { source, attempts, unsettled } => {
            let endpoint = origin.endpoint.to_owned();
            Error::Transport { operation, endpoint, attempts, unsettled, source }
        }
        rest::Error::Cut { cut, unsettled, last } => match cut {
            rest::Cut::Stopped => Error::Stopped { operation, unsettled },
            rest::Cut::Deadline => {
                let last = last.map(|last| Box::new(convert(*last, origin, authorise)));
                Error::Deadline { operation, unsettled, last }
            }
            rest::Cut::Broken => Error::Defect { operation },
        },
    }
}

fn skew(local: SystemTime, server: SystemTime) -> (bool, Duration) {
    match local.duration_since(server) {
        Ok(ahead) => (true, ahead),
        Err(behind) => (false, behind.duration()),
    }
}

fn request_suffix(id: Option<&str>) -> String {
    id.map(|id| format!(" (request id {id})")).unwrap_or_default()
}

fn tries(attempts: u32) -> String {
    if attempts > 1 { format!(", after {attempts} attempts") } else { String::new() }
}

fn unsettled_suffix(unsettled: bool) -> &'static str {
    if unsettled { "; it is not known whether it took effect" } else { "" }
}

#[cfg(test)]
pub(super) fn api_error(operation: &'static str, status: u16, code: Option<&str>) -> Box<ApiError> {
    Box::new(ApiError {
        operation,
        status,
        code: code.map(str::to_owned),
        message: None,
        request_id: Some("r1".to_owned()),
        attempts: 1,
        unsettled: false,
        region: "cn-north-4".to_owned(),
        endpoint: "hss.example.com".to_owned(),
        credentials: None,
        clock_skew: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let check = |status: u16, code: Option<&str>, expected: [bool; 3]| {
            let error = Error::Api(api_error("Op", status, code));
            let found = [error.may_mean_unknown_host(), error.is_forbidden(), error.is_not_published()];
            assert_eq!(found, expected, "{status} {code:?}");
        };
        check(400, Some("HSS.0011"), [true, false, false]);
        check(400, Some("HSS.0010"), [true, true, false]);
        check(400, Some("00000010"), [true, true, false]);
        check(400, Some("HSS.1008"), [true, false, false]);
        check(404, None, [true, false, false]);
        check(404, Some("HSS.0404"), [true, false, false]);
        check(404, Some("APIGW.0101"), [false, false, true]);
        check(404, Some("APIG.0101"), [false, false, true]);
        check(404, Some("APIGW.0103"), [false, false, false]);
        check(403, Some("APIGW.0302"), [false, true, false]);
        check(400, Some("HSS.0013"), [false, true, false]);
        check(400, Some("HSS.0001"), [false, false, false]);
        check(401, Some("APIGW.0301"), [false, false, false]);
        check(500, None, [false, false, false]);
    }

    #[test]
    fn a_deadline_passes_on_what_the_last_attempt_met() {
        let last = Box::new(Error::Api(api_error("Op", 503, None)));
        let error = Error::Deadline { operation: "Op", unsettled: true, last: Some(last) };
        assert_eq!((error.status(), error.request_id()), (Some(503), Some("r1")));
        assert!(error.is_unsettled());
    }
}
