//! Names of resources, from names of servers: readable, unique, and the same each time.

use std::collections::{BTreeMap, BTreeSet};

/// A server to be named.
pub(super) struct Server<'a> {
    pub(super) host_id: &'a str,
    pub(super) host_name: Option<&'a str>,
}

/// So much of an id tells most servers of one name apart.
const SHORT: usize = 8;

/// A name for each server, in their order. Servers of the same name all get a part of their id behind it, so that it
/// does not depend on the order in which they are found.
pub(super) fn names(servers: &[Server<'_>]) -> Vec<String> {
    let bases: Vec<String> = servers.iter().map(base).collect();
    let mut alike: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, base) in bases.iter().enumerate() {
        alike.entry(base).or_default().push(index);
    }
    let mut wanted = vec![String::new(); servers.len()];
    for (base, indices) in &alike {
        let ids: Vec<String> = indices.iter().map(|index| identifier(servers[*index].host_id)).collect();
        let short = |id: &str| id.chars().take(SHORT).collect::<String>();
        let short_ones: BTreeSet<String> = ids.iter().map(|id| short(id)).collect();
        for (index, id) in indices.iter().zip(&ids) {
            wanted[*index] = match indices.len() {
                1 => (*base).to_owned(),
                all if short_ones.len() == all => format!("{base}_{}", short(id)),
                _ => format!("{base}_{id}"),
            };
        }
    }
    // Whoever is called like another one with a part of its id: by the order of ids, so that it is stable.
    let mut order: Vec<usize> = (0..servers.len()).collect();
    order.sort_by_key(|index| servers[*index].host_id);
    let mut taken = BTreeSet::new();
    for index in order {
        let base = wanted[index].clone();
        let mut number = 2;
        while !taken.insert(wanted[index].clone()) {
            wanted[index] = format!("{base}_{number}");
            number += 1;
        }
    }
    wanted
}

/// What a server would be called if it were alone.
fn base(server: &Server<'_>) -> String {
    let name = identifier(server.host_name.unwrap_or_default());
    let name = if name.is_empty() { format!("server_{}", identifier(server.host_id)) } else { name };
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("server_{name}") } else { name }
}

/// Letters and digits of a text in lower case, with one underscore for whatever is between them.
fn identifier(text: &str) -> String {
    let mut name = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    name.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(servers: &[(&str, &str)], expected: &[&str]) {
        let all: Vec<Server<'_>> =
            servers.iter().map(|(host_id, name)| Server { host_id, host_name: Some(name) }).collect();
        assert_eq!(names(&all), expected);
        // The order in which they are found makes no difference.
        let mut backwards = names(&all.into_iter().rev().collect::<Vec<_>>());
        backwards.reverse();
        assert_eq!(backwards, expected);
    }

    #[test]
    fn names_are_readable() {
        check(
            &[("1", "vault-a"), ("2", "Web Shop (EU)"), ("3", "a.b.c")],
            &["vault_a", "web_shop_eu", "a_b_c"],
        );
        check(
            &[("1", "10-front"), ("2", "--"), ("3", "服务器"), ("4", "")],
            &["server_10_front", "server_2", "server_3", "server_4"],
        );
        assert_eq!(names(&[Server { host_id: "ab-1", host_name: None }]), ["server_ab_1"]);
    }

    #[test]
    fn names_are_unique() {
        check(
            &[("aaaaaaaa-1", "web"), ("bbbbbbbb-1", "WEB"), ("c", "db")],
            &["web_aaaaaaaa", "web_bbbbbbbb", "db"],
        );
        check(&[("aaaaaaaa-1", "web"), ("aaaaaaaa-2", "web")], &["web_aaaaaaaa_1", "web_aaaaaaaa_2"]);
        check(&[("a", "web"), ("b", "web"), ("c", "web a")], &["web_a", "web_b", "web_a_2"]);
        check(&[("a-b", "web"), ("a_b", "web")], &["web_a_b", "web_a_b_2"]);
    }
}
