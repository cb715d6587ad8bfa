//! IAM, as far as logging in and finding a project need it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    call::{Call, Query},
    identity::same,
    moment,
    reply::{Answer, Payload, Reply},
    state::{State, Token},
    world::{Named, User, World},
};

/// Tokens live this long.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// `GET /v3/projects`.
pub(super) fn projects(state: &State, call: &Call) -> Answer {
    let query = call.query();
    let domain = &state.world.domain.id;
    let excluded = query.first("domain_id").is_some_and(|id| id != domain)
        || query.first("parent_id").is_some_and(|id| id != domain)
        || query.first("enabled") == Some("false")
        || query.first("is_domain") == Some("true");
    let name = query.first("name");
    let all = state.world.projects.iter();
    let hits = all.filter(|project| !excluded && name.is_none_or(|name| name == project.name));
    let (skip, take) = page(&query)?;
    let items: Vec<Value> = hits
        .skip(skip)
        .take(take)
        .map(|project| {
            json!({
                "id": project.id,
                "name": project.name,
                "domain_id": domain,
                "parent_id": domain,
                "enabled": true,
                "is_domain": false,
                "description": "",
                "links": {"self": link(call, &format!("/v3/projects/{}", project.id))},
            })
        })
        .collect();
    Ok(Reply::json(json!({"projects": items, "links": links(call)})))
}

/// Both or none of `page` and `per_page` may be given.
fn page(query: &Query) -> Result<(usize, usize), Reply> {
    let number = |name| query.first(name).map(|text| text.parse::<usize>().ok().filter(|it| *it > 0));
    match (number("page"), number("per_page")) {
        (None, None) => Ok((0, usize::MAX)),
        (Some(Some(page)), Some(Some(size))) if size <= 5000 => Ok(((page - 1).saturating_mul(size), size)),
        _ => Err(Reply::keystone(400, "page and per_page are not valid")),
    }
}

/// `GET /v3/auth/domains`.
pub(super) fn domains(state: &State, call: &Call) -> Answer {
    let Named { id, name } = &state.world.domain;
    let own = link(call, &format!("/v3/domains/{id}"));
    let domain = json!({"id": id, "name": name, "enabled": true, "description": "", "links": {"self": own}});
    Ok(Reply::json(json!({"domains": [domain], "links": links(call)})))
}

/// `GET /v3/users`.
pub(super) fn users(state: &State, call: &Call) -> Answer {
    let query = call.query();
    let name = query.first("name");
    let hits = state.world.users.iter().filter(|user| name.is_none_or(|name| name == user.name));
    let domain = &state.world.domain.id;
    let items: Vec<Value> = hits
        .map(|user| json!({"id": user.id, "name": user.name, "domain_id": domain, "enabled": true}))
        .collect();
    Ok(Reply::json(json!({"users": items, "links": links(call)})))
}

fn link(call: &Call, path: &str) -> String {
    format!("http://{}{path}", call.header("host").unwrap_or("localhost"))
}

fn links(call: &Call) -> Value {
    json!({"self": link(call, &call.path), "next": null, "previous": null})
}

/// Whether the body asks for a token by another token.
pub(super) fn is_token_method(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body)
        .is_ok_and(|body| body["auth"]["identity"]["methods"] == json!(["token"]))
}

/// `POST /v3/auth/tokens`: the only call that needs no credentials beside its body.
/// Says also who logged in, for the journal.
pub(super) fn create_token(state: &mut State, call: &Call) -> (Answer, Option<String>) {
    match log_in(state, call) {
        Ok((user, scope)) => {
            let who = user.name.clone();
            (Ok(issue(state, call, &user, scope)), Some(who))
        }
        Err(refusal) => (Err(refusal), None),
    }
}

/// What the token is good for.
enum TokenScope {
    Project(Named),
    Domain,
}

fn log_in(state: &State, call: &Call) -> Result<(User, TokenScope), Reply> {
    let body: Value = serde_json::from_slice(&call.body)
        .map_err(|_| Reply::keystone(400, "The request body is not valid JSON."))?;
    let auth = &body["auth"];
    let identity = &auth["identity"];
    let user = if identity["methods"] == json!(["password"]) {
        by_password(&state.world, &identity["password"]["user"])?
    } else if identity["methods"] == json!(["token"]) {
        by_token(state, call, &identity["token"]["id"])?
    } else {
        return Err(Reply::keystone(400, "The identity method is not supported."));
    };
    Ok((user.clone(), scope(&state.world, &auth["scope"])?))
}

fn by_password<'a>(world: &'a World, given: &Value) -> Result<&'a User, Reply> {
    let text = |name: &str| given[name].as_str();
    let user = match (text("id"), text("name")) {
        (Some(id), _) => world.users.iter().find(|user| user.id == id),
        (None, Some(name)) if !given["domain"].is_object() => {
            return Err(Reply::keystone(400, &format!("The domain of user {name} is missing.")));
        }
        (None, Some(name)) if is_domain(world, &given["domain"]) => {
            world.users.iter().find(|user| user.name == name)
        }
        (None, Some(_)) => None,
        (None, None) => return Err(Reply::keystone(400, "The user is missing.")),
    };
    // One answer for a wrong name and a wrong password, so that names cannot be tried out.
    user.filter(|user| text("password").is_some_and(|password| same(&user.password, password)))
        .ok_or_else(|| Reply::keystone(401, "The username or password is wrong."))
}

fn by_token<'a>(state: &'a State, call: &Call, token: &Value) -> Result<&'a User, Reply> {
    let found = token.as_str().and_then(|token| state.tokens.get(token));
    found
        .filter(|token| token.expires > call.now.wall)
        .and_then(|token| state.world.users.iter().find(|user| user.id == token.user_id))
        .ok_or_else(|| Reply::keystone(401, "The token must be updated."))
}

fn is_domain(world: &World, given: &Value) -> bool {
    match (given["id"].as_str(), given["name"].as_str()) {
        (Some(id), _) => id == world.domain.id,
        (None, Some(name)) => name == world.domain.name,
        (None, None) => false,
    }
}

fn scope(world: &World, given: &Value) -> Result<TokenScope, Reply> {
    if given["domain"].is_object() && !is_domain(world, &given["domain"]) {
        return Err(Reply::keystone(401, "The domain of the scope does not exist."));
    }
    let project = &given["project"];
    if !project.is_object() {
        return Ok(TokenScope::Domain);
    }
    if project["domain"].is_object() && !is_domain(world, &project["domain"]) {
        return Err(Reply::keystone(401, "The domain of the project does not exist."));
    }
    let hit = match (project["id"].as_str(), project["name"].as_str()) {
        (Some(id), _) => world.projects.iter().find(|project| project.id == id),
        (None, Some(name)) => world.projects.iter().find(|project| project.name == name),
        (None, None) => return Err(Reply::keystone(400, "The project of the scope is missing.")),
    };
    hit.cloned()
        .map(TokenScope::Project)
        .ok_or_else(|| Reply::keystone(401, "The project of the scope does not exist."))
}

fn issue(state: &mut State, call: &Call, user: &User, scope: TokenScope) -> Reply {
    let (issued, expires) = (call.now.wall, call.now.wall + LIFETIME);
    let domain = json!({"id": state.world.domain.id, "name": state.world.domain.name});
    let mut token = json!({
        "methods": ["password"],
        "issued_at": moment::to_microseconds(issued),
        "expires_at": moment::to_microseconds(expires),
        "user": {"id": user.id, "name": user.name, "domain": domain.clone(), "password_expires_at": ""},
        "roles": [{"id": "0", "name": "te_admin"}],
    });
    if call.query().first("nocatalog").is_none_or(str::is_empty) {
        token["catalog"] = json!([]);
    }
    let project = match scope {
        TokenScope::Project(Named { id, name }) => {
            token["project"] = json!({"id": id.clone(), "name": name, "domain": domain});
            Some(id)
        }
        TokenScope::Domain => {
            token["domain"] = domain;
            None
        }
    };
    let value = format!("SIM-{}-{}", state.fresh_id(), state.fresh_id());
    let login = Token { user_id: user.id.clone(), user_name: user.name.clone(), project, expires };
    state.tokens.insert(value.clone(), login);
    let mut reply = Reply::new(201, Payload::Json(json!({"token": token})));
    reply.headers.push(("x-subject-token", value));
    reply
}
