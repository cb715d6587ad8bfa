//! One resource within this process: decode, plan, encode.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use terraform_provider_hss::{
    clock::SystemClock,
    hss::HssProvider,
    tfplugin6::{
        service::Service,
        wire::{self, DynamicValue, provider_server::Provider as _},
    },
};
use tonic::Request;

use super::{Report, median};

const TYPE: &str = "hss_wtp_remote_backup";

fn message(value: &Json) -> Option<DynamicValue> {
    Some(DynamicValue { json: value.to_string().into_bytes().into(), ..DynamicValue::default() })
}

pub(crate) fn measure(report: &mut Report) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let per_plan = runtime.block_on(async {
        let service =
            Service::new(HssProvider::new(BTreeMap::new(), Arc::new(SystemClock)), Arc::new(SystemClock));
        let schema = service.get_provider_schema(Request::new(wire::get_provider_schema::Request {})).await;
        let schema = schema.unwrap().into_inner();
        let nulls = |block: &wire::schema::Block| -> serde_json::Map<String, Json> {
            let blocks = block.block_types.iter().map(|one| (one.type_name.clone(), json!([])));
            block.attributes.iter().map(|one| (one.name.clone(), Json::Null)).chain(blocks).collect()
        };
        let mut provider = nulls(schema.provider.as_ref().unwrap().block.as_ref().unwrap());
        for (name, value) in [("region", "cn-north-4"), ("access_key", "a"), ("secret_key", "s")] {
            provider.insert(name.to_owned(), json!(value));
        }
        provider.insert("preflight".to_owned(), json!(false));
        let configure = wire::configure_provider::Request {
            config: message(&Json::Object(provider)),
            ..Default::default()
        };
        service.configure_provider(Request::new(configure)).await.unwrap();
        let mut config = nulls(schema.resource_schemas[TYPE].block.as_ref().unwrap());
        config.insert("host_id".to_owned(), json!("web-1"));
        config.insert("backup_host_id".to_owned(), json!("vault-1"));
        config.insert("backup_addr".to_owned(), json!("172.16.8.20:18080"));
        let config = message(&Json::Object(config));
        let request = wire::plan_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: message(&Json::Null),
            proposed_new_state: config.clone(),
            config,
            ..Default::default()
        };
        let mut batches = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            for _ in 0..500 {
                let answer = service.plan_resource_change(Request::new(request.clone())).await.unwrap();
                assert!(answer.into_inner().planned_state.is_some());
            }
            batches.push(began.elapsed() / 500);
        }
        median(batches)
    });
    report.line("");
    report.line(&format!(
        "decode, plan and encode of one resource to be created: {:.1} µs, without transport",
        Duration::as_secs_f64(&per_plan) * 1e6
    ));
}
