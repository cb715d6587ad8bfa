//! Roles: an agency that another account lets us act as, for temporary keys.
//!
//! There are two interfaces. The older one takes the account's name, the newer one its id.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use super::{Desk, reply_error, token};
use crate::{
    auth::{
        Credential, Error, Keys, Proof, Secret,
        credential::{Life, Signed},
    },
    rest::{self, Effect, Method, Reply, Request},
};

/// What the older interface is asked for, in seconds: it takes 900 to 86400 and gives 900 when asked for nothing.
const DURATION: u32 = 43_200;

pub(super) const TEMPORARY_KEYS: &str = "CreateTemporaryAccessKey";
const ASSUME: &str = "AssumeAgency";

/// A role to assume.
#[derive(Clone, Debug)]
pub struct Role {
    /// The agency.
    pub agency_name: String,
    /// The account that owns it.
    pub account: RoleAccount,
    /// How many seconds its keys shall last; for the newer interface only, 900 to 43200.
    pub duration: Option<u32>,
}

/// How the account is named, which decides the interface.
#[derive(Clone, Debug)]
pub enum RoleAccount {
    /// By name: the older one.
    Name(String),
    /// By id: the newer one.
    Id(String),
}

impl Role {
    /// Whether it cannot be assumed with a token.
    pub(super) fn needs_keys(&self) -> bool {
        matches!(self.account, RoleAccount::Name(_))
    }

    /// The id of its account, if that is how it is named.
    pub(in crate::auth) fn account_id(&self) -> Option<&str> {
        match &self.account {
            RoleAccount::Name(_) => None,
            RoleAccount::Id(id) => Some(id),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (RoleAccount::Name(account) | RoleAccount::Id(account)) = &self.account;
        write!(f, "the role of the agency {:?} in the account {account:?}", self.agency_name)
    }
}

/// The role's keys. `domain_id` is the account of `credential`, where it is known; `first` says that it is the one
/// that is configured.
pub(super) async fn assume(
    desk: &Desk<'_>,
    credential: &Credential,
    role: &Role,
    domain_id: Option<&str>,
    first: bool,
) -> Result<Credential, Error> {
    match &role.account {
        RoleAccount::Id(account) => by_id(desk, credential, role, account, domain_id).await,
        RoleAccount::Name(account) => {
            let found;
            let own = match domain_id {
                Some(id) => Some(id),
                None => {
                    let expected = desk.settings.domain_name.as_deref().filter(|_| first);
                    let identity = desk.settings.iam.clone().join("v3");
                    found = match token::account_id(desk, credential, &identity, expected).await? {
                        Some(id) => Some(id),
                        None => caller_account(desk, credential).await?,
                    };
                    found.as_deref()
                }
            };
            by_name(desk, credential, role, account, own).await
        }
    }
}

/// `GET v5/caller-identity`: the account, for users that may not list it. Without an answer the role is tried all the
/// same.
async fn caller_account(desk: &Desk<'_>, credential: &Credential) -> Result<Option<String>, Error> {
    let path = ["v5", "caller-identity"];
    let request = Request::new("GetCallerIdentity", Effect::Read, Method::GET, &desk.settings.sts, path);
    let signed = Signed::new(credential, None, desk.sender);
    match desk.sender.once().send(&request, &signed, desk.patience).await {
        Ok(reply) => Ok(reply.json().ok().and_then(|caller: CallerReply| caller.account_id)),
        Err(rest::Error::Refused { refusal, .. }) if refusal.status == 401 => {
            Err(Error::refused(&request, refusal))
        }
        Err(rest::Error::Authorise(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The answer to a call signed with what the step before brought.
async fn sent(
    desk: &Desk<'_>,
    credential: &Credential,
    own: Option<&str>,
    request: &Request,
) -> Result<Reply, Error> {
    let signed = Signed::new(credential, own, desk.sender);
    let reply = desk.sender.send(request, &signed, desk.patience).await;
    reply.map_err(|error| Error::of_call(request, error))
}

/// `POST OS-CREDENTIAL/securitytokens`.
async fn by_name(
    desk: &Desk<'_>,
    credential: &Credential,
    role: &Role,
    account: &str,
    own: Option<&str>,
) -> Result<Credential, Error> {
    let assumed = json!({
        "agency_name": role.agency_name, "domain_name": account, "duration_seconds": DURATION,
    });
    let body = json!({ "auth": { "identity": { "methods": ["assume_role"], "assume_role": assumed } } });
    let request = temporary_keys(desk).json(&body);
    read_keys(desk, TEMPORARY_KEYS, &sent(desk, credential, own, &request).await?)
}

/// `POST v5/agencies/assume`.
async fn by_id(
    desk: &Desk<'_>,
    credential: &Credential,
    role: &Role,
    account: &str,
    own: Option<&str>,
) -> Result<Credential, Error> {
    let name = &role.agency_name;
    let mut body =
        json!({ "agency_urn": format!("iam::{account}:agency:{name}"), "agency_session_name": name });
    if let Some(seconds) = role.duration {
        body["duration_seconds"] = seconds.into();
    }
    let path = ["v5", "agencies", "assume"];
    let request = Request::new(ASSUME, Effect::Read, Method::POST, &desk.settings.sts, path).json(&body);
    let reply = sent(desk, credential, own, &request).await?;
    let body: AssumeReply =
        reply.json().map_err(|_| reply_error(ASSUME, &reply, "is not the expected JSON"))?;
    let Assumed { access_key_id, secret_access_key, security_token, expiration } = body.credentials;
    temporary(desk, ASSUME, &reply, access_key_id, secret_access_key, security_token, &expiration)
}

/// The call of the older interface, without a body. Temporary keys do no harm, so it counts as a read.
pub(super) fn temporary_keys(desk: &Desk<'_>) -> Request {
    let path = ["v3.0", "OS-CREDENTIAL", "securitytokens"];
    Request::new(TEMPORARY_KEYS, Effect::Read, Method::POST, &desk.settings.iam, path)
}

/// Keys as the older interface and the metadata service write them.
pub(super) fn read_keys(
    desk: &Desk<'_>,
    operation: &'static str,
    reply: &Reply,
) -> Result<Credential, Error> {
    let body: KeysReply =
        reply.json().map_err(|_| reply_error(operation, reply, "is not the expected JSON"))?;
    let Temporary { access, secret, securitytoken, expires_at } = body.credential;
    temporary(desk, operation, reply, access, secret, securitytoken, &expires_at)
}

fn temporary(
    desk: &Desk<'_>,
    operation: &'static str,
    reply: &Reply,
    access_key: String,
    secret_key: Secret,
    security_token: Secret,
    end: &str,
) -> Result<Credential, Error> {
    if access_key.is_empty() || secret_key.is_empty() || security_token.is_empty() {
        return Err(reply_error(operation, reply, "lacks a part of the temporary keys"));
    }
    let life = Life::read(reply, end, desk.sender.clock().now())
        .ok_or_else(|| reply_error(operation, reply, "does not say when the keys expire"))?;
    let algorithm = desk.settings.algorithm;
    let keys = Keys { access_key, secret_key, security_token: Some(security_token), algorithm };
    Ok(Credential::new(Proof::Keys(keys), Some(life)))
}

#[derive(Deserialize)]
struct KeysReply {
    credential: Temporary,
}

#[derive(Deserialize)]
struct Temporary {
    access: String,
    secret: Secret,
    securitytoken: Secret,
    expires_at: String,
}

#[derive(Deserialize)]
struct CallerReply {
    account_id: Option<String>,
}

#[derive(Deserialize)]
struct AssumeReply {
    credentials: Assumed,
}

#[derive(Deserialize)]
struct Assumed {
    access_key_id: String,
    secret_access_key: Secret,
    security_token: Secret,
    expiration: String,
}
