//! Tokens of the identity service: for a token, for user and password, and for entering an agency.

use std::{fmt, sync::Arc, time::SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, project_id, reply_error};
use crate::{
    auth::{
        Credential, Error, Proof, Secret,
        credential::{Life, Signed},
    },
    rest::{self, Authorise, Base, Effect, Method, Reply, Request, Unsigned},
};

const CREATE: &str = "CreateToken";
const DOMAINS: &str = "KeystoneListAuthDomains";

/// A user with a password.
#[derive(Clone, Debug)]
pub struct Password {
    /// Who.
    pub user: User,
    /// What only the user knows.
    pub password: Secret,
}

/// How the user is named.
#[derive(Clone, Debug)]
pub enum User {
    /// By name, within the account that is configured.
    Name(String),
    /// By an id, which is unique everywhere.
    Id(String),
}

/// An agency of another account, entered through a token.
#[derive(Clone, Debug)]
pub struct Agency {
    /// Its name.
    pub name: String,
    /// The account it belongs to.
    pub domain_name: String,
    /// The project in that account.
    pub project_name: String,
}

impl fmt::Display for Agency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the agency {:?} of the account {:?}", self.name, self.domain_name)
    }
}

/// The user's token for one of the project. It ends with the user's own, so it has no life of its own here.
pub(super) async fn exchange(desk: &Desk<'_>, token: &Secret) -> Result<Credential, Error> {
    let identity = json!({ "methods": ["token"], "token": { "id": token.expose() } });
    let made = create(desk, identity, Some(project_scope(desk)), &Unsigned).await?;
    made.in_project().map(|(proof, _)| Credential::new(proof, None))
}

/// A token for user and password: of the account when an agency will be entered with it, else of the project.
pub(super) async fn log_in(
    desk: &Desk<'_>,
    password: &Password,
    for_agency: bool,
) -> Result<Credential, Error> {
    let secret = password.password.expose();
    let user = match &password.user {
        User::Name(name) => json!({ "name": name, "password": secret, "domain": domain(desk) }),
        User::Id(id) => json!({ "id": id, "password": secret }),
    };
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    if for_agency {
        let named = desk.settings.domain_id.is_some() || desk.settings.domain_name.is_some();
        let scope = named.then(|| json!({ "domain": domain(desk) }));
        let made = create(desk, identity, scope, &Unsigned).await?;
        return Ok(Credential::new(Proof::Token(made.token, None), made.life));
    }
    let made = create(desk, identity, Some(project_scope(desk)), &Unsigned).await?;
    made.in_project().map(|(proof, life)| Credential::new(proof, life))
}

/// A token that is valid in the agency's project.
pub(super) async fn enter(
    desk: &Desk<'_>,
    credential: &Credential,
    agency: &Agency,
) -> Result<Credential, Error> {
    let identity = json!({
        "methods": ["assume_role"],
        "assume_role": { "domain_name": agency.domain_name, "xrole_name": agency.name },
    });
    let scope = json!({
        "project": { "name": agency.project_name, "domain": { "name": agency.domain_name } },
    });
    // A signed call is made for an account, while a token knows its own.
    let found;
    let own = match (&desk.settings.domain_id, credential.keys()) {
        (_, None) => None,
        (Some(id), _) => Some(id.as_str()),
        (None, Some(_)) => {
            let expected = desk.settings.domain_name.as_deref();
            found = account_id(desk, credential, &desk.settings.identity, expected).await?;
            Some(found.as_deref().ok_or(Error::NoAccount)?)
        }
    };
    let signed = Signed::new(credential, own, desk.sender);
    let made = create(desk, identity, Some(scope), &signed).await?;
    made.in_project().map(|(proof, life)| Credential::new(proof, life))
}

/// The id of the account that `credential` belongs to; `None` where the identity service does not tell it to this
/// user. `identity` ends in `/v3`.
pub(super) async fn account_id(
    desk: &Desk<'_>,
    credential: &Credential,
    identity: &Base,
    expected_name: Option<&str>,
) -> Result<Option<String>, Error> {
    let request = Request::new(DOMAINS, Effect::Read, Method::GET, identity, ["auth", "domains"]);
    let signed = Signed::new(credential, None, desk.sender);
    let reply = match desk.sender.send(&request, &signed, desk.patience).await {
        Ok(reply) => reply,
        // The permission to ask is one that users of an agency often lack.
        Err(rest::Error::Refused { refusal, .. }) if matches!(refusal.status, 403 | 404) => return Ok(None),
        Err(error) => return Err(Error::of_call(&request, error)),
    };
    let body: DomainsReply =
        reply.json().map_err(|_| reply_error(DOMAINS, &reply, "is not the expected JSON"))?;
    let Some(first) = body.domains.unwrap_or_default().into_iter().next() else { return Ok(None) };
    if let (Some(expected), Some(found)) = (expected_name, &first.name)
        && expected != found
    {
        return Err(Error::OtherAccount { found: found.clone(), expected: expected.to_owned() });
    }
    Ok(Some(first.id).filter(|id| !id.is_empty()))
}

fn domain(desk: &Desk<'_>) -> Value {
    match (&desk.settings.domain_id, &desk.settings.domain_name) {
        (Some(id), _) => json!({ "id": id }),
        (None, name) => json!({ "name": name }),
    }
}

fn project_scope(desk: &Desk<'_>) -> Value {
    let settings = desk.settings;
    match &settings.project_id {
        Some(id) => json!({ "project": { "id": id } }),
        None => {
            let name = settings.project_name.as_ref().unwrap_or(&settings.region);
            json!({ "project": { "name": name, "domain": domain(desk) } })
        }
    }
}

/// A token as it was issued.
struct Made {
    token: Secret,
    project: Option<Arc<str>>,
    life: Option<Life>,
}

impl Made {
    fn in_project(self) -> Result<(Proof, Option<Life>), Error> {
        let project = self.project.ok_or(Error::NoScope)?;
        Ok((Proof::Token(self.token, Some(project)), self.life))
    }
}

/// `POST auth/tokens`. One more token does no harm, so it counts as a read: it may be repeated, and dropped.
async fn create<A: Authorise<Error: Into<Error>>>(
    desk: &Desk<'_>,
    identity: Value,
    scope: Option<Value>,
    authorise: &A,
) -> Result<Made, Error> {
    let mut auth = json!({ "auth": {} });
    if let Some(scope) = scope {
        auth["auth"]["scope"] = scope;
    }
    auth["auth"]["identity"] = identity;
    let request =
        Request::new(CREATE, Effect::Read, Method::POST, &desk.settings.identity, ["auth", "tokens"])
            .query("nocatalog", "true")
            .secret_json(auth);
    let reply = desk.sender.send(&request, authorise, desk.patience).await;
    let reply = reply.map_err(|error| Error::of_call(&request, error))?;
    read(&reply, desk.sender.clock().now())
}

fn read(reply: &Reply, now: SystemTime) -> Result<Made, Error> {
    let token = subject_token(CREATE, reply)?;
    let body: TokenReply =
        reply.json().map_err(|_| reply_error(CREATE, reply, "is not the expected JSON"))?;
    let life = body.token.expires_at.as_deref().and_then(|end| Life::read(reply, end, now));
    let project = body.token.project.and_then(|project| project_id(&project.id));
    Ok(Made { token, project, life })
}

/// The token that a reply hands out in its header.
pub(super) fn subject_token(operation: &'static str, reply: &Reply) -> Result<Secret, Error> {
    let token = reply.header("x-subject-token").filter(|token| !token.is_empty());
    token
        .map(|token| Secret::from(token.to_owned()))
        .ok_or_else(|| reply_error(operation, reply, "holds no token (no header X-Subject-Token)"))
}

#[derive(Deserialize)]
struct TokenReply {
    token: TokenBody,
}

#[derive(Deserialize)]
struct TokenBody {
    expires_at: Option<String>,
    project: Option<Named>,
}

#[derive(Deserialize)]
struct DomainsReply {
    domains: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: String,
    name: Option<String>,
}
