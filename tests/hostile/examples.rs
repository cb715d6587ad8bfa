//! Good examples of what each target takes, to begin from.

use terraform_provider_hss::{sim::World, tfplugin6::wire};

const STATES: [&str; 2] = [
    r#"{"host_id":"h-1","backup_host_ip":"10.0.0.1","backup_host_port":8080,"backup_dir":"/data","enterprise_project_id":null,"region":"cn-north-4","wait_for_running":true,"overwrite_existing":false,"timeouts":{"create":"1m","update":null,"delete":"2h"},"id":"h-1","backup_host_name":"n","backup_host_status":1,"status":"running","backup_addr":"10.0.0.1:8080"}"#,
    r#"{"host_id":"w-1","remote_backup":true,"backup_host_id":"h-1","backup_addr":"10.0.0.1:8080","enterprise_project_id":"0","region":"cn-north-4","overwrite_existing":false,"wait_for_agent":"5m","timeouts":null,"id":"w-1","backup_host_name":null}"#,
];

/// A value of the widest type of the targets, by hand: `{"s": "text", "n": 1, "b": true, …}`.
const PACKED: &[u8] = b"\x89\xa1s\xa4text\xa1n\xa30.1\xa1b\xc3\xa1d\x92\xc4\x08\"string\"\xa1x\xa1l\x93\x01\xcd\x01\x2c\xca\x3f\x80\x00\x00\xa1t\x92\xa1a\xc7\x03\x0c\x81\x01\xc2\xa1m\x81\xa1k\x91\x92\xc4\x06\"bool\"\xc3\xa1o\x81\xa1x\xc0\xa1u\x92\xa1a\xd4\x00\x00";

/// A value of each of the other types, in the order of the targets.
const PLAIN: [&[u8]; 8] = [
    b"\xa4text",
    b"\xb512345678901234567890.5",
    b"\xc3",
    b"\x92\xc4\x11[\"list\",\"number\"]\x92\x01\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00",
    b"\x93\x01\xd1\x01\x2c\xca\x3f\x80\x00\x00",
    b"\x92\xa1a\xc7\x03\x0c\x81\x01\xc2",
    b"\x81\xa1k\x91\x92\xc4\x06\"bool\"\xc3",
    b"\x93\xa1a\xd4\x00\x00\x92\xc4\x08\"string\"\xa1x",
];

fn with(first: u8, rest: &[u8]) -> Vec<u8> {
    [&[first], rest].concat()
}

/// MessagePack of a flat JSON object with text, whole numbers, booleans and nulls, as the resources have them.
fn packed(json: &serde_json::Value) -> Vec<u8> {
    use serde_json::Value;
    fn text(out: &mut Vec<u8>, text: &str) {
        out.push(0xd9);
        out.push(u8::try_from(text.len()).unwrap());
        out.extend(text.bytes());
    }
    fn write(out: &mut Vec<u8>, value: &Value) {
        match value {
            Value::Null => out.push(0xc0),
            Value::Bool(flag) => out.push(if *flag { 0xc3 } else { 0xc2 }),
            Value::Number(number) => {
                out.push(0xd3);
                out.extend(number.as_i64().unwrap_or_default().to_be_bytes());
            }
            Value::String(string) => text(out, string),
            Value::Array(_) => out.push(0x90),
            Value::Object(members) => {
                out.push(0xde);
                out.extend(u16::try_from(members.len()).unwrap().to_be_bytes());
                for (name, value) in members {
                    text(out, name);
                    write(out, value);
                }
            }
        }
    }
    let mut out = Vec::new();
    write(&mut out, json);
    out
}

fn calls() -> Vec<Vec<u8>> {
    use prost::Message;
    let mut all: Vec<Vec<u8>> = (0..=255).map(|call| vec![call]).collect();
    for (type_name, state) in ["hss_wtp_backup_host", "hss_wtp_remote_backup"].into_iter().zip(STATES) {
        let type_name = type_name.to_owned();
        let bytes = packed(&serde_json::from_str(state).unwrap());
        let value = || Some(wire::DynamicValue { msgpack: bytes.clone().into(), json: Default::default() });
        let validate = wire::validate_resource_config::Request {
            type_name: type_name.clone(),
            config: value(),
            ..Default::default()
        };
        all.push(with(3, &validate.encode_to_vec()));
        let raw_state = Some(wire::RawState { json: state.into(), ..Default::default() });
        let upgrade =
            wire::upgrade_resource_state::Request { type_name: type_name.clone(), version: 0, raw_state };
        all.push(with(5, &upgrade.encode_to_vec()));
        let read = wire::read_resource::Request {
            type_name: type_name.clone(),
            current_state: value(),
            ..Default::default()
        };
        all.push(with(9, &read.encode_to_vec()));
        for prior in [None, value()] {
            let plan = wire::plan_resource_change::Request {
                type_name: type_name.clone(),
                prior_state: prior.clone(),
                proposed_new_state: value(),
                config: value(),
                prior_private: br#"{"registered_addr":"1.2.3.4:5"}"#.to_vec(),
                ..Default::default()
            };
            all.push(with(10, &plan.encode_to_vec()));
            let apply = wire::apply_resource_change::Request {
                type_name: type_name.clone(),
                prior_state: prior,
                planned_state: value(),
                config: value(),
                ..Default::default()
            };
            all.push(with(11, &apply.encode_to_vec()));
        }
        let import = wire::import_resource_state::Request {
            type_name: type_name.clone(),
            id: "0/h-1".to_owned(),
            ..Default::default()
        };
        all.push(with(12, &import.encode_to_vec()));
    }
    for (type_name, config) in [
        (
            "hss_wtp_hosts",
            serde_json::json!({"host_id": "h-1", "os_type": "Linux", "remote_backup": true, "hosts": null}),
        ),
        ("hss_wtp_remote_backup", serde_json::json!({"host_id": "h-1", "region": null})),
        ("hss_wtp_coverage", serde_json::json!({"enterprise_project_id": "all_granted_eps"})),
    ] {
        let value = wire::DynamicValue { msgpack: packed(&config).into(), json: Default::default() };
        let (type_name, config) = (type_name.to_owned(), Some(value));
        let validate = wire::validate_data_resource_config::Request {
            type_name: type_name.clone(),
            config: config.clone(),
        };
        all.push(with(4, &validate.encode_to_vec()));
        let read = wire::read_data_source::Request { type_name, config, ..Default::default() };
        all.push(with(14, &read.encode_to_vec()));
    }
    for (name, arguments) in [
        ("backup_addr", vec![serde_json::json!("10.0.0.1"), serde_json::json!(80)]),
        ("parse_backup_addr", vec![serde_json::json!("10.0.0.1:80")]),
        ("parse_import_id", vec![serde_json::json!("0/h-1")]),
    ] {
        let arguments = arguments
            .iter()
            .map(|one| wire::DynamicValue { msgpack: packed(one).into(), json: Default::default() });
        let call = wire::call_function::Request { name: name.to_owned(), arguments: arguments.collect() };
        all.push(with(23, &call.encode_to_vec()));
    }
    let config = packed(&serde_json::json!({"region": "cn-north-4", "access_key": "a", "secret_key": "s"}));
    let config = Some(wire::DynamicValue { msgpack: config.into(), json: Default::default() });
    let configure = wire::configure_provider::Request { config: config.clone(), ..Default::default() };
    all.push(with(8, &configure.encode_to_vec()));
    let validate = wire::validate_provider_config::Request { config };
    all.push(with(2, &validate.encode_to_vec()));
    all
}

fn answers() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"total_num":2,"data_list":[{"backup_host_id":"h-1","backup_host_name":"n","backup_host_ip":"10.0.0.1","backup_host_port":8080,"backup_dir":"/d","backup_host_status":1},{"backup_host_id":"h-2"}]}"#,
        r#"{"total_num":1,"data_list":[{"host_id":"h","host_name":"n","os_type":"Linux","protect_status":"opened","agent_status":"online","abnormal_dir_list":["/d"],"abnormal_reason":10,"anti_tampering_times":2000000000,"protect_dir_num":50,"group_name":"g","backup_host_id":"b","remote_backbup_info":{"remote_backup":true,"backup_host_id":"b"}}]}"#,
        r#"{"remote_backup":true,"backup_addr":"10.0.0.1:8080","backup_host_id":"b","backup_host_name":"n"}"#,
        r#"{"protect_host_num":4,"protect_success_host_num":3,"protect_fail_host_num":1,"anti_tampering_num":12}"#,
        r#"{"error_code":"APIGW.0308","error_msg":"ratelimit,limit:5,time:1 minute","request_id":"r"}"#,
    ];
    let mut all = Vec::new();
    for (which, body) in bodies.iter().enumerate() {
        for status in ["200 OK", "400 Bad Request", "429 Too Many", "502 Bad Gateway", "301 Moved"] {
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Request-Id: r-1\r\nRetry-After: 3\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nLocation: http://127.0.0.1:1/\r\n"
            );
            let plain = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            let chunked =
                format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
            all.extend([plain, chunked].map(|answer| with(u8::try_from(which).unwrap(), answer.as_bytes())));
        }
    }
    all
}

/// Examples for the target of this name.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let owned = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    match target {
        "msgpack" => PLAIN.iter().copied().chain([PACKED]).zip(0..).map(|(bytes, ty)| with(ty, bytes)).collect(),
        "json" => [
            r#"{"s":"text","n":1e400,"d":{"type":["list","number"],"value":[0.1]},"l":[1],"m":{"k":[]},"u":["a",1]}"#,
            r#"["object",{"a":["list",["map","dynamic"]],"b":["tuple",["string","bool"]]}]"#,
            "123456789012345678901234567890.125e-12",
        ]
        .iter()
        .flat_map(|text| (0..9).map(|ty| with(ty, text.as_bytes())))
        .collect(),
        "texts" => owned(&[
            "5e0f2c9a-0000-4000-8000-000000000001", "0/h-1", "172.16.8.20", "172.16.8.20:18080", "/data/wtp-copies", "1h30m15s",
            "https://hss.cn-north-4.myhuaweicloud.com:443/prefix/a%20b", "http://127.0.0.1:80", "cn-north-4", "..", "数据",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ]),
        "state" => STATES.iter().enumerate().map(|(which, state)| with(which as u8, state.as_bytes())).collect(),
        "rpc" => calls(),
        "http" => answers(),
        "bodies" => owned(&[
            r#"{"error_code":"HSS.0011","error_msg":"not found","error_description":"d"}"#,
            r#"{"error":{"code":401,"message":"m","title":"Unauthorized"}}"#,
            r#"{"errorCode":"A.1","errorMsg":"m","request_id":"r"}"#,
            "<html><head><title>502 Bad Gateway</title></head><body>x</body></html>",
        ]),
        "world" => vec![World::built_in().to_json().to_string().into_bytes()],
        _ => Vec::new(),
    }
}
