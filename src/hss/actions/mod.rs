//! The actions: something to do, with a verdict and nothing to keep.

mod verify_remote_backup;

pub use verify_remote_backup::VerifyRemoteBackup;
