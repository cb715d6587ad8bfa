//! Remote backup servers: listing, adding or changing, deleting.
//!
//! The API cannot read one of them, so every read walks the whole list, and callers share the walk.

use std::{sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};

use super::{
    Error, Hss, Limits, Place, Session,
    call::{Values, filled},
    operation::{DELETE_BACKUP_HOSTS, LIST_BACKUP_HOSTS, LIST_WTP_HOSTS, UPDATE_BACKUP_HOST},
    page,
    pages::Pages,
    snapshot::{Listing, Walked},
};
use crate::rest::Cut;

const PATH: &[&str] = &["wtp", "backup-hosts"];

static LISTING: Listing<BackupHost, Item> = Listing {
    operation: &LIST_BACKUP_HOSTS,
    path: PATH,
    id: |item| item.backup_host_id.as_deref().unwrap_or_default(),
    item: BackupHost::from_item,
};

/// A registered backup server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupHost {
    /// The server's id.
    pub backup_host_id: String,
    /// Its name.
    pub backup_host_name: Option<String>,
    /// The address on which protected servers reach it.
    pub backup_host_ip: Option<String>,
    /// The port its backup service listens on.
    pub backup_host_port: Option<i64>,
    /// The directory that receives the copies.
    pub backup_dir: Option<String>,
    /// -1 start failed, 0 not started, 1 running, 2 starting; other values may come.
    pub backup_host_status: Option<i64>,
}

/// What a backup server is to be. All of it is sent each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateBackupHost {
    /// The server that is, or becomes, the backup server.
    pub host_id: String,
    /// See [`BackupHost`].
    pub backup_host_ip: String,
    /// 1–65535.
    pub backup_host_port: u16,
    /// An absolute path.
    pub backup_dir: String,
}

/// A backup server as it is written.
#[derive(Deserialize)]
pub struct Item {
    backup_host_id: Option<String>,
    backup_host_name: Option<String>,
    backup_host_ip: Option<String>,
    backup_host_port: Option<i64>,
    backup_dir: Option<String>,
    backup_host_status: Option<i64>,
}

impl Session {
    /// All backup servers of the project as they are now, sorted by id: nothing of it was read before the question.
    pub async fn list_backup_hosts(&self) -> Result<Arc<[BackupHost]>, Error> {
        self.list_backup_hosts_since(Some(self.clock().instant())).await
    }

    /// The same as they were at some time from `since` on; without, as they were lately. Callers share walks.
    pub async fn list_backup_hosts_since(&self, since: Option<Instant>) -> Result<Arc<[BackupHost]>, Error> {
        match self.hss.0.backup_hosts.get(self, &LISTING, since, None).await? {
            Walked::Whole(snapshot) => Ok(Arc::clone(&snapshot.items)),
            Walked::TooLong(_) => Err(Error::from_cut(Cut::Broken, LIST_BACKUP_HOSTS.name)),
        }
    }

    /// All backup servers, page by page. With `online`, those whose agent is online, whatever the state of their backup
    /// service.
    pub fn backup_host_pages(&self, online: bool) -> Pages<BackupHost, Item> {
        let query = online.then(|| ("is_run", "true".to_owned()));
        Pages::new(self, &LISTING, query.into_iter().collect())
    }

    /// Those whose agent is online, whatever the state of their backup service; sorted by id.
    pub async fn list_online_backup_hosts(&self) -> Result<Vec<BackupHost>, Error> {
        let fetch = |offset| {
            let query = vec![("is_run", "true".to_owned())];
            let values = Values { path: PATH, query, ..Values::default() };
            self.read_page::<Item>(&LIST_BACKUP_HOSTS, values, offset)
        };
        let items = page::walk(fetch, LISTING.id).await?;
        Ok(items.into_iter().filter_map(LISTING.item).collect())
    }

    /// Adds a backup server, or changes it. It answers before the server's agent has done anything.
    pub async fn update_backup_host(&self, body: &UpdateBackupHost) -> Result<(), Error> {
        let body = Some(serde_json::json!(body));
        let values = Values { path: PATH, body, ..Values::default() };
        let result = self.call(&UPDATE_BACKUP_HOST, values).await.map(drop);
        self.hss.0.backup_hosts.outdate(self);
        result
    }

    /// Deletes backup servers, at most a hundred.
    pub(super) async fn delete_backup_hosts(&self, ids: &[String]) -> Result<(), Error> {
        let body = Some(serde_json::json!({ "backup_host_id_list": ids }));
        let values = Values { path: PATH, body, ..Values::default() };
        let result = self.call(&DELETE_BACKUP_HOSTS, values).await.map(drop);
        self.hss.0.backup_hosts.outdate(self);
        result
    }
}

impl Hss {
    /// Whether somebody who lists servers now might have to wait for the service's quota.
    pub fn is_short_of_quota(&self) -> bool {
        let session = self.session(Place::default(), Limits::default());
        session.is_limited(&LIST_BACKUP_HOSTS) || session.is_limited(&LIST_WTP_HOSTS)
    }

    /// A backup server as it was listed last in this process; none where it was not.
    pub fn backup_host_at_hand(&self, region: &str, host_id: &str) -> Option<BackupHost> {
        self.0
            .backup_hosts
            .item_at_hand(region, |hosts| hosts.iter().find(|host| host.backup_host_id == host_id))
    }
}

impl BackupHost {
    /// Address and port of its backup service in the form that the API takes.
    pub fn addr(&self) -> Option<String> {
        let ip = self.backup_host_ip.as_deref().filter(|ip| !ip.is_empty())?;
        Some(format!("{ip}:{}", self.backup_host_port?))
    }

    /// An item without an id is nothing we could speak of.
    fn from_item(item: Item) -> Option<BackupHost> {
        Some(BackupHost {
            backup_host_id: filled(item.backup_host_id)?,
            backup_host_name: filled(item.backup_host_name),
            backup_host_ip: filled(item.backup_host_ip),
            backup_host_port: item.backup_host_port,
            backup_dir: filled(item.backup_dir),
            backup_host_status: item.backup_host_status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::testing::{rig, rig_with},
        rest::testing::Answer,
    };

    fn list(ids: std::ops::Range<u32>, total: u32) -> Answer {
        let items: Vec<_> = ids
            .map(|id| serde_json::json!({ "backup_host_id": format!("h{id:04}"), "backup_host_port": 80, "new": 1 }))
            .collect();
        Answer::json(&serde_json::json!({ "total_num": total, "data_list": items }))
    }

    #[tokio::test]
    async fn all_pages_are_read_in_two_hundreds() {
        let rig = rig(vec![list(0..200, 230), list(200..230, 230)]).await;
        let hosts = rig.session().list_backup_hosts().await.unwrap();
        assert_eq!(hosts.len(), 230);
        assert_eq!(hosts[229].backup_host_port, Some(80));
        assert_eq!(
            rig.lines(),
            [
                "GET /v5/p0/wtp/backup-hosts?enterprise_project_id=all_granted_eps&limit=200&offset=0",
                "GET /v5/p0/wtp/backup-hosts?enterprise_project_id=all_granted_eps&limit=200&offset=200",
            ]
        );
    }

    #[tokio::test]
    async fn concurrent_callers_share_a_walk_and_later_ones_do_not() {
        let rig = rig(vec![list(0..1, 1).after(std::time::Duration::from_millis(50)), list(0..2, 2)]).await;
        let (one, two) = (rig.session(), rig.session());
        let late = async {
            rig.server.wait_for_requests(1).await;
            rig.session().clock().sleep(std::time::Duration::from_millis(1)).await;
            rig.session().list_backup_hosts().await
        };
        let (one, two, late) = tokio::join!(one.list_backup_hosts(), two.list_backup_hosts(), late);
        let counts = [one, two, late].map(|hosts| hosts.unwrap().len());
        assert_eq!(counts, [1, 1, 2]);
        assert_eq!(rig.server.requests().len(), 2);
    }

    #[tokio::test]
    async fn a_shared_failure_reaches_all() {
        let rig = rig(vec![Answer::status(403).body(r#"{"error_code":"APIGW.0302"}"#)]).await;
        let (one, two) = (rig.session(), rig.session());
        let (one, two) = tokio::join!(one.list_backup_hosts(), two.list_backup_hosts());
        assert!(one.unwrap_err().is_forbidden() && two.unwrap_err().is_forbidden());
        assert_eq!(rig.server.requests().len(), 1);
    }

    #[tokio::test]
    async fn nulls_and_unknown_fields_are_fine() {
        let answer = r#"{"data_list":[{"backup_host_id":"h1","backup_host_name":null,"backup_host_ip":"",
            "backup_host_status":3,"x":{}},{"backup_host_id":null}]}"#;
        let rig = rig(vec![Answer::status(200).body(answer)]).await;
        let hosts = rig.session().list_backup_hosts().await.unwrap();
        let expected = BackupHost {
            backup_host_id: "h1".to_owned(),
            backup_host_status: Some(3),
            ..BackupHost::default()
        };
        assert_eq!(*hosts, [expected]);
    }

    #[tokio::test]
    async fn writes_name_an_enterprise_project_only_if_there_is_one() {
        let rig = rig_with(vec![Answer::status(200), Answer::status(200)], |settings| {
            settings.enterprise_project_id = Some("eps".to_owned());
        })
        .await;
        let body = UpdateBackupHost {
            host_id: "h1".to_owned(),
            backup_host_ip: "10.0.0.1".to_owned(),
            backup_host_port: 8080,
            backup_dir: "/b".to_owned(),
        };
        rig.session().update_backup_host(&body).await.unwrap();
        assert_eq!(rig.lines(), ["PUT /v5/p0/wtp/backup-hosts?enterprise_project_id=eps"]);
        let sent = rig.server.requests()[0].clone();
        assert!(
            sent.contains(
                "authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-project-id;x-sdk-date, "
            ),
            "{sent}"
        );
        let sent: serde_json::Value = sent.split_once("\r\n\r\n").unwrap().1.parse().unwrap();
        assert_eq!(
            sent,
            serde_json::json!({ "host_id": "h1", "backup_host_ip": "10.0.0.1", "backup_host_port": 8080, "backup_dir": "/b" })
        );
    }
}
