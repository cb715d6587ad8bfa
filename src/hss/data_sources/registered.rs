//! Which backup servers are registered, also where only one enterprise project is read: a protected server may copy to
//! one in another, and that one is not missing.

use std::sync::Arc;

use super::place;
use crate::{
    client::{ALL_ENTERPRISE_PROJECTS, BackupHost, Error, Session},
    framework::{data_source::ReadCx, diag::Diagnostic},
    hss::{Api, report},
};

/// The registered backup servers, as far as they may be known.
#[derive(Debug, Default)]
pub(super) struct Registered {
    /// Those of the place that is read.
    pub(super) here: Arc<[BackupHost]>,
    /// Those of all enterprise projects, where they were needed.
    everywhere: Arc<[BackupHost]>,
    /// What is not found may be in a project that may not be read.
    pub(super) partial: bool,
    /// The place that is read is all enterprise projects.
    sees_all: bool,
}

impl Registered {
    /// Reads what is needed to judge the backup servers in `wanted`.
    pub(super) async fn read<'a>(
        cx: &ReadCx<'_, Api>,
        session: &Session,
        wanted: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let since = place::since(cx, session);
        let here = session.list_backup_hosts_since(since).await?;
        let sees_all = session.enterprise_project_id().is_none_or(|id| id == ALL_ENTERPRISE_PROJECTS);
        let mut all = Self { here, sees_all, ..Self::default() };
        if sees_all || wanted.into_iter().all(|id| all.find(id).is_some()) {
            return Ok(all);
        }
        match session.everywhere().list_backup_hosts_since(since).await {
            Ok(everywhere) => all.everywhere = everywhere,
            Err(error) if error.bars_a_list() => {
                let detail = format!(
                    "Some servers copy to backup servers that are not in the enterprise project that was read, and those of the others \
                     may not be listed, so it is not known whether they are registered.\n\n{}",
                    report::detail(&error)
                );
                cx.warn(Diagnostic::warning(
                    "Backup servers of other enterprise projects are not known",
                    detail,
                ));
                all.partial = true;
            }
            Err(error) => return Err(error),
        }
        Ok(all)
    }

    /// Whether there is certainly no backup server anywhere.
    pub(super) fn none_at_all(&self) -> bool {
        self.sees_all && self.here.is_empty()
    }

    /// The backup server with this id.
    pub(super) fn find(&self, id: &str) -> Option<&BackupHost> {
        self.here.iter().chain(self.everywhere.iter()).find(|host| host.backup_host_id == id)
    }

    /// Whether it is registered, as far as that is known.
    pub(super) fn has(&self, id: &str) -> Option<bool> {
        match self.find(id) {
            Some(_) => Some(true),
            None if self.partial => None,
            None => Some(false),
        }
    }

    #[cfg(test)]
    pub(super) fn of(here: &[BackupHost], partial: bool) -> Self {
        Self { here: here.into(), everywhere: Arc::default(), partial, sees_all: true }
    }
}
