//! `hss_wtp_verify_remote_backup`: whether copies of one protected server can really arrive, link by link.
//!
//! It asks afresh and changes nothing. The links are looked at in the order in which a copy passes them, and the first
//! broken one ends it.

use std::time::Duration;

use crate::{
    client::{BackupHost, Error, RemoteBackup as Setting, Session, WtpHost},
    framework::{
        action::{Action, InvokeCx},
        diag::{Diagnostic, Diagnostics, Outcome},
        duration,
        model::{Attr, Schema},
        path::Path,
        schema::{optional, required},
        timeouts,
    },
    hss::{
        Api, checks, report,
        resources::{
            place::{self, ENTERPRISE_PROJECT_ID, HOST_ID, REGION},
            preconditions::{self, named},
            state_words::{CHECK_SERVER, RUNNING, spoken},
        },
        wait::{Ended, Wait},
    },
};

/// The action.
pub struct VerifyRemoteBackup;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    host_id: Attr<String>,
    backup_host_id: Attr<String>,
    enterprise_project_id: Attr<String>,
    region: Attr<String>,
    wait: Attr<String>,
}

const BACKUP_HOST_ID: Path = Path::root("backup_host_id");
const WAIT: Path = Path::root("wait");

/// One look at the chain takes at most this long, waiting for quota aside.
const ONE_LOOK: Duration = Duration::from_secs(120);

impl Action<Api> for VerifyRemoteBackup {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_verify_remote_backup";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Checks whether copies of a protected server can arrive: Web Tamper Protection is on, its agent is online, remote backup is on, and the backup server runs at the address that is used. It changes nothing, and fails with the first link that is broken. Needs Terraform 1.14.")
            .attr(HOST_ID, |m| &mut m.host_id, required().text(checks::host_id), "Id of the protected server, as HSS lists it; for an ECS its instance id.")
            .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, optional().text(checks::host_id), "Id of the backup server that the copies are expected to go to. The default is whichever it is.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(checks::enterprise_project), "Enterprise project of the server; `\"0\"` is the default one. The default is that of the provider, else all of them.")
            .attr(REGION, |m| &mut m.region, optional().text(checks::region), "Region of the server. The default is the region of the provider.")
            .attr(WAIT, |m| &mut m.wait, optional().text(timeouts::is_duration), "How long to go on looking while a link is broken that time may mend, as in `5m`. The default is to look once.")
    }

    fn validate(&self, config: &Model, diagnostics: &mut Diagnostics) {
        if let (Some(host), Some(backup)) = (config.host_id.known(), config.backup_host_id.known())
            && host == backup
        {
            let detail = format!("{host} cannot keep its own copies. Name the server that they go to.");
            diagnostics.push(
                Diagnostic::error("A server cannot be its own backup server", detail).at(BACKUP_HOST_ID),
            );
        }
    }

    async fn invoke(&self, cx: &InvokeCx<'_, Api>, config: Model) -> Outcome<()> {
        let host_id = config.host_id.require(HOST_ID)?;
        let patience = config.wait.known().and_then(|text| duration::parse(text)).unwrap_or_default();
        let (api, stop) = (cx.read.api, &cx.read.stop);
        let session =
            place::session(api, stop, &config.region, &config.enterprise_project_id, ONE_LOOK + patience)?;
        let give_up = session.clock().instant() + patience;
        let mut wait = Wait::new(&session);
        loop {
            let broken = match chain(cx, &session, host_id, &config).await {
                Ok(()) => {
                    cx.progress(format!("The remote backup of {host_id} is in order.")).await;
                    return Ok(());
                }
                Err(broken) => broken,
            };
            if !broken.may_mend || session.clock().instant() >= give_up {
                return Err(broken.diagnostic.into());
            }
            cx.progress(format!("Broken: {}. Looking again.", broken.diagnostic.summary)).await;
            match wait.pause().await {
                Ok(()) => {}
                Err(Ended::TimedOut) => return Err(broken.diagnostic.into()),
                Err(Ended::Stopped) => {
                    let detail = format!(
                        "The remote backup of {host_id} was not seen in order. {}",
                        broken.diagnostic.detail
                    );
                    return Err(Diagnostic::error("Interrupted while verifying", detail).at(HOST_ID).into());
                }
            }
        }
    }
}

/// A broken link.
struct Broken {
    diagnostic: Diagnostic,
    /// Whether it may come right without anybody's doing.
    may_mend: bool,
}

impl Broken {
    fn now(path: Path, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { diagnostic: Diagnostic::error(summary, detail).at(path), may_mend: true }
    }

    fn for_good(self) -> Self {
        Self { may_mend: false, ..self }
    }
}

/// An error of a call is not a broken link, but ends the search for one just the same.
fn unanswered(error: &Error, summary: &str) -> Broken {
    let diagnostic = report::diagnostic(error, summary).at(HOST_ID);
    Broken { diagnostic, may_mend: false }
}

/// Looks at every link. The first broken one is the result.
async fn chain(
    cx: &InvokeCx<'_, Api>,
    session: &Session,
    host_id: &str,
    config: &Model,
) -> Result<(), Broken> {
    let now = Some(session.clock().instant());
    let host = session
        .wtp_host(host_id, now)
        .await
        .map_err(|error| unanswered(&error, "Could not look at the protected server"))?;
    let host = host.ok_or_else(|| unlisted(session, host_id))?;
    protected(&host)?;
    cx.progress(format!("{}: Web Tamper Protection is on and the agent is online.", named(&host))).await;

    let setting = session
        .show_remote_backup(host_id)
        .await
        .map_err(|error| unanswered(&error, "Could not read the remote backup of the server"))?;
    let backup_host_id = switched_on(&host, &setting, config.backup_host_id.known())?;
    let used = setting.backup_addr.as_deref();
    cx.progress(format!(
        "{}: remote backup is on, to {backup_host_id} at {}.",
        named(&host),
        used.unwrap_or("an address that HSS does not tell")
    ))
    .await;

    const UNSEEN: &str = "Could not look at the backup server";
    let find = |servers: &[BackupHost]| {
        servers.iter().find(|server| server.backup_host_id == backup_host_id).cloned()
    };
    let here = session.list_backup_hosts().await.map_err(|error| unanswered(&error, UNSEEN))?;
    let mut server = find(&here);
    if server.is_none() {
        // It may be in another enterprise project than the server that copies to it.
        let all = session.everywhere().list_backup_hosts().await;
        server = find(&all.map_err(|error| unanswered(&error, UNSEEN))?);
    }
    let server = server.ok_or_else(|| {
        let detail = format!(
            "Remote backup of {} goes to {backup_host_id}, which is not registered as backup server, so nothing listens there. \
             Register it with hss_wtp_backup_host, or point the server to another one.",
            named(&host)
        );
        Broken::now(BACKUP_HOST_ID, "The backup server is not registered", detail)
    })?;
    reached(&host, &server, used)?;
    cx.progress(format!("{}: the backup server runs at that address.", called(&server))).await;
    Ok(())
}

fn unlisted(session: &Session, host_id: &str) -> Broken {
    let place = match session.enterprise_project_id() {
        Some(project) => format!("in the enterprise project {project:?} of {}", session.region()),
        None => format!("in any enterprise project of {}", session.region()),
    };
    let detail = format!(
        "HSS lists no server {host_id} with Web Tamper Protection {place}. Check the id and the region, that the HSS agent is \
         installed, and that Web Tamper Protection is on."
    );
    Broken::now(HOST_ID, "HSS does not know the server", detail)
}

fn protected(host: &WtpHost) -> Result<(), Broken> {
    if host.is_windows() {
        return Err(Broken { diagnostic: preconditions::needs_linux(host), may_mend: false });
    }
    if host.agent_status.as_deref().is_some_and(|status| status != "online") {
        let detail = format!(
            "Of {}, HSS reports that {}, so no copies are made. Start the server and its agent.",
            named(host),
            preconditions::trouble(host).unwrap_or_else(|| "its agent is not online".to_owned()),
        );
        return Err(Broken::now(HOST_ID, "The HSS agent of the server is not online", detail));
    }
    let wtp = host.protect_status.as_deref().unwrap_or("closed");
    match wtp {
        "opened" | "partial_protection" => Ok(()),
        _ => {
            let reported = preconditions::trouble(host);
            let detail = format!(
                "Of {}, HSS reports that {} (status {wtp}). Copies are made only while it works.",
                named(host),
                reported.unwrap_or_else(|| "Web Tamper Protection is not on".to_owned()),
            );
            Err(Broken::now(HOST_ID, "Web Tamper Protection of the server is not on", detail))
        }
    }
}

/// The backup server that copies go to.
fn switched_on<'a>(
    host: &'a WtpHost,
    setting: &'a Setting,
    expected: Option<&String>,
) -> Result<&'a str, Broken> {
    if !setting.remote_backup {
        let detail =
            format!("Manage it with hss_wtp_remote_backup, which switches it on for {}.", named(host));
        return Err(Broken::now(HOST_ID, "Remote backup of the server is off", detail));
    }
    // Each of the answers may leave it out.
    let told = setting.backup_host_id.as_deref().or(host.backup_host_id.as_deref());
    let Some(id) = told else {
        let detail = format!(
            "HSS reports that remote backup of {} is on, and names no backup server. Apply hss_wtp_remote_backup again, which \
             names one.",
            named(host)
        );
        return Err(Broken::now(HOST_ID, "HSS does not tell where the copies go", detail));
    };
    match expected {
        Some(expected) if expected != id => {
            let detail = format!("{} copies to {id}, and {expected} is expected.", named(host));
            Err(Broken::now(BACKUP_HOST_ID, "Remote backup goes to another backup server", detail))
        }
        _ => Ok(id),
    }
}

fn called(server: &BackupHost) -> String {
    match server.backup_host_name.as_deref() {
        Some(name) if !name.is_empty() => format!("{name:?} ({})", server.backup_host_id),
        _ => server.backup_host_id.clone(),
    }
}

fn reached(host: &WtpHost, server: &BackupHost, used: Option<&str>) -> Result<(), Broken> {
    if server.backup_host_status != Some(RUNNING) {
        let detail = format!(
            "Of {}, HSS reports that {}.\n\n{CHECK_SERVER}",
            called(server),
            spoken(server.backup_host_status)
        );
        return Err(Broken::now(BACKUP_HOST_ID, "The backup server is not running", detail));
    }
    let registered = server.addr();
    match (registered, used) {
        (Some(registered), Some(used)) if registered != used => {
            let detail = format!(
                "{} sends its copies to {used}, and {} listens at {registered}. Apply hss_wtp_remote_backup again: it tells the \
                 server the new address.",
                named(host),
                called(server)
            );
            Err(Broken::now(HOST_ID, "Copies go to an address where nobody listens", detail).for_good())
        }
        _ => Ok(()),
    }
}
