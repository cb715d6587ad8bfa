//! The built-in world: small, every kind of server once, and nothing in it that could be mistaken for real.

use super::{
    accounts::{Account, Agency, IdentityProvider},
    host_details::Details,
    table::Table,
    world::{AccessKey, DEFAULT_ENTERPRISE_PROJECT, Host, Named, User, World},
};

const OTHER_ACCOUNT: &str = "d0000000000000000000000000000002";
/// The project of the second region.
const EAST: &str = "a0000000000000000000000000000002";
/// The project of the first region in the other account.
const OTHER: &str = "a0000000000000000000000000000011";

/// The account everything belongs to.
pub(super) fn domain() -> Named {
    named("d0000000000000000000000000000001", "sim-account")
}

fn named(id: &str, name: &str) -> Named {
    Named { id: id.to_owned(), name: name.to_owned() }
}

/// An account without any server, with another one beside it.
pub(super) fn identities(domain: Named) -> World {
    let text = str::to_owned;
    let agency = |name, domain_id: &str, trusted: &str| Agency {
        name: text(name),
        domain_id: text(domain_id),
        trusts: vec![text(trusted)],
        max_duration_s: 43_200,
    };
    World {
        projects: vec![
            named("a0000000000000000000000000000001", "cn-north-4"),
            named(EAST, "cn-east-3"),
            named("a0000000000000000000000000000003", "cn-north-4_sub"),
        ],
        accounts: vec![Account {
            domain: named(OTHER_ACCOUNT, "sim-other-account"),
            projects: vec![
                named(OTHER, "cn-north-4"),
                named("a0000000000000000000000000000012", "cn-east-3"),
            ],
        }],
        agencies: vec![
            agency("sim-agency", &domain.id, &domain.id),
            agency("sim-agency", OTHER_ACCOUNT, &domain.id),
            // The second step of a chain: nobody gets there but by the first.
            agency("sim-chained-agency", OTHER_ACCOUNT, "agency:sim-other-account/sim-agency"),
        ],
        identity_providers: vec![IdentityProvider {
            id: text("sim-idp"),
            id_tokens: vec![text("sim-id-token-for-tests-only")],
        }],
        instance_agency: text("sim-ecs-agency"),
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
        domain,
    }
}

/// The world `hss-sim` starts with when it is given none.
pub(super) fn world() -> World {
    let mut world = identities(domain());
    let home = world.default_project().to_owned();
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
        (21, "web-east", linux, open, "online", "172.17.4.11"),
        (22, "vault-east", linux, None, "online", "172.17.8.20"),
        (31, "web-other-account", linux, open, "online", "172.18.4.11"),
        (32, "vault-other-account", linux, None, "online", "172.18.8.20"),
    ] {
        let enterprise_project_id = match name {
            "web-other-project" => "e0000000-0000-4000-8000-000000000001",
            _ => DEFAULT_ENTERPRISE_PROJECT,
        };
        let project_id = match number {
            21..=29 => EAST,
            31..=39 => OTHER,
            _ => &home,
        };
        world.hosts.put(Host {
            project_id: project_id.to_owned(),
            host_id: format!("5e000000-0000-4000-8000-{number:012}"),
            host_name: name.to_owned(),
            enterprise_project_id: enterprise_project_id.to_owned(),
            os_type: os_type.to_owned(),
            protect_status: protect_status.map(str::to_owned),
            agent_status: agent_status.to_owned(),
            host_status: "ACTIVE".to_owned(),
            private_ip: ip.to_owned(),
            remote_backup: None,
            details: Details::default(),
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
