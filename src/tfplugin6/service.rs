//! Answers every call of the protocol.
//!
//! Errors travel as diagnostics, never as gRPC status: a status on an apply would even wipe private state. What this
//! provider does not offer is refused in the way that each call has for it. Private bytes are always handed back,
//! because core replaces them by whatever an answer carries.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument;

use super::{
    from_wire,
    json::{self, Strangers},
    to_wire,
    wire::{self, provider_server},
};
use crate::{
    clock::Clock,
    framework::{
        diag::{Diagnostic, Diagnostics, Outcome},
        erased::{Order, panicked},
        private::Private,
        provider::{Provider, Running},
    },
};

/// The protocol's service around a provider.
pub struct Service<P: Provider> {
    running: Arc<Running<P>>,
    clock: Arc<dyn Clock>,
    calls: AtomicU64,
}

impl<P: Provider> Service<P> {
    /// Serves `provider`; the clock only measures how long calls take.
    pub fn new(provider: P, clock: Arc<dyn Clock>) -> Self {
        Self { running: Arc::new(Running::new(provider)), clock, calls: AtomicU64::new(0) }
    }

    /// Runs one call: logged, and with a panic turned into a diagnostic of this call alone.
    async fn call<A: Answer>(
        &self,
        rpc: &'static str,
        subject: &str,
        work: impl Future<Output = Outcome<A>>,
    ) -> Result<Response<A>, Status> {
        self.call_or(rpc, subject, A::refusal, work).await
    }

    /// The same with a refusal that says more than what is wrong.
    async fn call_or<A: Answer>(
        &self,
        rpc: &'static str,
        subject: &str,
        refusal: impl FnOnce(Diagnostics) -> A,
        work: impl Future<Output = Outcome<A>>,
    ) -> Result<Response<A>, Status> {
        let id = self.calls.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!(target: "provider.rpc", "rpc", tf_rpc = rpc, tf_req_id = id, tf_resource_type = subject);
        async {
            let began = self.clock.instant();
            let outcome = AssertUnwindSafe(work).catch_unwind().await;
            let answer = match outcome {
                Ok(Ok(answer)) => answer,
                Ok(Err(diagnostics)) => refusal(diagnostics),
                Err(panic) => refusal(panicked(&*panic).into()),
            };
            log_call(rpc, self.clock.instant() - began, answer.errors());
            Ok(Response::new(answer))
        }
        .instrument(span)
        .await
    }

    /// Answers a call for a stream of something that is not offered: one event says so.
    async fn no_stream<A: Answer + Send + 'static>(
        &self,
        rpc: &'static str,
        what: &str,
        name: &str,
    ) -> Result<Response<Events<A>>, Status> {
        let event = self.call(rpc, name, async { Err(not_offered(what, name)) }).await?.into_inner();
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(event)))))
    }
}

fn log_call(rpc: &'static str, took: Duration, errors: usize) {
    let status = if errors == 0 { "ok" } else { "error" };
    tracing::debug!(
        target: "provider.rpc",
        tf_req_duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        status,
        diagnostic_error_count = errors,
        "{rpc}"
    );
}

/// An answer that can say why there is none.
trait Answer: Default {
    fn refusal(diagnostics: Diagnostics) -> Self;
    fn errors(&self) -> usize;
}

fn count_errors(diagnostics: &[wire::Diagnostic]) -> usize {
    diagnostics.iter().filter(|one| one.severity() == wire::diagnostic::Severity::Error).count()
}

macro_rules! answers_with_diagnostics {
    ($($message:ident),* $(,)?) => {$(
        impl Answer for wire::$message::Response {
            #[allow(clippy::needless_update, reason = "some of the messages hold nothing but diagnostics")]
            fn refusal(diagnostics: Diagnostics) -> Self {
                Self { diagnostics: to_wire::diagnostics(diagnostics), ..Self::default() }
            }

            fn errors(&self) -> usize {
                count_errors(&self.diagnostics)
            }
        }
    )*};
}

answers_with_diagnostics!(
    apply_resource_change,
    close_ephemeral_resource,
    configure_provider,
    configure_state_store,
    delete_state,
    generate_resource_config,
    get_functions,
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    get_states,
    import_resource_state,
    lock_state,
    move_resource_state,
    open_ephemeral_resource,
    plan_action,
    plan_resource_change,
    read_data_source,
    read_resource,
    read_state_bytes,
    renew_ephemeral_resource,
    unlock_state,
    upgrade_resource_identity,
    upgrade_resource_state,
    validate_action_config,
    validate_data_resource_config,
    validate_ephemeral_resource_config,
    validate_list_resource_config,
    validate_provider_config,
    validate_resource_config,
    validate_state_store,
    write_state_bytes,
);

impl Answer for wire::call_function::Response {
    /// Functions have an error of their own, which is one text.
    fn refusal(diagnostics: Diagnostics) -> Self {
        let text =
            diagnostics.into_iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect::<Vec<_>>();
        let error = wire::FunctionError { text: text.join("\n"), function_argument: None };
        Self { error: Some(error), ..Self::default() }
    }

    fn errors(&self) -> usize {
        usize::from(self.error.is_some())
    }
}

impl Answer for wire::list_resource::Event {
    fn refusal(diagnostics: Diagnostics) -> Self {
        Self { diagnostic: to_wire::diagnostics(diagnostics), ..Self::default() }
    }

    fn errors(&self) -> usize {
        count_errors(&self.diagnostic)
    }
}

impl Answer for wire::invoke_action::Event {
    /// The one completed event that must come; core panics on an event without a kind.
    fn refusal(diagnostics: Diagnostics) -> Self {
        use wire::invoke_action::event::{Completed, Type};
        Self { r#type: Some(Type::Completed(Completed { diagnostics: to_wire::diagnostics(diagnostics) })) }
    }

    fn errors(&self) -> usize {
        use wire::invoke_action::event::Type;
        match &self.r#type {
            Some(Type::Completed(completed)) => count_errors(&completed.diagnostics),
            _ => 0,
        }
    }
}

impl Answer for wire::stop_provider::Response {
    fn refusal(_: Diagnostics) -> Self {
        Self::default()
    }

    fn errors(&self) -> usize {
        0
    }
}

/// This provider has no `what` of that name.
fn not_offered(what: &str, name: &str) -> Diagnostics {
    let detail = "This version of the hss provider offers none of that name.";
    Diagnostic::error(format!("There is no {what} {name:?}"), detail).into()
}

fn capabilities() -> wire::ServerCapabilities {
    wire::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        // Nothing can be moved here from other types, and there is nothing better to generate than core does.
        move_resource_state: false,
        generate_resource_config: false,
    }
}

/// A stream of one event, for the calls that answer with a stream and have only a refusal to send.
type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What an `async fn` of the service trait really returns; the attribute that writes this does not see into macros.
type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

/// Generates calls that are only ever refused, because nothing of their kind is offered.
macro_rules! refused {
    ($($rpc:ident $name:literal: $message:ident, $what:literal, $field:ident;)*) => {$(
        fn $rpc<'a, 'async_trait>(
            &'a self,
            request: Request<wire::$message::Request>,
        ) -> Pending<'async_trait, wire::$message::Response>
        where
            'a: 'async_trait,
            Self: 'async_trait,
        {
            let name = request.into_inner().$field;
            Box::pin(async move {
                self.call($name, &name, async { Err(not_offered($what, &name)) }).await
            })
        }
    )*};
}

#[tonic::async_trait]
impl<P: Provider> provider_server::Provider for Service<P> {
    async fn get_metadata(
        &self,
        _: Request<wire::get_metadata::Request>,
    ) -> Result<Response<wire::get_metadata::Response>, Status> {
        use wire::get_metadata::{ResourceMetadata, Response};
        self.call("GetMetadata", "", async {
            let resources = self.running.resources().iter();
            Ok(Response {
                server_capabilities: Some(capabilities()),
                resources: resources.map(|r| ResourceMetadata { type_name: r.name().to_owned() }).collect(),
                ..Response::default()
            })
        })
        .await
    }

    async fn get_provider_schema(
        &self,
        _: Request<wire::get_provider_schema::Request>,
    ) -> Result<Response<wire::get_provider_schema::Response>, Status> {
        self.call("GetProviderSchema", "", async {
            let resources = self.running.resources().iter();
            Ok(wire::get_provider_schema::Response {
                provider: Some(to_wire::described(self.running.described())),
                resource_schemas: resources
                    .map(|r| (r.name().to_owned(), to_wire::described(r.described())))
                    .collect(),
                server_capabilities: Some(capabilities()),
                ..wire::get_provider_schema::Response::default()
            })
        })
        .await
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<wire::get_resource_identity_schemas::Request>,
    ) -> Result<Response<wire::get_resource_identity_schemas::Response>, Status> {
        self.call("GetResourceIdentitySchemas", "", async { Ok(Default::default()) }).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<wire::validate_provider_config::Request>,
    ) -> Result<Response<wire::validate_provider_config::Response>, Status> {
        let request = request.into_inner();
        self.call("ValidateProviderConfig", "", async {
            let config = from_wire::value(request.config.as_ref(), self.running.ty())?;
            let diagnostics = to_wire::diagnostics(self.running.validate(config));
            Ok(wire::validate_provider_config::Response { diagnostics })
        })
        .await
    }

    async fn configure_provider(
        &self,
        request: Request<wire::configure_provider::Request>,
    ) -> Result<Response<wire::configure_provider::Response>, Status> {
        let request = request.into_inner();
        self.call("ConfigureProvider", "", async {
            let config = from_wire::value(request.config.as_ref(), self.running.ty())?;
            let diagnostics = self.running.configure(config, &request.terraform_version);
            Ok(wire::configure_provider::Response { diagnostics: to_wire::diagnostics(diagnostics) })
        })
        .await
    }

    async fn validate_resource_config(
        &self,
        request: Request<wire::validate_resource_config::Request>,
    ) -> Result<Response<wire::validate_resource_config::Response>, Status> {
        let request = request.into_inner();
        self.call("ValidateResourceConfig", &request.type_name, async {
            let resource = self.running.resource(&request.type_name)?;
            let config = from_wire::value(request.config.as_ref(), resource.ty())?;
            let write_only =
                request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed);
            let diagnostics = to_wire::diagnostics(resource.validate(config, write_only));
            Ok(wire::validate_resource_config::Response { diagnostics })
        })
        .await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<wire::upgrade_resource_state::Request>,
    ) -> Result<Response<wire::upgrade_resource_state::Response>, Status> {
        let request = request.into_inner();
        self.call("UpgradeResourceState", &request.type_name, async {
            let resource = self.running.resource(&request.type_name)?;
            let mut stored = from_wire::state(request.raw_state.as_ref())?;
            let current = resource.described().version;
            if request.version > current {
                let detail = format!(
                    "It has version {} of the resource type, and this provider knows only up to {current}. Use the version of the provider that wrote it, or a newer one.",
                    request.version
                );
                return Err(Diagnostic::error("The stored state is newer than the provider", detail).into());
            }
            if request.version < current {
                stored = resource.upgrade(request.version, stored)?;
            }
            let state = json::decode(&stored, resource.ty(), Strangers::Ignore).map_err(|error| {
                let detail = format!("{error}. Restore a backup of the state, or remove the object from it and import it again.");
                Diagnostics::from(Diagnostic::error("The stored state does not fit the resource type", detail))
            })?;
            if state.is_null() {
                // An answer of null would be read as "gone", and the object would be created a second time.
                let detail = "The state holds null where an object should be. Restore a backup of the state.";
                return Err(Diagnostic::error("The stored state is empty", detail).into());
            }
            let upgraded_state = Some(to_wire::value(&resource.storable(state), resource.ty())?);
            Ok(wire::upgrade_resource_state::Response { upgraded_state, ..Default::default() })
        })
        .await
    }

    async fn read_resource(
        &self,
        request: Request<wire::read_resource::Request>,
    ) -> Result<Response<wire::read_resource::Response>, Status> {
        let request = request.into_inner();
        // An error leaves everything as it was. State and private bytes say so too, for core takes both as they come.
        let refusal = |diagnostics| wire::read_resource::Response {
            new_state: request.current_state.clone(),
            private: request.private.clone(),
            new_identity: request.current_identity.clone(),
            diagnostics: to_wire::diagnostics(diagnostics),
            ..Default::default()
        };
        self.call_or("ReadResource", &request.type_name, refusal, async {
            let resource = self.running.resource(&request.type_name)?;
            let prior = from_wire::value(request.current_state.as_ref(), resource.ty())?;
            let api = self.running.api()?;
            let private = Private::read(&request.private);
            let done = resource.read(&api, self.running.stop_handle(), prior, private).await;
            Ok(wire::read_resource::Response {
                new_state: Some(to_wire::value(&done.state, resource.ty())?),
                diagnostics: to_wire::diagnostics(done.diagnostics),
                private: done.private.write(),
                new_identity: request.current_identity.clone(),
                ..Default::default()
            })
        })
        .await
    }

    async fn plan_resource_change(
        &self,
        request: Request<wire::plan_resource_change::Request>,
    ) -> Result<Response<wire::plan_resource_change::Response>, Status> {
        let request = request.into_inner();
        let refusal = |diagnostics| wire::plan_resource_change::Response {
            planned_private: request.prior_private.clone(),
            diagnostics: to_wire::diagnostics(diagnostics),
            ..Default::default()
        };
        self.call_or("PlanResourceChange", &request.type_name, refusal, async {
            let resource = self.running.resource(&request.type_name)?;
            let ty = resource.ty();
            let prior = from_wire::value(request.prior_state.as_ref(), ty)?;
            let config = from_wire::value(request.config.as_ref(), ty)?;
            let proposed = from_wire::value(request.proposed_new_state.as_ref(), ty)?;
            let api = self.running.api()?;
            let private = Private::read(&request.prior_private);
            let stop = self.running.stop_handle();
            let planned = resource.plan_and_preflight(&api, stop, prior, config, proposed, private).await;
            Ok(wire::plan_resource_change::Response {
                planned_state: Some(to_wire::value(&planned.state, ty)?),
                requires_replace: planned.replaces.iter().map(to_wire::path).collect(),
                planned_private: request.prior_private.clone(),
                diagnostics: to_wire::diagnostics(planned.diagnostics),
                planned_identity: request.prior_identity.clone(),
                ..Default::default()
            })
        })
        .await
    }

    async fn apply_resource_change(
        &self,
        request: Request<wire::apply_resource_change::Request>,
    ) -> Result<Response<wire::apply_resource_change::Response>, Status> {
        let request = request.into_inner();
        // Refused before anything was done: the object is what it was.
        let refusal = |diagnostics| wire::apply_resource_change::Response {
            new_state: request.prior_state.clone(),
            private: request.planned_private.clone(),
            diagnostics: to_wire::diagnostics(diagnostics),
            ..Default::default()
        };
        self.call_or("ApplyResourceChange", &request.type_name, refusal, async {
            let resource = self.running.resource(&request.type_name)?;
            let ty = resource.ty();
            let prior = from_wire::value(request.prior_state.as_ref(), ty)?;
            let planned = from_wire::value(request.planned_state.as_ref(), ty)?;
            let config = from_wire::value(request.config.as_ref(), ty)?;
            let api = self.running.api()?;
            let private = Private::read(&request.planned_private);
            let order = Order { prior, planned, config, private };
            let mut done = resource.apply(&api, self.running.stop_handle(), order).await;
            let (new_state, unwritten) = to_wire::state(&done.state, ty);
            done.diagnostics.extend(unwritten);
            Ok(wire::apply_resource_change::Response {
                new_state: Some(new_state),
                private: done.private.write(),
                diagnostics: to_wire::diagnostics(done.diagnostics),
                new_identity: request.planned_identity.clone(),
                ..Default::default()
            })
        })
        .await
    }

    async fn import_resource_state(
        &self,
        request: Request<wire::import_resource_state::Request>,
    ) -> Result<Response<wire::import_resource_state::Response>, Status> {
        use wire::import_resource_state::{ImportedResource, Response};
        let request = request.into_inner();
        self.call("ImportResourceState", &request.type_name, async {
            let resource = self.running.resource(&request.type_name)?;
            let done = resource.import(&request.id);
            // An answer without an object would make `terraform import` succeed and import nothing.
            let imported = if done.diagnostics.has_error() {
                Vec::new()
            } else {
                let state = Some(to_wire::value(&done.state, resource.ty())?);
                vec![ImportedResource { type_name: request.type_name.clone(), state, ..Default::default() }]
            };
            Ok(Response {
                imported_resources: imported,
                diagnostics: to_wire::diagnostics(done.diagnostics),
                ..Default::default()
            })
        })
        .await
    }

    async fn get_functions(
        &self,
        _: Request<wire::get_functions::Request>,
    ) -> Result<Response<wire::get_functions::Response>, Status> {
        self.call("GetFunctions", "", async { Ok(Default::default()) }).await
    }

    async fn stop_provider(
        &self,
        _: Request<wire::stop_provider::Request>,
    ) -> Result<Response<wire::stop_provider::Response>, Status> {
        self.call("StopProvider", "", async {
            self.running.stop_running();
            Ok(Default::default())
        })
        .await
    }

    refused! {
        upgrade_resource_identity "UpgradeResourceIdentity": upgrade_resource_identity, "resource identity for", type_name;
        move_resource_state "MoveResourceState": move_resource_state, "move to the resource type", target_type_name;
        generate_resource_config "GenerateResourceConfig": generate_resource_config, "generated configuration for", type_name;
        validate_data_resource_config "ValidateDataResourceConfig": validate_data_resource_config, "data source", type_name;
        read_data_source "ReadDataSource": read_data_source, "data source", type_name;
        validate_ephemeral_resource_config "ValidateEphemeralResourceConfig": validate_ephemeral_resource_config, "ephemeral resource", type_name;
        open_ephemeral_resource "OpenEphemeralResource": open_ephemeral_resource, "ephemeral resource", type_name;
        renew_ephemeral_resource "RenewEphemeralResource": renew_ephemeral_resource, "ephemeral resource", type_name;
        close_ephemeral_resource "CloseEphemeralResource": close_ephemeral_resource, "ephemeral resource", type_name;
        validate_list_resource_config "ValidateListResourceConfig": validate_list_resource_config, "list resource", type_name;
        call_function "CallFunction": call_function, "function", name;
        validate_state_store_config "ValidateStateStoreConfig": validate_state_store, "state store", type_name;
        configure_state_store "ConfigureStateStore": configure_state_store, "state store", type_name;
        lock_state "LockState": lock_state, "state store", type_name;
        unlock_state "UnlockState": unlock_state, "state store", type_name;
        get_states "GetStates": get_states, "state store", type_name;
        delete_state "DeleteState": delete_state, "state store", type_name;
        plan_action "PlanAction": plan_action, "action", action_type;
        validate_action_config "ValidateActionConfig": validate_action_config, "action", type_name;
    }

    type ListResourceStream = Events<wire::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<wire::list_resource::Request>,
    ) -> Result<Response<Self::ListResourceStream>, Status> {
        self.no_stream("ListResource", "list resource", &request.into_inner().type_name).await
    }

    type ReadStateBytesStream = Events<wire::read_state_bytes::Response>;

    async fn read_state_bytes(
        &self,
        request: Request<wire::read_state_bytes::Request>,
    ) -> Result<Response<Self::ReadStateBytesStream>, Status> {
        self.no_stream("ReadStateBytes", "state store", &request.into_inner().type_name).await
    }

    async fn write_state_bytes(
        &self,
        _: Request<Streaming<wire::write_state_bytes::RequestChunk>>,
    ) -> Result<Response<wire::write_state_bytes::Response>, Status> {
        self.call("WriteStateBytes", "", async { Err(not_offered("state store", "")) }).await
    }

    type InvokeActionStream = Events<wire::invoke_action::Event>;

    async fn invoke_action(
        &self,
        request: Request<wire::invoke_action::Request>,
    ) -> Result<Response<Self::InvokeActionStream>, Status> {
        self.no_stream("InvokeAction", "action", &request.into_inner().action_type).await
    }
}
