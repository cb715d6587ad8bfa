//! Resources without their types, so that a provider can hold a list of them and a protocol can call them by name.
//!
//! Here the promises of [`super::resource`] are kept: what was kept is returned with the error, unknowns are
//! nulled, a plan that core would refuse is caught, and a destroy that fails never looks like a success.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::OnceLock};

use futures_util::FutureExt;

use super::{
    diag::{Diagnostic, Diagnostics, Outcome},
    model::{self, Schema},
    path::Path,
    plan,
    private::Private,
    resource::{Change, Cx, Resource},
    schema::Described,
    types::Type,
    value::Value,
};
use crate::clock::{Pending, Stop};

/// The answer to a plan request.
#[derive(Debug, Default, PartialEq)]
pub struct Planned {
    /// What will be; null when the object will be destroyed.
    pub state: Value,
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
    /// Its notes.
    pub private: Private,
    /// What to tell the user.
    pub diagnostics: Diagnostics,
}

/// A resource type by name.
pub trait AnyResource<Api>: Send + Sync {
    /// The full type name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn described(&self) -> &Described;
    /// The type of its values on the wire.
    fn ty(&self) -> &Type;
    /// Whether the configuration can work, as far as it is known.
    fn validate(&self, config: Value) -> Diagnostics;
    /// What would happen. `proposed` null plans a destroy.
    fn plan(&self, api: &Api, prior: Value, config: Value, proposed: Value, private: Private) -> Planned;
    /// The object as it is.
    fn read<'a>(&'a self, api: &'a Api, stop: Stop, prior: Value, private: Private) -> Pending<'a, Done>;
    /// Creates, updates or destroys, by which of the two is null.
    fn apply<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        prior: Value,
        planned: Value,
        private: Private,
    ) -> Pending<'a, Done>;
    /// The beginnings of an object that exists already.
    fn import(&self, id: &str) -> Done;
    /// State of an older schema version as it would have been written at the current one.
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Outcome<serde_json::Value>;
}

/// Gives a resource its name in a list.
pub fn register<Api: Send + Sync + 'static, R: Resource<Api>>(resource: R) -> Box<dyn AnyResource<Api>> {
    Box::new(Registered::<Api, R> { resource, schema: OnceLock::new(), ty: OnceLock::new() })
}

struct Registered<Api: Send + Sync, R: Resource<Api>> {
    resource: R,
    schema: OnceLock<Schema<R::Model>>,
    ty: OnceLock<Type>,
}

/// A panic as a diagnostic. What was kept before it is not lost.
async fn guarded<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic).into()))
}

/// What a panic has to say to the user.
pub fn panicked(panic: &(dyn Any + Send)) -> Diagnostic {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Diagnostic::our_bug(format!("The provider panicked: {text}"))
}

impl<Api: Send + Sync, R: Resource<Api>> Registered<Api, R> {
    fn schema(&self) -> &Schema<R::Model> {
        self.schema.get_or_init(|| self.resource.schema())
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
        match result {
            Ok(state) => Done { state, private, diagnostics },
            Err(errors) => {
                let kept = kept.map(|model| self.schema().store(model).unknowns_nulled());
                diagnostics.extend(errors);
                if !diagnostics.has_error() {
                    diagnostics.push(Diagnostic::our_bug("An operation failed without a reason."));
                }
                Done { state: kept.unwrap_or(otherwise), private, diagnostics }
            }
        }
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
        self.ty.get_or_init(|| self.described().block.ty())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        let mut diagnostics = model::check(&self.described().block, &config);
        let model = self.schema().load(config, &mut diagnostics);
        if !diagnostics.has_error() {
            self.resource.validate(&model, &mut diagnostics);
        }
        diagnostics
    }

    fn plan(&self, api: &Api, prior: Value, config: Value, proposed: Value, private: Private) -> Planned {
        if proposed.is_null() {
            return Planned::default();
        }
        let block = &self.described().block;
        let base = plan::propose(block, &prior, &config, proposed);
        let models = (|| {
            let before = if prior.is_null() { None } else { Some(self.load(prior.clone())?) };
            Ok((before, self.load(config.clone())?, self.load(base)?))
        })();
        let (before, configured, planned) = match models {
            Ok(models) => models,
            Err(diagnostics) => return Planned { diagnostics, ..Planned::default() },
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
        let Change { planned, mut replaces, mut diagnostics, .. } = change;
        let state = self.schema().store(planned);
        replaces.extend(plan::replacements(block, &prior, &state));
        replaces.sort();
        replaces.dedup();
        if let Err(path) = plan::verify(block, &prior, &config, &state) {
            let what = format!("The plan for {path} does not follow the configuration.");
            diagnostics.push(Diagnostic::our_bug(what).at(path));
        }
        Planned { state, replaces, diagnostics }
    }

    fn read<'a>(&'a self, api: &'a Api, stop: Stop, prior: Value, private: Private) -> Pending<'a, Done> {
        Box::pin(async move {
            let cx = Cx::new(api, stop, private);
            let result = match self.load(prior.clone()) {
                Err(diagnostics) => Err(diagnostics),
                Ok(model) => guarded(self.resource.read(&cx, model)).await.map(|found| match found {
                    Some(model) => self.schema().store(model).unknowns_nulled(),
                    None => Value::Null,
                }),
            };
            self.done(cx, result, prior)
        })
    }

    fn apply<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        prior: Value,
        planned: Value,
        private: Private,
    ) -> Pending<'a, Done> {
        Box::pin(async move {
            let cx = Cx::new(api, stop, private);
            let result = async {
                if planned.is_null() {
                    guarded(self.resource.delete(&cx, self.load(prior.clone())?)).await?;
                    return Ok(Value::Null);
                }
                let target = self.load(planned.clone())?;
                let result = if prior.is_null() {
                    guarded(self.resource.create(&cx, target)).await?
                } else {
                    guarded(self.resource.update(&cx, self.load(prior.clone())?, target)).await?
                };
                Ok(plan::settle(&self.described().block, &planned, self.schema().store(result)))
            }
            .await;
            self.done(cx, result, prior)
        })
    }

    fn import(&self, id: &str) -> Done {
        match self.resource.import(id) {
            Ok(model) => Done { state: self.schema().store(model).unknowns_nulled(), ..Done::default() },
            Err(diagnostics) => Done { diagnostics, ..Done::default() },
        }
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Outcome<serde_json::Value> {
        self.resource.upgrade(version, state)
    }
}
