//! What values have to look like. Stricter than the API's declared ranges, which admit empty strings and port 0.

use std::net::Ipv4Addr;

use crate::framework::number::Number;

/// The value of `enterprise_project_id` that means all of them; for reads only.
pub const ALL_ENTERPRISE_PROJECTS: &str = "all_granted_eps";

/// A server id: 1 to 64 characters that fit one path segment. Servers outside the cloud have ids of other forms than
/// an ECS, so no particular form is asked for.
pub fn host_id(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("A server id is needed and this is empty. Use the id that HSS lists for the server, which for an ECS is the ECS instance id.".to_owned());
    }
    if text.chars().count() > 64 {
        return Err(
            "A server id has at most 64 characters. Use the id that HSS lists for the server, not its name."
                .to_owned(),
        );
    }
    if text.contains('/') {
        return Err(format!(
            "{text:?} contains a slash, which no server id does. For an id with an enterprise project in front, write the two in the arguments `host_id` and `enterprise_project_id`."
        ));
    }
    if text == "." || text == ".." || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "{text:?} is no server id: it must not have blanks, line breaks or control characters. Use the id that HSS lists for the server."
        ));
    }
    Ok(())
}

/// The address of a backup server.
pub fn ipv4(text: &str) -> Result<(), String> {
    match text.parse::<Ipv4Addr>() {
        Ok(ip) if ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() => {
            Err(format!("{text} is not the address of a server. Use the private IPv4 address of the backup server."))
        }
        Ok(_) => Ok(()),
        Err(_) if text.parse::<std::net::Ipv6Addr>().is_ok() => {
            Err("HSS documents IPv4 addresses only for backup servers. Use the private IPv4 address of the backup server.".to_owned())
        }
        Err(_) => Err(format!(
            "{text:?} is not an IPv4 address such as 192.168.0.20 (without leading zeros, port or blanks). Use the private address of the backup server."
        )),
    }
}

/// A TCP port. A number that is not whole, or beyond all bounds, is refused by its type already.
pub fn port(number: &Number) -> Result<(), String> {
    match number.as_i64() {
        None | Some(1..=65535) => Ok(()),
        Some(_) => Err(format!(
            "{number} is not a port. Use a whole number from 1 to 65535 that is free on the backup server."
        )),
    }
}

/// Where copies go on the backup server.
pub fn directory(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        return Err(format!(
            "{text:?} is not an absolute path. Backup servers run Linux: write a path that begins with a slash, such as /data/wtp-copies."
        ));
    }
    if text.chars().all(|c| c == '/') {
        return Err("Copies cannot go into the root directory. Name a directory of their own, such as /data/wtp-copies.".to_owned());
    }
    if text.chars().count() > 256 {
        return Err(
            "The path has more than 256 characters, which is all that HSS accepts. Choose a shorter one."
                .to_owned(),
        );
    }
    if text.chars().any(char::is_control) {
        return Err("The path contains a line break or another control character. Remove it; text from a file or a command often ends in one, which `trimspace` takes away.".to_owned());
    }
    if text.split('/').any(|segment| segment == "..") {
        return Err(format!("{text:?} leads out of a directory by `..`. Write the directory that is meant."));
    }
    Ok(())
}

/// Address and port in one text.
pub fn address(text: &str) -> Result<(), String> {
    let (ip, port_text) = text.rsplit_once(':').ok_or_else(|| {
        format!("{text:?} has no port. Write the IPv4 address and the port of the backup server, as in 192.168.0.20:18080.")
    })?;
    if text.starts_with('[') || ip.contains(':') {
        return Err(format!(
            "{text:?} is not an IPv4 address and a port. HSS documents no other form for backup servers: write it as in 192.168.0.20:18080."
        ));
    }
    ipv4(ip)?;
    let digits =
        !port_text.is_empty() && port_text.bytes().all(|b| b.is_ascii_digit()) && !port_text.starts_with('0');
    match port_text.parse::<u16>() {
        Ok(_) if digits => Ok(()),
        _ => {
            Err(format!("{port_text:?} is not a port. Write a whole number from 1 to 65535 after the colon."))
        }
    }
}

/// An enterprise project a resource can live in.
pub fn enterprise_project(text: &str) -> Result<(), String> {
    if text == ALL_ENTERPRISE_PROJECTS {
        return Err("`all_granted_eps` stands for every enterprise project, and a server lives in one. Name that one, or leave the argument out; `\"0\"` is the default enterprise project.".to_owned());
    }
    if text.is_empty()
        || text.chars().count() > 256
        || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/')
    {
        return Err("An enterprise project id has 1 to 256 characters without blanks or slashes; `\"0\"` is the default enterprise project. Leave the argument out to use that of the provider.".to_owned());
    }
    Ok(())
}

/// A region.
pub fn region(text: &str) -> Result<(), String> {
    if !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && text.len() <= 128
    {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a region id such as cn-north-4. Leave the argument out to use the region of the provider."
    ))
}

/// The same directory written without a slash at its end, for comparing.
pub fn plain_directory(text: &str) -> &str {
    let plain = text.trim_end_matches('/');
    if plain.is_empty() { text } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(check: fn(&str) -> Result<(), String>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
        for text in bad {
            assert!(check(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn server_ids() {
        let long = "x".repeat(65);
        accepted(
            host_id,
            &["3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11", "a", "host_1"],
            &["", "a/b", "a b", "a\r\n", ".", "..", &long, "\u{a0}"],
        );
    }

    #[test]
    fn ipv4_addresses() {
        accepted(
            ipv4,
            &["192.168.0.20", "10.0.0.1", "127.0.0.1"],
            &[
                "",
                "::1",
                "192.168.0",
                "192.168.0.256",
                "192.168.000.020",
                "0.0.0.0",
                "255.255.255.255",
                "1.2.3.4 ",
                "host",
            ],
        );
    }

    #[test]
    fn ports() {
        for (text, good) in [("1", true), ("65535", true), ("0", false), ("65536", false), ("-1", false)] {
            assert_eq!(port(&text.parse().unwrap()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn directories() {
        accepted(
            directory,
            &["/data", "/data/wtp-copies/", "/数据/備份"],
            &[
                "",
                "data",
                "./data",
                "/",
                "//",
                "C:\\data",
                "/a\nb",
                "/a/../b",
                &format!("/{}", "x".repeat(256)),
            ],
        );
        assert_eq!(plain_directory("/data/"), plain_directory("/data"));
    }

    #[test]
    fn addresses() {
        accepted(
            address,
            &["192.168.0.20:18080", "10.0.0.1:1", "10.0.0.1:65535"],
            &[
                "192.168.0.20",
                "192.168.0.20:",
                "192.168.0.20:0",
                "192.168.0.20:65536",
                "192.168.0.20:080",
                "[::1]:80",
                "::1:80",
                "host:80",
                "192.168.0.20:+80",
            ],
        );
    }

    #[test]
    fn enterprise_projects() {
        accepted(enterprise_project, &["0", "8f3a"], &["", "all_granted_eps", "a b", "a/b"]);
    }
}
