//! What is written after `export`, and what `--help` says of it.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{framework::model::Attr, hss::config};

/// What `export --help` prints.
pub const HELP: &str = "\
terraform-provider-hss export [OPTIONS]

Writes a configuration for what is there already: every backup server that is registered, and every server whose
remote backup is on, with import blocks. Nothing is changed in HSS, and no file is overwritten.

Files:
  backup_hosts.tf     the backup servers
  remote_backups.tf   the protected servers, each with a reference to its backup server
  imports.tf          import blocks; delete it once they are applied
  provider.tf         which provider and where; only into a folder without other .tf files

Options:
  --dir DIR                      where to write; made if it is not there (default: this folder)
  --backup-hosts-only            leave the protected servers out
  --no-provider-file             write no provider.tf
  --region REGION                region to look in
  --enterprise-project-id ID     look in this enterprise project only, and write it to each resource; may be repeated
  --profile NAME                 profile of the KooCLI configuration file
  --shared-config-file FILE      that file (default: ~/.hcloud/config.json)
  --project-id ID, --project-name NAME, --auth-url URL, --cloud DOMAIN, --cacert-file FILE
  --endpoint SERVICE=URL         as in `endpoints` of the provider block; may be repeated
  --call-limit CALLS/TIME        never more calls than this, such as 5/1m
  --help                         print this text

Credentials come from where the provider takes them when its block names none: HW_ACCESS_KEY and HW_SECRET_KEY in the
environment, HW_AUTH_TOKEN, a profile, the metadata service of a cloud server, and so on: see the guide
docs/guides/authentication.md. Options win over the environment, and go into provider.tf. Secrets cannot be given as options.

Exit status: 0 written, or nothing found; 1 something went wrong, and nothing was written; 2 wrong options.
";

/// What is to be exported, and whence.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) folder: PathBuf,
    pub(super) backup_hosts_only: bool,
    pub(super) provider_file: bool,
    /// None looks where the provider would.
    pub(super) enterprise_projects: Vec<String>,
    /// The provider block that the options stand for.
    pub(super) provider: config::Model,
}

/// What is wanted.
#[derive(Debug)]
pub(super) enum Wanted {
    Help,
    Export(Box<Arguments>),
}

/// Reads them; `Err` is a sentence about the first that cannot be understood.
pub(super) fn read(arguments: &[&str]) -> Result<Wanted, String> {
    let mut read = Arguments {
        folder: PathBuf::from("."),
        backup_hosts_only: false,
        provider_file: true,
        enterprise_projects: Vec::new(),
        provider: config::Model::default(),
    };
    let mut endpoints = BTreeMap::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, mut attached) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (*argument, None),
        };
        let mut value = || {
            let value = attached.take().or_else(|| rest.next().copied());
            let value = value.filter(|value| !value.is_empty() && !value.starts_with("--"));
            value.map(str::to_owned).ok_or_else(|| format!("{name} needs a value."))
        };
        let provider = &mut read.provider;
        match name {
            "--help" | "-help" | "-h" => return Ok(Wanted::Help),
            "--dir" => read.folder = value()?.into(),
            "--backup-hosts-only" => read.backup_hosts_only = true,
            "--no-provider-file" => read.provider_file = false,
            "--enterprise-project-id" => {
                let project = value()?;
                if !read.enterprise_projects.contains(&project) {
                    read.enterprise_projects.push(project);
                }
            }
            "--region" => provider.region = Attr::Known(value()?),
            "--profile" => provider.profile = Attr::Known(value()?),
            "--shared-config-file" => provider.shared_config_file = Attr::Known(value()?),
            "--project-id" => provider.project_id = Attr::Known(value()?),
            "--project-name" => provider.project_name = Attr::Known(value()?),
            "--auth-url" => provider.auth_url = Attr::Known(value()?),
            "--cloud" => provider.cloud = Attr::Known(value()?),
            "--cacert-file" => provider.cacert_file = Attr::Known(value()?),
            "--call-limit" => provider.call_limit = Attr::Known(value()?),
            "--endpoint" => {
                let text = value()?;
                let (service, url) = text
                    .split_once('=')
                    .ok_or("--endpoint is written as SERVICE=URL, such as hss=https://...")?;
                endpoints.insert(service.to_owned(), Attr::Known(url.to_owned()));
            }
            "--access-key" | "--secret-key" | "--token" | "--password" | "--security-token" => {
                return Err(format!(
                    "{name} is no option: other users of this machine can read options. Set the environment variable instead, \
                     such as HW_SECRET_KEY, or name a profile."
                ));
            }
            _ => return Err(format!("There is no option {name}.")),
        }
        if attached.is_some() {
            return Err(format!("{name} takes no value."));
        }
    }
    if !endpoints.is_empty() {
        read.provider.endpoints = Attr::Known(endpoints);
    }
    Ok(Wanted::Export(Box::new(read)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(arguments: &[&str]) -> Arguments {
        match read(arguments).unwrap() {
            Wanted::Export(read) => *read,
            Wanted::Help => panic!("help was wanted"),
        }
    }

    #[test]
    fn options_are_read_with_their_values_behind_or_attached() {
        let read =
            export(&["--dir", "a", "--region=r-1", "--endpoint", "hss=http://h", "--endpoint=iam=http://i"]);
        assert_eq!((read.folder, read.provider.region), ("a".into(), Attr::Known("r-1".to_owned())));
        let endpoints = read.provider.endpoints.known().unwrap();
        assert_eq!(endpoints["hss"], Attr::Known("http://h".to_owned()));
        assert_eq!(endpoints["iam"], Attr::Known("http://i".to_owned()));
        let read = export(&[
            "--enterprise-project-id",
            "a",
            "--enterprise-project-id=b",
            "--enterprise-project-id=a",
        ]);
        assert_eq!(read.enterprise_projects, ["a", "b"]);
        assert!(matches!(super::read(&["--dir", "x", "--help"]), Ok(Wanted::Help)));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (arguments, said) in [
            (&["--nonsense"][..], "There is no option --nonsense."),
            (&["somewhere"], "There is no option somewhere."),
            (&["--dir"], "--dir needs a value."),
            (&["--dir", "--region"], "--dir needs a value."),
            (&["--region="], "--region needs a value."),
            (&["--backup-hosts-only=yes"], "--backup-hosts-only takes no value."),
            (&["--endpoint", "http://h"], "--endpoint is written as SERVICE=URL, such as hss=https://..."),
        ] {
            assert_eq!(read(arguments).unwrap_err(), said, "{arguments:?}");
        }
        let said = read(&["--secret-key", "s3cret"]).unwrap_err();
        assert!(said.contains("HW_SECRET_KEY") && !said.contains("s3cret"), "{said}");
    }

    #[test]
    fn the_help_names_every_option() {
        for option in [
            "--dir",
            "--region",
            "--profile",
            "--endpoint",
            "--call-limit",
            "--cacert-file",
            "--project-name",
        ] {
            assert!(HELP.contains(option), "{option}");
            assert!(read(&[option]).is_err(), "{option} takes a value");
        }
    }
}
