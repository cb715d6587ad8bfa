//! Attacks on the plugin's socket, and what its one rightful client gets from it.
//!
//! The server is the one the provider runs, on a listener of the test's own. After every attack the right client
//! is still served.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "sockets are real here, and so is their time")]

mod go_client;

use std::{
    ffi::OsStr,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use go_client::{
    CLIENT, CLIENT_KEY, HTTP2_OPENING, Identity, STRANGER, STRANGER_KEY, Stream, channel, client_config,
    connect,
};
use rustls::pki_types::ServerName;
use terraform_provider_hss::plugin::{
    self, Handshake, Listener, MutualTls, Security, SocketOptions,
    proto::{
        health::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient},
        plugin::{
            ConnInfo, Empty, grpc_broker_client::GrpcBrokerClient,
            grpc_controller_client::GrpcControllerClient, grpc_stdio_client::GrpcStdioClient,
        },
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, service::Routes, transport::Channel};

/// Long enough for a slow machine, short enough to tell a hang.
const SOON: Duration = Duration::from_secs(5);

/// A plugin under attack.
struct Server {
    network: &'static str,
    address: String,
    certificate: Vec<u8>,
    ending: CancellationToken,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        Self::start_with(true, false, Routes::default())
    }

    fn start_with(tls: bool, loopback: bool, app: Routes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SocketOptions { folders: vec![folder.path().into()], group: None };
        let listener = if loopback { Listener::bind_loopback() } else { Listener::bind(&options) }.unwrap();
        let address = listener.address().clone();
        let (security, certificate) = if tls {
            let tls = MutualTls::pinned_to(OsStr::new(CLIENT)).unwrap();
            let certificate = tls.certificate().to_vec();
            (Security::Mutual(tls), certificate)
        } else {
            (Security::Plain, Vec::new())
        };
        let ending = CancellationToken::new();
        let heard = ending.clone();
        let task = tokio::spawn(async move { plugin::run(&listener, security, app, heard).await.unwrap() });
        let (network, address) = (address.network, address.text);
        Self { network, address, certificate, ending, task, _folder: folder }
    }

    async fn connect(&self) -> Box<dyn Stream> {
        connect(self.network, &self.address).await.unwrap()
    }

    /// TLS as a host does it, with any identity.
    async fn connect_tls(&self, identity: Option<Identity>) -> io::Result<TlsStream<Box<dyn Stream>>> {
        let config = client_config(&self.certificate, identity);
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, self.connect().await).await
    }

    /// A gRPC channel over the right identity.
    async fn channel(&self) -> Channel {
        let config = (!self.certificate.is_empty())
            .then(|| Arc::new(client_config(&self.certificate, Some(Identity::right()))));
        timeout(SOON, channel(self.network, &self.address, config)).await.unwrap().unwrap()
    }

    /// The right client is served, and soon.
    async fn serves_the_right_client(&self) {
        let mut health = HealthClient::new(self.channel().await);
        let request = HealthCheckRequest { service: "plugin".into() };
        let answer = timeout(SOON, health.check(request)).await.unwrap().unwrap().into_inner();
        assert_eq!(answer.status, i32::from(ServingStatus::Serving));
    }

    /// A client of that identity gets not one byte of HTTP/2.
    async fn refuses(&self, identity: Option<Identity>) {
        let mut answer = Vec::new();
        // In TLS 1.3 the client is done before the server has judged it, so the refusal may come with the first read.
        if let Ok(mut stream) = self.connect_tls(identity).await {
            let _ = stream.write_all(HTTP2_OPENING).await;
            let ended =
                timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
            assert!(ended.is_err(), "an alert, not a polite end");
        }
        assert!(answer.is_empty(), "{answer:?}");
        self.serves_the_right_client().await;
    }
}

#[tokio::test]
async fn the_right_client_is_served_on_a_socket_and_on_loopback() {
    for loopback in [false, true] {
        let server = Server::start_with(true, loopback, Routes::default());
        server.serves_the_right_client().await;
        let mut health = HealthClient::new(server.channel().await);
        assert!(health.check(HealthCheckRequest::default()).await.is_ok());
        let other = HealthCheckRequest { service: "other".into() };
        assert_eq!(health.check(other).await.unwrap_err().code(), Code::NotFound);
    }
}

#[tokio::test]
async fn http2_is_agreed_on_by_alpn() {
    let server = Server::start();
    let stream = server.connect_tls(Some(Identity::right())).await.unwrap();
    let (_, session) = stream.get_ref();
    assert_eq!(session.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(session.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    Server::start().refuses(None).await;
}

#[tokio::test]
async fn a_client_with_another_certificate_is_refused() {
    Server::start().refuses(Some(Identity::of(STRANGER, STRANGER_KEY))).await;
}

#[tokio::test]
async fn the_right_certificate_without_its_key_is_refused() {
    Server::start().refuses(Some(Identity::of(CLIENT, STRANGER_KEY))).await;
}

#[tokio::test]
async fn the_right_key_under_another_certificate_is_refused() {
    Server::start().refuses(Some(Identity::of(STRANGER, CLIENT_KEY))).await;
}

#[tokio::test]
async fn plaintext_and_garbage_get_no_http2_answer() {
    let server = Server::start();
    for bytes in [HTTP2_OPENING, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", &[0xff; 4096], b"\x16\x03\x01\xff\xff"]
    {
        let mut stream = server.connect().await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
        // At most a TLS alert: record type 21.
        assert!(answer.first().is_none_or(|kind| *kind == 21) && answer.len() < 16, "{answer:?}");
        server.serves_the_right_client().await;
    }
}

#[tokio::test]
async fn handshakes_that_never_finish_do_not_hold_up_the_right_client() {
    let server = Server::start();
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut stream = server.connect().await;
        // The head of a record that promises 512 bytes more.
        stream.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
        slow.push(stream);
        server.serves_the_right_client().await;
    }
}

#[tokio::test]
async fn hundreds_of_silent_connections_do_not_hold_up_the_right_client() {
    let server = Server::start();
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(server.connect().await);
    }
    server.serves_the_right_client().await;
    // The oldest made room.
    let mut byte = [0];
    assert!(matches!(timeout(SOON, idle[0].read(&mut byte)).await, Ok(Ok(0) | Err(_))));
    server.serves_the_right_client().await;
}

#[tokio::test]
async fn connections_that_come_and_go_do_not_hold_up_the_right_client() {
    let server = Server::start();
    let right = server.channel().await;
    for _ in 0..300 {
        drop(server.connect().await);
    }
    server.serves_the_right_client().await;
    assert!(HealthClient::new(right).check(HealthCheckRequest::default()).await.is_ok());
}

#[tokio::test]
async fn without_tls_the_client_is_served_and_silent_ones_are_not_counted() {
    let server = Server::start_with(false, false, Routes::default());
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(server.connect().await);
    }
    server.serves_the_right_client().await;
    let mut stranger = server.connect().await;
    stranger.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(SOON, stranger.read_to_end(&mut answer)).await.expect("the connection is closed");
    assert!(answer.is_empty());
    server.serves_the_right_client().await;
}

#[tokio::test]
async fn stdio_and_broker_stay_open_and_silent() {
    let server = Server::start();
    let channel = server.channel().await;
    let mut stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap().into_inner();
    let (ask, asked) = tokio::sync::mpsc::channel(1);
    let asked = tokio_stream::wrappers::ReceiverStream::new(asked);
    let mut broker = GrpcBrokerClient::new(channel).start_stream(asked).await.unwrap().into_inner();
    ask.send(ConnInfo { service_id: 1, ..ConnInfo::default() }).await.unwrap();
    let silence = Duration::from_millis(200);
    assert!(timeout(silence, stdio.message()).await.is_err(), "stdio says something or has ended");
    assert!(timeout(silence, broker.message()).await.is_err(), "the broker says something or has ended");
    // The client's half close ends the broker's stream, and only that.
    drop(ask);
    assert!(timeout(SOON, broker.message()).await.unwrap().unwrap().is_none());
    assert!(timeout(silence, stdio.message()).await.is_err());
}

#[tokio::test]
async fn health_watch_says_it_once_and_stays_open() {
    let server = Server::start();
    let mut health = HealthClient::new(server.channel().await);
    for (service, expected) in [("plugin", ServingStatus::Serving), ("other", ServingStatus::ServiceUnknown)]
    {
        let request = HealthCheckRequest { service: service.into() };
        let mut watch = health.watch(request).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status, i32::from(expected));
        assert!(timeout(Duration::from_millis(100), watch.message()).await.is_err());
    }
}

/// An application with one method that never answers.
fn hanging_app() -> Routes {
    let mut app = Routes::default();
    let router = std::mem::take(app.axum_router_mut());
    *app.axum_router_mut() =
        router.route("/test.Hanging/Call", axum::routing::post(std::future::pending::<()>));
    app
}

#[tokio::test]
async fn shutdown_answers_and_ends_the_server_soon_with_streams_and_calls_open() {
    let server = Server::start_with(true, false, hanging_app());
    let channel = server.channel().await;
    let mut stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap().into_inner();
    let never = tokio_stream::pending::<ConnInfo>();
    let mut broker = GrpcBrokerClient::new(channel.clone()).start_stream(never).await.unwrap().into_inner();
    let hanging = tokio::spawn({
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        async move {
            grpc.ready().await.unwrap();
            let path = "/test.Hanging/Call".parse().unwrap();
            grpc.unary::<(), (), _>(Request::new(()), path, tonic_prost::ProstCodec::default()).await
        }
    });
    sleep(Duration::from_millis(50)).await;
    assert!(!hanging.is_finished());
    let asked = Instant::now();
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
    assert!(stdio.message().await.unwrap().is_none());
    assert!(broker.message().await.unwrap().is_none());
    timeout(SOON, server.task).await.unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
    assert!(!Path::new(&server.address).exists(), "the socket is gone");
    assert!(!Path::new(&server.address).parent().unwrap().exists(), "and its folder");
}

#[tokio::test]
async fn shutdown_with_nothing_open_needs_no_grace() {
    let server = Server::start();
    let channel = server.channel().await;
    let asked = Instant::now();
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
    timeout(SOON, server.task).await.unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_millis(400), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn being_told_from_within_ends_the_server_too() {
    let server = Server::start();
    server.serves_the_right_client().await;
    server.ending.cancel();
    timeout(SOON, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_socket_is_for_this_user_alone() {
    let server = Server::start();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let socket = PathBuf::from(&server.address);
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_folder_that_cannot_hold_the_socket_is_passed_over() {
    let parent = tempfile::tempdir().unwrap();
    let fallback = tempfile::tempdir().unwrap();
    let long = parent.path().join("x".repeat(120));
    let barred = parent.path().join("a|b");
    let lines = parent.path().join("a\nb");
    for folder in [&long, &barred, &lines] {
        std::fs::create_dir(folder).unwrap();
    }
    for folder in [long, barred, lines, parent.path().join("missing")] {
        let folders = vec![folder.clone(), fallback.path().into()];
        let listener = Listener::bind(&SocketOptions { folders, group: None }).unwrap();
        let address = &listener.address().text;
        assert!(address.starts_with(fallback.path().to_str().unwrap()), "{folder:?} {address}");
        assert!(Listener::bind(&SocketOptions { folders: vec![folder], group: None }).is_err());
    }
    assert_eq!(std::fs::read_dir(fallback.path()).unwrap().count(), 0, "dropped listeners leave nothing");
}

#[tokio::test]
async fn a_group_may_be_let_in() {
    let folder = tempfile::tempdir().unwrap();
    // Our own group is the one every user may give files to.
    let group = std::os::unix::fs::MetadataExt::gid(&folder.path().metadata().unwrap()).to_string();
    let folders = vec![folder.path().to_owned()];
    let options = SocketOptions { folders: folders.clone(), group: Some(group.into()) };
    let listener = Listener::bind(&options).unwrap();
    let socket = PathBuf::from(&listener.address().text);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o660, 0o710));
    let unknown = SocketOptions { folders, group: Some("no such group".into()) };
    assert!(Listener::bind(&unknown).is_err());
}

#[test]
fn handshake_lines_of_real_certificates_have_six_fields_and_no_padding() {
    let address = plugin::Address { network: "unix", text: "/tmp/plugin-0/socket".into() };
    for _ in 0..50 {
        let tls = MutualTls::pinned_to(OsStr::new(CLIENT)).unwrap();
        let certificate = Some(tls.certificate());
        let line = Handshake { version: 6, address: &address, certificate, multiplex: false }.to_string();
        let fields: Vec<_> = line.split('|').collect();
        assert_eq!(fields[..5], ["1", "6", "unix", "/tmp/plugin-0/socket", "grpc"]);
        assert_eq!(fields.len(), 6);
        assert!(fields[5].len() > 50 && !line.contains(['=', '\n']), "{line}");
    }
}
