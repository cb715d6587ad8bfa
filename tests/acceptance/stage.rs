//! The stage of a scenario, and short words for the configurations played on it.

#![allow(unreachable_pub, reason = "the crate is the test binary")]
#![allow(dead_code, unused_imports, reason = "each user of this module needs another part of it")]

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Once,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

pub use crate::harness::{
    ACCESS_KEY, PROJECT_ID, REGION, Ran, SECRET_KEY, Simulator, Workspace, candidate, find_terraform,
    protected, provider_block, registered,
    terraform::{Feature, needs},
    world,
};

pub const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-hss");
pub const SIMULATOR: &str = env!("CARGO_BIN_EXE_hss-sim");

/// Where the vault of most scenarios listens, as long as nobody changes its port.
pub const ADDR: &str = "172.16.8.20:18080";

/// Terraform, or none where `HSS_ACC=0` leaves these tests out; that is said even where output is captured.
pub fn terraform() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    if env::var_os("HSS_ACC").is_some_and(|value| value == "0") {
        SAID.call_once(|| {
            let _ = writeln!(io::stderr(), "\n*** HSS_ACC=0: the acceptance tests are LEFT OUT ***\n");
        });
        return None;
    }
    Some(find_terraform().unwrap_or_else(|advice| panic!("{advice}")))
}

/// Plays a scenario in `world`. Backup servers start at once, so that only what is about waiting waits.
pub fn scenario(world: &Json, play: impl FnOnce(&Simulator, &mut Workspace)) {
    let Some(terraform) = terraform() else { return };
    let simulator = Simulator::with_world(Path::new(SIMULATOR), world);
    simulator.knob("start_sequence", "straight");
    let mut workspace = Workspace::against(&terraform, Path::new(PROVIDER), &simulator).with_transcript();
    play(&simulator, &mut workspace);
}

/// A backup server that is called like its host. `more` are further lines.
pub fn vault(id: &str, port: u16, more: &str) -> String {
    format!(
        r#"
resource "hss_wtp_backup_host" "{id}" {{
  host_id          = "{id}"
  backup_host_ip   = "172.16.8.20"
  backup_host_port = {port}
  backup_dir       = "/data/wtp-copies"
{more}
}}
"#
    )
}

/// A remote backup that is called like its host. `more` are further lines.
pub fn web(id: &str, more: &str) -> String {
    format!(
        r#"
resource "hss_wtp_remote_backup" "{id}" {{
  host_id = "{id}"
{more}
}}
"#
    )
}

/// Lines that reference a vault, without its address.
pub fn to(vault: &str) -> String {
    format!("  backup_host_id = hss_wtp_backup_host.{vault}.host_id")
}

/// Lines that reference a vault and its address.
pub fn following(vault: &str) -> String {
    format!("{}\n  backup_addr = hss_wtp_backup_host.{vault}.backup_addr", to(vault))
}

/// A setting as the world has it.
pub fn on(vault: &str, addr: &str) -> Json {
    json!({ "backup_host_id": vault, "backup_addr": addr })
}

/// A value of an object in the state.
pub fn value(workspace: &Workspace, resource: &str, attribute: &str) -> Json {
    workspace.state_of(resource)["values"][attribute].clone()
}

/// Waits until `happened`, for what another process does.
#[track_caller]
pub fn until(what: &str, happened: impl Fn() -> bool) {
    let begin = Instant::now();
    while !happened() {
        assert!(begin.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(30));
    }
}

impl Ran {
    /// The diagnostic that Terraform shows for a resource, as one line of text.
    #[track_caller]
    pub fn about(&self, resource: &str) -> String {
        let place = format!("with {resource},");
        let text = self.text();
        let parts = text.split("Error: ").flat_map(|part| part.split("Warning: "));
        parts
            .filter(|part| part.contains(&place))
            .map(str::to_owned)
            .next()
            .unwrap_or_else(|| panic!("nothing is said about {resource}:\n{}\n{}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub fn lacks(self, parts: &[&str]) -> Self {
        let text = self.text();
        for part in parts {
            assert!(!text.contains(part), "{} says {part:?}:\n{}", self.command, self.stdout);
        }
        self
    }
}
