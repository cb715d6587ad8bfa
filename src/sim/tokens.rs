//! IAM tokens: by password, by another token, for an agency, and by the ID token of an OIDC provider.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::{
    accounts::{NoAgency, Principal},
    call::Call,
    identity::{Caller, Credential, same},
    moment,
    reply::{Answer, Payload, Reply},
    state::State,
    world::{Named, World},
};

/// An answer to somebody who proved who they are by what the request holds, and who that is.
pub(super) type Known = Result<(Reply, Principal), Reply>;

/// The one method of identification in the body, or nothing.
pub(super) fn method(call: &Call) -> String {
    match call.json()["auth"]["identity"]["methods"].as_array().map(Vec::as_slice) {
        Some([Value::String(method)]) => method.clone(),
        _ => String::new(),
    }
}

/// The members of an object beside those that mean something.
pub(super) fn unknown_member(value: &Value, allowed: &[&str]) -> Option<String> {
    value.as_object()?.keys().find(|name| !allowed.contains(&name.as_str())).cloned()
}

/// `POST /v3/auth/tokens` by password.
pub(super) fn by_password(state: &mut State, call: &Call) -> Known {
    let auth = read(call, &["methods", "password"])?;
    if method(call) != "password" {
        return Err(Reply::keystone(400, "The identity method is not supported."));
    }
    let principal = user(&state.world, &auth["identity"]["password"]["user"])?;
    let scope = scope(&state.world, &principal.domain, &auth["scope"])?;
    Ok((issue(state, call, &principal, scope, "password", None), principal))
}

/// `POST /v3/auth/tokens` by another token, which the new one does not outlive.
pub(super) fn by_token(state: &mut State, call: &Call) -> Known {
    let auth = read(call, &["methods", "token"])?;
    let refused = || Reply::keystone(401, "The token must be updated.");
    let token = auth["identity"]["token"]["id"].as_str().ok_or_else(refused)?;
    let (principal, expires) = holder(state, call, token).ok_or_else(refused)?;
    let scope = scope(&state.world, &principal.domain, &auth["scope"])?;
    Ok((issue(state, call, &principal, scope, "token", Some(expires)), principal))
}

/// `POST /v3/auth/tokens` for an agency, by a caller it trusts.
pub(super) fn for_agency(state: &mut State, call: &Call, caller: &Caller) -> Answer {
    let auth = read(call, &["methods", "assume_role"])?;
    needs_domain_header(state, call, caller).map_err(|message| Reply::keystone(400, message))?;
    let role = &auth["identity"]["assume_role"];
    if let Some(name) = unknown_member(role, &["domain_name", "domain_id", "xrole_name", "agency_name"]) {
        return Err(Reply::keystone(400, &format!("Unknown member {name}.")));
    }
    let text = |name: &str| role[name].as_str();
    // Two names of the same thing, in use by different clients.
    let Some(name) = text("xrole_name").or(text("agency_name")) else {
        return Err(Reply::keystone(400, "The name of the agency is missing."));
    };
    let domain = state.world.account_meant(text("domain_id"), text("domain_name"));
    let found = state.world.assumable(&caller.principal, domain, name);
    let (domain, agency) = found.map_err(|problem| match problem {
        NoAgency::Unknown => Reply::keystone(404, "The agency does not exist."),
        NoAgency::Distrusted => Reply::keystone(403, "You are not authorized to assume this agency."),
    })?;
    let scope = scope(&state.world, &domain, &auth["scope"])?;
    let principal = Principal::agency(&domain, &agency);
    Ok(issue(state, call, &principal, scope, "assume_role", None))
}

/// `POST /v3.0/OS-AUTH/id-token/tokens`.
pub(super) fn by_id_token(state: &mut State, call: &Call) -> Known {
    let body = call.json();
    let auth = &body["auth"];
    let Some(id_token) = auth["id_token"]["id"].as_str() else {
        return Err(Reply::iam(400, "IAM.0011", "Request body is invalid."));
    };
    let unknown = unknown_member(&body, &["auth"])
        .or_else(|| unknown_member(auth, &["id_token", "scope"]))
        .or_else(|| unknown_member(&auth["id_token"], &["id"]));
    if let Some(name) = unknown {
        return Err(Reply::iam(400, "IAM.0007", format!("Request parameter {name} is invalid.")));
    }
    let Some(id) = call.header("x-idp-id").filter(|id| !id.is_empty()) else {
        return Err(Reply::iam(400, "IAM.0007", "Request parameter X-Idp-Id is invalid."));
    };
    let Some(provider) = state.world.identity_provider(id) else {
        return Err(Reply::iam(404, "IAM.0004", format!("Could not find identity provider: {id}.")));
    };
    if !provider.vouches_for(id_token) {
        return Err(Reply::iam(401, "IAM.0007", "Request parameter id_token is invalid."));
    }
    let principal = Principal::identity_provider(&state.world, id);
    let scope = scope(&state.world, &principal.domain, &auth["scope"])
        .map_err(|_| Reply::iam(401, "IAM.0007", "Request parameter scope is invalid."))?;
    Ok((issue(state, call, &principal, scope, "mapped", None), principal))
}

/// Whom a token stands for, and until when, while it is valid.
pub(super) fn holder(state: &State, call: &Call, token: &str) -> Option<(Principal, SystemTime)> {
    let token = state.issued.tokens.get(token).filter(|token| token.expires > call.now.wall)?;
    Some((token.principal.clone(), token.expires))
}

/// Signed calls to an interface of accounts name theirs.
pub(super) fn needs_domain_header(state: &State, call: &Call, caller: &Caller) -> Result<(), &'static str> {
    let signed = matches!(caller.credential, Credential::Keys { .. });
    if signed && !state.knobs.domain_header_optional && call.header("x-domain-id").is_none() {
        return Err("X-Domain-Id is missing.");
    }
    Ok(())
}

/// The `auth` object, with nothing in it that is not understood.
fn read(call: &Call, identity: &[&str]) -> Result<Value, Reply> {
    let body: Value = serde_json::from_slice(&call.body)
        .map_err(|_| Reply::keystone(400, "The request body is not valid JSON."))?;
    let auth = &body["auth"];
    let unknown = unknown_member(&body, &["auth"])
        .or_else(|| unknown_member(auth, &["identity", "scope"]))
        .or_else(|| unknown_member(&auth["identity"], identity))
        .or_else(|| unknown_member(&auth["scope"], &["project", "domain"]));
    match unknown {
        Some(name) => Err(Reply::keystone(400, &format!("Unknown member {name}."))),
        None => Ok(auth.clone()),
    }
}

fn user(world: &World, given: &Value) -> Result<Principal, Reply> {
    let text = |name: &str| given[name].as_str();
    let user = match (text("id"), text("name")) {
        (Some(_), Some(_)) => {
            return Err(Reply::keystone(400, "The user is given by its id and by its name."));
        }
        (Some(_), None) if given["domain"].is_object() => {
            return Err(Reply::keystone(400, "A user given by its id has no domain."));
        }
        (Some(id), None) => world.users.iter().find(|user| user.id == id),
        (None, Some(name)) if !given["domain"].is_object() => {
            return Err(Reply::keystone(400, &format!("The domain of user {name} is missing.")));
        }
        (None, Some(name)) if is_domain(&world.domain, &given["domain"]) => {
            world.users.iter().find(|user| user.name == name)
        }
        (None, Some(_)) => None,
        (None, None) => return Err(Reply::keystone(400, "The user is missing.")),
    };
    // One answer for a wrong name and a wrong password, so that names cannot be tried out.
    user.filter(|user| text("password").is_some_and(|password| same(&user.password, password)))
        .map(|user| Principal::user(world, user))
        .ok_or_else(|| Reply::keystone(401, "The username or password is wrong."))
}

fn is_domain(domain: &Named, given: &Value) -> bool {
    match (given["id"].as_str(), given["name"].as_str()) {
        (Some(id), _) => id == domain.id,
        (None, Some(name)) => name == domain.name,
        (None, None) => false,
    }
}

/// The project the token is to be for, which must be one of the account; `None` means the account itself.
fn scope(world: &World, domain: &Named, given: &Value) -> Result<Option<Named>, Reply> {
    if given["domain"].is_object() && !is_domain(domain, &given["domain"]) {
        return Err(Reply::keystone(401, "The domain of the scope does not exist."));
    }
    let project = &given["project"];
    if !project.is_object() {
        return Ok(None);
    }
    if project["domain"].is_object() && !is_domain(domain, &project["domain"]) {
        return Err(Reply::keystone(401, "The domain of the project does not exist."));
    }
    let projects = world.projects_of(&domain.id);
    let hit = match (project["id"].as_str(), project["name"].as_str()) {
        (Some(id), _) => projects.iter().find(|project| project.id == id),
        (None, Some(name)) => projects.iter().find(|project| project.name == name),
        (None, None) => return Err(Reply::keystone(400, "The project of the scope is missing.")),
    };
    hit.cloned().map(Some).ok_or_else(|| Reply::keystone(401, "The project of the scope does not exist."))
}

fn issue(
    state: &mut State,
    call: &Call,
    principal: &Principal,
    scope: Option<Named>,
    method: &str,
    most: Option<SystemTime>,
) -> Reply {
    let issued = call.now.wall;
    let project = scope.as_ref().map(|project| project.id.clone());
    let (value, expires) = state.issue_token(principal.clone(), project, issued, most);
    let domain = principal.domain.to_json();
    let mut token = json!({
        "methods": [method],
        "issued_at": moment::to_microseconds(issued),
        "expires_at": moment::to_microseconds(expires),
        "user": {
            "id": principal.id, "name": principal.name, "domain": domain.clone(), "password_expires_at": "",
        },
        "roles": [{"id": "0", "name": "te_admin"}],
    });
    if call.query().first("nocatalog").is_none_or(str::is_empty) {
        token["catalog"] = json!([]);
    }
    match scope {
        Some(Named { id, name }) => token["project"] = json!({"id": id, "name": name, "domain": domain}),
        None => token["domain"] = domain,
    }
    let mut reply = Reply::new(201, Payload::Json(json!({"token": token})));
    reply.headers.push(("x-subject-token", value));
    reply
}
