//! Damaged messages: whatever the bytes, the answer is a value or an error, never a panic.

use std::time::{Duration, Instant};

use serde_json::json;
use terraform_provider_hss::{
    framework::types::Type,
    tfplugin6::{
        json::{self, Strangers},
        msgpack,
        wire::{self, DynamicValue, RawState, provider_server::Provider as Calls},
    },
};
use tonic::Request;

use crate::{
    host::{Host, errors, never_a_status, part, thing},
    pack::{dynamic, pack, unknown, unknown_but_set},
};

/// Marsaglia's xorshift: the same bytes in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next().to_be_bytes()[3]).collect()
    }

    /// A message with a few bytes changed, cut off, doubled or put in.
    fn damaged(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.next().to_be_bytes()[5]),
                2 => bytes.extend_from_within(at..),
                // The markers of maps, arrays, texts and extensions are all up here.
                3 if !bytes.is_empty() => bytes[at] = 0xc0 | self.next().to_be_bytes()[1] & 0x3f,
                _ if !bytes.is_empty() => bytes[at] = self.next().to_be_bytes()[6],
                _ => {}
            }
        }
        bytes
    }
}

fn rich() -> serde_json::Value {
    let one = part(json!({"name": "a", "size": 1.5, "made": unknown_but_set()}));
    thing(json!({
        "amount": 12345678901234567890.5, "tags": {"k": "v", "u": unknown()}, "words": ["a", "b"], "ports": [1, 2],
        "any": dynamic(json!(["object", {"a": ["list", "number"]}]), json!({"a": [1, 0.1]})),
        "disks": [one, unknown()], "mirrors": [one], "pools": {"k": one}, "rule": [one], "role": [one],
        "site": {"k": one}, "wild": dynamic(json!(["tuple", [["object", {"any": "string"}]]]), json!([{"any": "x"}])),
    }))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn random_bytes_are_never_more_than_an_error() {
    let began = Instant::now();
    let mut chance = Chance(0x5eed_0bad_cafe_f00d);
    let ty = Type::from_json(&json!(["object", {
        "s": "string", "n": "number", "b": "bool", "d": "dynamic", "l": ["list", "number"], "t": ["set", "string"],
        "m": ["map", ["list", "dynamic"]], "o": ["object", {"x": "string"}], "u": ["tuple", ["string", "number"]],
    }]))
    .unwrap();
    let value = json!({
        "s": "text", "n": 0.1, "b": true, "d": dynamic(json!("string"), json!("x")), "l": [1, 300, 70000],
        "t": ["a", unknown_but_set()], "m": {"k": [dynamic(json!("bool"), json!(true))]}, "o": {"x": null},
        "u": ["a", unknown()],
    });
    let packed = pack(&value);
    assert!(msgpack::decode(&packed, &ty).is_ok());
    let stored = r#"{"s":"text","n":1e400,"d":{"type":["list","number"],"value":[0.1]},"l":[1],"m":{"k":[]},"u":["a",1]}"#;
    let notation = ty.to_json().to_string();
    let mut survived = 0;
    for round in 0..30_000 {
        let bytes = if round % 3 == 0 { chance.bytes(64) } else { chance.damaged(&packed) };
        if let Ok(value) = msgpack::decode(&bytes, &ty) {
            // What was understood can be said again, and means the same.
            if let Ok(again) = msgpack::encode(&value, &ty) {
                assert_eq!(msgpack::decode(&again, &ty).as_ref(), Ok(&value), "{bytes:02x?}");
            }
            survived += 1;
        }
        if let Ok(json) = serde_json::from_str(&text(&chance.damaged(stored.as_bytes()))) {
            let _ = json::decode(&json, &ty, Strangers::Ignore);
            let _ = json::decode(&json, &ty, Strangers::Refuse);
        }
        if let Ok(json) = serde_json::from_str(&text(&chance.damaged(notation.as_bytes()))) {
            let _ = Type::from_json(&json);
        }
    }
    assert!(survived > 100, "the damage is so great that nothing is tested: {survived}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn damaged_messages_are_an_error_of_their_call() {
    let host = Host::fake().await;
    let mut chance = Chance(0xdead_beef_1234_5678);
    let good = pack(&rich());
    let state = r#"{"name":"n","amount":1,"rule":[{"name":"a"}],"any":{"type":"string","value":"x"}}"#;
    for round in 0..1_500 {
        let message = |chance: &mut Chance| {
            let bytes = match round % 4 {
                0 => good.clone(),
                1 => chance.bytes(40),
                _ => chance.damaged(&good),
            };
            let json = if round % 7 == 0 {
                text(&chance.damaged(state.as_bytes())).into()
            } else {
                Default::default()
            };
            Some(DynamicValue {
                msgpack: if round % 7 == 0 { Default::default() } else { bytes.into() },
                json,
            })
        };
        let type_name = host.ty.to_owned();
        let plan = wire::plan_resource_change::Request {
            type_name: type_name.clone(),
            prior_state: message(&mut chance),
            config: message(&mut chance),
            proposed_new_state: message(&mut chance),
            prior_private: vec![0xff, 1],
            ..Default::default()
        };
        errors(&never_a_status(host.service.plan_resource_change(Request::new(plan)).await).diagnostics);
        let apply = wire::apply_resource_change::Request {
            type_name: type_name.clone(),
            prior_state: message(&mut chance),
            planned_state: message(&mut chance),
            config: message(&mut chance),
            ..Default::default()
        };
        errors(&never_a_status(host.service.apply_resource_change(Request::new(apply)).await).diagnostics);
        let read = wire::read_resource::Request {
            type_name: type_name.clone(),
            current_state: message(&mut chance),
            ..Default::default()
        };
        errors(&never_a_status(host.service.read_resource(Request::new(read)).await).diagnostics);
        let validate = wire::validate_resource_config::Request {
            type_name: type_name.clone(),
            config: message(&mut chance),
            ..Default::default()
        };
        errors(
            &never_a_status(host.service.validate_resource_config(Request::new(validate)).await).diagnostics,
        );
        let raw = RawState { json: chance.damaged(state.as_bytes()), ..RawState::default() };
        let upgrade = wire::upgrade_resource_state::Request { type_name, version: 0, raw_state: Some(raw) };
        let answer = never_a_status(host.service.upgrade_resource_state(Request::new(upgrade)).await);
        assert_eq!(answer.upgraded_state.is_none(), !errors(&answer.diagnostics).is_empty());
        let configure =
            wire::configure_provider::Request { config: message(&mut chance), ..Default::default() };
        errors(&never_a_status(host.service.configure_provider(Request::new(configure)).await).diagnostics);
        host.configure(json!({"token": null})).await;
    }
}

#[tokio::test]
async fn a_number_that_is_none_is_an_error() {
    let host = Host::fake().await;
    let nan = [vec![0x81, 0xa6], b"amount".to_vec(), vec![0xcb], f64::NAN.to_be_bytes().to_vec()].concat();
    let request = wire::validate_resource_config::Request {
        type_name: host.ty.into(),
        config: Some(DynamicValue { msgpack: nan.into(), json: Default::default() }),
        ..Default::default()
    };
    let answer = never_a_status(host.service.validate_resource_config(Request::new(request)).await);
    assert!(answer.diagnostics[0].detail.contains("amount: a number is required"), "{answer:?}");
}

#[tokio::test]
async fn damaged_messages_to_the_real_resources_are_an_error_of_their_call() {
    let state =
        r#"{"host_id":"h-1","backup_host_ip":"10.0.0.1","backup_host_port":8080,"timeouts":{"create":"1m"}}"#;
    let mut chance = Chance(0x0123_4567_89ab_cdef);
    for ty in ["hss_wtp_backup_host", "hss_wtp_remote_backup"] {
        let host = Host::hss(ty);
        let good = host.upgrade(0, state).await;
        let good = pack(good.state());
        for _ in 0..1_000 {
            let config = DynamicValue { msgpack: chance.damaged(&good).into(), ..DynamicValue::default() };
            let request = wire::validate_resource_config::Request {
                type_name: ty.into(),
                config: Some(config),
                ..Default::default()
            };
            errors(
                &never_a_status(host.service.validate_resource_config(Request::new(request)).await)
                    .diagnostics,
            );
            let raw = RawState { json: chance.damaged(state.as_bytes()), ..RawState::default() };
            host.upgrade_raw(0, Some(raw)).await;
            host.import(&text(&chance.bytes(40))).await;
        }
    }
}
