//! OpenID Connect: the token of another identity provider, exchanged for temporary keys in two unsigned calls.

use std::path::PathBuf;

use serde_json::json;

use super::{
    Desk,
    role::{TEMPORARY_KEYS, read_keys, temporary_keys},
    token::subject_token,
};
use crate::{
    auth::{Credential, Error, Secret},
    rest::{Effect, Header, Method, Request, Unsigned},
};

const EXCHANGE: &str = "CreateTokenWithIdToken";

/// What is configured.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// The provider, as the identity service knows it.
    pub idp_id: String,
    /// Its token.
    pub id_token: IdToken,
}

/// Where the provider's token is.
#[derive(Clone, Debug)]
pub enum IdToken {
    /// Here.
    Given(Secret),
    /// In a file that somebody else keeps up to date, so it is read again for each renewal.
    File(PathBuf),
}

impl IdToken {
    fn read(&self) -> Result<Secret, Error> {
        let path = match self {
            IdToken::Given(token) => return Ok(token.clone()),
            IdToken::File(path) => path,
        };
        let fail = |problem: String| Error::File { path: path.clone(), problem };
        let text = std::fs::read_to_string(path)
            .map(Secret::from)
            .map_err(|error| fail(format!("cannot be read: {error}")))?;
        let token = text.expose().trim_matches(['\r', '\n']);
        if token.trim().is_empty() {
            return Err(fail("is empty, and should hold the ID token".to_owned()));
        }
        Ok(Secret::from(token.to_owned()))
    }
}

/// Keys of a short life, good enough to assume a role with.
pub(super) async fn keys(desk: &Desk<'_>, oidc: &Oidc) -> Result<Credential, Error> {
    let id_token = oidc.id_token.read()?;
    let path = ["v3.0", "OS-AUTH", "id-token", "tokens"];
    let request = Request::new(EXCHANGE, Effect::Read, Method::POST, &desk.settings.iam, path)
        .header(Header::plain("x-idp-id", oidc.idp_id.as_str()))
        .secret_json(json!({ "auth": { "id_token": { "id": id_token.expose() } } }));
    let reply = desk.sender.send(&request, &Unsigned, desk.patience).await;
    let reply = reply.map_err(|error| Error::of_call(&request, error))?;
    let token = subject_token(EXCHANGE, &reply)?;
    let identity = json!({ "methods": ["token"], "token": { "id": token.expose() } });
    let request = temporary_keys(desk).secret_json(json!({ "auth": { "identity": identity } }));
    let reply = desk.sender.send(&request, &Unsigned, desk.patience).await;
    read_keys(desk, TEMPORARY_KEYS, &reply.map_err(|error| Error::of_call(&request, error))?)
}
