//! `cargo bench-plan`: what this provider costs on top of Terraform itself.
//!
//! Every figure stands beside its floor, which is the builtin `terraform_data` in the same shape: as many resources
//! with the same references and expressions, and no plugin process at all. Times depend on the machine, ratios hardly.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run should say where")]

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use harness::{Simulator, Workspace};
use serde_json::Value as Json;

const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-hss");
const SIMULATOR: &str = env!("CARGO_BIN_EXE_hss-sim");

/// Backup servers in the large shape; the rest are protected servers that point to them.
const VAULTS: usize = 20;

fn main() {
    let terraform = harness::find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
    println!("binary: {} bytes, stripped", std::fs::metadata(PROVIDER).unwrap().len());
    println!("exec to handshake line: {:.1} ms, median of 50", millis(median(50, handshake)));
    println!();
    println!("| terraform plan | ours | builtin of the same shape | ratio |");
    println!("|---|---|---|---|");
    for (count, rounds) in [(1, 15), (1000, 5)] {
        let bench = Shape::new(&terraform, count);
        bench.row("all to be created", rounds);
        bench.apply();
        bench.row("nothing to do", rounds);
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(rounds: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..rounds).map(|_| run()).collect();
    times.sort();
    times[rounds / 2]
}

/// From starting the process to its handshake line, started as Terraform does it, with a certificate made before: making
/// that certificate is Terraform's work.
fn handshake() -> Duration {
    let certificate = include_str!("../tests/vectors/plugin-client-1.pem");
    let began = Instant::now();
    let mut child = Command::new(PROVIDER)
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_CLIENT_CERT", certificate)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let took = began.elapsed();
    assert!(line.starts_with("1|6|"), "no handshake: {line:?}");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .unwrap();
    child.wait().unwrap();
    took
}

/// One configuration of ours and the same in builtin resources.
struct Shape {
    count: usize,
    ours: Workspace,
    floor: Workspace,
    _simulator: Simulator,
}

impl Shape {
    fn new(terraform: &Path, count: usize) -> Self {
        let vaults = if count == 1 { 1 } else { VAULTS };
        let protected = count - if count == 1 { 1 } else { vaults };
        let mut hosts: Vec<Json> = (0..vaults).map(|n| harness::candidate(&format!("vault-{n}"))).collect();
        hosts.extend((0..protected).map(|n| harness::protected(&format!("web-{n}"))));
        let simulator = Simulator::with_world(&PathBuf::from(SIMULATOR), &harness::world(&hosts, &[]));
        let ours = Workspace::against(terraform, Path::new(PROVIDER), &simulator);
        let floor = Workspace::new(terraform, Path::new(PROVIDER));
        let (mut own, mut builtin) = (String::new(), String::new());
        for n in 0..vaults {
            own.push_str(&format!(
                "resource \"hss_wtp_backup_host\" \"v{n}\" {{\n  host_id = \"vault-{n}\"\n  backup_host_ip = \"172.16.8.{}\"\n  backup_host_port = 18080\n  backup_dir = \"/data/wtp-copies\"\n}}\n",
                n + 1
            ));
            builtin.push_str(&format!(
                "resource \"terraform_data\" \"v{n}\" {{\n  input = {{ host_id = \"vault-{n}\", backup_host_ip = \"172.16.8.{}\", backup_host_port = 18080, backup_dir = \"/data/wtp-copies\" }}\n}}\n",
                n + 1
            ));
        }
        for n in 0..protected {
            let v = n % vaults;
            own.push_str(&format!(
                "resource \"hss_wtp_remote_backup\" \"w{n}\" {{\n  host_id = \"web-{n}\"\n  backup_host_id = hss_wtp_backup_host.v{v}.host_id\n  backup_addr = hss_wtp_backup_host.v{v}.backup_addr\n}}\n"
            ));
            builtin.push_str(&format!(
                "resource \"terraform_data\" \"w{n}\" {{\n  input = {{ host_id = \"web-{n}\", backup_host_id = terraform_data.v{v}.input.host_id, backup_addr = terraform_data.v{v}.input.backup_dir }}\n}}\n"
            ));
        }
        ours.write("main.tf", &own);
        floor.write("main.tf", &builtin);
        Self { count, ours, floor, _simulator: simulator }
    }

    fn apply(&self) {
        self.ours.apply().ok();
        self.floor.apply().ok();
    }

    /// Both sides in turn, so that whatever else the machine does falls on both.
    fn row(&self, what: &str, rounds: usize) {
        let time = |workspace: &Workspace| {
            let began = Instant::now();
            workspace.plan().ok();
            began.elapsed()
        };
        time(&self.ours);
        time(&self.floor);
        let (mut ours, mut floor): (Vec<_>, Vec<_>) =
            (0..rounds).map(|_| (time(&self.ours), time(&self.floor))).unzip();
        ours.sort();
        floor.sort();
        let (ours, floor) = (ours[rounds / 2], floor[rounds / 2]);
        println!(
            "| {} resources, {what} | {:.0} ms | {:.0} ms | {:.2} |",
            self.count,
            millis(ours),
            millis(floor),
            ours.as_secs_f64() / floor.as_secs_f64()
        );
    }
}
