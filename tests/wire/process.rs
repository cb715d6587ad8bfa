//! The built program from exec to exit, as a host sees it.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::ServerName;
use serde_json::json;
use terraform_provider_hss::{
    plugin::proto::plugin::{
        Empty, grpc_controller_client::GrpcControllerClient, grpc_stdio_client::GrpcStdioClient,
    },
    tfplugin6::wire::{self, provider_client::ProviderClient},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;
use tonic::transport::Channel;

use crate::{
    go_client::{CLIENT, HTTP2_OPENING, Identity, STRANGER, STRANGER_KEY, channel, client_config, connect},
    host::message,
};

const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");
/// Long enough for a slow machine, short enough to tell a hang.
const SOON: Duration = Duration::from_secs(10);

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terraform-provider-hss"));
    command
        .env_clear()
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path()).args(arguments).envs(variables.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A plugin that a host started.
struct Started {
    child: Child,
    stdout: BufReader<ChildStdout>,
    fields: Vec<String>,
    folder: tempfile::TempDir,
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Started {
    fn with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child =
            program(folder.path()).envs([COOKIE]).envs(variables.iter().copied()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let fields = line.trim_end().split('|').map(str::to_owned).collect();
        Self { child, stdout, fields, folder }
    }

    fn by_a_host() -> Self {
        let started = Self::with(&[("PLUGIN_CLIENT_CERT", CLIENT), ("PLUGIN_PROTOCOL_VERSIONS", "6,5")]);
        assert_eq!(started.fields.len(), 6, "{:?}", started.fields);
        assert_eq!(started.fields[..3], ["1", "6", "unix"]);
        assert_eq!(started.fields[4], "grpc");
        started
    }

    fn socket(&self) -> PathBuf {
        PathBuf::from(&self.fields[3])
    }

    fn tls(&self, identity: Option<Identity>) -> Arc<rustls::ClientConfig> {
        let certificate = STANDARD_NO_PAD.decode(&self.fields[5]).unwrap();
        Arc::new(client_config(&certificate, identity))
    }

    async fn channel(&self) -> Channel {
        let tls =
            self.fields.get(5).filter(|field| !field.is_empty()).map(|_| self.tls(Some(Identity::right())));
        timeout(SOON, channel(&self.fields[2], &self.fields[3], tls)).await.unwrap().unwrap()
    }

    async fn serves_the_right_client(&self) {
        let mut client = ProviderClient::new(self.channel().await);
        let request = wire::get_provider_schema::Request {};
        let schema = timeout(SOON, client.get_provider_schema(request)).await.unwrap().unwrap().into_inner();
        assert_eq!(schema.resource_schemas.len(), 2);
    }

    /// A client of that identity gets not one byte of HTTP/2.
    async fn refuses(&self, identity: Option<Identity>) {
        let socket = connect("unix", &self.fields[3]).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut answer = Vec::new();
        if let Ok(mut stream) = TlsConnector::from(self.tls(identity)).connect(name, socket).await {
            let _ = stream.write_all(HTTP2_OPENING).await;
            let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
        }
        assert!(answer.is_empty(), "{answer:?}");
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Waits for the end. Nothing of ours is left, neither files nor output.
    async fn ended(mut self) -> ExitStatus {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < SOON, "the process does not end");
            sleep(Duration::from_millis(5)).await;
        };
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "stdout is for the handshake alone");
        assert_eq!(std::fs::read_dir(self.folder.path()).unwrap().count(), 0, "socket and folder are gone");
        status
    }
}

#[tokio::test]
async fn the_right_client_is_served_and_everybody_else_gets_no_http2_answer() {
    let started = Started::by_a_host();
    started.serves_the_right_client().await;
    started.refuses(None).await;
    started.refuses(Some(Identity::of(STRANGER, STRANGER_KEY))).await;
    started.refuses(Some(Identity::of(CLIENT, STRANGER_KEY))).await;
    let mut plain = connect("unix", &started.fields[3]).await.unwrap();
    plain.write_all(HTTP2_OPENING).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(SOON, plain.read_to_end(&mut answer)).await.expect("the connection is closed");
    // At most a TLS alert: record type 21.
    assert!(answer.first().is_none_or(|kind| *kind == 21) && answer.len() < 16, "{answer:?}");
    started.serves_the_right_client().await;
}

#[tokio::test]
async fn the_socket_is_private_and_gone_after_shutdown_within_two_seconds() {
    let started = Started::by_a_host();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&started.socket()), 0o600);
    assert_eq!(mode(started.socket().parent().unwrap()), 0o700);
    assert!(started.socket().starts_with(started.folder.path()));
    let channel = started.channel().await;
    // As a Go host does, with its stream of output open.
    let mut stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap().into_inner();
    let asked = Instant::now();
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
    assert!(stdio.message().await.is_ok_and(|end| end.is_none()));
    assert_eq!(started.ended().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}: the host kills then", asked.elapsed());
}

#[tokio::test]
async fn an_interrupt_is_the_hosts_business_and_sigterm_ends_the_process_cleanly() {
    let started = Started::by_a_host();
    started.signal(Signal::INT);
    started.signal(Signal::INT);
    sleep(Duration::from_millis(50)).await;
    started.serves_the_right_client().await;
    started.signal(Signal::TERM);
    let status = started.ended().await;
    assert!(!status.success() && status.signal().is_none(), "{status}");
}

#[tokio::test]
async fn a_message_of_five_megabytes_reaches_the_program() {
    let started = Started::by_a_host();
    let mut client = ProviderClient::new(started.channel().await);
    let names = [
        "region",
        "access_key",
        "secret_key",
        "security_token",
        "token",
        "project_id",
        "project_name",
        "auth_url",
        "cloud",
        "endpoints",
        "enterprise_project_id",
        "insecure",
    ];
    let mut config: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), json!(null))).into_iter().collect();
    config.insert("token".to_owned(), "x".repeat(5_000_000).into());
    let request = wire::validate_provider_config::Request { config: message(&config.into()) };
    let answer = client.validate_provider_config(request).await.unwrap().into_inner();
    assert!(answer.diagnostics.is_empty());
}

#[tokio::test]
async fn a_host_that_offers_no_certificate_is_served_in_plaintext_as_it_expects() {
    let started = Started::with(&[]);
    assert_eq!(started.fields[..3], ["1", "6", "unix"]);
    assert!(started.fields.get(5).is_none_or(String::is_empty), "{:?}", started.fields);
    started.serves_the_right_client().await;
}

#[tokio::test]
async fn strange_version_lists_still_get_the_one_version_there_is() {
    for versions in ["", "5", "bogus", "6,x,,999999999999999999999", "\u{fffd}|6"] {
        let started =
            Started::with(&[("PLUGIN_CLIENT_CERT", CLIENT), ("PLUGIN_PROTOCOL_VERSIONS", versions)]);
        assert_eq!(started.fields[1], "6", "{versions:?}");
        started.serves_the_right_client().await;
    }
}

#[test]
fn a_certificate_that_is_none_ends_the_start() {
    for garbage in
        ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", STRANGER_KEY]
    {
        let output = run(&[], &[COOKIE, ("PLUGIN_CLIENT_CERT", garbage)]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""), "{garbage:?}");
        assert!(text(&output.stderr).contains("TLS"), "{}", text(&output.stderr));
    }
}

#[test]
fn started_by_hand_it_says_kindly_what_it_is() {
    let wrong = (COOKIE.0, "another");
    for variables in [&[][..], &[wrong], &[("TF_REATTACH_PROVIDERS", "{}")]] {
        let output = run(&[], variables);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
        let said = text(&output.stderr);
        assert!(said.contains("provider for Terraform and OpenTofu") && said.contains("--help"), "{said}");
    }
}

#[test]
fn version_and_help_are_printed_and_other_arguments_refused() {
    let version = concat!("terraform-provider-hss ", env!("CARGO_PKG_VERSION"), "\n");
    for argument in ["--version", "-version", "-V"] {
        let output = run(&[argument], &[]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), version));
    }
    for argument in ["--help", "-help", "-h"] {
        let output = run(&[argument], &[]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("--debug") && output.stderr.is_empty());
    }
    let output = run(&["--frobnicate"], &[COOKIE]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert!(text(&output.stderr).contains("--frobnicate"));
}

#[tokio::test]
async fn under_a_debugger_it_prints_how_to_reach_it_and_ends_with_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path()).arg("--debug").spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    while !lines.iter().any(|line: &String| line.contains("$env:TF_REATTACH_PROVIDERS")) {
        let mut line = String::new();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "{lines:?}");
        lines.push(line);
    }
    let find = |start: &str| lines.iter().find_map(|line| line.trim().strip_prefix(start));
    assert!(find("set -gx TF_REATTACH_PROVIDERS '").is_some(), "{lines:?}");
    let bash = find("export TF_REATTACH_PROVIDERS='").unwrap().strip_suffix('\'').unwrap();
    let reattach: serde_json::Value = serde_json::from_str(bash).unwrap();
    let entry = &reattach["registry.terraform.io/hss-wtp/hss"];
    assert_eq!(
        (&entry["Protocol"], &entry["ProtocolVersion"], &entry["Test"], &entry["Pid"]),
        (&json!("grpc"), &json!(6), &json!(true), &json!(child.id()))
    );
    let address = entry["Addr"]["String"].as_str().unwrap();
    // A host looks whether somebody is there, then connects, each walk anew.
    drop(connect("unix", address).await.unwrap());
    for _ in 0..3 {
        let channel = channel("unix", address, None).await.unwrap();
        let mut client = ProviderClient::new(channel);
        client.get_provider_schema(wire::get_provider_schema::Request {}).await.unwrap();
    }
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < SOON, "Ctrl-C does not end it");
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "socket and folder are gone");
}
