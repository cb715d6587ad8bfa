//! The knobs: how the simulator behaves where the vendor's documents are silent, and what trouble it makes.
//!
//! Given by `--knob NAME=VALUE` or `PATCH /_sim/knobs`; a value of `null` there sets the default again.
//!
//! | Knob | Default | Values | Meaning |
//! |---|---|---|---|
//! | `throttle` | | `CALLS/SECONDS` | HSS calls per user and operation in a fixed window; the rest gets 429 `APIGW.0308` |
//! | `retry_after` | | `SECONDS` | adds `Retry-After` to a 429, and to injected 5xx |
//! | `latency_ms` | `0` | `N`, `MIN-MAX` | delay before a call takes effect |
//! | `start_after_ms` | `300` | `N` | time from a PUT until the backup server's status settles |
//! | `start_result` | `running` | `running`, `failed`, `not_started`, a number | the status it settles at |
//! | `start_sequence` | `starting` | `starting`, `not_started`, `straight`, `stuck`, `stale` | the way there: 2; 0 then 2; at once; 0 for ever; the old status for a while, then 2 |
//! | `write_body` | `empty` | `empty`, `{}` | body of a successful write |
//! | `put_unknown_host` | `refuse` | `refuse`, `accept` | registering a server HSS does not know: HSS.0011 |
//! | `put_windows` | `refuse` | `refuse`, `accept` | registering a Windows server: HSS.0001 |
//! | `put_agent` | `refuse` | `refuse`, `accept` | registering without an agent (HSS.1001) or with one offline (HSS.1007) |
//! | `delete_non_running` | `accept` | `accept`, `refuse` | deleting a backup server whose status is not 1: HSS.0001 |
//! | `delete_unknown` | `accept` | `accept`, `refuse` | deleting an unknown id: HSS.0011 |
//! | `delete_in_use` | `accept` | `accept`, `refuse` | deleting one that protected servers use: HSS.0010 |
//! | `delete_visible_after_ms` | `0` | `N` | time until a deleted backup server leaves the list |
//! | `set_non_running` | `refuse` | `refuse`, `accept` | pointing at a backup server whose status is not 1: HSS.0001 |
//! | `set_agent` | `refuse` | `refuse`, `accept` | enabling while the agent is missing (HSS.1001) or offline (HSS.1007) |
//! | `set_off` | `accept` | `accept`, `refuse` | disabling on a server without WTP or with Windows |
//! | `set_refused` | `hss` | `hss`, `00000010` | refusals of unknown, Windows or WTP-less servers: HSS codes, or the bare code without `error_msg` |
//! | `show_off` | `false` | `false`, `empty`, `blank`, `stale` | the setting while off: only false; `{}`; empty strings; false with the last target |
//! | `address_change` | `keep` | `keep`, `follow` | whether protected servers follow a changed address |
//! | `wtp_off` | `clears` | `clears`, `keeps` | what switching WTP off does to remote backup |
//! | `wtp_opening_ms` | `0` | `N` | time WTP stays `opening` after being switched on |
//! | `list_order` | `stable` | `stable`, `shuffled`, `inserting` | shuffled anew for each page; an item appears at the front during every second walk |
//! | `list_lag_ms` | `0` | `N` | how long lists still show what was before a write |
//! | `extra_fields` | `off` | `off`, `on` | unknown members in answers |
//! | `null_fields` | `off` | `off`, `on` | `null` where an optional member is absent or empty |
//! | `missing_fields` | `off` | `off`, `on` | optional members left out |
//! | `missing_backup_host_id` | `off` | `off`, `on` | the WTP list lacks `backup_host_id`, as in older regions |
//! | `deny` | | `OPERATION,…` | 403 `APIGW.0302` for these operations |
//! | `fault` | | `OPERATION:KIND[:WHEN],…` | injected faults; `*` is every operation, WHEN is `N`, `SKIP+N` or `P%` |
//! | `storm` | | `PERCENT%KIND+KIND…` | that share of all calls is hit by one of these faults; which, is drawn anew from the seed for each operation and server |
//! | `slow_ms` | `2000` | `N` | how late the answer of a `slow` fault comes |
//! | `token_ttl_s` | `86400` | `SECONDS` | lifetime of IAM tokens; one made from another never outlives it |
//! | `keys_ttl_s` | | `SECONDS` | lifetime of temporary keys, whatever was asked for; by default 900 and more by IAM, 3600 by STS, 21600 by the metadata service |
//! | `clock_offset_s` | `0` | `N` | how far the clock of all services is ahead (negative: behind): `Date`, signature dates, expiry |
//! | `lock_after` | `5` | `N` | bad signatures in a row that lock an access key; 0 never locks |
//! | `lock_s` | `300` | `SECONDS` | time a lock lasts |
//! | `domain_header` | `required` | `required`, `optional` | `X-Domain-Id` on signed `assume_role` calls of IAM (not STS) |
//! | `auth_domains` | `shown` | `shown`, `hidden` | `GET /v3/auth/domains`: the account, or an empty list as for users who may not see it |
//! | `metadata` | `optional` | `optional`, `required`, `unsupported`, `no_agency`, `off` | session tokens of the metadata service: accepted, demanded, not known (404); no agency (401); no such service (404) |
//! | `seed` | `1` | `N` | seed for shuffling, latency, storms and faults by percentage |

use super::{faults::Rule, storm::Storm, world::RUNNING};

/// The settings, as typed values.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Calls and seconds of a window.
    pub(super) throttle: Option<(u64, u64)>,
    pub(super) retry_after: Option<u64>,
    /// Least and greatest, in milliseconds.
    pub(super) latency_ms: (u64, u64),
    pub(super) start_after_ms: u64,
    pub(super) start_result: i64,
    pub(super) start_sequence: StartSequence,
    pub(super) write_object: bool,
    pub(super) put_unknown_accepted: bool,
    pub(super) put_windows_accepted: bool,
    pub(super) put_agent_accepted: bool,
    pub(super) delete_non_running_refused: bool,
    pub(super) delete_unknown_refused: bool,
    pub(super) delete_in_use_refused: bool,
    pub(super) delete_visible_after_ms: u64,
    pub(super) set_non_running_accepted: bool,
    pub(super) set_agent_accepted: bool,
    pub(super) set_off_refused: bool,
    pub(super) set_refused_bare: bool,
    pub(super) show_off: ShowOff,
    pub(super) address_follows: bool,
    pub(super) wtp_off_keeps: bool,
    pub(super) wtp_opening_ms: u64,
    pub(super) list_order: ListOrder,
    pub(super) list_lag_ms: u64,
    pub(super) extra_fields: bool,
    pub(super) null_fields: bool,
    pub(super) missing_fields: bool,
    pub(super) missing_backup_host_id: bool,
    pub(super) token_ttl_s: u64,
    pub(super) keys_ttl_s: Option<u64>,
    pub(super) clock_offset_s: i64,
    pub(super) lock_after: u64,
    pub(super) lock_s: u64,
    pub(super) domain_header_optional: bool,
    pub(super) auth_domains_hidden: bool,
    pub(super) metadata: Metadata,
    pub(super) deny: Vec<&'static str>,
    pub(super) fault: Vec<Rule>,
    pub(super) storm: Storm,
    pub(super) slow_ms: u64,
    pub(super) seed: u64,
}

/// What a backup server's status shows between a PUT and the result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum StartSequence {
    Starting,
    NotStarted,
    Straight,
    Stuck,
    Stale,
}

/// How the setting of a server without remote backup looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ShowOff {
    False,
    Empty,
    Blank,
    Stale,
}

/// How lists behave while being paged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ListOrder {
    Stable,
    Shuffled,
    Inserting,
}

/// How the metadata service of the instance behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Metadata {
    Optional,
    Required,
    Unsupported,
    NoAgency,
    Off,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            throttle: None,
            retry_after: None,
            latency_ms: (0, 0),
            start_after_ms: 300,
            start_result: RUNNING,
            start_sequence: StartSequence::Starting,
            write_object: false,
            put_unknown_accepted: false,
            put_windows_accepted: false,
            put_agent_accepted: false,
            delete_non_running_refused: false,
            delete_unknown_refused: false,
            delete_in_use_refused: false,
            delete_visible_after_ms: 0,
            set_non_running_accepted: false,
            set_agent_accepted: false,
            set_off_refused: false,
            set_refused_bare: false,
            show_off: ShowOff::False,
            address_follows: false,
            wtp_off_keeps: false,
            wtp_opening_ms: 0,
            list_order: ListOrder::Stable,
            list_lag_ms: 0,
            extra_fields: false,
            null_fields: false,
            missing_fields: false,
            missing_backup_host_id: false,
            token_ttl_s: 24 * 60 * 60,
            keys_ttl_s: None,
            clock_offset_s: 0,
            lock_after: 5,
            lock_s: 300,
            domain_header_optional: false,
            auth_domains_hidden: false,
            metadata: Metadata::Optional,
            deny: Vec::new(),
            fault: Vec::new(),
            storm: Storm::default(),
            slow_ms: 2000,
            seed: 1,
        }
    }
}
