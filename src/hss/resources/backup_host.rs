//! `hss_wtp_backup_host`: a server registered as remote backup server.
//!
//! The API has an upsert, a list and a delete, and nothing that reads one. After a write the HSS agent on the server
//! starts a listener; the only sign of that is the status in the list.

use std::time::{Duration, Instant};

use super::{
    drift,
    place::{self, ENTERPRISE_PROJECT_ID, HOST_ID, Placed, REGION},
    preflight, stale,
    state_words::{CHECK_SERVER, FAILED, RUNNING, spoken, status},
    waited,
};
use crate::{
    client::{self, BackupHost as Listed, Session, UpdateBackupHost},
    clock::Stop,
    framework::{
        diag::{Diagnostic, Diagnostics, Outcome},
        identity::Identity,
        model::{Attr, Schema},
        path::Path,
        resource::{Change, Cx, Resource},
        schema::{computed, optional, optional_computed, required},
        timeouts::{self, Timeouts},
    },
    hss::{
        Api, checks, claims,
        report::{self, Blame},
        wait::{Ended, Wait},
    },
};

/// The resource.
pub struct BackupHost;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub host_id: Attr<String>,
    pub backup_host_ip: Attr<String>,
    pub backup_host_port: Attr<i64>,
    pub backup_dir: Attr<String>,
    pub enterprise_project_id: Attr<String>,
    pub region: Attr<String>,
    pub wait_for_running: Attr<bool>,
    pub overwrite_existing: Attr<bool>,
    pub timeouts: Attr<Timeouts>,
    pub id: Attr<String>,
    pub backup_host_name: Attr<String>,
    pub backup_host_status: Attr<i64>,
    pub status: Attr<String>,
    pub backup_addr: Attr<String>,
}

const BACKUP_HOST_IP: Path = Path::root("backup_host_ip");
const BACKUP_HOST_PORT: Path = Path::root("backup_host_port");
const BACKUP_DIR: Path = Path::root("backup_dir");
const WAIT_FOR_RUNNING: Path = Path::root("wait_for_running");
const OVERWRITE_EXISTING: Path = Path::root("overwrite_existing");
const TIMEOUTS: Path = Path::root("timeouts");
const ID: Path = Path::root("id");
const BACKUP_HOST_NAME: Path = Path::root("backup_host_name");
const BACKUP_HOST_STATUS: Path = Path::root("backup_host_status");
const STATUS: Path = Path::root("status");
const BACKUP_ADDR: Path = Path::root("backup_addr");

impl Placed for Model {
    fn region(&mut self) -> &mut Attr<String> {
        &mut self.region
    }

    fn enterprise_project(&self) -> &Attr<String> {
        &self.enterprise_project_id
    }
}

impl Resource<Api> for BackupHost {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_backup_host";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Registers a server as remote backup server of Web Tamper Protection: protected servers copy their web directories to it.")
            .attr(HOST_ID, |m| &mut m.host_id, required().replaces().text(checks::host_id), "Id of the server, as HSS lists it; for an ECS its instance id. The server runs Linux, and its HSS agent is online.")
            .attr(BACKUP_HOST_IP, |m| &mut m.backup_host_ip, required().text(checks::ipv4), "IPv4 address at which protected servers reach it, usually its private address.")
            .attr(BACKUP_HOST_PORT, |m| &mut m.backup_host_port, required().number(checks::port), "TCP port on which its agent takes copies, from 1 to 65535. It must be free and reachable.")
            .attr(BACKUP_DIR, |m| &mut m.backup_dir, required().text(checks::directory), "Absolute path of the directory that receives the copies, each protected server in a folder of its own.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(checks::enterprise_project), place::ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional_computed().keeps().replaces().text(checks::region), place::REGION_TEXT)
            .attr(WAIT_FOR_RUNNING, |m| &mut m.wait_for_running, optional().default(true), "Whether a create or a change waits until the backup server runs. The default is `true`.")
            .attr(OVERWRITE_EXISTING, |m| &mut m.overwrite_existing, optional().default(false), "Whether a create may replace the settings of a server that is registered already. The default is `false`: such a server is to be imported.")
            .nested(TIMEOUTS, |m| &mut m.timeouts, optional(), Timeouts::rows(), "How long operations may take. Waiting for the vendor's call quota does not count.")
            .attr(ID, |m| &mut m.id, computed().keeps(), "The same as `host_id`.")
            .attr(BACKUP_HOST_NAME, |m| &mut m.backup_host_name, computed().keeps(), "Name of the server.")
            .attr(BACKUP_HOST_STATUS, |m| &mut m.backup_host_status, computed().keeps(), "Status as HSS numbers it: `-1` start failed, `0` not started, `1` running, `2` starting.")
            .attr(STATUS, |m| &mut m.status, computed().keeps(), "The same in words: `failed`, `not_started`, `running`, `starting`, or `unknown` for a number that is new.")
            .attr(BACKUP_ADDR, |m| &mut m.backup_addr, computed().keeps(), "Address and port in one, as `hss_wtp_remote_backup` wants them.")
    }

    fn plan(&self, api: &Api, change: &mut Change<Model>) {
        place::plan(api, change);
        let calls = change.touches(|m| &m.host_id) || settings_change(change.prior.as_ref(), &change.planned);
        let planned = &mut change.planned;
        planned.id = planned.host_id.clone();
        planned.backup_addr = address(planned);
        if calls {
            // What is waited for is known before: the apply ends there or with an error.
            let waits = planned.wait_for_running == Attr::Known(true);
            planned.backup_host_status = if waits { Attr::Known(RUNNING) } else { Attr::Unknown };
            planned.status = if waits { Attr::Known(status(RUNNING).to_owned()) } else { Attr::Unknown };
        }
    }

    async fn preflight(&self, api: &Api, stop: &Stop, prior: Option<&Model>, planned: &Model) -> Diagnostics {
        preflight::backup_host(api, stop, prior, planned).await
    }

    async fn create(&self, cx: &Cx<'_, Api, Model>, planned: Model) -> Outcome<Model> {
        cx.api.walk().applies();
        let session = open(cx, &planned, Timeouts::create(&planned.timeouts))?;
        waited::told(cx, &session, async {
            let wanted = wanted(&planned)?;
            let claim = cx.api.claims().for_create(&session, Self::NAME, &wanted.host_id, HOST_ID).await?;
            let hosts = session.list_backup_hosts_since(stale::lately(&session)).await.at(
                HOST_ID,
                "Could not find out whether the server is a backup server already; nothing was registered",
            )?;
            let existing = hosts.iter().find(|host| host.backup_host_id == wanted.host_id);
            if let Some(existing) = existing
                && !same(existing, &wanted)
                && planned.overwrite_existing != Attr::Known(true)
            {
                return Err(taken(existing, &wanted, &planned).into());
            }
            // A server that failed to start gets its settings once more: that is the one way to make it try again.
            let adopted =
                existing.is_some_and(|host| same(host, &wanted) && host.backup_host_status != Some(FAILED));
            if adopted {
                cx.warn(place::adopted(&wanted.host_id, "The server was a backup server already").at(HOST_ID));
            } else {
                let shown_before = existing.is_some_and(|host| same(host, &wanted));
                register(&session, &wanted, shown_before).await.map_err(|error| {
                    let mut diagnostic = report::diagnostic(&error, "Could not register the backup server");
                    if error.is_unsettled() {
                        // Perhaps it is registered by now. Better a tainted object in the state than one nobody knows of.
                        claim.made(cx);
                        cx.keep(&planned);
                        diagnostic.detail.push_str(
                            "\n\nHSS may have registered it all the same, so it is in the state and marked as tainted: the next apply \
                             finds out, and registers it anew.",
                        );
                    }
                    diagnostic.at(HOST_ID)
                })?;
            }
            claim.made(cx);
            cx.keep(&planned);
            let verb = if existing.is_some() && !adopted { Verb::Overwrite } else { Verb::Create };
            settle(cx, &session, planned, &wanted, verb).await
        })
        .await
    }

    async fn read(&self, cx: &Cx<'_, Api, Model>, mut prior: Model) -> Outcome<Option<Model>> {
        cx.api.walk().reads();
        let session = open(cx, &prior, timeouts::DEFAULT)?;
        waited::told(cx, &session, async {
            let host_id = prior.host_id.require(HOST_ID)?;
            cx.api.claims().read(cx, &session, Self::NAME, host_id);
            let found = find_surely(&session.overview(), host_id).await;
            let found = found.at(HOST_ID, &format!("Could not read the backup server {host_id}"))?;
            let Some(host) = &found else { return Ok(None) };
            if host.backup_host_status == Some(FAILED) {
                let detail = format!(
                    "As of this refresh, HSS could not start the backup server {}, and servers that copy to it are not backed up.\n\n\
                     {CHECK_SERVER} A change of its settings starts it again; so does registering it anew, with \
                     `terraform apply -replace` and its address.",
                    named(host)
                );
                cx.warn(Diagnostic::warning("A backup server failed to start", detail).at(HOST_ID));
            }
            let before = prior.clone();
            prior.region = Attr::Known(session.region().to_owned());
            take_facts(&mut prior, host);
            drift::backup_host(cx, &before, &prior);
            Ok(Some(prior))
        })
        .await
    }

    async fn update(&self, cx: &Cx<'_, Api, Model>, prior: Model, planned: Model) -> Outcome<Model> {
        cx.api.walk().applies();
        if !settings_change(Some(&prior), &planned) {
            return Ok(planned);
        }
        let session = open(cx, &planned, Timeouts::update(&planned.timeouts))?;
        waited::told(cx, &session, async {
            let wanted = wanted(&planned)?;
            const UNSEEN: &str =
                "Could not find out whether the backup server was changed since the plan; nothing was changed";
            let found = find(&session, &wanted.host_id, stale::lately(&session)).await.at(HOST_ID, UNSEEN)?;
            if found.is_none() {
                not_elsewhere(&session, &wanted.host_id, UNSEEN).await?;
            }
            stale::backup_host(&prior, Some(&planned), found.as_ref())?;
            register(&session, &wanted, false).await.at(HOST_ID, "Could not change the backup server")?;
            cx.keep(&planned);
            settle(cx, &session, planned, &wanted, Verb::Update).await
        })
        .await
    }

    async fn delete(&self, cx: &Cx<'_, Api, Model>, prior: Model) -> Outcome<()> {
        cx.api.walk().applies();
        let session = open(cx, &prior, Timeouts::delete(&prior.timeouts))?;
        waited::told(cx, &session, async {
            let host_id = prior.host_id.require(HOST_ID)?;
            let Some(_claim) = cx.api.claims().for_delete(cx, &session, Self::NAME, host_id, HOST_ID).await? else {
                cx.warn(claims::kept(host_id, "The registration").at(HOST_ID));
                return Ok(());
            };
            // Terraform shows no line of the configuration beside an error of a destroy, so each one names the server.
            let failure = format!("Could not delete the backup server {host_id}");
            let found = find(&session, host_id, stale::lately(&session)).await.at(HOST_ID, &failure)?;
            if found.is_none() {
                return not_elsewhere(&session, host_id, &failure).await;
            }
            stale::backup_host(&prior, None, found.as_ref())?;
            nobody_copies_here(&session, host_id, &failure).await?;
            let deleted = session.delete_backup_host(host_id).await;
            if let Err(error) = deleted {
                // Refused, or unanswered: what counts is whether it is still there.
                return match find(&session, host_id, None).await {
                    Ok(None) => Ok(()),
                    Ok(Some(host)) => {
                        let mut diagnostic = report::diagnostic(&error, &failure).at(HOST_ID);
                        let still =
                            format!("\n\nIt is still registered, and {}.", spoken(host.backup_host_status));
                        diagnostic.detail.push_str(&still);
                        if host.backup_host_status != Some(RUNNING) {
                            diagnostic.detail.push_str(
                                " HSS may refuse to delete a backup server that is not running: get it running first. If it is only to be \
                                 deleted because it is marked as tainted, `terraform untaint` keeps it.",
                            );
                        }
                        Err(diagnostic.into())
                    }
                    Err(_) => Err(error).at(HOST_ID, &failure),
                };
            }
            let reader = session.urgent();
            let mut wait = Wait::new(&session);
            loop {
                let found = find(&reader, host_id, Some(wait.since())).await;
                let unconfirmed = format!("Could not confirm that the backup server {host_id} was deleted");
                let Some(host) = found.at(HOST_ID, &unconfirmed)? else {
                    return Ok(());
                };
                if wait.pause().await.is_err() {
                    let found = spoken(host.backup_host_status);
                    let detail = format!(
                        "HSS accepted the deletion of {host_id} and still lists it; {found}. The next destroy tries again."
                    );
                    return Err(Diagnostic::error("The backup server is still registered", detail)
                        .at(HOST_ID)
                        .into());
                }
            }
        })
        .await
    }

    fn identity(&self) -> Identity {
        place::identity()
    }

    fn import(&self, api: &Api, id: &str) -> Outcome<Model> {
        let (enterprise_project_id, host_id) = place::import_id(id)?;
        let identity = Model { host_id: Attr::Known(host_id), enterprise_project_id, ..Model::default() };
        self.import_by_identity(api, identity)
    }

    fn import_by_identity(&self, api: &Api, mut identity: Model) -> Outcome<Model> {
        place::check_identity(api, &identity.host_id.clone(), &mut identity)?;
        Ok(Model {
            id: identity.host_id.clone(),
            wait_for_running: Attr::Known(true),
            overwrite_existing: Attr::Known(false),
            ..identity
        })
    }

    fn configuration(&self, api: &Api, object: &mut Model) {
        place::spare_region(api, object);
    }
}

impl BackupHost {
    /// An object as a read would return it, from what a list says.
    pub(in crate::hss) fn found(host: &Listed, region: &str, enterprise_project: &Attr<String>) -> Model {
        let mut model = Model {
            host_id: Attr::Known(host.backup_host_id.clone()),
            id: Attr::Known(host.backup_host_id.clone()),
            region: Attr::Known(region.to_owned()),
            enterprise_project_id: enterprise_project.clone(),
            wait_for_running: Attr::Known(true),
            overwrite_existing: Attr::Known(false),
            ..Model::default()
        };
        take_facts(&mut model, host);
        model
    }
}

/// What was done to the server before it is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// It was registered, or adopted as it is.
    Create,
    /// It was registered before, and a create gave it these settings.
    Overwrite,
    Update,
}

fn open(cx: &Cx<'_, Api, Model>, model: &Model, timeout: Duration) -> Outcome<Session> {
    place::session(cx.api, &cx.stop, &model.region, &model.enterprise_project_id, timeout)
}

/// Whether the settings that HSS keeps differ.
pub(super) fn settings_change(prior: Option<&Model>, planned: &Model) -> bool {
    let settings = |m: &Model| (m.backup_host_ip.clone(), m.backup_host_port.clone(), m.backup_dir.clone());
    prior.is_none_or(|prior| settings(prior) != settings(planned))
}

fn address(model: &Model) -> Attr<String> {
    match (&model.backup_host_ip, &model.backup_host_port) {
        (Attr::Known(ip), Attr::Known(port)) => Attr::Known(format!("{ip}:{port}")),
        _ => Attr::Unknown,
    }
}

fn wanted(model: &Model) -> Outcome<UpdateBackupHost> {
    let port = *model.backup_host_port.require(BACKUP_HOST_PORT)?;
    Ok(UpdateBackupHost {
        host_id: model.host_id.require(HOST_ID)?.clone(),
        backup_host_ip: model.backup_host_ip.require(BACKUP_HOST_IP)?.clone(),
        backup_host_port: u16::try_from(port).map_err(|_| {
            Diagnostic::our_bug(format!("{port} got past the check for ports.")).at(BACKUP_HOST_PORT)
        })?,
        backup_dir: model.backup_dir.require(BACKUP_DIR)?.clone(),
    })
}

fn same(listed: &Listed, wanted: &UpdateBackupHost) -> bool {
    let directory = listed.backup_dir.as_deref().map(checks::plain_directory);
    listed.backup_host_ip.as_deref() == Some(wanted.backup_host_ip.as_str())
        && listed.backup_host_port == Some(i64::from(wanted.backup_host_port))
        && directory == Some(checks::plain_directory(&wanted.backup_dir))
}

fn named(host: &Listed) -> String {
    match host.backup_host_name.as_deref() {
        Some(name) if !name.is_empty() => format!("{name:?} ({})", host.backup_host_id),
        _ => host.backup_host_id.clone(),
    }
}

fn taken(existing: &Listed, wanted: &UpdateBackupHost, planned: &Model) -> Diagnostic {
    let text = |value: Option<&str>| value.unwrap_or("none").to_owned();
    let detail = format!(
        "{} is registered as backup server with other settings, so it was left alone.\n\n  \
         registered:    {}:{} {}\n  configuration: {}:{} {}\n\n{}",
        named(existing),
        text(existing.backup_host_ip.as_deref()),
        existing.backup_host_port.map_or_else(|| "none".to_owned(), |port| port.to_string()),
        text(existing.backup_dir.as_deref()),
        wanted.backup_host_ip,
        wanted.backup_host_port,
        wanted.backup_dir,
        place::import_advice(BackupHost::NAME, &planned.enterprise_project_id, &wanted.host_id),
    );
    Diagnostic::error("The server is a backup server already", detail).at(HOST_ID)
}

/// Writes the settings. An answer that got lost, or that says no, is no failure when HSS shows that the call took effect;
/// `shown_before` says that it showed the same before, which proves nothing.
async fn register(
    session: &Session,
    wanted: &UpdateBackupHost,
    shown_before: bool,
) -> Result<(), client::Error> {
    let Err(error) = session.update_backup_host(wanted).await else { return Ok(()) };
    if (error.is_unsettled() || !shown_before)
        && let Ok(Some(host)) = find(session, &wanted.host_id, None).await
        && same(&host, wanted)
    {
        return Ok(());
    }
    Err(error)
}

async fn find(
    session: &Session,
    host_id: &str,
    since: Option<Instant>,
) -> Result<Option<Listed>, client::Error> {
    let hosts = session.list_backup_hosts_since(since).await?;
    Ok(hosts.iter().find(|host| host.backup_host_id == host_id).cloned())
}

/// The same for a server that would be forgotten were it not there: a list that lags behind a write is no proof of
/// absence, so it is asked twice, and not at once.
async fn find_surely(session: &Session, host_id: &str) -> Result<Option<Listed>, client::Error> {
    const LAG: Duration = Duration::from_secs(2);
    let found = find(session, host_id, None).await?;
    if found.is_some() {
        return Ok(found);
    }
    // After a stop the second look says so. Whoever misses something takes the same second look.
    session.limits().stop.sleep(session.clock(), LAG).await;
    find(session, host_id, session.clock().instant().checked_sub(LAG / 2)).await
}

/// Ends well when a server that was not found is not registered in another enterprise project either: a refresh of many
/// looks at all of them, but a write reaches only its own.
async fn not_elsewhere(session: &Session, host_id: &str, failure: &str) -> Outcome<()> {
    let found = match find_surely(&session.everywhere(), host_id).await {
        Err(error) if error.bars_a_list() => find_surely(session, host_id).await,
        found => found,
    };
    let Some(found) = found.at(HOST_ID, failure)? else { return Ok(()) };
    let asked = match session.enterprise_project_id() {
        Some(project) => format!("and not in {project:?}"),
        None => "and not in the default one".to_owned(),
    };
    let detail = format!(
        "HSS lists {} in another enterprise project, {asked}, so it was left alone. Where this object was imported or configured \
         with the wrong project, take it out of the state with `terraform state rm` and import it again, with the right project \
         in front: <enterprise_project_id>/{host_id}.",
        named(&found)
    );
    Err(Diagnostic::error("The backup server is in another enterprise project", detail).at(HOST_ID).into())
}

/// Protected servers that copy to this one, in every enterprise project; `None` when there are none, or when the
/// caller may not list servers and the API has to decide.
async fn users(
    session: &Session,
    host_id: &str,
    since: Instant,
) -> Result<Option<Vec<String>>, client::Error> {
    let hosts = match session.protected_everywhere(since).await {
        Ok(hosts) => hosts,
        Err(error) if error.bars_a_list() => return Ok(None),
        Err(error) => return Err(error),
    };
    let users: Vec<String> = hosts
        .iter()
        .filter(|host| host.backup_host_id.as_deref() == Some(host_id))
        .map(|host| match host.host_name.as_deref() {
            Some(name) if !name.is_empty() => format!("{name} ({})", host.host_id),
            _ => host.host_id.clone(),
        })
        .collect();
    Ok(if users.is_empty() { None } else { Some(users) })
}

/// Ends well when nobody copies to this server. Servers that do may be about to be re-pointed by the same apply, for
/// Terraform does not always know the order, and a list may lag; so they are looked for more than once.
async fn nobody_copies_here(session: &Session, host_id: &str, failure: &str) -> Outcome<()> {
    const LOOKS: u32 = 4;
    let mut wait = Wait::new(session);
    let mut looks = 1;
    let mut since = stale::lately(session).unwrap_or(wait.since());
    while let Some(users) = users(session, host_id, since).await.at(HOST_ID, failure)? {
        if looks == LOOKS || wait.pause().await.is_err() {
            return Err(in_use(host_id, &users).into());
        }
        looks += 1;
        since = wait.since();
    }
    Ok(())
}

fn in_use(host_id: &str, users: &[String]) -> Diagnostic {
    const NAMED: usize = 10;
    let mut list: Vec<String> = users.iter().take(NAMED).map(|user| format!("  {user}")).collect();
    if users.len() > NAMED {
        list.push(format!("  and {} more", users.len() - NAMED));
    }
    let count = if users.len() == 1 {
        "1 protected server copies".to_owned()
    } else {
        format!("{} protected servers copy", users.len())
    };
    let detail = format!(
        "{count} to {host_id}, so it was not deleted:\n\n{}\n\n\
         Point them to another backup server or switch their remote backup off first. When this backup server is being replaced, \
         lifecycle {{ create_before_destroy = true }} on it gives that order: the new one is registered, the servers are re-pointed, and the old one goes last.",
        list.join("\n")
    );
    Diagnostic::error("The backup server is in use", detail).at(HOST_ID)
}

fn take_facts(model: &mut Model, host: &Listed) {
    let directory = host.backup_dir.clone();
    let spelled_alike = matches!((&model.backup_dir, &directory), (Attr::Known(ours), Some(theirs))
        if checks::plain_directory(ours) == checks::plain_directory(theirs));
    if !spelled_alike {
        model.backup_dir = directory.into();
    }
    model.id = model.host_id.clone();
    model.backup_host_ip = host.backup_host_ip.clone().into();
    model.backup_host_port = host.backup_host_port.into();
    model.backup_addr = match address(model) {
        Attr::Unknown => Attr::Null,
        address => address,
    };
    take_status(model, host);
}

fn take_status(model: &mut Model, host: &Listed) {
    model.backup_host_name = host.backup_host_name.clone().into();
    model.backup_host_status = host.backup_host_status.into();
    model.status = host.backup_host_status.map(|number| status(number).to_owned()).into();
}

/// Waits until the server runs with the new settings, or only looks once where the user does not want to wait.
async fn settle(
    cx: &Cx<'_, Api, Model>,
    session: &Session,
    mut model: Model,
    wanted: &UpdateBackupHost,
    verb: Verb,
) -> Outcome<Model> {
    const UNCONFIRMED: &str = "The backup server is registered, but its status could not be read";
    model.id = model.host_id.clone();
    if model.wait_for_running != Attr::Known(true) {
        match find(session, &wanted.host_id, None).await.at(HOST_ID, UNCONFIRMED)? {
            Some(host) => take_status(&mut model, &host),
            None => (model.backup_host_status, model.status) = (Attr::Null, Attr::Null),
        }
        return Ok(model);
    }
    let mut failures = 0;
    // Right after a change the list may still show the status from before, so the first `running` proves nothing.
    let mut believed = verb == Verb::Create;
    let reader = session.urgent();
    let mut wait = Wait::new(session);
    let ended = loop {
        let host = match find(&reader, &wanted.host_id, Some(wait.since())).await {
            Err(error) if error.is_stopped() => {
                break Unstarted::Interrupted("its status was being asked for".to_owned());
            }
            found => found.at(HOST_ID, UNCONFIRMED)?,
        };
        if let Some(host) = &host {
            take_status(&mut model, host);
            cx.keep(&model);
        }
        // Nor does a status count that comes with the settings from before.
        let current = host.filter(|host| same(host, wanted));
        let number = current.as_ref().and_then(|host| host.backup_host_status);
        failures = if number == Some(FAILED) { failures + 1 } else { 0 };
        if number == Some(RUNNING) && believed {
            return Ok(model);
        }
        believed = true;
        if failures >= 2 {
            break Unstarted::Failed;
        }
        let found = if current.is_some() {
            spoken(number)
        } else {
            "HSS does not list it with these settings yet".to_owned()
        };
        match wait.pause().await {
            Ok(()) => {}
            Err(Ended::TimedOut) => break Unstarted::Late(found),
            Err(Ended::Stopped) => break Unstarted::Interrupted(found),
        }
    };
    Err(unstarted(&ended, &wanted.host_id, verb).at(HOST_ID).into())
}

/// Why a backup server does not run.
enum Unstarted {
    Failed,
    Late(String),
    Interrupted(String),
}

fn unstarted(why: &Unstarted, host_id: &str, verb: Verb) -> Diagnostic {
    let next = match verb {
        Verb::Create | Verb::Overwrite => {
            "The object is in the state and marked as tainted: the next apply would delete it and register it again, \
             and HSS may refuse to delete a backup server that is not running. To keep it and only read it again, use \
             `terraform untaint` on it and plan anew."
        }
        Verb::Update => {
            "HSS and the state hold the new settings, so the next plan has nothing to change; it warns for as long as HSS \
             reports a failed start."
        }
    };
    match why {
        Unstarted::Failed => Diagnostic::error(
            "The backup server failed to start",
            format!(
                "HSS took the settings of {host_id}, and its backup service failed to start (status -1).\n\n{CHECK_SERVER}\n\n{next}"
            ),
        ),
        Unstarted::Late(found) => Diagnostic::error(
            "The backup server did not start in time",
            format!(
                "The time is up, and {found}.\n\n{CHECK_SERVER} A longer time can be set in `timeouts`.\n\n{next}"
            ),
        ),
        Unstarted::Interrupted(found) => Diagnostic::error(
            "Interrupted while the backup server was starting",
            format!("HSS took the settings of {host_id}; {found}.\n\n{next}"),
        ),
    }
}
