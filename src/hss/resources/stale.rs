//! What changed after the plan was made: it is not overwritten, and the error says what it was.
//!
//! Terraform applies a plan without reading again, and a plan may be hours old. The prior state of an apply is what the
//! plan saw, so whoever is about to overwrite or remove something compares it with what HSS says at that moment.

use std::time::{Duration, Instant};

use super::{
    backup_host,
    place::HOST_ID,
    remote_backup::{self, ADDR_SEEN},
};
use crate::{
    client::{BackupHost, BackupTarget, RemoteBackup as Setting, Session},
    framework::{
        diag::{Diagnostic, Outcome},
        model::Attr,
        resource::Cx,
    },
    hss::{Api, checks, report::Blame},
};

/// How old a look may be that an overwriting or a deletion is decided by. What this process wrote since then is not
/// missed.
const LATELY: Duration = Duration::from_secs(30);

pub(super) fn lately(session: &Session) -> Option<Instant> {
    session.clock().instant().checked_sub(LATELY)
}

const PLAN_AGAIN: &str = "Plan again: the new plan starts from what is there now.";
/// The plan for a block that was removed shows what was stored, not what its own refresh has found. So a plan alone does
/// not get anybody past this.
const REFRESH_FIRST: &str =
    "Run `terraform apply -refresh-only`, which stores what is there now, and plan again.";

fn text(value: &Attr<String>) -> &str {
    value.known().map_or("none", String::as_str)
}

fn changed(what: &str, (was, is): (&str, &str), advice: &str) -> Diagnostic {
    let detail = format!(
        "By the plan, {was}; now {is}. It was left as it is, so that nobody's change is undone unseen. {advice}"
    );
    Diagnostic::error(format!("{what} was changed since the plan"), detail).at(HOST_ID)
}

/// The setting of a server whose remote backup is about to be changed (`target`) or switched off (none), provided that
/// it is what the plan saw, or what is wanted anyway. `None` where HSS does not say; then the write decides.
pub(super) async fn remote_backup(
    cx: &Cx<'_, Api, remote_backup::Model>,
    session: &Session,
    prior: &remote_backup::Model,
    target: Option<&BackupTarget>,
) -> Outcome<Option<Setting>> {
    let host_id = prior.host_id.require(HOST_ID)?;
    let setting = match session.remote_backup_lately(host_id, lately(session)).await {
        Ok(setting) => setting,
        // Gone, or not to be read with these credentials: the write that follows tells.
        Err(error) if error.may_mean_unknown_host() || error.bars_a_list() => return Ok(None),
        Err(error) => {
            let failure = format!(
                "Could not find out whether the remote backup of {host_id} was changed since the plan; nothing was done"
            );
            return Err(error).at(HOST_ID, &failure);
        }
    };
    let goes_to = setting.backup_host_id.as_deref();
    let seen_on = prior.remote_backup == Attr::Known(true);
    let seen_to = prior.backup_host_id.known().map(String::as_str).filter(|_| seen_on);
    // An answer that leaves the backup server out contradicts nobody.
    let as_seen = setting.remote_backup == seen_on
        && (!seen_on || goes_to.is_none() || seen_to.is_none() || goes_to == seen_to)
        && (same_address(cx, prior, &setting) || is_registered(session, &setting).await);
    let as_wanted = match target {
        Some(target) => {
            setting.remote_backup && goes_to == Some(target.backup_host_id.as_str()) && {
                let addr = setting.backup_addr.as_deref();
                addr.is_none() || addr == Some(target.backup_addr.as_str())
            }
        }
        None => !setting.remote_backup,
    };
    if as_seen || as_wanted {
        return Ok(Some(setting));
    }
    let described = |on: bool, id: Option<&str>, addr: Option<&str>| match (on, id, addr) {
        (false, _, _) => "it was off".to_owned(),
        (true, id, None) => format!("it went to {}", id.unwrap_or("an unnamed backup server")),
        (true, id, Some(addr)) => format!("it went to {} at {addr}", id.unwrap_or("a backup server")),
    };
    let was = described(seen_on, seen_to, prior.backup_addr.known().map(String::as_str));
    let is = described(setting.remote_backup, goes_to, setting.backup_addr.as_deref());
    let is = is.replacen("it was", "it is", 1).replacen("it went", "it goes", 1);
    let advice = if target.is_some() || cx.config.is_some() { PLAN_AGAIN } else { REFRESH_FIRST };
    Err(changed(&format!("The remote backup of {host_id}"), (&was, &is), advice).into())
}

/// Whether the address is the one that the plan saw. Of many servers a plan sees no addresses, and where none was seen
/// there is nothing to compare.
fn same_address(
    cx: &Cx<'_, Api, remote_backup::Model>,
    prior: &remote_backup::Model,
    setting: &Setting,
) -> bool {
    let seen = cx.noted(ADDR_SEEN).is_some_and(|seen| prior.backup_addr == Attr::Known(seen));
    !seen
        || !setting.remote_backup
        || setting.backup_addr.is_none()
        || setting.backup_addr.as_ref() == prior.backup_addr.known()
}

/// Whether the address is the one that its backup server is registered with. HSS may tell protected servers of a new one
/// by itself, so that it is the doing of this very apply, and in any case it is the right one.
async fn is_registered(session: &Session, setting: &Setting) -> bool {
    let Ok(hosts) = session.everywhere().list_backup_hosts_since(None).await else { return false };
    hosts.iter().any(|host| {
        Some(&host.backup_host_id) == setting.backup_host_id.as_ref() && host.addr() == setting.backup_addr
    })
}

/// Refuses to change a backup server whose settings are neither those that the plan saw nor those that are wanted.
/// `wanted` is none for a deletion, and `listed` for one that is registered no more.
pub(super) fn backup_host(
    prior: &backup_host::Model,
    wanted: Option<&backup_host::Model>,
    listed: Option<&BackupHost>,
) -> Outcome<()> {
    let host_id = text(&prior.host_id);
    let Some(listed) = listed else {
        let is = "it is not registered";
        return match wanted {
            // Registering it anew is more than the change that was agreed to.
            Some(_) => {
                let what = format!("The backup server {host_id}");
                Err(changed(&what, ("it was registered", is), PLAN_AGAIN).into())
            }
            None => Ok(()),
        };
    };
    let is_as = |model: &backup_host::Model| {
        let directory = |dir: Option<&str>| dir.map(|dir| checks::plain_directory(dir).to_owned());
        model.backup_host_ip.known() == listed.backup_host_ip.as_ref()
            && model.backup_host_port.known() == listed.backup_host_port.as_ref()
            && directory(model.backup_dir.known().map(String::as_str))
                == directory(listed.backup_dir.as_deref())
    };
    if is_as(prior) || wanted.is_some_and(is_as) {
        return Ok(());
    }
    let was = format!("it was {} {}", text(&prior.backup_addr), text(&prior.backup_dir));
    let is = format!(
        "it is {}:{} {}",
        listed.backup_host_ip.as_deref().unwrap_or("none"),
        listed.backup_host_port.map_or_else(|| "none".to_owned(), |port| port.to_string()),
        listed.backup_dir.as_deref().unwrap_or("none"),
    );
    let advice = if wanted.is_some() { PLAN_AGAIN } else { REFRESH_FIRST };
    Err(changed(&format!("The backup server {host_id}"), (&was, &is), advice).into())
}
