//! Which Terraform is tested, what it can do, and what is left out where it cannot.

#![allow(dead_code, unreachable_pub, reason = "each user of this module needs another part of it")]
#![allow(clippy::disallowed_methods, reason = "tests read the environment where they need it")]
#![allow(missing_docs, clippy::unwrap_used, reason = "test code")]

use std::{
    env,
    ffi::OsStr,
    fmt,
    io::{self, Write},
    path::{self, Path, PathBuf},
    process::Command,
    sync::OnceLock,
    thread,
};

/// The Terraform to test with: the one named by `HSS_TERRAFORM`, else `terraform` or `tofu` from PATH.
///
/// # Errors
/// Advice for somebody who has none.
pub fn find_terraform() -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("HSS_TERRAFORM") {
        let path = PathBuf::from(&named);
        return match which(&named) {
            Some(found) => Ok(found),
            None => Err(format!("HSS_TERRAFORM names {}, which is no program", path.display())),
        };
    }
    which(OsStr::new("terraform")).or_else(|| which(OsStr::new("tofu"))).ok_or_else(|| {
        "there is neither `terraform` nor `tofu` on PATH. Install one of them, or name one in HSS_TERRAFORM; \
         HSS_ACC=0 leaves the acceptance tests out"
            .to_owned()
    })
}

fn which(program: &OsStr) -> Option<PathBuf> {
    let named = Path::new(program);
    if named.components().count() > 1 {
        // It is started in folders of its own, where a relative path would mean something else.
        return named.is_file().then(|| path::absolute(named).ok()).flatten();
    }
    let suffix = env::consts::EXE_SUFFIX;
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(format!("{}{suffix}", named.display())))
        .find(|candidate| candidate.is_file())
}

/// Terraform and OpenTofu count their versions each for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Terraform,
    OpenTofu,
}

/// A version without its patch level: no feature came with a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(pub u32, pub u32);

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What `terraform version` says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub product: Product,
    pub minor: Minor,
    /// As it was printed, without the `v`.
    pub version: String,
}

impl Release {
    /// From what `terraform version` printed, warnings of any kind around it.
    pub fn parse(printed: &str) -> Option<Self> {
        let (product, version) = printed.lines().find_map(|line| {
            let terraform = line.strip_prefix("Terraform v").map(|version| (Product::Terraform, version));
            terraform.or_else(|| line.strip_prefix("OpenTofu v").map(|version| (Product::OpenTofu, version)))
        })?;
        let version = version.trim();
        let mut numbers = version.split('.').map(str::parse);
        let minor = Minor(numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Self { product, minor, version: version.to_owned() })
    }

    /// Why `feature` is not here, if it is not.
    pub fn lacks(&self, feature: Feature) -> Option<String> {
        let row = row_of(feature);
        let (name, since) = match self.product {
            Product::Terraform => ("Terraform", row.terraform),
            Product::OpenTofu => ("OpenTofu", row.opentofu),
        };
        match since {
            Some(since) if self.minor >= since => None,
            Some(since) => Some(format!("{} came with {name} {since}", row.name)),
            None => Some(format!("{name} does not have {}", row.name)),
        }
    }
}

/// Asks `program` for its release.
///
/// # Errors
/// It does not run, or names no version.
pub fn release_of(program: &Path) -> Result<Release, String> {
    let output = Command::new(program).arg("version").env("CHECKPOINT_DISABLE", "1").output();
    let output = output.map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    Release::parse(&printed)
        .ok_or_else(|| format!("`{} version` names no version: {printed:?}", program.display()))
}

/// The release of the Terraform to test with, asked once.
pub fn terraform_version() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| {
        let program = find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
        release_of(&program).unwrap_or_else(|reason| panic!("{reason}"))
    })
}

/// What only some releases of Terraform offer, so that tests of it cannot run on the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    ImportBlocks,
    TestCommand,
    ImportForEach,
    MockProviders,
    RemovedBlocks,
    Functions,
    WriteOnlyArguments,
    Identity,
    ListResources,
    GeneratedResourceConfig,
    Actions,
}

struct Row {
    feature: Feature,
    /// As a user would call it.
    name: &'static str,
    terraform: Option<Minor>,
    opentofu: Option<Minor>,
}

/// A feature, its name, since which Terraform there is one, and since which OpenTofu.
const FEATURES: [Row; 11] = [
    row(Feature::ImportBlocks, "import blocks", Minor(1, 5), Some(Minor(1, 6))),
    row(Feature::TestCommand, "`terraform test`", Minor(1, 6), Some(Minor(1, 6))),
    row(Feature::ImportForEach, "for_each in import blocks", Minor(1, 7), Some(Minor(1, 7))),
    row(Feature::MockProviders, "mock providers", Minor(1, 7), Some(Minor(1, 8))),
    row(Feature::RemovedBlocks, "removed blocks", Minor(1, 7), Some(Minor(1, 7))),
    row(Feature::Functions, "functions of providers", Minor(1, 8), Some(Minor(1, 7))),
    row(Feature::WriteOnlyArguments, "write-only arguments", Minor(1, 11), Some(Minor(1, 11))),
    row(Feature::Identity, "resource identity", Minor(1, 12), Some(Minor(1, 12))),
    row(Feature::ListResources, "list resources and `terraform query`", Minor(1, 14), None),
    row(Feature::GeneratedResourceConfig, "configuration generated by the provider", Minor(1, 14), None),
    row(Feature::Actions, "actions", Minor(1, 14), None),
];

fn row_of(feature: Feature) -> &'static Row {
    FEATURES.iter().find(|row| row.feature == feature).unwrap()
}

const fn row(feature: Feature, name: &'static str, terraform: Minor, opentofu: Option<Minor>) -> Row {
    Row { feature, name, terraform: Some(terraform), opentofu }
}

/// What a line about a test that is left out begins with. `cargo matrix` reads these lines.
pub const LEFT_OUT: &str = "left out: ";

/// Whether the Terraform to test with has `feature`. If not, that is said even where output is captured, and the test
/// that asked has to return:
///
/// ```ignore
/// if !needs(Feature::ListResources) {
///     return;
/// }
/// ```
#[must_use]
pub fn needs(feature: Feature) -> bool {
    if env::var_os("HSS_ACC").is_some_and(|value| value == "0") {
        // The scenario says that all of them are left out.
        return true;
    }
    let Some(reason) = terraform_version().lacks(feature) else { return true };
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(io::stderr(), "{LEFT_OUT}{test}: {reason}");
    false
}
