//! The protected servers with remote backup, or those that could have it and do not.

use crate::{
    client::{Session, WtpHost, WtpHostFilter},
    framework::{
        diag::{Diagnostic, Diagnostics, Outcome},
        list::{List, ListCx},
        model::{Attr, Schema},
        path::Path,
        resource::Resource,
        schema::optional,
        timeouts,
    },
    hss::{
        Api, checks, filters,
        lists::{display_name, incomplete, one_of},
        report::Blame,
        resources::{
            RemoteBackup,
            place::{self, ENTERPRISE_PROJECT_ID, REGION},
        },
    },
};

/// The list.
pub struct RemoteBackups;

/// Its filters.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    remote_backup: Attr<bool>,
    backup_host_id: Attr<String>,
    host_name: Attr<String>,
    private_ip: Attr<String>,
    group_name: Attr<String>,
    agent_status: Attr<String>,
    wtp_status: Attr<String>,
    enterprise_project_id: Attr<String>,
    region: Attr<String>,
}

const REMOTE_BACKUP: Path = Path::root("remote_backup");
const BACKUP_HOST_ID: Path = Path::root("backup_host_id");
const HOST_NAME: Path = Path::root("host_name");
const PRIVATE_IP: Path = Path::root("private_ip");
const GROUP_NAME: Path = Path::root("group_name");
const AGENT_STATUS: Path = Path::root("agent_status");
const WTP_STATUS: Path = Path::root("wtp_status");

const UNLISTED: &str = "Could not list the protected servers";

fn is_agent_status(text: &str) -> Result<(), String> {
    one_of(text, filters::AGENT_STATUSES)
}

fn is_wtp_status(text: &str) -> Result<(), String> {
    one_of(text, filters::WTP_STATUSES)
}

/// A filter that the API takes only up to a length, and not empty.
fn is_part<const MOST: usize>(text: &str) -> Result<(), String> {
    match text.chars().count() {
        0 => Err("It is empty. Leave it out, or write what to look for.".to_owned()),
        length if length > MOST => {
            Err(format!("It has {length} characters, and HSS takes at most {MOST}. Write less of it."))
        }
        _ => Ok(()),
    }
}

impl List<Api> for RemoteBackups {
    type Resource = RemoteBackup;
    type Config = Filter;

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Filter> {
        Schema::<Filter>::new("Protected servers by their remote backup. All filters that are set must fit.")
            .attr(REMOTE_BACKUP, |m| &mut m.remote_backup, optional(), "With `true`, the default, only servers whose remote backup is on; with `false`, only Linux servers with Web Tamper Protection whose remote backup is off.")
            .attr(BACKUP_HOST_ID, |m| &mut m.backup_host_id, optional().text(checks::host_id), "Only servers that copy to this backup server.")
            .attr(HOST_NAME, |m| &mut m.host_name, optional().text(is_part::<256>), "Only servers with this in their name.")
            .attr(PRIVATE_IP, |m| &mut m.private_ip, optional().text(is_part::<128>), "Only the server with this private address.")
            .attr(GROUP_NAME, |m| &mut m.group_name, optional().text(is_part::<64>), "Only servers of the server group with this name.")
            .attr(AGENT_STATUS, |m| &mut m.agent_status, optional().text(is_agent_status), "Only servers whose HSS agent is `online`, `offline` or `not_installed`.")
            .attr(WTP_STATUS, |m| &mut m.wtp_status, optional().text(is_wtp_status), "Only servers whose protection is `opened`, `opening`, `open_failed`, `partial_protection` or `protection_interruption`.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(checks::enterprise_project), place::LIST_ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional().text(checks::region), place::LIST_REGION_TEXT)
    }

    fn validate(&self, config: &Filter, diagnostics: &mut Diagnostics) {
        if config.remote_backup == Attr::Known(false) && config.backup_host_id.known().is_some() {
            let detail = "Servers whose remote backup is off copy to no backup server, so nothing would be found. Leave one of the two out.";
            let summary = "backup_host_id and remote_backup = false exclude each other";
            diagnostics.push(Diagnostic::error(summary, detail).at(BACKUP_HOST_ID));
        }
    }

    async fn list(
        &self,
        cx: &ListCx<'_, Api, <RemoteBackup as Resource<Api>>::Model>,
        config: Filter,
    ) -> Outcome<()> {
        let project = &config.enterprise_project_id;
        let session = place::session(cx.read.api, &cx.read.stop, &config.region, project, timeouts::DEFAULT)?;
        let on = config.remote_backup != Attr::Known(false);
        let mut pages = session.wtp_host_pages(&filter(&config));
        while let Some(mut hosts) = pages.next().await.at(HOST_NAME, UNLISTED)? {
            hosts.retain(|host| !host.is_windows());
            complete(&session, &mut hosts).await?;
            for host in hosts.into_iter().filter(|host| fits(host, &config, on)) {
                // Names of backup servers are in a list of their own, which is one call for all.
                let object = RemoteBackup::found(&session, &host, project, cx.wants_objects).await?;
                let name = display_name(host.host_name.as_deref(), told_apart(&host));
                if !cx.found(name, object).await {
                    return Ok(());
                }
            }
        }
        if let Some(warning) = incomplete(pages.missing()) {
            cx.read.warn(warning);
        }
        Ok(())
    }
}

/// What the API filters by itself.
fn filter(config: &Filter) -> WtpHostFilter {
    let text = |attr: &Attr<String>| attr.known().cloned();
    WtpHostFilter {
        host_name: text(&config.host_name),
        private_ip: text(&config.private_ip),
        group_name: text(&config.group_name),
        agent_status: text(&config.agent_status),
        wtp_status: text(&config.wtp_status),
        ..WtpHostFilter::default()
    }
}

/// What it does not filter, or perhaps does not in an older region.
fn fits(host: &WtpHost, config: &Filter, on: bool) -> bool {
    let equals = |wanted: &Attr<String>, found: &Option<String>| {
        wanted.known().is_none_or(|wanted| found.as_ref() == Some(wanted))
    };
    let switch =
        if on { host.backup_host_id.is_some() } else { host.backup_host_id.is_none() && host.is_protected() };
    switch
        && (config.backup_host_id.is_null() || equals(&config.backup_host_id, &host.backup_host_id))
        && equals(&config.private_ip, &host.private_ip)
        && equals(&config.agent_status, &host.agent_status)
        && equals(&config.wtp_status, &host.protect_status)
}

/// Older regions leave the backup server out of the list; there each server is asked for itself.
async fn complete(session: &Session, hosts: &mut [WtpHost]) -> Outcome<()> {
    if session.list_names_backup_hosts(hosts).await.at(REMOTE_BACKUP, UNLISTED)? {
        return Ok(());
    }
    for host in hosts.iter_mut().filter(|host| host.is_protected()) {
        match session.show_remote_backup(&host.host_id).await {
            Ok(setting) => host.backup_host_id = setting.backup_host_id.filter(|_| setting.remote_backup),
            // It left HSS meanwhile.
            Err(error) if error.may_mean_unknown_host() => {}
            Err(error) => {
                return Err(error).at(REMOTE_BACKUP, "Could not read the remote backup of a server");
            }
        }
    }
    Ok(())
}

fn told_apart(host: &WtpHost) -> &str {
    host.private_ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or(&host.host_id)
}
