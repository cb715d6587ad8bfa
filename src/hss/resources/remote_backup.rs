//! `hss_wtp_remote_backup`: the remote backup of one protected server.
//!
//! The API has no object to create: remote backup is a setting of a server. So the server's id is also ours, and
//! "gone" means that the server left HSS. While the setting is off, HSS reports neither backup server nor address.

use super::{
    drift,
    place::{self, ENTERPRISE_PROJECT_ID, HOST_ID, Placed, REGION},
    preconditions::{self, Target},
    preflight, stale, waited,
};
use crate::{
    client::{BackupHost, BackupTarget, Believed, Error, RemoteBackup as Setting, Seen, Session, WtpHost},
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
    hss::{Api, checks, claims, report::Blame, wait::Wait},
};

/// The resource.
pub struct RemoteBackup;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub host_id: Attr<String>,
    pub remote_backup: Attr<bool>,
    pub backup_host_id: Attr<String>,
    pub backup_addr: Attr<String>,
    pub enterprise_project_id: Attr<String>,
    pub region: Attr<String>,
    pub overwrite_existing: Attr<bool>,
    pub wait_for_agent: Attr<String>,
    pub timeouts: Attr<Timeouts>,
    pub id: Attr<String>,
    pub backup_host_name: Attr<String>,
}

const REMOTE_BACKUP: Path = Path::root("remote_backup");
pub(super) const BACKUP_HOST_ID: Path = Path::root("backup_host_id");
pub(super) const BACKUP_ADDR: Path = Path::root("backup_addr");
const OVERWRITE_EXISTING: Path = Path::root("overwrite_existing");
const WAIT_FOR_AGENT: Path = Path::root("wait_for_agent");
const TIMEOUTS: Path = Path::root("timeouts");
const ID: Path = Path::root("id");
const BACKUP_HOST_NAME: Path = Path::root("backup_host_name");

/// The note that a read leaves for the plan: the address that the backup server is registered with, where it is not
/// the one that the protected server uses.
const REGISTERED_ADDR: &str = "registered_addr";
/// The note that a read leaves for an apply: the address that the server itself was seen to use.
pub(super) const ADDR_SEEN: &str = "addr_seen";

impl Placed for Model {
    fn region(&mut self) -> &mut Attr<String> {
        &mut self.region
    }

    fn enterprise_project(&self) -> &Attr<String> {
        &self.enterprise_project_id
    }
}

impl Resource<Api> for RemoteBackup {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_remote_backup";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Switches the remote backup of a protected Linux server on, to another backup server, or off. Web Tamper Protection has to be on for the server.")
            .attr(HOST_ID, |m| &mut m.host_id, required().replaces().text(checks::host_id), "Id of the protected server, as HSS lists it; for an ECS its instance id.")
            .attr(REMOTE_BACKUP, |m| &mut m.remote_backup, optional().default(true), "Whether remote backup is on. The default is `true`; `false` keeps the server managed with remote backup switched off.")
            .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, optional().text(checks::host_id), "Id of the backup server, which has to be running. Required unless `remote_backup` is `false`. Reference `hss_wtp_backup_host` here, so that Terraform knows the order.")
            .attr(BACKUP_ADDR, |m| &mut m.backup_addr, optional_computed().text(checks::address), "Address and port of the backup server, as in `192.168.0.20:18080`. The default is what the backup server is registered with; reference its `backup_addr` to follow a change in the same apply.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(checks::enterprise_project), place::ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional_computed().keeps().replaces().text(checks::region), place::REGION_TEXT)
            .attr(OVERWRITE_EXISTING, |m| &mut m.overwrite_existing, optional().default(false), "Whether a create may replace a remote backup that points to another backup server already. The default is `false`: it is to be imported.")
            .attr(WAIT_FOR_AGENT, |m| &mut m.wait_for_agent, optional().text(timeouts::is_duration), "How long to wait for a server that HSS does not list yet or whose agent is not online yet, as in `15m`. The default is not to wait. For a server, its agent and its backup made in one apply.")
            .nested(TIMEOUTS, |m| &mut m.timeouts, optional(), Timeouts::rows(), "How long operations may take. Waiting for the vendor's call quota does not count, and `wait_for_agent` comes on top.")
            .attr(ID, |m| &mut m.id, computed().keeps(), "The same as `host_id`.")
            .attr(BACKUP_HOST_NAME, |m| &mut m.backup_host_name, computed().keeps(), "Name of the backup server; null where remote backup has never been on.")
    }

    fn validate(&self, config: &Model, diagnostics: &mut Diagnostics) {
        let on = matches!(config.remote_backup, Attr::Null | Attr::Known(true));
        if on && config.backup_host_id.is_null() {
            let detail = "Remote backup needs a backup server. Set backup_host_id to the id of a running one, for instance \
                          hss_wtp_backup_host.NAME.host_id, or set remote_backup = false.";
            diagnostics.push(Diagnostic::error("Missing backup_host_id", detail).at(BACKUP_HOST_ID));
        }
        if let (Some(host), Some(backup)) = (config.host_id.known(), config.backup_host_id.known())
            && host == backup
        {
            let detail =
                format!("{host} cannot keep its own copies safe. Name another server as backup server.");
            diagnostics.push(
                Diagnostic::error("A server cannot be its own backup server", detail).at(BACKUP_HOST_ID),
            );
        }
    }

    fn plan(&self, api: &Api, change: &mut Change<Model>) {
        place::plan(api, change);
        change.planned.id = change.planned.host_id.clone();
        let addr_is_ours = change.config.backup_addr.is_null();
        let registered = change.private.note(REGISTERED_ADDR).map(|addr| Attr::Known(addr.to_owned()));
        let planned = &mut change.planned;
        let off = planned.remote_backup == Attr::Known(false);
        // What is known of the same backup server stays, also while remote backup is off and HSS says nothing of it.
        let same_server =
            change.prior.as_ref().filter(|prior| prior.backup_host_id == planned.backup_host_id);
        let stays = off || same_server.is_some_and(|prior| prior.remote_backup == Attr::Known(true));
        let otherwise = |known: Attr<String>| if known.is_null() && !stays { Attr::Unknown } else { known };
        if addr_is_ours {
            let known = same_server.map(|prior| prior.backup_addr.clone()).unwrap_or_default();
            planned.backup_addr = match registered {
                Some(registered) if same_server.is_some() && !off => registered,
                _ => otherwise(known),
            };
        }
        planned.backup_host_name =
            otherwise(same_server.map(|prior| prior.backup_host_name.clone()).unwrap_or_default());
    }

    async fn preflight(&self, api: &Api, stop: &Stop, prior: Option<&Model>, planned: &Model) -> Diagnostics {
        preflight::remote_backup(api, stop, prior, planned).await
    }

    async fn create(&self, cx: &Cx<'_, Api, Model>, planned: Model) -> Outcome<Model> {
        cx.api.walk().applies();
        let time = Timeouts::create(&planned.timeouts) + preconditions::agent_wait(&planned);
        let session = open(cx, &planned, time)?;
        waited::told(cx, &session, async {
            let host_id = planned.host_id.require(HOST_ID)?.clone();
            let claim = cx.api.claims().for_create(&session, Self::NAME, &host_id, HOST_ID).await?;
            if planned.remote_backup == Attr::Known(false) {
                let setting = session.show_remote_backup(&host_id).await;
                let setting = setting
                    .at(HOST_ID, "Could not find out whether remote backup is on; nothing was changed")?;
                refuse_foreign(&planned, &setting, None)?;
                let result = switch(cx, &session, planned, Switch::off(setting.remote_backup)).await;
                claim.made_if_kept(cx);
                return result;
            }
            let listed = preconditions::protected_server(cx, &session, &planned).await?;
            let setting = session.remote_backup_before_write(&host_id, listed.as_ref()).await;
            let setting = setting
                .at(HOST_ID, "Could not find out whether remote backup is on already; nothing was changed")?;
            refuse_foreign(&planned, &setting, planned.backup_host_id.known())?;
            let target = target(cx, &session, &planned).await?;
            let write = !points_to(&setting, &target);
            if !write {
                cx.warn(place::adopted(&host_id, "Remote backup of the server was on already").at(HOST_ID));
            }
            let re_addressed = setting.backup_host_id.as_ref() == Some(&target.backup_host_id);
            let how = Switch { target: Some(target), write, re_addressed };
            let result = switch(cx, &session, planned, how).await;
            claim.made_if_kept(cx);
            result
        })
        .await
    }

    async fn read(&self, cx: &Cx<'_, Api, Model>, mut prior: Model) -> Outcome<Option<Model>> {
        cx.api.walk().reads();
        let session = open(cx, &prior, timeouts::DEFAULT)?;
        waited::told(cx, &session, async {
            let host_id = prior.host_id.require(HOST_ID)?.clone();
            // Of many that are refreshed or imported, it has to say which.
            let unread = format!("Could not read the remote backup of {host_id}");
            cx.api.claims().read(cx, &session, Self::NAME, &host_id);
            let believed = prior.remote_backup.known().map(|on| Believed {
                remote_backup: *on,
                backup_host_id: prior.backup_host_id.known().map(String::as_str),
            });
            let before = prior.clone();
            let mut addr_seen = None;
            match session.see_remote_backup(&host_id, believed).await {
                Ok(Seen::Exact(setting)) => {
                    addr_seen = setting.backup_addr.clone().filter(|_| setting.remote_backup);
                    // Off where it was on, or was never looked at: HSS may say that of servers that it does not know.
                    let doubtful = !setting.remote_backup && before.remote_backup != Attr::Known(false);
                    if doubtful
                        && !preconditions::known_to_hss(&session, &host_id).await.at(HOST_ID, &unread)?
                    {
                        return Ok(None);
                    }
                    take_facts(&mut prior, &setting);
                }
                Ok(Seen::Listed(host)) => {
                    // The address is not in the list. The server's own stays; the registered one might hide a failure.
                    let listed = Setting {
                        remote_backup: host.backup_host_id.is_some(),
                        backup_host_id: host.backup_host_id,
                        ..Setting::default()
                    };
                    take_facts(&mut prior, &listed);
                }
                Ok(Seen::Unlisted) => {
                    if !session.is_listed_anywhere(&host_id).await.at(HOST_ID, &unread)? {
                        return Ok(None);
                    }
                    take_facts(&mut prior, &Setting::default());
                }
                Err(error) if error.may_mean_unknown_host() => {
                    return match preconditions::known_to_hss(&session, &host_id).await.at(HOST_ID, &unread)? {
                        false => Ok(None),
                        true => Err(error).at(HOST_ID, &unread),
                    };
                }
                Err(error) => return Err(error).at(HOST_ID, &unread),
            }
            prior.id = Attr::Known(host_id);
            prior.region = Attr::Known(session.region().to_owned());
            let target = registered(&session, &prior).await.at(HOST_ID, &unread)?;
            let addr = target.as_ref().and_then(BackupHost::addr);
            if prior.backup_host_name.is_null() || prior.backup_host_id != before.backup_host_id {
                let name = target.and_then(|host| host.backup_host_name).filter(|name| !name.is_empty());
                prior.backup_host_name = name.map_or(prior.backup_host_name, Attr::Known);
            }
            // An address that was never read is not one that differs.
            let differs = addr.filter(|addr| prior.backup_addr.known().is_some_and(|used| used != addr));
            cx.note(REGISTERED_ADDR, differs.as_deref());
            cx.note(ADDR_SEEN, addr_seen.as_deref());
            drift::remote_backup(cx, &session, &before, &prior).await;
            Ok(Some(prior))
        })
        .await
    }

    async fn update(&self, cx: &Cx<'_, Api, Model>, prior: Model, planned: Model) -> Outcome<Model> {
        cx.api.walk().applies();
        let is_on = prior.remote_backup == Attr::Known(true);
        let time = Timeouts::update(&planned.timeouts) + preconditions::agent_wait(&planned);
        let session = open(cx, &planned, time)?;
        waited::told(cx, &session, async {
            if planned.remote_backup == Attr::Known(false) {
                if is_on {
                    stale::remote_backup(cx, &session, &prior, None).await?;
                }
                return switch(cx, &session, planned, Switch::off(is_on)).await;
            }
            let untouched = is_on
                && prior.backup_host_id == planned.backup_host_id
                && prior.backup_addr == planned.backup_addr;
            if untouched {
                return Ok(planned);
            }
            preconditions::protected_server(cx, &session, &planned).await?;
            let target = target(cx, &session, &planned).await?;
            let setting = stale::remote_backup(cx, &session, &prior, Some(&target)).await?;
            let write = !setting.is_some_and(|setting| points_to(&setting, &target));
            let re_addressed = is_on && prior.backup_host_id == planned.backup_host_id;
            switch(cx, &session, planned, Switch { target: Some(target), write, re_addressed }).await
        })
        .await
    }

    async fn delete(&self, cx: &Cx<'_, Api, Model>, prior: Model) -> Outcome<()> {
        cx.api.walk().applies();
        if prior.remote_backup == Attr::Known(false) {
            return Ok(());
        }
        let session = open(cx, &prior, Timeouts::delete(&prior.timeouts))?;
        waited::told(cx, &session, async {
            let host_id = prior.host_id.require(HOST_ID)?;
            let claimed = cx.api.claims().for_delete(cx, &session, Self::NAME, host_id, HOST_ID).await?;
            let Some(_claim) = claimed else {
                cx.warn(claims::kept(host_id, "Remote backup").at(HOST_ID));
                return Ok(());
            };
            // Terraform shows no line of the configuration beside an error of a destroy, so each one names the server.
            let failure = format!("Could not switch the remote backup of {host_id} off");
            stale::remote_backup(cx, &session, &prior, None).await?;
            if let Err(error) = session.set_remote_backup(host_id, None).await {
                // A server that left HSS, or that has WTP no more, has no remote backup either.
                let off = match session.show_remote_backup(host_id).await {
                    Ok(setting) => !setting.remote_backup,
                    Err(shown) if shown.may_mean_unknown_host() => {
                        !preconditions::known_to_hss(&session, host_id).await.unwrap_or(true)
                    }
                    Err(_) => false,
                };
                return if off { Ok(()) } else { Err(error).at(HOST_ID, &failure) };
            }
            confirm(&session, host_id, None, false).await.map(drop)
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
        Ok(Model { id: identity.host_id.clone(), overwrite_existing: Attr::Known(false), ..identity })
    }

    /// The address of the backup server is what a plan takes by itself, so it is said only where it is another one.
    fn configuration(&self, api: &Api, object: &mut Model) {
        let hosts = api.hss().ok().zip(object.region.known());
        let registered = hosts.zip(object.backup_host_id.known()).and_then(|((hss, region), id)| {
            hss.backup_host_at_hand(region, id).as_ref().and_then(BackupHost::addr)
        });
        if registered.is_none_or(|registered| object.backup_addr.known() == Some(&registered)) {
            object.backup_addr = Attr::Null;
        }
        place::spare_region(api, object);
    }
}

impl RemoteBackup {
    /// An object as a read would return it, from what a list says, which is nothing of the address. The name of the
    /// backup server takes another list, and is there only if it is `wanted`.
    pub(in crate::hss) async fn found(
        session: &Session,
        host: &WtpHost,
        enterprise_project: &Attr<String>,
        wanted: bool,
    ) -> Outcome<Model> {
        let mut model = Model {
            host_id: Attr::Known(host.host_id.clone()),
            id: Attr::Known(host.host_id.clone()),
            region: Attr::Known(session.region().to_owned()),
            enterprise_project_id: enterprise_project.clone(),
            remote_backup: Attr::Known(host.backup_host_id.is_some()),
            backup_host_id: host.backup_host_id.clone().into(),
            overwrite_existing: Attr::Known(false),
            ..Model::default()
        };
        if wanted {
            let target = registered(session, &model)
                .await
                .at(BACKUP_HOST_ID, "Could not read the remote backup of the server")?;
            model.backup_host_name = target.and_then(|target| target.backup_host_name).into();
        }
        Ok(model)
    }
}

fn open(cx: &Cx<'_, Api, Model>, model: &Model, timeout: std::time::Duration) -> Outcome<Session> {
    place::session(cx.api, &cx.stop, &model.region, &model.enterprise_project_id, timeout)
}

fn take_facts(model: &mut Model, setting: &Setting) {
    model.remote_backup = Attr::Known(setting.remote_backup);
    if !setting.remote_backup {
        return;
    }
    // Each of these is optional in the answer; what it leaves out stays as it was known.
    for (known, told) in [
        (&mut model.backup_host_id, &setting.backup_host_id),
        (&mut model.backup_addr, &setting.backup_addr),
        (&mut model.backup_host_name, &setting.backup_host_name),
    ] {
        if let Some(told) = told {
            *known = Attr::Known(told.clone());
        }
    }
}

fn points_to(setting: &Setting, target: &BackupTarget) -> bool {
    setting.remote_backup
        && setting.backup_host_id.as_ref() == Some(&target.backup_host_id)
        && setting.backup_addr.as_ref() == Some(&target.backup_addr)
}

/// Refuses to take over a remote backup that somebody else set up otherwise.
fn refuse_foreign(planned: &Model, setting: &Setting, backup_host_id: Option<&String>) -> Outcome<()> {
    let ours = setting.backup_host_id.as_ref() == backup_host_id;
    if !setting.remote_backup || ours || planned.overwrite_existing == Attr::Known(true) {
        return Ok(());
    }
    let host_id = planned.host_id.require(HOST_ID)?;
    let detail = format!(
        "{host_id} copies to the backup server {} at {}, and this configuration {}, so it was left alone.\n\n{}",
        setting.backup_host_id.as_deref().unwrap_or("(unnamed)"),
        setting.backup_addr.as_deref().unwrap_or("an unknown address"),
        backup_host_id.map_or_else(|| "wants it off".to_owned(), |id| format!("wants {id}")),
        place::import_advice(RemoteBackup::NAME, &planned.enterprise_project_id, host_id),
    );
    Err(Diagnostic::error("Remote backup of the server is on already", detail).at(HOST_ID).into())
}

/// The backup server with the address to use: the configured one, else the one it is registered with.
async fn target(cx: &Cx<'_, Api, Model>, session: &Session, planned: &Model) -> Outcome<BackupTarget> {
    let backup_host_id = planned.backup_host_id.require(BACKUP_HOST_ID)?;
    let found = preconditions::backup_server(cx, session, backup_host_id).await?;
    let backup_addr = match (planned.backup_addr.known(), found) {
        (Some(configured), Target::Registered(registered)) => {
            if *configured != registered {
                let detail = format!(
                    "{backup_host_id} is registered with {registered}, and {configured} is used as it was planned. If copies do not arrive, leave backup_addr out or reference the backup_addr of the backup server."
                );
                cx.warn(
                    Diagnostic::warning("backup_addr is not the address of the backup server", detail)
                        .at(BACKUP_ADDR),
                );
            }
            configured.clone()
        }
        (Some(configured), Target::Unlisted) => configured.clone(),
        (None, Target::Registered(registered)) => registered,
        (None, Target::Unlisted) => {
            let detail = "Backup servers may not be listed with these credentials, so the address is not known. Set backup_addr, or grant the permission hss:wtpBackup:get.";
            return Err(Diagnostic::error("The address of the backup server is needed", detail)
                .at(BACKUP_ADDR)
                .into());
        }
    };
    Ok(BackupTarget { backup_addr, backup_host_id: backup_host_id.clone() })
}

/// The backup server of this object as it is registered. Not knowing it is no failure of a read: only the plan's hint
/// is missing then.
async fn registered(session: &Session, model: &Model) -> Result<Option<BackupHost>, Error> {
    let Some(backup_host_id) = model.backup_host_id.known() else { return Ok(None) };
    match session.overview().list_backup_hosts_since(None).await {
        Ok(hosts) => Ok(hosts.iter().find(|host| host.backup_host_id == *backup_host_id).cloned()),
        Err(error) if error.bars_a_list() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is to be set.
struct Switch {
    /// Where copies are to go; none switches remote backup off.
    target: Option<BackupTarget>,
    /// False where it is as wanted already.
    write: bool,
    /// Nothing but the address changes, which no list shows.
    re_addressed: bool,
}

impl Switch {
    fn off(write: bool) -> Switch {
        Switch { target: None, write, re_addressed: false }
    }
}

/// Makes the setting and confirms it.
async fn switch(
    cx: &Cx<'_, Api, Model>,
    session: &Session,
    mut model: Model,
    switch: Switch,
) -> Outcome<Model> {
    let Switch { target, write, re_addressed } = switch;
    let host_id = model.host_id.require(HOST_ID)?.clone();
    model.id = Attr::Known(host_id.clone());
    if let Some(target) = &target {
        model.backup_addr = Attr::Known(target.backup_addr.clone());
    }
    if write
        && let Err(error) = session.set_remote_backup(&host_id, target.as_ref()).await
        && !took_effect(cx, session, &model, (&host_id, target.as_ref()), error.is_unsettled()).await
    {
        let on = target.is_some();
        let summary =
            if on { "Could not switch remote backup on" } else { "Could not switch remote backup off" };
        return Err(error).at(HOST_ID, summary);
    }
    cx.keep(&model);
    let mut name = None;
    if write {
        name = confirm(session, &host_id, target.as_ref(), re_addressed).await?.backup_host_name;
    }
    if name.is_none() && target.is_some() {
        // The list of protected servers has no names of backup servers. Not knowing the name is no failure.
        name = registered(session, &model).await.ok().flatten().and_then(|host| host.backup_host_name);
    }
    if let Some(name) = name {
        model.backup_host_name = Attr::Known(name);
    }
    cx.note(REGISTERED_ADDR, None);
    cx.note(ADDR_SEEN, None);
    Ok(model)
}

/// Whether a call took effect although its answer got lost or said no. After a lost one (`unsettled`), what HSS says now
/// is kept otherwise, as the best that is known.
async fn took_effect(
    cx: &Cx<'_, Api, Model>,
    session: &Session,
    planned: &Model,
    (host_id, target): (&str, Option<&BackupTarget>),
    unsettled: bool,
) -> bool {
    let Ok(setting) = session.show_remote_backup(host_id).await else {
        if unsettled {
            cx.keep(planned);
        }
        return false;
    };
    let as_wanted = match target {
        Some(target) => points_to(&setting, target),
        None => !setting.remote_backup,
    };
    // A create that had no effect leaves nothing; an update leaves the truth.
    if !as_wanted && setting.remote_backup && unsettled {
        let mut model = planned.clone();
        take_facts(&mut model, &setting);
        cx.keep(&model);
    }
    as_wanted
}

/// Reads the setting back until it is as asked for. No state in between is documented, so this rarely looks twice.
async fn confirm(
    session: &Session,
    host_id: &str,
    target: Option<&BackupTarget>,
    re_addressed: bool,
) -> Outcome<Setting> {
    const FAILURE: &str = "The setting was accepted, but could not be read back";
    let wanted = target.map(|target| target.backup_host_id.as_str());
    let mut wait = Wait::new(session);
    loop {
        let setting = match session.remote_backup_after_write(host_id, wait.since(), re_addressed).await {
            Ok(setting) => setting,
            // A server that lost WTP or left HSS in the meantime has no remote backup.
            Err(error) if target.is_none() && error.may_mean_unknown_host() => return Ok(Setting::default()),
            Err(error) => return Err(error).at(HOST_ID, FAILURE),
        };
        let there = match wanted {
            Some(wanted) => {
                setting.remote_backup && setting.backup_host_id.as_deref().is_none_or(|id| id == wanted)
            }
            None => !setting.remote_backup,
        };
        if there {
            return Ok(setting);
        }
        if wait.pause().await.is_err() {
            let detail = format!(
                "HSS accepted the setting of {host_id} and does not show it. The next plan shows what is left to do."
            );
            return Err(Diagnostic::error("HSS does not show the new setting", detail).at(HOST_ID).into());
        }
    }
}
