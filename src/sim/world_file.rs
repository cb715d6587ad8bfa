//! Reads the world file. Anything may be left out; anything unknown is an error that names its place,
//! because a mistyped member would otherwise quietly test something else.

use serde_json::Value;

pub use super::world_members::WorldError;
use super::{
    host_details::Details,
    identity_file::{access_key, account, agency, identity_provider, metadata, named, user},
    seed,
    table::{Keyed, Table},
    world::{BackupHost, DEFAULT_ENTERPRISE_PROJECT, Host, RUNNING, RemoteBackup, World},
    world_members::{Members, Outcome, fail},
};

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
        let mut world = Members::of(value, "world")?;
        let domain = world.take("domain").map(|domain| named(domain, "domain")).transpose()?;
        let built_in = seed::identities(domain.unwrap_or_else(seed::domain));
        let mut read = Self {
            domain: built_in.domain,
            projects: world.list("projects", named)?.unwrap_or(built_in.projects),
            users: world.list("users", user)?.unwrap_or(built_in.users),
            access_keys: world.list("access_keys", access_key)?.unwrap_or(built_in.access_keys),
            accounts: world.list("accounts", account)?.unwrap_or(built_in.accounts),
            agencies: world.list("agencies", agency)?.unwrap_or(built_in.agencies),
            identity_providers: world
                .list("identity_providers", identity_provider)?
                .unwrap_or(built_in.identity_providers),
            instance_agency: match world.take("metadata") {
                Some(given) => metadata(given, "metadata")?,
                None => built_in.instance_agency,
            },
            hosts: table(world.list("hosts", host)?, "hosts")?,
            backup_hosts: table(world.list("backup_hosts", backup_host)?, "backup_hosts")?,
        };
        world.end()?;
        unique(&read.identity_providers, "identity_providers", |it| &it.id)?;
        unique(&read.users, "users", |it| &it.id)?;
        unique(&read.access_keys, "access_keys", |it| &it.access)?;
        read.complete()?;
        Ok(read)
    }

    /// Fills in what goes without saying, and checks what is named elsewhere.
    fn complete(&mut self) -> Outcome<()> {
        let own = self.domain.id.clone();
        for agency in &mut self.agencies {
            let said = std::iter::once(&mut agency.domain_id).chain(&mut agency.trusts);
            said.filter(|it| it.is_empty()).for_each(|it| it.clone_from(&own));
        }
        unique(&self.all_projects().collect::<Vec<_>>(), "projects", |it| &it.id)?;
        let accounts: Vec<_> = self.accounts.iter().map(|it| &it.domain).chain([&self.domain]).collect();
        unique(&accounts, "accounts", |it| &it.id)?;
        if let Some(at) = self.agencies.iter().position(|it| self.account(&it.domain_id).is_none()) {
            return Err(fail(format!("agencies[{at}].domain_id"), "there is no such account"));
        }

        let project = self.default_project().to_owned();
        let known: Vec<String> = self.all_projects().map(|it| it.id.clone()).collect();
        for (at, host) in self.hosts.iter_mut().enumerate() {
            settle_project(&mut host.project_id, &project, &known, &format!("hosts[{at}]"))?;
        }
        let places: Vec<Option<String>> = self
            .backup_hosts
            .iter()
            .map(|row| self.hosts.get(&row.backup_host_id).map(|host| host.project_id.clone()))
            .collect();
        for (at, (row, of_host)) in self.backup_hosts.iter_mut().zip(places).enumerate() {
            let project = of_host.as_ref().unwrap_or(&project);
            settle_project(&mut row.project_id, project, &known, &format!("backup_hosts[{at}]"))?;
        }
        Ok(())
    }
}

/// An empty project becomes the default one; any other must be known.
fn settle_project(project_id: &mut String, default: &str, known: &[String], place: &str) -> Outcome<()> {
    if project_id.is_empty() {
        default.clone_into(project_id);
    } else if !known.contains(project_id) {
        return Err(fail(format!("{place}.project_id"), "there is no such project"));
    }
    Ok(())
}

pub(super) fn host(value: &Value, place: &str) -> Outcome<Host> {
    let mut host = Members::of(value, place)?;
    let host_id = host.id("host_id")?;
    let read = Host {
        project_id: host.text("project_id")?.unwrap_or_default(),
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
        details: Details::read(&mut host)?,
        host_id,
    };
    host.end()?;
    Ok(read)
}

pub(super) fn backup_host(value: &Value, place: &str) -> Outcome<BackupHost> {
    let mut host = Members::of(value, place)?;
    let read = BackupHost {
        backup_host_id: host.id("backup_host_id")?,
        project_id: host.text("project_id")?.unwrap_or_default(),
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
    fn details_survive_and_ordinary_ones_are_left_out() {
        let text = r#"{"hosts":[{"host_id":"a","group_name":"shop","abnormal_dir_list":["/x"],"abnormal_reason":10,
            "anti_tampering_times":7,"asset_value":"common"}]}"#;
        let row = World::parse(text).unwrap().to_json()["hosts"][0].clone();
        assert_eq!((&row["group_name"], &row["abnormal_dir_list"][0]), (&"shop".into(), &"/x".into()));
        assert_eq!((&row["abnormal_reason"], &row["anti_tampering_times"]), (&10.into(), &7.into()));
        assert!(row.get("asset_value").is_none() && row.get("public_ip").is_none());
        let again = World::from_json(&serde_json::json!({ "hosts": [row] })).unwrap();
        assert_eq!(again.to_json()["hosts"][0], row);
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
        let other = r#"{"domain":{"id":"d","name":"mine"},"agencies":[{"name":"a"}]}"#;
        let other = World::parse(other).unwrap();
        assert_eq!(
            (other.agencies[0].domain_id.as_str(), &other.agencies[0].trusts),
            ("d", &vec!["d".to_owned()])
        );
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
        check(
            r#"{"hosts":[{"host_id":"a","asset_value":"dear"}]}"#,
            "hosts[0].asset_value: \"dear\" is none of",
        );
        check(
            r#"{"hosts":[{"host_id":"a","abnormal_dir_list":[1]}]}"#,
            "hosts[0].abnormal_dir_list[0]: expected",
        );
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
        check(
            r#"{"hosts":[{"host_id":"a","project_id":"b"}]}"#,
            "hosts[0].project_id: there is no such project",
        );
        check(
            r#"{"agencies":[{"name":"a","domain_id":"b"}]}"#,
            "agencies[0].domain_id: there is no such account",
        );
        check(r#"{"agencies":[{"name":"a","trusts":[1]}]}"#, "agencies[0].trusts[0]: expected a string");
        check(
            r#"{"projects":[{"id":"p","name":"a"}],"accounts":[{"name":"b","projects":[{"id":"p","name":"a"}]}]}"#,
            "projects[1]: \"p\" is there twice",
        );
    }
}
