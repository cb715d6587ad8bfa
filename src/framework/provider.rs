//! What a provider as a whole has to say and do.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::{
    action::AnyAction,
    check,
    data_source::AnyDataSource,
    diag::{Diagnostic, Diagnostics, Outcome},
    erased::AnyResource,
    function::Function,
    list::AnyList,
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
    /// Whether the configuration behind the handle is not known yet, so that nothing can be asked.
    fn is_unknown(&self, _api: &Self::Api) -> bool {
        false
    }
    /// The resource types it offers, in the order of documentation.
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Api>>>;
    /// The data sources, likewise.
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Self::Api>>> {
        Vec::new()
    }
    /// The list resources, likewise.
    fn lists(&self) -> Vec<Box<dyn AnyList<Self::Api>>> {
        Vec::new()
    }
    /// The actions, likewise.
    fn actions(&self) -> Vec<Box<dyn AnyAction<Self::Api>>> {
        Vec::new()
    }
    /// The functions, likewise.
    fn functions(&self) -> Vec<Function> {
        Vec::new()
    }
}

/// A provider at work: what it offers, how it was configured, and what to tell running work to stop.
pub struct Running<P: Provider> {
    provider: P,
    schema: OnceLock<Schema<P::Model>>,
    ty: OnceLock<Type>,
    resources: Vec<Box<dyn AnyResource<P::Api>>>,
    data_sources: Vec<Box<dyn AnyDataSource<P::Api>>>,
    lists: Vec<Box<dyn AnyList<P::Api>>>,
    actions: Vec<Box<dyn AnyAction<P::Api>>>,
    functions: Vec<Function>,
    api: RwLock<Option<Arc<P::Api>>>,
    stop: StopSource,
}

impl<P: Provider> Running<P> {
    /// Not configured yet.
    pub fn new(provider: P) -> Self {
        Self {
            resources: provider.resources(),
            data_sources: provider.data_sources(),
            lists: provider.lists(),
            actions: provider.actions(),
            functions: provider.functions(),
            provider,
            schema: OnceLock::new(),
            ty: OnceLock::new(),
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

    /// All data sources.
    pub fn data_sources(&self) -> &[Box<dyn AnyDataSource<P::Api>>] {
        &self.data_sources
    }

    /// All list resources.
    pub fn lists(&self) -> &[Box<dyn AnyList<P::Api>>] {
        &self.lists
    }

    /// All actions.
    pub fn actions(&self) -> &[Box<dyn AnyAction<P::Api>>] {
        &self.actions
    }

    /// All functions.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// A resource type by name.
    pub fn resource(&self, name: &str) -> Outcome<&dyn AnyResource<P::Api>> {
        let found = self.resources.iter().find(|resource| resource.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| not_offered("resource type", name))
    }

    /// A data source by name.
    pub fn data_source(&self, name: &str) -> Outcome<&dyn AnyDataSource<P::Api>> {
        let found = self.data_sources.iter().find(|source| source.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| not_offered("data source", name))
    }

    /// A list resource by name.
    pub fn list(&self, name: &str) -> Outcome<&dyn AnyList<P::Api>> {
        let found = self.lists.iter().find(|list| list.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| not_offered("list resource", name))
    }

    /// An action by name.
    pub fn action(&self, name: &str) -> Outcome<&dyn AnyAction<P::Api>> {
        let found = self.actions.iter().find(|action| action.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| not_offered("action", name))
    }

    /// A function by name.
    pub fn function(&self, name: &str) -> Outcome<&Function> {
        let found = self.functions.iter().find(|function| function.name == name);
        found.ok_or_else(|| not_offered("function", name))
    }

    /// Whether work is to be put off, because the configuration is not known yet and the host can wait.
    pub fn defers(&self, allowed: bool) -> bool {
        allowed && self.api().is_ok_and(|api| self.provider.is_unknown(&api))
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

/// There is no `what` of that name here.
pub fn not_offered(what: &str, name: &str) -> Diagnostics {
    let detail = "This version of the hss provider does not have it. `terraform init -upgrade` gets the newest version.";
    Diagnostic::error(format!("There is no {what} {name:?}"), detail).into()
}
