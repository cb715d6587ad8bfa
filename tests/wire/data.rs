//! Section 12 of core's rules, data sources, and the functions: what core sends, and what it accepts for an answer.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use terraform_provider_hss::{
    framework::{
        data_source::{DataSource, ReadCx},
        diag::{Diagnostic, Diagnostics, Outcome},
        model::{Attr, Schema},
        path::Path,
        provider::Provider,
        schema::{computed, optional, optional_computed},
    },
    tfplugin6::wire::{self, ClientCapabilities, provider_server::Provider as Calls},
};
use tonic::Request;

use crate::{
    fake::Api,
    host::{Host, errors, message, never_a_status, shown, value, with},
    pack::{pack, unknown},
};

/// A data source that does what its `script` says.
pub(crate) struct Look;

#[derive(Clone, Default)]
pub(crate) struct Looked {
    script: Attr<String>,
    zone: Attr<String>,
    found: Attr<String>,
}

impl DataSource<Api> for Look {
    type Model = Looked;
    const NAME: &'static str = "fake_look";

    fn schema(&self) -> Schema<Looked> {
        let short = |text: &str| if text.len() > 30 { Err("Too long.".to_owned()) } else { Ok(()) };
        Schema::<Looked>::new("A look.")
            .attr(Path::root("script"), |m| &mut m.script, optional().text(short), "")
            .attr(Path::root("zone"), |m| &mut m.zone, optional_computed(), "")
            .attr(Path::root("found"), |m| &mut m.found, computed(), "")
    }

    fn validate(&self, config: &Looked, diagnostics: &mut Diagnostics) {
        if config.script.known().is_some_and(|script| script == "wrong") {
            diagnostics.push(Diagnostic::error("A wrong script", "Take another one.").at("script"));
        }
    }

    async fn read(&self, cx: &ReadCx<'_, Api>, mut config: Looked) -> Outcome<Looked> {
        match config.script.known().map(String::as_str) {
            Some("fail") => return Err(Diagnostic::error("It failed", "As the script said.").into()),
            Some("panic") => panic!("a read panics"),
            Some("warn") => cx.warn(Diagnostic::warning("Something is odd", "As the script said.")),
            Some("unknown") => config.found = Attr::Unknown,
            _ => config.found = Attr::Known("it".to_owned()),
        }
        if config.zone.is_null() {
            config.zone = Attr::Known("z1".to_owned());
        }
        Ok(config)
    }
}

/// What came back of a read.
struct Answer {
    state: Option<Json>,
    deferred: bool,
    diagnostics: Vec<wire::Diagnostic>,
}

impl<P: Provider> Host<P> {
    async fn look(&self, config: &Json, may_wait: bool) -> Answer {
        let request = wire::read_data_source::Request {
            type_name: self.ty.into(),
            config: message(config),
            client_capabilities: Some(ClientCapabilities {
                deferral_allowed: may_wait,
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = never_a_status(self.service.read_data_source(Request::new(request)).await);
        Answer {
            state: answer.state.as_ref().map(value),
            deferred: answer.deferred.is_some(),
            diagnostics: answer.diagnostics,
        }
    }

    async fn validate_look(&self, config: &Json) -> Vec<wire::Diagnostic> {
        let request = wire::validate_data_resource_config::Request {
            type_name: self.ty.into(),
            config: message(config),
        };
        never_a_status(self.service.validate_data_resource_config(Request::new(request)).await).diagnostics
    }

    async fn call(&self, name: &str, arguments: &[Json]) -> wire::call_function::Response {
        let arguments = arguments
            .iter()
            .map(|argument| wire::DynamicValue { msgpack: pack(argument).into(), json: Default::default() })
            .collect();
        let request = wire::call_function::Request { name: name.into(), arguments };
        never_a_status(self.service.call_function(Request::new(request)).await)
    }
}

fn look(script: &str) -> Json {
    json!({"script": script, "zone": null, "found": null})
}

async fn fake() -> Host<crate::fake::Fake> {
    Host { ty: Look::NAME, ..Host::fake().await }
}

#[tokio::test]
async fn section_12_a_result_is_wholly_known_and_keeps_what_is_configured() {
    let host = fake().await;
    let plain = host.look(&look(""), false).await;
    assert_eq!(plain.state.unwrap(), json!({"script": "", "zone": "z1", "found": "it"}));
    let configured = with(&look(""), json!({"zone": "mine"}));
    assert_eq!(host.look(&configured, false).await.state.unwrap()["zone"], "mine");
    let unknown = host.look(&look("unknown"), false).await.state.unwrap();
    assert_eq!(unknown["found"], Json::Null, "what is unknown after a read is null");
}

#[tokio::test]
async fn section_12_a_failure_is_an_error_and_a_warning_is_none() {
    let host = fake().await;
    for (script, expected) in [("fail", "It failed"), ("panic", "The hss provider failed inside")] {
        let answer = host.look(&look(script), false).await;
        assert_eq!(errors(&answer.diagnostics), [expected], "{script}");
        assert!(answer.state.is_none_or(|state| state.is_null()));
    }
    let warned = host.look(&look("warn"), false).await;
    assert_eq!((errors(&warned.diagnostics).len(), warned.diagnostics.len()), (0, 1));
    assert_eq!(warned.state.unwrap()["zone"], "z1");
}

#[tokio::test]
async fn section_12_a_configuration_is_checked_as_far_as_it_is_known() {
    let host = fake().await;
    for (config, path) in [
        (look("wrong"), Some(".script")),
        (look(&"x".repeat(31)), Some(".script")),
        (with(&look(""), json!({"found": "mine"})), Some(".found")),
        (with(&look(""), json!({"script": unknown(), "zone": unknown()})), None),
    ] {
        let said = host.validate_look(&config).await;
        let paths: Vec<_> = said.iter().map(|one| shown(one.attribute.as_ref().unwrap())).collect();
        assert_eq!(paths, path.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{config}");
    }
}

/// The configuration of a data source with these arguments, the others not set.
async fn blank(host: &Host<terraform_provider_hss::hss::HssProvider>, members: Json) -> Json {
    let schema = never_a_status(host.service.get_provider_schema(Request::new(Default::default())).await);
    let block = schema.data_source_schemas[host.ty].block.clone().unwrap();
    let nothing = block.attributes.into_iter().map(|one| (one.name, Json::Null)).collect();
    with(&Json::Object(nothing), members)
}

/// What each data source can be asked with.
fn arguments(name: &str) -> Json {
    if name == "hss_wtp_remote_backup" { json!({"host_id": "h-1"}) } else { json!({}) }
}

const SOURCES: [&str; 5] = [
    "hss_wtp_backup_hosts",
    "hss_wtp_coverage",
    "hss_wtp_hosts",
    "hss_wtp_remote_backup",
    "hss_wtp_statistics",
];

/// While the provider's own configuration is not known, a host that can wait is told to, with all that is certain; any
/// other gets an error that names the argument.
#[tokio::test]
async fn data_sources_are_put_off_while_the_provider_is_not_known() {
    for name in SOURCES {
        let host = Host::hss(name);
        assert!(
            host.configure(json!({"region": unknown(), "access_key": "AK", "secret_key": "SK"}))
                .await
                .is_empty()
        );
        let config = with(&blank(&host, arguments(name)).await, json!({"enterprise_project_id": "0"}));
        assert_eq!(errors(&host.validate_look(&config).await), [""; 0], "{name}");
        let put_off = host.look(&config, true).await;
        let state = put_off.state.unwrap();
        assert!(put_off.deferred && put_off.diagnostics.is_empty());
        assert_eq!((&state["enterprise_project_id"], &state["region"]), (&json!("0"), &unknown()), "{name}");
        let results: Vec<_> =
            state.as_object().unwrap().values().filter(|value| **value == unknown()).collect();
        assert!(results.len() > 1, "{name}: what is read is not known: {state}");
        let refused = host.look(&config, false).await;
        assert_eq!(errors(&refused.diagnostics), ["The provider configuration is not known yet"], "{name}");
        assert!(refused.diagnostics[0].detail.contains("`region`") && !refused.deferred);
    }
}

#[tokio::test]
async fn values_that_are_not_known_yet_pass_the_checks_of_every_data_source() {
    for name in SOURCES {
        let host = Host::hss(name);
        let schema = never_a_status(host.service.get_provider_schema(Request::new(Default::default())).await);
        let attributes = schema.data_source_schemas[name].block.clone().unwrap().attributes;
        let all = attributes.iter().map(|one| {
            let settable = one.required || one.optional;
            (one.name.clone(), if settable { unknown() } else { Json::Null })
        });
        assert_eq!(host.validate_look(&Json::Object(all.collect())).await, [], "{name}");
    }
}

#[tokio::test]
async fn the_metadata_and_the_schema_name_the_same_data_sources_and_functions() {
    let host = Host::hss("hss_wtp_hosts");
    let schema = never_a_status(host.service.get_provider_schema(Request::new(Default::default())).await);
    let metadata = never_a_status(host.service.get_metadata(Request::new(Default::default())).await);
    let functions = never_a_status(host.service.get_functions(Request::new(Default::default())).await);
    let described: BTreeSet<_> = schema.data_source_schemas.keys().cloned().collect();
    assert_eq!(described, SOURCES.map(str::to_owned).into());
    assert_eq!(
        metadata.data_sources.into_iter().map(|one| one.type_name).collect::<BTreeSet<_>>(),
        described
    );
    let names: BTreeSet<_> = schema.functions.keys().cloned().collect();
    assert_eq!(names, ["backup_addr", "parse_backup_addr", "parse_import_id"].map(str::to_owned).into());
    assert_eq!(metadata.functions.into_iter().map(|one| one.name).collect::<BTreeSet<_>>(), names);
    assert_eq!(functions.functions, schema.functions, "OpenTofu asks for them by themselves");
}

#[tokio::test]
async fn functions_answer_with_a_result_or_with_the_argument_to_blame() {
    let host = Host::hss("");
    let good = host.call("backup_addr", &[json!("10.0.0.1"), json!(80)]).await;
    assert_eq!((value(&good.result.unwrap()), good.error), (json!("10.0.0.1:80"), None));
    let parts = host.call("parse_import_id", &[json!("h-1")]).await.result.unwrap();
    assert_eq!(value(&parts), json!({"enterprise_project_id": null, "host_id": "h-1"}));
    let parts = host.call("parse_backup_addr", &[json!("10.0.0.1:80")]).await.result.unwrap();
    assert_eq!(value(&parts), json!({"ip": "10.0.0.1", "port": 80}));
    for (name, arguments, blamed) in [
        ("backup_addr", vec![json!("x"), json!(80)], Some(0)),
        ("backup_addr", vec![json!("10.0.0.1"), json!(80.5)], Some(1)),
        ("backup_addr", vec![Json::Null, json!(80)], Some(0)),
        ("backup_addr", vec![json!("10.0.0.1"), unknown()], Some(1)),
        ("parse_import_id", vec![json!("")], Some(0)),
        // What core never does is told without an argument.
        ("backup_addr", vec![json!("10.0.0.1")], None),
        ("backup_addr", vec![json!(["10.0.0.1"]), json!(80)], None),
        ("no_such_function", vec![], None),
    ] {
        let answer = host.call(name, &arguments).await;
        let error = answer.error.expect("an error");
        assert_eq!((answer.result, error.function_argument), (None, blamed), "{name}: {}", error.text);
        assert!(!error.text.is_empty());
    }
}
