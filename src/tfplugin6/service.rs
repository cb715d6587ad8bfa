//! Answers every call of the protocol.
//!
//! Errors travel as diagnostics, never as gRPC status: a status on an apply would even wipe private state. What this
//! provider does not offer is refused in the way that each call has for it. Private bytes are always handed back,
//! because core replaces them by whatever an answer carries.

mod action;
mod answer;
mod data;
mod function;
mod identity;
mod list;

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

use self::answer::Answer;
use super::{
    from_wire,
    json::{self, Strangers},
    to_wire,
    wire::{self, provider_server},
};
use crate::{
    clock::Clock,
    framework::{
        action::Emit,
        diag::{Diagnostic, Diagnostics, Outcome},
        erased::{Order, panicked},
        private::Private,
        provider::{Provider, Running, not_offered},
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

    /// Runs one call that answers with events: those on the way, and a last one if `work` returns one. A call that
    /// fails ends with its refusal.
    fn stream<A, W, F>(&self, rpc: &'static str, subject: String, work: W) -> Events<A>
    where
        A: Answer + Send + 'static,
        W: FnOnce(Emit<A>) -> F,
        F: Future<Output = Outcome<Option<A>>> + Send + 'static,
    {
        // Few events are held: who lists thousands of objects gets them as fast as the reader takes them.
        let (sender, receiver) = tokio::sync::mpsc::channel(16);
        let on_the_way = sender.clone();
        let work = work(Box::new(move |event| {
            let sender = on_the_way.clone();
            Box::pin(async move { sender.send(Ok(event)).await.is_ok() })
        }));
        let id = self.calls.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!(target: "provider.rpc", "rpc", tf_rpc = rpc, tf_req_id = id, tf_resource_type = subject);
        let clock = Arc::clone(&self.clock);
        let call = async move {
            let began = clock.instant();
            // Whoever streams here only reads, so it ends at once when nobody listens any more.
            let outcome = tokio::select! {
                outcome = AssertUnwindSafe(work).catch_unwind() => outcome,
                () = sender.closed() => return log_call(rpc, clock.instant() - began, 0),
            };
            let last = match outcome {
                Ok(Ok(last)) => last,
                Ok(Err(diagnostics)) => Some(A::refusal(diagnostics)),
                Err(panic) => Some(A::refusal(panicked(&*panic).into())),
            };
            log_call(rpc, clock.instant() - began, last.as_ref().map_or(0, Answer::errors));
            if let Some(last) = last {
                // Nobody listens any more: then nobody needs to know.
                let _ = sender.send(Ok(last)).await;
            }
        };
        tokio::spawn(call.instrument(span));
        Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver))
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

impl<P: Provider> Service<P> {
    /// Whether a call is to be put off, because the provider configuration is not known yet and the client can wait.
    fn defers(&self, client: Option<wire::ClientCapabilities>) -> bool {
        self.running.defers(client.is_some_and(|client| client.deferral_allowed))
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

fn capabilities() -> wire::ServerCapabilities {
    wire::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        // Nothing can be moved here from other types.
        move_resource_state: false,
        generate_resource_config: true,
    }
}

/// Why something is put off.
fn later() -> Option<wire::Deferred> {
    Some(wire::Deferred { reason: wire::deferred::Reason::ProviderConfigUnknown.into() })
}

/// What a call answers that answers with a stream.
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
        use wire::get_metadata::{
            ActionMetadata, DataSourceMetadata, FunctionMetadata, ListResourceMetadata, ResourceMetadata,
            Response,
        };
        self.call("GetMetadata", "", async {
            let running = &self.running;
            let type_name = |name: &str| name.to_owned();
            Ok(Response {
                server_capabilities: Some(capabilities()),
                resources: running
                    .resources()
                    .iter()
                    .map(|one| ResourceMetadata { type_name: type_name(one.name()) })
                    .collect(),
                data_sources: running
                    .data_sources()
                    .iter()
                    .map(|one| DataSourceMetadata { type_name: type_name(one.name()) })
                    .collect(),
                list_resources: running
                    .lists()
                    .iter()
                    .map(|one| ListResourceMetadata { type_name: type_name(one.name()) })
                    .collect(),
                actions: running
                    .actions()
                    .iter()
                    .map(|one| ActionMetadata { type_name: type_name(one.name()) })
                    .collect(),
                functions: running
                    .functions()
                    .iter()
                    .map(|one| FunctionMetadata { name: type_name(one.name) })
                    .collect(),
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
            let running = &self.running;
            let named = |name: &str, described| (name.to_owned(), to_wire::described(described));
            Ok(wire::get_provider_schema::Response {
                provider: Some(to_wire::described(running.described())),
                resource_schemas: running
                    .resources()
                    .iter()
                    .map(|one| named(one.name(), one.described()))
                    .collect(),
                data_source_schemas: running
                    .data_sources()
                    .iter()
                    .map(|one| named(one.name(), one.described()))
                    .collect(),
                list_resource_schemas: running
                    .lists()
                    .iter()
                    .map(|one| named(one.name(), one.described()))
                    .collect(),
                action_schemas: running
                    .actions()
                    .iter()
                    .map(|one| {
                        let (name, schema) = named(one.name(), one.described());
                        (name, wire::ActionSchema { schema: Some(schema) })
                    })
                    .collect(),
                functions: self.function_schemas(),
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
        self.call("GetResourceIdentitySchemas", "", async { Ok(self.identity_schemas()) }).await
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
            if self.defers(request.client_capabilities) {
                return Ok(wire::read_resource::Response {
                    deferred: later(),
                    ..refusal(Diagnostics::default())
                });
            }
            let private = Private::read(&request.private);
            let done = resource.read(&api, self.running.stop_handle(), prior, private).await;
            Ok(wire::read_resource::Response {
                new_state: Some(to_wire::value(&done.state, resource.ty())?),
                diagnostics: to_wire::diagnostics(done.diagnostics),
                private: done.private.write(),
                new_identity: identity::written(&done.identity, resource)?,
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
            let creates = prior.is_null();
            let planned = resource.plan_and_preflight(&api, stop, prior, config, proposed, private).await;
            // Core takes one that is not wholly known for a new object, and then cannot show the plan as JSON. So a new
            // object has none in the plan as long as it is not known, and any other one keeps its own until it is.
            let planned_identity = match &planned.identity {
                known if known.is_wholly_known() && !known.is_null() => identity::written(known, resource)?,
                _ if creates || !planned.replaces.is_empty() => None,
                _ => request.prior_identity.clone(),
            };
            Ok(wire::plan_resource_change::Response {
                planned_state: Some(to_wire::value(&planned.state, ty)?),
                requires_replace: planned.replaces.iter().map(to_wire::path).collect(),
                planned_private: request.prior_private.clone(),
                diagnostics: to_wire::diagnostics(planned.diagnostics),
                planned_identity,
                deferred: if self.defers(request.client_capabilities) { later() } else { None },
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
            new_identity: request.planned_identity.clone(),
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
                new_identity: identity::written(&done.identity, resource)?,
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
            let api = self.running.api()?;
            let by = identity::import_by(&request, resource)?;
            let done = resource.import(&api, by);
            // An answer without an object would make `terraform import` succeed and import nothing.
            let imported = if done.diagnostics.has_error() {
                Vec::new()
            } else {
                let state = Some(to_wire::value(&done.state, resource.ty())?);
                let identity = identity::written(&done.identity, resource)?;
                let type_name = request.type_name.clone();
                vec![ImportedResource { type_name, state, identity, ..Default::default() }]
            };
            Ok(Response {
                imported_resources: imported,
                diagnostics: to_wire::diagnostics(done.diagnostics),
                deferred: if self.defers(request.client_capabilities) { later() } else { None },
            })
        })
        .await
    }

    async fn get_functions(
        &self,
        _: Request<wire::get_functions::Request>,
    ) -> Result<Response<wire::get_functions::Response>, Status> {
        self.call("GetFunctions", "", async {
            Ok(wire::get_functions::Response { functions: self.function_schemas(), ..Default::default() })
        })
        .await
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

    async fn upgrade_resource_identity(
        &self,
        request: Request<wire::upgrade_resource_identity::Request>,
    ) -> Result<Response<wire::upgrade_resource_identity::Response>, Status> {
        let request = request.into_inner();
        self.call("UpgradeResourceIdentity", &request.type_name, async { self.upgraded_identity(&request) })
            .await
    }

    async fn generate_resource_config(
        &self,
        request: Request<wire::generate_resource_config::Request>,
    ) -> Result<Response<wire::generate_resource_config::Response>, Status> {
        let request = request.into_inner();
        self.call("GenerateResourceConfig", &request.type_name, async {
            let resource = self.running.resource(&request.type_name)?;
            let state = from_wire::value(request.state.as_ref(), resource.ty())?;
            let config = resource.configuration(&*self.running.api()?, state)?;
            let config = Some(to_wire::value(&config, resource.ty())?);
            Ok(wire::generate_resource_config::Response { config, ..Default::default() })
        })
        .await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<wire::validate_data_resource_config::Request>,
    ) -> Result<Response<wire::validate_data_resource_config::Response>, Status> {
        let request = request.into_inner();
        let work = async { self.validated_data(&request) };
        self.call("ValidateDataResourceConfig", &request.type_name, work).await
    }

    async fn read_data_source(
        &self,
        request: Request<wire::read_data_source::Request>,
    ) -> Result<Response<wire::read_data_source::Response>, Status> {
        let request = request.into_inner();
        self.call("ReadDataSource", &request.type_name, self.read_data(&request)).await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<wire::validate_list_resource_config::Request>,
    ) -> Result<Response<wire::validate_list_resource_config::Response>, Status> {
        let request = request.into_inner();
        let work = async { self.validated_list(&request) };
        self.call("ValidateListResourceConfig", &request.type_name, work).await
    }

    async fn call_function(
        &self,
        request: Request<wire::call_function::Request>,
    ) -> Result<Response<wire::call_function::Response>, Status> {
        let request = request.into_inner();
        self.call("CallFunction", &request.name, async { self.called(&request) }).await
    }

    async fn validate_action_config(
        &self,
        request: Request<wire::validate_action_config::Request>,
    ) -> Result<Response<wire::validate_action_config::Response>, Status> {
        let request = request.into_inner();
        let work = async { self.validated_action(&request) };
        self.call("ValidateActionConfig", &request.type_name, work).await
    }

    async fn plan_action(
        &self,
        request: Request<wire::plan_action::Request>,
    ) -> Result<Response<wire::plan_action::Response>, Status> {
        let request = request.into_inner();
        self.call("PlanAction", &request.action_type, async { self.planned_action(&request) }).await
    }

    refused! {
        move_resource_state "MoveResourceState": move_resource_state, "move to the resource type", target_type_name;
        validate_ephemeral_resource_config "ValidateEphemeralResourceConfig": validate_ephemeral_resource_config, "ephemeral resource", type_name;
        open_ephemeral_resource "OpenEphemeralResource": open_ephemeral_resource, "ephemeral resource", type_name;
        renew_ephemeral_resource "RenewEphemeralResource": renew_ephemeral_resource, "ephemeral resource", type_name;
        close_ephemeral_resource "CloseEphemeralResource": close_ephemeral_resource, "ephemeral resource", type_name;
        validate_state_store_config "ValidateStateStoreConfig": validate_state_store, "state store", type_name;
        configure_state_store "ConfigureStateStore": configure_state_store, "state store", type_name;
        lock_state "LockState": lock_state, "state store", type_name;
        unlock_state "UnlockState": unlock_state, "state store", type_name;
        get_states "GetStates": get_states, "state store", type_name;
        delete_state "DeleteState": delete_state, "state store", type_name;
    }

    type ListResourceStream = Events<wire::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<wire::list_resource::Request>,
    ) -> Result<Response<Self::ListResourceStream>, Status> {
        Ok(Response::new(self.listed(request.into_inner())))
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
        Ok(Response::new(self.invoked(request.into_inner())))
    }
}
