//! One configured account: where its credentials come from, and its project in each region.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;

use super::{Error, Identity, Keys, Secret};
use crate::rest::{
    self, Base, Effect, Flights, Header, Method, Patience, Reply, Request, Sender, Ticket, Unsigned,
};

/// Where credentials come from. More sources will join; which one wins is decided in [`Source::choose`].
#[derive(Clone, Debug)]
pub enum Source {
    /// Keys given by the user.
    Keys(Keys),
    /// A token given by the user; it is exchanged for one that is valid in the project.
    Token(Secret),
}

impl Source {
    /// The source that wins: a token beats keys, as in the vendor's own provider.
    pub fn choose(token: Option<Secret>, keys: Option<Keys>) -> Option<Source> {
        token.map(Source::Token).or_else(|| keys.map(Source::Keys))
    }
}

/// What is configured.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Where credentials come from, if from anywhere.
    pub source: Option<Source>,
    /// The identity service, up to and including `/v3`.
    pub identity: Base,
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

/// Resolves credentials and projects, each once, for all who wait. Cheap to clone.
#[derive(Clone)]
pub struct Account(Arc<Inner>);

struct Inner {
    settings: AccountSettings,
    sender: Sender,
    token: Lookup<(), Arc<Scoped>>,
    projects: Lookup<String, Arc<str>>,
}

/// Answers that are kept, and the questions under way. Failures are told to all who wait, and not kept.
struct Lookup<K, T> {
    known: Arc<Mutex<BTreeMap<K, T>>>,
    flights: Flights<K, Result<T, Error>>,
}

/// A token that is valid in one project.
struct Scoped {
    token: Secret,
    project_id: Arc<str>,
}

/// What proves our identity in one attempt.
pub(super) enum Credentials {
    Keys(Keys),
    Token(Secret),
}

impl Account {
    /// An account that has not been used yet.
    pub fn new(settings: AccountSettings, sender: Sender) -> Account {
        Account(Arc::new(Inner { settings, sender, token: Lookup::default(), projects: Lookup::default() }))
    }

    /// The id of the project in a region.
    pub async fn project(&self, region: &str, patience: &Patience) -> Result<Arc<str>, Error> {
        let settings = &self.0.settings;
        match &settings.source {
            None => Err(Error::NoCredentials),
            // A token is valid in one project, so this is the only one there is.
            Some(Source::Token(_)) => Ok(self.scoped(patience).await?.project_id.clone()),
            Some(Source::Keys(keys)) => {
                let home = region == settings.region;
                if let Some(id) = settings.project_id.as_deref().filter(|_| home) {
                    return Ok(Arc::from(id));
                }
                let name = settings.project_name.clone().filter(|_| home).unwrap_or(region.to_owned());
                let (account, keys) = (self.clone(), keys.clone());
                self.0
                    .projects
                    .find(name.clone(), &self.0.sender, patience, |patience| async move {
                        account.find_project(name, keys, &patience).await
                    })
                    .await
            }
        }
    }

    /// What authorises calls in a project, within the caller's limits.
    pub fn identity(&self, project: Arc<str>, patience: Patience) -> Identity {
        Identity::new(self.clone(), project, patience)
    }

    /// The credentials of this moment.
    pub(super) async fn credentials(&self, patience: &Patience) -> Result<Credentials, Error> {
        match &self.0.settings.source {
            None => Err(Error::NoCredentials),
            Some(Source::Keys(keys)) => Ok(Credentials::Keys(keys.clone())),
            Some(Source::Token(_)) => Ok(Credentials::Token(self.scoped(patience).await?.token.clone())),
        }
    }

    async fn scoped(&self, patience: &Patience) -> Result<Arc<Scoped>, Error> {
        let account = self.clone();
        self.0
            .token
            .find((), &self.0.sender, patience, |patience| async move { account.exchange(&patience).await })
            .await
    }

    /// `POST auth/tokens`: the user's token for one of the project.
    async fn exchange(&self, patience: &Patience) -> Result<Arc<Scoped>, Error> {
        const OPERATION: &str = "CreateToken";
        let settings = &self.0.settings;
        let Some(Source::Token(token)) = &settings.source else { return Err(Error::NoCredentials) };
        let scope = match &settings.project_id {
            Some(id) => serde_json::json!({ "id": id }),
            None => {
                let domain = match (&settings.domain_id, &settings.domain_name) {
                    (Some(id), _) => serde_json::json!({ "id": id }),
                    (None, name) => serde_json::json!({ "name": name }),
                };
                let name = settings.project_name.as_ref().unwrap_or(&settings.region);
                serde_json::json!({ "name": name, "domain": domain })
            }
        };
        let identity = serde_json::json!({ "methods": ["token"], "token": { "id": token.expose() } });
        // One more token does no harm, so this counts as a read: it may be repeated, and dropped.
        let request =
            Request::new(OPERATION, Effect::Read, Method::POST, &settings.identity, ["auth", "tokens"])
                .query("nocatalog", "true")
                .json(
                    &serde_json::json!({ "auth": { "identity": identity, "scope": { "project": scope } } }),
                );
        let reply = self
            .0
            .sender
            .send(&request, &Unsigned, patience)
            .await
            .map_err(|error| call_error(&request, error))?;
        let fail = |problem| Error::Reply { operation: OPERATION, problem, request_id: id_of(&reply) };
        let token = reply.header("x-subject-token").filter(|token| !token.is_empty());
        let token = Secret::from(token.ok_or_else(|| fail("holds no token"))?.to_owned());
        let body: TokenReply = reply.json().map_err(|_| fail("is not the expected JSON"))?;
        let project = body.token.project.filter(|project| rest::is_segment(&project.id));
        let project = project.ok_or_else(|| fail("is for no project: the token's scope is not a project"))?;
        Ok(Arc::new(Scoped { token, project_id: Arc::from(project.id) }))
    }

    /// `GET projects?name=…`.
    async fn find_project(&self, name: String, keys: Keys, patience: &Patience) -> Result<Arc<str>, Error> {
        const OPERATION: &str = "KeystoneListProjects";
        let settings = &self.0.settings;
        let request = Request::new(OPERATION, Effect::Read, Method::GET, &settings.identity, ["projects"])
            .query("name", &name);
        let signer = SignedWith { keys, domain_id: settings.domain_id.clone() };
        let reply = self
            .0
            .sender
            .send(&request, &signer, patience)
            .await
            .map_err(|error| call_error(&request, error))?;
        let fail = |problem| Error::Reply { operation: OPERATION, problem, request_id: id_of(&reply) };
        let body: ProjectsReply = reply.json().map_err(|_| fail("is not the expected JSON"))?;
        // The filter is exact; a server that ignores it must not give us somebody else's project.
        let found = body.projects.unwrap_or_default().into_iter().find(|project| {
            rest::is_segment(&project.id) && project.name.as_ref().is_none_or(|found| *found == name)
        });
        found.map(|project| Arc::from(project.id)).ok_or(Error::NoProject { name })
    }
}

impl<K, T> Default for Lookup<K, T> {
    fn default() -> Self {
        Lookup { known: Arc::default(), flights: Flights::default() }
    }
}

impl<K: Ord + Clone + Send + 'static, T: Clone + Send + Sync + 'static> Lookup<K, T> {
    async fn find<F>(
        &self,
        key: K,
        sender: &Sender,
        patience: &Patience,
        look_up: impl FnOnce(Patience) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        if let Some(known) = lock(&self.known).get(&key) {
            return Ok(known.clone());
        }
        let work = |ticket: Ticket| {
            let (known, key) = (self.known.clone(), key.clone());
            let asking = look_up(Patience { quota: ticket.quota, ..Patience::default() });
            async move {
                // It may have become known since the caller looked.
                if let Some(known) = lock(&known).get(&key) {
                    return Ok(known.clone());
                }
                let found = asking.await?;
                lock(&known).insert(key, found.clone());
                Ok(found)
            }
        };
        self.flights.join(key.clone(), &**sender.clock(), patience, work).await.map_err(Error::Cut)?
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Signs calls to the identity service, which are made for the account and not for a project.
struct SignedWith {
    keys: Keys,
    domain_id: Option<String>,
}

impl rest::Authorise for SignedWith {
    type Error = Infallible;

    async fn authorise(
        &self,
        request: &Request,
        now: std::time::SystemTime,
    ) -> Result<Vec<Header>, Infallible> {
        let domain = self.domain_id.iter().map(|id| Header::plain("x-domain-id", id)).collect();
        Ok(self.keys.headers(request, domain, now))
    }
}

fn call_error(request: &Request, error: rest::Error<Infallible>) -> Error {
    Error::Call {
        operation: request.operation(),
        endpoint: request.base().authority().to_owned(),
        error: Arc::new(error),
    }
}

fn id_of(reply: &Reply) -> Option<String> {
    reply.request_id().map(str::to_owned)
}

#[derive(Deserialize)]
struct TokenReply {
    token: TokenBody,
}

#[derive(Deserialize)]
struct TokenBody {
    project: Option<Project>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::{
        Transport, TransportOptions,
        testing::{Answer, FakeClock, Server},
    };

    fn account(server: &Server, source: Option<Source>, project_id: Option<&str>) -> Account {
        let transport = Transport::new(TransportOptions::default());
        let sender = Sender::new(transport, Arc::new(FakeClock::default()), 3);
        let settings = AccountSettings {
            source,
            identity: Base::parse(&format!("{}/v3", server.url())).unwrap(),
            region: "cn-north-4".to_owned(),
            project_id: project_id.map(str::to_owned),
            project_name: None,
            domain_id: None,
            domain_name: Some("acme".to_owned()),
        };
        Account::new(settings, sender)
    }

    fn keys() -> Option<Source> {
        Source::choose(
            None,
            Some(Keys {
                access_key: "AK".to_owned(),
                secret_key: Secret::from("SK".to_owned()),
                security_token: None,
            }),
        )
    }

    fn projects(id: &str, name: &str) -> Answer {
        Answer::json(&serde_json::json!({ "projects": [{ "id": id, "name": name }] }))
    }

    #[tokio::test]
    async fn a_given_project_needs_no_call() {
        let server = Server::start(Vec::new()).await;
        let account = account(&server, keys(), Some("p0"));
        assert_eq!(&*account.project("cn-north-4", &Patience::default()).await.unwrap(), "p0");
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn a_project_is_looked_up_once_for_all() {
        let server = Server::start(vec![projects("p1", "cn-north-4"), projects("p2", "eu-west-101")]).await;
        let account = account(&server, keys(), None);
        let patience = Patience::default();
        let (one, two) =
            tokio::join!(account.project("cn-north-4", &patience), account.project("cn-north-4", &patience));
        assert_eq!((&*one.unwrap(), &*two.unwrap()), ("p1", "p1"));
        assert_eq!(&*account.project("cn-north-4", &patience).await.unwrap(), "p1");
        assert_eq!(&*account.project("eu-west-101", &patience).await.unwrap(), "p2");
        let requests = server.requests();
        assert_eq!(requests.len(), 2);
        assert!(requests[0].starts_with("GET /v3/projects?name=cn-north-4 "), "{}", requests[0]);
        assert!(requests[0].contains("SignedHeaders=host;x-sdk-date, "), "{}", requests[0]);
    }

    #[tokio::test]
    async fn a_failed_look_up_is_shared_and_not_kept() {
        let server = Server::start(vec![
            Answer::status(401).body(r#"{"error_code":"APIGW.0301"}"#),
            projects("p1", "cn-north-4"),
        ])
        .await;
        let account = account(&server, keys(), None);
        let patience = Patience::default();
        let (one, two) =
            tokio::join!(account.project("cn-north-4", &patience), account.project("cn-north-4", &patience));
        assert!(matches!(one, Err(Error::Call { .. })) && matches!(two, Err(Error::Call { .. })));
        assert_eq!(server.requests().len(), 1);
        assert_eq!(&*account.project("cn-north-4", &patience).await.unwrap(), "p1");
    }

    #[tokio::test]
    async fn an_unknown_project_is_an_error() {
        for answer in [Answer::json(&serde_json::json!({ "projects": [] })), projects("p9", "other")] {
            let server = Server::start(vec![answer]).await;
            let result = account(&server, keys(), None).project("cn-north-4", &Patience::default()).await;
            assert!(matches!(result, Err(Error::NoProject { name }) if name == "cn-north-4"));
        }
    }

    #[tokio::test]
    async fn a_token_is_exchanged_for_one_of_the_project() {
        let answer = Answer::json(&serde_json::json!({ "token": { "project": { "id": "p3" } } }))
            .header("X-Subject-Token", "scoped");
        let server = Server::start(vec![answer]).await;
        let account = account(&server, Source::choose(Some(Secret::from("mine".to_owned())), None), None);
        let patience = Patience::default();
        assert_eq!(&*account.project("cn-north-4", &patience).await.unwrap(), "p3");
        let Credentials::Token(token) = account.credentials(&patience).await.unwrap() else {
            panic!("keys");
        };
        assert_eq!(token.expose(), "scoped");
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v3/auth/tokens?nocatalog=true "), "{head}");
        assert_eq!(
            body.parse::<serde_json::Value>().unwrap(),
            serde_json::json!({ "auth": {
                "identity": { "methods": ["token"], "token": { "id": "mine" } },
                "scope": { "project": { "name": "cn-north-4", "domain": { "name": "acme" } } } } })
        );
    }

    #[tokio::test]
    async fn no_credentials_make_no_call() {
        let server = Server::start(Vec::new()).await;
        let result = account(&server, None, Some("p")).project("cn-north-4", &Patience::default()).await;
        assert!(matches!(result, Err(Error::NoCredentials)));
    }
}
