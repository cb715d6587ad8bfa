//! One process: its size, how soon it serves, and what it takes to be configured.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::json;
use terraform_provider_hss::tfplugin6::wire::{self, DynamicValue, provider_client::ProviderClient};

use super::{PROVIDER, Report, median, memory, millis};

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../tests/go_client/mod.rs"]
mod go_client;

struct Started {
    child: Child,
    fields: Vec<String>,
    took: Duration,
}

impl Drop for Started {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

/// Started as Terraform does it, with a certificate made before: making that certificate is Terraform's work.
fn start() -> Started {
    let began = Instant::now();
    let mut child = Command::new(PROVIDER)
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_CLIENT_CERT", go_client::CLIENT)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let took = began.elapsed();
    assert!(line.starts_with("1|6|"), "no handshake: {line:?}");
    Started { child, fields: line.trim_end().split('|').map(str::to_owned).collect(), took }
}

/// Asks for the schema, then configures. How long the first took, and the peak of memory after both, in KiB.
async fn schema_and_configure(started: &Started) -> (Duration, u64) {
    let certificate = STANDARD_NO_PAD.decode(&started.fields[5]).unwrap();
    let tls = go_client::client_config(&certificate, Some(go_client::Identity::right()));
    let channel =
        go_client::channel(&started.fields[2], &started.fields[3], Some(Arc::new(tls))).await.unwrap();
    let mut client = ProviderClient::new(channel).max_decoding_message_size(usize::MAX);
    let began = Instant::now();
    let schema =
        client.get_provider_schema(wire::get_provider_schema::Request {}).await.unwrap().into_inner();
    let took = began.elapsed();
    let block = schema.provider.unwrap().block.unwrap();
    let mut config: serde_json::Map<String, serde_json::Value> =
        block.attributes.iter().map(|one| (one.name.clone(), serde_json::Value::Null)).collect();
    for nested in &block.block_types {
        config.insert(nested.type_name.clone(), json!([]));
    }
    for (name, value) in [("region", "cn-north-4"), ("access_key", "a"), ("secret_key", "s")] {
        config.insert(name.to_owned(), json!(value));
    }
    let config =
        DynamicValue { json: serde_json::to_vec(&config).unwrap().into(), ..DynamicValue::default() };
    let request = wire::configure_provider::Request {
        terraform_version: "1.11.4".to_owned(),
        config: Some(config),
        ..Default::default()
    };
    let answer = client.configure_provider(request).await.unwrap().into_inner();
    assert!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
    let status = format!("/proc/{}/status", started.child.id());
    (took, memory::resident_peak(Path::new(&status)).unwrap_or_default())
}

pub(crate) fn measure(report: &mut Report) {
    let handshake = median((0..50).map(|_| start().took).collect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let measured: Vec<(Duration, u64)> =
        (0..20).map(|_| runtime.block_on(schema_and_configure(&start()))).collect();
    let schema = median(measured.iter().map(|(took, _)| *took).collect());
    let peak = measured.iter().map(|(_, peak)| *peak).max().unwrap();
    report.line("| one process | |");
    report.line("|---|---|");
    report.line(&format!("| binary, stripped | {} bytes |", std::fs::metadata(PROVIDER).unwrap().len()));
    report.line(&format!("| exec to handshake line, median of 50 | {:.1} ms |", millis(handshake)));
    report.line(&format!("| GetProviderSchema, median of 20 | {:.1} ms |", millis(schema)));
    report.line(&format!("| peak of resident memory when configured | {peak} KiB |"));
}
