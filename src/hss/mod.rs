//! What users see: the provider block, the two resources, data sources and functions.
//!
//! The one place that knows both Terraform and HSS. Above it nothing knows HSS, below it nothing knows Terraform.

pub mod actions;
pub mod checks;
pub mod claims;
pub mod config;
pub mod data_sources;
pub mod export;
pub mod filters;
pub mod functions;
pub mod lists;
pub mod manual;
pub mod report;
pub mod resources;
pub mod tuning;
pub mod wait;
pub mod walk;

use std::{collections::BTreeMap, sync::Arc};

use self::claims::Claims;
use crate::{
    client::{Hss, SettingsError},
    clock::Clock,
    framework::{
        action::{self, AnyAction},
        data_source::AnyDataSource,
        diag::{Diagnostic, Diagnostics, Outcome},
        erased::{AnyResource, register},
        function::Function,
        list::{self, AnyList},
        model::{Attr, Schema},
        provider::Provider,
    },
};

use walk::Walk;

/// The source address under which configurations name this provider, and its parts. Spelled here and nowhere else.
pub mod address {
    /// Host of the registry.
    pub const HOST: &str = "registry.terraform.io";
    /// As written in `required_providers`.
    pub const SOURCE: &str = "hss-wtp/hss";
    /// Host and source.
    pub const FULL: &str = "registry.terraform.io/hss-wtp/hss";
    /// The last part, which names provider blocks and begins type names.
    pub const TYPE: &str = "hss";
}

/// The provider, with the process's environment and clock.
pub struct HssProvider {
    environment: BTreeMap<String, String>,
    clock: Arc<dyn Clock>,
}

impl HssProvider {
    /// `environment` is where the provider block's fallbacks come from.
    pub fn new(environment: BTreeMap<String, String>, clock: Arc<dyn Clock>) -> Self {
        Self { environment, clock }
    }
}

impl Provider for HssProvider {
    type Model = config::Model;
    type Api = Api;

    fn schema(&self) -> Schema<config::Model> {
        config::schema()
    }

    fn validate(&self, config: &config::Model, diagnostics: &mut Diagnostics) {
        config::validate(config, diagnostics);
    }

    fn configure(&self, config: config::Model, terraform_version: &str) -> (Option<Api>, Diagnostics) {
        let mut diagnostics = Diagnostics::default();
        let resolved = config::resolve(config, &self.environment, terraform_version, &mut diagnostics);
        if diagnostics.has_error() {
            return (None, diagnostics);
        }
        let api = match resolved {
            config::Resolved::Settings { settings, preflight } => {
                diagnostics
                    .extend(settings.check().into_iter().map(|error| complaint(error, &settings.origins)));
                if settings.insecure {
                    diagnostics.push(certificates_unchecked());
                }
                let region = settings.region.clone().into();
                Api {
                    region,
                    hss: Ok(Hss::new(*settings, Arc::clone(&self.clock))),
                    claims: Claims::default(),
                    walk: Walk::default(),
                    preflight,
                }
            }
            config::Resolved::Unknown { arguments, region } => Api {
                region,
                hss: Err(arguments),
                claims: Claims::default(),
                walk: Walk::default(),
                preflight: false,
            },
        };
        if diagnostics.has_error() { (None, diagnostics) } else { (Some(api), diagnostics) }
    }

    fn is_unknown(&self, api: &Api) -> bool {
        api.hss.is_err()
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<Api>>> {
        vec![register(resources::BackupHost), register(resources::RemoteBackup)]
    }

    fn actions(&self) -> Vec<Box<dyn AnyAction<Api>>> {
        vec![action::register(actions::VerifyRemoteBackup)]
    }

    fn lists(&self) -> Vec<Box<dyn AnyList<Api>>> {
        vec![
            list::register(lists::BackupHosts, resources::BackupHost),
            list::register(lists::RemoteBackups, resources::RemoteBackup),
        ]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Api>>> {
        data_sources::all()
    }

    fn functions(&self) -> Vec<Function> {
        functions::all()
    }
}

/// Told each time, since nobody notices otherwise.
fn certificates_unchecked() -> Diagnostic {
    let detail = "`insecure` is set (in the provider block, or by HW_INSECURE or OS_INSECURE), so nobody knows who answers: whoever \
                  sits between this machine and the cloud can read the credentials and change anything. Use it for tests only. For \
                  an endpoint with a certificate of your own, let this machine trust its issuer instead.";
    Diagnostic::warning("TLS certificates are not verified", detail).at("insecure")
}

/// A complaint about the settings, at its argument. Where the value is not in the block, it says where it is from.
fn complaint(error: SettingsError, origins: &BTreeMap<&'static str, String>) -> Diagnostic {
    let origin = origins.get(error.argument).filter(|origin| *origin != config::BLOCK);
    let detail = match origin {
        Some(origin) => format!("{} (`{}` comes from {origin}.)", error.detail, error.argument),
        None => error.detail,
    };
    let diagnostic = Diagnostic::error(error.summary, detail);
    if error.argument.is_empty() { diagnostic } else { diagnostic.at(error.argument) }
}

/// What resources work with: HSS, or the provider arguments that stand in the way for now.
pub struct Api {
    region: Attr<String>,
    hss: Result<Hss, Vec<&'static str>>,
    claims: Claims,
    walk: Walk,
    preflight: bool,
}

impl Api {
    /// The provider's region; unknown while the configuration is.
    pub fn region(&self) -> &Attr<String> {
        &self.region
    }

    /// Which servers creates and destroys of this run are about.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether plans are checked against what HSS says.
    pub fn preflights(&self) -> bool {
        self.preflight
    }

    /// What this process knows of the walk that Terraform makes.
    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// HSS, for an operation that needs it now.
    pub fn hss(&self) -> Outcome<&Hss> {
        self.hss.as_ref().map_err(|arguments| {
            let names = arguments.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Diagnostic::error(
                "The provider configuration is not known yet",
                format!(
                    "HSS cannot be asked now, because these arguments of the provider \"hss\" block depend on resources that are not applied yet: {names}. \
                     Apply those resources first (`terraform apply -target=...`), or give the arguments values that are known during plan."
                ),
            )
            .into()
        })
    }
}
