//! The judge: compares the simulator's world, the state file and what was wanted. It asks neither the provider nor
//! Terraform, so that their mistakes are not its own.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value as Json;

use crate::town::Town;

/// What can be found. Only the first is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Finding {
    /// The world has what nothing knows of any more.
    Orphaned,
    /// The state has two of what there is one of, or the world has what nobody asked for.
    Doubled,
    /// What was there is gone, or what was said to be done is not.
    Lost,
    /// One more apply did not arrive.
    Stuck,
    /// A mistake of our own was shown to the user.
    Bug,
    /// It did not end in time.
    Hung,
}

impl Finding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Orphaned => "ORPHANED",
            Self::Doubled => "DOUBLED",
            Self::Lost => "LOST",
            Self::Stuck => "STUCK",
            Self::Bug => "BUG",
            Self::Hung => "HUNG",
        }
    }
}

/// A finding with its evidence.
pub(crate) type Verdict = Result<(), (Finding, String)>;

/// The state as it is on disk.
pub(crate) struct State {
    /// Address, kind, host id.
    pub(crate) objects: Vec<(String, String, String)>,
    deposed: bool,
    tainted: Vec<String>,
}

impl State {
    /// `None` where there is a file that cannot be read.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut state = Self { objects: Vec::new(), deposed: false, tainted: Vec::new() };
        let Ok(text) = fs::read_to_string(path) else { return Some(state) };
        let json: Json = serde_json::from_str(&text).ok()?;
        for resource in json["resources"].as_array().cloned().unwrap_or_default() {
            let kind = resource["type"].as_str().unwrap_or_default().to_owned();
            let address = format!("{kind}.{}", resource["name"].as_str().unwrap_or_default());
            for instance in resource["instances"].as_array().cloned().unwrap_or_default() {
                let id = instance["attributes"]["host_id"].as_str().unwrap_or_default().to_owned();
                state.deposed |= instance["deposed"].is_string();
                if instance["status"] == "tainted" {
                    state.tainted.push(address.clone());
                }
                state.objects.push((address.clone(), kind.clone(), id));
            }
        }
        Some(state)
    }

    fn knows(&self, kind: &str, id: &str) -> bool {
        self.objects.iter().any(|(_, other, known)| other == kind && known == id)
    }
}

const VAULT: &str = "hss_wtp_backup_host";
const WEB: &str = "hss_wtp_remote_backup";

/// Registrations of the world that are not somebody else's.
fn vaults(world: &Json) -> Vec<&Json> {
    let all = world["backup_hosts"].as_array().unwrap();
    let ours = |host: &&Json| host["backup_host_id"].as_str().is_some_and(|id| id.starts_with("vault-"));
    all.iter().filter(ours).collect()
}

/// Servers whose remote backup is on, with where it goes.
fn webs(world: &Json) -> Vec<(&str, &Json)> {
    let all = world["hosts"].as_array().unwrap();
    let on = all.iter().filter(|host| !host["remote_backup"].is_null());
    on.map(|host| (host["host_id"].as_str().unwrap(), &host["remote_backup"])).collect()
}

/// Whatever is in the world has to be in the state, tainted or not.
pub(crate) fn nothing_is_orphaned(world: &Json, state: &State) -> Verdict {
    for vault in vaults(world) {
        let id = vault["backup_host_id"].as_str().unwrap();
        if !state.knows(VAULT, id) {
            return Err((Finding::Orphaned, format!("{id} is registered, and the state does not know it")));
        }
    }
    for (id, _) in webs(world) {
        if !state.knows(WEB, id) {
            return Err((
                Finding::Orphaned,
                format!("remote backup of {id} is on, and the state does not know it"),
            ));
        }
    }
    nothing_is_doubled(world, state)
}

fn nothing_is_doubled(world: &Json, state: &State) -> Verdict {
    let distinct: BTreeSet<_> = state.objects.iter().map(|(_, kind, id)| (kind, id)).collect();
    if distinct.len() != state.objects.len() || state.deposed {
        return Err((Finding::Doubled, format!("the state holds {:?}", state.objects)));
    }
    let all = world["backup_hosts"].as_array().unwrap();
    let ids: BTreeSet<&str> = all.iter().filter_map(|host| host["backup_host_id"].as_str()).collect();
    if ids.len() != all.len() {
        return Err((Finding::Doubled, "a server is registered twice".to_owned()));
    }
    Ok(())
}

/// The world is what the configuration says, no more and no less.
pub(crate) fn world_is_as_wanted(world: &Json, town: &Town) -> Verdict {
    let mut found = BTreeSet::new();
    for vault in vaults(world) {
        let id = vault["backup_host_id"].as_str().unwrap();
        let Some((ip, port, dir)) = town.vaults.get(id) else {
            return Err((Finding::Orphaned, format!("{id} is registered, and nothing asks for it")));
        };
        let same = vault["backup_host_ip"] == ip.as_str()
            && vault["backup_host_port"] == u64::from(*port)
            && vault["backup_dir"] == dir.as_str();
        if !same {
            return Err((Finding::Lost, format!("{id} has other settings than wanted: {vault}")));
        }
        found.insert(id.to_owned());
    }
    for (id, target) in webs(world) {
        let Some(Some(vault)) = town.webs.get(id) else {
            return Err((Finding::Orphaned, format!("remote backup of {id} is on, and nothing asks for it")));
        };
        if target["backup_host_id"] != vault.as_str() || target["backup_addr"] != town.addr(vault).as_str() {
            return Err((Finding::Lost, format!("{id} copies to {target}, not to {vault}")));
        }
        found.insert(id.to_owned());
    }
    let wanted =
        town.vaults.keys().chain(town.webs.iter().filter(|(_, vault)| vault.is_some()).map(|(id, _)| id));
    match wanted.into_iter().find(|id| !found.contains(*id)) {
        Some(missing) => Err((Finding::Lost, format!("{missing} is not in HSS as wanted"))),
        None => Ok(()),
    }
}

/// The state holds what the configuration names, each once and none tainted.
pub(crate) fn state_is_as_wanted(world: &Json, state: &State, town: &Town) -> Verdict {
    nothing_is_orphaned(world, state)?;
    let wanted: BTreeSet<String> = town
        .vaults
        .keys()
        .map(|id| format!("{VAULT}.{id}"))
        .chain(town.webs.keys().map(|id| format!("{WEB}.{id}")))
        .collect();
    let held: BTreeSet<String> = state.objects.iter().map(|(address, ..)| address.clone()).collect();
    if wanted != held {
        let odd: Vec<_> = wanted.symmetric_difference(&held).collect();
        return Err((Finding::Lost, format!("state and configuration differ in {odd:?}")));
    }
    if !state.tainted.is_empty() {
        return Err((Finding::Stuck, format!("still tainted: {:?}", state.tainted)));
    }
    Ok(())
}

/// What a user must never read, because it is our mistake and not theirs.
pub(crate) fn no_bug_is_shown(output: &str) -> Verdict {
    const MARKS: [&str; 6] = [
        "bug in the provider",
        "panicked",
        "Provider produced",
        "Provider returned invalid",
        "This is a bug",
        "always a problem with the provider",
    ];
    match MARKS.iter().find(|mark| output.contains(*mark)) {
        Some(mark) => Err((Finding::Bug, format!("the user reads {mark:?}"))),
        None => Ok(()),
    }
}
