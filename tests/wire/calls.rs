//! All 36 calls of protocol 6.11 over gRPC, to the real provider: each has an answer that core accepts.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use terraform_provider_hss::tfplugin6::wire::{
    self, DynamicValue, invoke_action, provider_client::ProviderClient,
};

use crate::{
    host::errors,
    pack::pack,
    transport::{Grpc, hss_service},
};

fn value(json: Json) -> Option<DynamicValue> {
    Some(DynamicValue { msgpack: pack(&json).into(), json: Default::default() })
}

fn nothing(names: &[&str]) -> Json {
    names.iter().map(|name| ((*name).to_owned(), Json::Null)).collect::<serde_json::Map<_, _>>().into()
}

pub(crate) fn provider() -> Json {
    nothing(&[
        "region",
        "access_key",
        "secret_key",
        "security_token",
        "token",
        "project_id",
        "project_name",
        "auth_url",
        "cloud",
        "endpoints",
        "enterprise_project_id",
        "insecure",
    ])
}

pub(crate) fn backup_host() -> Json {
    let mut object = nothing(&[
        "host_id",
        "backup_host_ip",
        "backup_host_port",
        "backup_dir",
        "enterprise_project_id",
        "region",
        "wait_for_running",
        "overwrite_existing",
        "timeouts",
        "id",
        "backup_host_name",
        "backup_host_status",
        "status",
        "backup_addr",
    ]);
    object["host_id"] = json!("h-1");
    object["backup_host_ip"] = json!("10.0.0.1");
    object["backup_host_port"] = json!(8080);
    object["backup_dir"] = json!("/backup");
    object
}

fn statistics() -> Json {
    nothing(&[
        "enterprise_project_id",
        "region",
        "protect_host_num",
        "protect_success_host_num",
        "protect_fail_host_num",
        "anti_tampering_num",
    ])
}

/// How a call has to be answered by a provider that is not configured and has two resource types, a few data sources and functions.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Served,
    Refused,
}
use Expected::{Refused, Served};

macro_rules! unary {
    ($client:ident, $answered:ident; $(
        $name:literal $rpc:ident, $module:ident { $($field:ident: $value:expr),* }, $expected:expr;
    )*) => {$(
        #[allow(clippy::needless_update, reason = "some requests have no more fields")]
        let request = wire::$module::Request { $($field: $value,)* ..Default::default() };
        let answer = $client.$rpc(request).await.unwrap_or_else(|status| panic!("{}: {status}", $name)).into_inner();
        let said = errors(&answer.diagnostics);
        assert_eq!(!said.is_empty(), $expected == Refused, "{}: {said:?}", $name);
        assert!($answered.insert($name));
    )*};
}

#[tokio::test]
async fn each_of_the_36_calls_is_answered_and_never_with_a_status() {
    let grpc = Grpc::serve(hss_service()).await;
    let mut client = ProviderClient::new(grpc.channel().await);
    let mut answered = BTreeSet::new();
    let ty = || "hss_wtp_backup_host".to_owned();
    let other = || "hss_other".to_owned();
    let stored = || wire::RawState { json: br#"{"host_id":"h-1"}"#.to_vec(), ..Default::default() };
    unary! { client, answered;
        "GetMetadata" get_metadata, get_metadata {}, Served;
        "GetProviderSchema" get_provider_schema, get_provider_schema {}, Served;
        "GetResourceIdentitySchemas" get_resource_identity_schemas, get_resource_identity_schemas {}, Served;
        "ValidateProviderConfig" validate_provider_config, validate_provider_config { config: value(provider()) }, Served;
        "ValidateResourceConfig" validate_resource_config, validate_resource_config { type_name: ty(), config: value(backup_host()) }, Served;
        "UpgradeResourceState" upgrade_resource_state, upgrade_resource_state { type_name: ty(), raw_state: Some(stored()) }, Served;
        // Without a region there is nothing to work with, and that is an error of each call.
        "ConfigureProvider" configure_provider, configure_provider { config: value(provider()), terraform_version: "1.11.4".into() }, Refused;
        "ImportResourceState" import_resource_state, import_resource_state { type_name: ty(), id: "h-1".into() }, Refused;
        "ReadResource" read_resource, read_resource { type_name: ty(), current_state: value(backup_host()) }, Refused;
        "PlanResourceChange" plan_resource_change, plan_resource_change { type_name: ty(), config: value(backup_host()), proposed_new_state: value(backup_host()) }, Refused;
        "ApplyResourceChange" apply_resource_change, apply_resource_change { type_name: ty(), config: value(backup_host()), planned_state: value(backup_host()) }, Refused;
        "UpgradeResourceIdentity" upgrade_resource_identity, upgrade_resource_identity { type_name: ty(), raw_identity: Some(stored()) }, Served;
        "MoveResourceState" move_resource_state, move_resource_state { target_type_name: ty() }, Refused;
        "GenerateResourceConfig" generate_resource_config, generate_resource_config { type_name: ty() }, Refused;
        "ValidateDataResourceConfig" validate_data_resource_config, validate_data_resource_config { type_name: "hss_wtp_statistics".into(), config: value(statistics()) }, Served;
        "ReadDataSource" read_data_source, read_data_source { type_name: "hss_wtp_statistics".into(), config: value(statistics()) }, Refused;
        "ValidateEphemeralResourceConfig" validate_ephemeral_resource_config, validate_ephemeral_resource_config { type_name: other() }, Refused;
        "OpenEphemeralResource" open_ephemeral_resource, open_ephemeral_resource { type_name: other() }, Refused;
        "RenewEphemeralResource" renew_ephemeral_resource, renew_ephemeral_resource { type_name: other() }, Refused;
        "CloseEphemeralResource" close_ephemeral_resource, close_ephemeral_resource { type_name: other() }, Refused;
        "ValidateListResourceConfig" validate_list_resource_config, validate_list_resource_config { type_name: other() }, Refused;
        "GetFunctions" get_functions, get_functions {}, Served;
        "ValidateStateStoreConfig" validate_state_store_config, validate_state_store { type_name: other() }, Refused;
        "ConfigureStateStore" configure_state_store, configure_state_store { type_name: other() }, Refused;
        "LockState" lock_state, lock_state { type_name: other() }, Refused;
        "UnlockState" unlock_state, unlock_state { type_name: other() }, Refused;
        "GetStates" get_states, get_states { type_name: other() }, Refused;
        "DeleteState" delete_state, delete_state { type_name: other() }, Refused;
        "PlanAction" plan_action, plan_action { action_type: other() }, Refused;
        "ValidateActionConfig" validate_action_config, validate_action_config { type_name: other() }, Refused;
    }

    // Calls whose answers have another form.
    let request = wire::call_function::Request { name: "other".into(), ..Default::default() };
    let answer = client.call_function(request).await.unwrap().into_inner();
    assert!(
        answer.error.is_some_and(|error| !error.text.is_empty()),
        "an answer of nothing is a null result"
    );
    answered.insert("CallFunction");

    let stopped = client.stop_provider(wire::stop_provider::Request {}).await.unwrap().into_inner();
    assert_eq!(stopped.error, "");
    answered.insert("StopProvider");

    let request = wire::list_resource::Request { type_name: other(), ..Default::default() };
    let mut events = client.list_resource(request).await.unwrap().into_inner();
    let event = events.message().await.unwrap().unwrap();
    assert_eq!(errors(&event.diagnostic).len(), 1);
    assert!(events.message().await.unwrap().is_none());
    answered.insert("ListResource");

    let request = wire::invoke_action::Request { action_type: other(), ..Default::default() };
    let mut events = client.invoke_action(request).await.unwrap().into_inner();
    let Some(invoke_action::event::Type::Completed(end)) = events.message().await.unwrap().unwrap().r#type
    else {
        panic!("an event of no kind crashes Terraform");
    };
    assert_eq!(errors(&end.diagnostics).len(), 1);
    assert!(events.message().await.unwrap().is_none());
    answered.insert("InvokeAction");

    let request = wire::read_state_bytes::Request { type_name: other(), ..Default::default() };
    let mut chunks = client.read_state_bytes(request).await.unwrap().into_inner();
    assert_eq!(errors(&chunks.message().await.unwrap().unwrap().diagnostics).len(), 1);
    assert!(chunks.message().await.unwrap().is_none());
    answered.insert("ReadStateBytes");

    let chunks = tokio_stream::once(wire::write_state_bytes::RequestChunk::default());
    let answer = client.write_state_bytes(chunks).await.unwrap().into_inner();
    assert_eq!(errors(&answer.diagnostics).len(), 1);
    answered.insert("WriteStateBytes");

    let facts: Json = serde_json::from_str(include_str!("tfplugin6.json")).unwrap();
    let rpcs = facts["services"]["Provider"]["rpcs"].as_array().unwrap();
    let all: BTreeSet<_> = rpcs.iter().map(|rpc| rpc["name"].as_str().unwrap()).collect();
    assert_eq!((answered.len(), &answered), (36, &all));
}

#[tokio::test]
async fn sections_12_to_14_what_is_not_offered_leaves_its_answer_empty() {
    let grpc = Grpc::serve(hss_service()).await;
    let mut client = ProviderClient::new(grpc.channel().await);
    let read =
        client.read_data_source(wire::read_data_source::Request::default()).await.unwrap().into_inner();
    assert!(read.state.is_none() && read.deferred.is_none());
    let request = wire::open_ephemeral_resource::Request::default();
    let opened = client.open_ephemeral_resource(request).await.unwrap().into_inner();
    assert!(opened.result.is_none() && opened.renew_at.is_none() && opened.private.is_none());
    let schema =
        client.get_provider_schema(wire::get_provider_schema::Request {}).await.unwrap().into_inner();
    assert!(schema.ephemeral_resource_schemas.is_empty() && schema.provider_meta.is_none());
}
