//! Actions: something to do that leaves no object behind, reported step by step (Terraform 1.14 and newer).

use std::{future::Future, sync::OnceLock};

use super::{
    data_source::{ReadCx, validated},
    diag::{Diagnostics, Outcome},
    erased::guarded,
    model::Schema,
    schema::Described,
    types::Type,
    value::Value,
};
use crate::clock::{Pending, Stop};

/// Takes what happens on the way. `false` means that nobody listens any more.
pub type Emit<T> = Box<dyn Fn(T) -> Pending<'static, bool> + Send + Sync>;

/// What an action does with the API handle `Api`.
pub trait Action<Api: Send + Sync>: Send + Sync + 'static {
    /// Its attributes.
    type Model: Clone + Default + Send + Sync + 'static;
    /// The full type name.
    const NAME: &'static str;

    /// Its rows.
    fn schema(&self) -> Schema<Self::Model>;

    /// What rows cannot check. Any value may be unknown; errors at what is certain only. No I/O.
    fn validate(&self, _config: &Self::Model, _diagnostics: &mut Diagnostics) {}

    /// Does it. The configuration is known.
    fn invoke(&self, cx: &InvokeCx<'_, Api>, config: Self::Model)
    -> impl Future<Output = Outcome<()>> + Send;
}

/// What an action works with.
pub struct InvokeCx<'a, Api> {
    /// API handle, the signal to stop, and warnings.
    pub read: ReadCx<'a, Api>,
    emit: Emit<String>,
}

impl<Api> InvokeCx<'_, Api> {
    /// Shows a line to the user while the action goes on.
    pub async fn progress(&self, message: impl Into<String>) {
        (self.emit)(message.into()).await;
    }
}

/// An action by name.
pub trait AnyAction<Api>: Send + Sync {
    /// The full type name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn described(&self) -> &Described;
    /// The type of its configuration on the wire.
    fn ty(&self) -> &Type;
    /// Whether the configuration can work, as far as it is known.
    fn validate(&self, config: Value) -> Diagnostics;
    /// Does it, and tells how it ended.
    fn invoke<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        config: Value,
        emit: Emit<String>,
    ) -> Pending<'a, Diagnostics>;
}

/// Gives an action its name in a list.
pub fn register<Api: Send + Sync + 'static, A: Action<Api>>(action: A) -> Box<dyn AnyAction<Api>> {
    Box::new(Registered::<Api, A> { action, schema: OnceLock::new(), ty: OnceLock::new() })
}

struct Registered<Api: Send + Sync, A: Action<Api>> {
    action: A,
    schema: OnceLock<Schema<A::Model>>,
    ty: OnceLock<Type>,
}

impl<Api: Send + Sync, A: Action<Api>> Registered<Api, A> {
    fn schema(&self) -> &Schema<A::Model> {
        self.schema.get_or_init(|| self.action.schema())
    }
}

impl<Api: Send + Sync, A: Action<Api>> AnyAction<Api> for Registered<Api, A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn described(&self) -> &Described {
        self.schema().described()
    }

    fn ty(&self) -> &Type {
        self.ty.get_or_init(|| self.described().block.ty())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        validated(self.schema(), config, |model, diagnostics| self.action.validate(model, diagnostics))
    }

    fn invoke<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        config: Value,
        emit: Emit<String>,
    ) -> Pending<'a, Diagnostics> {
        Box::pin(async move {
            let mut diagnostics = Diagnostics::default();
            let config = self.schema().load(self.described().block.opened(config), &mut diagnostics);
            if diagnostics.has_error() {
                return diagnostics;
            }
            let cx = InvokeCx { read: ReadCx::new(api, stop), emit };
            let result = guarded(self.action.invoke(&cx, config)).await;
            diagnostics.extend(cx.read.into_said());
            if let Err(errors) = result {
                diagnostics.extend(errors);
            }
            diagnostics
        })
    }
}
