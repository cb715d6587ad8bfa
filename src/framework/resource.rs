//! What a resource type has to say and do. Typed: a resource never sees an untyped value.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
};

use super::{
    diag::{Diagnostic, Diagnostics, Outcome},
    identity::Identity,
    model::{Attr, Schema},
    path::Path,
    private::Private,
};
use crate::clock::Stop;

/// What a resource does with the API handle `Api`.
pub trait Resource<Api: Send + Sync>: Send + Sync + 'static {
    /// Its attributes.
    type Model: Clone + Default + Send + Sync + 'static;
    /// The full type name.
    const NAME: &'static str;

    /// Its rows.
    fn schema(&self) -> Schema<Self::Model>;

    /// What rows cannot check. Any value may be unknown; errors at what is certain only. No I/O.
    fn validate(&self, _config: &Self::Model, _diagnostics: &mut Diagnostics) {}

    /// What rows cannot plan. A pure function of its arguments: it is asked again during apply. No I/O.
    fn plan(&self, _api: &Api, _change: &mut Change<Self::Model>) {}

    /// What a plan is told beyond its values: why an apply would fail, or what looks wrong. May ask the API, and is
    /// silent when it does not answer. It is asked after [`Resource::plan`] for an object that is to exist, and cannot
    /// change what was planned.
    fn preflight(
        &self,
        _api: &Api,
        _stop: &Stop,
        _prior: Option<&Self::Model>,
        _planned: &Self::Model,
    ) -> impl Future<Output = Diagnostics> + Send {
        std::future::ready(Diagnostics::default())
    }

    /// Makes the object. Whatever exists after each step is handed to [`Cx::keep`], so that an error loses nothing.
    fn create(
        &self,
        cx: &Cx<'_, Api, Self::Model>,
        planned: Self::Model,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;

    /// The object as it is; `None` when it is gone. What the API does not tell is copied from `prior`.
    fn read(
        &self,
        cx: &Cx<'_, Api, Self::Model>,
        prior: Self::Model,
    ) -> impl Future<Output = Outcome<Option<Self::Model>>> + Send;

    /// Changes the object in place. On an error without [`Cx::keep`] the state stays as it was.
    fn update(
        &self,
        cx: &Cx<'_, Api, Self::Model>,
        prior: Self::Model,
        planned: Self::Model,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;

    /// Removes the object; success when it was gone already.
    fn delete(
        &self,
        cx: &Cx<'_, Api, Self::Model>,
        prior: Self::Model,
    ) -> impl Future<Output = Outcome<()>> + Send;

    /// The beginnings of an object from what the user typed; [`Resource::read`] fills in the rest.
    fn import(&self, api: &Api, id: &str) -> Outcome<Self::Model>;

    /// Which attributes tell an object from all others, in any state.
    fn identity(&self) -> Identity {
        Identity::default()
    }

    /// The same as [`Resource::import`], from a model that holds only what [`Resource::identity`] names.
    fn import_by_identity(&self, _api: &Api, _identity: Self::Model) -> Outcome<Self::Model> {
        Err(Diagnostic::our_bug(format!("{} has no import by identity.", Self::NAME)).into())
    }

    /// An identity of an older version as it would have been written at the current one.
    fn upgrade_identity(&self, _version: i64, identity: serde_json::Value) -> Outcome<serde_json::Value> {
        Ok(identity)
    }

    /// Takes out of an object what a configuration of it need not say. What is computed or equals a default is gone
    /// already; this is for what rows cannot tell.
    fn configuration(&self, _api: &Api, _object: &mut Self::Model) {}

    /// State of an older schema version as it would have been written at the current one.
    fn upgrade(&self, _version: i64, state: serde_json::Value) -> Outcome<serde_json::Value> {
        Ok(state)
    }
}

/// One planned change.
pub struct Change<M> {
    /// The object as it is; none when it is to be created.
    pub prior: Option<M>,
    /// What the user wrote.
    pub config: M,
    /// What will be; adjust this.
    pub planned: M,
    /// Attributes that cannot change in place, beside those whose row says so.
    pub replaces: Vec<Path>,
    /// What the last read left for this plan.
    pub private: Private,
    /// What to tell the user.
    pub diagnostics: Diagnostics,
}

impl<M> Change<M> {
    /// Whether `field` differs between the prior object and the plan. True for a create.
    pub fn touches<T: PartialEq>(&self, field: fn(&M) -> &Attr<T>) -> bool {
        self.prior.as_ref().is_none_or(|prior| field(prior) != field(&self.planned))
    }
}

/// What an operation works with, and where it leaves what must not be lost.
pub struct Cx<'a, Api, M> {
    /// The handle on the remote API.
    pub api: &'a Api,
    /// Set when the user wants the operation to end.
    pub stop: Stop,
    /// What the user wrote, for its write-only values, which are nowhere else; for everything else the plan decides.
    /// There is none in a read or a destroy.
    pub config: Option<M>,
    kept: Mutex<Option<M>>,
    said: Mutex<Diagnostics>,
    private: Mutex<Private>,
}

impl<'a, Api, M: Clone> Cx<'a, Api, M> {
    pub(super) fn new(api: &'a Api, stop: Stop, config: Option<M>, private: Private) -> Self {
        let (kept, said) = (Mutex::new(None), Mutex::new(Diagnostics::default()));
        Self { api, stop, config, kept, said, private: Mutex::new(private) }
    }

    /// This much exists remotely. Should the operation fail from here on, it is what the state will hold; what is
    /// unknown in it becomes null.
    pub fn keep(&self, model: &M) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(model.clone());
    }

    /// Whether anything was kept: an object that the state will hold, however the operation ends.
    pub fn has_kept(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Tells the user something without failing.
    pub fn warn(&self, diagnostic: Diagnostic) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
    }

    /// Leaves a note in the private state, or removes it.
    pub fn note(&self, name: &str, note: Option<&str>) {
        self.private.lock().unwrap_or_else(PoisonError::into_inner).set(name, note);
    }

    /// A note of the private state.
    pub fn noted(&self, name: &str) -> Option<String> {
        let private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        private.note(name).map(str::to_owned)
    }

    pub(super) fn into_parts(self) -> (Option<M>, Diagnostics, Private) {
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let said = self.said.into_inner().unwrap_or_else(PoisonError::into_inner);
        (kept, said, self.private.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
