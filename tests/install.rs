//! Real installation: archives made by the code of `cargo dist`, and `terraform init` from them.
//!
//! No development override is involved. What is packed are debug builds, which are large, so each is packed once for
//! all tests. The second version is the same program under the next number: choosing and locking go by the name.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "these tests drive real processes in real time")]

mod harness;

#[path = "../dev/dist/package.rs"]
mod package;
#[cfg(target_os = "linux")]
#[path = "install/page.rs"]
mod page;
#[path = "install/registry.rs"]
mod registry;
#[path = "acceptance/stage.rs"]
mod stage;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use package::{Platform, Release};
use serde_json::Value as Json;
use stage::*;
use terraform_provider_hss::hss::address;
use time::OffsetDateTime;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version that comes after this one.
fn next_version() -> String {
    let (rest, patch) = VERSION.rsplit_once('.').unwrap();
    format!("{rest}.{}", patch.parse::<u32>().unwrap() + 1)
}

fn platform() -> Platform {
    // The words that Rust targets and this function share are all that the platform is made of.
    let system = match env::consts::OS {
        "macos" => "apple-darwin",
        "windows" => "pc-windows-msvc",
        _ => "unknown-linux-gnu",
    };
    Platform::of_target(&format!("{}-{system}", env::consts::ARCH)).unwrap()
}

fn release(version: &str) -> Release {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("install").join(version);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let moment = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
    // Large as they are, they are packed with little effort.
    let release = Release { version: version.to_owned(), folder, moment, effort: 1 };
    release.pack_provider(&platform(), Path::new(PROVIDER)).unwrap();
    release
}

/// This version, with its simulator.
fn this() -> &'static Release {
    static THIS: OnceLock<Release> = OnceLock::new();
    THIS.get_or_init(|| {
        let release = release(VERSION);
        release.pack_simulator(&platform(), Path::new(SIMULATOR)).unwrap();
        release.seal().unwrap();
        release
    })
}

/// The one after it.
fn next() -> &'static Release {
    static NEXT: OnceLock<Release> = OnceLock::new();
    NEXT.get_or_init(|| {
        let release = release(&next_version());
        release.seal().unwrap();
        release
    })
}

/// Says so where it is seen, and not only with `--nocapture`.
fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "\n*** {why} ***\n");
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}

/// Puts a release into the folder that [`from_a_mirror`] made a mirror of.
fn publish(workspace: &Workspace, release: &Release) {
    copy_tree(&release.mirror_folder(), &workspace.path().join("mirror"));
}

/// A scenario for Terraform. For OpenTofu the source address means another registry, and its texts were never seen.
fn installation(world: &Json, play: impl FnOnce(&Simulator, &mut Workspace)) {
    scenario(world, |simulator, workspace| {
        if !is_opentofu(workspace.terraform()) {
            play(simulator, workspace);
        }
    });
}

/// Whether a program is OpenTofu; says what is left out then.
fn is_opentofu(program: &Path) -> bool {
    let it_is = program.file_stem().is_some_and(|name| name == "tofu");
    if it_is {
        skipped("installation with OpenTofu is NOT TESTED");
    }
    it_is
}

/// A scenario in which Terraform finds providers in a folder and nowhere else.
fn from_a_mirror(world: &Json, play: impl FnOnce(&Simulator, &mut Workspace)) {
    installation(world, |simulator, workspace| {
        let folder = workspace.path().join("mirror");
        workspace.write(
            "terraformrc",
            &format!(
                "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
                folder.display()
            ),
        );
        publish(workspace, this());
        play(simulator, workspace);
    });
}

/// A provider block that takes a range of versions.
fn require(workspace: &Workspace, simulator: &Simulator, versions: &str) {
    let source = format!("source = \"{}\"", address::SOURCE);
    let narrowed = format!("{source}, version = \"{versions}\"");
    workspace.write("provider.tf", &provider_block(&simulator.url).replace(&source, &narrowed));
}

fn init(workspace: &Workspace, more: &[&str]) -> Ran {
    let mut arguments = vec!["init", "-no-color", "-input=false"];
    arguments.extend(more);
    workspace.run(&arguments)
}

fn lock_file(workspace: &Workspace) -> String {
    fs::read_to_string(workspace.path().join(".terraform.lock.hcl")).unwrap()
}

/// Where Terraform put a version.
fn installed(workspace: &Workspace, version: &str) -> PathBuf {
    let (os, arch) = (platform().os(), platform().arch());
    workspace.path().join(format!(".terraform/providers/{}/{version}/{os}_{arch}", address::FULL))
}

/// The sums of a release, by file name.
fn sums(release: &Release) -> Vec<(String, String)> {
    let file = format!("terraform-provider-hss_{}_SHA256SUMS", release.version);
    let text = fs::read_to_string(release.folder.join(file)).unwrap();
    let line =
        |line: &str| line.split_once("  ").map(|(sum, name)| (name.to_owned(), sum.to_owned())).unwrap();
    text.lines().map(line).collect()
}

fn archive_name(version: &str) -> String {
    format!("terraform-provider-hss_{version}_{}.zip", platform())
}

fn one_server() -> Json {
    world(&[protected("web-1"), candidate("vault-1")], &[])
}

fn write_resources(workspace: &Workspace, port: u16) {
    workspace.write("vault.tf", &vault("vault-1", port, ""));
    workspace.write("web.tf", &web("web-1", &following("vault-1")));
}

#[test]
fn init_from_a_mirror_locks_what_was_packed_and_apply_uses_it() {
    from_a_mirror(&one_server(), |sim, tf| {
        write_resources(tf, 18080);
        init(tf, &[]).ok().says(&[&format!("Installed {} v{VERSION}", address::SOURCE)]);
        let mut files: Vec<String> = fs::read_dir(installed(tf, VERSION))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        assert_eq!(files, ["LICENSE", &format!("terraform-provider-hss_v{VERSION}")]);
        let locked = lock_file(tf);
        let words: Vec<&str> = locked.split_whitespace().collect();
        assert!(words.join(" ").contains(&format!("version = \"{VERSION}\"")), "{locked}");
        assert!(locked.contains("h1:"), "{locked}");

        tf.apply().ok().says(&["2 added, 0 changed, 0 destroyed"]).lacks(&["development overrides"]);
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        tf.plan_is_empty();

        // On another machine the lock file is there and nothing else. It is enough, and stays as it is.
        fs::remove_dir_all(tf.path().join(".terraform")).unwrap();
        init(tf, &["-lockfile=readonly"]).ok();
        tf.plan_is_empty();
        tf.destroy().ok();
    });
}

#[test]
fn sums_of_the_release_hold_in_lock_files() {
    from_a_mirror(&one_server(), |_, tf| {
        let mirror = format!("-fs-mirror={}", tf.path().join("mirror").display());
        tf.run(&["providers", "lock", "-no-color", &mirror]).ok().says(&["Obtained", "checksums"]);
        let by_terraform = lock_file(tf);

        // Terraform asks no mirror for sums, but believes those of a lock file, which the Registry gives it.
        let told = sums(this());
        let (_, sum) = told.iter().find(|(name, _)| *name == archive_name(VERSION)).unwrap();
        let lock = |sum: &str| {
            let text = format!(
                "provider \"{}\" {{\n  version = \"{VERSION}\"\n  hashes = [\n    \"zh:{sum}\",\n  ]\n}}\n",
                address::FULL
            );
            tf.write(".terraform.lock.hcl", &text);
        };
        lock(sum);
        init(tf, &[]).ok();
        let checked = lock_file(tf);
        let contents = by_terraform.lines().find(|line| line.contains("h1:")).unwrap();
        assert!(checked.contains(contents) && checked.contains(sum), "{by_terraform}\n{checked}");

        // The sum of anything else is refused.
        fs::remove_dir_all(tf.path().join(".terraform")).unwrap();
        let (_, other) = told.iter().find(|(name, _)| name.ends_with("manifest.json")).unwrap();
        lock(other);
        init(tf, &[]).fails_saying(&["doesn't match any of the checksums"]);
    });
}

#[test]
fn an_archive_that_was_changed_is_not_installed() {
    from_a_mirror(&one_server(), |_, tf| {
        init(tf, &[]).ok();
        fs::remove_dir_all(tf.path().join(".terraform")).unwrap();
        let archive = tf.path().join("mirror").join(address::FULL).join(archive_name(VERSION));
        let other = Release { folder: archive.parent().unwrap().to_owned(), ..this().clone() };
        other.pack_provider(&platform(), Path::new(SIMULATOR)).unwrap();
        init(tf, &[]).fails_saying(&["Failed to install provider", "doesn't match any of the checksums"]);
        assert!(!installed(tf, VERSION).exists());
    });
}

#[test]
fn a_newer_version_is_taken_when_asked_for_and_reads_the_state() {
    from_a_mirror(&one_server(), |sim, tf| {
        let (next_version, schema) = (next_version(), "\"schema_version\": 0");
        require(tf, sim, &format!("~> {VERSION}"));
        write_resources(tf, 18080);
        init(tf, &[]).ok();
        tf.apply().ok();

        // A new version alone changes nothing: the lock file holds.
        publish(tf, next());
        init(tf, &[]).ok().says(&["Using previously-installed", VERSION]);
        init(tf, &["-upgrade"]).ok().says(&[&format!("Installed {} v{next_version}", address::SOURCE)]);
        assert!(lock_file(tf).contains(&next_version));
        tf.plan_is_empty();
        write_resources(tf, 19090);
        tf.apply().ok().says(&["0 added, 2 changed, 0 destroyed"]);

        // Back again is possible as long as the state has the same schema.
        require(tf, sim, &format!("= {VERSION}"));
        init(tf, &[]).fails_saying(&["does not match configured version constraint", &next_version]);
        init(tf, &["-upgrade"]).ok().says(&[&format!("v{VERSION}")]);
        tf.plan_is_empty();

        // Beyond that Terraform itself refuses, and touches nothing.
        let state = fs::read_to_string(tf.path().join("terraform.tfstate")).unwrap();
        assert_eq!(state.matches(schema).count(), 2, "{state}");
        let newer = state.replacen(schema, "\"schema_version\": 7", 1);
        tf.write("terraform.tfstate", &newer);
        sim.empty_journal();
        let refused = tf.apply().fails_saying(&["Resource instance managed by newer provider version"]);
        refused.says(&["hss_wtp_backup_host.vault-1", "was created by a newer provider version"]);
        assert_eq!(sim.writes(), Vec::<String>::new());
        assert_eq!(fs::read_to_string(tf.path().join("terraform.tfstate")).unwrap(), newer);

        tf.write("terraform.tfstate", &state);
        tf.destroy().ok();
    });
}

#[test]
fn archives_have_the_names_that_the_registry_wants() {
    for (target, name) in [
        ("x86_64-unknown-linux-gnu", "linux_amd64"),
        ("aarch64-unknown-linux-musl", "linux_arm64"),
        ("x86_64-apple-darwin", "darwin_amd64"),
        ("aarch64-apple-darwin", "darwin_arm64"),
        ("x86_64-pc-windows-msvc", "windows_amd64"),
        ("aarch64-pc-windows-msvc", "windows_arm64"),
    ] {
        assert_eq!(Platform::of_target(target).unwrap().to_string(), name);
    }
    for unknown in ["riscv64gc-unknown-linux-gnu", "x86_64-unknown-freebsd", ""] {
        let refused = Platform::of_target(unknown).unwrap_err();
        assert!(refused.starts_with(unknown) && refused.contains("only"), "{refused}");
    }
}

#[test]
fn the_same_programs_give_the_same_files_wherever_they_are_packed() {
    let packed = |moment: i64| {
        let folder = tempfile::tempdir().unwrap();
        let moment = OffsetDateTime::from_unix_timestamp(moment).unwrap();
        let release =
            Release { version: "1.2.3".to_owned(), folder: folder.path().to_owned(), moment, effort: 9 };
        let program = folder.path().join("program");
        fs::write(&program, "program".repeat(1000)).unwrap();
        for target in ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"] {
            let platform = Platform::of_target(target).unwrap();
            release.pack_provider(&platform, &program).unwrap();
            release.pack_simulator(&platform, &program).unwrap();
        }
        release.seal().unwrap();
        let names = |release: &Release| sums(release).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(
            names(&release),
            [
                "terraform-provider-hss_1.2.3_darwin_arm64.zip",
                "terraform-provider-hss_1.2.3_manifest.json",
                "terraform-provider-hss_1.2.3_windows_amd64.zip",
            ],
        );
        sums(&release)
    };
    let first = packed(1_700_000_000);
    assert_eq!(first, packed(1_700_000_000));
    // Dates are in the archives, so that the comparison can fail.
    assert_ne!(first, packed(1_600_000_000));
}

#[test]
fn what_cannot_be_sealed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let release = Release { folder: folder.path().to_owned(), ..this().clone() };
    let error = release.seal().unwrap_err().to_string();
    assert!(error.contains("has no archive of version"), "{error}");
}
