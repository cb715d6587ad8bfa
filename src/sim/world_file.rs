//! Reads the world file. Anything may be left out; anything unknown is an error that names its place,
//! because a mistyped member would otherwise quietly test something else.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    seed,
    table::{Keyed, Table},
    world::{
        AccessKey, BackupHost, DEFAULT_ENTERPRISE_PROJECT, Host, Named, RUNNING, RemoteBackup, User, World,
    },
};

/// What is wrong with a world, and where: `hosts[3].os_type: …`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct WorldError {
    place: String,
    reason: String,
}

type Outcome<T> = Result<T, WorldError>;

pub(super) const OS_TYPES: &[&str] = &["Linux", "Windows"];
pub(super) const AGENT_STATUSES: &[&str] = &["online", "offline", "not_installed"];
const HOST_STATUSES: &[&str] = &["ACTIVE", "SHUTOFF", "BUILDING", "ERROR"];
const PROTECT_STATUSES: &[&str] = &[
    "opening",
    "opened",
    "closed",
    "open_failed",
    "partial_protection",
    "protection_interruption",
    "protection_pause",
];

impl World {
    /// Reads the text of a world file. Identities that are left out are those of the built-in world;
    /// servers that are left out do not exist.
    pub fn parse(text: &str) -> Result<Self, WorldError> {
        let value =
            serde_json::from_str(text).map_err(|error| fail("world", format!("not JSON: {error}")))?;
        Self::from_json(&value)
    }

    /// The same from JSON that was read already.
    pub fn from_json(value: &Value) -> Result<Self, WorldError> {
        let built_in = seed::identities();
        let mut world = Members::of(value, "world")?;
        let read = Self {
            domain: match world.take("domain") {
                Some(domain) => named(domain, "domain")?,
                None => built_in.domain,
            },
            projects: world.list("projects", named)?.unwrap_or(built_in.projects),
            users: world.list("users", user)?.unwrap_or(built_in.users),
            access_keys: world.list("access_keys", access_key)?.unwrap_or(built_in.access_keys),
            hosts: table(world.list("hosts", host)?, "hosts")?,
            backup_hosts: table(world.list("backup_hosts", backup_host)?, "backup_hosts")?,
        };
        world.end()?;
        unique(&read.projects, "projects", |it| &it.id)?;
        unique(&read.users, "users", |it| &it.id)?;
        unique(&read.access_keys, "access_keys", |it| &it.access)?;
        Ok(read)
    }
}

pub(super) fn host(value: &Value, place: &str) -> Outcome<Host> {
    let mut host = Members::of(value, place)?;
    let host_id = host.id("host_id")?;
    let read = Host {
        host_name: host.text("host_name")?.unwrap_or_else(|| host_id.clone()),
        enterprise_project_id: host
            .text("enterprise_project_id")?
            .unwrap_or_else(|| DEFAULT_ENTERPRISE_PROJECT.to_owned()),
        os_type: host.one_of("os_type", OS_TYPES)?.unwrap_or("Linux").to_owned(),
        protect_status: host.one_of("protect_status", PROTECT_STATUSES)?.map(str::to_owned),
        agent_status: host.one_of("agent_status", AGENT_STATUSES)?.unwrap_or("online").to_owned(),
        host_status: host.one_of("host_status", HOST_STATUSES)?.unwrap_or("ACTIVE").to_owned(),
        private_ip: host.text("private_ip")?.unwrap_or_default(),
        remote_backup: match host.take("remote_backup") {
            Some(target) => Some(remote_backup(target, &format!("{place}.remote_backup"))?),
            None => None,
        },
        host_id,
    };
    host.end()?;
    Ok(read)
}

pub(super) fn backup_host(value: &Value, place: &str) -> Outcome<BackupHost> {
    let mut host = Members::of(value, place)?;
    let read = BackupHost {
        backup_host_id: host.id("backup_host_id")?,
        backup_host_ip: host.text("backup_host_ip")?.unwrap_or_default(),
        backup_host_port: host.number("backup_host_port", 0..=65535)?.unwrap_or(18080),
        backup_dir: host.text("backup_dir")?.unwrap_or_else(|| "/data/wtp-copies".to_owned()),
        backup_host_status: host
            .number("backup_host_status", i32::MIN.into()..=i32::MAX.into())?
            .unwrap_or(RUNNING),
    };
    host.end()?;
    Ok(read)
}

fn remote_backup(value: &Value, place: &str) -> Outcome<RemoteBackup> {
    let mut target = Members::of(value, place)?;
    let read = RemoteBackup {
        backup_host_id: target.id("backup_host_id")?,
        backup_addr: target.text("backup_addr")?.unwrap_or_default(),
    };
    target.end()?;
    Ok(read)
}

fn named(value: &Value, place: &str) -> Outcome<Named> {
    let mut it = Members::of(value, place)?;
    let name = it.required("name")?;
    let read = Named { id: it.text("id")?.unwrap_or_else(|| id_from(&name)), name };
    it.end()?;
    Ok(read)
}

fn user(value: &Value, place: &str) -> Outcome<User> {
    let mut it = Members::of(value, place)?;
    let name = it.required("name")?;
    let read = User {
        id: it.text("id")?.unwrap_or_else(|| id_from(&name)),
        password: it.required("password")?,
        name,
    };
    it.end()?;
    Ok(read)
}

fn access_key(value: &Value, place: &str) -> Outcome<AccessKey> {
    let mut it = Members::of(value, place)?;
    let read = AccessKey {
        access: it.required("access")?,
        secret: it.required("secret")?,
        security_token: it.text("security_token")?,
    };
    it.end()?;
    Ok(read)
}

/// An id for something that was only given a name: 32 hex digits, always the same for the same name.
fn id_from(name: &str) -> String {
    Sha256::digest(name).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn fail(place: impl Into<String>, reason: impl Into<String>) -> WorldError {
    WorldError { place: place.into(), reason: reason.into() }
}

fn table<T: Keyed>(rows: Option<Vec<T>>, place: &str) -> Outcome<Table<T>> {
    let rows = rows.unwrap_or_default();
    unique(&rows, place, T::key)?;
    let mut table = Table::default();
    rows.into_iter().for_each(|row| table.put(row));
    Ok(table)
}

fn unique<T>(rows: &[T], place: &str, key: impl Fn(&T) -> &str) -> Outcome<()> {
    let mut seen = std::collections::HashSet::new();
    match rows.iter().position(|row| !seen.insert(key(row))) {
        Some(at) => Err(fail(format!("{place}[{at}]"), format!("\"{}\" is there twice", key(&rows[at])))),
        None => Ok(()),
    }
}

/// The members of one object, ticked off as they are read. `null` counts as left out.
struct Members<'a> {
    members: Map<String, &'a Value>,
    place: String,
}

// `Map` of serde_json holds owned values only, so the borrowed view is a plain sorted map.
type Map<K, V> = std::collections::BTreeMap<K, V>;

impl<'a> Members<'a> {
    fn of(value: &'a Value, place: &str) -> Outcome<Self> {
        let object = value.as_object().ok_or_else(|| fail(place, "expected a JSON object"))?;
        Ok(Self {
            members: object.iter().map(|(name, value)| (name.clone(), value)).collect(),
            place: place.to_owned(),
        })
    }

    fn at(&self, name: &str) -> String {
        if self.place == "world" { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Outcome<Option<String>> {
        self.take(name)
            .map(|value| {
                value.as_str().map(str::to_owned).ok_or_else(|| fail(self.at(name), "expected a string"))
            })
            .transpose()
    }

    fn required(&mut self, name: &str) -> Outcome<String> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| fail(self.at(name), "must be given and not be empty"))
    }

    fn id(&mut self, name: &str) -> Outcome<String> {
        let id = self.required(name)?;
        if id.chars().count() > 256 {
            return Err(fail(self.at(name), "longer than 256 characters"));
        }
        Ok(id)
    }

    fn one_of(&mut self, name: &str, values: &[&'static str]) -> Outcome<Option<&'static str>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match values.iter().find(|value| **value == text) {
            Some(value) => Ok(Some(value)),
            None => Err(fail(self.at(name), format!("\"{text}\" is none of {}", values.join(", ")))),
        }
    }

    fn number(&mut self, name: &str, range: std::ops::RangeInclusive<i64>) -> Outcome<Option<i64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.as_i64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(fail(
                self.at(name),
                format!("expected a whole number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    fn list<T>(&mut self, name: &str, read: fn(&Value, &str) -> Outcome<T>) -> Outcome<Option<Vec<T>>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let place = self.at(name);
        let items = value.as_array().ok_or_else(|| fail(place.as_str(), "expected a JSON array"))?;
        let rows = items.iter().enumerate().map(|(at, item)| read(item, &format!("{place}[{at}]")));
        rows.collect::<Outcome<Vec<T>>>().map(Some)
    }

    /// Fails when a member was not read: it has no meaning.
    fn end(self) -> Outcome<()> {
        match self.members.keys().next() {
            Some(name) => Err(fail(self.at(name), "unknown member")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_survives_writing_and_reading() {
        let world = seed::world();
        let again = World::from_json(&world.to_json()).unwrap();
        assert_eq!(again.to_json(), world.to_json());
    }

    #[test]
    fn what_is_left_out_gets_a_sensible_value() {
        let world = World::parse(r#"{"hosts":[{"host_id":"h1"}],"backup_hosts":[{"backup_host_id":"h1"}]}"#);
        let world = world.unwrap();
        let host = world.hosts.get("h1").unwrap();
        assert_eq!((host.host_name.as_str(), host.os_type.as_str()), ("h1", "Linux"));
        assert_eq!((host.protect_status.as_deref(), host.is_online()), (None, true));
        assert_eq!(world.backup_hosts.get("h1").unwrap().backup_host_status, RUNNING);
        assert_eq!(world.access_keys.len(), 1, "the identities of the built-in world");
    }

    #[test]
    fn errors_name_their_place() {
        let check = |text: &str, expected: &str| {
            let error = World::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        };
        check("[]", "world: expected a JSON object");
        check("{", "world: not JSON");
        check(r#"{"host":[]}"#, "host: unknown member");
        check(r#"{"hosts":{}}"#, "hosts: expected a JSON array");
        check(r#"{"hosts":[{"host_id":"a"},{"host_id":"a"}]}"#, "hosts[1]: \"a\" is there twice");
        check(r#"{"hosts":[{"host_id":"a","os":"Linux"}]}"#, "hosts[0].os: unknown member");
        check(r#"{"hosts":[{"host_id":"a","os_type":"linux"}]}"#, "hosts[0].os_type: \"linux\" is none of");
        check(r#"{"hosts":[{"host_name":"a"}]}"#, "hosts[0].host_id: must be given");
        check(
            r#"{"hosts":[{"host_id":"a","remote_backup":{"id":"b"}}]}"#,
            "hosts[0].remote_backup.backup_host_id: must be given",
        );
        check(
            r#"{"backup_hosts":[{"backup_host_id":"a","backup_host_port":70000}]}"#,
            "backup_hosts[0].backup_host_port: expected a whole number",
        );
        check(r#"{"access_keys":[{"access":"a"}]}"#, "access_keys[0].secret: must be given");
    }
}
