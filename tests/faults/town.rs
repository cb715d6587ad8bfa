//! The small world and what is wanted of it: servers, the configuration of each phase, and what has to come of it.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value as Json, json};

use crate::{
    attack::Dice,
    harness::{candidate, protected, world},
};

/// Backup servers of somebody else, so many that a list has two pages.
const CROWD: u64 = 203;

/// What the configuration asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Town {
    /// Id to address, port, directory.
    pub(crate) vaults: BTreeMap<String, (String, u16, String)>,
    /// Id to the vault it copies to; `None` is managed and off.
    pub(crate) webs: BTreeMap<String, Option<String>>,
}

impl Town {
    /// The first configuration of a seed: two backup servers, four to six servers that copy to them.
    pub(crate) fn first(dice: &mut Dice) -> Self {
        let vault = |number: u64, dice: &mut Dice| {
            let port = u16::try_from(dice.between(1024, 60000)).unwrap();
            (
                format!("vault-{number}"),
                (format!("172.16.8.{}", 20 + number), port, "/data/wtp-copies".to_owned()),
            )
        };
        let vaults = (1..=2).map(|number| vault(number, dice)).collect();
        let webs = (1..=dice.between(4, 6))
            .map(|number| (format!("web-{number}"), Some(format!("vault-{}", 1 + number % 2))))
            .collect();
        Self { vaults, webs }
    }

    /// The second one: another port or directory, servers that move, one switched off, one gone, one new.
    pub(crate) fn changed(&self, dice: &mut Dice) -> Self {
        let mut town = self.clone();
        if let Some(vault) = town.vaults.get_mut("vault-1") {
            if dice.one_in(2) {
                vault.1 = vault.1.checked_add(1).unwrap_or(1024);
            }
            if dice.one_in(2) {
                vault.2 = "/srv/copies".to_owned();
            }
        }
        town.webs.insert("web-1".to_owned(), Some("vault-1".to_owned()));
        town.webs.insert("web-2".to_owned(), dice.pick(&[None, Some("vault-2".to_owned())]).clone());
        if dice.one_in(2) {
            town.webs.remove("web-3");
        }
        town.webs.insert("web-7".to_owned(), Some("vault-2".to_owned()));
        if dice.one_in(3) {
            // Everybody leaves the second backup server, and it goes.
            town.vaults.remove("vault-2");
            town.webs.values_mut().flatten().for_each(|vault| *vault = "vault-1".to_owned());
        }
        town
    }

    /// All servers there are, used or not, and somebody else's backup servers.
    pub(crate) fn servers(crowded: bool) -> Json {
        let webs = (1..=7).map(|number| protected(&format!("web-{number}")));
        let vaults = (1..=2).map(|number| candidate(&format!("vault-{number}")));
        let crowd = |number| {
            json!({
                "backup_host_id": format!("foreign-{number:03}"), "backup_host_ip": "10.9.9.9",
                "backup_host_port": 18080, "backup_dir": "/data/foreign", "backup_host_status": 1,
            })
        };
        let crowd: Vec<Json> = (0..if crowded { CROWD } else { 1 }).map(crowd).collect();
        world(&webs.chain(vaults).collect::<Vec<_>>(), &crowd)
    }

    pub(crate) fn configuration(&self) -> String {
        let mut text = String::new();
        let timeouts = "timeouts = { create = \"20s\", update = \"20s\", delete = \"20s\" }";
        for (id, (ip, port, dir)) in &self.vaults {
            let _ = write!(
                text,
                "resource \"hss_wtp_backup_host\" \"{id}\" {{\n  host_id = \"{id}\"\n  backup_host_ip = \"{ip}\"\n  \
                 backup_host_port = {port}\n  backup_dir = \"{dir}\"\n  {timeouts}\n  \
                 lifecycle {{ create_before_destroy = true }}\n}}\n"
            );
        }
        for (id, vault) in &self.webs {
            let target = match vault {
                Some(vault) => format!(
                    "backup_host_id = hss_wtp_backup_host.{vault}.host_id\n  backup_addr = hss_wtp_backup_host.{vault}.backup_addr"
                ),
                None => "remote_backup = false".to_owned(),
            };
            let _ = write!(
                text,
                "resource \"hss_wtp_remote_backup\" \"{id}\" {{\n  host_id = \"{id}\"\n  {target}\n  {timeouts}\n}}\n"
            );
        }
        text
    }

    pub(crate) fn addr(&self, vault: &str) -> String {
        let (ip, port, _) = &self.vaults[vault];
        format!("{ip}:{port}")
    }
}
