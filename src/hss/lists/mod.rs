//! What is there already, for `terraform query` and `export`: a list for each resource type, streamed page by page.

mod backup_host;
mod remote_backup;

pub use backup_host::BackupHosts;
pub use remote_backup::RemoteBackups;

use crate::framework::diag::Diagnostic;

/// An object for a person: its name with something that tells it from others of that name, or that alone.
fn display_name(name: Option<&str>, more: &str) -> String {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({more})"),
        None => more.to_owned(),
    }
}

/// A list that does not show all that it counts, after several looks.
fn incomplete(missing: u64) -> Option<Diagnostic> {
    let detail = format!(
        "HSS counts {missing} more of them than it showed when its list was read several times. Those are missing here. Ask again, \
         and if it stays like this, tell the vendor."
    );
    (missing > 0).then(|| Diagnostic::warning("HSS lists fewer servers than it counts", detail))
}

/// The name alone, of an object that has one.
pub(super) fn bare_name(display_name: &str) -> Option<&str> {
    display_name.rsplit_once(" (").map(|(name, _)| name)
}

/// Whether a text is one of those that a filter takes.
fn one_of(text: &str, all: &[&str]) -> Result<(), String> {
    if all.contains(&text) {
        return Ok(());
    }
    Err(format!("{text:?} is none of them. Write one of: {}.", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_persons() {
        assert_eq!(display_name(Some("web-1"), "h-1"), "web-1 (h-1)");
        assert_eq!(display_name(Some(""), "h-1"), "h-1");
        assert_eq!(display_name(None, "h-1"), "h-1");
        assert_eq!(bare_name(&display_name(Some("Shop (EU)"), "h-1")), Some("Shop (EU)"));
        assert_eq!(bare_name(&display_name(None, "h-1")), None);
    }
}
