//! The services by which a host looks after any plugin: controller, stdio, broker, health.
//!
//! Stdio and broker have nothing to say here, yet hosts open them at once and expect them to stay open.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, service::Routes};

use super::{
    MESSAGE_LIMIT,
    proto::{
        health::{
            HealthCheckRequest, HealthCheckResponse,
            health_check_response::ServingStatus,
            health_server::{Health, HealthServer},
        },
        plugin::{
            ConnInfo, Empty, StdioData,
            grpc_broker_server::{GrpcBroker, GrpcBrokerServer},
            grpc_controller_server::{GrpcController, GrpcControllerServer},
            grpc_stdio_server::{GrpcStdio, GrpcStdioServer},
        },
    },
};

/// Adds the services to those of the application. `ending` is cancelled when the host asks for the end, and ends
/// the open streams when anybody cancels it.
pub(super) fn add_to(app: Routes, ending: &CancellationToken) -> Routes {
    let service = HostService { ending: ending.clone() };
    macro_rules! limited {
        ($server:ident) => {
            $server::new(service.clone())
                .max_decoding_message_size(MESSAGE_LIMIT)
                .max_encoding_message_size(MESSAGE_LIMIT)
        };
    }
    app.add_service(limited!(GrpcControllerServer))
        .add_service(limited!(GrpcStdioServer))
        .add_service(limited!(GrpcBrokerServer))
        .add_service(limited!(HealthServer))
}

#[derive(Clone, Debug)]
struct HostService {
    ending: CancellationToken,
}

#[tonic::async_trait]
impl GrpcController for HostService {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        tracing::debug!(target: "provider.plugin", "the host is done with this process");
        self.ending.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for HostService {
    type StreamStdioStream = OpenStream<StdioData>;

    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(OpenStream::until(self.ending.clone().cancelled_owned())))
    }
}

#[tonic::async_trait]
impl GrpcBroker for HostService {
    type StartStreamStream = OpenStream<ConnInfo>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        let mut asked = request.into_inner();
        let ending = self.ending.clone();
        let closed = async move {
            // What is asked for is read and dropped, so that the host's half close is heard.
            while let Ok(Some(_)) = asked.message().await {}
        };
        Ok(Response::new(OpenStream::until(async move {
            ending.run_until_cancelled(closed).await;
        })))
    }
}

#[tonic::async_trait]
impl Health for HostService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if is_served(&request.get_ref().service) {
            Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
        } else {
            Err(Status::not_found("there is no service of that name"))
        }
    }

    type WatchStream = OpenStream<HealthCheckResponse>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let known = is_served(&request.get_ref().service);
        let status = if known { ServingStatus::Serving } else { ServingStatus::ServiceUnknown };
        let mut stream = OpenStream::until(self.ending.clone().cancelled_owned());
        stream.first = Some(HealthCheckResponse { status: status.into() });
        Ok(Response::new(stream))
    }
}

/// The names under which hosts ask: the whole server, and what go-plugin calls every plugin.
fn is_served(service: &str) -> bool {
    matches!(service, "" | "plugin")
}

/// A stream that says one thing at most, and then stays open until something has happened.
struct OpenStream<T> {
    first: Option<T>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl<T> OpenStream<T> {
    fn until(end: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { first: None, end: Box::pin(end) }
    }
}

impl<T: Unpin> Stream for OpenStream<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(first))),
            None => self.end.as_mut().poll(cx).map(|()| None),
        }
    }
}
