//! How credentials end: by time, by revocation, by too many bad signatures, and by clocks that disagree.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::caller::*;

const LIST: &str = "wtp/backup-hosts";
const KEY: &str = "/openstack/latest/securitykey";

fn says(seen: &Seen, fragment: &str) -> bool {
    (seen.status, seen.code()) == (401, "APIGW.0301") && seen.text.contains(fragment)
}

async fn instance(caller: &Caller) -> Caller {
    caller.with_keys(&caller.open("GET", KEY, &[], None).await.body["credential"])
}

async fn login(caller: &Caller) -> Caller {
    let user = json!({"id": "c0000000000000000000000000000001", "password": "sim-password-for-tests-only"});
    let body = json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"id": PROJECT}},
    }});
    caller.with_token(&caller.open("POST", "/v3/auth/tokens", &[], Some(body)).await)
}

#[tokio::test]
async fn what_was_issued_expires() {
    let Bench { running: _running, caller } = bench(&[("keys_ttl_s", "1"), ("token_ttl_s", "1")]).await;
    let (keys, token) = (instance(&caller).await, login(&caller).await);
    for held in [&keys, &token] {
        assert_eq!(held.hss("GET", LIST, None).await.status, 200);
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    let renewed = instance(&caller).await;
    assert_ne!(renewed.access, keys.access, "new ones when half of the time is over");
    tokio::time::sleep(Duration::from_millis(450)).await;
    for held in [&keys, &token] {
        let seen = held.hss("GET", LIST, None).await;
        assert!(says(&seen, "token expires"), "{}", seen.text);
    }
    assert_eq!(renewed.hss("GET", LIST, None).await.status, 200);
    let assume =
        json!({"agency_urn": format!("iam::{DOMAIN}:agency:sim-agency"), "agency_session_name": "one"});
    let made = renewed.call("POST", "/v5/agencies/assume", Some(assume)).await;
    let end = made.body["credentials"]["expiration"].as_str().unwrap();
    let format = time::format_description::well_known::Rfc3339;
    let left = OffsetDateTime::parse(end, &format).unwrap() - OffsetDateTime::from(SystemTime::now());
    assert!(left.as_seconds_f64() <= 1.0, "the knob beats the hour that was asked for: {left}");
}

#[tokio::test]
async fn what_was_issued_is_revoked() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let given = json!({"access": "GIVEN", "secret": "given", "security_token": "temporary"});
    let fixed = json!({"access": ACCESS, "secret": SECRET});
    caller.control("PUT", "world", Some(json!({"access_keys": [given, fixed]}))).await;
    let given = Caller { access: "GIVEN".to_owned(), secret: "given".to_owned(), ..caller.clone() };
    let given = Caller { headers: vec![("x-security-token", "temporary".to_owned())], ..given };
    let (keys, token) = (instance(&caller).await, login(&caller).await);
    let (status, counts) = caller.control("POST", "revoke", None).await;
    assert_eq!((status, counts), (200, json!({"tokens": 1, "keys": 2, "sessions": 0})));
    for held in [&keys, &token, &given] {
        assert!(says(&held.hss("GET", LIST, None).await, "token expires"));
    }
    assert_eq!(caller.hss("GET", LIST, None).await.status, 200, "permanent keys stay");
    assert_eq!(instance(&caller).await.hss("GET", LIST, None).await.status, 200, "new ones are valid");
    assert_eq!(caller.control("GET", "revoke", None).await.0, 405);
}

#[tokio::test]
async fn bad_signatures_lock_a_key() {
    let Bench { running: _running, caller } = bench(&[("lock_s", "1")]).await;
    let wrong = Caller { secret: "wrong".to_owned(), ..caller.clone() };
    for _ in 0..4 {
        assert!(says(&wrong.hss("GET", LIST, None).await, "verify aksk signature fail"));
    }
    assert_eq!(caller.hss("GET", LIST, None).await.status, 200, "in a row only");
    for _ in 0..5 {
        assert!(says(&wrong.hss("GET", LIST, None).await, "verify aksk signature fail"));
    }
    let seen = caller.hss("GET", LIST, None).await;
    assert!(says(&seen, "reach the limit"), "{}", seen.text);
    let seen = caller.call("GET", "/v3/projects", None).await;
    assert!(says(&seen, "reach the limit"), "everywhere: {}", seen.text);
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(caller.hss("GET", LIST, None).await.status, 200, "for a while");
    caller.knob("lock_after", 0).await;
    for _ in 0..6 {
        assert!(says(&wrong.hss("GET", LIST, None).await, "verify aksk signature fail"));
    }
    assert_eq!(caller.hss("GET", LIST, None).await.status, 200);
}

#[tokio::test]
async fn clocks_may_disagree() {
    let Bench { running: _running, mut caller } = bench(&[("clock_offset_s", "3600")]).await;
    let seen = caller.hss("GET", LIST, None).await;
    assert!(says(&seen, "signature expired"), "{}", seen.text);
    let format = time::format_description::well_known::Rfc2822;
    let date = seen.headers["date"].to_str().unwrap();
    let date = OffsetDateTime::parse(&date.replace("GMT", "+0000"), &format).unwrap();
    let ahead = (date - OffsetDateTime::from(SystemTime::now())).whole_seconds();
    assert!((3590..=3600).contains(&ahead), "{date}");
    for _ in 0..5 {
        caller.hss("GET", LIST, None).await;
    }
    caller.knob("clock_offset_s", -3600).await;
    caller.ago = Duration::from_secs(3600);
    assert_eq!(caller.hss("GET", LIST, None).await.status, 200, "a wrong date locks nothing");
    let answer = caller.open("GET", KEY, &[], None).await.body;
    let end = answer["credential"]["expires_at"].as_str().unwrap().to_owned();
    let end = OffsetDateTime::parse(&end, &time::format_description::well_known::Rfc3339).unwrap();
    let hours = (end - OffsetDateTime::from(SystemTime::now())).as_seconds_f64() / 3600.0;
    assert!((4.9..5.1).contains(&hours), "six hours by the clock of the service: {hours}");
}

#[tokio::test]
async fn calls_through_a_proxy_are_told() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let proxy = reqwest::Proxy::all(caller.base.as_str()).unwrap();
    let http = reqwest::Client::builder().proxy(proxy).build().unwrap();
    let through = Caller { http, base: "http://169.254.169.254".to_owned(), ..caller.clone() };
    assert_eq!(through.open("GET", KEY, &[], None).await.status, 200);
    caller.open("GET", KEY, &[("user-agent", "somebody/1.0")], None).await;
    let (_, journal) = caller.control("GET", "requests", None).await;
    assert_eq!((&journal[0]["proxied"], journal[1].get("proxied")), (&Value::Bool(true), None));
    assert_eq!((journal[0].get("user_agent"), &journal[1]["user_agent"]), (None, &json!("somebody/1.0")));
}
