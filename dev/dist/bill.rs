//! The bill of materials of one platform's build, as CycloneDX 1.6 and as SPDX 2.3.
//!
//! It lists what the compiler was really given in that build, as cargo reports it, and not what some resolution of
//! features would allow. Like the archives it is a function of source, toolchain and moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    compile::Compiled,
    package::{PROVIDER, hexadecimal},
};

/// A crate that was compiled.
struct Part {
    name: String,
    version: String,
    licence: Option<String>,
    checksum: String,
    /// Whether it became part of the programs, rather than of what built them.
    shipped: bool,
    /// Others that it was compiled with: keys of `Bill::parts`, and whether as a dependency of its build script.
    uses: BTreeSet<(String, bool)>,
}

impl Part {
    fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }

    fn spdx_id(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        format!("SPDXRef-{}-{}", self.name, self.version).chars().map(plain).collect()
    }
}

/// What one platform's archive was made of.
pub(crate) struct Bill {
    parts: BTreeMap<String, Part>,
    /// What our own package uses, in the form of [`Part::uses`].
    uses: BTreeSet<(String, bool)>,
    version: String,
    licence: String,
    archive: String,
    archive_sum: String,
    created: String,
    compiler: String,
}

impl Bill {
    /// Puts together what cargo said of the build, of all packages, and what the lock file says of their contents.
    pub(crate) fn new(
        compiled: &Compiled,
        metadata: &Json,
        lock: &str,
        archive: &Path,
        archive_sum: String,
        moment: OffsetDateTime,
        compiler: String,
    ) -> Result<Self, String> {
        let own = text(&metadata["resolve"]["root"]);
        let checksums = checksums(lock);
        let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
        let by_id: BTreeMap<String, &Json> = packages.iter().map(|one| (text(&one["id"]), one)).collect();
        let uses = uses(metadata, &compiled.packages);
        let mut parts = BTreeMap::new();
        for (id, shipped) in compiled.packages.iter().filter(|(id, _)| **id != own) {
            let package = by_id.get(id).ok_or_else(|| format!("cargo metadata does not know {id}"))?;
            let (name, version) = (text(&package["name"]), text(&package["version"]));
            let checksum = checksums.get(&(name.clone(), version.clone()));
            let checksum =
                checksum.ok_or_else(|| format!("Cargo.lock has no checksum of {name} {version}"))?;
            let part = Part {
                licence: package["license"].as_str().map(expression),
                checksum: checksum.clone(),
                shipped: *shipped,
                uses: uses.get(id).cloned().unwrap_or_default(),
                name,
                version,
            };
            parts.insert(id.clone(), part);
        }
        let package = by_id.get(&own).ok_or("cargo metadata does not know our own package")?;
        Ok(Self {
            parts,
            uses: uses.get(&own).cloned().unwrap_or_default(),
            version: text(&package["version"]),
            licence: text(&package["license"]),
            archive: archive.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            archive_sum,
            created: moment.format(&Rfc3339).map_err(|error| error.to_string())?,
            compiler,
        })
    }

    /// How many crates are in the programs, and how many only built them.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let shipped = self.parts.values().filter(|part| part.shipped).count();
        (shipped, self.parts.len() - shipped)
    }

    pub(crate) fn cyclonedx(&self) -> Json {
        let purl = format!("pkg:cargo/{PROVIDER}@{}", self.version);
        let components: Vec<Json> = self.parts.values().map(cyclonedx_component).collect();
        let refs = |uses: &BTreeSet<(String, bool)>| -> Vec<String> {
            let purls: BTreeSet<String> = uses.iter().map(|(id, _)| self.parts[id].purl()).collect();
            purls.into_iter().collect()
        };
        let mut dependencies = vec![json!({ "ref": purl, "dependsOn": refs(&self.uses) })];
        dependencies.extend(
            self.parts.values().map(|part| json!({ "ref": part.purl(), "dependsOn": refs(&part.uses) })),
        );
        json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": format!("urn:uuid:{}", self.uuid()),
            "version": 1,
            "metadata": {
                "timestamp": self.created,
                "tools": { "components": [{ "type": "application", "name": self.compiler }] },
                "component": {
                    "type": "application",
                    "bom-ref": purl,
                    "purl": purl,
                    "name": PROVIDER,
                    "version": self.version,
                    "description": self.archive,
                    "hashes": [{ "alg": "SHA-256", "content": self.archive_sum }],
                    "licenses": [{ "expression": self.licence }],
                },
            },
            "components": components,
            "dependencies": dependencies,
        })
    }

    pub(crate) fn spdx(&self) -> Json {
        const OWN: &str = "SPDXRef-terraform-provider-hss";
        let mut packages = vec![json!({
            "SPDXID": OWN,
            "name": PROVIDER,
            "versionInfo": self.version,
            "packageFileName": self.archive,
            "checksums": [{ "algorithm": "SHA256", "checksumValue": self.archive_sum }],
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": self.licence,
            "copyrightText": "NOASSERTION",
            "primaryPackagePurpose": "APPLICATION",
        })];
        packages.extend(self.parts.values().map(spdx_package));
        let mut relations = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", OWN)];
        let users = self.parts.values().map(|part| (part.spdx_id(), &part.uses));
        for (user, uses) in std::iter::once((OWN.to_owned(), &self.uses)).chain(users) {
            for (id, for_building) in uses {
                let used = self.parts[id].spdx_id();
                relations.push(match for_building {
                    true => relation(&used, "BUILD_DEPENDENCY_OF", &user),
                    false => relation(&user, "DEPENDS_ON", &used),
                });
            }
        }
        json!({
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": self.archive,
            "documentNamespace": format!("urn:uuid:{}", self.uuid()),
            "creationInfo": {
                "created": self.created,
                "creators": [format!("Tool: {}", self.compiler), "Tool: cargo dist"],
            },
            "packages": packages,
            "relationships": relations,
        })
    }

    /// A name that no other bill has and this one always gets: drawn from the archive's sum instead of from chance.
    fn uuid(&self) -> String {
        let mut bytes = Sha256::digest(format!("{} {}", self.archive, self.archive_sum));
        // Version 8, whose other bits are left to the application.
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = hexadecimal(&bytes[..16]);
        [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
    }
}

fn cyclonedx_component(part: &Part) -> Json {
    let licences: Vec<Json> = part.licence.iter().map(|licence| json!({ "expression": licence })).collect();
    json!({
        "type": "library",
        "bom-ref": part.purl(),
        "purl": part.purl(),
        "name": part.name,
        "version": part.version,
        "scope": if part.shipped { "required" } else { "excluded" },
        "hashes": [{ "alg": "SHA-256", "content": part.checksum }],
        "licenses": licences,
    })
}

fn spdx_package(part: &Part) -> Json {
    let (name, version) = (&part.name, &part.version);
    json!({
        "SPDXID": part.spdx_id(),
        "name": name,
        "versionInfo": version,
        "checksums": [{ "algorithm": "SHA256", "checksumValue": part.checksum }],
        "downloadLocation": format!("https://static.crates.io/crates/{name}/{name}-{version}.crate"),
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": part.licence.as_deref().unwrap_or("NOASSERTION"),
        "copyrightText": "NOASSERTION",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": part.purl(),
        }],
        "primaryPackagePurpose": "LIBRARY",
    })
}

fn relation(from: &str, kind: &str, to: &str) -> Json {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}

/// Who uses whom among the packages that were compiled. What only tests use was not.
fn uses(metadata: &Json, compiled: &BTreeMap<String, bool>) -> BTreeMap<String, BTreeSet<(String, bool)>> {
    let nodes = metadata["resolve"]["nodes"].as_array().into_iter().flatten();
    nodes
        .map(|node| {
            let used = node["deps"].as_array().into_iter().flatten().filter_map(|dependency| {
                let id = text(&dependency["pkg"]);
                let kinds: Vec<&Json> =
                    dependency["dep_kinds"].as_array()?.iter().map(|one| &one["kind"]).collect();
                let for_building = !kinds.iter().any(|kind| kind.is_null());
                let known = compiled.contains_key(&id) && kinds.iter().any(|kind| **kind != "dev");
                known.then_some((id, for_building))
            });
            (text(&node["id"]), used.collect())
        })
        .collect()
}

/// The sums of what was downloaded, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let field = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|one| Some(((field(one, "name")?, field(one, "version")?), field(one, "checksum")?)))
        .collect()
}

/// Some crates still write `MIT/Apache-2.0`, which was cargo's way before there were SPDX expressions.
fn expression(licence: &str) -> String {
    licence.replace('/', " OR ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Writes a bill where it belongs.
pub(crate) fn write(bill: &Json, path: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(bill).map_err(|error| error.to_string())?;
    fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
}
