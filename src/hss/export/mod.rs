//! `terraform-provider-hss export`: a configuration for what is there, for those whose Terraform cannot query.
//!
//! It finds objects through the lists, and leaves out what the resources leave out of a generated configuration. What it
//! adds is readable names, and references between the two resources. Nothing here prints: the caller is handed the text.

mod arguments;
mod blocks;
mod files;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    path::Path,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{Either, select};

pub use arguments::HELP;
use arguments::{Arguments, Wanted};
use blocks::Object;
use files::File;

use crate::{
    clock::{Clock, Stop},
    framework::{
        diag::{Diagnostic, Diagnostics, Outcome},
        erased::AnyResource,
        list::{AnyList, Found, Search},
        provider::Provider,
        resource::Resource,
        value::Value,
    },
    hcl,
    hss::{
        Api, HssProvider, lists,
        resources::{BackupHost, RemoteBackup},
    },
};

/// Where it runs.
pub struct Around<'a> {
    /// The process's variables.
    pub environment: BTreeMap<String, String>,
    /// The clock that times everything.
    pub clock: Arc<dyn Clock>,
    /// Set when the user wants it to end.
    pub stop: Stop,
    /// Takes a line about what is going on, or goes wrong.
    pub say: &'a (dyn Fn(&str) + Sync),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something went wrong, and was said. Nothing was written.
    Failed,
    /// The options make no sense, which was said.
    Misused,
}

/// How often somebody who waits hears that it goes on.
const PATIENCE: Duration = Duration::from_secs(10);

const PROVIDER_FILE: &str = "provider.tf";
const BACKUP_HOSTS: &str = "backup_hosts.tf";
const REMOTE_BACKUPS: &str = "remote_backups.tf";
const IMPORTS: &str = "imports.tf";

/// Exports what the arguments say; the text is for stdout.
///
/// # Errors
/// What went wrong has been said by then.
pub async fn run(arguments: &[&str], around: Around<'_>) -> Result<String, Failure> {
    let arguments = match arguments::read(arguments) {
        Ok(Wanted::Help) => return Ok(HELP.to_owned()),
        Ok(Wanted::Export(arguments)) => arguments,
        Err(sentence) => {
            (around.say)(&format!("{sentence}\n\n`terraform-provider-hss export --help` lists the options."));
            return Err(Failure::Misused);
        }
    };
    // Before anything is asked: nobody should wait for an export that cannot be written.
    let names = [PROVIDER_FILE, BACKUP_HOSTS, REMOTE_BACKUPS, IMPORTS];
    let provider_file = arguments.provider_file && !files::holds_configuration(&arguments.folder);
    let present = files::present(&arguments.folder, if provider_file { &names } else { &names[1..] });
    if !present.is_empty() {
        let (folder, files) = (arguments.folder.display(), present.join(", "));
        (around.say)(&format!(
            "Error: {folder} holds {files} already\n\nNo file is overwritten, so nothing was exported. Name another folder with --dir, or \
             move these away."
        ));
        return Err(Failure::Failed);
    }
    let provider = HssProvider::new(around.environment.clone(), Arc::clone(&around.clock));
    let mut wrong = Diagnostics::default();
    provider.validate(&arguments.provider, &mut wrong);
    if wrong.has_error() {
        tell(&around, &wrong);
        return Err(Failure::Failed);
    }
    let (api, said) = provider.configure(arguments.provider.clone(), "(export)");
    tell(&around, &said);
    let Some(api) = api else { return Err(Failure::Failed) };
    let outcome = export(&provider, &api, &arguments, provider_file, &around).await;
    outcome.map_err(|diagnostics| {
        if around.stop.is_set() {
            (around.say)("Interrupted. Nothing was written.");
        } else {
            tell(&around, &diagnostics);
            (around.say)("\nNothing was written.");
        }
        Failure::Failed
    })
}

/// What was found, of both kinds.
struct All {
    hosts: Vec<Object>,
    backups: Vec<Object>,
}

async fn export(
    provider: &HssProvider,
    api: &Api,
    arguments: &Arguments,
    provider_file: bool,
    around: &Around<'_>,
) -> Outcome<String> {
    let (lists, resources) = (provider.lists(), provider.resources());
    let find = |ty: &'static str| {
        let list = lists.iter().find(|one| one.name() == ty);
        let resource = resources.iter().find(|one| one.name() == ty);
        list.zip(resource)
            .map(|(list, resource)| (&**list, &**resource))
            .ok_or_else(|| Diagnostic::our_bug(format!("There is no list of {ty}.")))
    };
    let (hosts, backups) = (find(BackupHost::NAME)?, find(RemoteBackup::NAME)?);
    (around.say)("Looking for backup servers ...");
    let mut all = All { hosts: collect(hosts, api, arguments, around).await?, backups: Vec::new() };
    if !arguments.backup_hosts_only {
        (around.say)("Looking for protected servers whose remote backup is on ...");
        all.backups = collect(backups, api, arguments, around).await?;
    }
    let folder = &arguments.folder;
    if all.hosts.is_empty() && all.backups.is_empty() {
        return Ok(nothing(api, arguments));
    }
    let files = written(&all, (hosts.1, backups.1), api, arguments, provider_file)?;
    if around.stop.is_set() {
        return Err(Diagnostics::default());
    }
    files::write(folder, &files.files)
        .map_err(|why| Diagnostic::error("The configuration could not be written", format!("{why}.")))?;
    let region = api.region().known().cloned().unwrap_or_default();
    let elsewhere = (!provider_file).then_some(region.as_str());
    let projects_unknown =
        arguments.enterprise_projects.is_empty() && api.hss()?.enterprise_project_id().is_none();
    Ok(summary(&all, folder, &files, elsewhere, projects_unknown))
}

/// Everything that a list finds, each once, sorted by the id of the server.
async fn collect(
    (list, resource): (&dyn AnyList<Api>, &dyn AnyResource<Api>),
    api: &Api,
    arguments: &Arguments,
    around: &Around<'_>,
) -> Outcome<Vec<Object>> {
    let found: Arc<Mutex<Vec<Found>>> = Arc::default();
    let count = || found.lock().unwrap_or_else(PoisonError::into_inner).len();
    let everywhere = [Value::Null];
    let projects: Vec<Value> =
        arguments.enterprise_projects.iter().map(|project| Value::from(project.as_str())).collect();
    for project in if projects.is_empty() { everywhere.as_slice() } else { projects.as_slice() } {
        let mut config = list.described().block.absent();
        if let Value::Map(members) = &mut config {
            members.insert("enterprise_project_id".to_owned(), project.clone());
        }
        let invalid = list.validate(config.clone());
        if invalid.has_error() {
            return Err(invalid);
        }
        let into = Arc::clone(&found);
        let emit: crate::framework::action::Emit<Found> = Box::new(move |one| {
            into.lock().unwrap_or_else(PoisonError::into_inner).push(one);
            Box::pin(std::future::ready(true))
        });
        let search = Search { config, limit: u64::MAX, wants_objects: true };
        let searching = list.list(api, around.stop.clone(), search, Arc::new(emit));
        let said = with_patience(searching, api, around, &count).await;
        if said.has_error() {
            return Err(said);
        }
        tell(around, &said);
    }
    let found = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
    let mut objects = BTreeMap::new();
    for Found { display_name, object, .. } in found {
        let Value::String(host_id) = object.member("host_id").clone() else { continue };
        let configuration = resource.configuration(api, object)?;
        let host_name = lists::bare_name(&display_name).map(str::to_owned);
        objects.entry(host_id.clone()).or_insert(Object { host_id, host_name, configuration });
    }
    Ok(objects.into_values().collect())
}

/// The same work, with a word now and then for somebody who waits.
async fn with_patience<T>(
    work: impl Future<Output = T>,
    api: &Api,
    around: &Around<'_>,
    count: &impl Fn() -> usize,
) -> T {
    let mut work = pin!(work);
    loop {
        match select(work.as_mut(), around.clock.sleep(PATIENCE)).await {
            Either::Left((result, _)) => return result,
            Either::Right(_) => {
                let waits = api.hss().is_ok_and(crate::client::Hss::is_short_of_quota);
                let why = if waits { "Waiting for the call quota of HSS" } else { "Still reading" };
                (around.say)(&format!("{why}; {} found so far.", count()));
            }
        }
    }
}

/// What is to be written, and what there is to say about it.
struct Written {
    files: Vec<File>,
    /// Remote backups whose backup server is not among those found.
    strays: usize,
}

fn written(
    all: &All,
    (host, backup): (&dyn AnyResource<Api>, &dyn AnyResource<Api>),
    api: &Api,
    arguments: &Arguments,
    provider_file: bool,
) -> Outcome<Written> {
    let (host_names, backup_names) = (blocks::named(&all.hosts), blocks::named(&all.backups));
    let mut hosts: Vec<(&String, hcl::Block, hcl::Block)> = Vec::new();
    for one in &all.hosts {
        let name = &host_names[&one.host_id];
        let block = blocks::resource(host.name(), name, &host.described().block, one, |_, _| Ok(None));
        hosts.push((name, block, blocks::import(host.name(), name, one)));
    }
    let mut strays = BTreeSet::new();
    let mut backups: Vec<(&String, hcl::Block, hcl::Block)> = Vec::new();
    for one in &all.backups {
        let name = &backup_names[&one.host_id];
        let refer = |attribute: &str, value: &Value| match (attribute, value) {
            ("backup_host_id", Value::String(id)) => match host_names.get(id) {
                Some(target) => Ok(Some(format!("{}.{target}.host_id", host.name()))),
                None => Err(format!(
                    "{id} is not among the backup servers of {BACKUP_HOSTS}, so there is nothing to refer to."
                )),
            },
            _ => Ok(None),
        };
        let block = blocks::resource(backup.name(), name, &backup.described().block, one, refer);
        if !block.comments.is_empty() {
            strays.insert(&one.host_id);
        }
        backups.push((name, block, blocks::import(backup.name(), name, one)));
    }
    hosts.sort_by_key(|(name, ..)| *name);
    backups.sort_by_key(|(name, ..)| *name);
    let mut files = Vec::new();
    if provider_file {
        let hss = api.hss()?;
        let own = hss.enterprise_project_id().filter(|_| arguments.enterprise_projects.is_empty());
        let blocks = blocks::provider(hss.region(), own, &arguments.provider);
        files.push(File { name: PROVIDER_FILE, text: hcl::file(&[], &blocks) });
    }
    let imports: Vec<hcl::Block> =
        hosts.iter().chain(&backups).map(|(_, _, import)| import.clone()).collect();
    let of = |all: Vec<(&String, hcl::Block, hcl::Block)>| -> Vec<hcl::Block> {
        all.into_iter().map(|(_, block, _)| block).collect()
    };
    if !hosts.is_empty() {
        files.push(File { name: BACKUP_HOSTS, text: hcl::file(&[], &of(hosts)) });
    }
    if !backups.is_empty() {
        files.push(File { name: REMOTE_BACKUPS, text: hcl::file(&[], &of(backups)) });
    }
    let once = ["Takes what exists under management. Once this is applied, the file can be deleted."];
    files.push(File { name: IMPORTS, text: hcl::file(&once, &imports) });
    Ok(Written { files, strays: strays.len() })
}

fn nothing(api: &Api, arguments: &Arguments) -> String {
    let place = api.region().known().cloned().unwrap_or_default();
    let within = match arguments.enterprise_projects.as_slice() {
        [] => String::new(),
        all => format!(", enterprise project {}", all.join(", ")),
    };
    format!(
        "There is nothing to export: no backup server is registered in {place}{within}{}. No file was written.\n",
        if arguments.backup_hosts_only { "" } else { ", and no server has its remote backup on" }
    )
}

/// `elsewhere` is the region that a provider block of somebody else has to have, where none was written;
/// `projects_unknown` says that no enterprise project was named.
fn summary(
    all: &All,
    folder: &Path,
    written: &Written,
    elsewhere: Option<&str>,
    projects_unknown: bool,
) -> String {
    let (hosts, backups) = (all.hosts.len(), all.backups.len());
    let counted =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut text = format!("Written to {}:\n\n", folder.display());
    for file in &written.files {
        let about = match file.name {
            PROVIDER_FILE => "which provider, and where it looks".to_owned(),
            BACKUP_HOSTS => counted(hosts, "backup server", "backup servers"),
            REMOTE_BACKUPS => counted(backups, "protected server", "protected servers"),
            _ => format!(
                "{}; delete this file once they are applied",
                counted(hosts + backups, "import block", "import blocks")
            ),
        };
        text.push_str(&format!("  {:<17}  {about}\n", file.name));
    }
    if written.strays > 0 {
        let strays = counted(written.strays, "protected server copies", "protected servers copy");
        text.push_str(&format!(
            "\n{strays} to a backup server that was not found. There the configuration has an id and a comment in place of a reference.\n"
        ));
    }
    if projects_unknown {
        text.push_str(
            "\nNo enterprise project was named. HSS does not tell which one a server is in, and servers outside of the default one can \
             be imported so, but not changed. `--enterprise-project-id`, once for each project, has it written.\n",
        );
    }
    if let Some(region) = elsewhere {
        text.push_str(&format!(
            "\nNo {PROVIDER_FILE} was written. The provider block that is there has to look where this export did: with region = \"{region}\", \
             and with the account, projects and endpoints that were named here. Otherwise these servers are not found.\n"
        ));
    }
    let chdir = match folder.display().to_string() {
        here if here == "." => String::new(),
        spaced if spaced.contains(char::is_whitespace) => format!(" -chdir=\"{spaced}\""),
        other => format!(" -chdir={other}"),
    };
    text.push_str(&format!(
        "\nNext:\n\n  terraform{chdir} init\n  terraform{chdir} plan     # {} to import, 0 to add, 0 to change, 0 to destroy\n  \
         terraform{chdir} apply\n",
        hosts + backups
    ));
    text
}

/// Says warnings and errors as they are said elsewhere, with the option to use where one stands for the argument.
fn tell(around: &Around<'_>, diagnostics: &Diagnostics) {
    const OPTIONS: [(&str, &str); 11] = [
        ("region", "--region"),
        ("enterprise_project_id", "--enterprise-project-id"),
        ("profile", "--profile"),
        ("shared_config_file", "--shared-config-file"),
        ("project_id", "--project-id"),
        ("project_name", "--project-name"),
        ("auth_url", "--auth-url"),
        ("cloud", "--cloud"),
        ("cacert_file", "--cacert-file"),
        ("call_limit", "--call-limit"),
        ("endpoints", "--endpoint"),
    ];
    for one in diagnostics {
        let kind = if one.is_error() { "Error" } else { "Warning" };
        let mut text = format!("{kind}: {}\n\n{}", one.summary, one.detail);
        let option = one.path.as_ref().and_then(|path| OPTIONS.iter().find(|(name, _)| *name == path.name()));
        if let Some((name, option)) = option {
            text.push_str(&format!(" Here the option {option} stands for `{name}`."));
        }
        (around.say)(&text);
    }
}
