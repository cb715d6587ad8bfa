//! STS, version 5: agencies taken on with keys or with the ID token of an OIDC provider, and who the caller is.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    accounts::{Agency, NoAgency, Principal},
    call::Call,
    identity::{Caller, Credential},
    moment,
    reply::{Answer, Reply},
    signature::hex,
    state::State,
    tokens::{Known, unknown_member},
    world::{Named, World},
};

const SHORTEST: i64 = 900;
/// What is granted when nothing is asked for, and the most that temporary keys are granted.
const HOUR: i64 = 3600;

const COMMON: &[&str] = &["agency_urn", "agency_session_name", "duration_seconds", "policy", "policy_ids"];
const ASSUME: &[&str] = &[
    "external_id",
    "source_identity",
    "serial_number",
    "token_code",
    "tags",
    "transitive_tag_keys",
    "provided_contexts",
];
const WITH_OIDC: &[&str] = &["provider_urn", "id_token"];

/// `POST /v5/agencies/assume`.
pub(super) fn assume(state: &mut State, call: &Call, caller: &Caller) -> Answer {
    let body = read(call, ASSUME)?;
    let (domain, agency) = agency(&state.world, &caller.principal, &body)?;
    let chained = matches!(caller.credential, Credential::Keys { temporary: true });
    let most = if chained { agency.max_duration_s.min(HOUR) } else { agency.max_duration_s };
    session(state, call, &body, (domain, agency), most)
}

/// `POST /v5/agencies/assume-with-oidc`.
pub(super) fn assume_with_oidc(state: &mut State, call: &Call) -> Known {
    let body = read(call, WITH_OIDC)?;
    let text = |name: &str| body[name].as_str().ok_or_else(|| invalid(name));
    // `iam::ACCOUNT:KIND:PROVIDER`
    let parts: Vec<&str> = text("provider_urn")?.split(':').collect();
    let [_, _, account, _, id] = parts[..] else { return Err(invalid("provider_urn")) };
    let provider = state.world.identity_provider(id).filter(|_| account == state.world.domain.id);
    let Some(provider) = provider else {
        return Err(Reply::gateway(404, "IAM.0004", format!("could not find identity provider {id}")));
    };
    if !provider.vouches_for(text("id_token")?) {
        return Err(Reply::sts_denied("the id token is not valid"));
    }
    let principal = Principal::identity_provider(&state.world, id);
    let (domain, agency) = agency(&state.world, &principal, &body)?;
    let most = agency.max_duration_s;
    session(state, call, &body, (domain, agency), most).map(|reply| (reply, principal))
}

/// `GET /v5/caller-identity`.
pub(super) fn caller_identity(caller: &Caller) -> Reply {
    let Principal { domain, id, label, .. } = &caller.principal;
    Reply::json(json!({
        "account_id": domain.id,
        "principal_id": id,
        "principal_urn": format!("sts::{}:{}", domain.id, label),
    }))
}

fn read(call: &Call, others: &[&str]) -> Result<Value, Reply> {
    let body = call.json();
    if !body.is_object() {
        return Err(Reply::gateway(400, "IAM.0011", "the request body is not a JSON object"));
    }
    match unknown_member(&body, &[COMMON, others].concat()) {
        Some(name) => Err(invalid(&name)),
        None => Ok(body),
    }
}

/// The agency that `iam::ACCOUNT:agency:NAME` means, if it trusts the caller.
fn agency(world: &World, caller: &Principal, body: &Value) -> Result<(Named, Agency), Reply> {
    let urn = body["agency_urn"].as_str().ok_or_else(|| invalid("agency_urn"))?;
    let parts: Vec<&str> = urn.splitn(5, ':').collect();
    let ["iam", "", account, "agency", name] = parts[..] else { return Err(invalid("agency_urn")) };
    world.assumable(caller, world.account(account), name).map_err(|problem| match problem {
        NoAgency::Unknown => Reply::gateway(404, "STS5.1106", format!("agency not found: {urn}")),
        NoAgency::Distrusted => Reply::sts_denied(format!("access denied: {urn} does not trust the caller")),
    })
}

/// Keys for the agency, for as long as asked within what is allowed.
fn session(
    state: &mut State,
    call: &Call,
    body: &Value,
    (domain, agency): (Named, Agency),
    most: i64,
) -> Answer {
    let name = body["agency_session_name"].as_str().ok_or_else(|| invalid("agency_session_name"))?;
    let fits = |it: char| it.is_ascii_alphanumeric() || "_+=,.@-".contains(it);
    if !(2..=64).contains(&name.chars().count()) || !name.chars().all(fits) {
        return Err(invalid("agency_session_name"));
    }
    let seconds = match &body["duration_seconds"] {
        Value::Null => HOUR.min(most),
        given => {
            let asked = given.as_i64().filter(|it| (SHORTEST..=most).contains(it));
            asked.ok_or_else(|| invalid("duration_seconds"))?
        }
    };
    let key = state.issue_keys(Principal::agency(&domain, &agency), call.now.wall, seconds.unsigned_abs());
    let id = hex(&Sha256::digest(format!("{}/{}", domain.id, agency.name))[..16]);
    Ok(Reply::json(json!({
        "source_identity": body["source_identity"],
        "assumed_agency": {
            "urn": format!("sts::{}:assumed-agency:{}/{name}", domain.id, agency.name),
            "id": format!("{id}:{name}"),
        },
        "credentials": {
            "access_key_id": key.access,
            "secret_access_key": key.secret,
            "security_token": key.security_token,
            "expiration": moment::to_milliseconds(key.expires),
        },
    })))
}

/// The vendor's list of codes for parameters could not be read; this one is IAM's.
fn invalid(name: &str) -> Reply {
    Reply::gateway(400, "IAM.0007", format!("request parameter {name} is invalid"))
}
