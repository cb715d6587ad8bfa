//! The look-ups of IAM: projects, the account, users. Everybody sees only the account their credentials act in.

use serde_json::{Value, json};

use super::{
    call::{Call, Query},
    identity::Caller,
    reply::{Answer, Reply},
    state::State,
    world::Named,
};

/// `GET /v3/projects`.
pub(super) fn projects(state: &State, call: &Call, caller: &Caller) -> Answer {
    let query = call.query();
    let domain = &caller.principal.domain.id;
    let all = state.world.projects_of(domain);
    // A sub-project hangs on the project of its region, any other on the account.
    let parent = |project: &Named| {
        let main = all.iter().find(|it| project.is_sub_project() && it.name == project.region());
        main.map_or(domain, |main| &main.id).clone()
    };
    let excluded = query.first("domain_id").is_some_and(|id| id != domain)
        || query.first("enabled") == Some("false")
        || query.first("is_domain") == Some("true");
    let (name, wanted_parent) = (query.first("name"), query.first("parent_id"));
    let hits = all.iter().filter(|project| {
        !excluded
            && name.is_none_or(|name| name == project.name)
            && wanted_parent.is_none_or(|id| id == parent(project))
    });
    let (skip, take) = page(&query)?;
    let items: Vec<Value> = hits
        .skip(skip)
        .take(take)
        .map(|project| {
            json!({
                "id": project.id,
                "name": project.name,
                "domain_id": domain,
                "parent_id": parent(project),
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
pub(super) fn domains(state: &State, call: &Call, caller: &Caller) -> Answer {
    let Named { id, name } = &caller.principal.domain;
    let own = link(call, &format!("/v3/domains/{id}"));
    let domain = json!({"id": id, "name": name, "enabled": true, "description": "", "links": {"self": own}});
    let domains = if state.knobs.auth_domains_hidden { json!([]) } else { json!([domain]) };
    Ok(Reply::json(json!({"domains": domains, "links": links(call)})))
}

/// `GET /v3/users`. All users are of the own account.
pub(super) fn users(state: &State, call: &Call, caller: &Caller) -> Answer {
    let query = call.query();
    let name = query.first("name");
    let domain = &state.world.domain.id;
    let own = *domain == caller.principal.domain.id;
    let hits = state.world.users.iter().filter(|user| own && name.is_none_or(|name| name == user.name));
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
