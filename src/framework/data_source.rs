//! What a data source has to say and do: it is asked anew each time, and nothing of it is stored.

use std::{
    future::Future,
    sync::{Mutex, OnceLock, PoisonError},
};

use super::{
    check,
    diag::{Diagnostic, Diagnostics, Outcome},
    erased::guarded,
    model::Schema,
    schema::Described,
    types::Type,
    value::Value,
};
use crate::clock::{Pending, Stop};

/// What a data source does with the API handle `Api`.
pub trait DataSource<Api: Send + Sync>: Send + Sync + 'static {
    /// Its attributes.
    type Model: Clone + Default + Send + Sync + 'static;
    /// The full type name.
    const NAME: &'static str;

    /// Its rows.
    fn schema(&self) -> Schema<Self::Model>;

    /// What rows cannot check. Any value may be unknown; errors at what is certain only. No I/O.
    fn validate(&self, _config: &Self::Model, _diagnostics: &mut Diagnostics) {}

    /// What was asked for, with everything that the provider computes. Not finding a single thing is an error: there
    /// is no result that says so.
    fn read(
        &self,
        cx: &ReadCx<'_, Api>,
        config: Self::Model,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;
}

/// What a data source or an action works with.
pub struct ReadCx<'a, Api> {
    /// The handle on the remote API.
    pub api: &'a Api,
    /// Set when the user wants the operation to end.
    pub stop: Stop,
    said: Mutex<Diagnostics>,
}

impl<'a, Api> ReadCx<'a, Api> {
    /// Work that begins now.
    pub fn new(api: &'a Api, stop: Stop) -> Self {
        Self { api, stop, said: Mutex::default() }
    }

    /// Tells the user something without failing.
    pub fn warn(&self, diagnostic: Diagnostic) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
    }

    /// Everything that was said.
    pub fn into_said(self) -> Diagnostics {
        self.said.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A data source by name.
pub trait AnyDataSource<Api>: Send + Sync {
    /// The full type name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn described(&self) -> &Described;
    /// The type of its values on the wire.
    fn ty(&self) -> &Type;
    /// Whether the configuration can work, as far as it is known.
    fn validate(&self, config: Value) -> Diagnostics;
    /// The result, wholly known; null where there are errors.
    fn read<'a>(&'a self, api: &'a Api, stop: Stop, config: Value) -> Pending<'a, (Value, Diagnostics)>;
    /// What is certain of a result that cannot be had yet.
    fn deferred(&self, config: Value) -> Value;
}

/// Gives a data source its name in a list.
pub fn register<Api: Send + Sync + 'static, D: DataSource<Api>>(source: D) -> Box<dyn AnyDataSource<Api>> {
    Box::new(Registered::<Api, D> { source, schema: OnceLock::new(), ty: OnceLock::new() })
}

struct Registered<Api: Send + Sync, D: DataSource<Api>> {
    source: D,
    schema: OnceLock<Schema<D::Model>>,
    ty: OnceLock<Type>,
}

impl<Api: Send + Sync, D: DataSource<Api>> Registered<Api, D> {
    fn schema(&self) -> &Schema<D::Model> {
        self.schema.get_or_init(|| self.source.schema())
    }
}

impl<Api: Send + Sync, D: DataSource<Api>> AnyDataSource<Api> for Registered<Api, D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn described(&self) -> &Described {
        self.schema().described()
    }

    fn ty(&self) -> &Type {
        self.ty.get_or_init(|| self.described().block.ty())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        validated(self.schema(), config, |model, diagnostics| self.source.validate(model, diagnostics))
    }

    fn read<'a>(&'a self, api: &'a Api, stop: Stop, config: Value) -> Pending<'a, (Value, Diagnostics)> {
        Box::pin(async move {
            let block = &self.described().block;
            let mut diagnostics = Diagnostics::default();
            let model = self.schema().load(block.opened(config), &mut diagnostics);
            if diagnostics.has_error() {
                return (Value::Null, diagnostics);
            }
            let cx = ReadCx::new(api, stop);
            let result = guarded(self.source.read(&cx, model)).await;
            diagnostics.extend(cx.into_said());
            match result {
                Ok(model) => (block.closed(self.schema().store(model).unknowns_nulled()), diagnostics),
                Err(errors) => {
                    diagnostics.extend(errors);
                    (Value::Null, diagnostics)
                }
            }
        })
    }

    fn deferred(&self, config: Value) -> Value {
        let block = &self.described().block;
        let config = block.opened(config);
        block.closed(super::plan::propose(block, &Value::Null, &config, config.clone()))
    }
}

/// What is wrong with a configuration: by its rows, and if these are content, by `more`.
pub(super) fn validated<M: Clone + Default + Send + Sync + 'static>(
    schema: &Schema<M>,
    config: Value,
    more: impl FnOnce(&M, &mut Diagnostics),
) -> Diagnostics {
    let block = &schema.described().block;
    let config = block.opened(config);
    let mut diagnostics = check::check(block, &config);
    let model = schema.load(config, &mut diagnostics);
    if !diagnostics.has_error() {
        more(&model, &mut diagnostics);
    }
    diagnostics
}
