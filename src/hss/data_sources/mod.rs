//! The data sources: what HSS knows about remote backup, read and never changed.
//!
//! In a plan they take what resources have read of the same lists, so that a fleet costs no more calls for them. In an
//! apply they are read because something they depend on has changed, so nothing counts that was read before.

mod backup_hosts;
mod coverage;
mod hosts;
mod place;
mod registered;
mod remote_backup;
mod statistics;
mod survey;

pub use backup_hosts::BackupHosts;
pub use coverage::Coverage;
pub use hosts::Hosts;
pub use remote_backup::RemoteBackup;
pub use statistics::Statistics;

use super::Api;
use crate::framework::data_source::{AnyDataSource, register};

/// All of them, in the order of documentation.
pub fn all() -> Vec<Box<dyn AnyDataSource<Api>>> {
    vec![
        register(BackupHosts),
        register(RemoteBackup),
        register(Hosts),
        register(Coverage),
        register(Statistics),
    ]
}
