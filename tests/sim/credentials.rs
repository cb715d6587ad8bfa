//! Every way of getting credentials, what they reach then, and every refusal on the way.

use serde_json::{Value, json};

use crate::caller::*;

const LIST: &str = "wtp/backup-hosts";
const TOKENS: &str = "/v3/auth/tokens";
const SECURITY_TOKENS: &str = "/v3.0/OS-CREDENTIAL/securitytokens";
const ASSUME: &str = "/v5/agencies/assume";

fn login(identity: Value, scope: Value) -> Option<Value> {
    let mut auth = json!({"identity": identity});
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    Some(json!({"auth": auth}))
}

fn password(user: Value) -> Value {
    json!({"methods": ["password"], "password": {"user": user}})
}

fn role(members: Value) -> Option<Value> {
    login(json!({"methods": ["assume_role"], "assume_role": members}), Value::Null)
}

fn session(agency: &str, domain: &str) -> Value {
    json!({"agency_urn": format!("iam::{domain}:agency:{agency}"), "agency_session_name": agency})
}

/// The status of a list in the main project of the account these credentials act in.
async fn reach(caller: &Caller, project: &str) -> u16 {
    caller.call("GET", &format!("/v5/{project}/{LIST}"), None).await.status
}

fn wanted(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn tokens_by_password() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let by_name = json!({
        "name": "sim-user", "password": "sim-password-for-tests-only", "domain": {"id": DOMAIN},
    });
    let by_id = json!({"id": "c0000000000000000000000000000001", "password": "sim-password-for-tests-only"});
    let east = json!({"project": {"name": "cn-east-3", "domain": {"name": "sim-account"}}});
    for (user, scope, project) in [
        (&by_name, json!({"project": {"id": PROJECT}}), PROJECT),
        (&by_name, east.clone(), EAST),
        (&by_id, json!({"project": {"id": EAST}}), EAST),
    ] {
        let made = caller.open("POST", TOKENS, &[], login(password(user.clone()), scope)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.body["token"]["project"]["id"], project);
        assert_eq!(made.body["token"]["project"]["domain"]["id"], DOMAIN);
        assert_eq!(reach(&caller.with_token(&made), project).await, 200);
        let elsewhere = if project == PROJECT { EAST } else { PROJECT };
        assert_eq!(reach(&caller.with_token(&made), elsewhere).await, 403);
    }
    let account = json!({"domain": {"name": "sim-account"}});
    let made = caller.open("POST", TOKENS, &[], login(password(by_name.clone()), account)).await;
    assert_eq!((made.status, &made.body["token"]["domain"]["id"]), (201, &json!(DOMAIN)));

    let change = |member: &str, value: Value| {
        let mut user = by_name.clone();
        user[member] = value;
        user
    };
    for (user, scope, status) in [
        (change("password", json!("guess")), east.clone(), 401),
        (change("name", json!("nobody")), east.clone(), 401),
        (change("domain", json!({"name": "sim-other-account"})), east.clone(), 401),
        (change("domain", Value::Null), east.clone(), 400),
        (change("id", json!("c0000000000000000000000000000001")), east.clone(), 400),
        (by_name.clone(), json!({"project": {"id": ABROAD}}), 401),
        (by_name.clone(), json!({"project": {"name": "nowhere", "domain": {"id": DOMAIN}}}), 401),
        (by_name.clone(), json!({"project": {"id": PROJECT}, "region": {}}), 400),
    ] {
        let seen = caller.open("POST", TOKENS, &[], login(password(user), scope)).await;
        assert_eq!(seen.refusal(), wanted(status, &format!("keystone {status}")), "{}", seen.text);
        let [trace, request] =
            ["x-iam-trace-id", "x-request-id"].map(|name| seen.headers[name].to_str().unwrap());
        assert!(trace.ends_with(request), "{trace}");
    }
}

#[tokio::test]
async fn tokens_by_another_token_do_not_outlive_it() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let user = json!({"id": "c0000000000000000000000000000001", "password": "sim-password-for-tests-only"});
    let first = caller.open("POST", TOKENS, &[], login(password(user), Value::Null)).await;
    let by_token = |id: &str| json!({"methods": ["token"], "token": {"id": id}});
    let scope = json!({"project": {"id": PROJECT}});
    let body = login(by_token(&first.subject_token()), scope.clone());
    let second = caller.open("POST", &format!("{TOKENS}?nocatalog=true"), &[], body).await;
    assert_eq!(second.status, 201, "{}", second.text);
    assert_eq!(second.body["token"]["expires_at"], first.body["token"]["expires_at"]);
    assert_eq!(
        (first.body["token"]["catalog"].is_array(), second.body["token"].get("catalog")),
        (true, None)
    );
    assert_eq!(reach(&caller.with_token(&second), PROJECT).await, 200);
    let wrong = caller.open("POST", TOKENS, &[], login(by_token("made up"), scope)).await;
    assert_eq!(wrong.refusal(), wanted(401, "keystone 401"));
}

#[tokio::test]
async fn tokens_for_an_agency() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let body = |members: Value| {
        let scope = json!({"project": {"name": "cn-north-4", "domain": {"name": "sim-other-account"}}});
        login(json!({"methods": ["assume_role"], "assume_role": members}), scope)
    };
    let right = json!({"domain_name": "sim-other-account", "xrole_name": "sim-agency"});
    let newer = json!({"domain_id": OTHER_DOMAIN, "agency_name": "sim-agency"});
    let signed = caller.in_domain(DOMAIN);
    for members in [&right, &newer] {
        let made = signed.call("POST", TOKENS, body(members.clone())).await;
        assert_eq!(
            (made.status, &made.body["token"]["project"]["id"]),
            (201, &json!(ABROAD)),
            "{}",
            made.text
        );
        assert_eq!(reach(&caller.with_token(&made), ABROAD).await, 200);
    }
    let user = json!({"id": "c0000000000000000000000000000001", "password": "sim-password-for-tests-only"});
    let own = caller.open("POST", TOKENS, &[], login(password(user), Value::Null)).await;
    let made = caller.with_token(&own).call("POST", TOKENS, body(right.clone())).await;
    assert_eq!(made.status, 201, "a token needs no X-Domain-Id: {}", made.text);

    let refused =
        async |caller: &Caller, members: Value| caller.call("POST", TOKENS, body(members)).await.refusal();
    assert_eq!(refused(&caller, right.clone()).await, wanted(400, "keystone 400"), "no X-Domain-Id");
    assert_eq!(refused(&caller.in_domain(OTHER_DOMAIN), right.clone()).await, wanted(403, "keystone 403"));
    for (members, status) in [
        (json!({"domain_name": "sim-other-account", "xrole_name": "none"}), 404),
        (json!({"domain_name": "none", "xrole_name": "sim-agency"}), 404),
        (json!({"domain_name": "sim-other-account"}), 400),
        (json!({"domain_name": "sim-other-account", "xrole_name": "sim-chained-agency"}), 403),
        (json!({"domain_name": "sim-other-account", "xrole_name": "sim-agency", "x": 1}), 400),
        // The scope is in the other account, so this agency cannot have it.
        (json!({"domain_name": "sim-account", "xrole_name": "sim-agency"}), 401),
    ] {
        assert_eq!(refused(&signed, members).await, wanted(status, &format!("keystone {status}")));
    }
    caller.knob("domain_header", "optional").await;
    assert_eq!(caller.call("POST", TOKENS, body(right)).await.status, 201);
    let anonymous = caller.open("POST", TOKENS, &[], body(newer)).await;
    assert_eq!(anonymous.refusal(), wanted(401, "APIGW.0301"));
}

#[tokio::test]
async fn temporary_keys_by_agency() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let signed = caller.in_domain(DOMAIN);
    let right = json!({
        "agency_name": "sim-agency", "domain_name": "sim-other-account", "duration_seconds": 43200,
    });
    let made = signed.call("POST", SECURITY_TOKENS, role(right.clone())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let keys = &made.body["credential"];
    let expires = keys["expires_at"].as_str().unwrap();
    assert_eq!((expires.len(), expires.ends_with('Z')), (27, true), "{expires}");
    let agency = caller.with_keys(keys);
    assert_eq!(reach(&agency, ABROAD).await, 200);
    assert_eq!(reach(&agency, PROJECT).await, 403, "not in the account of the caller");
    let found = agency.call("GET", "/v3/projects?name=cn-north-4", None).await;
    assert_eq!(found.body["projects"][0]["id"], ABROAD);
    assert_eq!(agency.call("GET", "/v3/auth/domains", None).await.body["domains"][0]["id"], OTHER_DOMAIN);

    let stranger = Caller { headers: Vec::new(), ..agency.clone() };
    let seen = stranger.call("GET", &format!("/v5/{ABROAD}/{LIST}"), None).await;
    assert_eq!(seen.refusal(), wanted(401, "APIGW.0301"), "without the security token");

    let refused = async |caller: &Caller, members: Value| {
        caller.call("POST", SECURITY_TOKENS, role(members)).await.refusal()
    };
    assert_eq!(refused(&caller, right.clone()).await, wanted(400, "IAM.0007"), "no X-Domain-Id");
    assert_eq!(refused(&caller.in_domain(OTHER_DOMAIN), right.clone()).await, wanted(403, "IAM.0003"));
    for (member, value, status, code) in [
        ("agency_name", json!("none"), 404, "IAM.0004"),
        ("domain_name", json!("none"), 404, "IAM.0004"),
        ("agency_name", json!("sim-chained-agency"), 403, "IAM.0003"),
        ("agency_name", Value::Null, 400, "IAM.0007"),
        ("domain_name", Value::Null, 400, "IAM.0007"),
        ("duration_seconds", json!(899), 400, "IAM.0007"),
        ("duration_seconds", json!(86401), 400, "IAM.0007"),
        ("duration_seconds", json!("900"), 400, "IAM.0007"),
        ("duration", json!(900), 400, "IAM.0007"),
    ] {
        let mut members = right.clone();
        members[member] = value;
        assert_eq!(refused(&signed, members.clone()).await, wanted(status, code), "{members}");
    }
    let unparsable = signed.call("POST", SECURITY_TOKENS, Some(json!([]))).await;
    assert_eq!(unparsable.refusal(), wanted(400, "IAM.0011"));
    let anonymous = caller.open("POST", SECURITY_TOKENS, &[], role(right.clone())).await;
    assert_eq!(anonymous.refusal(), wanted(401, "APIGW.0301"));
    caller.knob("deny", "CreateTemporaryAccessKeyByAgency").await;
    assert_eq!(refused(&signed, right).await, wanted(403, "IAM.0003"));
}

#[tokio::test]
async fn sessions_of_sts() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let made = caller.call("POST", ASSUME, Some(session("sim-agency", OTHER_DOMAIN))).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let keys = &made.body["credentials"];
    let expires = keys["expiration"].as_str().unwrap();
    assert_eq!((expires.len(), expires.ends_with('Z')), (24, true), "{expires}");
    let urn = made.body["assumed_agency"]["urn"].as_str().unwrap();
    assert_eq!(urn, format!("sts::{OTHER_DOMAIN}:assumed-agency:sim-agency/sim-agency"));
    let agency = caller.with_keys(keys);
    assert_eq!(reach(&agency, ABROAD).await, 200);
    assert_eq!(agency.call("GET", "/v5/caller-identity", None).await.body["account_id"], OTHER_DOMAIN);

    let with = |member: &str, value: Value| {
        let mut body = session("sim-agency", OTHER_DOMAIN);
        body[member] = value;
        body
    };
    assert_eq!(caller.call("POST", ASSUME, Some(with("duration_seconds", json!(43200)))).await.status, 200);
    for (body, status, code) in [
        (session("none", OTHER_DOMAIN), 404, "STS5.1106"),
        (session("sim-agency", "none"), 404, "STS5.1106"),
        (session("sim-chained-agency", OTHER_DOMAIN), 403, "PAP5.0001"),
        (with("agency_urn", json!("sim-agency")), 400, "IAM.0007"),
        (with("agency_session_name", json!("a")), 400, "IAM.0007"),
        (with("agency_session_name", json!("a b")), 400, "IAM.0007"),
        (with("agency_session_name", Value::Null), 400, "IAM.0007"),
        (with("duration_seconds", json!(899)), 400, "IAM.0007"),
        (with("duration_seconds", json!(43201)), 400, "IAM.0007"),
        (with("domain_id", json!(OTHER_DOMAIN)), 400, "IAM.0007"),
        (json!([]), 400, "IAM.0011"),
    ] {
        let seen = caller.call("POST", ASSUME, Some(body)).await;
        assert_eq!(seen.refusal(), wanted(status, code), "{}", seen.text);
        assert_eq!(seen.body["request_id"], seen.headers["x-request-id"].to_str().unwrap());
        assert_eq!(seen.body["encoded_authorization_message"].is_string(), status == 403);
    }
    let anonymous = caller.open("POST", ASSUME, &[], Some(session("sim-agency", OTHER_DOMAIN))).await;
    assert_eq!(anonymous.refusal(), wanted(401, "APIGW.0301"));
}

#[tokio::test]
async fn chains_are_signed_step_by_step() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let first = json!({"agency_name": "sim-agency", "domain_name": "sim-other-account"});
    let second = json!({"agency_name": "sim-chained-agency", "domain_name": "sim-other-account"});
    let first_v3 = caller.in_domain(DOMAIN).call("POST", SECURITY_TOKENS, role(first)).await;
    let first_v5 = caller.call("POST", ASSUME, Some(session("sim-agency", OTHER_DOMAIN))).await;
    for keys in [&first_v3.body["credential"], &first_v5.body["credentials"]] {
        let step = caller.with_keys(keys);
        let again = step.in_domain(OTHER_DOMAIN).call("POST", SECURITY_TOKENS, role(second.clone())).await;
        assert_eq!(again.status, 201, "{}", again.text);
        assert_eq!(reach(&caller.with_keys(&again.body["credential"]), ABROAD).await, 200);
        let body = session("sim-chained-agency", OTHER_DOMAIN);
        let again = step.call("POST", ASSUME, Some(body.clone())).await;
        assert_eq!(again.status, 200, "{}", again.text);
        assert_eq!(reach(&caller.with_keys(&again.body["credentials"]), ABROAD).await, 200);

        let mut long = body.clone();
        long["duration_seconds"] = json!(3601);
        let seen = step.call("POST", ASSUME, Some(long)).await;
        assert_eq!(seen.refusal(), wanted(400, "IAM.0007"), "an hour at most with a security token");
    }
    let journal = caller.journal().await;
    let row = |operation: &str, principal: &str, status: u64| {
        journal.contains(&(operation.to_owned(), status, principal.to_owned()))
    };
    let key = format!("key:…{}", &ACCESS[ACCESS.len() - 4..]);
    assert!(row("CreateTemporaryAccessKeyByAgency", &key, 201), "{journal:?}");
    assert!(row("AssumeAgency", "agency:sim-other-account/sim-agency", 200), "{journal:?}");
    assert!(row("ListBackupHostsInfo", "agency:sim-other-account/sim-chained-agency", 200), "{journal:?}");
}

#[tokio::test]
async fn keys_by_an_id_token() {
    const LOGIN: &str = "/v3.0/OS-AUTH/id-token/tokens";
    let Bench { running: _running, caller } = bench(&[]).await;
    let body = |token: &str| Some(json!({"auth": {"id_token": {"id": token}}}));
    let idp = ("x-idp-id", "sim-idp");
    let made = caller.open("POST", LOGIN, &[idp], body(ID_TOKEN)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let token = made.subject_token();
    let by_token = |id: &str, seconds: Option<u64>| {
        login(json!({"methods": ["token"], "token": {"id": id, "duration_seconds": seconds}}), Value::Null)
    };
    for (headers, id) in [(&[][..], token.as_str()), (&[("x-auth-token", token.as_str())], "the header wins")]
    {
        let keys = caller.open("POST", SECURITY_TOKENS, headers, by_token(id, Some(21600))).await;
        assert_eq!(keys.status, 201, "{}", keys.text);
        let keys = caller.with_keys(&keys.body["credential"]);
        assert_eq!(reach(&keys, PROJECT).await, 200);
        let role = keys.call("POST", ASSUME, Some(session("sim-agency", DOMAIN))).await;
        assert_eq!(role.status, 200, "{}", role.text);
        assert_eq!(reach(&caller.with_keys(&role.body["credentials"]), PROJECT).await, 200);
        let mut long = session("sim-agency", DOMAIN);
        long["duration_seconds"] = json!(43200);
        assert_eq!(keys.call("POST", ASSUME, Some(long)).await.refusal(), wanted(400, "IAM.0007"));
    }
    for (headers, token, status, code) in [
        (&[idp][..], "made up", 401, "IAM.0007"),
        (&[("x-idp-id", "none")], ID_TOKEN, 404, "IAM.0004"),
        (&[], ID_TOKEN, 400, "IAM.0007"),
    ] {
        let seen = caller.open("POST", LOGIN, headers, body(token)).await;
        assert_eq!(seen.refusal(), wanted(status, code), "{}", seen.text);
    }
    assert_eq!(caller.open("POST", LOGIN, &[idp], None).await.refusal(), wanted(400, "IAM.0011"));
    for (id, seconds, status) in [("made up", None, 401), (token.as_str(), Some(899), 400)] {
        let seen = caller.open("POST", SECURITY_TOKENS, &[], by_token(id, seconds)).await;
        assert_eq!(seen.refusal(), wanted(status, "IAM.0007"), "{}", seen.text);
    }

    // The provider rotates its tokens.
    let (status, _) =
        caller.control("PATCH", "identity-providers/sim-idp", Some(json!({"id_tokens": ["next"]}))).await;
    assert_eq!(status, 200);
    assert_eq!(caller.open("POST", LOGIN, &[idp], body(ID_TOKEN)).await.status, 401);
    assert_eq!(caller.open("POST", LOGIN, &[idp], body("next")).await.status, 201);
    assert_eq!(caller.control("PATCH", "identity-providers/none", Some(json!({}))).await.0, 404);

    let (_, journal) = caller.control("GET", "requests", None).await;
    let text = journal.to_string();
    assert!(!text.contains(ID_TOKEN) && !text.contains(&token), "the journal holds a secret");
    assert_eq!(journal[0]["principal"], "idp:sim-idp");
}

#[tokio::test]
async fn an_agency_by_an_id_token() {
    const PATH: &str = "/v5/agencies/assume-with-oidc";
    let Bench { running: _running, caller } = bench(&[]).await;
    let mut right = session("sim-agency", DOMAIN);
    right["provider_urn"] = json!(format!("iam::{DOMAIN}:oidc-provider:sim-idp"));
    right["id_token"] = json!(ID_TOKEN);
    right["duration_seconds"] = json!(43200);
    let made = caller.open("POST", PATH, &[], Some(right.clone())).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(reach(&caller.with_keys(&made.body["credentials"]), PROJECT).await, 200);
    for (member, value, status, code) in [
        ("id_token", json!("made up"), 403, "PAP5.0001"),
        ("provider_urn", json!(format!("iam::{DOMAIN}:oidc-provider:none")), 404, "IAM.0004"),
        ("provider_urn", json!("sim-idp"), 400, "IAM.0007"),
        ("agency_urn", json!(format!("iam::{OTHER_DOMAIN}:agency:sim-chained-agency")), 403, "PAP5.0001"),
        ("duration_seconds", json!(43201), 400, "IAM.0007"),
    ] {
        let mut body = right.clone();
        body[member] = value;
        let seen = caller.open("POST", PATH, &[], Some(body)).await;
        assert_eq!(seen.refusal(), wanted(status, code), "{}", seen.text);
    }
}

#[tokio::test]
async fn keys_of_an_instance() {
    const SESSION: &str = "/meta-data/latest/api/token";
    const KEY: &str = "/openstack/latest/securitykey";
    let ttl = |seconds| ("x-metadata-token-ttl-seconds", seconds);
    let Bench { running: _running, caller } = bench(&[]).await;
    let plain = caller.open("GET", KEY, &[], None).await;
    assert_eq!(plain.status, 200, "{}", plain.text);
    assert_eq!(reach(&caller.with_keys(&plain.body["credential"]), PROJECT).await, 200);
    assert_eq!(
        caller.open("GET", KEY, &[], None).await.body,
        plain.body,
        "the same until half their time is over"
    );
    let session = caller.open("PUT", SESSION, &[ttl("21600")], None).await;
    assert_eq!(session.status, 200, "{}", session.text);
    for seconds in ["0", "21601", "long"] {
        assert_eq!(caller.open("PUT", SESSION, &[ttl(seconds)], None).await.status, 400, "{seconds}");
    }
    assert_eq!(caller.open("PUT", SESSION, &[], None).await.status, 400);

    let right = [("x-metadata-token", session.text.as_str())];
    let wrong = [("x-metadata-token", "made up")];
    // The statuses of: no session token, a right one, a wrong one, and asking for one.
    for (mode, expected) in [
        ("optional", [200, 200, 401, 200]),
        ("required", [401, 200, 401, 200]),
        ("unsupported", [200, 200, 200, 404]),
        ("no_agency", [401, 401, 401, 200]),
        ("off", [404, 404, 404, 404]),
    ] {
        caller.knob("metadata", mode).await;
        let none = caller.open("GET", KEY, &[], None).await;
        let seen = [
            none.status,
            caller.open("GET", KEY, &right, None).await.status,
            caller.open("GET", KEY, &wrong, None).await.status,
            caller.open("PUT", SESSION, &[ttl("60")], None).await.status,
        ];
        assert_eq!(seen, expected, "{mode}");
        assert_eq!(none.text.contains("Please configure Cloud Service Agency first"), mode == "no_agency");
    }
    caller.knob("metadata", "optional").await;
    caller.control("PUT", "world", Some(json!({"metadata": {"agency": ""}}))).await;
    assert_eq!(caller.open("GET", KEY, &[], None).await.status, 401, "no agency");
    let (_, journal) = caller.control("GET", "requests", None).await;
    assert_eq!(journal[0]["principal"], "ecs:sim-ecs-agency");
    assert!(!journal.to_string().contains(&session.text), "the journal holds a secret");
}

#[tokio::test]
async fn projects_of_regions_and_accounts() {
    let Bench { running: _running, mut caller } = bench(&[]).await;
    let projects = caller.call("GET", "/v3/projects", None).await.body;
    let names: Vec<_> =
        projects["projects"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["cn-north-4", "cn-east-3", "cn-north-4_sub"]);
    assert_eq!(projects["projects"][2]["parent_id"], PROJECT);
    let children = caller.call("GET", &format!("/v3/projects?parent_id={PROJECT}"), None).await.body;
    assert_eq!(children["projects"].as_array().unwrap().len(), 1);

    // Every project is a world of its own.
    let total = async |caller: &Caller, project: &str, list: &str| {
        let seen = caller.call("GET", &format!("/v5/{project}/{list}"), None).await;
        seen.body["total_num"].as_u64()
    };
    assert_eq!(total(&caller, EAST, "webtamper/hosts").await, Some(1));
    let vault = "5e000000-0000-4000-8000-000000000022";
    let body =
        json!({"host_id": vault, "backup_host_ip": "1.1.1.1", "backup_host_port": 1, "backup_dir": "/d"});
    assert_eq!(caller.hss("PUT", LIST, Some(body.clone())).await.code(), "HSS.0011", "in another project");
    assert_eq!(caller.call("PUT", &format!("/v5/{EAST}/{LIST}"), Some(body)).await.status, 200);
    assert_eq!((total(&caller, EAST, LIST).await, total(&caller, PROJECT, LIST).await), (Some(1), Some(0)));
    assert_eq!(caller.set(WEB, Some((vault, "1.1.1.1:1"))).await.code(), "HSS.0011");
    let (_, world) = caller.control("GET", "world", None).await;
    assert_eq!(world["backup_hosts"][0]["project_id"], EAST);
    assert_eq!(world["hosts"][0].get("project_id"), None, "the first project goes without saying");
    let moved = format!("hosts/{WEB}");
    assert_eq!(caller.control("PATCH", &moved, Some(json!({"project_id": "none"}))).await.0, 400);
    assert_eq!(caller.control("PATCH", &moved, Some(json!({"project_id": EAST}))).await.0, 200);
    assert_eq!(caller.show(WEB).await.code(), "HSS.0011", "in another project now");
    assert_eq!(caller.control("PATCH", &moved, Some(json!({"project_id": null}))).await.0, 200);
    assert_eq!(caller.show(WEB).await.status, 200);

    // The endpoint of one region serves no other.
    for (path, status) in [
        (format!("/at/cn-east-3/v5/{EAST}/{LIST}"), 200),
        (format!("/at/cn-north-4/v5/{EAST}/{LIST}"), 403),
        (format!("/at/nowhere/v5/{EAST}/{LIST}"), 404),
        ("/at/cn-east-3/v3/projects?name=cn-north-4".to_owned(), 200),
    ] {
        assert_eq!(caller.call("GET", &path, None).await.status, status, "{path}");
    }
    let sub = format!("/v5/{SUB}/{LIST}");
    assert_eq!(caller.call("GET", &sub, None).await.refusal(), wanted(403, "APIGW.0310"), "no X-Project-Id");
    caller.headers = vec![("x-project-id", SUB.to_owned())];
    assert_eq!(caller.call("GET", &sub, None).await.status, 200);
    caller.headers = vec![("x-domain-id", OTHER_DOMAIN.to_owned())];
    assert_eq!(caller.call("GET", "/v3/projects", None).await.refusal(), wanted(403, "keystone 403"));
    caller.knob("auth_domains", "hidden").await;
    caller.headers.clear();
    assert_eq!(caller.call("GET", "/v3/auth/domains", None).await.body["domains"], json!([]));
    assert_eq!(caller.call("GET", "/v5/caller-identity", None).await.body["account_id"], DOMAIN);
}
