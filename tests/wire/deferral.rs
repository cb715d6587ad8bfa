//! Putting off what cannot be done yet, and only for a client that says that it can wait.

use serde_json::json;
use terraform_provider_hss::tfplugin6::wire::{
    self, ClientCapabilities, deferred::Reason, provider_server::Provider as _,
};
use tonic::Request;

use crate::{
    calls::{backup_host, provider},
    host::{Host, errors, message, never_a_status, value},
    pack::unknown,
};

const TYPE: &str = "hss_wtp_backup_host";

/// The real provider, its keys not known before another resource is made.
async fn waiting() -> Host<terraform_provider_hss::hss::HssProvider> {
    let host = Host::hss(TYPE);
    let mut config = provider();
    config["region"] = json!("r-1");
    config["access_key"] = unknown();
    config["secret_key"] = unknown();
    assert!(host.configure(config).await.is_empty(), "what is not known yet is no error");
    host
}

fn client(deferral_allowed: bool) -> Option<ClientCapabilities> {
    Some(ClientCapabilities { deferral_allowed, ..ClientCapabilities::default() })
}

fn reason(deferred: Option<wire::Deferred>) -> Option<Reason> {
    deferred.map(|deferred| deferred.reason())
}

const EXPECTED: [(bool, Option<Reason>); 2] = [(true, Some(Reason::ProviderConfigUnknown)), (false, None)];

#[tokio::test]
async fn a_refresh_is_put_off_or_refused() {
    let host = waiting().await;
    for (allowed, expected) in EXPECTED {
        let mut stored = backup_host();
        stored["id"] = json!("h-1");
        let request = wire::read_resource::Request {
            type_name: TYPE.into(),
            current_state: message(&stored),
            private: b"{\"n\":\"1\"}".to_vec(),
            client_capabilities: client(allowed),
            ..Default::default()
        };
        let answer = never_a_status(host.service.read_resource(Request::new(request)).await);
        assert_eq!(reason(answer.deferred), expected);
        let refused = ["The provider configuration is not known yet"];
        assert_eq!(errors(&answer.diagnostics), if allowed { &[][..] } else { &refused[..] });
        assert_eq!(value(answer.new_state.as_ref().unwrap()), stored, "nothing of the object is lost");
        assert_eq!(answer.private, b"{\"n\":\"1\"}");
    }
}

#[tokio::test]
async fn a_plan_says_what_is_certain_and_that_the_rest_is_put_off() {
    let host = waiting().await;
    for (allowed, expected) in EXPECTED {
        let request = wire::plan_resource_change::Request {
            type_name: TYPE.into(),
            prior_state: message(&json!(null)),
            config: message(&backup_host()),
            proposed_new_state: message(&backup_host()),
            client_capabilities: client(allowed),
            ..Default::default()
        };
        let answer = never_a_status(host.service.plan_resource_change(Request::new(request)).await);
        assert_eq!(errors(&answer.diagnostics), [""; 0], "a plan needs nothing that is not known");
        assert_eq!(reason(answer.deferred), expected);
        let planned = value(answer.planned_state.as_ref().unwrap());
        assert_eq!((&planned["host_id"], &planned["status"]), (&json!("h-1"), &json!("running")));
        assert_eq!(planned["backup_host_name"], unknown());
    }
}

#[tokio::test]
async fn an_import_and_an_action_are_put_off() {
    let host = waiting().await;
    for (allowed, expected) in EXPECTED {
        let request = wire::import_resource_state::Request {
            type_name: TYPE.into(),
            id: "h-1".into(),
            client_capabilities: client(allowed),
            ..Default::default()
        };
        let answer = never_a_status(host.service.import_resource_state(Request::new(request)).await);
        assert_eq!(reason(answer.deferred), expected);
        assert_eq!(answer.imported_resources.len(), 1);

        let config = json!({"host_id": "h-1", "backup_host_id": null, "enterprise_project_id": null, "region": null, "wait": null});
        let request = wire::plan_action::Request {
            action_type: "hss_wtp_verify_remote_backup".into(),
            config: message(&config),
            client_capabilities: client(allowed),
        };
        let answer = never_a_status(host.service.plan_action(Request::new(request)).await);
        assert_eq!(reason(answer.deferred), expected);
        assert_eq!(errors(&answer.diagnostics), [""; 0]);
    }
}

#[tokio::test]
async fn a_known_configuration_puts_nothing_off() {
    let host = Host::hss(TYPE);
    let mut config = provider();
    config["region"] = json!("r-1");
    config["access_key"] = json!("AK");
    config["secret_key"] = json!("SK");
    assert!(host.configure(config).await.is_empty());
    let request = wire::import_resource_state::Request {
        type_name: TYPE.into(),
        id: "h-1".into(),
        client_capabilities: client(true),
        ..Default::default()
    };
    let answer = never_a_status(host.service.import_resource_state(Request::new(request)).await);
    assert_eq!(reason(answer.deferred), None);
}
