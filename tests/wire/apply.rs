//! Sections 5 to 7 of core's rules: applying, what its result must be, and what remains when it fails half-way.

use std::{sync::Arc, time::Duration};

use serde_json::{Value as Json, json};
use terraform_provider_hss::tfplugin6::wire::provider_server::Provider as Calls;
use tokio::time::timeout;
use tonic::Request;

use crate::{
    host::{Host, PRIVATE, never_a_status, part, stored, thing, with},
    pack::{dynamic, unknown},
};

fn scripted(script: &str) -> Json {
    thing(json!({"script": script}))
}

#[tokio::test]
async fn section_6_nothing_unknown_is_left_and_planned_values_stay() {
    let host = Host::fake().await;
    let config = thing(json!({
        "amount": 2.5, "disks": [part(json!({"name": "a"}))], "mirrors": [part(json!({"name": "b"}))],
        "rule": [part(json!({"name": "c"}))], "role": [part(json!({"name": "d"}))],
    }));
    let created = host.create(&config).await;
    let full = |name: &str| part(json!({"name": name, "mode": "on", "made": format!("made {name}")}));
    let expected = stored(json!({
        "amount": "2.5", "disks": [full("a")], "mirrors": [full("b")], "rule": [full("c")], "role": [full("d")],
    }));
    assert_eq!(created.state(), &expected);
    assert_eq!(created.private, PRIVATE);
}

#[tokio::test]
async fn section_6_a_result_that_contradicts_the_plan_is_stored_as_planned() {
    let host = Host::fake().await;
    let created = host.create(&scripted("create=rename")).await;
    assert_eq!(created.state()["label"], "none", "it was known in the plan");
    assert_eq!(created.state()["id"], "renamed", "it was not");
    let prior = stored(json!({"script": "update=rename"}));
    let updated = host.update(&prior, &thing(json!({"script": "update=rename", "amount": 1}))).await;
    assert_eq!(updated.state()["id"], "id-n", "an update was planned to keep it");
}

#[tokio::test]
async fn section_6_an_unknown_value_of_the_result_becomes_null() {
    let host = Host::fake().await;
    assert_eq!(host.create(&scripted("create=unknown")).await.state()["zone"], Json::Null);
}

#[tokio::test]
async fn section_6_write_only_values_are_never_stored() {
    let host = Host::fake().await;
    for script in ["create=secret", "create=secret,keep,fail"] {
        let config = thing(json!({"script": script, "secret": "s", "vault": {"secret": "t"}}));
        let planned = host.plan(&Json::Null, &config).await;
        let state = host.apply(&Json::Null, planned.state(), &config).await.state.unwrap();
        assert_eq!((&state["secret"], &state["vault"]), (&Json::Null, &json!({"secret": null})));
        assert_eq!(state["id"], "id-n");
    }
}

#[tokio::test]
async fn section_5_write_only_values_reach_the_resource_by_the_configuration() {
    let host = Host::fake().await;
    let config = thing(json!({"script": "create=tell-secret", "secret": "four"}));
    let created = host.create(&config).await;
    created.state();
    assert!(String::from_utf8(created.private).unwrap().contains(r#""secret-length":"4""#));
}

#[tokio::test]
async fn section_5_notes_and_warnings_of_a_success_are_returned() {
    let host = Host::fake().await;
    let created = host.create(&scripted("create=note,warn")).await;
    created.state();
    assert_eq!(created.diagnostics.len(), 1);
    assert!(String::from_utf8(created.private).unwrap().contains(r#""seen":"yes""#));
}

/// What a failed create leaves: nothing, unless something was kept.
#[tokio::test]
async fn section_7_a_failed_create_saves_what_was_kept_and_nothing_else() {
    let host = Host::fake().await;
    for (script, error, kept) in [
        ("create=fail", "It failed", false),
        ("create=keep,fail", "It failed", true),
        ("create=fail-silently", "The hss provider failed inside", false),
        ("create=keep,fail-silently", "The hss provider failed inside", true),
        ("create=panic", "The hss provider failed inside", false),
        ("create=keep,panic", "The hss provider failed inside", true),
        ("create=unknown,keep,fail", "It failed", true),
    ] {
        let planned = host.plan(&Json::Null, &scripted(script)).await;
        let created = host.apply(&Json::Null, planned.state(), &scripted(script)).await;
        assert_eq!(created.errors(), [error], "{script}");
        let state = created.state.unwrap();
        assert_eq!(!state.is_null(), kept, "{script}");
        if kept {
            assert_eq!((&state["id"], &state["script"]), (&json!("id-n"), &json!(script)));
        }
    }
}

#[tokio::test]
async fn section_7_a_failed_update_keeps_the_prior_object_or_says_what_changed() {
    let host = Host::fake().await;
    for (script, error, kept) in [
        ("update=fail", "It failed", false),
        ("update=keep,fail", "It failed", true),
        ("update=panic", "The hss provider failed inside", false),
        ("update=keep,panic", "The hss provider failed inside", true),
    ] {
        let prior = stored(json!({"script": script}));
        let config = thing(json!({"script": script, "amount": 5, "password": "new"}));
        let planned = host.plan(&prior, &config).await;
        let updated = host.apply(&prior, planned.state(), &config).await;
        assert_eq!(updated.errors(), [error], "{script}");
        let expected = if kept { with(&prior, json!({"amount": 5})) } else { prior };
        assert_eq!(updated.state, Some(expected), "{script}");
    }
}

#[tokio::test]
async fn section_7_a_failed_delete_keeps_the_object() {
    let host = Host::fake().await;
    for (script, error, kept) in [
        ("delete=fail", "It failed", false),
        ("delete=fail-silently", "The hss provider failed inside", false),
        ("delete=keep,fail", "It failed", true),
        ("delete=panic", "The hss provider failed inside", false),
        ("delete=keep,panic", "The hss provider failed inside", true),
    ] {
        let prior = stored(json!({"script": script}));
        let deleted = host.delete(&prior).await;
        assert_eq!(deleted.errors(), [error], "{script}");
        let expected = if kept { with(&prior, json!({"label": "half gone"})) } else { prior };
        assert_eq!(deleted.state, Some(expected), "{script}");
    }
}

#[tokio::test]
async fn section_7_a_successful_delete_is_null_whatever_was_kept() {
    let host = Host::fake().await;
    for script in ["", "delete=keep", "delete=note"] {
        let deleted = host.delete(&stored(json!({"script": script}))).await;
        assert_eq!(deleted.state(), &Json::Null);
    }
}

#[tokio::test]
async fn section_7_a_replacement_that_fails_after_its_delete_saves_what_was_made() {
    let host = Host::fake().await;
    assert_eq!(host.delete(&stored(json!({}))).await.state(), &Json::Null);
    for (script, kept) in [("create=fail", false), ("create=keep,fail", true)] {
        let config = scripted(script);
        let planned = host.plan(&Json::Null, &config).await;
        let created = host.apply(&Json::Null, planned.state(), &config).await;
        assert_eq!(!created.state.unwrap().is_null(), kept);
    }
}

#[tokio::test]
async fn section_7_a_result_that_cannot_be_written_does_not_lose_the_object() {
    let host = Host::fake().await;
    for (script, lost) in [("create=odd", "odd"), ("create=mixed", "mixed"), ("create=odd,keep,fail", "odd")]
    {
        let config = scripted(script);
        let planned = host.plan(&Json::Null, &config).await;
        let created = host.apply(&Json::Null, planned.state(), &config).await;
        assert!(!created.errors().is_empty(), "{script}");
        let state = created.state.unwrap();
        assert_eq!((&state["id"], &state["name"], &state[lost]), (&json!("id-n"), &json!("n"), &Json::Null));
    }
    let prior = stored(json!({"script": "update=odd", "odd": "even"}));
    let config = thing(json!({"script": "update=odd", "odd": null, "amount": 1}));
    let updated = host.update(&prior, &config).await;
    assert_eq!(updated.state()["odd"], "even", "what was planned can be written");
}

#[tokio::test]
async fn section_7_a_panic_while_the_result_is_written_is_an_error_too() {
    let host = Host::fake().await;
    let config = scripted("create=keep,odd-panic");
    let planned = host.plan(&Json::Null, &config).await;
    let created = host.apply(&Json::Null, planned.state(), &config).await;
    assert_eq!(created.errors(), ["The hss provider failed inside"]);
    assert_eq!(created.state.unwrap()["id"], "id-n", "what was kept before it is stored");
}

#[tokio::test]
async fn section_7_a_request_that_cannot_be_read_changes_nothing() {
    let host = Host::fake().await;
    let prior = stored(json!({}));
    let updated = host.apply(&prior, &json!({"no": "thing"}), &thing(json!({}))).await;
    assert_eq!((updated.errors().len(), updated.state), (1, Some(prior)));
}

#[tokio::test]
async fn section_19_elements_of_one_collection_never_differ_in_type() {
    let host = Host::fake().await;
    let config =
        thing(json!({"mixed": [dynamic(json!("string"), json!("a")), dynamic(json!("string"), json!("b"))]}));
    assert_eq!(host.create(&config).await.state()["mixed"], config["mixed"]);
    let planned = host.plan(&Json::Null, &scripted("create=mixed")).await;
    let created = host.apply(&Json::Null, planned.state(), &scripted("create=mixed")).await;
    assert_eq!(created.state.unwrap()["mixed"], Json::Null);
}

#[tokio::test]
async fn a_stop_ends_running_and_late_work_until_the_next_configuration() {
    let host = Arc::new(Host::fake().await);
    let config = scripted("create=keep,wait");
    let planned = host.plan(&Json::Null, &config).await;
    let running = tokio::spawn({
        let (host, planned) = (Arc::clone(&host), planned.state().clone());
        async move { host.apply(&Json::Null, &planned, &scripted("create=keep,wait")).await }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(!running.is_finished());
    let answer = never_a_status(host.service.stop_provider(Request::new(Default::default())).await);
    assert_eq!(answer.error, "");
    let interrupted = timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert_eq!(interrupted.errors(), ["Interrupted"]);
    assert_eq!(interrupted.state.unwrap()["id"], "id-n", "stored as tainted, not lost");
    // The process goes on serving, and work that Terraform had under way when the user interrupted is not begun.
    host.create(&scripted("")).await.state();
    let late = timeout(Duration::from_secs(5), host.apply(&Json::Null, planned.state(), &config)).await;
    assert_eq!(late.expect("it ends at once").errors(), ["Interrupted"]);
    host.configure(json!({})).await;
    let waiting = timeout(Duration::from_millis(50), host.apply(&Json::Null, planned.state(), &config)).await;
    assert!(waiting.is_err(), "the stop was for earlier work");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_at_once_have_an_answer_each_and_panics_harm_nobody_else() {
    let host = Arc::new(Host::fake().await);
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let host = Arc::clone(&host);
            tokio::spawn(async move {
                let script = if number % 4 == 0 { "create=keep,panic" } else { "" };
                let config =
                    thing(json!({"name": format!("t{number}"), "script": script, "zone": unknown()}));
                let planned = host.plan(&Json::Null, &config).await;
                let created = host.apply(&Json::Null, planned.state(), &config).await;
                assert_eq!(created.errors().len(), usize::from(number % 4 == 0));
                assert_eq!(created.state.unwrap()["id"], format!("id-t{number}"));
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
}
