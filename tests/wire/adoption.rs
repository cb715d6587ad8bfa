//! Identities, lists and generated configurations, as Terraform 1.12 and newer ask for them.

use std::sync::{Arc, atomic::Ordering};

use serde_json::{Value as Json, json};
use terraform_provider_hss::tfplugin6::wire::{
    self, Diagnostic, ResourceIdentityData, list_resource, provider_client::ProviderClient,
    provider_server::Provider as Calls,
};
use tonic::Request;

use crate::{
    catalog::{self, Catalog},
    host::{Host, errors, message, never_a_status, value, with},
    pack::unknown,
    transport::Grpc,
};

const TY: &str = "catalog_thing";

fn thing(members: Json) -> Json {
    let nothing =
        json!({"name": null, "zone": null, "colour": null, "place": null, "secret": null, "serial": null});
    with(&nothing, members)
}

fn identity(name: &str, zone: Json) -> Json {
    json!({"name": name, "zone": zone})
}

fn carried(identity: &Json) -> Option<ResourceIdentityData> {
    Some(ResourceIdentityData { identity_data: message(identity) })
}

fn said(data: Option<&ResourceIdentityData>) -> Option<Json> {
    data.map(|data| value(data.identity_data.as_ref().expect("an identity has data")))
}

async fn host() -> Host<Catalog> {
    let host = Host { service: Arc::new(catalog::service(&Catalog::default())), ty: TY };
    assert!(host.configure(json!({})).await.is_empty());
    host
}

/// Plans a change, and says what the object will be identified by.
async fn planned(host: &Host<Catalog>, prior: Json, config: Json, before: Option<&Json>) -> Option<Json> {
    let request = wire::plan_resource_change::Request {
        type_name: TY.into(),
        prior_state: message(&prior),
        config: message(&config),
        proposed_new_state: message(&config),
        prior_identity: before.and_then(carried),
        ..Default::default()
    };
    let answer = never_a_status(host.service.plan_resource_change(Request::new(request)).await);
    assert!(errors(&answer.diagnostics).is_empty(), "{:?}", answer.diagnostics);
    said(answer.planned_identity.as_ref())
}

#[tokio::test]
async fn identity_schemas_are_ones_that_core_loads() {
    for (host_schemas, version, names) in [
        (identity_schemas(&host().await).await, 2, vec![("name", true), ("zone", false)]),
        (
            identity_schemas(&Host::hss("hss_wtp_backup_host")).await,
            0,
            vec![("host_id", true), ("enterprise_project_id", false), ("region", false)],
        ),
    ] {
        assert!(!host_schemas.is_empty());
        for schema in host_schemas.values() {
            assert_eq!(schema.version, version);
            let attributes = schema.identity_attributes.iter();
            let found: Vec<_> = attributes.map(|one| (one.name.as_str(), one.required_for_import)).collect();
            assert_eq!(found, names);
            for one in &schema.identity_attributes {
                assert_ne!(one.required_for_import, one.optional_for_import, "exactly one of the two");
                assert_eq!(one.r#type, br#""string""#);
                assert!(!one.description.is_empty() || version == 2);
            }
        }
    }
}

async fn identity_schemas<P: terraform_provider_hss::framework::provider::Provider>(
    host: &Host<P>,
) -> std::collections::BTreeMap<String, wire::ResourceIdentitySchema> {
    let answer = host.service.get_resource_identity_schemas(Request::new(Default::default())).await;
    never_a_status(answer).identity_schemas.into_iter().collect()
}

#[tokio::test]
async fn a_plan_has_an_identity_that_is_wholly_known_or_the_one_before() {
    let host = host().await;
    let of = |name: &str, zone: Json| thing(json!({"name": name, "zone": zone, "colour": "grey"}));
    let before = identity("a", Json::Null);
    for (prior, config, prior_identity, expected) in [
        // Terraform cannot show a plan with an unknown identity, not even that of a new object.
        (Json::Null, of("a", unknown()), None, None),
        (Json::Null, with(&of("a", Json::Null), json!({"name": unknown()})), None, None),
        (Json::Null, of("a", json!("z")), None, Some(identity("a", json!("z")))),
        (of("a", Json::Null), of("a", json!("z")), Some(&before), Some(identity("a", json!("z")))),
        (of("a", Json::Null), of("a", unknown()), Some(&before), Some(before.clone())),
        (of("a", Json::Null), of("a", unknown()), None, None),
        (of("a", Json::Null), of("b", Json::Null), Some(&before), Some(identity("b", Json::Null))),
        (of("a", Json::Null), with(&of("a", Json::Null), json!({"name": unknown()})), Some(&before), None),
    ] {
        let found = planned(&host, prior.clone(), config.clone(), prior_identity).await;
        assert_eq!(found, expected, "{prior} -> {config}");
    }
}

#[tokio::test]
async fn a_read_and_an_apply_say_who_the_object_is() {
    let host = host().await;
    let state = thing(json!({"name": "a", "zone": "z", "colour": "grey"}));
    let order = wire::apply_resource_change::Request {
        type_name: TY.into(),
        prior_state: message(&Json::Null),
        planned_state: message(&state),
        config: message(&state),
        ..Default::default()
    };
    let answer = never_a_status(host.service.apply_resource_change(Request::new(order.clone())).await);
    assert_eq!(said(answer.new_identity.as_ref()), Some(identity("a", json!("z"))));
    let end = wire::apply_resource_change::Request {
        prior_state: message(&state),
        planned_state: message(&Json::Null),
        config: message(&Json::Null),
        ..order
    };
    let answer = never_a_status(host.service.apply_resource_change(Request::new(end)).await);
    assert_eq!(answer.new_identity, None, "what is gone is nobody");
    let before = identity("other", Json::Null);
    for (name, expected) in [
        ("a", Some(identity("a", json!("z")))),
        ("gone", None),
        // A read that failed changes nothing.
        ("broken", Some(identity("broken", json!("z")))),
    ] {
        let request = wire::read_resource::Request {
            type_name: TY.into(),
            current_state: message(&with(&state, json!({"name": name}))),
            current_identity: carried(&before),
            ..Default::default()
        };
        let answer = never_a_status(host.service.read_resource(Request::new(request)).await);
        assert_eq!(said(answer.new_identity.as_ref()), expected, "{name}");
    }
}

async fn imported<P: terraform_provider_hss::framework::provider::Provider>(
    host: &Host<P>,
    identity: &Json,
) -> (Option<(Json, Option<Json>)>, Vec<Diagnostic>) {
    let request = wire::import_resource_state::Request {
        type_name: host.ty.into(),
        identity: carried(identity),
        ..Default::default()
    };
    let answer = never_a_status(host.service.import_resource_state(Request::new(request)).await);
    let one = answer
        .imported_resources
        .first()
        .map(|one| (one.state.as_ref().map(value).unwrap_or_default(), said(one.identity.as_ref())));
    (one, answer.diagnostics)
}

#[tokio::test]
async fn an_import_by_identity_begins_an_object_with_it() {
    let (one, diagnostics) = imported(&host().await, &identity("a", json!("z"))).await;
    assert_eq!(diagnostics, []);
    let expected = thing(json!({"name": "a", "zone": "z"}));
    assert_eq!(one, Some((expected, Some(identity("a", json!("z"))))));
}

#[tokio::test]
async fn an_identity_that_cannot_be_is_refused_by_its_attribute() {
    let host = Host::hss("hss_wtp_remote_backup");
    let mut provider = json!({});
    let schema = never_a_status(host.service.get_provider_schema(Request::new(Default::default())).await);
    let block = schema.provider.unwrap().block.unwrap();
    for attribute in &block.attributes {
        provider[&attribute.name] = Json::Null;
    }
    for nested in &block.block_types {
        provider[&nested.type_name] = json!([]);
    }
    provider["region"] = json!("cn-north-4");
    assert!(host.configure(provider).await.iter().all(|one| one.severity != 1));
    let of = |host_id: Json, project: Json, region: Json| json!({"host_id": host_id, "enterprise_project_id": project, "region": region});
    for (identity, blamed) in [
        (of(Json::Null, Json::Null, Json::Null), ".host_id"),
        (of(json!(""), Json::Null, Json::Null), ".host_id"),
        (of(json!("a/b"), Json::Null, Json::Null), ".host_id"),
        (of(json!("a"), json!("all_granted_eps"), Json::Null), ".enterprise_project_id"),
        (of(json!("a"), json!(""), Json::Null), ".enterprise_project_id"),
        (of(json!("a"), Json::Null, json!("../x")), ".region"),
    ] {
        let (one, diagnostics) = imported(&host, &identity).await;
        assert_eq!((one, errors(&diagnostics).len()), (None, 1), "{identity}");
        assert_eq!(diagnostics[0].attribute.as_ref().map(crate::host::shown).as_deref(), Some(blamed));
        assert!(diagnostics[0].detail.starts_with(&blamed[1..]), "{:?}", diagnostics[0]);
    }
    let (one, _) = imported(&host, &of(json!("a"), Json::Null, Json::Null)).await;
    let whole = of(json!("a"), Json::Null, json!("cn-north-4"));
    assert_eq!(one.unwrap().1, Some(whole), "the provider's region is part of who it is");
}

async fn upgraded(host: &Host<Catalog>, version: i64, stored: &str) -> Result<Json, Vec<String>> {
    let request = wire::upgrade_resource_identity::Request {
        type_name: host.ty.into(),
        version,
        raw_identity: Some(wire::RawState { json: stored.into(), ..Default::default() }),
    };
    let answer = never_a_status(host.service.upgrade_resource_identity(Request::new(request)).await);
    let wrong = errors(&answer.diagnostics);
    if wrong.is_empty() {
        Ok(said(answer.upgraded_identity.as_ref()).unwrap())
    } else {
        Err(wrong.into_iter().map(str::to_owned).collect())
    }
}

#[tokio::test]
async fn a_stored_identity_is_upgraded_from_any_version_before() {
    let host = host().await;
    let expected = Ok(identity("a", Json::Null));
    assert_eq!(upgraded(&host, 2, r#"{"name": "a", "zone": null}"#).await, expected);
    assert_eq!(upgraded(&host, 2, r#"{"name": "a", "dropped": 1}"#).await, expected);
    assert_eq!(upgraded(&host, 1, r#"{"title": "a"}"#).await, expected);
    for (version, stored, error) in [
        (0, r#"{"title": "a"}"#, "Too old"),
        (3, r#"{"name": "a"}"#, "The stored identity is newer than the provider"),
        (2, r#"{"name": []}"#, "The stored identity does not fit the resource type"),
        (2, r#"{"name""#, "The stored state could not be read"),
    ] {
        assert_eq!(upgraded(&host, version, stored).await, Err(vec![error.to_owned()]), "{version} {stored}");
    }
    let other = Host { ty: "catalog_other", ..host };
    assert!(upgraded(&other, 1, "{}").await.is_err());
}

async fn listed(catalog: &Catalog, config: Json, limit: i64, whole: bool) -> Vec<list_resource::Event> {
    let grpc = Grpc::serve(catalog::service(catalog)).await;
    let mut client = ProviderClient::new(grpc.channel().await);
    let configure = wire::configure_provider::Request { config: message(&json!({})), ..Default::default() };
    client.configure_provider(configure).await.unwrap();
    let request = wire::list_resource::Request {
        type_name: TY.into(),
        config: message(&config),
        limit,
        include_resource_object: whole,
    };
    let mut stream = client.list_resource(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(event) = stream.message().await.unwrap() {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn each_event_of_a_list_has_what_core_wants_of_it() {
    let events = listed(&Catalog::default(), json!({"count": 2, "then": null}), 100, false).await;
    assert_eq!(events.len(), 2);
    for (n, event) in events.iter().enumerate() {
        assert_eq!(said(event.identity.as_ref()), Some(identity(&format!("n-{n}"), Json::Null)));
        assert_eq!(
            (event.display_name.as_str(), &event.resource_object),
            (format!("Thing {n}").as_str(), &None)
        );
    }
    let events = listed(&Catalog::default(), json!({"count": 1, "then": null}), 100, true).await;
    let object = value(events[0].resource_object.as_ref().unwrap());
    assert_eq!(object, thing(json!({"name": "n-0", "serial": 0})), "nothing write-only comes out");
}

#[tokio::test]
async fn a_list_ends_at_its_limit_and_looks_no_further() {
    for (limit, expected) in [(3, 3), (1, 1), (0, 100), (-5, 100), (1000, 300)] {
        let catalog = Catalog::default();
        let events = listed(&catalog, json!({"count": 300, "then": "fail"}), limit, false).await;
        let found = events.iter().filter(|event| event.identity.is_some()).count();
        assert_eq!(found, expected, "{limit}");
        assert_eq!(catalog.looked_at.load(Ordering::SeqCst), expected as u64, "{limit}");
        // Whoever stopped at the limit does not hear what came after it.
        assert_eq!(events.len() - found, usize::from(limit == 1000));
    }
}

#[tokio::test]
async fn what_goes_wrong_in_a_list_is_its_last_event() {
    for (then, severity, summary) in
        [("fail", 1, "It failed"), ("panic", 1, "The hss provider failed inside"), ("warn", 2, "Be warned")]
    {
        let events = listed(&Catalog::default(), json!({"count": 2, "then": then}), 100, false).await;
        assert_eq!(events.len(), 3);
        let last = &events[2];
        assert_eq!((&last.identity, &last.resource_object), (&None, &None));
        assert_eq!((last.diagnostic[0].severity, last.diagnostic[0].summary.as_str()), (severity, summary));
    }
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_search() {
    let catalog = Catalog::default();
    let grpc = Grpc::serve(catalog::service(&catalog)).await;
    let mut client = ProviderClient::new(grpc.channel().await);
    let configure = wire::configure_provider::Request { config: message(&json!({})), ..Default::default() };
    client.configure_provider(configure).await.unwrap();
    let request = wire::list_resource::Request {
        type_name: TY.into(),
        config: message(&json!({"count": 10_000_000, "then": null})),
        limit: 10_000_000,
        include_resource_object: true,
    };
    let mut stream = client.list_resource(request).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    drop(stream);
    let mut before = u64::MAX;
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let now = catalog.looked_at.load(Ordering::SeqCst);
        if now == before {
            break;
        }
        before = now;
    }
    assert!(before < 10_000_000, "nobody listens, and the search goes on");
}

#[tokio::test]
async fn a_generated_configuration_says_no_more_than_it_must() {
    let host = host().await;
    let generated = async |state: Json| {
        let request =
            wire::generate_resource_config::Request { type_name: TY.into(), state: message(&state) };
        let answer = never_a_status(host.service.generate_resource_config(Request::new(request)).await);
        assert!(answer.diagnostics.is_empty());
        value(answer.config.as_ref().unwrap())
    };
    let state = |place: &str, colour: &str| {
        thing(json!({"name": "a", "place": place, "colour": colour, "serial": 7}))
    };
    assert_eq!(generated(state("usual", "grey")).await, thing(json!({"name": "a"})));
    let expected = thing(json!({"name": "a", "place": "far", "colour": "red"}));
    assert_eq!(generated(state("far", "red")).await, expected);
}
