//! `POST /v3.0/OS-CREDENTIAL/securitytokens`: temporary keys for an agency, or for whoever holds a token.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::{
    accounts::{NoAgency, Principal},
    call::Call,
    identity::Caller,
    issued::TemporaryKey,
    moment,
    reply::{Answer, Payload, Reply},
    state::State,
    tokens::{self, Known, needs_domain_header, unknown_member},
};

/// Seconds that may be asked for.
const DURATIONS: RangeInclusive<u64> = 900..=86_400;

/// For an agency that trusts the caller.
pub(super) fn by_agency(state: &mut State, call: &Call, caller: &Caller) -> Answer {
    let identity = identity(call, &["methods", "assume_role", "policy"])?;
    if tokens::method(call) != "assume_role" {
        return Err(invalid("methods"));
    }
    needs_domain_header(state, call, caller).map_err(|message| Reply::iam(400, "IAM.0007", message))?;
    let role = &identity["assume_role"];
    known(role, &["agency_name", "domain_name", "domain_id", "duration_seconds", "session_user"])?;
    let text = |name: &str| role[name].as_str().filter(|text| !text.is_empty());
    let name = text("agency_name").ok_or_else(|| invalid("agency_name"))?;
    if text("domain_id").or(text("domain_name")).is_none() {
        return Err(invalid("domain_name"));
    }
    let seconds = duration(&role["duration_seconds"])?;
    let domain = state.world.account_meant(text("domain_id"), text("domain_name"));
    let found = state.world.assumable(&caller.principal, domain, name);
    let (domain, agency) = found.map_err(|problem| match problem {
        NoAgency::Unknown => Reply::iam(404, "IAM.0004", format!("Could not find agency: {name}.")),
        NoAgency::Distrusted => {
            Reply::iam(403, "IAM.0003", "Policy doesn't allow this action to be performed.")
        }
    })?;
    Ok(answer(&state.issue_keys(Principal::agency(&domain, &agency), call.now.wall, seconds)))
}

/// For the holder of a token. The header wins over the body.
pub(super) fn by_token(state: &mut State, call: &Call) -> Known {
    let identity = identity(call, &["methods", "token", "policy"])?;
    let given = &identity["token"];
    known(given, &["id", "duration_seconds"])?;
    let seconds = duration(&given["duration_seconds"])?;
    let token = call.header("x-auth-token").or(given["id"].as_str()).ok_or_else(|| invalid("token"))?;
    let holder = tokens::holder(state, call, token);
    let (principal, _) =
        holder.ok_or_else(|| Reply::iam(401, "IAM.0007", "Request parameter token is invalid."))?;
    Ok((answer(&state.issue_keys(principal.clone(), call.now.wall, seconds)), principal))
}

/// Temporary keys in the shape that IAM and the metadata service share.
pub(super) fn answer(key: &TemporaryKey) -> Reply {
    Reply::new(201, Payload::Json(credential(key)))
}

pub(super) fn credential(key: &TemporaryKey) -> Value {
    json!({"credential": {
        "access": key.access,
        "secret": key.secret,
        "securitytoken": key.security_token,
        "expires_at": moment::to_microseconds(key.expires),
    }})
}

fn identity(call: &Call, allowed: &[&str]) -> Result<Value, Reply> {
    let body = call.json();
    let identity = &body["auth"]["identity"];
    if !identity.is_object() {
        return Err(Reply::iam(400, "IAM.0011", "Request body is invalid."));
    }
    known(&body, &["auth"])?;
    known(&body["auth"], &["identity"])?;
    known(identity, allowed)?;
    Ok(identity.clone())
}

fn known(value: &Value, allowed: &[&str]) -> Result<(), Reply> {
    unknown_member(value, allowed).map_or(Ok(()), |name| Err(invalid(&name)))
}

fn duration(given: &Value) -> Result<u64, Reply> {
    if given.is_null() {
        return Ok(*DURATIONS.start());
    }
    given.as_u64().filter(|it| DURATIONS.contains(it)).ok_or_else(|| invalid("duration_seconds"))
}

fn invalid(name: &str) -> Reply {
    Reply::iam(400, "IAM.0007", format!("Request parameter {name} is invalid."))
}
