//! The built-in world: small, every kind of server once, and nothing in it that could be mistaken for real.

use super::{
    table::Table,
    world::{AccessKey, DEFAULT_ENTERPRISE_PROJECT, Host, Named, User, World},
};

/// The account without any server.
pub(super) fn identities() -> World {
    let text = str::to_owned;
    World {
        domain: Named { id: text("d0000000000000000000000000000001"), name: text("sim-account") },
        projects: vec![Named { id: text("a0000000000000000000000000000001"), name: text("cn-north-4") }],
        users: vec![User {
            id: text("c0000000000000000000000000000001"),
            name: text("sim-user"),
            password: text("sim-password-for-tests-only"),
        }],
        access_keys: vec![AccessKey {
            access: text("HSSIMACCESSKEY000001"),
            secret: text("hssim-secret-key-for-tests-only-00000001"),
            security_token: None,
        }],
        hosts: Table::default(),
        backup_hosts: Table::default(),
    }
}

/// The world `hss-sim` starts with when it is given none.
pub(super) fn world() -> World {
    let mut world = identities();
    let open = Some("opened");
    let linux = "Linux";
    for (number, name, os_type, protect_status, agent_status, ip) in [
        (1, "web-1", linux, open, "online", "172.16.4.11"),
        (2, "web-2", linux, open, "online", "172.16.4.12"),
        (3, "web-3", linux, open, "online", "172.16.4.13"),
        (4, "web-closed", linux, Some("closed"), "online", "172.16.4.14"),
        (5, "web-offline", linux, open, "offline", "172.16.4.15"),
        (6, "web-windows", "Windows", open, "online", "172.16.4.16"),
        (7, "web-unprotected", linux, None, "online", "172.16.4.17"),
        (8, "web-without-agent", linux, None, "not_installed", "172.16.4.18"),
        (9, "web-other-project", linux, open, "online", "172.16.4.19"),
        (10, "vault-a", linux, None, "online", "172.16.8.20"),
        (11, "vault-b", linux, None, "online", "172.16.8.21"),
    ] {
        let enterprise_project_id = match name {
            "web-other-project" => "e0000000-0000-4000-8000-000000000001",
            _ => DEFAULT_ENTERPRISE_PROJECT,
        };
        world.hosts.put(Host {
            host_id: format!("5e000000-0000-4000-8000-{number:012}"),
            host_name: name.to_owned(),
            enterprise_project_id: enterprise_project_id.to_owned(),
            os_type: os_type.to_owned(),
            protect_status: protect_status.map(str::to_owned),
            agent_status: agent_status.to_owned(),
            host_status: "ACTIVE".to_owned(),
            private_ip: ip.to_owned(),
            remote_backup: None,
        });
    }
    world
}

impl World {
    /// The built-in world.
    pub fn built_in() -> Self {
        world()
    }
}
