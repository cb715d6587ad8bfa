//! Whether a list of servers can be believed where it names no backup server.

use std::collections::BTreeSet;

use super::{Error, Session, WtpHost};

/// So many servers are asked for themselves to find out whether a list that names no backup server can be believed.
const PROBES: usize = 3;

impl Session {
    /// Whether a list can be believed where it names no backup server: older regions leave them out. Where neither these
    /// servers nor what was read before shows it, a few of them are asked for themselves: enough to notice a region of that
    /// kind, though no proof that this is none.
    pub async fn list_names_backup_hosts(&self, hosts: &[WtpHost]) -> Result<bool, Error> {
        if hosts.iter().any(|host| host.backup_host_id.is_some()) {
            self.with(|region| region.tells = Some(true));
        }
        let may_have_one = |host: &&WtpHost| {
            let written = self.with(|region| region.written.contains_key(&host.host_id));
            host.is_protected() && !host.is_windows() && !written
        };
        let all: Vec<&WtpHost> = hosts.iter().filter(may_have_one).collect();
        // Neighbours in a list are often alike, so those asked are far from each other.
        let last = all.len().saturating_sub(1);
        let spread: BTreeSet<usize> = (0..PROBES).map(|probe| probe * last / (PROBES - 1)).collect();
        for host in spread.into_iter().filter_map(|at| all.get(at)) {
            if let Some(tells) = self.with(|region| region.tells) {
                return Ok(tells);
            }
            match self.show_remote_backup(&host.host_id).await {
                Ok(shown) => self.with(|region| region.compare(&shown)),
                Err(error) if error.may_mean_unknown_host() || error.bars_a_list() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.with(|region| region.tells) != Some(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::testing::rig, rest::testing::Answer};

    fn hosts(count: usize) -> Vec<WtpHost> {
        let host = |number| WtpHost {
            host_id: format!("h{number}"),
            os_type: Some("Linux".to_owned()),
            protect_status: Some("opened".to_owned()),
            ..WtpHost::default()
        };
        (0..count).map(host).collect()
    }

    /// Asks about `hosts`, with the answers that servers give when they are asked; the servers that were.
    async fn check(hosts: &[WtpHost], answers: &[&str], expected: bool) -> Vec<String> {
        let rig = rig(answers.iter().map(|body| Answer::status(200).body(body)).collect()).await;
        assert_eq!(rig.session().list_names_backup_hosts(hosts).await.unwrap(), expected);
        rig.lines().iter().map(|line| line.split('/').nth(4).unwrap_or_default().to_owned()).collect()
    }

    const ON: &str = r#"{"remote_backup":true,"backup_host_id":"b"}"#;

    #[tokio::test]
    async fn a_few_servers_far_from_each_other_are_asked_and_no_more_than_needed() {
        assert_eq!(check(&hosts(9), &["{}"; 3], true).await, ["h0", "h4", "h8"]);
        assert_eq!(check(&hosts(9), &["{}", ON], false).await, ["h0", "h4"]);
        assert_eq!(check(&hosts(1), &["{}"], true).await, ["h0"]);
        assert!(check(&[], &[], true).await.is_empty());
        let mut hosts = hosts(3);
        hosts[0].os_type = Some("Windows".to_owned());
        hosts[1].protect_status = Some("closed".to_owned());
        assert_eq!(check(&hosts, &["{}"], true).await, ["h2"]);
        hosts[1].backup_host_id = Some("b".to_owned());
        assert!(check(&hosts, &[], true).await.is_empty(), "the list shows by itself that it tells");
    }
}
