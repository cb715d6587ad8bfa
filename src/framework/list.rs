//! List resources: the objects of a resource type that exist, for `terraform query` (Terraform 1.14 and newer).

use std::{
    future::Future,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    action::Emit,
    data_source::{ReadCx, validated},
    diag::{Diagnostics, Outcome},
    erased::{AnyResource, Registered as RegisteredResource, guarded},
    model::Schema,
    resource::Resource,
    schema::Described,
    types::Type,
    value::Value,
};
use crate::clock::{Pending, Stop};

/// How the objects of a resource type are found.
pub trait List<Api: Send + Sync>: Send + Sync + 'static {
    /// The resource type, whose name this has too.
    type Resource: Resource<Api>;
    /// What the user's `config` block holds: filters.
    type Config: Clone + Default + Send + Sync + 'static;

    /// The rows of the `config` block.
    fn schema(&self) -> Schema<Self::Config>;

    /// What rows cannot check. Any value may be unknown; errors at what is certain only. No I/O.
    fn validate(&self, _config: &Self::Config, _diagnostics: &mut Diagnostics) {}

    /// Finds the objects and hands each one to [`ListCx::found`], as soon as it is known.
    fn list(
        &self,
        cx: &ListCx<'_, Api, <Self::Resource as Resource<Api>>::Model>,
        config: Self::Config,
    ) -> impl Future<Output = Outcome<()>> + Send;
}

/// What a search works with.
pub struct ListCx<'a, Api, M> {
    /// API handle, the signal to stop, and warnings.
    pub read: ReadCx<'a, Api>,
    /// At most so many objects are wanted; the rest is not even looked at.
    pub limit: u64,
    /// Whether whole objects are wanted, or only what identifies them.
    pub wants_objects: bool,
    given: AtomicU64,
    emit: Emit<(String, M)>,
}

impl<Api, M> ListCx<'_, Api, M> {
    /// An object, under a name that tells a person which one it is. `false` means that no more are wanted.
    pub async fn found(&self, display_name: impl Into<String>, object: M) -> bool {
        let before = self.given.fetch_add(1, Ordering::Relaxed);
        before < self.limit && (self.emit)((display_name.into(), object)).await && before + 1 < self.limit
    }
}

/// One object that was found.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// Which one it is, for a person.
    pub display_name: String,
    /// Which one it is, for Terraform.
    pub identity: Value,
    /// The object as a read would return it; null unless it was asked for.
    pub object: Value,
}

/// What a search is about.
#[derive(Debug, Default, PartialEq)]
pub struct Search {
    /// The content of the `config` block.
    pub config: Value,
    /// At most so many objects.
    pub limit: u64,
    /// Whether whole objects are wanted.
    pub wants_objects: bool,
}

/// A list resource by name.
pub trait AnyList<Api>: Send + Sync {
    /// The full type name, which is that of the resource type.
    fn name(&self) -> &'static str;
    /// The schema of the `config` block.
    fn described(&self) -> &Described;
    /// Its type on the wire.
    fn ty(&self) -> &Type;
    /// Whether the configuration can work, as far as it is known.
    fn validate(&self, config: Value) -> Diagnostics;
    /// Finds the objects, and tells how it ended.
    fn list<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        search: Search,
        emit: std::sync::Arc<Emit<Found>>,
    ) -> Pending<'a, Diagnostics>;
}

/// Gives a list resource its name in a list, beside the resource type whose objects it finds.
pub fn register<Api: Send + Sync + 'static, L: List<Api>>(
    list: L,
    resource: L::Resource,
) -> Box<dyn AnyList<Api>> {
    let resource = std::sync::Arc::new(RegisteredResource::new(resource));
    Box::new(Registered::<Api, L> { list, resource, schema: OnceLock::new(), ty: OnceLock::new() })
}

struct Registered<Api: Send + Sync, L: List<Api>> {
    list: L,
    resource: std::sync::Arc<RegisteredResource<Api, L::Resource>>,
    schema: OnceLock<Schema<L::Config>>,
    ty: OnceLock<Type>,
}

impl<Api: Send + Sync + 'static, L: List<Api>> Registered<Api, L> {
    fn schema(&self) -> &Schema<L::Config> {
        self.schema.get_or_init(|| self.list.schema())
    }
}

impl<Api: Send + Sync + 'static, L: List<Api>> AnyList<Api> for Registered<Api, L> {
    fn name(&self) -> &'static str {
        self.resource.name()
    }

    fn described(&self) -> &Described {
        self.schema().described()
    }

    fn ty(&self) -> &Type {
        self.ty.get_or_init(|| self.described().block.ty())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        validated(self.schema(), config, |model, diagnostics| self.list.validate(model, diagnostics))
    }

    fn list<'a>(
        &'a self,
        api: &'a Api,
        stop: Stop,
        search: Search,
        emit: std::sync::Arc<Emit<Found>>,
    ) -> Pending<'a, Diagnostics> {
        Box::pin(async move {
            let Search { config, limit, wants_objects } = search;
            let mut diagnostics = Diagnostics::default();
            let config = self.schema().load(self.described().block.opened(config), &mut diagnostics);
            if diagnostics.has_error() {
                return diagnostics;
            }
            let resource = std::sync::Arc::clone(&self.resource);
            let emit: Emit<(String, <L::Resource as Resource<Api>>::Model)> =
                Box::new(move |(display_name, model)| {
                    let identity = resource.identity_of(&model);
                    let object = if wants_objects { resource.written(model) } else { Value::Null };
                    emit(Found { display_name, identity, object })
                });
            let cx =
                ListCx { read: ReadCx::new(api, stop), limit, wants_objects, given: AtomicU64::new(0), emit };
            let result = guarded(self.list.list(&cx, config)).await;
            diagnostics.extend(cx.read.into_said());
            if let Err(errors) = result {
                diagnostics.extend(errors);
            }
            diagnostics
        })
    }
}
