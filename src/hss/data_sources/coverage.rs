//! `hss_wtp_coverage`: which protected servers have remote backup, which have not and why, and whose copies go nowhere.

use std::collections::BTreeMap;

use super::{
    hosts::{UNTOLD, UNTOLD_WHY},
    place::{self, ENTERPRISE_PROJECT_ID, HOST_ID, Place, REGION},
    registered::Registered,
    survey::{OBSTACLES, Survey, obstacle},
};
use crate::{
    client::WtpHost,
    framework::{
        data_source::{DataSource, ReadCx},
        diag::{Diagnostic, Outcome},
        model::{Attr, Schema},
        number::Number,
        path::Path,
        schema::{computed, optional, optional_computed},
    },
    hss::{
        Api, checks, filters,
        report::Blame,
        resources::state_words::{RUNNING, status},
    },
};

/// The data source.
pub struct Coverage;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub enterprise_project_id: Attr<String>,
    pub region: Attr<String>,
    pub protected_host_count: Attr<i64>,
    pub eligible_host_count: Attr<i64>,
    pub covered_host_count: Attr<i64>,
    pub healthy_host_count: Attr<i64>,
    pub coverage_percent: Attr<Number>,
    pub uncovered_hosts: Attr<Vec<Attr<Uncovered>>>,
    pub dangling_hosts: Attr<Vec<Attr<Dangling>>>,
    pub backup_hosts: Attr<BTreeMap<String, Attr<Target>>>,
    pub unhealthy_backup_hosts: Attr<Vec<Attr<Unhealthy>>>,
}

/// A protected server without remote backup.
#[derive(Clone, Debug, Default)]
pub struct Uncovered {
    pub host_id: Attr<String>,
    pub host_name: Attr<String>,
    pub private_ip: Attr<String>,
    pub group_name: Attr<String>,
    pub os_type: Attr<String>,
    pub protect_status: Attr<String>,
    pub agent_status: Attr<String>,
    pub possible: Attr<bool>,
    pub obstacle: Attr<String>,
}

/// A server whose backup server is not registered.
#[derive(Clone, Debug, Default)]
pub struct Dangling {
    pub host_id: Attr<String>,
    pub host_name: Attr<String>,
    pub backup_host_id: Attr<String>,
}

/// A backup server with its users.
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub backup_host_name: Attr<String>,
    pub backup_addr: Attr<String>,
    pub registered: Attr<bool>,
    pub backup_host_status: Attr<i64>,
    pub status: Attr<String>,
    pub host_count: Attr<i64>,
    pub host_ids: Attr<Vec<Attr<String>>>,
}

/// A registered backup server that does not run.
#[derive(Clone, Debug, Default)]
pub struct Unhealthy {
    pub backup_host_id: Attr<String>,
    pub backup_host_name: Attr<String>,
    pub backup_host_status: Attr<i64>,
    pub status: Attr<String>,
    pub host_count: Attr<i64>,
    pub host_ids: Attr<Vec<Attr<String>>>,
}

const PROTECTED_HOST_COUNT: Path = Path::root("protected_host_count");
const ELIGIBLE_HOST_COUNT: Path = Path::root("eligible_host_count");
const COVERED_HOST_COUNT: Path = Path::root("covered_host_count");
const HEALTHY_HOST_COUNT: Path = Path::root("healthy_host_count");
const COVERAGE_PERCENT: Path = Path::root("coverage_percent");
const UNCOVERED_HOSTS: Path = Path::root("uncovered_hosts");
const DANGLING_HOSTS: Path = Path::root("dangling_hosts");
const BACKUP_HOSTS: Path = Path::root("backup_hosts");
const UNHEALTHY_BACKUP_HOSTS: Path = Path::root("unhealthy_backup_hosts");
const HOST_NAME: Path = Path::root("host_name");
const PRIVATE_IP: Path = Path::root("private_ip");
const GROUP_NAME: Path = Path::root("group_name");
const OS_TYPE: Path = Path::root("os_type");
const PROTECT_STATUS: Path = Path::root("protect_status");
const AGENT_STATUS: Path = Path::root("agent_status");
const POSSIBLE: Path = Path::root("possible");
const OBSTACLE: Path = Path::root("obstacle");
const BACKUP_HOST_ID: Path = Path::root("backup_host_id");
const BACKUP_HOST_NAME: Path = Path::root("backup_host_name");
const BACKUP_ADDR: Path = Path::root("backup_addr");
const REGISTERED: Path = Path::root("registered");
const BACKUP_HOST_STATUS: Path = Path::root("backup_host_status");
const STATUS: Path = Path::root("status");
const HOST_COUNT: Path = Path::root("host_count");
const HOST_IDS: Path = Path::root("host_ids");

const NUMBERED: &str =
    "Status as HSS numbers it: `-1` start failed, `0` not started, `1` running, `2` starting.";
const IN_WORDS: &str = "The same in words: `failed`, `not_started`, `running`, `starting`, or `unknown` for a number that is new.";

impl DataSource<Api> for Coverage {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_coverage";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Tells how far a fleet is covered by remote backup: which protected servers are without it and whether they could have it, who copies to which backup server, and whose copies go nowhere. It takes a few calls for any number of servers. Whether a server has the right address of its backup server is in no list; `hss_wtp_remote_backup` tells that.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(filters::enterprise_project), place::ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional_computed().text(checks::region), place::REGION_TEXT)
            .attr(PROTECTED_HOST_COUNT, |m| &mut m.protected_host_count, computed(), "Servers for which Web Tamper Protection (WTP) is switched on, whatever became of it.")
            .attr(ELIGIBLE_HOST_COUNT, |m| &mut m.eligible_host_count, computed(), "Those of them that can have remote backup: all but Windows servers.")
            .attr(COVERED_HOST_COUNT, |m| &mut m.covered_host_count, computed(), "Those of them with remote backup on.")
            .attr(HEALTHY_HOST_COUNT, |m| &mut m.healthy_host_count, computed(), "Those of these whose backup server is registered and runs.")
            .attr(COVERAGE_PERCENT, |m| &mut m.coverage_percent, computed(), "`covered_host_count` of each hundred of `eligible_host_count`, rounded down to one decimal. Null where there is no such server, since an empty list proves nothing.")
            .nested_in(UNCOVERED_HOSTS, |m| &mut m.uncovered_hosts, computed(), uncovered(), "Protected servers without remote backup, sorted by id.")
            .nested_in(DANGLING_HOSTS, |m| &mut m.dangling_hosts, computed(), dangling(), "Servers whose remote backup is on, to a backup server that is not registered, sorted by id.")
            .nested_in(BACKUP_HOSTS, |m| &mut m.backup_hosts, computed(), target(), "Each backup server that is registered or copied to, by its id, with the servers that copy to it. Those with WTP off count too.")
            .nested_in(UNHEALTHY_BACKUP_HOSTS, |m| &mut m.unhealthy_backup_hosts, computed(), unhealthy(), "Registered backup servers that do not run, sorted by id, with the servers that depend on them.")
    }

    async fn read(&self, cx: &ReadCx<'_, Api>, mut config: Model) -> Outcome<Model> {
        let mut found = config.clone();
        let place =
            Place { region: &mut config.region, enterprise_project_id: &config.enterprise_project_id };
        place::read_at(cx, place, async |session| {
            let hosts = session.protected_hosts(place::since(cx, session)).await;
            let hosts = hosts.whole("Could not list the servers with Web Tamper Protection")?;
            let targets = hosts.iter().filter_map(|host| host.backup_host_id.as_deref());
            let registered = Registered::read(cx, session, targets).await;
            let registered = registered.whole("Could not list the backup servers")?;
            // Where there is no backup server, nobody needs to be asked whether he copies to one.
            if !registered.none_at_all()
                && !session
                    .list_names_backup_hosts(&hosts)
                    .await
                    .whole("Could not find out who has remote backup")?
            {
                return Err(Diagnostic::error(UNTOLD, UNTOLD_WHY).into());
            }
            report(&mut found, &Survey::of(&hosts, &registered), &registered);
            Ok(())
        })
        .await?;
        Ok(Model { region: config.region, ..found })
    }
}

fn report(model: &mut Model, survey: &Survey<'_>, registered: &Registered) {
    model.protected_host_count = Attr::Known(survey.protected);
    model.eligible_host_count = Attr::Known(survey.eligible);
    model.covered_host_count = Attr::Known(survey.covered);
    model.healthy_host_count = Attr::Known(survey.healthy);
    model.coverage_percent = survey.percent().into();
    let uncovered = survey.uncovered.iter().map(|host| Attr::Known(Uncovered::from(*host)));
    model.uncovered_hosts = Attr::Known(uncovered.collect());
    let mut dangling: Vec<(&WtpHost, &str)> = Vec::new();
    let mut targets = BTreeMap::new();
    let mut unhealthy = Vec::new();
    for (id, users) in &survey.users {
        let target = Target::new(id, users, registered);
        if target.registered == Attr::Known(false) {
            dangling.extend(users.iter().map(|user| (*user, *id)));
        }
        if target.registered == Attr::Known(true) && target.backup_host_status != Attr::Known(RUNNING) {
            unhealthy.push(Attr::Known(Unhealthy::new(id, &target)));
        }
        targets.insert((*id).to_owned(), Attr::Known(target));
    }
    dangling.sort_by_key(|(user, _)| &user.host_id);
    let dangling = dangling.into_iter().map(|(user, id)| Attr::Known(Dangling::new(user, id)));
    model.dangling_hosts = Attr::Known(dangling.collect());
    model.backup_hosts = Attr::Known(targets);
    model.unhealthy_backup_hosts = Attr::Known(unhealthy);
}

impl From<&WtpHost> for Uncovered {
    fn from(host: &WtpHost) -> Self {
        let obstacle = obstacle(host);
        Self {
            host_id: Attr::Known(host.host_id.clone()),
            host_name: host.host_name.clone().into(),
            private_ip: host.private_ip.clone().into(),
            group_name: host.group_name.clone().into(),
            os_type: host.os_type.clone().into(),
            protect_status: host.protect_status.clone().into(),
            agent_status: host.agent_status.clone().into(),
            possible: Attr::Known(obstacle.is_none()),
            obstacle: obstacle.map(str::to_owned).into(),
        }
    }
}

impl Dangling {
    fn new(host: &WtpHost, backup_host_id: &str) -> Self {
        Self {
            host_id: Attr::Known(host.host_id.clone()),
            host_name: host.host_name.clone().into(),
            backup_host_id: Attr::Known(backup_host_id.to_owned()),
        }
    }
}

impl Target {
    fn new(id: &str, users: &[&WtpHost], registered: &Registered) -> Self {
        let host = registered.find(id);
        let number = host.and_then(|host| host.backup_host_status);
        let ids: Vec<_> = users.iter().map(|user| Attr::Known(user.host_id.clone())).collect();
        Self {
            backup_host_name: host.and_then(|host| host.backup_host_name.clone()).into(),
            backup_addr: host.and_then(|host| host.addr()).into(),
            registered: registered.has(id).into(),
            backup_host_status: number.into(),
            status: number.map(|number| status(number).to_owned()).into(),
            host_count: i64::try_from(ids.len()).ok().into(),
            host_ids: Attr::Known(ids),
        }
    }
}

impl Unhealthy {
    fn new(id: &str, target: &Target) -> Self {
        Self {
            backup_host_id: Attr::Known(id.to_owned()),
            backup_host_name: target.backup_host_name.clone(),
            backup_host_status: target.backup_host_status.clone(),
            status: target.status.clone(),
            host_count: target.host_count.clone(),
            host_ids: target.host_ids.clone(),
        }
    }
}

#[rustfmt::skip]
fn uncovered() -> Schema<Uncovered> {
    Schema::<Uncovered>::new("")
        .attr(HOST_ID, |m| &mut m.host_id, computed(), "Id of the server.")
        .attr(HOST_NAME, |m| &mut m.host_name, computed(), "Name of the server.")
        .attr(PRIVATE_IP, |m| &mut m.private_ip, computed(), "Its private address.")
        .attr(GROUP_NAME, |m| &mut m.group_name, computed(), "Name of its server group; null where it is in none.")
        .attr(OS_TYPE, |m| &mut m.os_type, computed(), "`Linux` or `Windows`.")
        .attr(PROTECT_STATUS, |m| &mut m.protect_status, computed(), "State of WTP.")
        .attr(AGENT_STATUS, |m| &mut m.agent_status, computed(), "State of its HSS agent.")
        .attr(POSSIBLE, |m| &mut m.possible, computed(), "Whether remote backup could be switched on right now, as far as HSS tells.")
        .attr(OBSTACLE, |m| &mut m.obstacle, computed(), format!("What stands in the way, the first of: {OBSTACLES}. Null where nothing does."))
}

#[rustfmt::skip]
fn dangling() -> Schema<Dangling> {
    Schema::<Dangling>::new("")
        .attr(HOST_ID, |m| &mut m.host_id, computed(), "Id of the server.")
        .attr(HOST_NAME, |m| &mut m.host_name, computed(), "Name of the server.")
        .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, computed(), "Id of the backup server that is not registered.")
}

#[rustfmt::skip]
fn target() -> Schema<Target> {
    Schema::<Target>::new("")
        .attr(BACKUP_HOST_NAME, |m| &mut m.backup_host_name, computed(), "Name of the backup server; null where it is not registered.")
        .attr(BACKUP_ADDR, |m| &mut m.backup_addr, computed(), "Address and port that it is registered with.")
        .attr(REGISTERED, |m| &mut m.registered, computed(), "Whether it is registered; null where it may be in an enterprise project that may not be read.")
        .attr(BACKUP_HOST_STATUS, |m| &mut m.backup_host_status, computed(), NUMBERED)
        .attr(STATUS, |m| &mut m.status, computed(), IN_WORDS)
        .attr(HOST_COUNT, |m| &mut m.host_count, computed(), "How many servers copy to it.")
        .attr(HOST_IDS, |m| &mut m.host_ids, computed(), "Ids of the servers that copy to it, sorted.")
}

#[rustfmt::skip]
fn unhealthy() -> Schema<Unhealthy> {
    Schema::<Unhealthy>::new("")
        .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, computed(), "Id of the backup server.")
        .attr(BACKUP_HOST_NAME, |m| &mut m.backup_host_name, computed(), "Name of the backup server.")
        .attr(BACKUP_HOST_STATUS, |m| &mut m.backup_host_status, computed(), NUMBERED)
        .attr(STATUS, |m| &mut m.status, computed(), IN_WORDS)
        .attr(HOST_COUNT, |m| &mut m.host_count, computed(), "How many servers copy to it.")
        .attr(HOST_IDS, |m| &mut m.host_ids, computed(), "Ids of the servers that copy to it, sorted.")
}
