//! Protected servers as Web Tamper Protection lists them: the preconditions of remote backup, and who uses
//! which backup server.

use serde::Deserialize;

use super::{
    Error, Session,
    call::{Values, filled},
    operation::{LIST_WEB_TAMPER_HOSTS, LIST_WTP_HOSTS},
    page,
    snapshot::Listing,
};

/// The servers with Web Tamper Protection.
pub(super) static PROTECTED: Listing<WtpHost, Item> = Listing {
    operation: &LIST_WTP_HOSTS,
    path: &["webtamper", "hosts"],
    id: |item| item.host_id.as_deref().unwrap_or_default(),
    item: WtpHost::from_item,
};

/// The servers that could get it.
pub(super) static ELIGIBLE: Listing<WtpHost, Item> = Listing {
    operation: &LIST_WEB_TAMPER_HOSTS,
    path: &["webtamper", "host-management", "hosts"],
    id: |item| item.host_id.as_deref().unwrap_or_default(),
    item: WtpHost::from_item,
};

/// Which servers to list; all that are set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WtpHostFilter {
    /// One server.
    pub host_id: Option<String>,
    /// `not_installed`, `online`, `offline`.
    pub agent_status: Option<String>,
    /// `opened` is the only value every version takes.
    pub protect_status: Option<String>,
}

/// A server with its state of protection. Texts are the vendor's; new values may come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WtpHost {
    /// The server's id.
    pub host_id: String,
    /// Its name.
    pub host_name: Option<String>,
    /// `Linux` or `Windows`; older versions write lower case.
    pub os_type: Option<String>,
    /// `opening`, `opened`, `closed`, `open_failed`, `partial_protection`, `protection_interruption`,
    /// `protection_pause`.
    pub protect_status: Option<String>,
    /// `not_installed`, `online`, `offline`.
    pub agent_status: Option<String>,
    /// `ACTIVE`, `SHUTOFF`, `BUILDING`, `ERROR`.
    pub host_status: Option<String>,
    /// Its private address.
    pub private_ip: Option<String>,
    /// The backup server its copies go to; only while remote backup is on.
    pub backup_host_id: Option<String>,
    /// Why protection was interrupted.
    pub interrupt_reason: Option<String>,
    /// What is wrong with its directories, as the vendor's number.
    pub abnormal_reason: Option<i64>,
}

impl WtpHostFilter {
    /// The server with this id.
    pub fn host(id: &str) -> WtpHostFilter {
        WtpHostFilter { host_id: Some(id.to_owned()), ..WtpHostFilter::default() }
    }
}

#[derive(Deserialize)]
pub(super) struct Item {
    host_id: Option<String>,
    host_name: Option<String>,
    os_type: Option<String>,
    protect_status: Option<String>,
    agent_status: Option<String>,
    host_status: Option<String>,
    private_ip: Option<String>,
    backup_host_id: Option<String>,
    interrupt_reason: Option<String>,
    abnormal_reason: Option<i64>,
    /// What the versions between April and September 2025 had instead, under this very name.
    remote_backbup_info: Option<OldInfo>,
}

#[derive(Deserialize)]
struct OldInfo {
    remote_backup: Option<bool>,
    backup_host_id: Option<String>,
}

impl Session {
    /// The servers that fit, sorted by id. An unknown id gives an empty list, not an error.
    pub async fn list_wtp_hosts(&self, filter: &WtpHostFilter) -> Result<Vec<WtpHost>, Error> {
        self.walk_hosts(&PROTECTED, filter).await
    }

    /// The servers that could get protection. They are told with their ids, names, system and address alone;
    /// of the filter only `host_id` is heeded.
    pub async fn list_web_tamper_hosts(&self, filter: &WtpHostFilter) -> Result<Vec<WtpHost>, Error> {
        let filter = WtpHostFilter { host_id: filter.host_id.clone(), ..WtpHostFilter::default() };
        self.walk_hosts(&ELIGIBLE, &filter).await
    }

    async fn walk_hosts(
        &self,
        listing: &Listing<WtpHost, Item>,
        filter: &WtpHostFilter,
    ) -> Result<Vec<WtpHost>, Error> {
        let items = page::walk(
            |offset| {
                let filters = [
                    ("host_id", &filter.host_id),
                    ("agent_status", &filter.agent_status),
                    ("protect_status", &filter.protect_status),
                ];
                let query = filters.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
                let values = Values { path: listing.path, query: query.collect(), ..Values::default() };
                self.read_page::<Item>(listing.operation, values, offset)
            },
            listing.id,
        )
        .await?;
        let hosts = items.into_iter().filter_map(listing.item);
        // The filter is the service's; a version that does not know it gives everything.
        Ok(hosts.filter(|host| filter.host_id.as_ref().is_none_or(|id| *id == host.host_id)).collect())
    }
}

impl WtpHost {
    fn from_item(item: Item) -> Option<WtpHost> {
        let old = item.remote_backbup_info.filter(|info| info.remote_backup != Some(false));
        Some(WtpHost {
            host_id: filled(item.host_id)?,
            host_name: filled(item.host_name),
            os_type: filled(item.os_type),
            protect_status: filled(item.protect_status),
            agent_status: filled(item.agent_status),
            host_status: filled(item.host_status),
            private_ip: filled(item.private_ip),
            backup_host_id: filled(item.backup_host_id).or_else(|| filled(old?.backup_host_id)),
            interrupt_reason: filled(item.interrupt_reason),
            abnormal_reason: item.abnormal_reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::testing::rig, rest::testing::Answer};

    #[tokio::test]
    async fn asks_with_the_region_and_reads_both_ages() {
        let answer = serde_json::json!({ "total_num": 5, "data_list": [
            { "host_id": "a", "os_type": "Linux", "backup_host_id": "b1" },
            { "host_id": "b", "remote_backbup_info": { "remote_backup": true, "backup_host_id": "b2" } },
            { "host_id": "c", "remote_backbup_info": { "remote_backup": false, "backup_host_id": "b3" } },
            { "host_id": "d", "backup_host_id": "", "abnormal_reason": null, "new": [] },
            { "host_id": "e", "backup_host_id": "b4", "remote_backbup_info": { "backup_host_id": "b5" } },
        ] });
        let rig = rig(vec![Answer::json(&answer)]).await;
        let hosts = rig.session().list_wtp_hosts(&WtpHostFilter::default()).await.unwrap();
        let targets: Vec<Option<&str>> = hosts.iter().map(|host| host.backup_host_id.as_deref()).collect();
        assert_eq!(targets, [Some("b1"), Some("b2"), None, None, Some("b4")]);
        assert!(rig.server.requests()[0].contains("\r\nregion: cn-north-4\r\n"));
    }

    #[tokio::test]
    async fn one_host_is_found_by_its_id() {
        let answer =
            serde_json::json!({ "total_num": 2, "data_list": [{ "host_id": "a" }, { "host_id": "ab" }] });
        let rig = rig(vec![Answer::json(&answer), Answer::json(&answer)]).await;
        let session = rig.session();
        let hosts = session.list_wtp_hosts(&WtpHostFilter::host("a")).await.unwrap();
        assert_eq!(hosts.len(), 1);
        let hosts = session.everywhere().list_web_tamper_hosts(&WtpHostFilter::host("ab")).await.unwrap();
        assert_eq!(hosts.len(), 1);
        assert_eq!(
            rig.lines(),
            [
                "GET /v5/p0/webtamper/hosts?enterprise_project_id=all_granted_eps&host_id=a&limit=200&offset=0",
                "GET /v5/p0/webtamper/host-management/hosts\
                 ?enterprise_project_id=all_granted_eps&host_id=ab&limit=200&offset=0",
            ]
        );
    }
}
