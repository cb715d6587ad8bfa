//! Holds the compiled protocol descriptions against the wire facts: nothing missing, nothing else, nothing different.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};
use serde_json::{Value, json};
use terraform_provider_hss::tfplugin6::DESCRIPTORS;

/// What a file describes, in the words of the facts, by name.
#[derive(Default)]
struct Described {
    messages: BTreeMap<String, Value>,
    enums: BTreeMap<String, Value>,
    services: BTreeMap<String, Value>,
}

fn described(package: &str) -> Described {
    let files = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let mut described = Described::default();
    for file in files.file.iter().filter(|file| file.package() == package) {
        assert_eq!(file.syntax(), "proto3");
        describe(file, &mut described);
    }
    described
}

fn describe(file: &FileDescriptorProto, described: &mut Described) {
    for item in &file.enum_type {
        described.enums.insert(item.name().into(), enumeration(item));
    }
    for item in &file.message_type {
        message("", item, described);
    }
    for service in &file.service {
        let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
        let rpcs = service.method.iter().map(|rpc| {
            json!({
                "name": rpc.name(),
                "path": path(rpc.name()),
                "request": rpc.input_type().trim_start_matches('.'),
                "response": rpc.output_type().trim_start_matches('.'),
                "client_streaming": rpc.client_streaming(),
                "server_streaming": rpc.server_streaming(),
            })
        });
        described.services.insert(service.name().into(), sorted_by_name(rpcs));
    }
}

fn enumeration(item: &EnumDescriptorProto) -> Value {
    let values = item.value.iter().map(|value| json!({"number": value.number(), "name": value.name()}));
    sorted_by_name(values)
}

fn message(outer: &str, item: &DescriptorProto, described: &mut Described) {
    let name = if outer.is_empty() { item.name().into() } else { format!("{outer}.{}", item.name()) };
    let entries: BTreeMap<_, _> = item
        .nested_type
        .iter()
        .filter(|nested| nested.options.as_ref().is_some_and(|options| options.map_entry()))
        .map(|nested| (nested.name(), nested))
        .collect();
    let fields = item.field.iter().map(|field| describe_field(item, field, &entries));
    described.messages.insert(name.clone(), sorted_by_name(fields));
    for nested in item.nested_type.iter().filter(|nested| !entries.contains_key(nested.name())) {
        message(&name, nested, described);
    }
    for nested in &item.enum_type {
        described.enums.insert(format!("{name}.{}", nested.name()), enumeration(nested));
    }
}

fn describe_field(
    message: &DescriptorProto,
    field: &FieldDescriptorProto,
    entries: &BTreeMap<&str, &DescriptorProto>,
) -> Value {
    let mut fact = json!({"number": field.number(), "name": field.name()});
    let entry = field.type_name().rsplit('.').next().and_then(|name| entries.get(name));
    if let Some(entry) = entry {
        fact["type"] = "map".into();
        fact["map_key"] = type_name(&entry.field[0]).into();
        fact["map_value"] = type_name(&entry.field[1]).into();
        return fact;
    }
    fact["type"] = type_name(field).into();
    let label = match field.label() {
        Label::Repeated => "repeated",
        _ if field.proto3_optional() => "optional",
        _ => "singular",
    };
    fact["label"] = label.into();
    if let Some(index) = field.oneof_index.filter(|_| !field.proto3_optional()) {
        fact["oneof"] = message.oneof_decl[usize::try_from(index).unwrap()].name().into();
    }
    fact
}

fn type_name(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').into(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    }
}

fn sorted_by_name(items: impl Iterator<Item = Value>) -> Value {
    let mut items: Vec<_> = items.collect();
    items.sort_by_key(|item| item["name"].to_string());
    items.into()
}

/// The facts' items, reduced to what the wire knows.
fn facts(items: &Value) -> Value {
    let items = items.as_array().into_iter().flatten().map(|item| {
        let mut item = item.clone();
        let keys = item.as_object_mut().unwrap();
        for history in ["since_protocol", "since_terraform", "deprecated"] {
            keys.remove(history);
        }
        item
    });
    sorted_by_name(items)
}

fn compare(kind: &str, expected: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) {
    let names = |items: &BTreeMap<String, Value>| items.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{kind}");
    for (name, fact) in expected {
        assert_eq!(&found[name], fact, "{kind} {name}");
    }
}

#[test]
fn tfplugin6_is_what_the_wire_facts_say() {
    let file: Value = serde_json::from_str(include_str!("wire/tfplugin6.json")).unwrap();
    let all = |section: &str, part: &str| -> BTreeMap<String, Value> {
        let items = file[section].as_object().unwrap();
        items.iter().map(|(name, item)| (name.clone(), facts(&item[part]))).collect()
    };
    let found = described("tfplugin6");
    compare("message", &all("messages", "fields"), &found.messages);
    compare("enum", &all("enums", "values"), &found.enums);
    compare("service", &all("services", "rpcs"), &found.services);
    let count: usize = found.messages.values().map(|fields| fields.as_array().unwrap().len()).sum();
    println!("{} messages, {count} fields, {} enums", found.messages.len(), found.enums.len());
}

fn table(items: &[(&str, Value)]) -> BTreeMap<String, Value> {
    items.iter().map(|(name, item)| ((*name).into(), facts(item))).collect()
}

#[test]
fn the_go_plugin_services_are_what_hosts_call() {
    let field = |number: i32, name: &str, kind: &str| json!({"number": number, "name": name, "type": kind, "label": "singular"});
    let value = |number: i32, name: &str| json!({"number": number, "name": name});
    let rpc = |path: &str, request: &str, response: &str, client: bool, server: bool| {
        let name = path.rsplit('/').next().unwrap();
        json!([{
            "name": name, "path": path, "request": request, "response": response,
            "client_streaming": client, "server_streaming": server,
        }])
    };
    let messages = [
        ("Empty", json!([])),
        ("StdioData", json!([field(1, "channel", "plugin.StdioData.Channel"), field(2, "data", "bytes")])),
        (
            "ConnInfo",
            json!([
                field(1, "service_id", "uint32"),
                field(2, "network", "string"),
                field(3, "address", "string"),
                field(4, "knock", "plugin.ConnInfo.Knock"),
            ]),
        ),
        (
            "ConnInfo.Knock",
            json!([field(1, "knock", "bool"), field(2, "ack", "bool"), field(3, "error", "string")]),
        ),
    ];
    let enums = [("StdioData.Channel", json!([value(0, "INVALID"), value(1, "STDOUT"), value(2, "STDERR")]))];
    let conn = "plugin.ConnInfo";
    let services = [
        (
            "GRPCController",
            rpc("/plugin.GRPCController/Shutdown", "plugin.Empty", "plugin.Empty", false, false),
        ),
        (
            "GRPCStdio",
            rpc("/plugin.GRPCStdio/StreamStdio", "google.protobuf.Empty", "plugin.StdioData", false, true),
        ),
        ("GRPCBroker", rpc("/plugin.GRPCBroker/StartStream", conn, conn, true, true)),
    ];
    let found = described("plugin");
    compare("message", &table(&messages), &found.messages);
    compare("enum", &table(&enums), &found.enums);
    compare("service", &table(&services), &found.services);
}

#[test]
fn the_health_check_is_the_standard_one() {
    let found = described("grpc.health.v1");
    let status = "grpc.health.v1.HealthCheckResponse.ServingStatus";
    let messages = [
        (
            "HealthCheckRequest",
            json!([{"number": 1, "name": "service", "type": "string", "label": "singular"}]),
        ),
        (
            "HealthCheckResponse",
            json!([{"number": 1, "name": "status", "type": status, "label": "singular"}]),
        ),
    ];
    compare("message", &table(&messages), &found.messages);
    let rpc = |name: &str, streaming: bool| {
        json!({
            "name": name, "path": format!("/grpc.health.v1.Health/{name}"),
            "request": "grpc.health.v1.HealthCheckRequest", "response": "grpc.health.v1.HealthCheckResponse",
            "client_streaming": false, "server_streaming": streaming,
        })
    };
    let services = [("Health", json!([rpc("Check", false), rpc("Watch", true)]))];
    compare("service", &table(&services), &found.services);
}
