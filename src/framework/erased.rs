//! Resources without their types, so that a provider can hold a list of them and a protocol can call them by name.
//!
//! Here the promises of [`super::resource`] are kept: what was kept is returned with the error, unknown and write-only
//! values are nulled, a plan that core would refuse is caught, and a destroy that fails never looks like a success.

use std::{any::Any, future::Future, marker::PhantomData, panic::AssertUnwindSafe, sync::OnceLock};

use futures_util::FutureExt;

use super::{
    check,
    diag::{Diagnostic, Diagnostics, Outcome},
    identity::Identity,
    model::Schema,
    path::Path,
    plan,
    private::Private,
    resource::{Change, Cx, Resource},
    schema::{Block, Described},
    settle::{settle, without_write_only},
    types::Type,
    value::Value,
    verify::verify,
};
use crate::clock::{Pending, Stop};

/// The answer to a plan request.
#[derive(Debug, Default, PartialEq)]
pub struct Planned {
    /// What will be; null when the object will be destroyed.
    pub state: Value,
    /// What will identify it; null where nothing does.
    pub identity: Value,
    /// Attributes that cannot change in place.
    pub replaces: Vec<Path>,
    /// What to tell the user.
    pub diagnostics: Diagnostics,
}

/// The answer to a request that did something: the object as it is now, wholly known, and what to tell the user.
#[derive(Debug, Default, PartialEq)]
pub struct Done {
    /// The object; null when it does not exist.
    pub state: Value,
    /// What identifies it; null where nothing does.
    pub identity: Value,
    /// Its notes.
    pub private: Private,
    /// What to tell the user.
    pub diagnostics: Diagnostics,
}

/// What to apply.
#[derive(Debug, Default, PartialEq)]
pub struct Order {
    /// The object as it is; null for a create.
    pub prior: Value,
    /// What it is to become; null for a destroy.
    pub planned: Value,
    /// What the user wrote, write-only values included; null for a destroy.
    pub config: Value,
    /// The object's notes.
    pub private: Private,
}

/// What an import goes by.
#[derive(Debug, PartialEq)]
pub enum Import<'a> {
    /// What the user typed.
    Id(&'a str),
    /// An identity.
    Identity(Value),
}

/// A resource type by name.
pub trait AnyResource<Api>: Send + Sync {
    /// The full type name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn described(&self) -> &Described;
    /// The type of its values on the wire.
    fn ty(&self) -> &Type;
    /// Whether the configuration can work, as far as it is known. `write_only` says whether the host knows of
    /// attributes that must not be stored.
    fn validate(&self, config: Value, write_only: bool) -> Diagnostics;
    /// What would happen. `proposed` null plans a destroy.
    fn plan(&self, api: &Api, prior: Value, config: Value, proposed: Value, private: Private) -> Planned;
    /// The same, and what the API has to say about it.
    fn plan_and_preflight<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        prior: Value,
        config: Value,
        proposed: Value,
        private: Private,
    ) -> Pending<'a, Planned>;
    /// The object as it is.
    fn read<'a>(&'a self, api: &'a Api, stop: Stop, prior: Value, private: Private) -> Pending<'a, Done>;
    /// Creates, updates or destroys, by which of the two states is null.
    fn apply<'a>(&'a self, api: &'a Api, stop: Stop, order: Order) -> Pending<'a, Done>;
    /// The beginnings of an object that exists already.
    fn import(&self, api: &Api, id: Import<'_>) -> Done;
    /// What identifies its objects.
    fn identity(&self) -> &Identity;
    /// The type of its identities on the wire.
    fn identity_ty(&self) -> &Type;
    /// An identity of an older version as it would have been written at the current one.
    fn upgrade_identity(&self, version: i64, identity: serde_json::Value) -> Outcome<serde_json::Value>;
    /// The least that a configuration of this object has to say.
    fn configuration(&self, api: &Api, state: Value) -> Outcome<Value>;
    /// State of an older schema version as it would have been written at the current one.
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Outcome<serde_json::Value>;
    /// State as it may be handed back to the host, however it came to be stored.
    fn storable(&self, state: Value) -> Value {
        let block = &self.described().block;
        block.closed(without_write_only(block, block.opened(state)))
    }
}

/// Gives a resource its name in a list.
pub fn register<Api: Send + Sync + 'static, R: Resource<Api>>(resource: R) -> Box<dyn AnyResource<Api>> {
    Box::new(Registered::new(resource))
}

pub(super) struct Registered<Api: Send + Sync, R: Resource<Api>> {
    resource: R,
    schema: OnceLock<Schema<R::Model>>,
    types: OnceLock<Types>,
    api: PhantomData<fn(Api)>,
}

/// The type of a resource's values, on the wire and with its blocks opened, and what identifies its objects.
struct Types {
    wire: Type,
    opened: Type,
    identity: Identity,
    identity_wire: Type,
}

/// The object as it is, if there is one, and as it is planned.
type Pair<M> = (Option<M>, M);

/// A panic as a diagnostic. What was kept before it is not lost.
pub(super) async fn guarded<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic).into()))
}

/// What a panic has to say to the user.
pub fn panicked(panic: &(dyn Any + Send)) -> Diagnostic {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Diagnostic::our_bug(format!("The provider panicked: {text}"))
}

impl<Api: Send + Sync, R: Resource<Api>> Registered<Api, R> {
    pub(super) fn new(resource: R) -> Self {
        Self { resource, schema: OnceLock::new(), types: OnceLock::new(), api: PhantomData }
    }

    /// A model as the host stores it.
    pub(super) fn written(&self, model: R::Model) -> Value {
        let state = self.schema().store(model).unknowns_nulled();
        self.block().closed(without_write_only(self.block(), state))
    }

    /// What identifies an object.
    pub(super) fn identity_of(&self, model: &R::Model) -> Value {
        self.types().identity.of(&self.schema().store(model.clone()).unknowns_nulled())
    }

    /// The plan, and the models it is about; none when there is nothing to exist or the plan failed.
    fn planned(
        &self,
        api: &Api,
        prior: Value,
        config: Value,
        proposed: Value,
        private: Private,
    ) -> (Planned, Option<Pair<R::Model>>) {
        if proposed.is_null() {
            return (Planned::default(), None);
        }
        let block = self.block();
        let [prior, config, proposed] = [prior, config, proposed].map(|value| block.opened(value));
        let base = plan::propose(block, &prior, &config, proposed);
        let models = (|| {
            let before = if prior.is_null() { None } else { Some(self.load(prior.clone())?) };
            Ok((before, self.load(config.clone())?, self.load(base)?))
        })();
        let (before, configured, planned) = match models {
            Ok(models) => models,
            Err(diagnostics) => return (Planned { diagnostics, ..Planned::default() }, None),
        };
        let mut change = Change {
            prior: before,
            config: configured,
            planned,
            replaces: Vec::new(),
            private,
            diagnostics: Diagnostics::default(),
        };
        self.resource.plan(api, &mut change);
        let Change { prior: before, planned, mut replaces, mut diagnostics, .. } = change;
        let mut state = self.schema().store(planned.clone());
        plan::with_refinements(&config, &mut state);
        replaces.extend(plan::replacements(block, &prior, &state));
        replaces.sort();
        replaces.dedup();
        if let Err(path) = verify(block, &prior, &config, &state) {
            let what = format!("The plan for {path} does not follow the configuration.");
            diagnostics.push(Diagnostic::our_bug(what).at(path));
        }
        let models = (!diagnostics.has_error()).then_some((before, planned));
        let identity = self.types().identity.of(&state);
        (Planned { state: block.closed(state), identity, replaces, diagnostics }, models)
    }

    fn schema(&self) -> &Schema<R::Model> {
        self.schema.get_or_init(|| self.resource.schema())
    }

    fn block(&self) -> &Block {
        &self.schema().described().block
    }

    fn types(&self) -> &Types {
        self.types.get_or_init(|| {
            let (block, identity) = (self.block(), self.resource.identity());
            let identity_wire = identity.ty(block);
            Types { wire: block.ty(), opened: block.opened_ty(), identity, identity_wire }
        })
    }

    /// Reads a value that core has checked against our schema already, so that failing is our own fault.
    fn load(&self, value: Value) -> Outcome<R::Model> {
        let mut diagnostics = Diagnostics::default();
        let model = self.schema().load(value, &mut diagnostics);
        if diagnostics.has_error() { Err(diagnostics) } else { Ok(model) }
    }

    /// The state after an operation: its result, or on failure what was kept, or else `otherwise`.
    fn done(&self, cx: Cx<'_, Api, R::Model>, result: Outcome<Value>, otherwise: Value) -> Done {
        let (kept, mut diagnostics, private) = cx.into_parts();
        let state = match result {
            Ok(state) => state,
            Err(errors) => {
                diagnostics.extend(errors);
                if !diagnostics.has_error() {
                    diagnostics.push(Diagnostic::our_bug("An operation failed without a reason."));
                }
                kept.map_or(otherwise, |model| self.schema().store(model).unknowns_nulled())
            }
        };
        let identity = self.types().identity.of(&state);
        let state = self.block().closed(without_write_only(self.block(), state));
        Done { state, identity, private, diagnostics }
    }

    /// Creates, updates or destroys; the result is the state after it.
    async fn carry_out(&self, cx: &Cx<'_, Api, R::Model>, prior: Value, planned: Value) -> Outcome<Value> {
        let result = match (prior.is_null(), planned.is_null()) {
            (true, true) => return Ok(Value::Null),
            (false, true) => {
                self.resource.delete(cx, self.load(prior)?).await?;
                return Ok(Value::Null);
            }
            (true, false) => self.resource.create(cx, self.load(planned.clone())?).await?,
            (false, false) => {
                self.resource.update(cx, self.load(prior)?, self.load(planned.clone())?).await?
            }
        };
        Ok(settle(&self.types().opened, planned, self.schema().store(result)))
    }
}

impl<Api: Send + Sync, R: Resource<Api>> AnyResource<Api> for Registered<Api, R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn described(&self) -> &Described {
        self.schema().described()
    }

    fn ty(&self) -> &Type {
        &self.types().wire
    }

    fn validate(&self, config: Value, write_only: bool) -> Diagnostics {
        let config = self.block().opened(config);
        let mut diagnostics = check::check(self.block(), &config);
        if !write_only {
            diagnostics.extend(check::refuse_write_only(self.block(), &config));
        }
        let model = self.schema().load(config, &mut diagnostics);
        if !diagnostics.has_error() {
            self.resource.validate(&model, &mut diagnostics);
        }
        diagnostics
    }

    fn plan(&self, api: &Api, prior: Value, config: Value, proposed: Value, private: Private) -> Planned {
        self.planned(api, prior, config, proposed, private).0
    }

    fn plan_and_preflight<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        prior: Value,
        config: Value,
        proposed: Value,
        private: Private,
    ) -> Pending<'a, Planned> {
        Box::pin(async move {
            let (mut plan, models) = self.planned(api, prior, config, proposed, private);
            if let Some((mut before, planned)) = models {
                // An object that is to be replaced begins anew.
                if !plan.replaces.is_empty() {
                    before = None;
                }
                plan.diagnostics.extend(self.resource.preflight(api, &stop, before.as_ref(), &planned).await);
            }
            plan
        })
    }

    fn read<'a>(&'a self, api: &'a Api, stop: Stop, prior: Value, private: Private) -> Pending<'a, Done> {
        Box::pin(async move {
            if prior.is_null() {
                return Done { private, ..Done::default() };
            }
            let prior = self.block().opened(prior);
            let cx = Cx::new(api, stop, None, private);
            let result = guarded(async {
                let found = self.resource.read(&cx, self.load(prior.clone())?).await?;
                Ok(found.map_or(Value::Null, |model| self.schema().store(model).unknowns_nulled()))
            })
            .await;
            self.done(cx, result, prior)
        })
    }

    fn apply<'a>(&'a self, api: &'a Api, stop: Stop, order: Order) -> Pending<'a, Done> {
        Box::pin(async move {
            let Order { prior, planned, config, private } = order;
            let [prior, planned, config] = [prior, planned, config].map(|value| self.block().opened(value));
            let config = match config {
                Value::Null => None,
                config => Some(self.schema().load(config, &mut Diagnostics::default())),
            };
            let cx = Cx::new(api, stop, config, private);
            let result = guarded(self.carry_out(&cx, prior.clone(), planned)).await;
            self.done(cx, result, prior)
        })
    }

    fn import(&self, api: &Api, by: Import<'_>) -> Done {
        let begun = match by {
            Import::Id(id) => self.resource.import(api, id),
            Import::Identity(identity) => self
                .types()
                .identity
                .object(self.block(), identity)
                .and_then(|object| self.load(object))
                .and_then(|model| self.resource.import_by_identity(api, model)),
        };
        match begun {
            Ok(model) => {
                let identity = self.identity_of(&model);
                Done { state: self.written(model), identity, ..Done::default() }
            }
            Err(diagnostics) => Done { diagnostics, ..Done::default() },
        }
    }

    fn identity(&self) -> &Identity {
        &self.types().identity
    }

    fn identity_ty(&self) -> &Type {
        &self.types().identity_wire
    }

    fn upgrade_identity(&self, version: i64, identity: serde_json::Value) -> Outcome<serde_json::Value> {
        self.resource.upgrade_identity(version, identity)
    }

    fn configuration(&self, api: &Api, state: Value) -> Outcome<Value> {
        let block = self.block();
        let mut model = self.load(plan::configured(block, block.opened(state)))?;
        self.resource.configuration(api, &mut model);
        Ok(block.closed(self.schema().store(model)))
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Outcome<serde_json::Value> {
        self.resource.upgrade(version, state)
    }
}
