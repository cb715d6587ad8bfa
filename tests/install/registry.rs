//! Installation through the Registry's protocol: a registry on this machine hands out what `cargo dist` made, and
//! Terraform checks sums and signature as it would those of the real one.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use terraform_provider_hss::hss::address;

use super::{
    VERSION, archive_name, init, installation, lock_file, next, one_server, package, platform, skipped, sums,
    this,
};
use crate::{package::Release, stage::Workspace};

/// A key that signs releases, in a key ring of its own.
struct Key {
    ring: TempDir,
}

impl Key {
    /// None where there is no GnuPG.
    fn make() -> Option<Self> {
        let key = Self { ring: TempDir::with_prefix("gpg-").unwrap() };
        let made = key
            .gpg(&["--batch", "--passphrase", ""])
            .args([
                "--quick-generate-key",
                "Signer of tests <signer@example.org>",
                "rsa2048",
                "sign",
                "never",
            ])
            .stderr(Stdio::null())
            .status();
        made.is_ok_and(|status| status.success()).then_some(key)
    }

    fn gpg(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.ring.path()).args(arguments);
        command
    }

    fn public(&self) -> String {
        String::from_utf8(self.gpg(&["--armor", "--export"]).output().unwrap().stdout).unwrap()
    }

    /// Signs as `cargo dist --sign` would be told to.
    fn sign(&self, release: &Release) {
        let file = format!("terraform-provider-hss_{}_SHA256SUMS", release.version);
        let command = format!("gpg --homedir '{}' --batch --quiet --detach-sign", self.ring.path().display());
        package::sign(&command, &release.folder.join(file)).unwrap();
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // GnuPG leaves an agent behind that would keep the folder.
        let _ =
            Command::new("gpgconf").arg("--homedir").arg(self.ring.path()).args(["--kill", "all"]).status();
    }
}

/// Answers GET with what is in a table, until the process ends. Gives the address.
fn serve(pages: impl FnOnce(&str) -> BTreeMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let pages = pages(&url);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(first)) = lines.next() else { continue };
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let path = first.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match pages.get(path) {
                Some(page) => ("200 OK", page.as_slice()),
                None => ("404 Not Found", &b""[..]),
            };
            let kind = if path.ends_with(".zip") { "application/zip" } else { "application/json" };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    url
}

/// The Registry's answers about `releases`, made from their files as the Registry would.
fn answers(url: &str, releases: &[&Release], key: &str) -> BTreeMap<String, Vec<u8>> {
    let (os, arch) = (platform().os(), platform().arch());
    let base = format!("/v1/providers/{}", address::SOURCE);
    let mut pages = BTreeMap::new();
    let mut versions = Vec::new();
    for release in releases {
        let version = &release.version;
        let file = |ending: &str| format!("terraform-provider-hss_{version}_{ending}");
        for entry in fs::read_dir(&release.folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if entry.is_file() {
                pages.insert(format!("/files/{name}"), fs::read(entry).unwrap());
            }
        }
        let manifest: Json =
            serde_json::from_slice(&fs::read(release.folder.join(file("manifest.json"))).unwrap()).unwrap();
        let protocols = &manifest["metadata"]["protocol_versions"];
        let archive = archive_name(version);
        let (_, sum) = sums(release).into_iter().find(|(name, _)| *name == archive).unwrap();
        let download = json!({
            "protocols": protocols, "os": os, "arch": arch, "filename": archive, "shasum": sum,
            "download_url": format!("{url}/files/{archive}"),
            "shasums_url": format!("{url}/files/{}", file("SHA256SUMS")),
            "shasums_signature_url": format!("{url}/files/{}", file("SHA256SUMS.sig")),
            "signing_keys": { "gpg_public_keys": [{ "key_id": "0", "ascii_armor": key }] },
        });
        pages.insert(format!("{base}/{version}/download/{os}/{arch}"), download.to_string().into_bytes());
        versions.push(json!({
            "version": version, "protocols": protocols, "platforms": [{ "os": os, "arch": arch }],
        }));
    }
    pages.insert(format!("{base}/versions"), json!({ "versions": versions }).to_string().into_bytes());
    pages
}

/// Has Terraform take `url` for the Registry.
fn use_registry(workspace: &Workspace, url: &str) {
    let host = address::HOST;
    workspace.write(
        "terraformrc",
        &format!("host \"{host}\" {{\n  services = {{ \"providers.v1\" = \"{url}/v1/providers/\" }}\n}}\n"),
    );
}

#[test]
fn a_registry_can_hand_it_out_signed() {
    installation(&one_server(), |_, tf| {
        let Some(key) = Key::make() else {
            return skipped("there is no gpg: installation from a registry is NOT TESTED");
        };
        key.sign(this());
        key.sign(next());
        let url = serve(|url| answers(url, &[this(), next()], &key.public()));
        use_registry(tf, &url);
        let next_version = &next().version;
        init(tf, &[]).ok().says(&[&format!("Installed {} v{next_version} (self-signed", address::SOURCE)]);

        // All sums that Terraform learned are those of the release, none of anything else.
        let locked = lock_file(tf);
        let mut learned: Vec<&str> =
            locked.lines().filter_map(|line| line.trim().strip_prefix("\"zh:")).collect();
        learned.sort_unstable();
        let mut told: Vec<String> = sums(next()).into_iter().map(|(_, sum)| format!("{sum}\",")).collect();
        told.sort_unstable();
        assert_eq!(learned, told, "{locked}");
        tf.plan_is_empty();

        // A mirror that Terraform makes of it has the very archive.
        let copy = tf.path().join("copy");
        tf.run(&["providers", "mirror", "-no-color", &copy.display().to_string()]).ok();
        let archive = Path::new(address::FULL).join(archive_name(next_version));
        let ours = next().mirror_folder().join(&archive);
        assert_eq!(fs::read(copy.join(archive)).unwrap(), fs::read(ours).unwrap());
    });
}

#[test]
fn a_signature_of_somebody_else_is_refused() {
    installation(&one_server(), |_, tf| {
        let (Some(key), Some(other)) = (Key::make(), Key::make()) else {
            return skipped("there is no gpg: signatures are NOT TESTED");
        };
        // A folder of its own: the other test signs in the one that all share.
        let folder = TempDir::new().unwrap();
        super::copy_tree(&this().folder, folder.path());
        let release = Release { folder: folder.path().to_owned(), ..this().clone() };
        other.sign(&release);
        let url = serve(|url| answers(url, &[&release], &key.public()));
        use_registry(tf, &url);
        init(tf, &[]).fails_saying(&["authentication signature from unknown issuer"]);
        let signed_by_nobody = "false";
        let sums = folder.path().join(format!("terraform-provider-hss_{VERSION}_SHA256SUMS"));
        let error = package::sign(signed_by_nobody, &sums).unwrap_err().to_string();
        assert!(error.contains("did not make"), "{error}");
    });
}
