//! Protected servers as Web Tamper Protection lists them: the preconditions of remote backup, and who uses
//! which backup server.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{
    Error, Session,
    call::{Values, filled},
    operation::{LIST_WEB_TAMPER_HOSTS, LIST_WTP_HOSTS},
    page,
    pages::Pages,
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
    /// A part of the name.
    pub host_name: Option<String>,
    /// One server.
    pub host_id: Option<String>,
    /// IPv4, or IPv6 in at least 15 characters.
    pub public_ip: Option<String>,
    /// 1 to 128 characters.
    pub private_ip: Option<String>,
    /// The server group, by its name.
    pub group_name: Option<String>,
    /// `Linux`, `Windows`.
    pub os_type: Option<String>,
    /// `important`, `common`, `test`.
    pub asset_value: Option<String>,
    /// `opened` is the only value every version takes.
    pub protect_status: Option<String>,
    /// `opened`, `opening`, `open_failed`, `partial_protection`, `protection_interruption`.
    pub wtp_status: Option<String>,
    /// `not_installed`, `online`, `offline`.
    pub agent_status: Option<String>,
    /// `opened`, `closed`.
    pub rasp_status: Option<String>,
}

/// A server with its state of protection. Texts are the vendor's; new values may come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WtpHost {
    /// The server's id.
    pub host_id: String,
    /// Its name.
    pub host_name: Option<String>,
    /// Its public address.
    pub public_ip: Option<String>,
    /// Its private address.
    pub private_ip: Option<String>,
    /// The group it is in.
    pub group_id: Option<String>,
    /// The name of that group.
    pub group_name: Option<String>,
    /// `important`, `common`, `test`.
    pub asset_value: Option<String>,
    /// `32` or `64`, as text.
    pub os_bit: Option<String>,
    /// `Linux` or `Windows`; older versions write lower case.
    pub os_type: Option<String>,
    /// The distribution.
    pub os_name: Option<String>,
    /// Its version.
    pub os_version: Option<String>,
    /// `opening`, `opened`, `closed`, `open_failed`, `partial_protection`, `protection_interruption`,
    /// `protection_pause`.
    pub protect_status: Option<String>,
    /// `packet_cycle`, `on_demand`.
    pub charging_mode: Option<String>,
    /// The quota that is used up for it.
    pub resource_id: Option<String>,
    /// `opened`, `closed`: protection of running web applications.
    pub rasp_protect_status: Option<String>,
    /// Attacks on files within the last 7 days.
    pub anti_tampering_times: Option<i64>,
    /// Attacks on running applications within the last 7 days.
    pub detect_tampering_times: Option<i64>,
    /// `ACTIVE`, `SHUTOFF`, `BUILDING`, `ERROR`.
    pub host_status: Option<String>,
    /// `not_installed`, `online`, `offline`.
    pub agent_status: Option<String>,
    /// How many directories are protected.
    pub protect_dir_num: Option<i64>,
    /// Directories that are not protected although they should be.
    pub abnormal_dir_list: Vec<String>,
    /// What is wrong with these, as the vendor's number.
    pub abnormal_reason: Option<i64>,
    /// The backup server its copies go to; only while remote backup is on.
    pub backup_host_id: Option<String>,
    /// Why protection was interrupted.
    pub interrupt_reason: Option<String>,
}

impl WtpHostFilter {
    /// The server with this id.
    pub fn host(id: &str) -> WtpHostFilter {
        WtpHostFilter { host_id: Some(id.to_owned()), ..WtpHostFilter::default() }
    }

    /// Whether every server fits, so that a list read for somebody else will do.
    pub fn is_empty(&self) -> bool {
        *self == WtpHostFilter::default()
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let filters = [
            ("host_name", &self.host_name),
            ("host_id", &self.host_id),
            ("public_ip", &self.public_ip),
            ("private_ip", &self.private_ip),
            ("group_name", &self.group_name),
            ("os_type", &self.os_type),
            ("asset_value", &self.asset_value),
            ("protect_status", &self.protect_status),
            ("wtp_status", &self.wtp_status),
            ("agent_status", &self.agent_status),
            ("rasp_status", &self.rasp_status),
        ];
        filters.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

/// A server as it is written.
#[derive(Deserialize)]
pub struct Item {
    host_id: Option<String>,
    host_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    public_ip: Option<String>,
    private_ip: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    group_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    group_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    asset_value: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    os_bit: Option<String>,
    os_type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    os_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    os_version: Option<String>,
    protect_status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    charging_mode: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    resource_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    rasp_protect_status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    anti_tampering_times: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    detect_tampering_times: Option<i64>,
    host_status: Option<String>,
    agent_status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    protect_dir_num: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    abnormal_dir_list: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient")]
    abnormal_reason: Option<i64>,
    backup_host_id: Option<String>,
    interrupt_reason: Option<String>,
    /// What the versions between April and September 2025 had instead, under this very name.
    remote_backbup_info: Option<OldInfo>,
}

/// What only informs is left out where it is not of the documented type: nothing is decided by it, and one odd value must
/// not make a whole list unreadable.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
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

    /// The servers that fit, page by page.
    pub fn wtp_host_pages(&self, filter: &WtpHostFilter) -> Pages<WtpHost, Item> {
        Pages::new(self, &PROTECTED, filter.query())
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
                let values = Values { path: listing.path, query: filter.query(), ..Values::default() };
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
            public_ip: filled(item.public_ip),
            private_ip: filled(item.private_ip),
            group_id: filled(item.group_id),
            group_name: filled(item.group_name),
            asset_value: filled(item.asset_value),
            os_bit: filled(item.os_bit),
            os_type: filled(item.os_type),
            os_name: filled(item.os_name),
            os_version: filled(item.os_version),
            protect_status: filled(item.protect_status),
            charging_mode: filled(item.charging_mode),
            resource_id: filled(item.resource_id),
            rasp_protect_status: filled(item.rasp_protect_status),
            anti_tampering_times: item.anti_tampering_times,
            detect_tampering_times: item.detect_tampering_times,
            host_status: filled(item.host_status),
            agent_status: filled(item.agent_status),
            protect_dir_num: item.protect_dir_num,
            abnormal_dir_list: item.abnormal_dir_list.unwrap_or_default(),
            abnormal_reason: item.abnormal_reason,
            backup_host_id: filled(item.backup_host_id).or_else(|| filled(old?.backup_host_id)),
            interrupt_reason: filled(item.interrupt_reason),
        })
    }

    /// Whether it runs Windows, for which there is no remote backup.
    pub fn is_windows(&self) -> bool {
        self.os_type.as_deref().is_some_and(|os| os.eq_ignore_ascii_case("windows"))
    }

    /// Whether Web Tamper Protection is switched on for it, whatever became of it.
    pub fn is_protected(&self) -> bool {
        self.protect_status.as_deref().is_some_and(|status| status != "closed")
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
            { "host_id": "e", "backup_host_id": "b4", "remote_backbup_info": { "backup_host_id": "b5" },
              "os_bit": 64, "abnormal_dir_list": [null], "anti_tampering_times": "many", "group_name": "shops" },
        ] });
        let rig = rig(vec![Answer::json(&answer)]).await;
        let hosts = rig.session().list_wtp_hosts(&WtpHostFilter::default()).await.unwrap();
        let targets: Vec<Option<&str>> = hosts.iter().map(|host| host.backup_host_id.as_deref()).collect();
        assert_eq!(targets, [Some("b1"), Some("b2"), None, None, Some("b4")]);
        // What only informs is left out where it is odd.
        assert_eq!((&hosts[4].os_bit, hosts[4].anti_tampering_times), (&None, None));
        assert_eq!(hosts[4].group_name.as_deref(), Some("shops"));
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

    #[tokio::test]
    async fn every_filter_of_the_reference_is_sent_with_each_page() {
        let page = |from: u32, to: u32| {
            let rows: Vec<_> =
                (from..to).map(|n| serde_json::json!({ "host_id": format!("{n:04}") })).collect();
            Answer::json(&serde_json::json!({ "total_num": 201, "data_list": rows }))
        };
        let rig = rig(vec![page(0, 200), page(200, 201)]).await;
        let text = |text: &str| Some(text.to_owned());
        let filter = WtpHostFilter {
            host_name: text("web shop"),
            host_id: None,
            public_ip: text("1.2.3.4"),
            private_ip: text("10.0.0.1"),
            group_name: text("g"),
            os_type: text("Linux"),
            asset_value: text("test"),
            protect_status: text("opened"),
            wtp_status: text("opening"),
            agent_status: text("online"),
            rasp_status: text("closed"),
        };
        assert_eq!(rig.session().list_wtp_hosts(&filter).await.unwrap().len(), 201);
        let sent = "GET /v5/p0/webtamper/hosts?agent_status=online&asset_value=test\
                    &enterprise_project_id=all_granted_eps&group_name=g&host_name=web%20shop";
        for (line, offset) in rig.lines().iter().zip(["0", "200"]) {
            let rest = format!(
                "&limit=200&offset={offset}&os_type=Linux&private_ip=10.0.0.1&protect_status=opened\
                 &public_ip=1.2.3.4&rasp_status=closed&wtp_status=opening"
            );
            assert_eq!(*line, format!("{sent}{rest}"));
        }
        assert!(WtpHostFilter::default().is_empty() && !filter.is_empty());
    }
}
