//! `hss_wtp_backup_hosts`: the registered backup servers.
//!
//! The API can leave out those whose agent is offline; any other choice is made here.

use super::place::{self, ENTERPRISE_PROJECT_ID, Place, REGION};
use crate::{
    client::BackupHost,
    framework::{
        data_source::{DataSource, ReadCx},
        diag::Outcome,
        model::{Attr, Schema},
        path::Path,
        schema::{computed, optional, optional_computed},
    },
    hss::{Api, checks, filters, report::Blame, resources::state_words::status},
};

/// The data source.
pub struct BackupHosts;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub is_run: Attr<bool>,
    pub status: Attr<String>,
    pub backup_host_id: Attr<String>,
    pub enterprise_project_id: Attr<String>,
    pub region: Attr<String>,
    pub backup_hosts: Attr<Vec<Attr<Item>>>,
}

/// One backup server.
#[derive(Clone, Debug, Default)]
pub struct Item {
    pub backup_host_id: Attr<String>,
    pub backup_host_name: Attr<String>,
    pub backup_host_ip: Attr<String>,
    pub backup_host_port: Attr<i64>,
    pub backup_dir: Attr<String>,
    pub backup_host_status: Attr<i64>,
    pub status: Attr<String>,
    pub backup_addr: Attr<String>,
}

const IS_RUN: Path = Path::root("is_run");
const STATUS: Path = Path::root("status");
const BACKUP_HOST_ID: Path = Path::root("backup_host_id");
const BACKUP_HOSTS: Path = Path::root("backup_hosts");
const BACKUP_HOST_NAME: Path = Path::root("backup_host_name");
const BACKUP_HOST_IP: Path = Path::root("backup_host_ip");
const BACKUP_HOST_PORT: Path = Path::root("backup_host_port");
const BACKUP_DIR: Path = Path::root("backup_dir");
const BACKUP_HOST_STATUS: Path = Path::root("backup_host_status");
const BACKUP_ADDR: Path = Path::root("backup_addr");

impl DataSource<Api> for BackupHosts {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_backup_hosts";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Lists the servers that are registered as remote backup servers of Web Tamper Protection. All arguments that are given have to fit.")
            .attr(IS_RUN, |m| &mut m.is_run, optional(), "`true` lists only those whose HSS agent is online, which says nothing about their backup service: for that there is `status`. With `false`, as without it, all are listed.")
            .attr(STATUS, |m| &mut m.status, optional().text(filters::backup_host_status), "Lists only those in this state: `running`, `starting`, `not_started`, `failed`, or `unknown` for a state that is new.")
            .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, optional().text(checks::host_id), "Lists only the one with this id, if it is registered.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(filters::enterprise_project), place::ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional_computed().text(checks::region), place::REGION_TEXT)
            .nested_in(BACKUP_HOSTS, |m| &mut m.backup_hosts, computed(), item(), "The backup servers, sorted by id.")
    }

    async fn read(&self, cx: &ReadCx<'_, Api>, mut config: Model) -> Outcome<Model> {
        let place =
            Place { region: &mut config.region, enterprise_project_id: &config.enterprise_project_id };
        let (is_run, id) = (config.is_run == Attr::Known(true), config.backup_host_id.known());
        let wanted = config.status.known();
        config.backup_hosts = place::read_at(cx, place, async |session| {
            let fits = |host: &&BackupHost| {
                id.is_none_or(|id| *id == host.backup_host_id)
                    && wanted.is_none_or(|wanted| host.backup_host_status.map(status) == Some(wanted))
            };
            let listed = if is_run {
                session.list_online_backup_hosts().await.map(Into::into)
            } else {
                session.list_backup_hosts_since(place::since(cx, session)).await
            };
            let hosts = listed.whole("Could not list the backup servers")?;
            Ok(Attr::Known(hosts.iter().filter(fits).map(|host| Attr::Known(Item::from(host))).collect()))
        })
        .await?;
        Ok(config)
    }
}

#[rustfmt::skip]
fn item() -> Schema<Item> {
    Schema::<Item>::new("")
        .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, computed(), "Id of the server.")
        .attr(BACKUP_HOST_NAME, |m| &mut m.backup_host_name, computed(), "Name of the server.")
        .attr(BACKUP_HOST_IP, |m| &mut m.backup_host_ip, computed(), "Address at which protected servers reach it.")
        .attr(BACKUP_HOST_PORT, |m| &mut m.backup_host_port, computed(), "TCP port on which its agent takes copies.")
        .attr(BACKUP_DIR, |m| &mut m.backup_dir, computed(), "Directory that receives the copies.")
        .attr(BACKUP_HOST_STATUS, |m| &mut m.backup_host_status, computed(), "Status as HSS numbers it: `-1` start failed, `0` not started, `1` running, `2` starting.")
        .attr(STATUS, |m| &mut m.status, computed(), "The same in words: `failed`, `not_started`, `running`, `starting`, or `unknown` for a number that is new.")
        .attr(BACKUP_ADDR, |m| &mut m.backup_addr, computed(), "Address and port in one, as `hss_wtp_remote_backup` wants them.")
}

impl From<&BackupHost> for Item {
    fn from(host: &BackupHost) -> Self {
        Self {
            backup_host_id: Attr::Known(host.backup_host_id.clone()),
            backup_host_name: host.backup_host_name.clone().into(),
            backup_host_ip: host.backup_host_ip.clone().into(),
            backup_host_port: host.backup_host_port.into(),
            backup_dir: host.backup_dir.clone().into(),
            backup_host_status: host.backup_host_status.into(),
            status: host.backup_host_status.map(|number| status(number).to_owned()).into(),
            backup_addr: host.addr().into(),
        }
    }
}
