//! `hss_wtp_remote_backup`: the remote backup of one protected server, as the server itself has it.
//!
//! HSS answers for a server that it does not know much as for one without remote backup, so where remote backup is off
//! the lists are asked whether the server is there at all.

use super::{
    place::{self, ENTERPRISE_PROJECT_ID, HOST_ID, Place, REGION},
    registered::Registered,
};
use crate::{
    client::{Error, RemoteBackup as Setting, Session, WtpHostFilter},
    framework::{
        data_source::{DataSource, ReadCx},
        diag::{Diagnostic, Outcome},
        model::{Attr, Schema},
        path::Path,
        schema::{computed, optional, optional_computed, required},
    },
    hss::{
        Api, checks, filters,
        report::{self, Blame},
        resources::state_words::status,
    },
};

/// The data source.
pub struct RemoteBackup;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub host_id: Attr<String>,
    pub enterprise_project_id: Attr<String>,
    pub region: Attr<String>,
    pub remote_backup: Attr<bool>,
    pub backup_host_id: Attr<String>,
    pub backup_host_name: Attr<String>,
    pub backup_addr: Attr<String>,
    pub registered: Attr<bool>,
    pub registered_addr: Attr<String>,
    pub backup_host_status: Attr<i64>,
    pub status: Attr<String>,
}

const REMOTE_BACKUP: Path = Path::root("remote_backup");
const BACKUP_HOST_ID: Path = Path::root("backup_host_id");
const BACKUP_HOST_NAME: Path = Path::root("backup_host_name");
const BACKUP_ADDR: Path = Path::root("backup_addr");
const REGISTERED: Path = Path::root("registered");
const REGISTERED_ADDR: Path = Path::root("registered_addr");
const BACKUP_HOST_STATUS: Path = Path::root("backup_host_status");
const STATUS: Path = Path::root("status");

const UNREAD: &str = "Could not read the remote backup of the server";

impl DataSource<Api> for RemoteBackup {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_remote_backup";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Reads the remote backup of one protected server, and what is known of its backup server. Each server takes a call of its own; for many, `hss_wtp_hosts` and `hss_wtp_coverage` take a few for all.")
            .attr(HOST_ID, |m| &mut m.host_id, required().text(checks::host_id), "Id of the protected server, as HSS lists it; for an ECS its instance id. A server that HSS does not know is an error.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(filters::enterprise_project), place::ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional_computed().text(checks::region), place::REGION_TEXT)
            .attr(REMOTE_BACKUP, |m| &mut m.remote_backup, computed(), "Whether remote backup is on. All below is null where it is off.")
            .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, computed(), "Id of the backup server.")
            .attr(BACKUP_HOST_NAME, |m| &mut m.backup_host_name, computed(), "Name of the backup server.")
            .attr(BACKUP_ADDR, |m| &mut m.backup_addr, computed(), "Address and port to which the protected server sends its copies.")
            .attr(REGISTERED, |m| &mut m.registered, computed(), "Whether the backup server is registered; null where backup servers may not be listed.")
            .attr(REGISTERED_ADDR, |m| &mut m.registered_addr, computed(), "Address and port that the backup server is registered with. Where it differs from `backup_addr`, the protected server was not told of a change, and its copies go astray.")
            .attr(BACKUP_HOST_STATUS, |m| &mut m.backup_host_status, computed(), "Status of the backup server as HSS numbers it: `-1` start failed, `0` not started, `1` running, `2` starting.")
            .attr(STATUS, |m| &mut m.status, computed(), "The same in words: `failed`, `not_started`, `running`, `starting`, or `unknown` for a number that is new.")
    }

    async fn read(&self, cx: &ReadCx<'_, Api>, config: Model) -> Outcome<Model> {
        let mut model = config;
        let host_id = model.host_id.require(HOST_ID)?.clone();
        let place = Place { region: &mut model.region, enterprise_project_id: &model.enterprise_project_id };
        let (setting, target) = place::read_at(cx, place, async |session| {
            let setting = show(session, &host_id).await?;
            let target = match &setting.backup_host_id {
                Some(id) => target(cx, session, id).await?,
                None => Target::default(),
            };
            Ok((setting, target))
        })
        .await?;
        model.remote_backup = Attr::Known(setting.remote_backup);
        model.backup_host_id = setting.backup_host_id.into();
        model.backup_host_name = setting.backup_host_name.into();
        model.backup_addr = setting.backup_addr.into();
        model.registered = target.registered.into();
        model.registered_addr = target.addr.into();
        model.backup_host_status = target.status.into();
        model.status = target.status.map(|number| status(number).to_owned()).into();
        Ok(model)
    }
}

/// What is known of a backup server.
#[derive(Default)]
struct Target {
    registered: Option<bool>,
    addr: Option<String>,
    status: Option<i64>,
}

/// The setting of a server that is there for certain.
async fn show(session: &Session, host_id: &str) -> Outcome<Setting> {
    let shown = session.show_remote_backup(host_id).await;
    let doubtful = match &shown {
        Ok(setting) => !setting.remote_backup,
        Err(error) => error.may_mean_unknown_host(),
    };
    if doubtful && !listed(session, host_id).await.at(HOST_ID, UNREAD)? {
        let elsewhere = listed(&session.everywhere(), host_id).await.at(HOST_ID, UNREAD)?;
        return Err(unknown(session, host_id, elsewhere).at(HOST_ID).into());
    }
    shown.at(HOST_ID, UNREAD)
}

/// Whether the lists of this place have the server, with Web Tamper Protection or without. Where they may not be read it
/// counts as there.
async fn listed(session: &Session, host_id: &str) -> Result<bool, Error> {
    let filter = WtpHostFilter::host(host_id);
    match session.list_wtp_hosts(&filter).await {
        Ok(hosts) if !hosts.is_empty() => return Ok(true),
        Ok(_) => {}
        Err(error) if error.bars_a_list() => return Ok(true),
        Err(error) => return Err(error),
    }
    match session.list_web_tamper_hosts(&filter).await {
        Ok(hosts) => Ok(!hosts.is_empty()),
        Err(error) if error.bars_a_list() => Ok(true),
        Err(error) => Err(error),
    }
}

fn unknown(session: &Session, host_id: &str, elsewhere: bool) -> Diagnostic {
    if elsewhere {
        let detail = format!(
            "HSS knows {host_id} in another enterprise project than {:?}, which was asked. Set enterprise_project_id to the project of \
             the server, or to all_granted_eps.",
            session.enterprise_project_id().unwrap_or_default()
        );
        return Diagnostic::error("The server is in another enterprise project", detail);
    }
    let detail = format!(
        "HSS lists no server {host_id} in {}, with Web Tamper Protection or without. Check the id (for an ECS it is the instance id) and \
         the region, and that the HSS agent is installed there. The data source hss_wtp_hosts lists the servers that there are.",
        session.region()
    );
    Diagnostic::error("HSS does not know the server", detail)
}

/// What the list of backup servers says of one. Without it the setting itself is still worth knowing.
async fn target(cx: &ReadCx<'_, Api>, session: &Session, id: &str) -> Outcome<Target> {
    match Registered::read(cx, session, [id]).await {
        Ok(all) => {
            let host = all.find(id);
            Ok(Target {
                registered: all.has(id),
                addr: host.and_then(|host| host.addr()),
                status: host.and_then(|host| host.backup_host_status),
            })
        }
        Err(error) if error.bars_a_list() => {
            let detail = format!(
                "Backup servers may not be listed, so nothing is known of the one that {id} stands for.\n\n{}",
                report::detail(&error)
            );
            cx.warn(Diagnostic::warning("The backup server was not looked up", detail));
            Ok(Target::default())
        }
        Err(error) => Err(error).at(BACKUP_HOST_ID, "Could not look up the backup server"),
    }
}
