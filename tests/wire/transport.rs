//! Over a real gRPC connection, with the limits of the program.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use terraform_provider_hss::{
    clock::SystemClock,
    framework::provider::Provider,
    hss::HssProvider,
    plugin::{self, Listener, MESSAGE_LIMIT, Security, SocketOptions},
    tfplugin6::{
        service::Service,
        wire::{self, provider_client::ProviderClient, provider_server::ProviderServer},
    },
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{service::Routes, transport::Channel};

use crate::{
    fake, go_client,
    host::{THING, message, stored, thing, value},
};

/// A provider on a socket, as the program serves it to a debugger.
pub(crate) struct Grpc {
    address: String,
    _folder: tempfile::TempDir,
    _ending: DropGuard,
}

impl Grpc {
    pub(crate) async fn serve<P: Provider>(service: Service<P>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SocketOptions { folders: vec![folder.path().into()], group: None };
        let listener = Listener::bind(&options).unwrap();
        let address = listener.address().text.clone();
        let server = ProviderServer::new(service)
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT);
        let ending = CancellationToken::new();
        let heard = ending.clone();
        tokio::spawn(
            async move { plugin::run(&listener, Security::Plain, Routes::new(server), heard).await },
        );
        Self { address, _folder: folder, _ending: ending.drop_guard() }
    }

    pub(crate) async fn channel(&self) -> Channel {
        go_client::channel("unix", &self.address, None).await.unwrap()
    }

    async fn client(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.channel().await)
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX)
    }
}

/// The real provider with an empty environment.
pub(crate) fn hss_service() -> Service<HssProvider> {
    Service::new(HssProvider::new(Default::default(), Arc::new(SystemClock)), Arc::new(SystemClock))
}

async fn configured(grpc: &Grpc) -> ProviderClient<Channel> {
    let mut client = grpc.client().await;
    let request =
        wire::configure_provider::Request { config: message(&json!({"token": null})), ..Default::default() };
    assert!(client.configure_provider(request).await.unwrap().into_inner().diagnostics.is_empty());
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_of_5_and_of_100_megabytes_pass_both_ways() {
    let grpc = Grpc::serve(fake::service()).await;
    let mut client = configured(&grpc).await;
    for megabytes in [5, 100] {
        let state = stored(json!({"password": "x".repeat(megabytes * 1_000_000)}));
        let request = wire::read_resource::Request {
            type_name: THING.into(),
            current_state: message(&state),
            ..Default::default()
        };
        let answer = client.read_resource(request).await.unwrap().into_inner();
        assert!(answer.diagnostics.is_empty());
        assert!(value(&answer.new_state.unwrap()) == state, "{megabytes} MB came back otherwise");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_on_one_connection_are_answered_each_with_its_own() {
    let grpc = Grpc::serve(fake::service()).await;
    let client = configured(&grpc).await;
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let mut client = client.clone();
            tokio::spawn(async move {
                let script = if number % 5 == 0 { "plan=panic" } else { "" };
                let config = thing(json!({"name": format!("t{number}"), "script": script}));
                let request = wire::plan_resource_change::Request {
                    type_name: THING.into(),
                    prior_state: message(&Json::Null),
                    config: message(&config),
                    proposed_new_state: message(&config),
                    ..Default::default()
                };
                let answer = client.plan_resource_change(request).await.unwrap().into_inner();
                if number % 5 == 0 {
                    assert_eq!(answer.diagnostics.len(), 1);
                } else {
                    assert_eq!(value(&answer.planned_state.unwrap())["name"], format!("t{number}"));
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
}
