//! What has to hold before remote backup is switched on: the server can be protected so, and its backup server runs.
//!
//! HSS documents the conditions and no errors for them, so each is looked at first and refused in words of its own.
//! A caller who may not list is not stopped: a refused list skips the check with a warning, and the API decides.

use std::time::Duration;

use super::{
    place::HOST_ID,
    remote_backup::{BACKUP_HOST_ID, Model},
    state_words::{CHECK_SERVER, FAILED, RUNNING, spoken},
};
use crate::{
    client::{Error, Session, WtpHost, WtpHostFilter},
    framework::{
        diag::{Diagnostic, Outcome},
        duration,
        resource::Cx,
    },
    hss::{
        Api,
        report::{self, Blame},
        wait::{Ended, Wait},
    },
};

/// A backup server as far as it may be known.
pub(super) enum Target {
    /// It runs at this address.
    Registered(String),
    /// The caller may not list backup servers.
    Unlisted,
}

fn skipped(error: &Error, what: &str) -> Diagnostic {
    let detail = format!(
        "{what} could not be listed, so HSS decides by itself whether the setting can work.\n\n{}",
        report::detail(error)
    );
    Diagnostic::warning("Conditions of remote backup were not checked", detail)
}

/// Whether HSS knows the server in any enterprise project, with WTP or without. When that may not be asked, it counts
/// as known: nothing is ever forgotten for lack of a permission.
pub(super) async fn known_to_hss(session: &Session, host_id: &str) -> Result<bool, Error> {
    let everywhere = session.everywhere();
    let filter = WtpHostFilter::host(host_id);
    match everywhere.list_wtp_hosts(&filter).await {
        Ok(hosts) if hosts.iter().any(|host| host.host_id == host_id) => return Ok(true),
        Ok(_) => {}
        Err(error) if error.bars_a_list() => return Ok(true),
        Err(error) => return Err(error),
    }
    // Servers that never had WTP, or lost it altogether, are in the other list.
    match everywhere.list_web_tamper_hosts(&filter).await {
        Ok(hosts) => Ok(!hosts.is_empty()),
        Err(error) if error.bars_a_list() => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a look at the protected server found wrong, that time may mend.
enum Obstacle {
    NotListed,
    AgentNotOnline { server: String, status: String },
    WtpOpening,
}

/// Waits until the protected server is ready: Linux, WTP on, agent online. What the list says of it; nothing where it
/// may not be read.
///
/// That it is ready may have been seen a few minutes ago, by another operation: HSS checks for itself. That it is not
/// is believed only as of now.
pub(super) async fn protected_server(
    cx: &Cx<'_, Api, Model>,
    session: &Session,
    planned: &Model,
) -> Outcome<Option<WtpHost>> {
    const FAILURE: &str = "Could not check the protected server; nothing was changed";
    let host_id = planned.host_id.require(HOST_ID)?;
    let clock = session.clock();
    let reachable = session.where_writes_go();
    let give_up_on_agent = clock.instant() + agent_wait(planned);
    let mut wait = Wait::new(session);
    let mut since = None;
    loop {
        let found = match reachable.wtp_host(host_id, since).await {
            Ok(found) => found,
            Err(error) if error.bars_a_list() => {
                cx.warn(skipped(&error, "Protected servers").at(HOST_ID));
                return Ok(None);
            }
            Err(error) if error.is_stopped() && since.is_some() => {
                return Err(interrupted(host_id).at(HOST_ID).into());
            }
            Err(error) => return Err(error).at(HOST_ID, FAILURE),
        };
        let state = found.as_ref().map_or(Err(Obstacle::NotListed), ready);
        let obstacle = match state {
            Ok(host) if since.is_none() && is_hopeless(host) => {
                since = Some(wait.since());
                continue;
            }
            Ok(host) => {
                unmendable(cx, host)?;
                return Ok(found);
            }
            Err(_) if since.is_none() => {
                since = Some(wait.since());
                continue;
            }
            Err(obstacle) => obstacle,
        };
        let may_pass = matches!(obstacle, Obstacle::WtpOpening) || clock.instant() < give_up_on_agent;
        let ended = if may_pass { wait.pause().await } else { Err(Ended::TimedOut) };
        since = Some(wait.since());
        match ended {
            Ok(()) => {}
            Err(Ended::TimedOut) => {
                return Err(refusal(session, planned, host_id, &obstacle).await.at(HOST_ID).into());
            }
            Err(Ended::Stopped) => return Err(interrupted(host_id).at(HOST_ID).into()),
        }
    }
}

fn interrupted(host_id: &str) -> Diagnostic {
    let detail = format!("Remote backup of {host_id} was not changed.");
    Diagnostic::error("Interrupted while waiting for the protected server", detail)
}

/// What time may mend. A server that can never work passes here and is refused by [`unmendable`].
fn ready(host: &WtpHost) -> Result<&WtpHost, Obstacle> {
    if host.is_windows() || matches!(host.protect_status.as_deref(), None | Some("closed")) {
        return Ok(host);
    }
    match host.agent_status.as_deref() {
        None | Some("online") => {}
        Some(status) => {
            return Err(Obstacle::AgentNotOnline { server: named(host), status: status.to_owned() });
        }
    }
    if host.protect_status.as_deref() == Some("opening") { Err(Obstacle::WtpOpening) } else { Ok(host) }
}

/// What no time mends.
fn is_hopeless(host: &WtpHost) -> bool {
    host.is_windows() || host.protect_status.as_deref() == Some("closed")
}

fn unmendable(cx: &Cx<'_, Api, Model>, host: &WtpHost) -> Outcome<()> {
    if host.is_windows() {
        return Err(needs_linux(host).into());
    }
    let named = named(host);
    match host.protect_status.as_deref() {
        Some("closed") => Err(wtp_off(&named).at(HOST_ID).into()),
        Some("protection_interruption") => {
            let reason = host.interrupt_reason.as_deref().filter(|reason| !reason.is_empty());
            let detail = format!(
                "WTP of {named} is interrupted ({}). Remote backup is set all the same; copies may not be made until WTP works again.",
                reason.unwrap_or("HSS gives no reason")
            );
            cx.warn(Diagnostic::warning("Web Tamper Protection is interrupted", detail).at(HOST_ID));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// No apply can mend this.
pub(in crate::hss) fn needs_linux(host: &WtpHost) -> Diagnostic {
    let detail = format!(
        "{} runs Windows, and HSS offers remote backup for Linux servers only. Remove this resource.",
        named(host)
    );
    Diagnostic::error("Remote backup needs a Linux server", detail).at(HOST_ID)
}

fn wtp_off(named: &str) -> Diagnostic {
    let detail = format!(
        "WTP is off for {named}, and remote backup is a part of it. Switch WTP on first; when another resource does that \
         (huaweicloud_hss_webtamper_protection, for instance), reference it or name it in depends_on."
    );
    Diagnostic::error("Web Tamper Protection is off", detail)
}

/// What HSS reports about a server that keeps its copies from being made, if anything.
pub(in crate::hss) fn trouble(host: &WtpHost) -> Option<String> {
    let reason = host.interrupt_reason.as_deref().filter(|reason| !reason.is_empty());
    match (host.agent_status.as_deref(), host.protect_status.as_deref()) {
        (Some("not_installed"), _) => Some("its agent is not installed".to_owned()),
        (Some(agent), _) if agent != "online" => Some(format!("its agent is {agent}")),
        (_, Some("closed")) => Some("Web Tamper Protection is off for it".to_owned()),
        (_, Some("protection_interruption")) => {
            Some(format!("its protection is interrupted ({})", reason.unwrap_or("no reason given")))
        }
        (_, Some("open_failed")) => Some("Web Tamper Protection failed to start on it".to_owned()),
        (_, Some("protection_pause")) => Some("its protection is paused".to_owned()),
        _ => None,
    }
}

pub(in crate::hss) fn named(host: &WtpHost) -> String {
    match host.host_name.as_deref() {
        Some(name) if !name.is_empty() => format!("{name:?} ({})", host.host_id),
        _ => host.host_id.clone(),
    }
}

/// Why the protected server cannot have remote backup, with what to do.
async fn refusal(session: &Session, planned: &Model, host_id: &str, obstacle: &Obstacle) -> Diagnostic {
    match obstacle {
        Obstacle::AgentNotOnline { server, status } => {
            let (found, remedy) = match status.as_str() {
                "not_installed" => ("not installed", "Install the agent"),
                other => (other, "Start the server and its agent"),
            };
            let detail = format!(
                "The agent of {server} is {found}, so HSS cannot set up remote backup there. {remedy}. {}",
                waiting_advice(planned, "an agent that is about to come online")
            );
            Diagnostic::error("The HSS agent of the server is not online", detail)
        }
        Obstacle::WtpOpening => Diagnostic::error(
            "Web Tamper Protection is still being switched on",
            format!(
                "WTP of {host_id} was not on when the time was up. Apply again later, or set a longer time in `timeouts`."
            ),
        ),
        Obstacle::NotListed => not_listed(session, planned, host_id).await,
    }
}

/// How long to wait for the server and its agent; not at all unless the user says so.
pub(super) fn agent_wait(planned: &Model) -> Duration {
    planned.wait_for_agent.known().and_then(|text| duration::parse(text)).unwrap_or_default()
}

fn waiting_advice(planned: &Model, what: &str) -> String {
    match planned.wait_for_agent.known() {
        Some(waited) => {
            format!("It was waited for {waited}, as wait_for_agent says; a longer time can be set there.")
        }
        None => format!("To wait for {what}, set wait_for_agent."),
    }
}

async fn not_listed(session: &Session, planned: &Model, host_id: &str) -> Diagnostic {
    let everywhere = session.everywhere();
    let filter = WtpHostFilter::host(host_id);
    let listed = |hosts: Result<Vec<WtpHost>, Error>| {
        hosts.is_ok_and(|all| all.iter().any(|host| host.host_id == host_id))
    };
    if listed(everywhere.list_wtp_hosts(&filter).await) {
        let asked = match session.enterprise_project_id() {
            Some(project) => format!("not in {project:?}"),
            None => "not in the default one".to_owned(),
        };
        let detail = format!(
            "HSS knows {host_id} in another enterprise project, {asked}. Set enterprise_project_id to the project of the server."
        );
        return Diagnostic::error("The server is in another enterprise project", detail);
    }
    if everywhere.list_web_tamper_hosts(&filter).await.is_ok_and(|hosts| !hosts.is_empty()) {
        return wtp_off(host_id);
    }
    let detail = format!(
        "HSS lists no server {host_id} with Web Tamper Protection. Check the id (for an ECS it is the instance id), the region, \
         that the HSS agent is installed, and that WTP is on. {}",
        waiting_advice(planned, "a server that is being made")
    );
    Diagnostic::error("HSS does not know the server", detail)
}

/// Waits until the backup server runs.
pub(super) async fn backup_server(cx: &Cx<'_, Api, Model>, session: &Session, id: &str) -> Outcome<Target> {
    const FAILURE: &str = "Could not check the backup server; nothing was changed";
    let mut failures = 0;
    let mut wait = Wait::new(session);
    let mut since = None;
    let error = loop {
        let hosts = match session.list_backup_hosts_since(since).await {
            Ok(hosts) => hosts,
            Err(error) if error.bars_a_list() => {
                cx.warn(skipped(&error, "Backup servers").at(BACKUP_HOST_ID));
                return Ok(Target::Unlisted);
            }
            Err(error) => return Err(error).at(BACKUP_HOST_ID, FAILURE),
        };
        let host = hosts.iter().find(|host| host.backup_host_id == id);
        if since.is_none() && host.is_none_or(|host| host.backup_host_status != Some(RUNNING)) {
            // Bad news count only as of now.
            since = Some(wait.since());
            continue;
        }
        let Some(host) = host else {
            let detail = format!(
                "{id} is not registered as backup server in this region and enterprise project. Register it with \
                 hss_wtp_backup_host, and reference that resource here."
            );
            break Diagnostic::error("There is no such backup server", detail);
        };
        let number = host.backup_host_status;
        if number == Some(RUNNING)
            && let Some(address) = host.addr()
        {
            return Ok(Target::Registered(address));
        }
        // Once may be the status from before a change that is under way.
        failures = if number == Some(FAILED) { failures + 1 } else { 0 };
        let ended = if failures < 2 { wait.pause().await } else { Err(Ended::TimedOut) };
        since = Some(wait.since());
        match ended {
            Ok(()) => {}
            Err(Ended::TimedOut) => {
                let detail = format!(
                    "Remote backup needs a backup server that runs, and {id} does not: {}.\n\n{CHECK_SERVER}",
                    spoken(number)
                );
                break Diagnostic::error("The backup server is not running", detail);
            }
            Err(Ended::Stopped) => {
                let detail = format!("Remote backup to {id} was not switched on.");
                break Diagnostic::error("Interrupted while waiting for the backup server", detail);
            }
        }
    };
    Err(error.at(BACKUP_HOST_ID).into())
}
