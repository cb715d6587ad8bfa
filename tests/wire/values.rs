//! Every kind of value goes to the provider and comes back as core sent it.

use serde_json::{Value as Json, json};

use crate::{
    host::{Host, part, thing, with},
    pack::{dynamic, unknown, unknown_but_set},
};

/// What a plan makes of a configuration of these members.
async fn planned(members: Json) -> Json {
    Host::fake().await.plan(&Json::Null, &thing(members)).await.state().clone()
}

#[tokio::test]
async fn numbers_lose_nothing() {
    for number in [
        "0",
        "-1",
        "127",
        "-128",
        "65536",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "0.1",
        "0.5",
        "-2.25",
        "1e30",
        "123456789012345678901234567890.123456789",
        "1e-300",
        "7e100000",
    ] {
        let sent: Json = serde_json::from_str(number).unwrap();
        let returned = planned(json!({"amount": sent})).await["amount"].clone();
        let text = match &returned {
            Json::String(text) => text.clone(),
            number => number.to_string(),
        };
        use terraform_provider_hss::framework::number::Number;
        assert_eq!(text.parse::<Number>(), number.parse(), "{number} came back as {text}");
        let whole = number.parse::<i64>().is_ok();
        assert_eq!(returned.is_number(), whole, "{number}: text for what a double could bend");
    }
}

#[tokio::test]
async fn strings_bools_lists_maps_and_sets_come_back_as_they_were() {
    let members = json!({
        "name": "Ünï✓ \u{0} \n", "tags": {"": "empty", "k": null, "u": unknown()}, "ports": [3, null, 1, unknown()],
        "words": ["a", "b"], "password": "", "label": "x".repeat(70_000),
    });
    let state = planned(members.clone()).await;
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(&state[name], value);
    }
}

#[tokio::test]
async fn sets_come_back_sorted_and_without_duplicates() {
    let host = Host::fake().await;
    let config = thing(json!({"words": ["b", "a", "b"]}));
    assert_eq!(host.plan(&Json::Null, &config).await.state()["words"], json!(["a", "b"]));
}

#[tokio::test]
async fn dynamic_values_keep_the_type_they_came_with() {
    let object = json!(["object", {"a": "string", "b": ["list", "number"]}]);
    for value in [
        Json::Null,
        unknown(),
        dynamic(json!("string"), json!("x")),
        dynamic(json!("number"), json!(1)),
        dynamic(object, json!({"a": null, "b": [1, 2]})),
        dynamic(json!(["tuple", ["string", "bool"]]), json!(["x", true])),
        dynamic(json!(["list", "string"]), json!(["x", unknown()])),
        dynamic(json!("string"), unknown()),
    ] {
        assert_eq!(planned(json!({"any": value})).await["any"], value);
    }
}

#[tokio::test]
async fn what_is_certain_of_unknown_values_is_handed_on() {
    let refined = |body: Json| json!({"$": "unknown", "refined": body});
    for value in [
        unknown_but_set(),
        refined(json!([0x82, 1, 0xc2, 2, 0xa2, b'h', b't'])),
        refined(json!([0x81, 3, 0x92, 1, 0xc3])),
    ] {
        assert_eq!(planned(json!({"password": value, "amount": value})).await["password"], value);
        let inside = part(json!({"name": value}));
        assert_eq!(planned(json!({"nest": inside})).await["nest"]["name"], value);
    }
}

#[tokio::test]
async fn refinements_of_the_future_are_an_unknown_value_like_any_other() {
    let later = json!({"$": "unknown", "refined": [0x82, 1, 0xc2, 99, 0xc3]});
    assert_eq!(planned(json!({"password": later})).await["password"], unknown_but_set());
}

#[tokio::test]
async fn blocks_with_dynamic_attributes_travel_with_their_types() {
    let host = Host::fake().await;
    let wild = dynamic(
        json!(["tuple", [["object", {"any": "string"}], ["object", {"any": ["list", "number"]}], ["object", {"any": "dynamic"}]]]),
        json!([{"any": "x"}, {"any": [1, 2]}, {"any": null}]),
    );
    let config = thing(json!({"wild": wild}));
    let created = host.create(&config).await;
    assert_eq!(created.state()["wild"], wild);
    assert_eq!(host.read(created.state()).await.state()["wild"], wild);
    let same_type =
        dynamic(json!(["list", ["object", {"any": "string"}]]), json!([{"any": "x"}, {"any": "y"}]));
    let planned = host.plan(&Json::Null, &thing(json!({"wild": same_type}))).await;
    assert_eq!(planned.state()["wild"][1], same_type[1]);
}

#[tokio::test]
async fn messages_in_json_are_understood_too() {
    use terraform_provider_hss::tfplugin6::wire::{self, DynamicValue, provider_server::Provider as Calls};
    let host = Host::fake().await;
    let validate = async |json: Json| {
        let config = DynamicValue { json: json.to_string().into(), ..DynamicValue::default() };
        let request = wire::validate_resource_config::Request {
            type_name: host.ty.into(),
            config: Some(config),
            ..Default::default()
        };
        let answer = host.service.validate_resource_config(tonic::Request::new(request)).await;
        answer.unwrap().into_inner().diagnostics.len()
    };
    let config = json!({"name": "n", "amount": 1.25, "any": {"type": "string", "value": "x"}, "rule": [{"name": "a"}]});
    assert_eq!(validate(config.clone()).await, 0);
    assert_eq!(validate(with(&config, json!({"name": "bad"}))).await, 1);
    assert_eq!(validate(json!({"stranger": 1})).await, 1);
}

#[tokio::test]
async fn an_absent_or_empty_message_is_null() {
    use terraform_provider_hss::tfplugin6::wire::{self, DynamicValue, provider_server::Provider as Calls};
    let host = Host::fake().await;
    for state in [None, Some(DynamicValue::default())] {
        let request = wire::read_resource::Request {
            type_name: host.ty.into(),
            current_state: state,
            ..Default::default()
        };
        let answer = host.service.read_resource(tonic::Request::new(request)).await.unwrap().into_inner();
        assert_eq!(
            (answer.diagnostics.len(), crate::host::value(&answer.new_state.unwrap())),
            (0, Json::Null)
        );
    }
}
