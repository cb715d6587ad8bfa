//! What two lists together say of a fleet: who has remote backup, who could have it, and who only seems to. Pure.

use std::collections::BTreeMap;

use super::registered::Registered;
use crate::{client::WtpHost, framework::number::Number, hss::resources::state_words::RUNNING};

/// What stands in the way of switching remote backup on, in the order in which it has to be cleared away.
pub(super) const OBSTACLES: &str = "`windows`, `agent_not_installed`, `agent_offline`, `wtp_opening`";

/// A fleet as it is.
#[derive(Debug, Default)]
pub(super) struct Survey<'a> {
    /// Servers with protection switched on.
    pub(super) protected: i64,
    /// Those of them that can have remote backup: Linux.
    pub(super) eligible: i64,
    /// Those of these that have it.
    pub(super) covered: i64,
    /// Those of these whose backup server is registered and runs.
    pub(super) healthy: i64,
    /// Servers with protection and without remote backup.
    pub(super) uncovered: Vec<&'a WtpHost>,
    /// The servers that copy to each backup server, also to those that nobody copies to, and to those that are not
    /// registered.
    pub(super) users: BTreeMap<&'a str, Vec<&'a WtpHost>>,
}

impl<'a> Survey<'a> {
    pub(super) fn of(hosts: &'a [WtpHost], registered: &'a Registered) -> Self {
        let mut survey = Self::default();
        for backup in registered.here.iter() {
            survey.users.insert(&backup.backup_host_id, Vec::new());
        }
        for host in hosts {
            if let Some(target) = host.backup_host_id.as_deref() {
                survey.users.entry(target).or_default().push(host);
            }
            if !host.is_protected() {
                continue;
            }
            survey.protected += 1;
            // Whoever has it can have it, whatever the list says of the system.
            survey.eligible += i64::from(!host.is_windows() || host.backup_host_id.is_some());
            match host.backup_host_id.as_deref() {
                Some(target) => {
                    let running =
                        registered.find(target).is_some_and(|it| it.backup_host_status == Some(RUNNING));
                    survey.covered += 1;
                    survey.healthy += i64::from(running);
                }
                None => survey.uncovered.push(host),
            }
        }
        survey
    }

    /// How many of a hundred that could have remote backup have it, in tenths, never rounded up to all of them. None of
    /// nobody: an empty list is no proof of anything.
    pub(super) fn percent(&self) -> Option<Number> {
        let tenths = (self.covered * 1000).checked_div(self.eligible)?;
        format!("{}.{}", tenths / 10, tenths % 10).parse().ok()
    }
}

/// Why remote backup of a server cannot be switched on right now.
pub(super) fn obstacle(host: &WtpHost) -> Option<&'static str> {
    if host.is_windows() {
        return Some("windows");
    }
    match (host.agent_status.as_deref(), host.protect_status.as_deref()) {
        (Some("not_installed"), _) => Some("agent_not_installed"),
        (Some(agent), _) if agent != "online" => Some("agent_offline"),
        (_, Some("opening")) => Some("wtp_opening"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::BackupHost;

    fn host(id: &str, protect_status: &str, backup_host_id: Option<&str>) -> WtpHost {
        WtpHost {
            host_id: id.to_owned(),
            os_type: Some("Linux".to_owned()),
            protect_status: Some(protect_status.to_owned()),
            agent_status: Some("online".to_owned()),
            backup_host_id: backup_host_id.map(str::to_owned),
            ..WtpHost::default()
        }
    }

    fn backup(id: &str, status: i64) -> BackupHost {
        BackupHost {
            backup_host_id: id.to_owned(),
            backup_host_status: Some(status),
            ..BackupHost::default()
        }
    }

    #[test]
    fn a_fleet_is_counted() {
        let windows = WtpHost { os_type: Some("windows".to_owned()), ..host("w", "opened", None) };
        let hosts = [
            host("a", "opened", Some("up")),
            host("b", "partial_protection", Some("down")),
            host("c", "opened", Some("gone")),
            host("d", "opened", None),
            host("e", "closed", Some("up")),
            host("f", "closed", None),
            windows,
        ];
        let registered = Registered::of(&[backup("up", 1), backup("down", -1), backup("idle", 1)], false);
        let survey = Survey::of(&hosts, &registered);
        assert_eq!((survey.protected, survey.eligible, survey.covered, survey.healthy), (5, 4, 3, 1));
        let ids = |hosts: &[&WtpHost]| hosts.iter().map(|host| host.host_id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&survey.uncovered), ["d", "w"]);
        let users: Vec<_> = survey.users.iter().map(|(id, users)| (*id, ids(users).concat())).collect();
        let expected = [("down", "b"), ("gone", "c"), ("idle", ""), ("up", "ae")];
        assert_eq!(users, expected.map(|(id, users)| (id, users.to_owned())));
        assert_eq!(survey.percent(), "75".parse().ok());
    }

    #[test]
    fn a_percentage_never_says_all_for_nearly_all() {
        let of = |covered, eligible| Survey { covered, eligible, ..Survey::default() }.percent();
        assert_eq!(of(0, 0), None);
        assert_eq!(of(0, 3), "0".parse().ok());
        assert_eq!(of(1, 3), "33.3".parse().ok());
        assert_eq!(of(9_999, 10_000), "99.9".parse().ok());
        assert_eq!(of(7, 7), "100".parse().ok());
    }

    #[test]
    fn obstacles_come_in_the_order_they_have_to_be_cleared_away() {
        let mut one = host("a", "opening", None);
        assert_eq!(obstacle(&one), Some("wtp_opening"));
        one.agent_status = Some("offline".to_owned());
        assert_eq!(obstacle(&one), Some("agent_offline"));
        one.agent_status = Some("not_installed".to_owned());
        assert_eq!(obstacle(&one), Some("agent_not_installed"));
        one.os_type = Some("Windows".to_owned());
        assert_eq!(obstacle(&one), Some("windows"));
        assert_eq!(obstacle(&host("a", "protection_interruption", None)), None);
        for word in ["windows", "agent_not_installed", "agent_offline", "wtp_opening"] {
            assert!(OBSTACLES.contains(word));
        }
    }
}
