//! A provider of things with an identity, which can be listed, and whose configuration can be written for the user.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use terraform_provider_hss::{
    clock::SystemClock,
    framework::{
        diag::{Diagnostic, Diagnostics, Outcome},
        erased::{AnyResource, register},
        identity::Identity,
        list::{self, AnyList, List, ListCx},
        model::{Attr, Schema},
        path::Path,
        provider::Provider,
        resource::{Cx, Resource},
        schema::{computed, optional, optional_computed, required},
    },
    tfplugin6::service::Service,
};

/// The things, and how many were looked at.
#[derive(Clone, Default)]
pub(crate) struct Catalog {
    pub(crate) looked_at: Arc<AtomicU64>,
}

pub(crate) fn service(catalog: &Catalog) -> Service<Catalog> {
    Service::new(catalog.clone(), Arc::new(SystemClock))
}

#[derive(Clone, Default)]
pub(crate) struct Nothing;

impl Provider for Catalog {
    type Model = Nothing;
    type Api = Catalog;

    fn schema(&self) -> Schema<Nothing> {
        Schema::new("Things that have names.")
    }

    fn validate(&self, _: &Nothing, _: &mut Diagnostics) {}

    fn configure(&self, _: Nothing, _: &str) -> (Option<Catalog>, Diagnostics) {
        (Some(self.clone()), Diagnostics::default())
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<Catalog>>> {
        vec![register(Thing)]
    }

    fn lists(&self) -> Vec<Box<dyn AnyList<Catalog>>> {
        vec![list::register(Things, Thing)]
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    name: Attr<String>,
    zone: Attr<String>,
    colour: Attr<String>,
    place: Attr<String>,
    secret: Attr<String>,
    serial: Attr<i64>,
}

const NAME: Path = Path::root("name");
const ZONE: Path = Path::root("zone");

pub(crate) struct Thing;

impl Resource<Catalog> for Thing {
    type Model = Model;
    const NAME: &'static str = "catalog_thing";

    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("A thing.")
            .attr(NAME, |m| &mut m.name, required().replaces(), "")
            .attr(ZONE, |m| &mut m.zone, optional(), "")
            .attr(Path::root("colour"), |m| &mut m.colour, optional().default("grey"), "")
            .attr(Path::root("place"), |m| &mut m.place, optional_computed().keeps(), "")
            .attr(Path::root("secret"), |m| &mut m.secret, optional().write_only(), "")
            .attr(Path::root("serial"), |m| &mut m.serial, computed().keeps(), "")
    }

    async fn create(&self, _: &Cx<'_, Catalog, Model>, planned: Model) -> Outcome<Model> {
        Ok(planned)
    }

    async fn read(&self, _: &Cx<'_, Catalog, Model>, prior: Model) -> Outcome<Option<Model>> {
        match prior.name.known().map(String::as_str) {
            Some("gone") => Ok(None),
            Some("broken") => Err(Diagnostic::error("It cannot be read", "For a test.").into()),
            _ => Ok(Some(prior)),
        }
    }

    async fn update(&self, cx: &Cx<'_, Catalog, Model>, _: Model, planned: Model) -> Outcome<Model> {
        self.create(cx, planned).await
    }

    async fn delete(&self, _: &Cx<'_, Catalog, Model>, _: Model) -> Outcome<()> {
        Ok(())
    }

    fn import(&self, api: &Catalog, id: &str) -> Outcome<Model> {
        self.import_by_identity(api, Model { name: Attr::Known(id.to_owned()), ..Model::default() })
    }

    fn identity(&self) -> Identity {
        let identity = Identity::default().required(&NAME, "Its name.").optional(&ZONE, "Where it is.");
        Identity { version: 2, ..identity }
    }

    fn import_by_identity(&self, _: &Catalog, identity: Model) -> Outcome<Model> {
        Ok(identity)
    }

    /// Version 1 said `title` for what is `name` now; before that there was nothing to go by.
    fn upgrade_identity(&self, version: i64, mut identity: serde_json::Value) -> Outcome<serde_json::Value> {
        if version < 1 {
            return Err(Diagnostic::error("Too old", "Import it anew.").into());
        }
        if let Some(title) = identity.as_object_mut().and_then(|members| members.remove("title")) {
            identity["name"] = title;
        }
        Ok(identity)
    }

    fn configuration(&self, _: &Catalog, object: &mut Model) {
        if object.place.known().is_some_and(|place| place == "usual") {
            object.place = Attr::Null;
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    count: Attr<i64>,
    then: Attr<String>,
}

struct Things;

impl List<Catalog> for Things {
    type Resource = Thing;
    type Config = Filter;

    fn schema(&self) -> Schema<Filter> {
        Schema::<Filter>::new("Things.")
            .attr(Path::root("count"), |m| &mut m.count, required(), "How many there are.")
            .attr(Path::root("then"), |m| &mut m.then, optional(), "What happens after them.")
    }

    async fn list(&self, cx: &ListCx<'_, Catalog, Model>, config: Filter) -> Outcome<()> {
        for n in 0..config.count.known().copied().unwrap_or_default() {
            cx.read.api.looked_at.fetch_add(1, Ordering::SeqCst);
            let model = Model {
                name: Attr::Known(format!("n-{n}")),
                secret: Attr::Known("s".to_owned()),
                serial: Attr::Known(n),
                ..Model::default()
            };
            if !cx.found(format!("Thing {n}"), model).await {
                return Ok(());
            }
        }
        match config.then.known().map(String::as_str) {
            Some("fail") => Err(Diagnostic::error("It failed", "For a test.").into()),
            Some("panic") => panic!("a list panics"),
            Some("warn") => {
                cx.read.warn(Diagnostic::warning("Be warned", "For a test."));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
