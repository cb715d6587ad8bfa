//! Terraform core's side of the calls, as far as these tests need it, and its judgement of the answers.

use std::{fmt::Debug, sync::Arc};

use serde_json::{Value as Json, json};
use terraform_provider_hss::{
    clock::SystemClock,
    framework::provider::Provider,
    hss::HssProvider,
    tfplugin6::{
        service::Service,
        wire::{
            self, AttributePath, ClientCapabilities, Diagnostic, DynamicValue, attribute_path,
            diagnostic::Severity, provider_server::Provider as Calls,
        },
    },
};
use tonic::{Request, Response, Status};

use crate::{
    fake::{self, Fake},
    pack::{pack, unpack},
};

pub(crate) const THING: &str = "fake_thing";
pub(crate) const PRIVATE: &[u8] = br#"{"note":"of an earlier call"}"#;

/// Core with a provider in one process.
pub(crate) struct Host<P: Provider> {
    pub(crate) service: Arc<Service<P>>,
    pub(crate) ty: &'static str,
}

/// What came back about an object.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// `None` when the message was absent.
    pub(crate) state: Option<Json>,
    pub(crate) private: Vec<u8>,
    pub(crate) replaces: Vec<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn state(&self) -> &Json {
        assert!(self.errors().is_empty(), "{:?}", self.diagnostics);
        self.state.as_ref().expect("there is a state")
    }

    pub(crate) fn errors(&self) -> Vec<&str> {
        errors(&self.diagnostics)
    }
}

pub(crate) fn errors(diagnostics: &[Diagnostic]) -> Vec<&str> {
    for one in diagnostics {
        assert_ne!(one.severity(), Severity::Invalid, "nothing would be printed: {one:?}");
        assert!(!one.summary.is_empty() && !one.summary.ends_with('.'), "{one:?}");
        if let Some(path) = &one.attribute {
            let first = path.steps.first().and_then(|step| step.selector.as_ref());
            assert!(matches!(first, Some(attribute_path::step::Selector::AttributeName(_))), "{one:?}");
        }
    }
    let errors = diagnostics.iter().filter(|one| one.severity() == Severity::Error);
    errors.map(|one| one.summary.as_str()).collect()
}

pub(crate) fn shown(path: &AttributePath) -> String {
    use attribute_path::step::Selector;
    path.steps
        .iter()
        .map(|step| match step.selector.as_ref().unwrap() {
            Selector::AttributeName(name) => format!(".{name}"),
            Selector::ElementKeyString(key) => format!("[{key:?}]"),
            Selector::ElementKeyInt(index) => format!("[{index}]"),
        })
        .collect()
}

/// A gRPC error would lose private state, whatever it says.
#[track_caller]
pub(crate) fn never_a_status<T: Debug>(answer: Result<Response<T>, Status>) -> T {
    answer.expect("errors travel as diagnostics").into_inner()
}

pub(crate) fn message(value: &Json) -> Option<DynamicValue> {
    Some(DynamicValue { msgpack: pack(value).into(), json: Default::default() })
}

pub(crate) fn value(message: &DynamicValue) -> Json {
    assert!(message.json.is_empty(), "JSON is not understood everywhere");
    if message.msgpack.is_empty() { Json::Null } else { unpack(&message.msgpack) }
}

impl Host<Fake> {
    /// The fake provider, configured.
    pub(crate) async fn fake() -> Self {
        let host = Self { service: Arc::new(fake::service()), ty: THING };
        assert!(host.configure(json!({"token": null})).await.is_empty());
        host
    }
}

impl Host<HssProvider> {
    /// The real provider, not configured.
    pub(crate) fn hss(ty: &'static str) -> Self {
        let provider = HssProvider::new(Default::default(), Arc::new(SystemClock));
        Self { service: Arc::new(Service::new(provider, Arc::new(SystemClock))), ty }
    }
}

impl<P: Provider> Host<P> {
    pub(crate) async fn configure(&self, config: Json) -> Vec<Diagnostic> {
        let request = wire::configure_provider::Request {
            terraform_version: "1.11.4".into(),
            config: message(&config),
            ..Default::default()
        };
        never_a_status(self.service.configure_provider(Request::new(request)).await).diagnostics
    }

    pub(crate) async fn validate(&self, config: &Json) -> Vec<Diagnostic> {
        let capabilities =
            ClientCapabilities { write_only_attributes_allowed: true, ..ClientCapabilities::default() };
        let request = wire::validate_resource_config::Request {
            type_name: self.ty.into(),
            config: message(config),
            client_capabilities: Some(capabilities),
        };
        never_a_status(self.service.validate_resource_config(Request::new(request)).await).diagnostics
    }

    /// Plans with the proposal that core would make.
    pub(crate) async fn plan(&self, prior: &Json, config: &Json) -> Answer {
        self.plan_proposed(prior, config, &proposed(prior, config)).await
    }

    pub(crate) async fn plan_proposed(&self, prior: &Json, config: &Json, proposed: &Json) -> Answer {
        let request = wire::plan_resource_change::Request {
            type_name: self.ty.into(),
            prior_state: message(prior),
            config: message(config),
            proposed_new_state: message(proposed),
            prior_private: PRIVATE.to_vec(),
            ..Default::default()
        };
        let answer = never_a_status(self.service.plan_resource_change(Request::new(request)).await);
        assert!(!answer.legacy_type_system && answer.deferred.is_none());
        assert_eq!(answer.planned_private, PRIVATE);
        Answer {
            state: answer.planned_state.as_ref().map(value),
            private: answer.planned_private,
            replaces: answer.requires_replace.iter().map(shown).collect(),
            diagnostics: answer.diagnostics,
        }
    }

    pub(crate) async fn apply(&self, prior: &Json, planned: &Json, config: &Json) -> Answer {
        let request = wire::apply_resource_change::Request {
            type_name: self.ty.into(),
            prior_state: message(prior),
            planned_state: message(planned),
            config: message(config),
            planned_private: PRIVATE.to_vec(),
            ..Default::default()
        };
        let answer = never_a_status(self.service.apply_resource_change(Request::new(request)).await);
        assert!(!answer.legacy_type_system);
        assert!(
            answer.private.starts_with(&PRIVATE[..PRIVATE.len() - 1]),
            "private state is always returned"
        );
        let state = answer.new_state.as_ref().map(value);
        assert!(!holds_unknown(state.as_ref()), "an unknown value is left: {state:?}");
        Answer { state, private: answer.private, replaces: Vec::new(), diagnostics: answer.diagnostics }
    }

    /// Plans a create of `config` and applies it.
    pub(crate) async fn create(&self, config: &Json) -> Answer {
        let planned = self.plan(&Json::Null, config).await;
        self.apply(&Json::Null, planned.state(), config).await
    }

    /// Plans an update of `prior` to `config` and applies it.
    pub(crate) async fn update(&self, prior: &Json, config: &Json) -> Answer {
        let planned = self.plan(prior, config).await;
        self.apply(prior, planned.state(), config).await
    }

    pub(crate) async fn delete(&self, prior: &Json) -> Answer {
        self.apply(prior, &Json::Null, &Json::Null).await
    }

    pub(crate) async fn read(&self, current: &Json) -> Answer {
        let request = wire::read_resource::Request {
            type_name: self.ty.into(),
            current_state: message(current),
            private: PRIVATE.to_vec(),
            ..Default::default()
        };
        let answer = never_a_status(self.service.read_resource(Request::new(request)).await);
        assert!(answer.deferred.is_none());
        assert!(
            answer.private.starts_with(&PRIVATE[..PRIVATE.len() - 1]),
            "private state is always returned"
        );
        let state = answer.new_state.as_ref().map(value);
        assert!(!holds_unknown(state.as_ref()), "an unknown value is left: {state:?}");
        Answer { state, private: answer.private, replaces: Vec::new(), diagnostics: answer.diagnostics }
    }

    pub(crate) async fn upgrade(&self, version: i64, json: &str) -> Answer {
        let raw = wire::RawState { json: json.as_bytes().to_vec(), ..Default::default() };
        self.upgrade_raw(version, Some(raw)).await
    }

    pub(crate) async fn upgrade_raw(&self, version: i64, raw_state: Option<wire::RawState>) -> Answer {
        let request = wire::upgrade_resource_state::Request { type_name: self.ty.into(), version, raw_state };
        let answer = never_a_status(self.service.upgrade_resource_state(Request::new(request)).await);
        let state = answer.upgraded_state.as_ref().map(value);
        assert!(!holds_unknown(state.as_ref()));
        assert_eq!(
            state.as_ref().is_none_or(Json::is_null),
            !answer.diagnostics.is_empty(),
            "null is an error"
        );
        Answer { state, private: Vec::new(), replaces: Vec::new(), diagnostics: answer.diagnostics }
    }

    pub(crate) async fn import(&self, id: &str) -> Answer {
        let request = wire::import_resource_state::Request {
            type_name: self.ty.into(),
            id: id.into(),
            ..Default::default()
        };
        let answer = never_a_status(self.service.import_resource_state(Request::new(request)).await);
        let state = match answer.imported_resources.as_slice() {
            [] => None,
            [one] => {
                assert_eq!((one.type_name.as_str(), &one.identity), (self.ty, &None));
                one.state.as_ref().map(value)
            }
            _ => panic!("core takes one object"),
        };
        assert!(!holds_unknown(state.as_ref()));
        Answer { state, private: Vec::new(), replaces: Vec::new(), diagnostics: answer.diagnostics }
    }
}

fn holds_unknown(value: Option<&Json>) -> bool {
    match value {
        Some(Json::Object(members)) if members.contains_key("$") => members["$"] == "unknown",
        Some(Json::Object(members)) => members.values().any(|value| holds_unknown(Some(value))),
        Some(Json::Array(all)) => all.iter().any(|value| holds_unknown(Some(value))),
        _ => false,
    }
}

/// Core's merge of prior state and configuration: a computed attribute that is not configured keeps its prior value.
pub(crate) fn proposed(prior: &Json, config: &Json) -> Json {
    const COMPUTED: [&str; 8] = ["label", "mixed", "id", "serial", "zone", "odd", "mode", "made"];
    match (prior, config) {
        (Json::Object(before), Json::Object(members)) => {
            let merged = members.iter().map(|(name, value)| {
                let prior = before.get(name).unwrap_or(&Json::Null);
                let kept = value.is_null() && COMPUTED.contains(&name.as_str());
                (name.clone(), if kept { prior.clone() } else { proposed(prior, value) })
            });
            Json::Object(merged.collect())
        }
        (Json::Array(before), Json::Array(elements)) => {
            let before = before.iter().chain(std::iter::repeat(&Json::Null));
            elements.iter().zip(before).map(|(value, prior)| proposed(prior, value)).collect()
        }
        _ => config.clone(),
    }
}

/// `base` with other members.
pub(crate) fn with(base: &Json, members: Json) -> Json {
    let mut object = base.clone();
    for (name, value) in members.as_object().unwrap() {
        let known = object.as_object_mut().unwrap().insert(name.clone(), value.clone());
        assert!(known.is_some(), "there is no {name}");
    }
    object
}

/// The configuration of a thing with these members, the others not set.
pub(crate) fn thing(members: Json) -> Json {
    let nothing = json!({
        "name": "n", "script": null, "amount": null, "label": null, "secret": null, "password": null, "any": null,
        "mixed": null, "tags": null, "words": null, "ports": null, "id": null, "serial": null, "zone": null,
        "odd": null, "vault": null, "nest": null, "disks": null, "mirrors": null, "pools": null,
        "rule": [], "role": [], "site": {}, "single": null, "group": part(json!({})),
        "wild": crate::pack::dynamic(json!(["tuple", []]), json!([])),
    });
    with(&nothing, members)
}

/// One object inside a thing.
pub(crate) fn part(members: Json) -> Json {
    with(&json!({"name": null, "size": null, "mode": null, "made": null, "slot": null}), members)
}

/// A thing as it is in the state.
pub(crate) fn stored(members: Json) -> Json {
    let made = json!({
        "label": "none", "id": "id-n", "serial": 7, "zone": "z1",
        "group": part(json!({"mode": "on", "made": "made nameless"})),
    });
    with(&with(&thing(json!({})), made), members)
}
