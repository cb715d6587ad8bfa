//! The page for users, `docs/installing.md`: its commands are run as they stand.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use super::{copy_tree, is_opentofu, package, this};
use crate::stage::{Ran, terraform};

/// The shell blocks of a page, without those that build: their results are put in place beforehand.
fn commands(page: &str) -> Vec<&str> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    blocks.map(|(block, _)| block).filter(|block| !block.starts_with("cargo ")).collect()
}

#[test]
fn the_commands_of_the_page_work_as_they_stand() {
    let Some(terraform) = terraform().filter(|program| !is_opentofu(program)) else { return };
    let page = fs::read_to_string(package::root().join("docs/installing.md")).unwrap();
    let commands = commands(&page);
    assert_eq!(page.matches("```sh").count(), commands.len() + 1, "one block builds, and all others are run");

    // A checkout whose `cargo dist` has run, and a home in which nothing was set up.
    let (checkout, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    copy_tree(&this().folder, &checkout.path().join("target/dist"));
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(terraform.canonicalize().unwrap(), bin.join("terraform")).unwrap();
    // Job control, so that `kill %1` means what it means to people.
    let script = format!(
        "set -euo pipefail -m\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{}",
        commands.join("\n")
    );
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(checkout.path())
        .env_clear()
        .envs([("PATH", path.as_str()), ("CHECKPOINT_DISABLE", "1")])
        .env("HOME", home.path())
        .output()
        .unwrap();
    let ran = Ran::of("docs/installing.md".to_owned(), &output).ok();
    ran.says(&[
        "zip: OK",
        "Installed hss-wtp/hss",
        "2 added, 0 changed, 0 destroyed",
        "No changes.",
        "2 destroyed",
        "Reusing previous version of hss-wtp/hss from the dependency lock file",
        "Obtained hss-wtp/hss checksums",
    ]);
    assert!(Path::new(&home.path().join("hss-try/.terraform.lock.hcl")).is_file());
}
