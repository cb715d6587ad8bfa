//! Sections 8 to 11 of core's rules: reading, upgrading, importing and moving.

use serde_json::{Value as Json, json};
use terraform_provider_hss::tfplugin6::wire::{self, provider_server::Provider as Calls};
use tonic::Request;

use crate::{
    host::{Host, PRIVATE, errors, never_a_status, stored},
    pack::unknown,
};

#[tokio::test]
async fn section_8_an_object_is_null_only_when_it_is_gone() {
    let host = Host::fake().await;
    let gone = host.read(&stored(json!({"script": "read=gone"}))).await;
    assert_eq!((gone.state(), gone.private.as_slice()), (&Json::Null, PRIVATE));
    assert_eq!(host.read(&Json::Null).await.state(), &Json::Null, "what never was is not there either");
}

#[tokio::test]
async fn section_8_a_failed_read_is_an_error_and_keeps_the_state() {
    let host = Host::fake().await;
    for (script, error) in [
        ("read=fail", "It failed"),
        ("read=fail-silently", "The hss provider failed inside"),
        ("read=panic", "The hss provider failed inside"),
        ("read=odd", "The hss provider failed inside"),
        ("read=odd-panic", "The hss provider failed inside"),
    ] {
        let prior = stored(json!({"script": script}));
        let read = host.read(&prior).await;
        assert_eq!((read.errors(), &read.state), (vec![error], &Some(prior)), "{script}");
    }
}

#[tokio::test]
async fn section_8_private_state_comes_back_with_the_notes_of_the_read() {
    let host = Host::fake().await;
    assert_eq!(host.read(&stored(json!({}))).await.private, PRIVATE);
    let noted = host.read(&stored(json!({"script": "read=note"}))).await;
    assert!(String::from_utf8(noted.private).unwrap().contains(r#""seen":"yes""#));
}

#[tokio::test]
async fn section_8_nothing_unknown_or_write_only_comes_out_of_a_read() {
    let host = Host::fake().await;
    assert_eq!(host.read(&stored(json!({"script": "read=unknown"}))).await.state()["zone"], Json::Null);
    let read = host.read(&stored(json!({"secret": "left by an older version"}))).await;
    assert_eq!(read.state()["secret"], Json::Null);
}

#[tokio::test]
async fn section_9_state_of_the_same_version_comes_back_whole() {
    let host = Host::fake().await;
    let state = r#"{
        "name": "n", "amount": 12345678901234567890.5, "label": "none", "words": ["b", "a", "b"],
        "any": {"type": ["list", "number"], "value": [0.1]}, "gone": {"since": "long"},
        "nest": {"name": "a", "gone": 1}, "rule": [{"size": 1e2, "mode": "on"}], "site": {}, "group": {},
        "wild": {"value": [{"any": "x"}], "type": ["tuple", [["object", {"any": "string"}]]]}
    }"#;
    let answer = host.upgrade(0, state).await;
    let upgraded = answer.state();
    assert_eq!(upgraded["amount"], "12345678901234567890.5");
    assert_eq!(upgraded["words"], json!(["a", "b"]));
    assert_eq!(upgraded["any"], crate::pack::dynamic(json!(["list", "number"]), json!(["0.1"])));
    assert_eq!(upgraded["nest"]["name"], "a");
    assert_eq!(upgraded["rule"][0]["size"], 100);
    assert_eq!(upgraded["wild"][1], json!([{"any": "x"}]));
    assert!(upgraded.get("gone").is_none() && upgraded["nest"].get("gone").is_none());
    assert_eq!(upgraded["password"], Json::Null);
    let all: Vec<_> = stored(json!({})).as_object().unwrap().keys().cloned().collect();
    assert_eq!(upgraded.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn section_9_write_only_values_in_stored_state_are_dropped() {
    let host = Host::fake().await;
    let answer = host.upgrade(0, r#"{"name": "n", "secret": "s", "vault": {"secret": "t"}}"#).await;
    assert_eq!(
        (&answer.state()["secret"], &answer.state()["vault"]),
        (&Json::Null, &json!({"secret": null}))
    );
}

#[tokio::test]
async fn section_9_state_that_cannot_be_read_is_an_error_never_a_missing_object() {
    let host = Host::fake().await;
    for state in [
        "",
        "null",
        "[]",
        "{",
        "7",
        r#"{"ports": ["a"]}"#,
        r#"{"name": {}}"#,
        "\u{feff}{}",
        &"[".repeat(9999),
    ] {
        assert_eq!(host.upgrade(0, state).await.errors().len(), 1, "{state}");
    }
    assert_eq!(host.upgrade_raw(0, None).await.errors().len(), 1);
    let flatmap = wire::RawState { flatmap: [("name".into(), "n".into())].into(), ..Default::default() };
    let said = host.upgrade_raw(0, Some(flatmap)).await;
    assert!(said.diagnostics[0].detail.contains("0.11"), "{:?}", said.diagnostics);
}

#[tokio::test]
async fn section_9_state_of_other_versions_is_refused_where_it_is_newer() {
    let host = Host::fake().await;
    assert_eq!(
        host.upgrade(1, r#"{"name": "n"}"#).await.errors(),
        ["The stored state is newer than the provider"]
    );
    // There was no version below 0: the types hand such state on as it is.
    assert_eq!(host.upgrade(-1, r#"{"name": "n"}"#).await.state()["name"], "n");
}

#[tokio::test]
async fn section_10_an_import_of_nothing_is_an_error() {
    for id in ["", "nothing", "panic"] {
        let answer = Host::fake().await.import(id).await;
        assert_eq!((answer.errors().len(), answer.state), (1, None), "{id}");
    }
    for ty in ["hss_wtp_backup_host", "hss_wtp_remote_backup"] {
        let answer = Host::hss(ty).import("").await;
        assert_eq!((answer.errors().len(), answer.state), (1, None), "{ty}");
    }
}

#[tokio::test]
async fn section_10_an_import_has_one_object_without_unknown_or_write_only_values() {
    let host = Host::fake().await;
    let imported = host.import("n").await;
    assert_eq!(imported.state(), &crate::host::thing(json!({"name": "n"})));
    assert_eq!(host.read(imported.state()).await.state()["id"], "id-n", "reading fills in the rest");
}

#[tokio::test]
async fn section_11_a_move_from_another_type_is_refused() {
    let host = Host::fake().await;
    let request = wire::move_resource_state::Request {
        source_type_name: "other_thing".into(),
        target_type_name: host.ty.into(),
        ..Default::default()
    };
    let answer = never_a_status(host.service.move_resource_state(Request::new(request)).await);
    assert_eq!((errors(&answer.diagnostics).len(), answer.target_state), (1, None));
}

#[tokio::test]
async fn section_15_an_unknown_resource_type_is_an_error_of_each_call() {
    let host = Host { ty: "hss_other", ..Host::fake().await };
    let state = json!({});
    let expected = [r#"There is no resource type "hss_other""#];
    assert_eq!(errors(&host.validate(&state).await), expected);
    assert_eq!(host.plan(&Json::Null, &state).await.errors(), expected);
    assert_eq!(host.apply(&Json::Null, &state, &state).await.errors(), expected);
    let read = host.read(&state).await;
    assert_eq!((read.errors(), &read.state), (expected.to_vec(), &Some(state)));
    assert_eq!(host.upgrade(0, "{}").await.errors(), expected);
    assert_eq!(host.import("n").await.errors(), expected);
}

#[tokio::test]
async fn every_handler_works_without_the_schema_having_been_asked_for() {
    // A fresh process each time, as with `get_provider_schema_optional`.
    assert_eq!(Host::fake().await.validate(&crate::host::thing(json!({"amount": unknown()}))).await, []);
    Host::fake().await.plan(&Json::Null, &crate::host::thing(json!({}))).await.state();
    Host::fake().await.read(&stored(json!({}))).await.state();
    Host::fake().await.upgrade(0, r#"{"name": "n"}"#).await.state();
    Host::fake().await.import("n").await.state();
    Host::fake().await.delete(&stored(json!({}))).await.state();
    for ty in ["hss_wtp_backup_host", "hss_wtp_remote_backup"] {
        Host::hss(ty).upgrade(0, r#"{"host_id": "h-1"}"#).await.state();
        // Core configures a process before it imports: the provider's region is part of what is imported.
        assert_eq!(Host::hss(ty).import("h-1").await.errors(), ["The hss provider is not configured"]);
    }
}
