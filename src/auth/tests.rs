//! Every source against scripted services: which calls go out, with whose keys, and what is kept and renewed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::*;
use crate::{
    clock::{Clock, SystemClock},
    rest::{
        self, Effect, Method, Patience, Request, Sender, Transport, TransportOptions,
        testing::{Answer, FakeClock, Server},
    },
};

const HOME: &str = "cn-north-4";

struct Rig {
    server: Server,
    clock: Arc<FakeClock>,
    account: Account,
    sender: Sender,
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn keys() -> Keys {
    Keys {
        access_key: "AK".to_owned(),
        secret_key: secret("SK"),
        security_token: None,
        algorithm: Algorithm::default(),
    }
}

fn role(agency: &str, account: RoleAccount) -> Role {
    Role { agency_name: agency.to_owned(), account, duration: None }
}

fn by_name(agency: &str) -> Role {
    role(agency, RoleAccount::Name("acme".to_owned()))
}

fn by_id(agency: &str) -> Role {
    role(agency, RoleAccount::Id("acme-id".to_owned()))
}

fn with_keys() -> Offer {
    Offer { keys: Some(keys()), ..Offer::default() }
}

async fn rig(server: Server, offer: Offer, change: impl FnOnce(&mut AccountSettings)) -> Rig {
    let clock = Arc::new(FakeClock::default());
    let sender = Sender::new(Transport::new(TransportOptions::default()), clock.clone(), 3);
    let base = server.base();
    let mut settings = AccountSettings {
        chain: choose(offer).unwrap(),
        described: Arc::default(),
        algorithm: Algorithm::default(),
        identity: base.clone().join("v3"),
        iam: base.clone(),
        sts: base.clone().join("sts"),
        metadata: base,
        region: HOME.to_owned(),
        project_id: None,
        project_name: None,
        domain_id: None,
        domain_name: Some("home".to_owned()),
    };
    change(&mut settings);
    Rig { account: Account::new(settings, sender.clone()), server, clock, sender }
}

/// What the services answer to each path; keys and tokens carry a number that grows, and last a while.
async fn services(lifetime: Duration) -> Server {
    let mut number = 0;
    Server::with(move |request| {
        number += 1;
        let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap();
        answer(path, number, lifetime)
    })
    .await
}

fn answer(path: &str, number: u32, lifetime: Duration) -> Answer {
    let end = OffsetDateTime::from(FakeClock::default().now() + lifetime).format(&Rfc3339).unwrap();
    let temporary = json!({ "credential": {
        "access": format!("TEMP{number}"), "secret": "s", "securitytoken": format!("st{number}"), "expires_at": end,
    } });
    match path {
        "/v3/projects" => projects("p1", HOME),
        "/v3/auth/domains" => Answer::json(&json!({ "domains": [{ "id": "home-id", "name": "home" }] })),
        "/v3/auth/tokens" => {
            Answer::json(&json!({ "token": { "project": { "id": "p3" }, "expires_at": end } }))
                .header("X-Subject-Token", &format!("token{number}"))
        }
        "/v3.0/OS-CREDENTIAL/securitytokens" | "/openstack/latest/securitykey" => Answer::json(&temporary),
        "/sts/v5/agencies/assume" => Answer::json(&json!({ "credentials": {
            "access_key_id": format!("ROLE{number}"), "secret_access_key": "s", "security_token": "t", "expiration": end,
        } })),
        "/v3.0/OS-AUTH/id-token/tokens" => Answer::status(201).header("X-Subject-Token", "subject"),
        "/meta-data/latest/api/token" => Answer::status(200).body("session"),
        _ => Answer::json(&json!({})),
    }
}

fn projects(id: &str, name: &str) -> Answer {
    Answer::json(&json!({ "projects": [{ "id": id, "name": name }] }))
}

impl Rig {
    async fn call(&self) -> Result<(), rest::Error<Error>> {
        let patience = Patience::default();
        let project = self.account.project(HOME, &patience).await.map_err(rest::Error::Authorise)?;
        let request = Request::new("ListThings", Effect::Read, Method::GET, &self.server.base(), ["things"]);
        let identity = self.account.identity(project, patience.clone());
        self.sender.send(&request, &identity, &patience).await.map(drop)
    }

    /// Each request as its path and who made it.
    fn calls(&self) -> Vec<(String, String)> {
        let requests = self.server.requests();
        requests
            .iter()
            .map(|request| {
                let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
                let signer = request.split("Access=").nth(1).and_then(|rest| rest.split(',').next());
                let token = header(request, "x-auth-token");
                (path, signer.or(token).unwrap_or_default().to_owned())
            })
            .collect()
    }

    fn check(&self, expected: &[(&str, &str)]) {
        let calls = self.calls();
        let calls: Vec<(&str, &str)> =
            calls.iter().map(|(path, who)| (path.as_str(), who.as_str())).collect();
        assert_eq!(calls, expected);
    }

    fn body(&self, index: usize) -> Value {
        let requests = self.server.requests();
        requests[index].split_once("\r\n\r\n").unwrap().1.parse().unwrap()
    }

    async fn settle(&self, requests: usize) {
        self.server.wait_for_requests(requests).await;
        // The answer has to be read and kept, too.
        SystemClock.sleep(Duration::from_millis(50)).await;
    }
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let lines = request.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn project(id: &str) -> impl FnOnce(&mut AccountSettings) + use<> {
    let id = id.to_owned();
    move |settings| settings.project_id = Some(id)
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_given_project_needs_no_call() {
    let rig = rig(services(DAY).await, with_keys(), project("p0")).await;
    assert_eq!(&*rig.account.project(HOME, &Patience::default()).await.unwrap(), "p0");
    rig.check(&[]);
}

#[tokio::test]
async fn a_project_is_looked_up_once_for_all() {
    let server = Server::start(vec![projects("p1", HOME), projects("p2", "eu-west-101")]).await;
    let rig = rig(server, with_keys(), |_| {}).await;
    let patience = Patience::default();
    let (one, two) = tokio::join!(rig.account.project(HOME, &patience), rig.account.project(HOME, &patience));
    assert_eq!((&*one.unwrap(), &*two.unwrap()), ("p1", "p1"));
    assert_eq!(&*rig.account.project(HOME, &patience).await.unwrap(), "p1");
    assert_eq!(&*rig.account.project("eu-west-101", &patience).await.unwrap(), "p2");
    let requests = rig.server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].starts_with("GET /v3/projects?name=cn-north-4 "), "{}", requests[0]);
    assert!(requests[0].contains("SignedHeaders=host;x-sdk-date, "), "{}", requests[0]);
}

#[tokio::test]
async fn an_unknown_project_is_an_error() {
    for answer in [Answer::json(&json!({ "projects": [] })), projects("p9", "other")] {
        let rig = rig(Server::start(vec![answer]).await, with_keys(), |_| {}).await;
        let result = rig.account.project(HOME, &Patience::default()).await;
        assert!(matches!(result, Err(Error::NoProject { name }) if name == HOME));
    }
}

/// A wrong key costs one refusal, however many calls there are, with and without the look-up of a project.
#[tokio::test]
async fn a_refusal_is_met_once_and_told_in_full_once() {
    for given in [true, false] {
        let refuse = |_: &str| Answer::status(401).body(r#"{"error_code":"APIGW.0301"}"#);
        let server = Server::with(refuse).await;
        let rig = Arc::new(rig(server, with_keys(), |s| s.project_id = given.then(|| "p0".to_owned())).await);
        let mut in_full = 0;
        for _ in 0..3 {
            let calls: Vec<_> = (0..10)
                .map(|_| {
                    let rig = rig.clone();
                    tokio::spawn(async move { rig.call().await.unwrap_err() })
                })
                .collect();
            for call in calls {
                let error = call.await.unwrap();
                in_full += u32::from(!matches!(error, rest::Error::Authorise(Error::Repeated(_))));
            }
        }
        assert_eq!((rig.server.requests().len(), in_full), (1, 1), "project given: {given}");
    }
}

/// The first call goes alone; without a verdict the next one does.
#[tokio::test]
async fn the_first_call_goes_alone() {
    let busy = std::sync::atomic::AtomicBool::new(true);
    let server = Server::with(move |_| {
        if busy.swap(false, std::sync::atomic::Ordering::SeqCst) {
            Answer::json(&json!({})).after(Duration::from_millis(200))
        } else {
            Answer::json(&json!({}))
        }
    })
    .await;
    let rig = Arc::new(rig(server, with_keys(), project("p0")).await);
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let rig = rig.clone();
            tokio::spawn(async move { rig.call().await })
        })
        .collect();
    rig.server.wait_for_requests(1).await;
    SystemClock.sleep(Duration::from_millis(100)).await;
    assert_eq!(rig.server.requests().len(), 1);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(rig.server.requests().len(), 5);
}

#[tokio::test]
async fn a_token_is_exchanged_for_one_of_the_project() {
    let offer = Offer { token: Some(secret("mine")), ..with_keys() };
    let rig = rig(services(DAY).await, offer, |_| {}).await;
    rig.call().await.unwrap();
    rig.check(&[("/v3/auth/tokens", ""), ("/things", "token1")]);
    assert_eq!(
        rig.body(0),
        json!({ "auth": {
            "identity": { "methods": ["token"], "token": { "id": "mine" } },
            "scope": { "project": { "name": HOME, "domain": { "name": "home" } } } } })
    );
    let sent = rig.server.requests();
    assert!(header(&sent[1], "authorization").is_none() && header(&sent[1], "x-project-id").is_none());
}

#[tokio::test]
async fn a_password_logs_in_by_name_or_by_id() {
    for (user, expected, project_id) in [
        (
            User::Name("joe".to_owned()),
            json!({ "name": "joe", "password": "pw", "domain": { "name": "home" } }),
            None,
        ),
        (User::Id("u1".to_owned()), json!({ "id": "u1", "password": "pw" }), Some("p3".to_owned())),
    ] {
        let offer = Offer { password: Some(Password { user, password: secret("pw") }), ..Offer::default() };
        let rig = rig(services(DAY).await, offer, |s| s.project_id.clone_from(&project_id)).await;
        rig.call().await.unwrap();
        rig.check(&[("/v3/auth/tokens", ""), ("/things", "token1")]);
        let auth = &rig.body(0)["auth"];
        assert_eq!(auth["identity"]["password"]["user"], expected);
        let scope = match project_id {
            Some(id) => json!({ "id": id }),
            None => json!({ "name": HOME, "domain": { "name": "home" } }),
        };
        assert_eq!(auth["scope"]["project"], scope);
    }
}

fn agency() -> Option<Agency> {
    let (name, domain_name, project_name) = ("ops".to_owned(), "acme".to_owned(), HOME.to_owned());
    Some(Agency { name, domain_name, project_name })
}

#[tokio::test]
async fn an_agency_is_entered_with_keys_a_token_or_a_password() {
    let password = Password { user: User::Name("joe".to_owned()), password: secret("pw") };
    let none = Offer { agency: agency(), ..Offer::default() };
    for (offer, expected) in [
        (
            Offer { keys: Some(keys()), ..none.clone() },
            &[("/v3/auth/domains", "AK"), ("/v3/auth/tokens", "AK"), ("/things", "token2")][..],
        ),
        (
            Offer { token: Some(secret("mine")), ..none.clone() },
            &[("/v3/auth/tokens", "mine"), ("/things", "token1")],
        ),
        (
            Offer { password: Some(password), ..none },
            &[("/v3/auth/tokens", ""), ("/v3/auth/tokens", "token1"), ("/things", "token2")],
        ),
    ] {
        let rig = rig(services(DAY).await, offer, |_| {}).await;
        rig.call().await.unwrap();
        rig.check(expected);
        let last = rig.body(expected.len() - 2);
        assert_eq!(
            last["auth"],
            json!({
                "identity": { "methods": ["assume_role"], "assume_role": { "domain_name": "acme", "xrole_name": "ops" } },
                "scope": { "project": { "name": HOME, "domain": { "name": "acme" } } } })
        );
    }
}

#[tokio::test]
async fn a_role_comes_after_an_agency() {
    let offer = Offer { agency: agency(), roles: vec![by_id("one")], ..with_keys() };
    let rig = rig(services(DAY).await, offer, |_| {}).await;
    rig.call().await.unwrap();
    rig.check(&[
        ("/v3/auth/domains", "AK"),
        ("/v3/auth/tokens", "AK"),
        ("/sts/v5/agencies/assume", "token2"),
        ("/v3/projects", "ROLE3"),
        ("/things", "ROLE3"),
    ]);
}

#[tokio::test]
async fn each_step_of_a_chain_is_signed_with_the_keys_of_the_step_before() {
    let roles = vec![by_name("one"), by_id("two"), by_name("three")];
    let rig = rig(services(DAY).await, Offer { roles, ..with_keys() }, |_| {}).await;
    rig.call().await.unwrap();
    rig.check(&[
        ("/v3/auth/domains", "AK"),
        ("/v3.0/OS-CREDENTIAL/securitytokens", "AK"),
        ("/sts/v5/agencies/assume", "TEMP2"),
        // The account of the step before is known by its id.
        ("/v3.0/OS-CREDENTIAL/securitytokens", "ROLE3"),
        ("/v3/projects", "TEMP4"),
        ("/things", "TEMP4"),
    ]);
    assert_eq!(
        rig.body(1)["auth"]["identity"]["assume_role"],
        json!({ "agency_name": "one", "domain_name": "acme", "duration_seconds": 43200 })
    );
    assert_eq!(rig.body(2), json!({ "agency_urn": "iam::acme-id:agency:two", "agency_session_name": "two" }));
    let sent = rig.server.requests();
    assert_eq!(header(&sent[1], "x-domain-id"), Some("home-id"));
    assert_eq!(header(&sent[2], "x-security-token"), Some("st2"));
    assert_eq!(header(&sent[3], "x-domain-id"), Some("acme-id"));
}

#[tokio::test]
async fn who_may_not_list_accounts_is_asked_about_by_another_service() {
    let server = Server::with(|request| {
        let path = request.split(' ').nth(1).unwrap();
        match path {
            "/v3/auth/domains" => Answer::json(&json!({ "domains": [] })),
            "/sts/v5/caller-identity" => Answer::json(&json!({ "account_id": "told" })),
            other => answer(other, 1, DAY),
        }
    })
    .await;
    let rig = rig(server, Offer { roles: vec![by_name("one")], ..with_keys() }, project("p0")).await;
    rig.call().await.unwrap();
    assert_eq!(header(&rig.server.requests()[2], "x-domain-id"), Some("told"));
}

#[tokio::test]
async fn a_role_by_id_may_be_assumed_with_a_token_and_lasts_as_asked() {
    let one = Role { duration: Some(1800), ..by_id("one") };
    let offer = Offer { token: Some(secret("mine")), roles: vec![one], ..Offer::default() };
    let rig = rig(services(DAY).await, offer, project("p0")).await;
    rig.call().await.unwrap();
    rig.check(&[("/v3/auth/tokens", ""), ("/sts/v5/agencies/assume", "token1"), ("/things", "ROLE2")]);
    assert_eq!(rig.body(1)["duration_seconds"], 1800);
}

#[tokio::test]
async fn oidc_needs_no_keys_and_reads_its_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("token");
    let oidc = Oidc { idp_id: "idp".to_owned(), id_token: IdToken::File(path.clone()) };
    let offer = Offer { oidc: Some(oidc), roles: vec![by_id("one")], ..with_keys() };
    let rig = rig(services(Duration::from_secs(3600)).await, offer, project("p0")).await;
    assert!(matches!(rig.call().await, Err(rest::Error::Authorise(Error::Unobtainable { .. }))));
    std::fs::write(&path, "\nfirst\r\n").unwrap();
    rig.call().await.unwrap();
    let way = [
        ("/v3.0/OS-AUTH/id-token/tokens", ""),
        ("/v3.0/OS-CREDENTIAL/securitytokens", ""),
        ("/sts/v5/agencies/assume", "TEMP2"),
    ];
    rig.check(&[&way[..], &[("/things", "ROLE3")]].concat());
    assert_eq!(rig.body(0), json!({ "auth": { "id_token": { "id": "first" } } }));
    assert_eq!(header(&rig.server.requests()[0], "x-idp-id"), Some("idp"));
    assert_eq!(
        rig.body(1)["auth"]["identity"],
        json!({ "methods": ["token"], "token": { "id": "subject" } })
    );
    std::fs::write(&path, "second").unwrap();
    rig.clock.advance(Duration::from_secs(3590));
    rig.call().await.unwrap();
    assert_eq!(rig.body(4), json!({ "auth": { "id_token": { "id": "second" } } }));
}

#[tokio::test]
async fn metadata_comes_with_a_session_token_where_there_are_some() {
    let rig = rig(services(DAY).await, Offer::default(), project("p0")).await;
    rig.call().await.unwrap();
    rig.check(&[
        ("/meta-data/latest/api/token", ""),
        ("/openstack/latest/securitykey", ""),
        ("/things", "TEMP2"),
    ]);
    let sent = rig.server.requests();
    assert!(sent[0].starts_with("PUT "), "{}", sent[0]);
    assert_eq!(header(&sent[0], "x-metadata-token-ttl-seconds"), Some("21600"));
    assert_eq!(header(&sent[1], "x-metadata-token"), Some("session"));
}

/// A server's answers to the metadata calls, in turn, then the usual ones.
async fn metadata(answers: Vec<Answer>) -> Rig {
    let mut answers = answers.into_iter();
    let server = Server::with(move |request| {
        let path = request.split(' ').nth(1).unwrap().to_owned();
        answers.next().unwrap_or_else(|| answer(&path, 9, DAY))
    })
    .await;
    rig(server, Offer::default(), project("p0")).await
}

#[tokio::test]
async fn metadata_of_older_servers_and_outdated_sessions() {
    for status in [404, 405, 503] {
        let rig = metadata(vec![Answer::status(status)]).await;
        rig.call().await.unwrap();
        assert_eq!(header(&rig.server.requests()[1], "x-metadata-token"), None, "{status}");
        assert_eq!(rig.clock.slept(), Vec::<Duration>::new(), "nothing is repeated");
    }
    // The hardened form is required after all.
    let rig = metadata(vec![Answer::status(404), Answer::status(401)]).await;
    rig.call().await.unwrap();
    assert_eq!(header(&rig.server.requests()[3], "x-metadata-token"), Some("session"));
}

#[tokio::test]
async fn metadata_that_gives_no_keys_says_why() {
    let no_agency = Answer::status(401).body("Please configure Cloud Service Agency first");
    let session = Answer::status(200).body("s");
    for (answers, says) in [
        (vec![session.clone(), no_agency], "this server has no agency"),
        (vec![Answer::status(500)], "HTTP 500"),
        (vec![Answer::status(404), Answer::status(401), Answer::status(405)], "HTTP 405"),
        (vec![session.clone(), Answer::status(401), session, Answer::status(401)], "its own session token"),
        (vec![Answer::Reset], "no server of the cloud"),
    ] {
        let rig = metadata(answers).await;
        let Err(rest::Error::Authorise(Error::Unobtainable { error, .. })) = rig.call().await else {
            panic!("it gave keys");
        };
        assert!(error.to_string().contains(says), "{error}");
        let asked = rig.server.requests().len();
        // It is not asked again: whoever comes later is told the same at once.
        let again = rig.call().await;
        assert!(matches!(again, Err(rest::Error::Authorise(Error::Repeated(_)))), "{again:?}");
        assert_eq!(rig.server.requests().len(), asked);
    }
}

#[tokio::test]
async fn credentials_are_renewed_ahead_while_calls_go_on() {
    let offer = Offer { roles: vec![by_id("one")], ..with_keys() };
    let rig = rig(services(Duration::from_secs(20)).await, offer, project("p0")).await;
    rig.call().await.unwrap();
    rig.clock.advance(Duration::from_secs(14));
    rig.call().await.unwrap();
    rig.check(&[("/sts/v5/agencies/assume", "AK"), ("/things", "ROLE1"), ("/things", "ROLE1")]);
    // A quarter of the life is left: this call still goes out with what there is.
    rig.clock.advance(Duration::from_millis(1500));
    rig.call().await.unwrap();
    rig.settle(5).await;
    let calls = rig.calls();
    assert_eq!(calls.iter().filter(|(path, _)| path.contains("assume")).count(), 2, "{calls:?}");
    let before = calls.iter().filter(|(_, who)| who == "ROLE1").count();
    assert_eq!(before, 3, "{calls:?}");
}

#[tokio::test]
async fn what_has_expired_is_never_used() {
    let server = {
        let mut number = 0;
        Server::with(move |request| {
            number += 1;
            let path = request.split(' ').nth(1).unwrap().to_owned();
            // The second set of keys lasts longer, since the fake time has moved on.
            answer(&path, number, Duration::from_secs(if number < 3 { 20 } else { 3600 }))
        })
        .await
    };
    let offer = Offer { roles: vec![by_id("one")], ..with_keys() };
    let rig = rig(server, offer, project("p0")).await;
    rig.call().await.unwrap();
    rig.clock.advance(Duration::from_secs(19));
    let (one, two) = tokio::join!(rig.call(), rig.call());
    one.unwrap();
    two.unwrap();
    rig.check(&[
        ("/sts/v5/agencies/assume", "AK"),
        ("/things", "ROLE1"),
        ("/sts/v5/agencies/assume", "AK"),
        ("/things", "ROLE3"),
        ("/things", "ROLE3"),
    ]);
}

/// Answers 401 to calls made with any of `refused`.
async fn refusing(
    refused: &'static [&'static str],
    headers: &'static [(&'static str, &'static str)],
) -> Server {
    let mut number = 0;
    Server::with(move |request| {
        number += 1;
        let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap();
        if refused.iter().any(|who| request.contains(&format!("Access={who},"))) {
            let answer = Answer::status(401).body(r#"{"error_code":"APIGW.0301"}"#);
            return headers.iter().fold(answer, |answer, (name, value)| answer.header(name, value));
        }
        answer(path, number, DAY)
    })
    .await
}

#[tokio::test]
async fn after_a_401_there_is_one_renewal_where_there_is_something_to_renew() {
    let offer = || Offer { roles: vec![by_id("one")], ..with_keys() };
    let good = rig(refusing(&["ROLE1"], &[]).await, offer(), project("p0")).await;
    good.call().await.unwrap();
    good.check(&[
        ("/sts/v5/agencies/assume", "AK"),
        ("/things", "ROLE1"),
        ("/sts/v5/agencies/assume", "AK"),
        ("/things", "ROLE3"),
    ]);
    // If the new ones are refused too, that is the end of it.
    let bad = rig(refusing(&["ROLE1", "ROLE3", "ROLE5"], &[]).await, offer(), project("p0")).await;
    assert!(matches!(bad.call().await, Err(rest::Error::Refused { .. })));
    assert!(matches!(bad.call().await, Err(rest::Error::Authorise(Error::Repeated(_)))));
    assert_eq!(bad.server.requests().len(), 4);
}

#[tokio::test]
async fn a_wrong_clock_is_not_mended_by_other_keys() {
    let date = &[("Date", "Thu, 01 Jan 2026 01:00:00 GMT")];
    let offer = Offer { roles: vec![by_id("one")], ..with_keys() };
    let rig = rig(refusing(&["ROLE1"], date).await, offer, project("p0")).await;
    let Err(rest::Error::Refused { refusal, .. }) = rig.call().await else { panic!("was accepted") };
    assert_eq!(refusal.skew(), Some(Duration::from_secs(3600)));
    assert_eq!(rig.server.requests().len(), 2);
}

/// A renewal that fails early is tried again later, and nobody is told while the old credentials work.
#[tokio::test]
async fn a_failed_renewal_is_no_failure_while_the_old_credentials_work() {
    let mut renewals = 0;
    let server = Server::with(move |request| {
        let path = request.split(' ').nth(1).unwrap().to_owned();
        renewals += u32::from(path.contains("assume"));
        if path.contains("assume") && renewals == 2 {
            Answer::status(403)
        } else {
            answer(&path, renewals, DAY)
        }
    })
    .await;
    let offer = Offer { roles: vec![by_id("one")], ..with_keys() };
    let rig = rig(server, offer, project("p0")).await;
    rig.call().await.unwrap();
    rig.clock.advance(DAY - Duration::from_secs(500));
    // Which of the two comes first is left open.
    rig.call().await.unwrap();
    rig.settle(4).await;
    rig.call().await.unwrap();
    rig.call().await.unwrap();
    let renewals = |rig: &Rig| rig.calls().iter().filter(|(path, _)| path.contains("assume")).count();
    assert_eq!(renewals(&rig), 2, "one at first, one that failed");
    rig.clock.advance(Duration::from_secs(200));
    rig.call().await.unwrap();
    rig.settle(8).await;
    assert_eq!(renewals(&rig), 3, "tried again in its time");
}

#[test]
fn nothing_that_can_be_printed_holds_a_secret() {
    let offer = Offer {
        token: Some(secret("canary")),
        keys: Some(Keys { secret_key: secret("canary"), security_token: Some(secret("canary")), ..keys() }),
        password: Some(Password { user: User::Id("u".to_owned()), password: secret("canary") }),
        oidc: Some(Oidc { idp_id: "i".to_owned(), id_token: IdToken::Given(secret("canary")) }),
        ..Offer::default()
    };
    let token = Credential::new(Proof::Token(secret("canary"), None), None);
    let keys = Credential::new(Proof::Keys(Keys { secret_key: secret("canary"), ..keys() }), None);
    let shown = format!("{offer:?} {token:?} {keys:?} {:?}", choose(offer.clone()));
    assert!(!shown.contains("canary"), "{shown}");
}
