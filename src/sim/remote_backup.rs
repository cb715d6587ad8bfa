//! Remote backup of one protected server: switch it on, over or off, and show it.

use serde_json::{Value, json};

use super::{
    backup_hosts::written,
    call::{Call, Scope},
    knobs::ShowOff,
    lists,
    reply::{Answer, Reply},
    state::State,
    world::{Host, RUNNING, RemoteBackup},
};

/// The states in which protection counts as on: those the sibling operation on WTP policies accepts.
const PROTECTED: &[&str] = &["opened", "open_failed", "protection_pause", "partial_protection"];

/// `SetRemoteBackupInfo`.
pub(super) fn set(state: &mut State, call: &Call, host_id: &str) -> Answer {
    let query = call.query();
    query.only(&[])?;
    let scope = query.write_scope()?;
    let body = call.members(&["remote_backup", "backup_addr", "backup_host_id"])?;
    let on = body.flag("remote_backup")?;
    let addr = body.optional_text("backup_addr", 256)?;
    let target_id = body.optional_text("backup_host_id", 256)?;
    let target = match (on, addr, target_id) {
        (false, _, _) => None,
        (true, Some(addr), Some(id)) if is_addr(addr) => {
            Some(RemoteBackup { backup_host_id: id.to_owned(), backup_addr: addr.to_owned() })
        }
        (true, Some(_), Some(_)) => return Err(Reply::invalid("backup_addr must be IP:Port")),
        (true, ..) => return Err(Reply::invalid("backup_addr and backup_host_id are mandatory to enable")),
    };

    let host = find(state, host_id, &scope)?;
    match &target {
        Some(target) => {
            is_protected_linux(state, host)?;
            has_agent(state, host)?;
            is_usable(state, target, &host.project_id)?;
        }
        None if state.knobs.set_off_refused => is_protected_linux(state, host)?,
        None => {}
    }
    if let Some(host) = state.world.hosts.get_mut(host_id) {
        let old = std::mem::replace(&mut host.remote_backup, target);
        state.last_targets.extend(old.map(|old| (host_id.to_owned(), old)));
    }
    Ok(written(state))
}

/// `ShowRemoteBackupHostInfo`. The path names the protected server, not the backup server.
pub(super) fn show(state: &mut State, call: &Call, host_id: &str) -> Answer {
    let query = call.query();
    query.only(&[])?;
    let scope = query.read_scope()?;
    let host = find(state, host_id, &scope)?;
    let value = match (&host.remote_backup, state.knobs.show_off) {
        (Some(target), _) => setting(state, true, target),
        (None, ShowOff::Empty) => return Ok(Reply::json(json!({}))),
        (None, ShowOff::Stale) => match state.last_targets.get(host_id) {
            Some(target) => setting(state, false, target),
            None => off(Value::Null),
        },
        (None, ShowOff::Blank) => off(json!("")),
        (None, ShowOff::False) => off(Value::Null),
    };
    Ok(Reply::json(lists::dress(&state.knobs, value, &["remote_backup"])))
}

fn setting(state: &State, on: bool, target: &RemoteBackup) -> Value {
    json!({
        "remote_backup": on,
        "backup_addr": target.backup_addr,
        "backup_host_id": target.backup_host_id,
        "backup_host_name": state.world.name_of(&target.backup_host_id),
    })
}

fn off(filler: Value) -> Value {
    json!({
        "remote_backup": false,
        "backup_addr": filler,
        "backup_host_id": filler,
        "backup_host_name": filler,
    })
}

/// A refusal in the form the knob asks for.
fn refused(state: &State, reply: Reply) -> Reply {
    if state.knobs.set_refused_bare { Reply::bare_denial() } else { reply }
}

fn find<'a>(state: &'a State, host_id: &str, scope: &Scope) -> Result<&'a Host, Reply> {
    let host = state.world.hosts.get(host_id).filter(|host| scope.holds(host));
    host.ok_or_else(|| refused(state, Reply::not_found("host")))
}

fn is_protected_linux(state: &State, host: &Host) -> Result<(), Reply> {
    if !host.is_linux() {
        return Err(refused(state, Reply::invalid("remote backup is for Linux servers")));
    }
    if !host.protect_status.as_deref().is_some_and(|status| PROTECTED.contains(&status)) {
        return Err(refused(state, Reply::hss("HSS.0010", "web tamper protection is not enabled")));
    }
    Ok(())
}

fn has_agent(state: &State, host: &Host) -> Result<(), Reply> {
    match host.agent_status.as_str() {
        "online" => Ok(()),
        _ if state.knobs.set_agent_accepted => Ok(()),
        "not_installed" => Err(Reply::hss("HSS.1001", "the host has no agent")),
        _ => Err(Reply::hss("HSS.1007", "the agent is offline")),
    }
}

fn is_usable(state: &State, target: &RemoteBackup, project_id: &str) -> Result<(), Reply> {
    let host = state.world.backup_hosts.get(&target.backup_host_id);
    match host.filter(|host| host.project_id == project_id) {
        None => Err(Reply::not_found("remote backup server")),
        Some(host) if host.backup_host_status != RUNNING && !state.knobs.set_non_running_accepted => {
            Err(Reply::invalid("the remote backup server is not running"))
        }
        // Nothing says that the address is compared with the registration, so it is not.
        Some(_) => Ok(()),
    }
}

fn is_addr(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(ip, port)| !ip.is_empty() && port.parse::<u16>().is_ok())
}
