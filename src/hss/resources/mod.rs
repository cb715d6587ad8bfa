//! The two resources, and what they have in common: where an object lives and how it is imported.

mod backup_host;
mod drift;
pub(super) mod place;
pub(super) mod preconditions;
mod preflight;
mod remote_backup;
mod stale;
pub(super) mod state_words;
pub(super) mod waited;

pub use backup_host::BackupHost;
pub use remote_backup::RemoteBackup;
