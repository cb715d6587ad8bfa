//! What filters of lists may say: the values of the API's reference, so that a typo is an error at its line and not an
//! empty list.

use std::net::IpAddr;

use super::checks;

/// The status of a backup server, in this provider's words.
pub const BACKUP_HOST_STATUSES: &[&str] = &["running", "starting", "not_started", "failed", "unknown"];
/// The states of protection that the API filters by.
pub const WTP_STATUSES: &[&str] =
    &["opened", "opening", "open_failed", "partial_protection", "protection_interruption"];
/// The states of the agent that the API filters by.
pub const AGENT_STATUSES: &[&str] = &["online", "offline", "not_installed"];

fn one_of(text: &str, what: &str, values: &[&str]) -> Result<(), String> {
    if values.contains(&text) {
        return Ok(());
    }
    let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    Err(format!("{text:?} is no {what}. Write one of {}, or leave the argument out.", values.join(", ")))
}

fn within(text: &str, what: &str, most: usize) -> Result<(), String> {
    if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(format!(
            "HSS filters by {what} of 1 to {most} characters, without line breaks. Write one, or leave the argument out to get all."
        ));
    }
    Ok(())
}

/// A status of a backup server, in this provider's words.
pub fn backup_host_status(text: &str) -> Result<(), String> {
    one_of(text, "status of a backup server", BACKUP_HOST_STATUSES)
}

/// A part of a server's name.
pub fn host_name(text: &str) -> Result<(), String> {
    within(text, "a part of the name", 256)
}

/// A public address in the forms that the API takes.
pub fn public_ip(text: &str) -> Result<(), String> {
    let advice = "Write an address such as 203.0.113.7, or leave the argument out.";
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Ok(()),
        Ok(IpAddr::V6(_)) if (15..=39).contains(&text.len()) => Ok(()),
        Ok(IpAddr::V6(_)) => Err(format!(
            "{text:?} is shorter than the 15 characters that HSS wants of an IPv6 address. Write its groups out, as in 2001:db8:0:0:0:0:0:7."
        )),
        Err(_) => Err(format!("{text:?} is not an IP address, and HSS filters by whole addresses. {advice}")),
    }
}

/// A private address.
pub fn private_ip(text: &str) -> Result<(), String> {
    match text.parse::<IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "{text:?} is not an IP address, and HSS filters by whole addresses. Write one such as 192.168.0.20, or leave the argument out."
        )),
    }
}

/// The name of a server group.
pub fn group_name(text: &str) -> Result<(), String> {
    within(text, "the name of a server group", 64)
}

/// An operating system.
pub fn os_type(text: &str) -> Result<(), String> {
    one_of(text, "operating system that HSS can filter by", &["Linux", "Windows"])
}

/// How much a server matters.
pub fn asset_value(text: &str) -> Result<(), String> {
    one_of(text, "importance that HSS can filter by", &["important", "common", "test"])
}

/// Whether protection is switched on. The API has no value for the opposite.
pub fn protect_status(text: &str) -> Result<(), String> {
    if text == "opened" {
        return Ok(());
    }
    Err(format!(
        "By `protect_status` HSS can filter for `opened` only, which is every server with protection switched on, and not for {text:?}. \
         For one state use `wtp_status`; for servers without protection leave the argument out and pick them by their `protect_status`."
    ))
}

/// A state of protection.
pub fn wtp_status(text: &str) -> Result<(), String> {
    one_of(text, "state of protection that HSS can filter by", WTP_STATUSES)
}

/// A state of the agent.
pub fn agent_status(text: &str) -> Result<(), String> {
    one_of(text, "state of the agent that HSS can filter by", AGENT_STATUSES)
}

/// Whether running applications are protected.
pub fn rasp_status(text: &str) -> Result<(), String> {
    one_of(text, "state of dynamic protection that HSS can filter by", &["opened", "closed"])
}

/// An enterprise project to read, or all of them.
pub fn enterprise_project(text: &str) -> Result<(), String> {
    if text == checks::ALL_ENTERPRISE_PROJECTS { Ok(()) } else { checks::enterprise_project(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_reference_pass_and_others_are_told_what_to_write() {
        for (check, good, bad) in [
            (backup_host_status as fn(&str) -> Result<(), String>, "not_started", "stopped"),
            (host_name, "web shop", ""),
            (public_ip, "203.0.113.7", "203.0.113"),
            (public_ip, "2001:db8:0:0:0:0:0:7", "::1"),
            (private_ip, "10.0.0.1", "10.0.0.0/8"),
            (group_name, "商店", "a\nb"),
            (os_type, "Linux", "linux"),
            (asset_value, "test", "high"),
            (protect_status, "opened", "closed"),
            (wtp_status, "partial_protection", "closed"),
            (agent_status, "not_installed", "installed"),
            (rasp_status, "closed", "off"),
            (enterprise_project, "all_granted_eps", "a/b"),
            (enterprise_project, "0", ""),
        ] {
            assert_eq!(check(good), Ok(()), "{good:?}");
            let why = check(bad).expect_err(bad);
            assert!(why.ends_with('.') && why.contains(". "), "reason and remedy are wanted: {why}");
        }
        assert!(group_name(&"x".repeat(65)).is_err() && host_name(&"x".repeat(257)).is_err());
    }
}
