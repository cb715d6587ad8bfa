//! `hss_wtp_hosts`: the servers that have Web Tamper Protection, or had it.
//!
//! Every filter of the API is sent to it. It has none for what interests here most, so remote backup is picked from what
//! it answers.

use super::place::{self, ENTERPRISE_PROJECT_ID, HOST_ID, Place, REGION};
use crate::{
    client::{WtpHost, WtpHostFilter},
    framework::{
        data_source::{DataSource, ReadCx},
        diag::{Diagnostic, Outcome},
        model::{Attr, Schema},
        path::Path,
        schema::{computed, optional, optional_computed},
    },
    hss::{Api, checks, filters, report::Blame},
};

/// The data source.
pub struct Hosts;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub host_name: Attr<String>,
    pub host_id: Attr<String>,
    pub public_ip: Attr<String>,
    pub private_ip: Attr<String>,
    pub group_name: Attr<String>,
    pub os_type: Attr<String>,
    pub asset_value: Attr<String>,
    pub protect_status: Attr<String>,
    pub wtp_status: Attr<String>,
    pub agent_status: Attr<String>,
    pub rasp_status: Attr<String>,
    pub remote_backup: Attr<bool>,
    pub backup_host_id: Attr<String>,
    pub enterprise_project_id: Attr<String>,
    pub region: Attr<String>,
    pub hosts: Attr<Vec<Attr<Item>>>,
}

/// One server.
#[derive(Clone, Debug, Default)]
pub struct Item {
    pub host_id: Attr<String>,
    pub host_name: Attr<String>,
    pub public_ip: Attr<String>,
    pub private_ip: Attr<String>,
    pub group_id: Attr<String>,
    pub group_name: Attr<String>,
    pub asset_value: Attr<String>,
    pub os_bit: Attr<String>,
    pub os_type: Attr<String>,
    pub os_name: Attr<String>,
    pub os_version: Attr<String>,
    pub host_status: Attr<String>,
    pub agent_status: Attr<String>,
    pub protect_status: Attr<String>,
    pub interrupt_reason: Attr<String>,
    pub protect_dir_num: Attr<i64>,
    pub abnormal_dir_list: Attr<Vec<Attr<String>>>,
    pub abnormal_reason: Attr<i64>,
    pub abnormality: Attr<String>,
    pub rasp_protect_status: Attr<String>,
    pub anti_tampering_times: Attr<i64>,
    pub detect_tampering_times: Attr<i64>,
    pub charging_mode: Attr<String>,
    pub resource_id: Attr<String>,
    pub remote_backup: Attr<bool>,
    pub backup_host_id: Attr<String>,
}

const HOST_NAME: Path = Path::root("host_name");
const PUBLIC_IP: Path = Path::root("public_ip");
const PRIVATE_IP: Path = Path::root("private_ip");
const GROUP_ID: Path = Path::root("group_id");
const GROUP_NAME: Path = Path::root("group_name");
const ASSET_VALUE: Path = Path::root("asset_value");
const OS_BIT: Path = Path::root("os_bit");
const OS_TYPE: Path = Path::root("os_type");
const OS_NAME: Path = Path::root("os_name");
const OS_VERSION: Path = Path::root("os_version");
const HOST_STATUS: Path = Path::root("host_status");
const AGENT_STATUS: Path = Path::root("agent_status");
const PROTECT_STATUS: Path = Path::root("protect_status");
const WTP_STATUS: Path = Path::root("wtp_status");
const RASP_STATUS: Path = Path::root("rasp_status");
const INTERRUPT_REASON: Path = Path::root("interrupt_reason");
const PROTECT_DIR_NUM: Path = Path::root("protect_dir_num");
const ABNORMAL_DIR_LIST: Path = Path::root("abnormal_dir_list");
const ABNORMAL_REASON: Path = Path::root("abnormal_reason");
const ABNORMALITY: Path = Path::root("abnormality");
const RASP_PROTECT_STATUS: Path = Path::root("rasp_protect_status");
const ANTI_TAMPERING_TIMES: Path = Path::root("anti_tampering_times");
const DETECT_TAMPERING_TIMES: Path = Path::root("detect_tampering_times");
const CHARGING_MODE: Path = Path::root("charging_mode");
const RESOURCE_ID: Path = Path::root("resource_id");
const REMOTE_BACKUP: Path = Path::root("remote_backup");
const BACKUP_HOST_ID: Path = Path::root("backup_host_id");
const HOSTS: Path = Path::root("hosts");

impl DataSource<Api> for Hosts {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_hosts";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Lists the servers that Web Tamper Protection (WTP) is on for, or was: HSS keeps listing a server whose protection was switched off while it has a policy. All arguments that are given have to fit; those that HSS can filter by are sent to it.")
            .attr(HOST_NAME, |m| &mut m.host_name, optional().text(filters::host_name), "Lists only servers with this in their name, as HSS compares it.")
            .attr(HOST_ID, |m| &mut m.host_id, optional().text(checks::host_id), "Lists only the server with this id.")
            .attr(PUBLIC_IP, |m| &mut m.public_ip, optional().text(filters::public_ip), "Lists only servers with this public address.")
            .attr(PRIVATE_IP, |m| &mut m.private_ip, optional().text(filters::private_ip), "Lists only servers with this private address.")
            .attr(GROUP_NAME, |m| &mut m.group_name, optional().text(filters::group_name), "Lists only servers of the server group with this name.")
            .attr(OS_TYPE, |m| &mut m.os_type, optional().text(filters::os_type), "Lists only servers with this operating system: `Linux` or `Windows`.")
            .attr(ASSET_VALUE, |m| &mut m.asset_value, optional().text(filters::asset_value), "Lists only servers of this importance: `important`, `common` or `test`.")
            .attr(PROTECT_STATUS, |m| &mut m.protect_status, optional().text(filters::protect_status), "With `opened`, the one value that HSS filters by, lists only servers for which WTP is switched on, whatever became of it.")
            .attr(WTP_STATUS, |m| &mut m.wtp_status, optional().text(filters::wtp_status), "Lists only servers in this state of WTP: `opened`, `opening`, `open_failed`, `partial_protection` or `protection_interruption`.")
            .attr(AGENT_STATUS, |m| &mut m.agent_status, optional().text(filters::agent_status), "Lists only servers whose HSS agent is so: `online`, `offline` or `not_installed`.")
            .attr(RASP_STATUS, |m| &mut m.rasp_status, optional().text(filters::rasp_status), "Lists only servers with dynamic WTP so: `opened` or `closed`.")
            .attr(REMOTE_BACKUP, |m| &mut m.remote_backup, optional(), "Lists only servers with remote backup on (`true`) or off (`false`). Picked from what HSS lists.")
            .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, optional().text(checks::host_id), "Lists only servers whose copies go to this backup server. Picked from what HSS lists.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(filters::enterprise_project), place::ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional_computed().text(checks::region), place::REGION_TEXT)
            .nested_in(HOSTS, |m| &mut m.hosts, computed(), item(), "The servers, sorted by id.")
    }

    async fn read(&self, cx: &ReadCx<'_, Api>, mut config: Model) -> Outcome<Model> {
        let filter = filter(&config);
        let (on, target) = (config.remote_backup.known().copied(), config.backup_host_id.known());
        let place =
            Place { region: &mut config.region, enterprise_project_id: &config.enterprise_project_id };
        config.hosts = place::read_at(cx, place, async |session| {
            const FAILURE: &str = "Could not list the servers with Web Tamper Protection";
            let listed = if filter.is_empty() {
                session.protected_hosts(place::since(cx, session)).await
            } else {
                session.list_wtp_hosts(&filter).await.map(Into::into)
            };
            let hosts = listed.whole(FAILURE)?;
            let told = session.list_names_backup_hosts(&hosts).await.whole(FAILURE)?;
            if !told {
                let picked_by =
                    if on.is_some() { Some(REMOTE_BACKUP) } else { target.map(|_| BACKUP_HOST_ID) };
                match picked_by {
                    Some(path) => return Err(Diagnostic::error(UNTOLD, UNTOLD_WHY).at(path).into()),
                    None => cx.warn(Diagnostic::warning(UNTOLD, UNTOLD_WHY)),
                }
            }
            let fits = |host: &&WtpHost| {
                on.is_none_or(|on| on == host.backup_host_id.is_some())
                    && target.is_none_or(|target| host.backup_host_id.as_ref() == Some(target))
            };
            let items = hosts.iter().filter(fits).map(|host| {
                let mut item = Item::from(host);
                if !told {
                    item.remote_backup = Attr::Null;
                }
                Attr::Known(item)
            });
            Ok(Attr::Known(items.collect()))
        })
        .await?;
        Ok(config)
    }
}

fn filter(config: &Model) -> WtpHostFilter {
    let text = |value: &Attr<String>| value.known().cloned();
    WtpHostFilter {
        host_name: text(&config.host_name),
        host_id: text(&config.host_id),
        public_ip: text(&config.public_ip),
        private_ip: text(&config.private_ip),
        group_name: text(&config.group_name),
        os_type: text(&config.os_type),
        asset_value: text(&config.asset_value),
        protect_status: text(&config.protect_status),
        wtp_status: text(&config.wtp_status),
        agent_status: text(&config.agent_status),
        rasp_status: text(&config.rasp_status),
    }
}

/// A list that says nothing of remote backup must not be read as if it were off everywhere.
pub(super) const UNTOLD: &str = "The list does not tell whether remote backup is on";
pub(super) const UNTOLD_WHY: &str = "HSS in this region lists servers without their backup servers: one that was asked for itself has \
     remote backup on, and the list does not show it. Read single servers with the data source hss_wtp_remote_backup.";

#[rustfmt::skip]
fn item() -> Schema<Item> {
    Schema::<Item>::new("")
        .attr(HOST_ID, |m| &mut m.host_id, computed(), "Id of the server.")
        .attr(HOST_NAME, |m| &mut m.host_name, computed(), "Name of the server.")
        .attr(PUBLIC_IP, |m| &mut m.public_ip, computed(), "Its public address; null where it has none.")
        .attr(PRIVATE_IP, |m| &mut m.private_ip, computed(), "Its private address.")
        .attr(GROUP_ID, |m| &mut m.group_id, computed(), "Id of its group; null where it is in none.")
        .attr(GROUP_NAME, |m| &mut m.group_name, computed(), "Name of its server group; null where it is in none.")
        .attr(ASSET_VALUE, |m| &mut m.asset_value, computed(), "Its importance: `important`, `common` or `test`.")
        .attr(OS_BIT, |m| &mut m.os_bit, computed(), "`64` or `32`.")
        .attr(OS_TYPE, |m| &mut m.os_type, computed(), "`Linux` or `Windows`. Remote backup is there for Linux only.")
        .attr(OS_NAME, |m| &mut m.os_name, computed(), "Distribution or edition.")
        .attr(OS_VERSION, |m| &mut m.os_version, computed(), "Version of the operating system.")
        .attr(HOST_STATUS, |m| &mut m.host_status, computed(), "`ACTIVE`, `SHUTOFF`, `BUILDING` or `ERROR`.")
        .attr(AGENT_STATUS, |m| &mut m.agent_status, computed(), "State of its HSS agent: `online`, `offline` or `not_installed`.")
        .attr(PROTECT_STATUS, |m| &mut m.protect_status, computed(), "State of WTP: `opened`, `opening`, `open_failed`, `partial_protection`, `protection_interruption`, `protection_pause` or `closed`.")
        .attr(INTERRUPT_REASON, |m| &mut m.interrupt_reason, computed(), "Why protection is interrupted, in HSS's words; null where it is not.")
        .attr(PROTECT_DIR_NUM, |m| &mut m.protect_dir_num, computed(), "How many directories are protected.")
        .attr(ABNORMAL_DIR_LIST, |m| &mut m.abnormal_dir_list, computed(), "Directories that are to be protected and are not; empty where all are.")
        .attr(ABNORMAL_REASON, |m| &mut m.abnormal_reason, computed(), "Why these are not, as HSS numbers it; null where all are.")
        .attr(ABNORMALITY, |m| &mut m.abnormality, computed(), "The same in words: `path_missing` (1), `paths_missing` (2), `path_not_protected` (7), `paths_not_protected` (8), `network_file_system` (10), `network_file_systems` (11), or `unknown` for a number that is new.")
        .attr(RASP_PROTECT_STATUS, |m| &mut m.rasp_protect_status, computed(), "Dynamic WTP: `opened` or `closed`.")
        .attr(ANTI_TAMPERING_TIMES, |m| &mut m.anti_tampering_times, computed(), "Attacks on files within the last 7 days.")
        .attr(DETECT_TAMPERING_TIMES, |m| &mut m.detect_tampering_times, computed(), "Attacks on running applications within the last 7 days.")
        .attr(CHARGING_MODE, |m| &mut m.charging_mode, computed(), "How WTP is paid for: `packet_cycle` (yearly or monthly) or `on_demand`.")
        .attr(RESOURCE_ID, |m| &mut m.resource_id, computed(), "The quota that it uses; null where that is not told.")
        .attr(REMOTE_BACKUP, |m| &mut m.remote_backup, computed(), "Whether remote backup is on; null in a region whose list does not tell.")
        .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, computed(), "The backup server that its copies go to; null where remote backup is off. The list has no address: `hss_wtp_remote_backup` tells that.")
}

impl From<&WtpHost> for Item {
    fn from(host: &WtpHost) -> Self {
        let dirs = host.abnormal_dir_list.iter().cloned().map(Attr::Known).collect();
        Self {
            host_id: Attr::Known(host.host_id.clone()),
            host_name: host.host_name.clone().into(),
            public_ip: host.public_ip.clone().into(),
            private_ip: host.private_ip.clone().into(),
            group_id: host.group_id.clone().into(),
            group_name: host.group_name.clone().into(),
            asset_value: host.asset_value.clone().into(),
            os_bit: host.os_bit.clone().into(),
            os_type: host.os_type.clone().into(),
            os_name: host.os_name.clone().into(),
            os_version: host.os_version.clone().into(),
            host_status: host.host_status.clone().into(),
            agent_status: host.agent_status.clone().into(),
            protect_status: host.protect_status.clone().into(),
            interrupt_reason: host.interrupt_reason.clone().into(),
            protect_dir_num: host.protect_dir_num.into(),
            abnormal_dir_list: Attr::Known(dirs),
            abnormal_reason: host.abnormal_reason.into(),
            abnormality: host.abnormal_reason.map(|number| abnormality(number).to_owned()).into(),
            rasp_protect_status: host.rasp_protect_status.clone().into(),
            anti_tampering_times: host.anti_tampering_times.into(),
            detect_tampering_times: host.detect_tampering_times.into(),
            charging_mode: host.charging_mode.clone().into(),
            resource_id: host.resource_id.clone().into(),
            remote_backup: Attr::Known(host.backup_host_id.is_some()),
            backup_host_id: host.backup_host_id.clone().into(),
        }
    }
}

/// What is wrong with directories, by the vendor's number.
fn abnormality(number: i64) -> &'static str {
    match number {
        1 => "path_missing",
        2 => "paths_missing",
        7 => "path_not_protected",
        8 => "paths_not_protected",
        10 => "network_file_system",
        11 => "network_file_systems",
        _ => "unknown",
    }
}
