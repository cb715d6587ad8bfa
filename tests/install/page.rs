//! The pages for new users, `README.md` and `docs/installing.md`: their commands are run as they stand.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use tempfile::TempDir;

use super::{copy_tree, is_opentofu, package, skipped, this};
use crate::stage::{Ran, SIMULATOR, terraform};

/// The shell blocks of a page, without those that build: their results are put in place beforehand.
fn commands(page: &str) -> Vec<&str> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    blocks.map(|(block, _)| block).filter(|block| !block.starts_with("cargo ")).collect()
}

/// Runs the commands of a page in a checkout whose `cargo` commands have run, with a home in which nothing was set up.
fn run(terraform: &Path, page: &str) -> (Ran, TempDir) {
    let text = fs::read_to_string(package::root().join(page)).unwrap();
    let commands = commands(&text);
    assert!(commands.len() < text.matches("```sh").count(), "what builds is not run here");
    let (checkout, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    copy_tree(&this().folder, &checkout.path().join("target/dist"));
    fs::create_dir(checkout.path().join("target/debug")).unwrap();
    symlink(SIMULATOR, checkout.path().join("target/debug/hss-sim")).unwrap();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(terraform.canonicalize().unwrap(), bin.join("terraform")).unwrap();
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
    (Ran::of(page.to_owned(), &output).ok(), home)
}

/// Whether the programs are there that a page uses; that one is missing is said.
fn has(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|name| Command::new(name).arg("--help").output().is_err());
    if let Some(name) = missing {
        skipped(&format!("there is no {name}: a page that uses it is NOT TESTED"));
    }
    missing.is_none()
}

#[test]
fn the_commands_of_the_page_work_as_they_stand() {
    let Some(terraform) = terraform().filter(|program| !is_opentofu(program)) else { return };
    if !has(&["bash", "unzip", "sha256sum"]) {
        return;
    }
    let (ran, home) = run(&terraform, "docs/installing.md");
    ran.says(&[
        "zip: OK",
        "Installed hss-wtp/hss",
        "2 added, 0 changed, 0 destroyed",
        "No changes.",
        "2 destroyed",
        "Reusing previous version of hss-wtp/hss from the dependency lock file",
        "Obtained hss-wtp/hss checksums",
    ]);
    assert!(home.path().join("hss-try/.terraform.lock.hcl").is_file());
}

#[test]
fn the_commands_of_the_readme_work_as_they_stand() {
    let Some(terraform) = terraform().filter(|program| !is_opentofu(program)) else { return };
    if !has(&["bash", "curl"]) {
        return;
    }
    let (ran, home) = run(&terraform, "README.md");
    ran.says(&[
        "Installed hss-wtp/hss",
        "2 added, 0 changed, 0 destroyed",
        "No changes.",
        "Remote backup was switched off outside of Terraform",
        "0 added, 1 changed, 0 destroyed",
        "2 destroyed",
    ]);
    assert!(!home.path().join(".terraform.d").exists(), "the walk through the README leaves the home alone");
}
