//! Web tamper protection itself: the two server lists, the switch, the counters.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    backup_hosts::written,
    call::{Call, Query, Scope},
    host_details::{ASSET_VALUES, Details, RASP_STATUSES},
    lists::{self, Paging},
    reply::{Answer, Reply},
    signature::hex,
    state::{State, Timer},
    world::{DEFAULT_ENTERPRISE_PROJECT, Host},
    world_file::{AGENT_STATUSES, OS_TYPES},
};

const WTP_STATUSES: &[&str] =
    &["opened", "opening", "open_failed", "partial_protection", "protection_interruption"];
const PROTECT_ALWAYS: &[&str] = &[
    "host_id",
    "host_name",
    "private_ip",
    "os_type",
    "protect_status",
    "host_status",
    "agent_status",
    "protect_dir_num",
];
const ELIGIBLE_ALWAYS: &[&str] = &["host_id", "host_name", "private_ip", "agent_id", "os_type"];

/// The filters both lists know.
struct Filter<'a> {
    scope: Scope,
    host_id: Option<&'a str>,
    host_name: Option<String>,
    private_ip: Option<&'a str>,
    os_type: Option<&'a str>,
    public_ip: Option<&'a str>,
    group_id: Option<&'a str>,
    group_name: Option<&'a str>,
    asset_value: Option<&'a str>,
    rasp_status: Option<&'a str>,
    /// A filter on something no simulated server has.
    matches_none: bool,
}

impl<'a> Filter<'a> {
    fn read(query: &'a Query) -> Result<Self, Reply> {
        Ok(Self {
            scope: query.read_scope()?,
            host_id: query.text("host_id", 1..=64)?,
            host_name: query.text("host_name", 1..=256)?.map(str::to_lowercase),
            private_ip: query.text("private_ip", 1..=128)?,
            os_type: query.one_of("os_type", OS_TYPES)?,
            public_ip: query.text("public_ip", 7..=39)?,
            group_id: query.text("group_id", 1..=64)?,
            group_name: query.text("group_name", 1..=64)?,
            asset_value: query.one_of("asset_value", ASSET_VALUES)?,
            rasp_status: query.one_of("rasp_status", RASP_STATUSES)?,
            matches_none: query.first("web_app_name").is_some(),
        })
    }

    fn matches(&self, host: &Host) -> bool {
        let equals = |wanted: Option<&str>, value: &str| wanted.is_none_or(|wanted| wanted == value);
        !self.matches_none
            && self.scope.holds(host)
            && equals(self.host_id, &host.host_id)
            && self.host_name.as_ref().is_none_or(|part| host.host_name.to_lowercase().contains(part))
            && equals(self.private_ip, &host.private_ip)
            && equals(self.os_type, &host.os_type)
            && equals(self.public_ip, &host.details.public_ip)
            && equals(self.group_id, &host.details.group_id)
            && equals(self.group_name, &host.details.group_name)
            && equals(self.asset_value, host.details.asset_value)
            && equals(self.rasp_status, host.details.rasp_protect_status)
    }
}

/// `ListWtpProtectHost`: servers that have WTP or had it and keep its policy.
pub(super) fn list_protected(state: &mut State, call: &Call) -> Answer {
    let query = call.query();
    query.only(&[
        "host_name",
        "host_id",
        "public_ip",
        "private_ip",
        "group_name",
        "os_type",
        "asset_value",
        "protect_status",
        "wtp_status",
        "agent_status",
        "rasp_status",
        "limit",
        "offset",
    ])?;
    let paging = query.paging()?;
    let filter = Filter::read(&query)?;
    // The coarse filter means "switched on", whatever became of it.
    let switched_on = query.one_of("protect_status", &["opened"])?.is_some();
    let wtp_status = query.one_of("wtp_status", WTP_STATUSES)?;
    let agent_status = query.one_of("agent_status", AGENT_STATUSES)?;

    let matches = |host: &Host| {
        let Some(status) = host.protect_status.as_deref() else { return false };
        filter.matches(host)
            && (!switched_on || status != "closed")
            && wtp_status.is_none_or(|wanted| wanted == status)
            && agent_status.is_none_or(|wanted| wanted == host.agent_status)
    };
    list(state, "protected", &query, paging, matches, protected_item, PROTECT_ALWAYS)
}

/// `ListWebTamperHost`: servers on which WTP can be switched on, so those that do not have it.
pub(super) fn list_eligible(state: &mut State, call: &Call) -> Answer {
    let query = call.query();
    query.only(&[
        "limit",
        "offset",
        "host_id",
        "host_name",
        "private_ip",
        "public_ip",
        "group_id",
        "os_type",
        "web_app_name",
    ])?;
    let paging = query.paging()?;
    let filter = Filter::read(&query)?;
    let matches =
        |host: &Host| filter.matches(host) && matches!(host.protect_status.as_deref(), None | Some("closed"));
    list(state, "eligible", &query, paging, matches, eligible_item, ELIGIBLE_ALWAYS)
}

fn list(
    state: &mut State,
    name: &'static str,
    query: &Query,
    (limit, offset): (usize, usize),
    matches: impl Fn(&Host) -> bool,
    item: fn(&Host) -> Value,
    always: &[&str],
) -> Answer {
    let rows = state.world.hosts.iter().filter(|host| matches(host)).collect();
    let paging = Paging {
        list: name,
        order: state.knobs.list_order,
        limit,
        offset,
        walks: &mut state.walks,
        chance: &mut state.chance,
    };
    let (total, page) = paging.page(rows, query.is_unfiltered().then_some(inserted));
    let items = page.iter().map(|host| {
        let mut item = lists::dress(&state.knobs, item(host), always);
        if state.knobs.missing_backup_host_id
            && let Some(members) = item.as_object_mut()
        {
            members.remove("backup_host_id");
        }
        item
    });
    let items = items.collect();
    Ok(Reply::json(lists::answer(&state.knobs, total, items)))
}

fn inserted(number: u64) -> Host {
    Host {
        host_id: lists::inserted_id(number),
        project_id: String::new(),
        host_name: format!("inserted-while-paging-{number}"),
        enterprise_project_id: DEFAULT_ENTERPRISE_PROJECT.to_owned(),
        os_type: "Linux".to_owned(),
        protect_status: Some("opened".to_owned()),
        agent_status: "online".to_owned(),
        host_status: "ACTIVE".to_owned(),
        private_ip: "192.0.2.2".to_owned(),
        remote_backup: None,
        details: Details::default(),
    }
}

fn protected_item(host: &Host) -> Value {
    let status = host.protect_status.as_deref().unwrap_or("closed");
    let (os_name, os_version) = if host.is_linux() { ("EulerOS", "2.0") } else { ("Windows", "2019") };
    let Details { public_ip, group_id, group_name, resource_id, .. } = &host.details;
    let partial = status == "partial_protection";
    // Only told where some directory failed, and where protection is interrupted.
    let failed = || host.details.abnormal_dir_list.clone().unwrap_or_else(|| vec!["/srv/missing".to_owned()]);
    let interrupted = status == "protection_interruption";
    let reason = || host.details.interrupt_reason.as_deref().unwrap_or("the agent was stopped");
    let target = host.remote_backup.as_ref().filter(|_| host.is_linux());
    json!({
        "host_id": host.host_id,
        "host_name": host.host_name,
        "public_ip": public_ip,
        "private_ip": host.private_ip,
        "group_id": group_id,
        "group_name": group_name,
        "asset_value": host.details.asset_value,
        "os_bit": "64",
        "os_type": host.os_type,
        "os_name": os_name,
        "os_version": os_version,
        "protect_status": status,
        "charging_mode": host.details.charging_mode,
        "resource_id": resource_id,
        "rasp_protect_status": host.details.rasp_protect_status,
        "anti_tampering_times": host.details.anti_tampering_times,
        "detect_tampering_times": host.details.detect_tampering_times,
        "host_status": host.host_status,
        "agent_status": host.agent_status,
        "protect_dir_num": if status == "closed" { 0 } else { 2 },
        "abnormal_dir_list": partial.then(failed),
        "abnormal_reason": partial.then(|| host.details.abnormal_reason.unwrap_or(1)),
        "interrupt_reason": interrupted.then(reason),
        "backup_host_id": target.map(|target| &target.backup_host_id),
    })
}

fn eligible_item(host: &Host) -> Value {
    let agent_id = match host.agent_status.as_str() {
        "not_installed" => String::new(),
        _ => hex(&Sha256::digest(&host.host_id)),
    };
    json!({
        "host_id": host.host_id,
        "host_name": host.host_name,
        "public_ip": host.details.public_ip,
        "private_ip": host.private_ip,
        "agent_id": agent_id,
        "os_type": host.os_type,
        "asset_value": host.details.asset_value,
        "web_app_list": [],
    })
}

/// `SetWtpProtectionStatusInfo`: all servers are judged before any is switched.
pub(super) fn switch(state: &mut State, call: &Call) -> Answer {
    let query = call.query();
    query.only(&[])?;
    let scope = query.write_scope()?;
    let body = call.members(&["status", "host_id_list", "charging_mode", "resource_id"])?;
    let on = body.flag("status")?;
    let ids = body.ids("host_id_list", 20_000)?;
    let resource_id = body.optional_text("resource_id", 64)?.unwrap_or_default();
    match body.optional_text("charging_mode", 64)? {
        None if on => return Err(Reply::invalid("charging_mode is mandatory to switch on")),
        Some("on_demand") if !resource_id.is_empty() => {
            return Err(Reply::invalid("resource_id goes with packet_cycle only"));
        }
        None | Some("packet_cycle" | "on_demand") => {}
        Some(_) => return Err(Reply::invalid("charging_mode must be packet_cycle or on_demand")),
    }
    for id in &ids {
        let host = state.world.hosts.get(id).filter(|host| scope.holds(host));
        match host {
            Some(host) if on => may_switch_on(host)?,
            Some(_) => {}
            None if on => return Err(Reply::not_found("host")),
            None => return Err(Reply::bare_denial()),
        }
    }
    for id in ids {
        set_protection(state, call, id, on);
    }
    state.settle(call.now.instant);
    Ok(written(state))
}

fn may_switch_on(host: &Host) -> Result<(), Reply> {
    match (host.agent_status.as_str(), host.protect_status.as_deref()) {
        ("not_installed", _) => Err(Reply::hss("HSS.1001", "the host has no agent")),
        ("online", None | Some("closed")) => Ok(()),
        ("online", _) => Err(Reply::invalid("web tamper protection is not closed")),
        _ => Err(Reply::hss("HSS.1007", "the agent is offline")),
    }
}

fn set_protection(state: &mut State, call: &Call, id: &str, on: bool) {
    let Some(host) = state.world.hosts.get_mut(id) else { return };
    if on {
        host.protect_status = Some("opening".to_owned());
        let timer = Timer::new(call.now.instant, state.knobs.wtp_opening_ms);
        state.openings.insert(id.to_owned(), timer);
    } else if host.protect_status.is_some() {
        host.protect_status = Some("closed".to_owned());
        state.openings.remove(id);
        if !state.knobs.wtp_off_keeps {
            let old = host.remote_backup.take();
            state.last_targets.extend(old.map(|old| (id.to_owned(), old)));
        }
    }
}

/// `ShowWtpProtectStatistics`.
pub(super) fn statistics(state: &mut State, call: &Call) -> Answer {
    let query = call.query();
    query.only(&[])?;
    let scope = query.read_scope()?;
    let hosts = || state.world.hosts.iter().filter(|host| scope.holds(host) && host.protect_status.is_some());
    let count = |wanted: &dyn Fn(&str) -> bool| {
        hosts().filter(|host| host.protect_status.as_deref().is_some_and(wanted)).count()
    };
    let attacks: i64 = hosts().map(|host| host.details.anti_tampering_times).sum();
    let always =
        ["protect_host_num", "protect_success_host_num", "protect_fail_host_num", "anti_tampering_num"];
    let value = json!({
        "protect_host_num": count(&|status| status != "closed"),
        "protect_success_host_num": count(&|status| status == "opened"),
        "protect_fail_host_num": count(&|status| status == "open_failed"),
        "anti_tampering_num": attacks,
    });
    Ok(Reply::json(lists::dress(&state.knobs, value, &always)))
}
