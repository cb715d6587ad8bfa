//! A look at what HSS says before anything is applied: refuses what no apply can mend, warns of what would make it
//! fail now. Silent when HSS cannot be asked, unless it is for the credentials.

use std::time::Duration;

use super::{
    backup_host, place,
    place::HOST_ID,
    preconditions::{self, named},
    remote_backup::{self, BACKUP_ADDR, BACKUP_HOST_ID},
    state_words::{FAILED, RUNNING},
};
use crate::{
    client::{BackupHost, Error, Session, WtpHost},
    clock::Stop,
    framework::{
        diag::{Diagnostic, Diagnostics},
        model::Attr,
    },
    hss::{Api, report},
};

/// How long a plan may be held up.
const TIME: Duration = Duration::from_secs(10);

/// What is to be said, and whether it is an error; the rest waits until it is clear that the walk only plans.
type Remarks = Result<Vec<Diagnostic>, Error>;

fn session(
    api: &Api,
    stop: &Stop,
    region: &Attr<String>,
    enterprise_project: &Attr<String>,
) -> Option<Session> {
    let walk = api.walk();
    if !api.preflights() || walk.is_applying() || !walk.may_preflight() {
        return None;
    }
    place::session(api, stop, region, enterprise_project, TIME).ok()
}

/// Looks at a server whose remote backup is to be switched on or pointed elsewhere.
pub(super) async fn remote_backup(
    api: &Api,
    stop: &Stop,
    prior: Option<&remote_backup::Model>,
    planned: &remote_backup::Model,
) -> Diagnostics {
    let target = |model: &remote_backup::Model| {
        (model.remote_backup.clone(), model.backup_host_id.clone(), model.backup_addr.clone())
    };
    let changes = prior.is_none_or(|prior| target(prior) != target(planned));
    if !changes || planned.remote_backup != Attr::Known(true) {
        return Diagnostics::default();
    }
    let Some(session) = session(api, stop, &planned.region, &planned.enterprise_project_id) else {
        return Diagnostics::default();
    };
    let remarks = async {
        let mut remarks = protected_server(&session, prior.is_none(), planned).await?;
        if !remarks.iter().any(Diagnostic::is_error) {
            remarks.extend(backup_server(api, &session, planned).await?);
        }
        Ok(remarks)
    };
    told(api, &session, remarks.await).await
}

/// Looks at a server that is to become a backup server.
pub(super) async fn backup_host(
    api: &Api,
    stop: &Stop,
    prior: Option<&backup_host::Model>,
    planned: &backup_host::Model,
) -> Diagnostics {
    let (Some(host_id), Some(region)) = (planned.host_id.known(), planned.region.known()) else {
        return Diagnostics::default();
    };
    if backup_host::settings_change(prior, planned) {
        api.walk().plans_backup_host(region, host_id);
    }
    if prior.is_some() {
        return Diagnostics::default();
    }
    let Some(session) = session(api, stop, &planned.region, &planned.enterprise_project_id) else {
        return Diagnostics::default();
    };
    let remarks = async {
        let listed = session.overview().wtp_host(host_id, None).await?;
        let windows = listed.filter(WtpHost::is_windows).map(|host| {
            let detail = format!(
                "{} runs Windows, and only a Linux server can be a backup server. Name another server.",
                named(&host)
            );
            Diagnostic::error("A backup server has to run Linux", detail).at(HOST_ID)
        });
        Ok(windows.into_iter().collect())
    };
    told(api, &session, remarks.await).await
}

async fn told(api: &Api, session: &Session, remarks: Remarks) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    match remarks {
        Ok(remarks) => {
            if !remarks.is_empty() && api.walk().only_plans(session.clock()).await {
                for remark in remarks {
                    diagnostics.push(remark);
                }
            }
        }
        // A permission that is missing is no reason to keep quiet about other places.
        Err(error) if error.bars_a_list() => {}
        // Nothing will work with these credentials, and nobody wants to learn that in the middle of an apply.
        Err(error) if error.is_unauthenticated() => {
            api.walk().gives_up_preflight();
            if !error.is_repeated() {
                let summary = "HSS does not accept the credentials";
                diagnostics.push(report::diagnostic(&error, summary).at(HOST_ID));
            }
        }
        // Whoever has no network, or no credentials yet, knows it. An apply that needs them tells.
        Err(_) => {
            api.walk().gives_up_preflight();
            session.nothing_was_told();
        }
    }
    diagnostics
}

async fn protected_server(session: &Session, creates: bool, planned: &remote_backup::Model) -> Remarks {
    let Some(host_id) = planned.host_id.known() else { return Ok(Vec::new()) };
    // A server that is made in the same apply is not listed yet, nor is its agent online.
    if !planned.wait_for_agent.is_null() {
        return Ok(Vec::new());
    }
    let Some(host) = session.overview().wtp_host(host_id, None).await? else { return Ok(Vec::new()) };
    if creates && host.is_windows() {
        return Ok(vec![preconditions::needs_linux(&host)]);
    }
    let name = named(&host);
    let remark = |summary: &str, detail: String| Ok(vec![Diagnostic::warning(summary, detail).at(HOST_ID)]);
    match (host.protect_status.as_deref(), host.agent_status.as_deref()) {
        (Some("closed"), _) => remark(
            "Web Tamper Protection is off",
            format!(
                "WTP of {name} is off now, and the apply fails unless it is on by then. Switch it on, or name the resource that does \
                 so in depends_on."
            ),
        ),
        (_, Some(agent)) if agent != "online" => remark(
            "The HSS agent of the server is not online",
            format!(
                "The agent of {name} is {} now, and the apply fails unless it is online by then. To wait for it, set wait_for_agent.",
                agent.replace('_', " ")
            ),
        ),
        _ => Ok(Vec::new()),
    }
}

async fn backup_server(api: &Api, session: &Session, planned: &remote_backup::Model) -> Remarks {
    let Some(backup_host_id) = planned.backup_host_id.known() else { return Ok(Vec::new()) };
    if api.walk().has_planned_backup_host(session.region(), backup_host_id) {
        return Ok(Vec::new());
    }
    let hosts = session.overview().list_backup_hosts_since(None).await?;
    let found = hosts.iter().find(|host| host.backup_host_id == *backup_host_id);
    Ok(backup_server_remark(backup_host_id, found, planned.backup_addr.known()).into_iter().collect())
}

fn backup_server_remark(
    backup_host_id: &str,
    found: Option<&BackupHost>,
    addr: Option<&String>,
) -> Option<Diagnostic> {
    let Some(host) = found else {
        let detail = format!(
            "{backup_host_id} is not registered as backup server now, and the apply fails unless it is by then. Register it with \
             hss_wtp_backup_host, and reference that resource here."
        );
        let remark = Diagnostic::warning("There is no such backup server", detail);
        return Some(remark.at(BACKUP_HOST_ID));
    };
    let registered = host.addr();
    if host.backup_host_status == Some(FAILED) {
        let detail = format!(
            "HSS could not start the backup server {backup_host_id} (status -1), and the apply fails unless it runs by then."
        );
        return Some(Diagnostic::warning("The backup server is not running", detail).at(BACKUP_HOST_ID));
    }
    let addr = addr?;
    let registered =
        registered.filter(|registered| registered != addr && host.backup_host_status == Some(RUNNING))?;
    let detail = format!(
        "{backup_host_id} is registered with {registered}, and copies would be sent to {addr}. Leave backup_addr out, or reference the \
         backup_addr of the backup server."
    );
    let summary = "backup_addr is not the address of the backup server";
    Some(Diagnostic::warning(summary, detail).at(BACKUP_ADDR))
}
