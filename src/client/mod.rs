//! HSS over REST: typed calls for the remote backup of Web Tamper Protection.
//!
//! [`Hss`] is the configured service, [`Session`] one operation's view of it. Plain Rust values in and out;
//! Terraform never appears here.

mod backup_hosts;
mod call;
mod deletions;
mod doubt;
mod error;
mod fleet;
mod hss;
mod operation;
mod page;
mod pages;
mod remedy;
mod remote_backup;
mod settings;
mod snapshot;
mod statistics;
mod wtp_hosts;

#[cfg(test)]
mod testing;

pub use backup_hosts::{BackupHost, UpdateBackupHost};
pub use error::{ApiError, Error};
pub use fleet::{Believed, Seen};
pub use hss::{ALL_ENTERPRISE_PROJECTS, Hss, Place, Session};
pub use operation::{Permission, permissions};
pub use pages::Pages;
pub use remedy::codes;
pub use remote_backup::{BackupTarget, RemoteBackup};
pub use settings::{OidcSettings, RoleSettings, Settings, SettingsError};
pub use statistics::WtpStatistics;
pub use wtp_hosts::{WtpHost, WtpHostFilter};

pub use crate::{
    auth::Secret,
    rest::{Cause, Limits, Rate},
};
