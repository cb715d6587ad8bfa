//! Remote backup servers: listing, adding or changing, deleting.
//!
//! The API cannot read one of them, so every read walks the whole list, and callers share the walk.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Error, Session,
    call::{Values, filled},
    operation::{DELETE_BACKUP_HOSTS, LIST_BACKUP_HOSTS, UPDATE_BACKUP_HOST},
    page,
};
use crate::rest::{Limits, Patience};

/// How many ids one delete may hold.
const DELETE_CHUNK: usize = 100;
const PATH: &[&str] = &["wtp", "backup-hosts"];

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

#[derive(Deserialize)]
struct Item {
    backup_host_id: Option<String>,
    backup_host_name: Option<String>,
    backup_host_ip: Option<String>,
    backup_host_port: Option<i64>,
    backup_dir: Option<String>,
    backup_host_status: Option<i64>,
}

impl Session {
    /// All backup servers of the project, sorted by id.
    ///
    /// Callers that ask at the same time share one walk of the list. Nobody is given what was read, even in
    /// part, before it asked.
    pub async fn list_backup_hosts(&self) -> Result<Arc<[BackupHost]>, Error> {
        let key = (self.region.clone(), Some(self.read_scope().to_owned()));
        let flights = &self.hss.0.backup_hosts;
        flights
            .join(key, self.clock(), &self.patience, |ticket| {
                let patience = Patience { limits: Limits::default(), quota: ticket.quota.clone() };
                let session = self.detached(patience);
                async move {
                    session.prepare(&LIST_BACKUP_HOSTS).await?;
                    // Whoever asks in this very moment comes along.
                    tokio::task::yield_now().await;
                    ticket.close();
                    session.walk_backup_hosts().await
                }
            })
            .await
            .map_err(|cut| Error::from_cut(cut, LIST_BACKUP_HOSTS.name))?
    }

    async fn walk_backup_hosts(&self) -> Result<Arc<[BackupHost]>, Error> {
        let items = page::walk(
            |offset| {
                let values = Values { path: PATH, ..Values::default() };
                self.read_page::<Item>(&LIST_BACKUP_HOSTS, values, offset)
            },
            |item| item.backup_host_id.as_deref().unwrap_or_default(),
        )
        .await?;
        Ok(items.into_iter().filter_map(BackupHost::from_item).collect())
    }

    /// Adds a backup server, or changes it. It answers before the server's agent has done anything.
    pub async fn update_backup_host(&self, body: &UpdateBackupHost) -> Result<(), Error> {
        let body = Some(serde_json::json!(body));
        let values = Values { path: PATH, body, ..Values::default() };
        self.call(&UPDATE_BACKUP_HOST, values).await.map(drop)
    }

    /// Deletes backup servers, a hundred per call. Stops at the first call that fails.
    pub async fn delete_backup_hosts(&self, ids: &[String]) -> Result<(), Error> {
        for chunk in ids.chunks(DELETE_CHUNK) {
            let body = Some(serde_json::json!({ "backup_host_id_list": chunk }));
            self.call(&DELETE_BACKUP_HOSTS, Values { path: PATH, body, ..Values::default() }).await?;
        }
        Ok(())
    }
}

impl BackupHost {
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

    #[tokio::test]
    async fn deletes_come_in_hundreds() {
        let rig = rig(vec![Answer::status(200).body("{}"), Answer::status(204)]).await;
        let ids: Vec<String> = (0..101).map(|id| format!("h{id}")).collect();
        rig.session().delete_backup_hosts(&ids).await.unwrap();
        assert_eq!(rig.lines(), ["DELETE /v5/p0/wtp/backup-hosts"; 2]);
        assert!(rig.server.requests()[1].ends_with(r#"{"backup_host_id_list":["h100"]}"#));
    }
}
