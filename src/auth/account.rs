//! One configured account: its credentials, fetched once for all who wait and renewed in time, and its project in
//! each region.
//!
//! Renewal goes the whole way again, from the source through every role, while calls go on with what there is. A
//! failure that would only repeat itself is kept, and told in full once.

use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};

use serde::Deserialize;
use tracing::Instrument as _;

use super::{
    Algorithm, Chain, Credential, Error, Identity, Proof, Source,
    credential::lock,
    gate::Pass,
    lookup::Lookup,
    sign::MAX_SKEW,
    sources::{Desk, Memory},
};
use crate::rest::{self, Base, Effect, Flights, Method, Patience, Refusal, Request, Sender, Ticket};

/// What is configured.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// The way to credentials.
    pub chain: Chain,
    /// The same in words, for errors.
    pub described: Arc<Described>,
    /// How keys sign.
    pub algorithm: Algorithm,
    /// Tokens and projects, up to and including `/v3`.
    pub identity: Base,
    /// Accounts and temporary keys, without a version.
    pub iam: Base,
    /// Roles by the id of their account.
    pub sts: Base,
    /// The metadata service of the server we run on.
    pub metadata: Base,
    /// The provider's own region.
    pub region: String,
    /// The project in that region.
    pub project_id: Option<String>,
    /// Its name; without both, the project named like the region is meant.
    pub project_name: Option<String>,
    /// The account's id.
    pub domain_id: Option<String>,
    /// The account's name.
    pub domain_name: Option<String>,
}

/// Where credentials come from, in the user's words. Without a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// What is used, as part of a sentence.
    pub who: String,
    /// Which sources were looked at, in order, and why each was taken or not.
    pub tried: Vec<String>,
}

/// Resolves credentials and projects. Cheap to clone.
#[derive(Clone)]
pub struct Account(Arc<Inner>);

struct Inner {
    settings: AccountSettings,
    sender: Sender,
    fixed: Option<Credential>,
    memory: Memory,
    state: Mutex<State>,
    resolving: Flights<(), Result<Credential, Error>>,
    projects: Lookup<String, Arc<str>>,
}

#[derive(Default)]
struct State {
    current: Option<Credential>,
    /// Why there will be none.
    failure: Option<Error>,
    /// Somebody was told the whole of a failure that everybody meets.
    told: bool,
    /// The current credential was fetched after a 401, and not accepted yet.
    renewed_after_refusal: bool,
    /// When to renew at the earliest.
    not_before: Option<SystemTime>,
}

/// What is at hand.
enum Held {
    Ready(Credential),
    /// It works for now.
    Due(Credential),
    Failed(Error),
    Nothing,
}

impl Account {
    /// An account that has not been used yet.
    pub fn new(settings: AccountSettings, sender: Sender) -> Account {
        let fixed = match &settings.chain.source {
            Source::Keys(keys) => Some(Credential::new(Proof::Keys(keys.clone()), None)),
            Source::Token(_) | Source::Oidc(_) | Source::Password(_) | Source::Metadata => None,
        };
        Account(Arc::new(Inner {
            settings,
            sender,
            fixed,
            memory: Memory::default(),
            state: Mutex::default(),
            resolving: Flights::default(),
            projects: Lookup::default(),
        }))
    }

    /// Where the credentials come from.
    pub fn described(&self) -> &Arc<Described> {
        &self.0.settings.described
    }

    /// Whether calls are made with a token, which is valid in one project of one region.
    pub fn ends_in_token(&self) -> bool {
        self.0.settings.chain.ends_in_token()
    }

    /// The id of the project in a region.
    pub async fn project(&self, region: &str, patience: &Patience) -> Result<Arc<str>, Error> {
        let settings = &self.0.settings;
        if settings.chain.ends_in_token() {
            // A token is valid in one project, so this is the only one there is.
            let credential = self.credential(patience).await.map_err(|error| self.once(error))?;
            return credential.project().ok_or(Error::NoScope);
        }
        let home = region == settings.region;
        if let Some(id) = settings.project_id.as_deref().filter(|_| home) {
            return Ok(Arc::from(id));
        }
        let name = settings.project_name.clone().filter(|_| home).unwrap_or(region.to_owned());
        let account = self.clone();
        let found = self.0.projects.find(name.clone(), &self.0.sender, patience, |patience| async move {
            account.find_project(name, &patience).await
        });
        found.await.map_err(|error| self.once(error))
    }

    /// What authorises calls in a project, within the caller's limits.
    pub fn identity(&self, project: Arc<str>, patience: Patience) -> Identity {
        Identity::new(self.clone(), Some(project), patience)
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.0.sender
    }

    /// The account to name in signed calls that are made for an account rather than a project.
    pub(super) fn domain_id(&self) -> Option<&str> {
        let chain = &self.0.settings.chain;
        let configured = self.0.settings.domain_id.as_deref().filter(|_| chain.stays_at_home());
        configured.or_else(|| chain.roles.last()?.account_id())
    }

    /// `GET projects?name=…`.
    async fn find_project(&self, name: String, patience: &Patience) -> Result<Arc<str>, Error> {
        const OPERATION: &str = "KeystoneListProjects";
        let settings = &self.0.settings;
        let request = Request::new(OPERATION, Effect::Read, Method::GET, &settings.identity, ["projects"])
            .query("name", &name);
        let identity = Identity::new(self.clone(), None, patience.clone());
        let reply = self.0.sender.send(&request, &identity, patience).await;
        let reply = reply.map_err(|error| Error::of_call(&request, error))?;
        let body: ProjectsReply = reply.json().map_err(|_| Error::Reply {
            operation: OPERATION,
            problem: "is not the expected JSON",
            request_id: reply.request_id().map(str::to_owned),
        })?;
        // The filter is exact; a server that ignores it must not give us somebody else's project.
        let found = body.projects.unwrap_or_default().into_iter().find(|project| {
            rest::is_segment(&project.id) && project.name.as_ref().is_none_or(|found| *found == name)
        });
        found.map(|project| Arc::from(project.id)).ok_or(Error::NoProject { name })
    }

    /// The credential of this moment. One that will end soon is renewed behind the caller's back.
    pub(super) async fn credential(&self, patience: &Patience) -> Result<Credential, Error> {
        match self.held() {
            Held::Ready(credential) => Ok(credential),
            Held::Due(credential) => {
                self.renew_ahead();
                Ok(credential)
            }
            Held::Failed(error) => Err(error),
            Held::Nothing => self.renew(patience).await,
        }
    }

    fn held(&self) -> Held {
        let now = self.0.sender.clock().now();
        let mut state = lock(&self.0.state);
        if let Some(current) = state.current.clone().filter(|current| !current.is_over(now)) {
            let may_renew = state.not_before.is_none_or(|time| now >= time);
            if !current.is_due(now) || !may_renew {
                return Held::Ready(current);
            }
            // Until this attempt has ended, nobody else begins one.
            state.not_before = Some(now + current.respite(now));
            return Held::Due(current);
        }
        match &state.failure {
            Some(error) => Held::Failed(error.clone()),
            None => Held::Nothing,
        }
    }

    /// Fetches a credential, or waits for one that is being fetched.
    async fn renew(&self, patience: &Patience) -> Result<Credential, Error> {
        let account = self.clone();
        let before = lock(&self.0.state).current.clone();
        let work = |ticket: Ticket| async move {
            // It may have come since the caller looked.
            if let Some(outcome) = account.newer_than(before.as_ref()) {
                return outcome;
            }
            let patience = Patience { quota: ticket.quota, ..Patience::default() };
            account.keep(before, account.resolve(&patience).await)
        };
        let joined = self.0.resolving.join((), &**self.0.sender.clock(), patience, work).await;
        joined.map_err(Error::Cut)?
    }

    /// What was found out since the caller saw `before`.
    fn newer_than(&self, before: Option<&Credential>) -> Option<Result<Credential, Error>> {
        let state = lock(&self.0.state);
        match &state.current {
            Some(current) if before.is_none_or(|before| !current.is(before)) => Some(Ok(current.clone())),
            Some(_) => None,
            None => state.failure.clone().map(Err),
        }
    }

    fn renew_ahead(&self) {
        let account = self.clone();
        let renewal = async move {
            if let Err(error) = account.renew(&Patience::default()).await {
                tracing::warn!(target: "provider.auth", error = %error, "credentials could not be renewed yet");
            }
        };
        tokio::spawn(renewal.in_current_span());
    }

    async fn resolve(&self, patience: &Patience) -> Result<Credential, Error> {
        let Inner { settings, sender, fixed, memory, .. } = &*self.0;
        let desk = Desk { settings, sender, patience, fixed: fixed.as_ref(), memory };
        let credential = desk.credential().await.map_err(|error| match error {
            // Told in full before, so it need not be told who it was about.
            repeated @ Error::Repeated(_) => repeated,
            error => Error::Unobtainable { described: settings.described.clone(), error: Box::new(error) },
        })?;
        tracing::debug!(target: "provider.auth", source = %settings.described.who, "credentials are there");
        Ok(credential)
    }

    fn keep(
        &self,
        before: Option<Credential>,
        result: Result<Credential, Error>,
    ) -> Result<Credential, Error> {
        let now = self.0.sender.clock().now();
        let mut state = lock(&self.0.state);
        match &result {
            Ok(credential) => {
                state.current = Some(credential.clone());
                state.failure = None;
                state.not_before = None;
            }
            Err(error) => {
                // A source that worked once may work again.
                let lasting = before.is_none() && error.is_final();
                state.failure = lasting.then(|| error.clone());
                state.not_before = before.map(|current| now + current.respite(now));
            }
        }
        result
    }

    /// The error in full the first time, in short when it is the same for everybody.
    pub(super) fn once(&self, error: Error) -> Error {
        if !error.is_final() {
            return error;
        }
        let told = std::mem::replace(&mut lock(&self.0.state).told, true);
        if told { error.repeated() } else { error }
    }

    /// A failure was not passed on to anybody: the next one tells it in full.
    pub fn nothing_was_told(&self) {
        lock(&self.0.state).told = false;
    }

    /// Whether calls would still be made with this credential.
    pub(super) fn still_uses(&self, credential: &Credential) -> bool {
        lock(&self.0.state).current.as_ref().is_some_and(|current| current.is(credential))
    }

    /// A call was accepted that went first with this credential.
    pub(super) fn accepted(&self, credential: &Credential) {
        let mut state = lock(&self.0.state);
        if state.current.as_ref().is_some_and(|current| current.is(credential)) {
            state.renewed_after_refusal = false;
        }
    }

    /// A call was answered with 401. Whether there is another credential to try it with. `tells` says that the caller
    /// reports the refusal itself.
    pub(super) async fn refused(
        &self,
        credential: &Credential,
        pass: Option<Pass>,
        request: &Request,
        refusal: &Refusal,
        patience: &Patience,
        tells: bool,
    ) -> bool {
        let wrong_time = refusal.skew().is_some_and(|skew| skew > MAX_SKEW);
        let renewable = self.0.settings.chain.is_renewable() && !wrong_time;
        let error = Error::refused(request, refusal.clone()).repeated();
        {
            let mut state = lock(&self.0.state);
            match &state.current {
                Some(current) if !current.is(credential) => return true,
                Some(_) if renewable && !state.renewed_after_refusal => {
                    state.renewed_after_refusal = true;
                    state.current = None;
                }
                Some(_) => {
                    if pass.is_some() {
                        // Nobody has been let through before: it is wrong altogether.
                        credential.gate().close(error);
                        // A look-up tells it to all who wait for it, and to one of them in full.
                        state.told |= tells;
                    } else {
                        credential.gate().doubt();
                    }
                    return false;
                }
                // Somebody else is renewing it already.
                None => {}
            }
        }
        let renewed = self.renew(patience).await;
        // Whoever waits at the old gate looks for the new one.
        credential.gate().close(error);
        renewed.is_ok()
    }
}

#[derive(Deserialize)]
struct ProjectsReply {
    projects: Option<Vec<Project>>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    id: String,
    name: Option<String>,
}
