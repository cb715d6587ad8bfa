//! What a release is made of: archives named as the Registry wants them, their sums, and a filesystem mirror.
//!
//! Archives depend on the programs, the version and the given moment alone, so packing twice gives the same bytes.
//! `cargo dist` packs release builds with this, the installation test debug builds.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by a program and a test")]

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};
use terraform_provider_hss::hss::address;
use time::OffsetDateTime;
use zip::{CompressionMethod, DateTime, System, ZipWriter, write::SimpleFileOptions};

/// The provider's name in file names, as the Registry wants it.
pub const PROVIDER: &str = "terraform-provider-hss";
/// The simulator's name.
pub const SIMULATOR: &str = "hss-sim";

/// OpenTofu looks for a source address without a host under its own registry's name.
const OPENTOFU_HOST: &str = "registry.opentofu.org";

/// Where the committed description of the spoken protocol is.
const MANIFEST: &str = "terraform-registry-manifest.json";

/// An operating system and a processor, in the Registry's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    os: &'static str,
    arch: &'static str,
}

impl Platform {
    /// The platform a Rust target builds for.
    ///
    /// # Errors
    /// The Registry has no word for it, or we do not know it.
    pub fn of_target(triple: &str) -> Result<Self, String> {
        let arch = match triple.split('-').next() {
            Some("x86_64") => "amd64",
            Some("aarch64") => "arm64",
            _ => return Err(format!("{triple}: releases are for x86_64 and aarch64 only")),
        };
        let systems = [("-linux-", "linux"), ("-apple-darwin", "darwin"), ("-windows-", "windows")];
        let os = systems.iter().find(|(part, _)| triple.contains(part)).map(|(_, os)| *os);
        let os = os.ok_or_else(|| format!("{triple}: releases are for Linux, macOS and Windows only"))?;
        Ok(Self { os, arch })
    }

    /// `linux`, `darwin` or `windows`.
    pub fn os(&self) -> &'static str {
        self.os
    }

    /// `amd64` or `arm64`.
    pub fn arch(&self) -> &'static str {
        self.arch
    }

    fn executable(&self, name: &str) -> String {
        if self.os == "windows" { format!("{name}.exe") } else { name.to_owned() }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}

/// One version in the making.
#[derive(Clone, Debug)]
pub struct Release {
    /// Without a `v`.
    pub version: String,
    /// Where its files are put.
    pub folder: PathBuf,
    /// The moment that all files are dated with, so that the clock leaves no trace.
    pub moment: OffsetDateTime,
    /// How hard to compress, 1 to 9.
    pub effort: i64,
}

impl Release {
    /// Packs the provider; gives the archive's path.
    pub fn pack_provider(&self, platform: &Platform, program: &Path) -> io::Result<PathBuf> {
        let inside = platform.executable(&format!("{PROVIDER}_v{}", self.version));
        self.pack(&self.archive_name(PROVIDER, platform), &inside, program)
    }

    /// Packs the simulator, in an archive of its own: Terraform must not find it in the provider's.
    pub fn pack_simulator(&self, platform: &Platform, program: &Path) -> io::Result<PathBuf> {
        self.pack(&self.archive_name(SIMULATOR, platform), &platform.executable(SIMULATOR), program)
    }

    /// A file about one platform's build, beside its archives.
    pub fn file_for(&self, platform: &Platform, ending: &str) -> PathBuf {
        self.folder.join(format!("{PROVIDER}_{}_{platform}.{ending}", self.version))
    }

    /// Whatever concerns all platforms: the manifest, the sums of the archives that are there, and the mirror of them.
    /// Gives the path of the sums that are to be signed.
    pub fn seal(&self) -> io::Result<PathBuf> {
        let manifest = self.folder.join(format!("{PROVIDER}_{}_manifest.json", self.version));
        fs::copy(root().join(MANIFEST), &manifest)?;
        let archives = self.files(|name| name.starts_with(PROVIDER) && name.ends_with(".zip"))?;
        if archives.is_empty() {
            let folder = self.folder.display();
            return Err(io::Error::other(format!("{folder} has no archive of version {}", self.version)));
        }
        self.mirror(&archives)?;
        // Terraform takes every sum of this file into lock files, so it holds those of archives and manifest alone.
        let mut told = archives.clone();
        told.push(manifest);
        let sums = self.write_sums(&format!("{PROVIDER}_{}_SHA256SUMS", self.version), &told)?;
        let others = self.files(|name| {
            (name.starts_with(SIMULATOR) && name.ends_with(".zip"))
                || [".spdx.json", ".cdx.json"].iter().any(|ending| name.ends_with(ending))
        })?;
        self.write_sums(&format!("{SIMULATOR}_{}_SHA256SUMS", self.version), &others)?;
        Ok(sums)
    }

    /// The folder that a `filesystem_mirror` names.
    pub fn mirror_folder(&self) -> PathBuf {
        self.folder.join("mirror")
    }

    fn archive_name(&self, name: &str, platform: &Platform) -> String {
        format!("{name}_{}_{platform}.zip", self.version)
    }

    fn pack(&self, archive: &str, inside: &str, program: &Path) -> io::Result<PathBuf> {
        let path = self.folder.join(archive);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(self.effort))
            .last_modified_time(self.zip_time()?)
            .system(System::Unix);
        let mut zip = ZipWriter::new(File::create(&path)?);
        zip.start_file("LICENSE", options.unix_permissions(0o644))?;
        zip.write_all(&fs::read(root().join("LICENSE"))?)?;
        zip.start_file(inside, options.unix_permissions(0o755))?;
        zip.write_all(&fs::read(program)?)?;
        zip.finish()?;
        Ok(path)
    }

    /// An archive has no time zones and begins in 1980; ours are in UTC.
    fn zip_time(&self) -> io::Result<DateTime> {
        let out_of_range = |_| io::Error::other(format!("{} is no date for an archive", self.moment));
        let year = u16::try_from(self.moment.year()).map_err(out_of_range)?;
        let (hour, minute, second) = self.moment.time().as_hms();
        DateTime::from_date_and_time(
            year,
            self.moment.month().into(),
            self.moment.day(),
            hour,
            minute,
            second,
        )
        .map_err(io::Error::other)
    }

    /// This version's files whose names are wanted, sorted.
    fn files(&self, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
        let version = format!("_{}_", self.version);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.contains(&version) && wanted(name)) {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    }

    fn write_sums(&self, name: &str, files: &[PathBuf]) -> io::Result<PathBuf> {
        let mut files = files.to_vec();
        files.sort();
        let mut text = String::new();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            text.push_str(&format!("{}  {name}\n", sha256(&file)?));
        }
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        // It would be that of other sums.
        remove(&signature_of(&path))?;
        Ok(path)
    }

    /// The packed layout: Terraform then checks the archives themselves, and their sums come to stand in lock files.
    fn mirror(&self, archives: &[PathBuf]) -> io::Result<()> {
        for host in [address::HOST, OPENTOFU_HOST] {
            let folder = self.mirror_folder().join(host).join(address::SOURCE);
            fs::create_dir_all(&folder)?;
            for archive in archives {
                fs::copy(archive, folder.join(archive.file_name().unwrap_or_default()))?;
            }
        }
        Ok(())
    }
}

/// Has the user's command sign a file, and sees that it did. Gives the signature's path.
pub fn sign(command: &str, file: &Path) -> io::Result<PathBuf> {
    let signature = signature_of(file);
    // One that is there already would pass for the one that is to be made.
    remove(&signature)?;
    let status =
        Command::new("sh").arg("-c").arg(format!("{command} \"$1\"")).arg("sh").arg(file).status()?;
    if status.success() && signature.is_file() {
        return Ok(signature);
    }
    let made = if signature.is_file() { "but made" } else { "and did not make" };
    Err(io::Error::other(format!("`{command}` ended with {status} {made} {}", signature.display())))
}

/// Where the Registry looks for the signature of a file.
fn signature_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

fn remove(file: &Path) -> io::Result<()> {
    if file.exists() { fs::remove_file(file) } else { Ok(()) }
}

/// The sum of a file, in hexadecimal.
pub fn sha256(file: &Path) -> io::Result<String> {
    Ok(hexadecimal(&Sha256::digest(fs::read(file)?)))
}

/// Bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The folder of this repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
