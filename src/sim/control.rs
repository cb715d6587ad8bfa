//! `/_sim/`: what a test looks at and turns. These calls need no credentials and leave no trace in the journal.

use serde_json::{Map, Value, json};

use super::{
    identity_file,
    moment::Moment,
    signature::percent_decode,
    state::State,
    world::World,
    world_file::{self, WorldError},
};

/// A status and a JSON body, or none.
type Control = (u16, Option<Value>);

/// Answers a control call. `path` is what follows `/_sim/`.
pub(super) fn answer(state: &mut State, method: &str, path: &str, body: &[u8], now: Moment) -> Control {
    state.settle(now.instant);
    let text = String::from_utf8_lossy(&percent_decode(path, false)).into_owned();
    let path: Vec<&str> = text.splitn(2, '/').collect();
    match (method, path.as_slice()) {
        ("GET", ["requests"]) => (200, Some(Value::Array(state.journal.clone()))),
        ("DELETE", ["requests"]) => {
            state.journal.clear();
            (204, None)
        }
        ("GET", ["world"]) => (200, Some(state.world.to_json())),
        ("PUT", ["world"]) => outcome(put_world(state, body)),
        ("GET", ["knobs"]) => (200, Some(state.knobs.to_json())),
        ("PATCH", ["knobs"]) => outcome(patch_knobs(state, body)),
        ("PUT", ["hosts", id]) => outcome(put_host(state, id, body)),
        ("PUT", ["backup-hosts", id]) => outcome(put_backup_host(state, id, body)),
        ("PATCH", ["hosts", id]) => patch_host(state, id, body),
        ("DELETE", ["hosts", id]) => {
            state.openings.remove(*id);
            removed(state.world.hosts.remove(id))
        }
        ("PATCH", ["backup-hosts", id]) => patch_backup_host(state, id, body),
        ("DELETE", ["backup-hosts", id]) => {
            state.starts.remove(*id);
            state.deletions.remove(*id);
            removed(state.world.backup_hosts.remove(id))
        }
        ("PATCH", ["identity-providers", id]) => patch_identity_provider(state, id, body),
        ("POST", ["revoke"]) => {
            let (tokens, keys, sessions) = state.issued.revoke(&state.world, now.wall);
            (200, Some(json!({"tokens": tokens, "keys": keys, "sessions": sessions})))
        }
        (
            _,
            ["requests" | "world" | "knobs" | "revoke"]
            | ["hosts" | "backup-hosts" | "identity-providers", _],
        ) => error(405, "no such method here"),
        _ => error(404, "there is no such thing under /_sim/"),
    }
}

fn error(status: u16, message: impl Into<String>) -> Control {
    (status, Some(json!({"error": message.into()})))
}

fn outcome(result: Result<Value, String>) -> Control {
    match result {
        Ok(value) => (200, Some(value)),
        Err(message) => error(400, message),
    }
}

fn removed<T>(row: Option<T>) -> Control {
    if row.is_some() { (204, None) } else { unknown_id() }
}

fn unknown_id() -> Control {
    error(404, "no such id")
}

fn put_world(state: &mut State, body: &[u8]) -> Result<Value, String> {
    let world = World::parse(&String::from_utf8_lossy(body)).map_err(|error| error.to_string())?;
    state.replace_world(world);
    Ok(state.world.to_json())
}

fn patch_knobs(state: &mut State, body: &[u8]) -> Result<Value, String> {
    let mut knobs = state.knobs.clone();
    knobs.patch(&object(body)?)?;
    state.set_knobs(knobs);
    Ok(state.knobs.to_json())
}

/// A server as it is given, whether or not it was there.
fn put_host(state: &mut State, id: &str, body: &[u8]) -> Result<Value, String> {
    let mut host = merged(json!({"host_id": id}), &object(body)?, ("host_id", id), world_file::host)?;
    state.world.place(&mut host.project_id)?;
    state.openings.remove(id);
    let value = state.world.host_row(&host);
    state.world.hosts.put(host);
    Ok(value)
}

/// A registration as it is given, whether or not it was there.
fn put_backup_host(state: &mut State, id: &str, body: &[u8]) -> Result<Value, String> {
    let row = json!({"backup_host_id": id});
    let mut host = merged(row, &object(body)?, ("backup_host_id", id), world_file::backup_host)?;
    state.world.place(&mut host.project_id)?;
    state.starts.remove(id);
    state.deletions.remove(id);
    let value = state.world.backup_host_row(&host);
    state.world.backup_hosts.put(host);
    Ok(value)
}

fn patch_host(state: &mut State, id: &str, body: &[u8]) -> Control {
    let Some(row) = state.world.hosts.get(id).map(|host| state.world.host_row(host)) else {
        return unknown_id();
    };
    outcome(object(body).and_then(|changes| {
        let mut host = merged(row, &changes, ("host_id", id), world_file::host)?;
        state.world.place(&mut host.project_id)?;
        if changes.contains_key("protect_status") {
            state.openings.remove(id);
        }
        let value = state.world.host_row(&host);
        state.world.hosts.put(host);
        Ok(value)
    }))
}

fn patch_backup_host(state: &mut State, id: &str, body: &[u8]) -> Control {
    let row = state.world.backup_hosts.get(id).map(|host| state.world.backup_host_row(host));
    let Some(row) = row else { return unknown_id() };
    outcome(object(body).and_then(|changes| {
        let mut host = merged(row, &changes, ("backup_host_id", id), world_file::backup_host)?;
        state.world.place(&mut host.project_id)?;
        // A status that is set by hand stays: nothing that was under way may change it later.
        if changes.contains_key("backup_host_status") {
            state.starts.remove(id);
        }
        let value = state.world.backup_host_row(&host);
        state.world.backup_hosts.put(host);
        Ok(value)
    }))
}

fn patch_identity_provider(state: &mut State, id: &str, body: &[u8]) -> Control {
    let Some(at) = state.world.identity_providers.iter().position(|provider| provider.id == *id) else {
        return unknown_id();
    };
    outcome(object(body).and_then(|changes| {
        let row = state.world.identity_providers[at].to_json();
        let provider = merged(row, &changes, ("id", id), identity_file::identity_provider)?;
        let value = provider.to_json();
        state.world.identity_providers[at] = provider;
        Ok(value)
    }))
}

/// The row with the changed members. Its id cannot change.
fn merged<T>(
    row: Value,
    changes: &Map<String, Value>,
    (id_name, id): (&str, &str),
    read: fn(&Value, &str) -> Result<T, WorldError>,
) -> Result<T, String> {
    if changes.get(id_name).is_some_and(|value| value != id) {
        return Err(format!("{id_name} cannot be changed"));
    }
    let Value::Object(mut members) = row else { return Err("not an object".to_owned()) };
    members.extend(changes.iter().map(|(name, value)| (name.clone(), value.clone())));
    read(&Value::Object(members), id).map_err(|error| error.to_string())
}

fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("expected a JSON object".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}
