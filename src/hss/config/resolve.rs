//! Block, environment and profile put together.
//!
//! A value in the block wins over the environment, an empty one included, which switches the environment's off. A
//! profile wins over both where it holds something, and over keys even where it holds none. Nothing here makes a
//! call; of the disk only the profile and certificates are read.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    CERT, MAX_RETRIES, Model, REGION,
    arguments::{Argument, FLAGS, RETRIES, SECRETS, TEXTS},
    environment::Environment,
    roles::Roles,
};
use crate::{
    auth::{
        Secret,
        profile::{self, Profile},
    },
    client::Settings,
    framework::{
        diag::{Diagnostic, Diagnostics},
        model::Attr,
        path::Path,
    },
    hss::tuning::Tuning,
};

/// What a configuration comes to.
pub enum Resolved {
    /// All of it is known.
    Settings {
        /// What HSS is asked with.
        settings: Box<Settings>,
        /// Whether plans are checked against what HSS says.
        preflight: bool,
    },
    /// These arguments will be known later.
    Unknown {
        /// Their names.
        arguments: Vec<&'static str>,
        /// The region, which planning needs earlier than anything else.
        region: Attr<String>,
    },
}

/// Where a value is from that stands in the configuration.
pub(in crate::hss) const BLOCK: &str = "the provider block";
/// Whether a call succeeds does not depend on these, so they may be known later.
const WITHOUT_EFFECT: [&str; 4] =
    ["regional", "enable_force_new", "skip_check_website_type", "skip_check_upgrade"];

/// Puts everything together; what is wrong goes to `diagnostics`.
pub fn resolve(
    mut config: Model,
    environment: &BTreeMap<String, String>,
    terraform_version: &str,
    diagnostics: &mut Diagnostics,
) -> Resolved {
    let environment = Environment(environment);
    let mut found = Found { environment, unknown: Vec::new(), origins: BTreeMap::new() };
    for row in &TEXTS {
        found.fill(row, &mut config, |text| Some(text.to_owned()), String::is_empty);
    }
    for row in &SECRETS {
        found.fill(row, &mut config, |text| Some(Secret::from(text.to_owned())), Secret::is_empty);
    }
    for row in &FLAGS {
        match environment.flag(row.variables) {
            Ok(flag) => found.fill(row, &mut config, |_| flag, |_| false),
            // What the block says stands in the way of the variable.
            Err(_) if !(row.field)(&mut config).is_null() => {}
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let max_retries = found.max_retries(&config.max_retries, diagnostics);
    let endpoints = found.endpoints(config.endpoints.clone());
    let mut roles = Roles::read(
        std::mem::take(&mut config.assume_role),
        std::mem::take(&mut config.assume_role_with_oidc),
        environment,
        diagnostics,
    );
    found.unknown.append(&mut roles.unknown);
    let profile = found.profile(&config, diagnostics);
    let used = profile.map(|(profile, path)| {
        let name = format!("the profile {:?} of {}", profile.name, path.display());
        found.take_over(profile, &name, &mut config, &mut roles);
        name
    });
    let cacert = found.contents("cacert_file", config.cacert_file.known().map(String::as_str), diagnostics);
    let cert = found.contents("cert", config.cert.known().map(String::as_str), diagnostics);
    let key = found.contents("key", config.key.known().map(Secret::expose), diagnostics);
    if cert.is_some() != key.is_some() {
        let (there, missing) = if cert.is_some() { ("cert", "key") } else { ("key", "cert") };
        let detail = format!(
            "`{there}` is set and `{missing}` is not. Only both together make a client certificate, so none is used."
        );
        diagnostics.push(Diagnostic::warning("The client certificate is not used", detail).at(CERT));
    }
    if config.region.is_null() && !diagnostics.has_error() {
        let detail = "HSS is asked in one region, and none is given. Set `region` in the provider \"hss\" block, or the environment variable HW_REGION_NAME, to the region of your servers, such as cn-north-4. A profile may name it too.";
        diagnostics.push(Diagnostic::error("No region is configured", detail).at(REGION));
    }
    let Found { mut unknown, origins, .. } = found;
    let tuning = Tuning::resolve(
        [config.refresh.clone(), config.call_limit.clone()],
        config.preflight.clone(),
        environment.0,
        &mut unknown,
        diagnostics,
    );
    unknown.dedup();
    if !unknown.is_empty() {
        return Resolved::Unknown { arguments: unknown, region: config.region };
    }
    let plain = |attr: Attr<String>| attr.known().cloned();
    let secret = |attr: Attr<Secret>| attr.known().cloned();
    let oidc = roles.oidc.take();
    let settings = Settings {
        region: plain(config.region),
        access_key: secret(config.access_key),
        secret_key: secret(config.secret_key),
        security_token: secret(config.security_token),
        token: secret(config.token),
        domain_id: plain(config.domain_id),
        domain_name: plain(config.domain_name),
        user_name: plain(config.user_name),
        user_id: plain(config.user_id),
        password: secret(config.password),
        agency_name: plain(config.agency_name),
        agency_domain_name: plain(config.agency_domain_name),
        delegated_project: plain(config.delegated_project),
        roles: roles.in_order(),
        oidc,
        profile: used,
        signing_algorithm: plain(config.signing_algorithm),
        project_id: plain(config.project_id).or(plain(config.tenant_id)),
        project_name: plain(config.project_name).or(plain(config.tenant_name)),
        auth_url: plain(config.auth_url),
        cloud: plain(config.cloud),
        endpoints,
        metadata_endpoint: environment.get("HSS_METADATA_ENDPOINT").map(str::to_owned),
        enterprise_project_id: plain(config.enterprise_project_id),
        insecure: config.insecure.known().copied().unwrap_or_default(),
        call_limit: tuning.call_limit,
        exact_refresh: tuning.exact_refresh,
        cacert: cacert.map(|pem| pem.expose().to_owned()),
        cert: cert.map(|pem| pem.expose().to_owned()),
        key,
        max_retries,
        user_agent: user_agent(environment, terraform_version),
        origins,
    };
    Resolved::Settings { settings: Box::new(settings), preflight: tuning.preflight }
}

/// A number of repetitions, or what is wrong with it.
pub(super) fn retries(number: i64, origin: &str) -> Result<u32, Diagnostic> {
    if number < 0 {
        let detail = format!("{origin} is {number}. Give 0 or more; 0 means that nothing is repeated.");
        return Err(Diagnostic::error("The number of retries is negative", detail).at(MAX_RETRIES));
    }
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// What comes of looking at arguments one after the other.
struct Found<'a> {
    environment: Environment<'a>,
    unknown: Vec<&'static str>,
    origins: BTreeMap<&'static str, String>,
}

impl Found<'_> {
    /// Fills a field that the block leaves out, and empties one that the block gives as empty.
    fn fill<T: Clone>(
        &mut self,
        row: &Argument<T>,
        config: &mut Model,
        read: impl FnOnce(&str) -> Option<T>,
        is_empty: fn(&T) -> bool,
    ) {
        let field = (row.field)(config);
        match field {
            Attr::Unknown if WITHOUT_EFFECT.contains(&row.name) => *field = Attr::Null,
            Attr::Unknown => self.unknown.push(row.name),
            Attr::Known(value) if is_empty(value) => *field = Attr::Null,
            Attr::Known(_) => {
                self.origins.insert(row.name, BLOCK.to_owned());
            }
            Attr::Null => {
                if let Some((name, value)) = self.environment.find(row.variables) {
                    self.origins.insert(row.name, name.to_owned());
                    *field = read(value).into();
                }
            }
        }
    }

    fn max_retries(&mut self, given: &Attr<i64>, diagnostics: &mut Diagnostics) -> u32 {
        let default = Settings::default().max_retries;
        let retries = match given {
            Attr::Known(number) => retries(*number, "max_retries"),
            Attr::Unknown => {
                self.unknown.push("max_retries");
                return default;
            }
            Attr::Null => match self.environment.number(RETRIES) {
                Ok(None) => return default,
                Ok(Some(number)) => retries(number, RETRIES),
                Err(diagnostic) => Err(diagnostic.at(MAX_RETRIES)),
            },
        };
        retries.unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            default
        })
    }

    fn endpoints(&mut self, given: Attr<BTreeMap<String, Attr<String>>>) -> BTreeMap<String, String> {
        let mut endpoints = BTreeMap::new();
        match given {
            Attr::Unknown => self.unknown.push(ENDPOINT_ARGUMENT),
            Attr::Null => {}
            Attr::Known(all) => {
                for (key, url) in all {
                    match url {
                        Attr::Known(url) => drop(endpoints.insert(key, url)),
                        // Other services' addresses may be known later.
                        Attr::Unknown if matches!(key.as_str(), "hss" | "iam" | "sts") => {
                            self.unknown.push(ENDPOINT_ARGUMENT);
                        }
                        Attr::Unknown | Attr::Null => {}
                    }
                }
            }
        }
        endpoints
    }

    /// The profile, if one is asked for.
    fn profile(&self, config: &Model, diagnostics: &mut Diagnostics) -> Option<(Profile, PathBuf)> {
        if config.profile.is_unknown() || config.shared_config_file.is_unknown() {
            return None;
        }
        let (file, wanted) = (config.shared_config_file.known(), config.profile.known());
        let argument = match (file, wanted) {
            (None, None) => return None,
            (_, Some(_)) => "profile",
            (Some(_), None) => "shared_config_file",
        };
        let path = match file {
            Some(file) => self.environment.expand(file),
            None => self.environment.expand("~/.hcloud/config.json"),
        };
        let from = match self.origins.get(argument).map(String::as_str) {
            Some(BLOCK) | None => String::new(),
            Some(variable) => format!(" It was asked for by the environment variable {variable}."),
        };
        let refuse = |detail: String| {
            let argument = if file.is_some() && wanted.is_none() { "shared_config_file" } else { "profile" };
            let summary = "The profile cannot be used";
            Diagnostic::error(summary, detail).at(Path::root(argument))
        };
        let path = match path {
            Ok(path) => path,
            Err(why) => {
                diagnostics.push(refuse(format!("{why}{from}")));
                return None;
            }
        };
        match profile::read(&path, wanted.map(String::as_str)) {
            Ok(profile) => Some((profile, path)),
            Err(error) => {
                let detail = format!("{}: {error}.{from}\n\n{}", path.display(), error.remedy());
                diagnostics.push(refuse(detail));
                None
            }
        }
    }

    /// The keys of a profile take the place of all others, even if it has none; the rest counts where it is set.
    fn take_over(&mut self, profile: Profile, name: &str, config: &mut Model, roles: &mut Roles) {
        for key in ["access_key", "secret_key", "security_token"] {
            self.origins.insert(key, name.to_owned());
        }
        // Whatever was to be known later is known to be set aside.
        self.unknown.retain(|name| !matches!(*name, "access_key" | "secret_key" | "security_token"));
        config.access_key = profile.access_key.map(Secret::from).into();
        config.secret_key = profile.secret_key.into();
        config.security_token = profile.security_token.into();
        if let Some(id) = &profile.project_id {
            // The id says which project, whatever name is configured.
            config.project_name = Attr::Null;
            config.tenant_name = Attr::Null;
            self.unknown.retain(|name| !matches!(*name, "project_name" | "tenant_name"));
            config.project_id = Attr::Known(id.clone());
            self.take("project_id", name);
        }
        if let Some(region) = profile.region {
            config.region = Attr::Known(region);
            self.take("region", name);
        }
        if let Some(id) = profile.domain_id {
            config.domain_id = Attr::Known(id);
            self.take("domain_id", name);
        }
        if profile.agency_name.is_some() {
            roles.single.agency_name = profile.agency_name;
        }
        // An account alone makes no role.
        if profile.agency_domain_name.is_some() && roles.single.agency_name.is_some() {
            roles.single.domain_name = profile.agency_domain_name;
        }
    }

    fn take(&mut self, argument: &'static str, origin: &str) {
        self.origins.insert(argument, origin.to_owned());
        self.unknown.retain(|name| *name != argument);
    }

    /// What an argument that is a path or PEM text comes to.
    fn contents(
        &self,
        argument: &'static str,
        given: Option<&str>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Secret> {
        match self.environment.path_or_contents(given?) {
            Ok(text) => Some(text),
            Err(why) => {
                let summary = format!("`{argument}` is not usable");
                diagnostics.push(Diagnostic::error(summary, why).at(Path::root(argument)));
                None
            }
        }
    }
}

const ENDPOINT_ARGUMENT: &str = "endpoints";

/// Ours, with the user's own words in front and those that Terraform's users add behind.
fn user_agent(environment: Environment<'_>, terraform_version: &str) -> String {
    let ours = format!("terraform-provider-hss/{} terraform/{terraform_version}", env!("CARGO_PKG_VERSION"));
    let parts = [environment.get("HW_TF_CUSTOM_UA"), Some(&ours), environment.get("TF_APPEND_USER_AGENT")];
    let parts = parts.into_iter().flatten().map(header_safe).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

fn header_safe(text: &str) -> String {
    let kept: String = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(200).collect();
    kept.trim().to_owned()
}
