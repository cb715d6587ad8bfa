//! What tests turn and look at: the journal, drift by hand, throttle, faults and knobs.

use std::time::Duration;

use serde_json::json;

use crate::caller::*;

#[tokio::test]
async fn the_journal_tells_what_happened() {
    let Bench { running: _running, caller } = bench(&[]).await;
    caller.hss("GET", "wtp/backup-hosts?limit=200&enterprise_project_id=0", None).await;
    caller.call("GET", "/elsewhere", None).await;
    let (_, journal) = caller.control("GET", "requests", None).await;
    let rows = journal.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let mut first = rows[0].clone();
    let at = first.as_object_mut().unwrap().remove("at").unwrap();
    assert_eq!(at.as_str().unwrap().len(), "2026-01-02T03:04:05.678Z".len());
    let expected = json!({
        "method": "GET", "path": format!("/v5/{PROJECT}/wtp/backup-hosts"),
        "query": {"limit": "200", "enterprise_project_id": "0"},
        "operation": "ListBackupHostsInfo", "status": 200, "who": "…0001",
        "principal": "key:…0001",
    });
    assert_eq!(first, expected);
    assert_eq!((&rows[1]["operation"], &rows[1]["status"]), (&json!("unknown"), &json!(404)));
    assert_eq!(rows[1]["error"], "APIGW.0101");
    assert_eq!(caller.control("DELETE", "requests", None).await.0, 204);
    assert_eq!(caller.control("GET", "requests", None).await.1, json!([]));
}

#[tokio::test]
async fn drift_is_made() {
    let Bench { running: _running, caller } = bench(&[("start_after_ms", "60000")]).await;
    caller.register(VAULT, 18080).await;
    let path = format!("backup-hosts/{VAULT}");
    let (status, row) = caller.control("PATCH", &path, Some(json!({"backup_host_status": -1}))).await;
    assert_eq!((status, &row["backup_host_port"]), (200, &json!(18080)), "other members stay");
    assert_eq!(caller.status_of(VAULT).await, Some(-1), "and the start that was under way is over");
    assert_eq!(caller.control("PATCH", &path, Some(json!({"port": 1}))).await.0, 400);
    assert_eq!(caller.control("PATCH", &path, Some(json!({"backup_host_id": "b"}))).await.0, 400);
    assert_eq!(caller.control("PATCH", "backup-hosts/none", Some(json!({}))).await.0, 404);
    assert_eq!(caller.control("DELETE", &path, None).await.0, 204);
    assert_eq!(caller.control("DELETE", &path, None).await.0, 404);

    let target = json!({"backup_host_id": VAULT, "backup_addr": "1.2.3.4:5"});
    let path = format!("hosts/{WEB}");
    caller.control("PATCH", &path, Some(json!({"remote_backup": target}))).await;
    assert_eq!(caller.show(WEB).await.body["backup_addr"], "1.2.3.4:5");
    caller.control("PATCH", &path, Some(json!({"remote_backup": null, "protect_status": null}))).await;
    assert_eq!(caller.show(WEB).await.body["remote_backup"], false);
    assert_eq!(caller.hss("GET", "webtamper/hosts", None).await.body["total_num"], 5);
    assert_eq!(caller.control("DELETE", &path, None).await.0, 204);
    assert_eq!(caller.show(WEB).await.code(), "HSS.0011");

    let (status, error) = caller.control("PUT", "world", Some(json!({"hosts": [{"id": "a"}]}))).await;
    assert_eq!((status, &error["error"]), (400, &json!("hosts[0].host_id: must be given and not be empty")));
    assert_eq!(caller.control("GET", "elsewhere", None).await.0, 404);
    assert_eq!(caller.control("POST", "world", None).await.0, 405);
    let (status, error) = caller.control("PATCH", "knobs", Some(json!({"throtle": "5/2"}))).await;
    assert_eq!(status, 400);
    assert!(error["error"].as_str().unwrap().contains("no knob"), "{error}");
}

#[tokio::test]
async fn the_throttle_counts_per_user_and_operation() {
    let Bench { running: _running, caller } = bench(&[("throttle", "2/1"), ("retry_after", "1")]).await;
    let statuses = async |rest: &str| {
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(caller.hss("GET", rest, None).await);
        }
        seen
    };
    let seen = statuses("wtp/backup-hosts").await;
    assert_eq!(seen.iter().map(|it| it.status).collect::<Vec<_>>(), [200, 200, 429]);
    let text = "The throttling threshold has been reached: policy user over ratelimit,limit:2,time:1 second";
    assert_eq!((seen[2].code(), &seen[2].body["error_msg"]), ("APIGW.0308", &json!(text)));
    assert_eq!(seen[2].headers["retry-after"], "1");
    assert_eq!(caller.hss("GET", "wtp/statistics", None).await.status, 200, "another operation");
    tokio::time::sleep(Duration::from_millis(1050)).await;
    let seen = statuses("wtp/backup-hosts").await;
    assert_eq!(seen[1].status, 200, "a new window");
}

#[tokio::test]
async fn faults_hit_before_or_after_the_effect() {
    let Bench { running: _running, caller } = bench(&[]).await;
    for (kind, status, code) in [
        ("401", 401, "APIGW.0301"),
        ("403", 403, "APIGW.0302"),
        ("404", 404, "APIGW.0101"),
        ("429", 429, "APIGW.0308"),
        ("500", 500, "HSS.0041"),
        ("502", 502, ""),
        ("502-json", 502, "APIGW.0202"),
        ("503", 503, "APIGW.0613"),
        ("504", 504, "APIGW.0203"),
        ("HSS.1006", 400, "HSS.1006"),
        ("not-json", 200, ""),
    ] {
        caller.knob("fault", format!("ListBackupHostsInfo:{kind}:1")).await;
        let seen = caller.hss("GET", "wtp/backup-hosts", None).await;
        assert_eq!((seen.status, seen.code()), (status, code), "{kind}");
        assert_eq!(caller.hss("GET", "wtp/backup-hosts", None).await.status, 200, "{kind} once only");
    }
    let put = |id: &'static str| {
        let body = json!({
            "host_id": id, "backup_host_ip": "172.16.8.20", "backup_host_port": 1, "backup_dir": "/data",
        });
        let caller = &caller;
        async move { caller.try_call("PUT", &format!("/v5/{PROJECT}/wtp/backup-hosts"), Some(body)).await.is_ok() }
    };
    for (kind, arrives) in [("reset-before", false), ("reset-after", true)] {
        caller.knob("fault", format!("UpdateBackupHostInfo:{kind}:1")).await;
        assert!(!put(VAULT).await, "{kind}: no answer");
        assert_eq!(caller.status_of(VAULT).await.is_some(), arrives, "{kind}");
    }
    caller.knob("fault", "ListBackupHostsInfo:truncated:1").await;
    let path = format!("/v5/{PROJECT}/wtp/backup-hosts");
    assert!(caller.try_call("GET", &path, None).await.is_err(), "half an answer is none");
    let (_, journal) = caller.control("GET", "requests", None).await;
    let puts = journal.as_array().unwrap().iter().filter(|row| row["method"] == "PUT");
    assert_eq!(puts.map(|row| row["status"].as_i64()).collect::<Vec<_>>(), [Some(0), Some(0)]);
    caller.knob("deny", "ListBackupHostsInfo").await;
    assert_eq!(caller.hss("GET", "wtp/backup-hosts", None).await.code(), "APIGW.0302");
}

#[tokio::test]
async fn knobs_change_what_is_undocumented() {
    let Bench { running: _running, caller } = bench(&[]).await;
    caller.register(VAULT, 18080).await;
    caller.set(WEB, Some((VAULT, "172.16.8.20:18080"))).await;
    let delete = |id: &'static str| {
        caller.hss("DELETE", "wtp/backup-hosts", Some(json!({"backup_host_id_list": [id]})))
    };
    caller.knob("delete_in_use", "refuse").await;
    assert_eq!(delete(VAULT).await.code(), "HSS.0010");
    caller.knob("delete_unknown", "refuse").await;
    assert_eq!(delete("unknown").await.code(), "HSS.0011");
    caller.knob("address_change", "follow").await;
    caller.register(VAULT, 18081).await;
    assert_eq!(caller.show(WEB).await.body["backup_addr"], "172.16.8.20:18081");
    caller.knob("start_result", "failed").await;
    caller.register(VAULT, 18082).await;
    assert_eq!(caller.status_of(VAULT).await, Some(-1));
    caller.knob("delete_non_running", "refuse").await;
    assert_eq!(delete(VAULT).await.code(), "HSS.0001");
    caller.knob("missing_backup_host_id", "on").await;
    let listed = caller.hss("GET", &format!("webtamper/hosts?host_id={WEB}"), None).await;
    assert!(listed.body["data_list"][0].get("backup_host_id").is_none());

    caller.set(WEB, None).await;
    for (value, expected) in [
        ("false", json!({"remote_backup": false})),
        ("empty", json!({})),
        (
            "blank",
            json!({"remote_backup": false, "backup_addr": "", "backup_host_id": "", "backup_host_name": ""}),
        ),
        (
            "stale",
            json!({
                "remote_backup": false, "backup_addr": "172.16.8.20:18082",
                "backup_host_id": VAULT, "backup_host_name": "vault-a",
            }),
        ),
    ] {
        caller.knob("show_off", value).await;
        assert_eq!(caller.show(WEB).await.body, expected, "{value}");
    }
    caller.knob("delete_non_running", "accept").await;
    caller.knob("delete_visible_after_ms", 100).await;
    assert_eq!(delete(VAULT).await.status, 200);
    assert_eq!(caller.status_of(VAULT).await, Some(-1), "still seen");
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(caller.status_of(VAULT).await, None);
    caller.knob("write_body", "{}").await;
    assert_eq!(caller.register(VAULT, 1).await.text, "{}");
    caller.knob("extra_fields", true).await;
    assert!(caller.show(WEB).await.body["sim_extra"].is_object());
}

#[tokio::test]
async fn answers_nobody_expects() {
    let Bench { running: _running, caller } = bench(&[("slow_ms", "150")]).await;
    caller.register(VAULT, 18080).await;
    let list = "wtp/backup-hosts?limit=200";
    for (kind, body) in [("null", json!(null)), ("array", json!([])), ("bodiless", json!(null))] {
        caller.control("PATCH", "knobs", Some(json!({"fault": format!("*:{kind}:1")}))).await;
        let answer = caller.hss("GET", list, None).await;
        assert_eq!((answer.status, answer.body), (200, body), "{kind}");
    }
    caller.control("PATCH", "knobs", Some(json!({"fault": "*:new-status:1,*:slow:1"}))).await;
    assert_eq!(caller.hss("GET", list, None).await.body["data_list"][0]["backup_host_status"], 17);
    let begin = std::time::Instant::now();
    caller.hss("GET", list, None).await;
    assert!(begin.elapsed() >= Duration::from_millis(150));
    let journal = caller.control("GET", "requests", None).await.1;
    let faults: Vec<&str> =
        journal.as_array().unwrap().iter().filter_map(|row| row["fault"].as_str()).collect();
    assert_eq!(faults, ["null", "array", "bodiless", "new-status", "slow"]);
}

#[tokio::test]
async fn lists_lag_and_storms_come_and_go() {
    let Bench { running: _running, caller } = bench(&[("list_lag_ms", "60000")]).await;
    caller.register(VAULT, 18080).await;
    assert_eq!(caller.status_of(VAULT).await, None, "the list does not know of it yet");
    caller.control("PATCH", "knobs", Some(json!({"list_lag_ms": 0}))).await;
    assert!(caller.status_of(VAULT).await.is_some());

    caller.control("PATCH", "knobs", Some(json!({"storm": "100%503", "retry_after": 3}))).await;
    let answer = caller.hss("GET", "wtp/backup-hosts", None).await;
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (503, "3"));
    caller.control("PATCH", "knobs", Some(json!({"storm": null}))).await;
    assert_eq!(caller.hss("GET", "wtp/backup-hosts", None).await.status, 200);
}

#[tokio::test]
async fn servers_come_back() {
    let Bench { running: _running, caller } = bench(&[]).await;
    let path = format!("hosts/{WEB}");
    let row = caller.control("PATCH", &path, Some(json!({}))).await.1;
    assert_eq!(caller.control("DELETE", &path, None).await.0, 204);
    assert_eq!(caller.control("PUT", &path, Some(row.clone())).await, (200, row));
    assert_eq!(caller.control("PUT", "backup-hosts/a", Some(json!({"backup_host_status": 2}))).await.0, 200);
    assert_eq!(caller.status_of("a").await, Some(2));
    assert_eq!(caller.control("PUT", "hosts/a", Some(json!({"host_id": "b"}))).await.0, 400);
}
