//! The metadata service of the server we run on: temporary keys of the agency that the server was given.
//!
//! The hardened form comes first: a session token is fetched and sent along. Servers without it are asked as before.

use std::{
    error::Error as _,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use super::{Desk, role::read_keys};
use crate::{
    auth::{Credential, Error, Secret, credential::lock},
    rest::{self, Effect, Header, Method, Reply, Request, Unsigned},
};

const SESSION: &str = "CreateMetadataToken";
const KEYS: &str = "ShowSecurityKey";
/// How long a session token shall last, in seconds; the most there is.
const SESSION_SECONDS: u64 = 21_600;
/// How long it is taken for granted that there are no session tokens.
const NOT_OFFERED: Duration = Duration::from_secs(24 * 60 * 60);
/// The service is on this very server, or not there.
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// The one text by which a server without an agency is told from an outdated session token.
const NO_AGENCY: &str = "Please configure Cloud Service Agency first";

/// The session token last fetched, or that there is none, and until when.
#[derive(Debug, Default)]
pub(in crate::auth) struct Memory(Mutex<Option<(Option<Secret>, SystemTime)>>);

/// The keys of the server's agency.
pub(super) async fn keys(desk: &Desk<'_>) -> Result<Credential, Error> {
    let known = remembered(desk);
    let session = match known {
        Some(session) => session,
        None => session_token(desk, false).await?,
    };
    let reply = match ask(desk, session).await {
        Err(Failed::Unauthorised) => {
            let session = session_token(desk, true).await?;
            ask(desk, session).await
        }
        other => other,
    };
    let reply = reply.map_err(|failed| match failed {
        Failed::Unauthorised => fail(desk, "it does not accept its own session token"),
        Failed::Otherwise(error) => error,
    })?;
    read_keys(desk, KEYS, &reply)
}

enum Failed {
    Unauthorised,
    Otherwise(Error),
}

async fn ask(desk: &Desk<'_>, session: Option<Secret>) -> Result<Reply, Failed> {
    let path = ["openstack", "latest", "securitykey"];
    let mut request =
        Request::new(KEYS, Effect::Read, Method::GET, &desk.settings.metadata, path).within(TIME_LIMIT);
    if let Some(session) = &session {
        request = request.header(Header::sensitive("x-metadata-token", session.expose()));
    }
    match send(desk, &request).await {
        Ok(reply) => Ok(reply),
        Err(rest::Error::Refused { refusal, .. }) => {
            let message = refusal.fault.message.as_deref().unwrap_or_default();
            if message.contains(NO_AGENCY) {
                let problem =
                    "this server has no agency. Give it one in its settings, or configure credentials";
                return Err(Failed::Otherwise(fail(desk, problem)));
            }
            if refusal.status == 401 {
                return Err(Failed::Unauthorised);
            }
            let problem = format!("it answered with HTTP {} {message}", refusal.status);
            Err(Failed::Otherwise(fail(desk, problem.trim_end())))
        }
        Err(error) => Err(Failed::Otherwise(lost(desk, &request, error))),
    }
}

/// A session token; `None` where they are not offered, unless one is `needed`.
async fn session_token(desk: &Desk<'_>, needed: bool) -> Result<Option<Secret>, Error> {
    let path = ["meta-data", "latest", "api", "token"];
    let request = Request::new(SESSION, Effect::Read, Method::PUT, &desk.settings.metadata, path)
        .header(Header::plain("x-metadata-token-ttl-seconds", SESSION_SECONDS.to_string()))
        .within(TIME_LIMIT);
    let now = desk.sender.clock().now();
    let (token, until) = match send(desk, &request).await {
        Ok(reply) => {
            let text = std::str::from_utf8(&reply.body).unwrap_or_default().trim();
            if text.is_empty() {
                return Err(fail(desk, "its session token is empty"));
            }
            // It is renewed a little early rather than refused.
            (Some(Secret::from(text.to_owned())), now + Duration::from_secs(SESSION_SECONDS * 9 / 10))
        }
        Err(rest::Error::Refused { refusal, .. }) if !needed && matches!(refusal.status, 404 | 405 | 503) => {
            (None, now + NOT_OFFERED)
        }
        Err(rest::Error::Refused { refusal, .. }) => {
            let problem = format!("it gave no session token and answered with HTTP {}", refusal.status);
            return Err(fail(desk, &problem));
        }
        Err(error) => return Err(lost(desk, &request, error)),
    };
    *lock(&desk.memory.0) = Some((token.clone(), until));
    Ok(token)
}

fn remembered(desk: &Desk<'_>) -> Option<Option<Secret>> {
    let now = desk.sender.clock().now();
    lock(&desk.memory.0).as_ref().filter(|(_, until)| now < *until).map(|(session, _)| session.clone())
}

async fn send(desk: &Desk<'_>, request: &Request) -> Result<Reply, rest::Error<std::convert::Infallible>> {
    desk.sender.once().send(request, &Unsigned, desk.patience).await
}

fn lost(desk: &Desk<'_>, request: &Request, error: rest::Error<std::convert::Infallible>) -> Error {
    let rest::Error::Lost { source, .. } = &error else { return Error::of_call(request, error) };
    let mut text = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    fail(desk, &format!("this is no server of the cloud, or the service is switched off ({text})"))
}

fn fail(desk: &Desk<'_>, problem: &str) -> Error {
    Error::Metadata { endpoint: desk.settings.metadata.authority().to_owned(), problem: problem.to_owned() }
}
