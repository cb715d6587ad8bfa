//! The simulator from outside: every operation over HTTP, with a signer of these tests' own, and the binary's contract.

#![allow(clippy::disallowed_methods, reason = "these tests deal with real processes and real time")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "sim/caller.rs"]
mod caller;
#[path = "sim/credentials.rs"]
mod credentials;
#[path = "sim/lifetimes.rs"]
mod lifetimes;
#[path = "sim/program.rs"]
mod program;
#[path = "sim/tls.rs"]
mod tls;
#[path = "sim/trouble.rs"]
mod trouble;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use caller::*;

#[tokio::test]
async fn the_main_way() {
    let Bench { running, caller } = bench(&[("start_after_ms", "150")]).await;
    let put = caller.register(VAULT, 18080).await;
    assert_eq!((put.status, put.text.as_str()), (200, ""));
    assert!(put.headers.get("content-type").is_none());
    assert_eq!(put.headers["x-request-id"].len(), 32);
    assert_eq!(caller.status_of(VAULT).await, Some(2));
    let early = caller.set(WEB, Some((VAULT, "172.16.8.20:18080"))).await;
    assert_eq!((early.status, early.code()), (400, "HSS.0001"), "the target is not running yet");
    let began = Instant::now();
    while caller.status_of(VAULT).await != Some(1) {
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    caller.register(VAULT, 18080).await;
    assert_eq!(caller.status_of(VAULT).await, Some(1), "identical values restart nothing");

    assert_eq!(caller.show(WEB).await.body, json!({"remote_backup": false}));
    let set = caller.set(WEB, Some((VAULT, "172.16.8.20:18080"))).await;
    assert_eq!((set.status, set.text.as_str()), (200, ""));
    let on = json!({
        "remote_backup": true, "backup_addr": "172.16.8.20:18080",
        "backup_host_id": VAULT, "backup_host_name": "vault-a",
    });
    assert_eq!(caller.show(WEB).await.body, on);
    let listed = caller.hss("GET", &format!("webtamper/hosts?host_id={WEB}"), None).await;
    assert_eq!(listed.body["total_num"], 1);
    assert_eq!(listed.body["data_list"][0]["backup_host_id"], VAULT);

    caller.register(VAULT, 18081).await;
    assert_eq!(caller.status_of(VAULT).await, Some(2), "a change restarts");
    assert_eq!(caller.show(WEB).await.body, on, "the protected server keeps the address it was given");

    let ids = json!({"backup_host_id_list": [VAULT]});
    assert_eq!(caller.hss("DELETE", "wtp/backup-hosts", Some(ids)).await.status, 200);
    assert_eq!(caller.status_of(VAULT).await, None);
    assert_eq!(caller.show(WEB).await.body["backup_host_id"], VAULT, "a dangling id by default");
    assert_eq!(caller.set(WEB, None).await.status, 200);
    assert_eq!(caller.show(WEB).await.body, json!({"remote_backup": false}));
    running.shutdown().await;
}

#[tokio::test]
async fn lists_filter_and_page() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let total = |rest: &'static str| {
        let caller = &caller;
        async move { caller.hss("GET", rest, None).await.body["total_num"].clone() }
    };
    assert_eq!(total("webtamper/hosts").await, 6, "protected or once protected, default project only");
    assert_eq!(total("webtamper/hosts?enterprise_project_id=all_granted_eps").await, 7);
    assert_eq!(total("webtamper/hosts?protect_status=opened").await, 5);
    assert_eq!(total("webtamper/hosts?host_name=WEB-1").await, 1, "fuzzy");
    assert_eq!(total("webtamper/hosts?os_type=Windows").await, 1);
    assert_eq!(total("webtamper/hosts?agent_status=offline").await, 1);
    assert_eq!(total("webtamper/host-management/hosts").await, 5);
    assert_eq!(total("wtp/backup-hosts").await, 0);
    let counters = caller.hss("GET", "wtp/statistics", None).await.body;
    let expected = json!({
        "protect_host_num": 5, "protect_success_host_num": 5, "protect_fail_host_num": 0, "anti_tampering_num": 0,
    });
    assert_eq!(counters, expected);

    let hosts: Vec<Value> = (0..230).map(|it| json!({"backup_host_id": format!("b{it}")})).collect();
    let (status, _) = caller.control("PUT", "world", Some(json!({"backup_hosts": hosts}))).await;
    assert_eq!(status, 200);
    for (query, rows) in [("limit=200", 200), ("limit=200&offset=200", 30), ("", 10), ("offset=2000000", 0)] {
        let page = caller.hss("GET", &format!("wtp/backup-hosts?{query}"), None).await.body;
        assert_eq!(
            (page["total_num"].as_i64(), page["data_list"].as_array().unwrap().len()),
            (Some(230), rows)
        );
    }
    assert_eq!(total("wtp/backup-hosts?is_run=true").await, 0, "nothing is known of their agents");
}

#[tokio::test]
async fn servers_are_found_by_every_filter_of_the_reference() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let host = |id: &str, more: Value| {
        let mut host = json!({"host_id": id, "protect_status": "opened", "private_ip": "10.0.0.1"});
        host.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host
    };
    let hosts = [
        host("plain", json!({})),
        host("public", json!({"public_ip": "198.51.100.7", "anti_tampering_times": 3})),
        host("grouped", json!({"group_id": "0".repeat(36), "group_name": "shop"})),
        host(
            "dear",
            json!({"asset_value": "important", "anti_tampering_times": 4, "detect_tampering_times": 9}),
        ),
        host("rasp", json!({"rasp_protect_status": "opened"})),
        host(
            "partial",
            json!({"protect_status": "partial_protection", "abnormal_reason": 10, "abnormal_dir_list": ["/nfs"]}),
        ),
        host("cut", json!({"protect_status": "protection_interruption", "interrupt_reason": "no disk"})),
        host("off", json!({"protect_status": "closed", "agent_status": "offline"})),
    ];
    assert_eq!(caller.control("PUT", "world", Some(json!({"hosts": hosts}))).await.0, 200);
    for (query, expected) in [
        ("host_id=plain", "plain"),
        ("host_name=LAI", "plain"),
        ("public_ip=198.51.100.7", "public"),
        ("group_name=shop", "grouped"),
        ("asset_value=important", "dear"),
        ("rasp_status=opened", "rasp"),
        ("wtp_status=partial_protection", "partial"),
        ("wtp_status=protection_interruption", "cut"),
        ("agent_status=offline", "off"),
        ("private_ip=10.0.0.1&protect_status=opened&os_type=Linux&asset_value=important", "dear"),
        ("group_name=Shop", ""),
    ] {
        let seen = caller.hss("GET", &format!("webtamper/hosts?{query}"), None).await;
        let ids: Vec<&str> = seen.body["data_list"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["host_id"].as_str().unwrap())
            .collect();
        let expected: Vec<&str> = Some(expected).filter(|id| !id.is_empty()).into_iter().collect();
        assert_eq!(ids, expected, "{query}");
    }
    let row = |id: &'static str| {
        let caller = &caller;
        async move {
            caller.hss("GET", &format!("webtamper/hosts?host_id={id}"), None).await.body["data_list"][0]
                .clone()
        }
    };
    let partial = row("partial").await;
    assert_eq!((&partial["abnormal_reason"], &partial["abnormal_dir_list"]), (&json!(10), &json!(["/nfs"])));
    assert_eq!(row("cut").await["interrupt_reason"], "no disk");
    let plain = row("plain").await;
    assert!(plain.get("abnormal_reason").is_none() && plain.get("interrupt_reason").is_none());
    let counters = caller.hss("GET", "wtp/statistics", None).await.body;
    let expected = json!({
        "protect_host_num": 7, "protect_success_host_num": 5, "protect_fail_host_num": 0, "anti_tampering_num": 7,
    });
    assert_eq!(counters, expected);
    for query in
        ["asset_value=dear", "rasp_status=on", "agent_status=gone", "group_name=", "protect_status=closed"]
    {
        let seen = caller.hss("GET", &format!("webtamper/hosts?{query}"), None).await;
        assert_eq!((seen.status, seen.code()), (400, "HSS.0001"), "{query}");
    }
}

#[tokio::test]
async fn is_run_asks_for_agents_that_are_online() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let world = json!({
        "hosts": [{"host_id": "a"}, {"host_id": "b", "agent_status": "offline"}],
        "backup_hosts": [{"backup_host_id": "a", "backup_host_status": -1}, {"backup_host_id": "b"}],
    });
    assert_eq!(caller.control("PUT", "world", Some(world)).await.0, 200);
    for (query, ids) in [("", vec!["a", "b"]), ("?is_run=false", vec!["a", "b"]), ("?is_run=true", vec!["a"])]
    {
        let seen = caller.hss("GET", &format!("wtp/backup-hosts{query}"), None).await.body;
        let rows = seen["data_list"].as_array().unwrap().clone();
        let found: Vec<&str> = rows.iter().map(|row| row["backup_host_id"].as_str().unwrap()).collect();
        assert_eq!((found, seen["total_num"].as_u64()), (ids.clone(), Some(ids.len() as u64)), "{query}");
    }
}

#[tokio::test]
async fn wrong_parameters_are_refused() {
    let Bench { running: _running, caller } = bench(&[]).await;
    for query in [
        "wtp/backup-hosts?limit=9",
        "wtp/backup-hosts?limit=201",
        "wtp/backup-hosts?limit=x",
        "wtp/backup-hosts?offset=2000001",
        "wtp/backup-hosts?offset=-1",
        "wtp/backup-hosts?is_run=yes",
        "wtp/backup-hosts?host_id=a",
        "wtp/backup-hosts?limit=10&limit=20",
        "wtp/backup-hosts?enterprise_project_id=",
        "webtamper/hosts?protect_status=closed",
        "webtamper/hosts?wtp_status=closed",
        "webtamper/hosts?os_type=linux",
        "webtamper/hosts?public_ip=1.1",
    ] {
        let seen = caller.hss("GET", query, None).await;
        assert_eq!((seen.status, seen.code()), (400, "HSS.0001"), "{query}: {}", seen.text);
    }
    let good = json!({
        "host_id": VAULT, "backup_host_ip": "172.16.8.20", "backup_host_port": 18080, "backup_dir": "/data",
    });
    for (member, value) in [
        ("backup_host_port", json!(65536)),
        ("backup_host_port", json!("18080")),
        ("backup_host_port", json!(1.5)),
        ("backup_dir", json!("/".repeat(257))),
        ("backup_dir", Value::Null),
        ("port", json!(1)),
    ] {
        let mut body = good.clone();
        body[member] = value;
        let seen = caller.hss("PUT", "wtp/backup-hosts", Some(body)).await;
        assert_eq!((seen.status, seen.code()), (400, "HSS.0001"), "{member}: {}", seen.text);
    }
    let wrong_scope = "wtp/backup-hosts?enterprise_project_id=all_granted_eps";
    assert_eq!(caller.hss("PUT", wrong_scope, Some(good)).await.code(), "HSS.0001");
    for ids in [vec!["a".to_owned(); 101], vec![], vec!["a".repeat(129)], vec![String::new()]] {
        let body = json!({"backup_host_id_list": ids});
        assert_eq!(caller.hss("DELETE", "wtp/backup-hosts", Some(body)).await.code(), "HSS.0001");
    }
    for body in [
        json!({}),
        json!({"remote_backup": "true"}),
        json!({"remote_backup": true}),
        json!({"remote_backup": true, "backup_host_id": VAULT, "backup_addr": "172.16.8.20"}),
        json!({"remote_backup": false, "backup_addr": null}),
    ] {
        let seen = caller.hss("POST", &format!("wtp/{WEB}/set-remote-backup"), Some(body)).await;
        assert_eq!((seen.status, seen.code()), (400, "HSS.0001"), "{}", seen.text);
    }
    let unparsable = caller.hss("PUT", "wtp/backup-hosts", None).await;
    assert_eq!(unparsable.code(), "HSS.0002");
}

#[tokio::test]
async fn preconditions_are_refused() {
    let Bench { running: _running, caller } = bench(&[]).await;
    for (id, code) in [
        (WEB_WINDOWS, "HSS.0001"),
        (WEB_OFFLINE, "HSS.1007"),
        (WEB_NO_AGENT, "HSS.1001"),
        ("unknown", "HSS.0011"),
        (WEB_OTHER, "HSS.0011"),
    ] {
        let seen = caller.register(id, 18080).await;
        assert_eq!((seen.status, seen.code()), (400, code), "{id}");
        assert_eq!(seen.body["error_msg"], seen.body["error_description"]);
    }
    caller.register(VAULT, 18080).await;
    let target = Some((VAULT, "172.16.8.20:18080"));
    for (id, code) in [
        (WEB_WINDOWS, "HSS.0001"),
        (WEB_CLOSED, "HSS.0010"),
        (WEB_BARE, "HSS.0010"),
        (WEB_OFFLINE, "HSS.1007"),
        ("unknown", "HSS.0011"),
        (WEB_OTHER, "HSS.0011"),
    ] {
        assert_eq!(caller.set(id, target).await.code(), code, "{id}");
    }
    assert_eq!(caller.set(WEB, Some(("unknown", "172.16.8.20:18080"))).await.code(), "HSS.0011");
    caller.knob("set_refused", "00000010").await;
    let bare = caller.set(WEB_CLOSED, target).await;
    assert_eq!((bare.code(), &bare.body["error_msg"]), ("00000010", &Value::Null));
    let other = format!("wtp/{WEB_OTHER}/backup-host?enterprise_project_id={OTHER_PROJECT}");
    assert_eq!(caller.hss("GET", &other, None).await.body, json!({"remote_backup": false}));
}

#[tokio::test]
async fn protection_is_switched() {
    let Bench { running: _running, caller } = bench(&[("wtp_opening_ms", "100")]).await;
    caller.register(VAULT, 18080).await;
    let switch = |on: bool, id: &str| {
        let mut body = json!({"status": on, "host_id_list": [id]});
        if on {
            body["charging_mode"] = json!("on_demand");
        }
        caller.hss("POST", "webtamper/static/status", Some(body))
    };
    assert_eq!(switch(true, WEB_CLOSED).await.status, 200);
    let target = Some((VAULT, "172.16.8.20:18080"));
    assert_eq!(caller.set(WEB_CLOSED, target).await.code(), "HSS.0010", "still opening");
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(caller.set(WEB_CLOSED, target).await.status, 200);
    assert_eq!(switch(true, WEB_CLOSED).await.code(), "HSS.0001");
    assert_eq!(switch(false, WEB_CLOSED).await.status, 200);
    assert_eq!(switch(false, WEB_CLOSED).await.status, 200, "twice is no error");
    assert_eq!(caller.show(WEB_CLOSED).await.body["remote_backup"], false, "cleared with it");
    assert_eq!(switch(false, "unknown").await.code(), "00000010");
    assert_eq!(switch(true, WEB_NO_AGENT).await.code(), "HSS.1001");
}

#[tokio::test]
async fn credentials_are_checked() {
    let Bench { running: _running, mut caller } = bench(&[]).await;
    let list = "wtp/backup-hosts";
    let refused = |seen: Seen, status: u16, code: &str, text: &str| {
        assert_eq!((seen.status, seen.code()), (status, code), "{}", seen.text);
        assert!(seen.text.contains(text), "{}", seen.text);
        assert_eq!(seen.body["request_id"], seen.headers["x-request-id"].to_str().unwrap());
    };
    caller.secret = "wrong".to_owned();
    refused(caller.hss("GET", list, None).await, 401, "APIGW.0301", "verify aksk signature fail");
    caller.secret = SECRET.to_owned();
    caller.access = "UNKNOWN".to_owned();
    refused(caller.hss("GET", list, None).await, 401, "APIGW.0301", "ak UNKNOWN not exist");
    caller.access = ACCESS.to_owned();
    caller.ago = Duration::from_secs(16 * 60);
    refused(caller.hss("GET", list, None).await, 401, "APIGW.0301", "signature expired");
    caller.ago = Duration::from_secs(14 * 60);
    assert_eq!(caller.hss("GET", list, None).await.status, 200);
    refused(caller.call("GET", "/v5/other/wtp/backup-hosts", None).await, 403, "APIGW.0310", "project");
    refused(caller.call("GET", "/v5/other/elsewhere", None).await, 404, "APIGW.0101", "not exist");
    refused(caller.hss("PATCH", list, None).await, 404, "APIGW.0101", "not exist");
    caller.headers = vec![("x-project-id", "other".to_owned())];
    refused(caller.hss("GET", list, None).await, 403, "APIGW.0310", "project");

    caller.headers.clear();
    let key = json!({"access": ACCESS, "secret": SECRET, "security_token": "temporary"});
    caller.control("PUT", "world", Some(json!({"access_keys": [key]}))).await;
    refused(caller.hss("GET", list, None).await, 401, "APIGW.0301", "security token");
    caller.headers = vec![("x-security-token", "temporary".to_owned())];
    assert_eq!(caller.hss("GET", list, None).await.status, 200);

    let anonymous = caller.http.get(format!("{}/v5/{PROJECT}/{list}", caller.base)).send().await.unwrap();
    assert_eq!(anonymous.status().as_u16(), 401);
}

#[tokio::test]
async fn logging_in_and_finding_projects() {
    let Bench { running: _running, mut caller } = bench(&[]).await;
    let projects = caller.call("GET", "/v3/projects?name=cn-north-4", None).await.body;
    assert_eq!(projects["projects"][0]["id"], PROJECT);
    assert_eq!(projects["links"]["next"], Value::Null);
    assert_eq!(caller.call("GET", "/v3/projects?name=cn-north", None).await.body["projects"], json!([]));
    assert_eq!(caller.call("GET", "/v3/auth/domains", None).await.body["domains"][0]["name"], "sim-account");

    let user = json!({
        "name": "sim-user", "password": "sim-password-for-tests-only", "domain": {"name": "sim-account"},
    });
    let request = |user: &Value, scope: Value| json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}});
    let project = json!({"project": {"name": "cn-north-4"}});
    let answer = caller.call("POST", "/v3/auth/tokens", Some(request(&user, project.clone()))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.body["token"]["project"]["id"], PROJECT);
    let expires = answer.body["token"]["expires_at"].as_str().unwrap();
    assert_eq!((expires.len(), expires.ends_with('Z')), (27, true), "{expires}");
    let token = answer.headers["x-subject-token"].to_str().unwrap().to_owned();

    let mut wrong = user.clone();
    wrong["password"] = json!("guess");
    let refused = caller.call("POST", "/v3/auth/tokens", Some(request(&wrong, project))).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (401, &json!(401)));

    caller.token = Some(token.clone());
    assert_eq!(caller.hss("GET", "wtp/backup-hosts", None).await.status, 200);
    let again = json!({"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}});
    let unscoped = caller.call("POST", "/v3/auth/tokens", Some(again)).await;
    assert_eq!(unscoped.status, 201);
    caller.token = Some(unscoped.headers["x-subject-token"].to_str().unwrap().to_owned());
    assert_eq!(caller.hss("GET", "wtp/backup-hosts", None).await.code(), "APIGW.0310", "no project in it");

    let (_, journal) = caller.control("GET", "requests", None).await;
    let row = |at: usize| (journal[at]["operation"].clone(), journal[at]["who"].clone());
    assert_eq!(row(0), (json!("KeystoneListProjects"), json!("…0001")));
    assert_eq!(row(3), (json!("KeystoneCreateUserTokenByPassword"), json!("sim-user")));
    assert_eq!(row(4), (json!("KeystoneCreateUserTokenByPassword"), json!("anonymous")));
    assert_eq!(row(5), (json!("ListBackupHostsInfo"), json!("sim-user")));
    assert_eq!(
        (&journal[0]["principal"], &journal[5]["principal"]),
        (&json!("key:…0001"), &json!("user:sim-user"))
    );
    assert_eq!((&journal[4]["principal"], &journal[4]["error"]), (&Value::Null, &json!("401")));
    let text = journal.to_string();
    for secret in [SECRET, token.as_str(), "sim-password", "guess"] {
        assert!(!text.contains(secret), "the journal holds a secret");
    }
}
