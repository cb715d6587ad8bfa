//! What the simulated account holds: identities, servers, and registered backup servers.
//!
//! The form of the world file is the interface others build on; `world_file` reads it, `to_json` writes it.

use serde_json::{Value, json};

use super::{
    accounts::{Account, Agency, IdentityProvider},
    host_details::Details,
    table::{Keyed, Table},
};

/// Everything the simulator knows at the start, and what `/_sim/world` shows while it runs.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) domain: Named,
    pub(super) projects: Vec<Named>,
    pub(super) users: Vec<User>,
    pub(super) access_keys: Vec<AccessKey>,
    /// The accounts beside the own one.
    pub(super) accounts: Vec<Account>,
    pub(super) agencies: Vec<Agency>,
    pub(super) identity_providers: Vec<IdentityProvider>,
    /// The agency of the server whose metadata service is played. Empty: it has none.
    pub(super) instance_agency: String,
    pub(super) hosts: Table<Host>,
    pub(super) backup_hosts: Table<BackupHost>,
}

/// An account or a project.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
}

/// Someone who can log in with a password.
#[derive(Clone)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) password: String,
}

/// A key pair for signed calls. One with a `security_token` is temporary: the token must come with each call.
#[derive(Clone)]
pub(super) struct AccessKey {
    pub(super) access: String,
    pub(super) secret: String,
    pub(super) security_token: Option<String>,
}

/// A server HSS knows.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) host_id: String,
    /// The project, and by it the region and the account, in which it is.
    pub(super) project_id: String,
    pub(super) host_name: String,
    pub(super) enterprise_project_id: String,
    pub(super) os_type: String,
    /// `None`: web tamper protection was never switched on, so the server is in no protection list.
    pub(super) protect_status: Option<String>,
    pub(super) agent_status: String,
    pub(super) host_status: String,
    pub(super) private_ip: String,
    pub(super) remote_backup: Option<RemoteBackup>,
    pub(super) details: Details,
}

/// Where a protected server sends its copies. The address is the one it was given, not the one registered now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RemoteBackup {
    pub(super) backup_host_id: String,
    pub(super) backup_addr: String,
}

/// A registered remote backup server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BackupHost {
    pub(super) backup_host_id: String,
    pub(super) project_id: String,
    pub(super) backup_host_ip: String,
    /// 0 to 65535, the documented range.
    pub(super) backup_host_port: i64,
    pub(super) backup_dir: String,
    /// -1 start failed, 0 not started, 1 running, 2 starting; other numbers play a newer service.
    pub(super) backup_host_status: i64,
}

pub(super) const FAILED: i64 = -1;
pub(super) const NOT_STARTED: i64 = 0;
pub(super) const RUNNING: i64 = 1;
pub(super) const STARTING: i64 = 2;

/// The enterprise project of everything that names none.
pub(super) const DEFAULT_ENTERPRISE_PROJECT: &str = "0";

impl Keyed for Host {
    fn key(&self) -> &str {
        &self.host_id
    }
}

impl Keyed for BackupHost {
    fn key(&self) -> &str {
        &self.backup_host_id
    }
}

impl Host {
    pub(super) fn is_linux(&self) -> bool {
        self.os_type == "Linux"
    }

    pub(super) fn is_online(&self) -> bool {
        self.agent_status == "online"
    }

    pub(super) fn to_json(&self) -> Value {
        let mut row = json!({
            "host_id": self.host_id,
            "host_name": self.host_name,
            "enterprise_project_id": self.enterprise_project_id,
            "os_type": self.os_type,
            "protect_status": self.protect_status,
            "agent_status": self.agent_status,
            "host_status": self.host_status,
            "private_ip": self.private_ip,
            "remote_backup": self.remote_backup.as_ref().map(|target| json!({
                "backup_host_id": target.backup_host_id,
                "backup_addr": target.backup_addr,
            })),
        });
        if let Value::Object(members) = &mut row {
            self.details.add_to(members);
        }
        row
    }
}

impl BackupHost {
    /// The address in the form protected servers are given.
    pub(super) fn addr(&self) -> String {
        format!("{}:{}", self.backup_host_ip, self.backup_host_port)
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "backup_host_id": self.backup_host_id,
            "backup_host_ip": self.backup_host_ip,
            "backup_host_port": self.backup_host_port,
            "backup_dir": self.backup_dir,
            "backup_host_status": self.backup_host_status,
        })
    }
}

impl World {
    /// The world in the form of the world file, secrets included.
    pub fn to_json(&self) -> Value {
        json!({
            "domain": self.domain.to_json(),
            "projects": self.projects.iter().map(Named::to_json).collect::<Vec<_>>(),
            "users": self.users.iter()
                .map(|user| json!({"id": user.id, "name": user.name, "password": user.password}))
                .collect::<Vec<_>>(),
            "access_keys": self.access_keys.iter().map(AccessKey::to_json).collect::<Vec<_>>(),
            "accounts": self.accounts.iter().map(Account::to_json).collect::<Vec<_>>(),
            "agencies": self.agencies.iter().map(Agency::to_json).collect::<Vec<_>>(),
            "identity_providers": self.identity_providers.iter().map(IdentityProvider::to_json).collect::<Vec<_>>(),
            "metadata": {"agency": self.instance_agency},
            "hosts": self.hosts.iter().map(|host| self.host_row(host)).collect::<Vec<_>>(),
            "backup_hosts": self.backup_hosts.iter().map(|host| self.backup_host_row(host)).collect::<Vec<_>>(),
        })
    }

    /// A server as the world file has it. The project is named where it is not the one that goes without saying.
    pub(super) fn host_row(&self, host: &Host) -> Value {
        self.placed(host.to_json(), &host.project_id)
    }

    /// The same for a backup server.
    pub(super) fn backup_host_row(&self, host: &BackupHost) -> Value {
        self.placed(host.to_json(), &host.project_id)
    }

    fn placed(&self, mut row: Value, project_id: &str) -> Value {
        if project_id != self.default_project() {
            row["project_id"] = json!(project_id);
        }
        row
    }

    /// The enterprise project a backup server belongs to: the one of the server it runs on.
    pub(super) fn enterprise_project_of(&self, backup_host_id: &str) -> &str {
        self.hosts.get(backup_host_id).map_or(DEFAULT_ENTERPRISE_PROJECT, |host| &host.enterprise_project_id)
    }

    /// The name of the server with this id, or nothing where HSS does not know it.
    pub(super) fn name_of(&self, host_id: &str) -> &str {
        self.hosts.get(host_id).map_or("", |host| &host.host_name)
    }
}

impl AccessKey {
    fn to_json(&self) -> Value {
        let mut pair = json!({"access": self.access, "secret": self.secret});
        if let Some(token) = &self.security_token {
            pair["security_token"] = json!(token);
        }
        pair
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("access", &self.access).finish_non_exhaustive()
    }
}
