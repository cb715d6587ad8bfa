//! The calls of HSS that we make: name, method, effect and what the caller must be allowed to do.

use crate::rest::{Effect, Method};

/// One row of the vendor's reference.
pub(super) struct Operation {
    /// The vendor's name.
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) effect: Effect,
    /// The policy action that allows it.
    pub(super) action: &'static str,
    /// Whether it wants the `region` header, which older stacks insist on.
    pub(super) region_header: bool,
}

const fn row(name: &'static str, method: Method, effect: Effect, action: &'static str) -> Operation {
    Operation { name, method, effect, action, region_header: false }
}

const GET: &str = "hss:wtpBackup:get";
const SET: &str = "hss:wtpBackup:set";

// Every write sets something to given values, the POST included, so all may be repeated.
pub(super) static LIST_BACKUP_HOSTS: Operation = row("ListBackupHostsInfo", Method::GET, Effect::Read, GET);
pub(super) static UPDATE_BACKUP_HOST: Operation = row("UpdateBackupHostInfo", Method::PUT, Effect::Set, SET);
pub(super) static DELETE_BACKUP_HOSTS: Operation =
    row("DeleteBackupHostInfo", Method::DELETE, Effect::Set, SET);
pub(super) static SHOW_REMOTE_BACKUP: Operation =
    row("ShowRemoteBackupHostInfo", Method::GET, Effect::Read, GET);
pub(super) static SET_REMOTE_BACKUP: Operation = row("SetRemoteBackupInfo", Method::POST, Effect::Set, SET);
pub(super) static LIST_WTP_HOSTS: Operation = Operation {
    name: "ListWtpProtectHost",
    method: Method::GET,
    effect: Effect::Read,
    action: "hss:wtpHosts:list",
    region_header: true,
};

pub(super) static LIST_WEB_TAMPER_HOSTS: Operation =
    row("ListWebTamperHost", Method::GET, Effect::Read, "hss:wtpHosts:list");

pub(super) static SHOW_STATISTICS: Operation =
    row("ShowWtpProtectStatistics", Method::GET, Effect::Read, "hss:wtpDashboard:get");

const ALL: [&Operation; 8] = [
    &LIST_BACKUP_HOSTS,
    &UPDATE_BACKUP_HOST,
    &DELETE_BACKUP_HOSTS,
    &SHOW_REMOTE_BACKUP,
    &SET_REMOTE_BACKUP,
    &LIST_WTP_HOSTS,
    &LIST_WEB_TAMPER_HOSTS,
    &SHOW_STATISTICS,
];

/// What the vendor wants to be allowed together with an action.
const DEPENDS: [(&str, &[&str]); 1] =
    [("hss:wtpHosts:list", &["vpc:ports:get", "vpc:publicIps:list", "ecs:cloudServers:list"])];

/// What a caller must be allowed to do for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The vendor's name of the call.
    pub operation: &'static str,
    /// Whether it changes anything.
    pub writes: bool,
    /// The policy action that allows it.
    pub action: &'static str,
    /// Further actions that the vendor wants beside that one.
    pub depends: &'static [&'static str],
}

/// The permissions of all calls of HSS, in the order of the vendor's reference.
pub fn permissions() -> impl Iterator<Item = Permission> {
    ALL.iter().map(|operation| Permission {
        operation: operation.name,
        writes: operation.effect != Effect::Read,
        action: operation.action,
        depends: DEPENDS
            .iter()
            .find(|(action, _)| *action == operation.action)
            .map_or(&[], |(_, depends)| *depends),
    })
}

/// The action that allows the operation of that name, if it is one of HSS.
pub(super) fn action(name: &str) -> Option<&'static str> {
    ALL.iter().find(|operation| operation.name == name).map(|operation| operation.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repeated write sets the same values again, so whoever gets no answer may ask once more.
    #[test]
    fn reads_are_gets_and_every_write_may_be_repeated() {
        for operation in ALL {
            let read = operation.method == Method::GET;
            assert_eq!(operation.effect, if read { Effect::Read } else { Effect::Set }, "{}", operation.name);
        }
    }
}
