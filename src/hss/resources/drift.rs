//! What a refresh found changed, in words: Terraform shows the values, this says what happened and what HSS reports.

use super::{
    backup_host,
    place::HOST_ID,
    preconditions, remote_backup,
    state_words::{RUNNING, spoken},
};
use crate::{
    client::Session,
    framework::{diag::Diagnostic, model::Attr, resource::Cx},
    hss::Api,
};

fn text(value: &Attr<String>) -> &str {
    value.known().map_or("none", String::as_str)
}

/// Says what changed about the remote backup of a server. Nothing of an object that was only just imported.
pub(super) async fn remote_backup(
    cx: &Cx<'_, Api, remote_backup::Model>,
    session: &Session,
    before: &remote_backup::Model,
    now: &remote_backup::Model,
) {
    let (Some(was_on), Some(is_on)) = (before.remote_backup.known(), now.remote_backup.known()) else {
        return;
    };
    let moved = *is_on && before.backup_host_id != now.backup_host_id;
    let readdressed = *is_on && before.backup_addr != now.backup_addr;
    let (summary, what) = if *was_on && !is_on {
        let what = format!("was on, to the backup server {}, and is off", text(&before.backup_host_id));
        ("Remote backup was switched off outside of Terraform", what)
    } else if !was_on && *is_on {
        let what = format!("was off, and is on, to the backup server {}", text(&now.backup_host_id));
        ("Remote backup was switched on outside of Terraform", what)
    } else if moved {
        let what = format!(
            "went to the backup server {} and goes to {}",
            text(&before.backup_host_id),
            text(&now.backup_host_id)
        );
        ("Remote backup was pointed elsewhere outside of Terraform", what)
    } else if readdressed && !before.backup_addr.is_null() {
        let what = format!("went to {} and goes to {}", text(&before.backup_addr), text(&now.backup_addr));
        ("Remote backup was given another address outside of Terraform", what)
    } else {
        return;
    };
    let host_id = text(&now.host_id);
    // The list is asked only when there is something to explain, and its refusal explains nothing.
    let listed = session.overview().wtp_host(host_id, None).await.ok().flatten();
    let named = listed.as_ref().map_or_else(|| host_id.to_owned(), preconditions::named);
    let mut detail = format!("The remote backup of {named} {what}.");
    if let Some(reported) = listed.as_ref().and_then(preconditions::trouble) {
        detail.push_str(&format!(" HSS reports that {reported}."));
    }
    cx.warn(Diagnostic::warning(summary, detail).at(HOST_ID));
}

/// Says what changed about a backup server's settings.
pub(super) fn backup_host(
    cx: &Cx<'_, Api, backup_host::Model>,
    before: &backup_host::Model,
    now: &backup_host::Model,
) {
    let mut changes = Vec::new();
    for (what, was, is) in [
        ("address", before.backup_addr.clone(), now.backup_addr.clone()),
        ("directory", before.backup_dir.clone(), now.backup_dir.clone()),
    ] {
        if !was.is_null() && was != is {
            changes.push(format!("its {what} was {} and is {}", text(&was), text(&is)));
        }
    }
    if changes.is_empty() {
        return;
    }
    let status = now.backup_host_status.known().copied();
    let mut detail = format!("Of {}, {}.", text(&now.host_id), changes.join(", and "));
    if status != Some(RUNNING) {
        detail.push_str(&format!(" HSS reports that {}.", spoken(status)));
    }
    cx.warn(Diagnostic::warning("A backup server was changed outside of Terraform", detail).at(HOST_ID));
}
