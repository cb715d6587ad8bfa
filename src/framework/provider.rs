//! What a provider as a whole has to say and do.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::{
    check,
    diag::{Diagnostic, Diagnostics, Outcome},
    erased::AnyResource,
    model::Schema,
    schema::Described,
    types::Type,
    value::Value,
};
use crate::clock::{Stop, StopSource};

/// A provider: its own configuration, and the list of what it offers.
pub trait Provider: Send + Sync + 'static {
    /// Its configuration.
    type Model: Clone + Default + Send + Sync + 'static;
    /// The handle that resources work with.
    type Api: Send + Sync + 'static;

    /// The rows of its configuration.
    fn schema(&self) -> Schema<Self::Model>;
    /// What is certainly wrong with a configuration. Any value may be unknown, and the environment is not part of it.
    fn validate(&self, config: &Self::Model, diagnostics: &mut Diagnostics);
    /// Makes the handle, without any I/O: most processes only plan, and some not even that. In a plan the
    /// configuration may hold unknown values; then the handle must fail when it is used, not here.
    fn configure(&self, config: Self::Model, terraform_version: &str) -> (Option<Self::Api>, Diagnostics);
    /// Everything it offers, in the order of documentation.
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Api>>>;
}

/// A provider at work: what it offers, how it was configured, and what to tell running work to stop.
pub struct Running<P: Provider> {
    provider: P,
    schema: OnceLock<Schema<P::Model>>,
    ty: OnceLock<Type>,
    resources: Vec<Box<dyn AnyResource<P::Api>>>,
    api: RwLock<Option<Arc<P::Api>>>,
    stop: StopSource,
}

impl<P: Provider> Running<P> {
    /// Not configured yet.
    pub fn new(provider: P) -> Self {
        let resources = provider.resources();
        Self {
            provider,
            schema: OnceLock::new(),
            ty: OnceLock::new(),
            resources,
            api: RwLock::new(None),
            stop: StopSource::default(),
        }
    }

    fn schema(&self) -> &Schema<P::Model> {
        self.schema.get_or_init(|| self.provider.schema())
    }

    /// The schema of its own configuration.
    pub fn described(&self) -> &Described {
        self.schema().described()
    }

    /// The type of its configuration on the wire.
    pub fn ty(&self) -> &Type {
        self.ty.get_or_init(|| self.described().block.ty())
    }

    /// All resource types.
    pub fn resources(&self) -> &[Box<dyn AnyResource<P::Api>>] {
        &self.resources
    }

    /// A resource type by name.
    pub fn resource(&self, name: &str) -> Outcome<&dyn AnyResource<P::Api>> {
        self.resources.iter().find(|resource| resource.name() == name).map(AsRef::as_ref).ok_or_else(|| {
            Diagnostic::error(
                format!("There is no resource type {name:?}"),
                "This version of the hss provider does not have it. `terraform init -upgrade` gets the newest version.",
            )
            .into()
        })
    }

    /// Whether the configuration can work, as far as it is known.
    pub fn validate(&self, config: Value) -> Diagnostics {
        let config = self.described().block.opened(config);
        let mut diagnostics = check::check(&self.described().block, &config);
        let model = self.schema().load(config, &mut diagnostics);
        if !diagnostics.has_error() {
            self.provider.validate(&model, &mut diagnostics);
        }
        diagnostics
    }

    /// Takes a configuration; an earlier one is forgotten, since a debugger's process serves many commands.
    pub fn configure(&self, config: Value, terraform_version: &str) -> Diagnostics {
        self.stop.renew();
        let mut diagnostics = Diagnostics::default();
        let model = self.schema().load(self.described().block.opened(config), &mut diagnostics);
        let api = if diagnostics.has_error() {
            None
        } else {
            let (api, said) = self.provider.configure(model, terraform_version);
            diagnostics.extend(said);
            api
        };
        *self.api.write().unwrap_or_else(PoisonError::into_inner) = api.map(Arc::new);
        diagnostics
    }

    /// The handle of the present configuration.
    pub fn api(&self) -> Outcome<Arc<P::Api>> {
        self.api.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(|| {
            Diagnostic::error(
                "The hss provider is not configured",
                "Terraform asked for work before a valid provider configuration. An earlier error says why.",
            )
            .into()
        })
    }

    /// The signal for work that starts now.
    pub fn stop_handle(&self) -> Stop {
        self.stop.handle()
    }

    /// Asks all running work to end soon, and what comes late: calls that Terraform had under way when the user
    /// interrupted arrive after the request to stop. The next configuration begins anew.
    pub fn stop_running(&self) {
        self.stop.stop();
    }
}
