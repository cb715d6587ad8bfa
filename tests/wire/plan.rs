//! Sections 2 to 4 of core's rules: validation, the provider's configuration, planning.

use serde_json::{Value as Json, json};
use terraform_provider_hss::tfplugin6::wire::{self, ClientCapabilities, provider_server::Provider as Calls};
use tonic::Request;

use crate::{
    host::{Host, THING, errors, message, never_a_status, part, shown, stored, thing, with},
    pack::{unknown, unknown_but_set},
};

const HSS: &str = "hss_wtp_backup_host";

/// A provider block with nothing set.
fn hss_config(members: Json) -> Json {
    let nothing = json!({
        "region": null, "access_key": null, "secret_key": null, "security_token": null, "token": null,
        "project_id": null, "project_name": null, "auth_url": null, "cloud": null, "endpoints": null,
        "enterprise_project_id": null, "insecure": null,
    });
    with(&nothing, members)
}

fn hss_backup_host(members: Json) -> Json {
    let nothing = json!({
        "host_id": null, "backup_host_ip": null, "backup_host_port": null, "backup_dir": null,
        "enterprise_project_id": null, "region": null, "wait_for_running": null, "overwrite_existing": null,
        "timeouts": null, "id": null, "backup_host_name": null, "backup_host_status": null, "status": null,
        "backup_addr": null,
    });
    with(&nothing, members)
}

#[tokio::test]
async fn section_2_validation_skips_what_is_unknown_also_inside_collections() {
    let host = Host::fake().await;
    let config = thing(json!({
        "name": unknown(), "tags": {"k": unknown()}, "nest": part(json!({"name": unknown_but_set()})),
        "disks": [unknown(), part(json!({"name": unknown()}))], "words": [unknown()], "pools": unknown(),
        "rule": [part(json!({"name": unknown()}))], "role": unknown(),
    }));
    assert_eq!(host.validate(&config).await, []);
    let hss = Host::hss(HSS);
    let unknowns = with(
        &hss_backup_host(json!({})),
        json!({
            "host_id": unknown(), "backup_host_ip": unknown(), "backup_host_port": unknown(), "backup_dir": unknown(),
            "region": unknown(), "timeouts": {"create": unknown(), "update": null, "delete": null},
        }),
    );
    assert_eq!(hss.validate(&unknowns).await, []);
}

#[tokio::test]
async fn section_2_checks_reach_every_object_and_blame_it() {
    let host = Host::fake().await;
    let bad = part(json!({"name": ""}));
    let config = thing(json!({
        "name": "bad", "nest": bad, "disks": [part(json!({})), bad], "mirrors": [bad], "pools": {"k": bad},
        "rule": [part(json!({})), bad], "role": [bad], "site": {"k": bad}, "single": bad, "group": bad,
    }));
    let diagnostics = host.validate(&config).await;
    assert_eq!(errors(&diagnostics).len(), 9);
    let paths: Vec<_> = diagnostics.iter().map(|one| shown(one.attribute.as_ref().unwrap())).collect();
    // Terraform finds the line of an argument and of its elements, and looks no deeper; into blocks it does.
    let expected = [
        ".nest",
        ".disks[1]",
        ".mirrors",
        ".pools[\"k\"]",
        ".rule[1].name",
        ".role",
        ".site[\"k\"].name",
        ".single.name",
        ".group.name",
    ];
    assert_eq!(paths, expected);
    assert_eq!(errors(&host.validate(&thing(json!({"name": "bad"}))).await), ["A bad name"]);
}

#[tokio::test]
async fn section_2_write_only_values_are_refused_where_they_would_be_stored() {
    let host = Host::fake().await;
    let validate = async |capabilities: Option<ClientCapabilities>, config: Json| {
        let request = wire::validate_resource_config::Request {
            type_name: THING.into(),
            config: message(&config),
            client_capabilities: capabilities,
        };
        never_a_status(host.service.validate_resource_config(Request::new(request)).await).diagnostics
    };
    let knows = ClientCapabilities { write_only_attributes_allowed: true, ..ClientCapabilities::default() };
    let config = thing(json!({"secret": "s", "vault": {"secret": unknown()}}));
    assert_eq!(validate(Some(knows), config.clone()).await, []);
    for capabilities in [None, Some(ClientCapabilities::default())] {
        let said = validate(capabilities, config.clone()).await;
        let paths: Vec<_> = said.iter().map(|one| shown(one.attribute.as_ref().unwrap())).collect();
        assert_eq!((errors(&said).len(), paths), (2, vec![".secret".to_owned(), ".vault".to_owned()]));
        assert_eq!(validate(capabilities, thing(json!({}))).await, []);
    }
}

#[tokio::test]
async fn section_3_an_unknown_provider_configuration_does_not_fail_configure() {
    let host = Host::fake().await;
    for token in [unknown(), unknown_but_set()] {
        assert_eq!(host.configure(json!({"token": token})).await, []);
        host.plan(&Json::Null, &thing(json!({}))).await.state();
        let read = host.read(&stored(json!({}))).await;
        assert_eq!(read.errors(), ["The token is not known yet"], "whoever needs it says so");
    }
    let hss = Host::hss(HSS);
    let nothing_known = json!({
        "region": unknown(), "access_key": unknown(), "secret_key": unknown_but_set(), "endpoints": unknown(),
        "insecure": unknown(),
    });
    assert_eq!(hss.configure(hss_config(nothing_known)).await, []);
    let config = hss_backup_host(json!({
        "host_id": "h-1", "backup_host_ip": "10.0.0.1", "backup_host_port": 8080, "backup_dir": "/b",
    }));
    let planned = hss.plan_proposed(&Json::Null, &config, &config).await;
    assert_eq!(planned.state()["region"], unknown());
    assert_eq!(planned.state()["backup_addr"], "10.0.0.1:8080");
    let created = hss.apply(&Json::Null, planned.state(), &config).await;
    assert_eq!(created.errors(), ["The provider configuration is not known yet"]);
    assert_eq!(created.state, Some(Json::Null));
}

#[tokio::test]
async fn section_3_work_after_a_refused_configuration_is_an_error_and_a_new_one_mends_it() {
    let host = Host::fake().await;
    for token in ["bad", "panic"] {
        assert_eq!(host.configure(json!({"token": token})).await.len(), 1, "{token}");
    }
    host.configure(json!({"token": "bad"})).await;
    assert_eq!(host.read(&stored(json!({}))).await.errors(), ["The hss provider is not configured"]);
    assert_eq!(host.plan(&Json::Null, &thing(json!({}))).await.errors().len(), 1);
    let kept = host.delete(&stored(json!({}))).await;
    assert_eq!((kept.errors().len(), kept.state), (1, Some(stored(json!({})))));
    assert_eq!(host.configure(json!({"token": "good"})).await, []);
    assert_eq!(host.read(&stored(json!({}))).await.state(), &stored(json!({})));
}

#[tokio::test]
async fn section_4_the_plan_follows_configuration_defaults_and_leaves_the_rest_to_apply() {
    let host = Host::fake().await;
    let config = thing(json!({
        "amount": 0.1, "zone": unknown_but_set(), "nest": part(json!({"name": "a"})),
        "disks": [part(json!({"name": "b", "mode": "off"})), unknown()],
        "mirrors": [part(json!({"name": "c"})), part(json!({"name": "d"}))],
        "pools": {"k": part(json!({"size": unknown()}))},
        "rule": [part(json!({"name": "e"}))], "role": [part(json!({"name": "f"}))],
        "site": {"k": part(json!({"name": "g"}))}, "single": part(json!({})),
    }));
    let planned = host.plan(&Json::Null, &config).await;
    let later = |members: Json| with(&part(json!({"mode": "on", "made": unknown()})), members);
    let expected = with(
        &config,
        json!({
            "amount": "0.1", "label": "none", "id": unknown(), "serial": unknown(), "odd": unknown(), "mixed": unknown(),
            "nest": later(json!({"name": "a"})),
            "disks": [later(json!({"name": "b", "mode": "off"})), unknown()],
            "mirrors": [later(json!({"name": "c"})), later(json!({"name": "d"}))],
            "pools": {"k": later(json!({"size": unknown()}))},
            "rule": [later(json!({"name": "e"}))], "role": [later(json!({"name": "f"}))],
            "site": {"k": later(json!({"name": "g"}))}, "single": later(json!({})), "group": later(json!({})),
        }),
    );
    assert_eq!(planned.state(), &expected);
    assert_eq!(planned.replaces, Vec::<String>::new());
}

#[tokio::test]
async fn section_4_an_unchanged_object_plans_no_change() {
    let host = Host::fake().await;
    let inner = || part(json!({"name": "a", "mode": "on", "made": "made a"}));
    let asked = || part(json!({"name": "a"}));
    let lists = json!({
        "nest": inner(), "disks": [inner()], "mirrors": [inner()], "pools": {"k": inner()},
        "rule": [inner()], "role": [inner()], "site": {"k": inner()}, "single": inner(),
    });
    let wanted = json!({
        "nest": asked(), "disks": [asked()], "mirrors": [asked()], "pools": {"k": asked()},
        "rule": [asked()], "role": [asked()], "site": {"k": asked()}, "single": asked(),
    });
    let prior = stored(lists);
    let answer = host.plan_proposed(&prior, &thing(wanted), &prior).await;
    assert_eq!((answer.state(), answer.replaces.len()), (&prior, 0));
}

#[tokio::test]
async fn section_4_an_update_plans_only_what_can_change() {
    let host = Host::fake().await;
    let planned = host.plan(&stored(json!({})), &thing(json!({"amount": 5}))).await;
    assert_eq!(planned.state()["id"], "id-n", "an update does not change it");
    assert_eq!(planned.state()["serial"], unknown());
    assert_eq!(planned.state()["zone"], unknown());
    assert_eq!(planned.state()["label"], "none");
}

#[tokio::test]
async fn section_4_a_default_returns_when_the_configuration_falls_silent() {
    let host = Host::fake().await;
    let planned = host.plan(&stored(json!({"label": "mine"})), &thing(json!({}))).await;
    assert_eq!(planned.state()["label"], "none");
}

#[tokio::test]
async fn section_4_planning_twice_gives_the_same_bytes() {
    let host = Host::fake().await;
    let members = json!({
        "tags": {"b": "2", "a": "1"}, "words": ["z", "a", unknown()], "amount": unknown_but_set(),
        "mirrors": [part(json!({"name": "b"})), part(json!({"name": "a"}))],
        "role": [part(json!({"name": "b"})), part(json!({"name": "a"}))],
    });
    for prior in [Json::Null, stored(json!({}))] {
        let request = wire::plan_resource_change::Request {
            type_name: THING.into(),
            prior_state: message(&prior),
            config: message(&thing(members.clone())),
            proposed_new_state: message(&crate::host::proposed(&prior, &thing(members.clone()))),
            ..Default::default()
        };
        let plan =
            async || never_a_status(host.service.plan_resource_change(Request::new(request.clone())).await);
        let first = plan().await;
        assert!(first.diagnostics.is_empty(), "{:?}", first.diagnostics);
        assert_eq!(first, plan().await);
    }
}

#[tokio::test]
async fn section_4_the_second_plan_completes_the_first() {
    let host = Host::fake().await;
    let first = host.plan(&Json::Null, &thing(json!({"amount": unknown(), "zone": unknown()}))).await;
    let second = host.plan(&Json::Null, &thing(json!({"amount": 2, "zone": "z9"}))).await;
    for (name, value) in first.state().as_object().unwrap() {
        assert!(*value == unknown() || value == &second.state()[name] || name == "group", "{name}");
    }
    assert_eq!((&second.state()["amount"], &second.state()["zone"]), (&json!(2), &json!("z9")));
}

#[tokio::test]
async fn section_4_write_only_values_are_null_in_the_plan_and_make_no_difference() {
    let host = Host::fake().await;
    let config = thing(json!({"secret": "s", "vault": {"secret": "t"}}));
    let planned = host.plan(&Json::Null, &config).await;
    assert_eq!(planned.state()["secret"], Json::Null);
    assert_eq!(planned.state()["vault"], json!({"secret": null}));
    let prior = stored(json!({"vault": {"secret": null}}));
    assert_eq!(host.plan(&prior, &config).await.state(), &prior);
}

#[tokio::test]
async fn section_4_a_destroy_is_planned_as_null() {
    let host = Host::fake().await;
    let planned = host.plan(&stored(json!({})), &Json::Null).await;
    assert_eq!((planned.state(), planned.replaces.len()), (&Json::Null, 0));
}

#[tokio::test]
async fn section_4_changes_that_need_another_object_are_named_and_only_those() {
    let host = Host::fake().await;
    let slot = |slot: &str| part(json!({"name": "a", "mode": "on", "made": "made a", "slot": slot}));
    let want = |slot: &str| part(json!({"name": "a", "slot": slot}));
    for (prior, config, expected) in [
        (json!({}), json!({"name": "other"}), vec![".name"]),
        (json!({}), json!({"name": unknown()}), vec![".name"]),
        (json!({}), json!({"zone": "z1", "amount": 1}), vec![]),
        (json!({}), json!({"zone": "z2"}), vec![".zone"]),
        (json!({"nest": slot("1")}), json!({"nest": want("2")}), vec![".nest.slot"]),
        (
            json!({"disks": [slot("1"), slot("1")]}),
            json!({"disks": [want("1"), want("2")]}),
            vec![".disks[1].slot"],
        ),
        (json!({"pools": {"k": slot("1")}}), json!({"pools": {"k": want("2")}}), vec![".pools[\"k\"].slot"]),
        (json!({"mirrors": [slot("1")]}), json!({"mirrors": [want("2")]}), vec![".mirrors"]),
        (json!({"rule": [slot("1")]}), json!({"rule": [want("2")]}), vec![".rule[0].slot"]),
        (json!({"site": {"k": slot("1")}}), json!({"site": {"k": want("2")}}), vec![".site[\"k\"].slot"]),
        (json!({"role": [slot("1")]}), json!({"role": [want("2")]}), vec![".role"]),
    ] {
        let config = with(&thing(json!({"zone": "z1"})), config);
        let planned = host.plan(&stored(prior.clone()), &config).await;
        planned.state();
        assert_eq!(planned.replaces, expected, "{prior} {config}");
        assert_eq!(host.plan(&Json::Null, &config).await.replaces, Vec::<String>::new(), "a create");
    }
    let scripted = thing(json!({"script": "plan=replace", "amount": 1}));
    let planned = host.plan(&stored(json!({"zone": "z1"})), &with(&scripted, json!({"zone": "z1"}))).await;
    assert_eq!(planned.replaces, [".amount"], "the resource may name more");
}

#[tokio::test]
async fn section_4_the_second_plan_of_a_replacement_is_that_of_a_create() {
    let host = Host::fake().await;
    let config = thing(json!({"name": "other"}));
    let again = host.plan(&Json::Null, &config).await;
    assert_eq!(again.state()["id"], unknown());
    assert_eq!(again, host.plan(&Json::Null, &config).await);
}

#[tokio::test]
async fn section_4_values_kept_by_ignore_changes_plan_nothing() {
    // Core puts the prior value into the configuration that the plan sees.
    let host = Host::fake().await;
    let prior = stored(json!({"amount": 3}));
    let planned = host.plan(&prior, &thing(json!({"amount": 3, "label": "none"}))).await;
    assert_eq!(planned.state(), &prior);
}

#[tokio::test]
async fn section_4_a_plan_that_core_would_refuse_is_an_error_at_its_attribute() {
    let host = Host::fake().await;
    for (script, path) in [("plan=rename", ".name"), ("plan=show-secret", ".secret")] {
        let planned = host.plan(&Json::Null, &thing(json!({"script": script, "secret": "s"}))).await;
        assert_eq!(planned.errors(), ["The hss provider failed inside"]);
        assert_eq!(shown(planned.diagnostics[0].attribute.as_ref().unwrap()), path);
    }
}

#[tokio::test]
async fn section_4_a_failed_or_panicking_plan_is_an_error_and_keeps_private_state() {
    let host = Host::fake().await;
    for (script, expected) in [("plan=fail", "It failed"), ("plan=panic", "The hss provider failed inside")] {
        // The private bytes are compared with every plan.
        let planned = host.plan(&Json::Null, &thing(json!({"script": script}))).await;
        assert_eq!(planned.errors(), [expected]);
    }
}

#[tokio::test]
async fn section_4_blocks_are_empty_rather_than_null_and_unknown_ones_pass_through() {
    let host = Host::fake().await;
    let planned = host.plan(&Json::Null, &thing(json!({"rule": unknown(), "wild": unknown()}))).await;
    assert_eq!(planned.state()["rule"], unknown());
    assert_eq!(planned.state()["wild"], unknown());
    assert_eq!((&planned.state()["role"], &planned.state()["site"]), (&json!([]), &json!({})));
}

#[tokio::test]
async fn section_4_the_real_resources_plan_purely_and_alike_each_time() {
    let configured = json!({
        "region": "cn-north-4", "access_key": "a", "secret_key": "s", "project_id": "0123456789abcdef0123456789abcdef",
    });
    let host = Host::hss(HSS);
    assert_eq!(host.configure(hss_config(configured)).await, []);
    let config = hss_backup_host(json!({
        "host_id": "h-1", "backup_host_ip": "10.0.0.1", "backup_host_port": 8080, "backup_dir": "/b",
    }));
    let first = host.plan_proposed(&Json::Null, &config, &config).await;
    let planned = first.state();
    assert_eq!(
        (&planned["region"], &planned["backup_addr"]),
        (&json!("cn-north-4"), &json!("10.0.0.1:8080"))
    );
    assert_eq!((&planned["id"], &planned["wait_for_running"]), (&json!("h-1"), &json!(true)));
    assert_eq!(planned["backup_host_name"], unknown());
    assert_eq!(first, host.plan_proposed(&Json::Null, &config, &config).await);
    assert_eq!(host.plan_proposed(planned, &Json::Null, &Json::Null).await.state(), &Json::Null);
}
