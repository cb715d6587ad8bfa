//! Registered remote backup servers: add or change, list, delete.

use serde_json::json;

use super::{
    call::{Call, Scope},
    knobs::StartSequence,
    lists::{self, Paging},
    reply::{Answer, Reply},
    state::{Start, State, Timer},
    world::{BackupHost, NOT_STARTED, RUNNING, STARTING},
};

const MEMBERS: [&str; 4] = ["host_id", "backup_host_ip", "backup_host_port", "backup_dir"];
const ALWAYS: &[&str] = &[
    "backup_host_id",
    "backup_host_name",
    "backup_host_ip",
    "backup_host_port",
    "backup_dir",
    "backup_host_status",
];

/// `UpdateBackupHostInfo`: an upsert by server id. A change restarts the listener; identical values do not,
/// unless it is not running anyway.
pub(super) fn update(state: &mut State, call: &Call) -> Answer {
    let query = call.query();
    query.only(&[])?;
    let scope = query.write_scope()?;
    let body = call.members(&MEMBERS)?;
    let mut host = BackupHost {
        backup_host_id: body.text("host_id")?.to_owned(),
        project_id: scope.project.clone(),
        backup_host_ip: body.text("backup_host_ip")?.to_owned(),
        backup_host_port: body.number("backup_host_port", 0..=65535)?,
        backup_dir: body.text("backup_dir")?.to_owned(),
        backup_host_status: STARTING,
    };
    may_register(state, &host.backup_host_id, &scope)?;

    let id = host.backup_host_id.clone();
    let old = state.world.backup_hosts.get(&id);
    let old_status = old.map_or(NOT_STARTED, |old| old.backup_host_status);
    let same = old
        .is_some_and(|old| BackupHost { backup_host_status: host.backup_host_status, ..old.clone() } == host);
    state.deletions.remove(&id);
    if same && (old_status == RUNNING || state.starts.contains_key(&id)) {
        return Ok(written(state));
    }
    if state.knobs.address_follows && old.is_some() {
        follow(state, &id, &host.addr());
    }
    host.backup_host_status = old_status;
    state.world.backup_hosts.put(host);
    let start = Start {
        timer: Timer::new(call.now.instant, state.knobs.start_after_ms),
        sequence: sequence(state.knobs.start_sequence, old_status),
        old: old_status,
        result: state.knobs.start_result,
    };
    state.starts.insert(id, start);
    state.settle(call.now.instant);
    Ok(written(state))
}

/// A server that was not running has no old status worth showing.
fn sequence(wanted: StartSequence, old_status: i64) -> StartSequence {
    match wanted {
        StartSequence::Stale if old_status != RUNNING => StartSequence::Starting,
        other => other,
    }
}

/// What the user guide asks of a backup server: known, Linux, agent online.
fn may_register(state: &State, id: &str, scope: &Scope) -> Result<(), Reply> {
    let knobs = &state.knobs;
    let Some(host) = state.world.hosts.get(id) else {
        let accepted = knobs.put_unknown_accepted && !id.is_empty();
        return if accepted { Ok(()) } else { Err(Reply::not_found("host")) };
    };
    if !scope.holds(host) {
        return Err(Reply::not_found("host"));
    }
    if !host.is_linux() && !knobs.put_windows_accepted {
        return Err(Reply::invalid("the remote backup server must run Linux"));
    }
    match host.agent_status.as_str() {
        _ if knobs.put_agent_accepted => Ok(()),
        "not_installed" => Err(Reply::hss("HSS.1001", "the host has no agent")),
        "online" if host.host_status == "ACTIVE" => Ok(()),
        _ => Err(Reply::hss("HSS.1007", "the agent is offline")),
    }
}

fn follow(state: &mut State, id: &str, addr: &str) {
    let targets = state.world.hosts.iter_mut().filter_map(|host| host.remote_backup.as_mut());
    for target in targets.filter(|target| target.backup_host_id == id) {
        target.backup_addr = addr.to_owned();
    }
}

/// `ListBackupHostsInfo`. `is_run` asks about the agent, not about the backup service.
pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let query = call.query();
    query.only(&["limit", "offset", "is_run"])?;
    let (limit, offset) = query.paging()?;
    let online_only = query.flag("is_run")?;
    let scope = query.read_scope()?;

    let world = &state.world;
    let rows = world.backup_hosts.iter().filter(|row| {
        let id = &row.backup_host_id;
        let online = || world.hosts.get(id).is_some_and(|host| host.is_online());
        scope.covers(&row.project_id, world.enterprise_project_of(id)) && (!online_only || online())
    });
    let paging = Paging {
        list: "backup_hosts",
        order: state.knobs.list_order,
        limit,
        offset,
        walks: &mut state.walks,
        chance: &mut state.chance,
    };
    let (total, page) = paging.page(rows.collect(), (!online_only).then_some(inserted));
    let items = page.iter().map(|row| {
        let mut item = row.to_json();
        item["backup_host_name"] = json!(world.name_of(&row.backup_host_id));
        lists::dress(&state.knobs, item, ALWAYS)
    });
    let items = items.collect();
    Ok(Reply::json(lists::answer(&state.knobs, total, items)))
}

fn inserted(number: u64) -> BackupHost {
    BackupHost {
        backup_host_id: lists::inserted_id(number),
        project_id: String::new(),
        backup_host_ip: "192.0.2.1".to_owned(),
        backup_host_port: 18080,
        backup_dir: "/data/inserted-while-paging".to_owned(),
        backup_host_status: RUNNING,
    }
}

/// `DeleteBackupHostInfo`: all ids are judged before any is deleted.
pub(super) fn delete(state: &mut State, call: &Call) -> Answer {
    let query = call.query();
    query.only(&[])?;
    let scope = query.write_scope()?;
    let body = call.members(&["backup_host_id_list"])?;
    let ids = body.ids("backup_host_id_list", 100)?;

    let visible = |id: &str| {
        let world = &state.world;
        let host = world.backup_hosts.get(id);
        host.filter(|host| scope.covers(&host.project_id, world.enterprise_project_of(id)))
    };
    for id in &ids {
        match visible(id) {
            None if state.knobs.delete_unknown_refused => {
                return Err(Reply::not_found("remote backup server"));
            }
            None => continue,
            Some(host) if state.knobs.delete_non_running_refused && host.backup_host_status != RUNNING => {
                return Err(Reply::invalid("the remote backup server is not running"));
            }
            Some(_) => {}
        }
        if state.knobs.delete_in_use_refused && is_used(state, id) {
            return Err(Reply::hss("HSS.0010", "the remote backup server is in use"));
        }
    }
    let found: Vec<String> = ids.into_iter().filter(|id| visible(id).is_some()).map(str::to_owned).collect();
    for id in found {
        // A server that is deleted already keeps its time.
        let timer = Timer::new(call.now.instant, state.knobs.delete_visible_after_ms);
        state.deletions.entry(id).or_insert(timer);
    }
    state.settle(call.now.instant);
    Ok(written(state))
}

fn is_used(state: &State, id: &str) -> bool {
    let mut targets = state.world.hosts.iter().filter_map(|host| host.remote_backup.as_ref());
    targets.any(|target| target.backup_host_id == id)
}

/// The answer of every successful write.
pub(super) fn written(state: &State) -> Reply {
    if state.knobs.write_object { Reply::json(json!({})) } else { Reply::empty(200) }
}
