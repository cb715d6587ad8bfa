//! Words for the states of a backup server.

/// What HSS says of a backup server, by its number. A number of the future reads as `unknown`.
pub(in crate::hss) fn status(number: i64) -> &'static str {
    match number {
        -1 => "failed",
        0 => "not_started",
        RUNNING => "running",
        2 => "starting",
        _ => "unknown",
    }
}

/// The number of `running`.
pub(in crate::hss) const RUNNING: i64 = 1;
/// The number of `failed`.
pub(super) const FAILED: i64 = -1;

/// The same for sentences.
pub(in crate::hss) fn spoken(number: Option<i64>) -> String {
    match number {
        Some(-1) => "its start failed (status -1)".to_owned(),
        Some(0) => "it is not started (status 0)".to_owned(),
        Some(1) => "it is running (status 1)".to_owned(),
        Some(2) => "it is starting (status 2)".to_owned(),
        Some(other) => format!("its status is {other}, which this provider does not know"),
        None => "HSS reports no status for it".to_owned(),
    }
}

/// What to look at when a backup server does not come up.
pub(in crate::hss) const CHECK_SERVER: &str = "Check on the backup server that it is running, that its HSS agent is online, that the port is free and reachable, \
     and that the directory is not one that WTP itself protects.";
