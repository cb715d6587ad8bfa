//! `cargo dist`: everything a release is made of, into `target/dist`.
//!
//! Archives in the Registry's naming, sums and their signature, bills of materials, and a filesystem mirror to install
//! from. The same source and toolchain give the same bytes, and `--verify` shows it.

#![allow(clippy::print_stdout, reason = "says what it made")]
#![allow(clippy::disallowed_methods, reason = "reads its environment like any program that people start")]

mod bill;
mod compile;
mod package;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use package::{Platform, Release, root};
use time::OffsetDateTime;

/// The most that the provider may weigh in bytes, where that is held against the programs of others.
const LARGEST_PROVIDER: (&str, u64) = ("linux_amd64", 8_000_000);

const USAGE: &str = "\
Usage: cargo dist [--target TRIPLE]... [--verify] [--sign COMMAND]
       cargo dist --seal [--sign COMMAND]

Builds provider and simulator for release and puts into target/dist: an archive of each, manifest, SHA256SUMS, bills of
materials, and mirror/, which a filesystem_mirror of Terraform may name. What was there before is removed.

  --target TRIPLE  build for that Rust target instead of this machine's; may be repeated
  --verify         build a second time, from a copy in another folder, and compare the bytes
  --seal           build nothing: write manifest, sums and mirror for the archives that are in target/dist
  --sign COMMAND   sign SHA256SUMS: the command gets its path as last argument and has to make the same with .sig
                   [$HSS_SIGN_COMMAND]; such as 'gpg --batch --detach-sign'

Files are dated with the last commit, or with $SOURCE_DATE_EPOCH.
";

#[derive(Debug, Default)]
struct Order {
    targets: Vec<String>,
    verify: bool,
    seal_only: bool,
    sign: Option<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let order = match read(arguments.into_iter()) {
        Ok(order) => order,
        Err(reason) => {
            eprintln!("cargo dist: {reason}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match carry_out(&order) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cargo dist: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Order, String> {
    let mut order = Order { sign: env::var("HSS_SIGN_COMMAND").ok(), ..Order::default() };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--target" => order.targets.push(value()?),
            "--sign" => order.sign = Some(value()?),
            "--verify" => order.verify = true,
            "--seal" => order.seal_only = true,
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    if order.seal_only && (order.verify || !order.targets.is_empty()) {
        return Err("--seal builds nothing, so it goes with neither --target nor --verify".to_owned());
    }
    if order.targets.is_empty() && !order.seal_only {
        order.targets.push(compile::own_target()?);
    }
    // Known before anything is removed or built.
    for triple in &order.targets {
        Platform::of_target(triple)?;
    }
    Ok(order)
}

fn carry_out(order: &Order) -> Result<(), String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let release = Release {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folder: target.join("dist"),
        moment: moment()?,
        effort: 9,
    };
    if !order.seal_only {
        empty(&release.folder)?;
        mention_changes();
    }
    for triple in &order.targets {
        make(&release, root(), &target.join("dist-build"), triple)?;
    }
    let sums = release.seal().map_err(|error| error.to_string())?;
    if let Some(command) = &order.sign {
        let signature = package::sign(command, &sums).map_err(|error| error.to_string())?;
        println!("Signed: {}", signature.display());
    }
    if order.verify {
        for triple in &order.targets {
            verify(&release, triple)?;
        }
    }
    println!("All of it is in {}.", release.folder.display());
    Ok(())
}

/// Builds, packs and describes one platform's programs.
fn make(release: &Release, source: &Path, build: &Path, triple: &str) -> Result<(), String> {
    let platform = Platform::of_target(triple)?;
    let compiled = compile::compile(source, build, triple, release.moment)?;
    let size = fs::metadata(&compiled.provider).map_err(|error| error.to_string())?.len();
    println!("{platform}: the provider has {size} bytes");
    let (limited, most) = LARGEST_PROVIDER;
    if platform.to_string() == limited && size > most {
        return Err(format!("that is more than the {most} bytes it may have"));
    }
    let packed = |error: std::io::Error| format!("cannot pack for {platform}: {error}");
    let archive = release.pack_provider(&platform, &compiled.provider).map_err(packed)?;
    println!("{platform}: packed it has {}", fs::metadata(&archive).map_err(packed)?.len());
    release.pack_simulator(&platform, &compiled.simulator).map_err(packed)?;

    let metadata = compile::metadata(source, triple)?;
    let lock =
        fs::read_to_string(source.join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    let sum = package::sha256(&archive).map_err(packed)?;
    let compiler = compile::compiler()?;
    let bill = bill::Bill::new(&compiled, &metadata, &lock, &archive, sum, release.moment, compiler)?;
    let (shipped, only_building) = bill.counts();
    println!("{platform}: {shipped} crates in the programs, {only_building} only to build them");
    bill::write(&bill.cyclonedx(), &release.file_for(&platform, "cdx.json"))?;
    bill::write(&bill.spdx(), &release.file_for(&platform, "spdx.json"))
}

/// Makes the same release from a copy of the source, elsewhere on this machine, and compares.
fn verify(release: &Release, triple: &str) -> Result<(), String> {
    // Another depth and another length of path than the first build had.
    let elsewhere =
        tempfile::Builder::new().prefix("hss-dist-").tempdir().map_err(|error| error.to_string())?;
    let source = elsewhere.path().join("a copy").join("of-the-source");
    copy_source(&source)?;
    let second = Release { folder: elsewhere.path().join("second"), ..release.clone() };
    empty(&second.folder)?;
    println!("Building for {triple} once more, in {}", source.display());
    make(&second, &source, &elsewhere.path().join("built"), triple)?;
    let mut differing = Vec::new();
    for entry in fs::read_dir(&second.folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default();
        let sum = |path: &Path| package::sha256(path).map_err(|error| format!("{}: {error}", path.display()));
        let (first, again) = (sum(&release.folder.join(name))?, sum(&path)?);
        let verdict = if first == again { "same" } else { "DIFFERENT" };
        println!("{verdict}  {again}  {}", name.to_string_lossy());
        if first != again {
            differing.push(name.to_string_lossy().into_owned());
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    let kept = elsewhere.keep();
    Err(format!("two builds differ in {}; the second one is in {}", differing.join(", "), kept.display()))
}

/// The files that git knows, as they are now.
fn copy_source(to: &Path) -> Result<(), String> {
    let names = compile::told("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    for name in names.split_terminator('\0').filter(|name| root().join(name).is_file()) {
        let copy = to.join(name);
        let folder = copy.parent().unwrap_or(to);
        fs::create_dir_all(folder)
            .and_then(|()| fs::copy(root().join(name), &copy))
            .map_err(|error| format!("cannot copy {name}: {error}"))?;
    }
    Ok(())
}

/// A release is made of a commit. Anything else is for trying out, and nobody can make the same again.
fn mention_changes() {
    if compile::told("git", &["status", "--porcelain"]).is_ok_and(|changes| !changes.is_empty()) {
        println!("The checkout has changes that are not committed: what is made is no release.");
    }
}

/// When the source was last changed.
fn moment() -> Result<OffsetDateTime, String> {
    let told = match env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => compile::told("git", &["log", "-1", "--format=%ct"])
            .map_err(|error| format!("{error}; outside of a git checkout set SOURCE_DATE_EPOCH"))?,
    };
    let seconds = told.trim().parse().map_err(|_| format!("{told:?} is no number of seconds since 1970"))?;
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| error.to_string())
}

fn empty(folder: &Path) -> Result<(), String> {
    let gone = if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) };
    gone.and_then(|()| fs::create_dir_all(folder)).map_err(|error| format!("{}: {error}", folder.display()))
}
