//! The backup servers that are registered.

use crate::{
    framework::{
        diag::Outcome,
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
            BackupHost,
            place::{self, ENTERPRISE_PROJECT_ID, REGION},
        },
    },
};

/// The list.
pub struct BackupHosts;

/// Its filters.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    status: Attr<String>,
    is_run: Attr<bool>,
    enterprise_project_id: Attr<String>,
    region: Attr<String>,
}

const STATUS: Path = Path::root("status");
const IS_RUN: Path = Path::root("is_run");

fn is_status(text: &str) -> Result<(), String> {
    one_of(text, filters::BACKUP_HOST_STATUSES)
}

impl List<Api> for BackupHosts {
    type Resource = BackupHost;
    type Config = Filter;

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Filter> {
        Schema::<Filter>::new("Servers that are registered as backup server. All filters that are set must fit.")
            .attr(STATUS, |m| &mut m.status, optional().text(is_status), "Only those with this status: `running`, `starting`, `not_started`, `failed`, or `unknown` for a number that is new.")
            .attr(IS_RUN, |m| &mut m.is_run, optional(), "With `true`, only those whose HSS agent is online, whatever their status.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(checks::enterprise_project), place::LIST_ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional().text(checks::region), place::LIST_REGION_TEXT)
    }

    async fn list(
        &self,
        cx: &ListCx<'_, Api, <BackupHost as Resource<Api>>::Model>,
        config: Filter,
    ) -> Outcome<()> {
        let project = &config.enterprise_project_id;
        let session = place::session(cx.read.api, &cx.read.stop, &config.region, project, timeouts::DEFAULT)?;
        let mut pages = session.backup_host_pages(config.is_run == Attr::Known(true));
        while let Some(hosts) = pages.next().await.at(STATUS, "Could not list the backup servers")? {
            for host in hosts {
                let object = BackupHost::found(&host, session.region(), project);
                if config.status.known().is_some_and(|wanted| object.status.known() != Some(wanted)) {
                    continue;
                }
                let more = host.addr().unwrap_or_else(|| host.backup_host_id.clone());
                let name = display_name(host.backup_host_name.as_deref(), &more);
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
