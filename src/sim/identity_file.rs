//! Reads the identities of the world file: accounts, projects, users, keys, agencies and identity providers.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    accounts::{Account, Agency, IdentityProvider},
    world::{AccessKey, Named, User},
    world_members::{Members, Outcome},
};

pub(super) fn named(value: &Value, place: &str) -> Outcome<Named> {
    let mut it = Members::of(value, place)?;
    let name = it.required("name")?;
    let read = Named { id: it.text("id")?.unwrap_or_else(|| id_from(&name)), name };
    it.end()?;
    Ok(read)
}

pub(super) fn user(value: &Value, place: &str) -> Outcome<User> {
    let mut it = Members::of(value, place)?;
    let name = it.required("name")?;
    let read = User {
        id: it.text("id")?.unwrap_or_else(|| id_from(&name)),
        password: it.required("password")?,
        name,
    };
    it.end()?;
    Ok(read)
}

pub(super) fn access_key(value: &Value, place: &str) -> Outcome<AccessKey> {
    let mut it = Members::of(value, place)?;
    let read = AccessKey {
        access: it.required("access")?,
        secret: it.required("secret")?,
        security_token: it.text("security_token")?,
    };
    it.end()?;
    Ok(read)
}

/// An id for something that was only given a name: 32 hex digits, always the same for the same name.
fn id_from(name: &str) -> String {
    Sha256::digest(name).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn account(value: &Value, place: &str) -> Outcome<Account> {
    let mut it = Members::of(value, place)?;
    let name = it.required("name")?;
    let read = Account {
        domain: Named { id: it.text("id")?.unwrap_or_else(|| id_from(&name)), name },
        projects: it.list("projects", named)?.unwrap_or_default(),
    };
    it.end()?;
    Ok(read)
}

/// An agency. Where it names no account, or nobody it trusts, the empty text stands for the own account.
pub(super) fn agency(value: &Value, place: &str) -> Outcome<Agency> {
    let mut it = Members::of(value, place)?;
    let read = Agency {
        name: it.required("name")?,
        domain_id: it.text("domain_id")?.unwrap_or_default(),
        trusts: it.texts("trusts")?.unwrap_or_else(|| vec![String::new()]),
        max_duration_s: it.number("max_duration_s", 3600..=43_200)?.unwrap_or(43_200),
    };
    it.end()?;
    Ok(read)
}

pub(super) fn identity_provider(value: &Value, place: &str) -> Outcome<IdentityProvider> {
    let mut it = Members::of(value, place)?;
    let read =
        IdentityProvider { id: it.required("id")?, id_tokens: it.texts("id_tokens")?.unwrap_or_default() };
    it.end()?;
    Ok(read)
}

/// The agency of the server whose metadata is served; without one it has none.
pub(super) fn metadata(value: &Value, place: &str) -> Outcome<String> {
    let mut it = Members::of(value, place)?;
    let agency = it.text("agency")?.unwrap_or_default();
    it.end()?;
    Ok(agency)
}
