//! A release build whose bytes depend on the source and the toolchain, and not on where it is built.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value as Json;
use time::OffsetDateTime;

/// Settings of the caller that would change what is built.
const FOREIGN: [&str; 3] = ["RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_INCREMENTAL"];

/// The programs, and what they were made of.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) provider: PathBuf,
    pub(crate) simulator: PathBuf,
    /// Packages that the compiler was given, by cargo's id, and whether they became part of the programs. Those that
    /// did not are macros and build scripts, and what these are made of.
    pub(crate) packages: BTreeMap<String, bool>,
}

/// Builds both programs from the source in `root`.
pub(crate) fn compile(
    root: &Path,
    target_folder: &Path,
    triple: &str,
    moment: OffsetDateTime,
) -> Result<Compiled, String> {
    let output = cargo(root)
        .args(["build", "--release", "--locked", "--bins", "--message-format=json-render-diagnostics"])
        // Named even where it is this machine's: cargo then keeps build scripts and macros apart.
        .args(["--target", triple])
        .arg("--target-dir")
        .arg(target_folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root, target_folder)?)
        .env("SOURCE_DATE_EPOCH", moment.unix_timestamp().to_string())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("the build for {triple} failed"));
    }
    read_messages(&String::from_utf8_lossy(&output.stdout), &target_folder.join(triple))
}

/// What cargo says about packages, with their dependencies on `triple`.
pub(crate) fn metadata(root: &Path, triple: &str) -> Result<Json, String> {
    let output = cargo(root)
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", triple])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

/// The compiler in one line, as it names itself.
pub(crate) fn compiler() -> Result<String, String> {
    told("rustc", &["--version"])
}

/// The target that stands for this machine.
pub(crate) fn own_target() -> Result<String, String> {
    let verbose = told("rustc", &["--version", "--verbose"])?;
    let host = verbose.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say what machine it is on".to_owned())
}

/// What a program prints.
pub(crate) fn told(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(super::package::root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} {} failed", arguments.join(" ")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let profile = text.starts_with("CARGO_PROFILE_") || text.starts_with("CARGO_TARGET_");
        if profile && !text.ends_with("_LINKER") || FOREIGN.contains(&&*text) {
            command.env_remove(&name);
        }
    }
    command.current_dir(root);
    command
}

/// Panics tell where in the source they are. Those places begin the same way wherever source, crates and target are.
fn flags(root: &Path, target_folder: &Path) -> Result<String, String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let crates = home.ok_or("neither CARGO_HOME nor a home folder is known")?.join("registry").join("src");
    // Of several that match, the last one counts: the other two may lie in the first.
    let places = [(root, "/hss"), (crates.as_path(), "/cargo"), (target_folder, "/target")];
    let flags = places.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    Ok(flags.join("\u{1f}"))
}

/// `of_target` is the folder in which cargo puts what runs on the target.
fn read_messages(messages: &str, of_target: &Path) -> Result<Compiled, String> {
    let mut packages = BTreeMap::new();
    let mut programs = BTreeMap::new();
    for line in messages.lines() {
        let message: Json = serde_json::from_str(line).map_err(|error| format!("cargo build: {error}"))?;
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        let texts = |list: &Json| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let files = texts(&message["filenames"]);
        let becomes_part = files.iter().any(|file| Path::new(file).starts_with(of_target));
        let package = message["package_id"].as_str().unwrap_or_default().to_owned();
        *packages.entry(package).or_insert(false) |= becomes_part;
        if let Some(program) = message["executable"].as_str()
            && texts(&message["target"]["kind"]) == ["bin"]
        {
            programs
                .insert(message["target"]["name"].as_str().unwrap_or_default().to_owned(), program.into());
        }
    }
    let mut program = |name: &str| programs.remove(name).ok_or_else(|| format!("cargo built no {name}"));
    Ok(Compiled {
        provider: program(super::package::PROVIDER)?,
        simulator: program(super::package::SIMULATOR)?,
        packages,
    })
}
