//! The remote backup of one protected server: a switch with a target.

use serde::Deserialize;

use super::{
    Error, Session,
    call::{Values, filled},
    operation::{SET_REMOTE_BACKUP, SHOW_REMOTE_BACKUP},
};

/// Whether a server's copies go elsewhere, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteBackup {
    /// On or off. While off, nothing else is known, whatever the service says.
    pub remote_backup: bool,
    /// `IP:port` the server sends to.
    pub backup_addr: Option<String>,
    /// The id of the backup server.
    pub backup_host_id: Option<String>,
    /// Its name.
    pub backup_host_name: Option<String>,
}

/// Where copies are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupTarget {
    /// `IP:port` of the backup server.
    pub backup_addr: String,
    /// Its id.
    pub backup_host_id: String,
}

#[derive(Deserialize)]
struct ShowReply {
    remote_backup: Option<bool>,
    backup_addr: Option<String>,
    backup_host_id: Option<String>,
    backup_host_name: Option<String>,
}

impl Session {
    /// The setting of a protected server.
    pub async fn show_remote_backup(&self, host_id: &str) -> Result<RemoteBackup, Error> {
        let values = Values { path: &["wtp", host_id, "backup-host"], ..Values::default() };
        Ok(self.read::<ShowReply>(&SHOW_REMOTE_BACKUP, values).await?.into())
    }

    /// Switches remote backup on towards a target, or off. Repeating it changes nothing.
    pub async fn set_remote_backup(&self, host_id: &str, target: Option<&BackupTarget>) -> Result<(), Error> {
        let body = Some(match target {
            Some(target) => serde_json::json!({
                "remote_backup": true,
                "backup_addr": target.backup_addr,
                "backup_host_id": target.backup_host_id,
            }),
            None => serde_json::json!({ "remote_backup": false }),
        });
        let values = Values { path: &["wtp", host_id, "set-remote-backup"], body, ..Values::default() };
        let result = self.call(&SET_REMOTE_BACKUP, values).await.map(drop);
        self.note_write(host_id);
        result
    }
}

impl From<ShowReply> for RemoteBackup {
    fn from(reply: ShowReply) -> RemoteBackup {
        if reply.remote_backup != Some(true) {
            return RemoteBackup::default();
        }
        RemoteBackup {
            remote_backup: true,
            backup_addr: filled(reply.backup_addr),
            backup_host_id: filled(reply.backup_host_id),
            backup_host_name: filled(reply.backup_host_name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::testing::rig, rest::testing::Answer};

    #[tokio::test]
    async fn every_way_to_say_off_is_off() {
        for body in [
            "{}",
            r#"{"remote_backup":null}"#,
            r#"{"remote_backup":false,"backup_addr":"","backup_host_id":""}"#,
            r#"{"remote_backup":false,"backup_host_id":"stale","backup_addr":"1.2.3.4:5"}"#,
        ] {
            let rig = rig(vec![Answer::status(200).body(body)]).await;
            let shown = rig.session().show_remote_backup("h1").await.unwrap();
            assert_eq!(shown, RemoteBackup::default(), "{body}");
        }
    }

    #[tokio::test]
    async fn calls_are_as_the_reference_says() {
        let on =
            r#"{"remote_backup":true,"backup_addr":"1.2.3.4:5","backup_host_id":"b1","backup_host_name":""}"#;
        let rig = rig(vec![Answer::status(200).body(on), Answer::status(200), Answer::status(200)]).await;
        let session = rig.session();
        let shown = session.show_remote_backup("h 1").await.unwrap();
        let target = BackupTarget {
            backup_addr: shown.backup_addr.unwrap(),
            backup_host_id: shown.backup_host_id.unwrap(),
        };
        assert_eq!((target.backup_addr.as_str(), shown.backup_host_name), ("1.2.3.4:5", None));
        session.set_remote_backup("h 1", Some(&target)).await.unwrap();
        session.set_remote_backup("h 1", None).await.unwrap();
        assert_eq!(
            rig.lines(),
            [
                "GET /v5/p0/wtp/h%201/backup-host?enterprise_project_id=all_granted_eps",
                "POST /v5/p0/wtp/h%201/set-remote-backup",
                "POST /v5/p0/wtp/h%201/set-remote-backup",
            ]
        );
        let bodies: Vec<serde_json::Value> = rig.server.requests()[1..]
            .iter()
            .map(|request| request.split_once("\r\n\r\n").unwrap().1.parse().unwrap())
            .collect();
        assert_eq!(
            bodies,
            [
                serde_json::json!({ "remote_backup": true, "backup_addr": "1.2.3.4:5", "backup_host_id": "b1" }),
                serde_json::json!({ "remote_backup": false }),
            ]
        );
    }

    #[tokio::test]
    async fn an_id_that_would_change_the_path_makes_no_call() {
        let rig = rig(Vec::new()).await;
        for id in ["", ".", "..", "a/b"] {
            let result = rig.session().show_remote_backup(id).await;
            assert!(matches!(result, Err(Error::Id { .. })), "{id:?}");
        }
        assert!(rig.lines().is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_is_no_json_is_an_error_of_its_own() {
        let answer = Answer::status(200).header("X-Request-Id", "r7").body("<html>");
        let rig = rig(vec![answer]).await;
        let error = rig.session().show_remote_backup("h1").await.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
        assert_eq!(error.request_id(), Some("r7"));
    }
}
