//! What tests, demo and benchmarks share: a real Terraform, a simulator, and a folder in which they meet.

#![allow(dead_code, unreachable_pub, reason = "each user of this module needs another part of it")]
#![allow(clippy::disallowed_methods, reason = "this drives real processes in real time")]
#![allow(missing_docs, clippy::unwrap_used, reason = "test code")]

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use terraform_provider_hss::hss::address;

pub mod terraform;

pub use terraform::find_terraform;

/// Made-up credentials of the worlds made here.
pub const REGION: &str = "cn-north-4";
pub const PROJECT_ID: &str = "0123456789abcdef0123456789abcdef";
pub const ACCESS_KEY: &str = "HSSACCEPTANCEKEY0001";
pub const SECRET_KEY: &str = "acceptance-secret-0000000000000000000001";

/// A running `hss-sim`.
pub struct Simulator {
    child: Child,
    pub url: String,
}

impl Simulator {
    /// Starts one with its built-in world.
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "the simulator did not say where it listens: {line:?}");
        Self { child, url }
    }

    /// Starts one with `world`.
    pub fn with_world(program: &Path, world: &Json) -> Self {
        let simulator = Self::start(program, &[]);
        simulator.control("PUT", "world", Some(world));
        simulator
    }

    /// A control call; its answer as JSON, null when it is empty.
    pub fn control(&self, method: &str, path: &str, body: Option<&Json>) -> Json {
        let (status, _, text) = self.http(method, &format!("/_sim/{path}"), body);
        assert!((200..300).contains(&status), "{method} /_sim/{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Json::Null)
    }

    fn http(&self, method: &str, path: &str, body: Option<&Json>) -> (u16, String, String) {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let body = body.map(Json::to_string).unwrap_or_default();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, head.to_owned(), body.to_owned())
    }

    /// A token of the user of [`world`], for its project.
    pub fn log_in(&self) -> String {
        let user = json!({ "name": "acceptor", "password": "acceptance-password", "domain": { "name": "acceptance" } });
        let login = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": user } },
            "scope": { "project": { "id": PROJECT_ID } },
        } });
        let (status, head, _) = self.http("POST", "/v3/auth/tokens", Some(&login));
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let token = lines.find(|(name, _)| name.eq_ignore_ascii_case("x-subject-token"));
        token.unwrap_or_else(|| panic!("no login: {status}\n{head}")).1.to_owned()
    }

    pub fn world(&self) -> Json {
        self.control("GET", "world", None)
    }

    /// Everything asked since the journal was last emptied.
    pub fn journal(&self) -> Vec<Json> {
        self.control("GET", "requests", None).as_array().cloned().unwrap_or_default()
    }

    /// The operations of the journal, in order, without reads.
    pub fn writes(&self) -> Vec<String> {
        let all = self.journal();
        let writes = all.iter().filter(|call| call["method"] != "GET");
        writes.map(|call| call["operation"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub fn empty_journal(&self) {
        self.control("DELETE", "requests", None);
    }

    pub fn knob(&self, name: &str, value: impl Into<Json>) {
        self.control("PATCH", "knobs", Some(&json!({ name: value.into() })));
    }

    pub fn patch_host(&self, id: &str, change: &Json) {
        self.control("PATCH", &format!("hosts/{id}"), Some(change));
    }

    pub fn patch_backup_host(&self, id: &str, change: &Json) {
        self.control("PATCH", &format!("backup-hosts/{id}"), Some(change));
    }

    /// The remote backup of a host, as the world has it.
    pub fn remote_backup(&self, id: &str) -> Json {
        self.host(id)["remote_backup"].clone()
    }

    pub fn host(&self, id: &str) -> Json {
        let world = self.world();
        let hosts = world["hosts"].as_array().unwrap();
        hosts.iter().find(|host| host["host_id"] == id).cloned().unwrap_or(Json::Null)
    }

    pub fn backup_host(&self, id: &str) -> Json {
        let world = self.world();
        let hosts = world["backup_hosts"].as_array().unwrap();
        hosts.iter().find(|host| host["backup_host_id"] == id).cloned().unwrap_or(Json::Null)
    }

    /// The process, for a caller that signals it.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub command: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: String, output: &Output) -> Self {
        Self {
            command,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both streams, with Terraform's line wrapping undone, so that sentences can be searched for.
    pub fn text(&self) -> String {
        unwrapped(&format!("{}\n{}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{} failed\n{}\n{}", self.command, self.stdout, self.stderr);
        self
    }

    /// Asserts failure, and that every one of `parts` is said.
    #[track_caller]
    pub fn fails_saying(self, parts: &[&str]) -> Self {
        assert_ne!(self.code, Some(0), "{} succeeded\n{}", self.command, self.stdout);
        self.says(parts)
    }

    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        let text = self.text();
        for part in parts {
            assert!(
                text.contains(part),
                "{} does not say {part:?}:\n{}\n{}",
                self.command,
                self.stdout,
                self.stderr
            );
        }
        self
    }
}

/// What Terraform printed, with its line wrapping undone.
pub fn unwrapped(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim_end());
    lines.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A folder with a configuration, in which Terraform finds the provider without `init`.
pub struct Workspace {
    folder: TempDir,
    terraform: PathBuf,
    environment: Vec<(String, String)>,
    transcript: bool,
}

impl Workspace {
    /// `provider` is the built executable.
    pub fn new(terraform: &Path, provider: &Path) -> Self {
        let folder = TempDir::with_prefix("hss-").unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"{}\" = \"{}\"\n  }}\n  direct {{}}\n}}\ndisable_checkpoint = true\n",
            address::SOURCE,
            provider.parent().unwrap().display(),
        );
        fs::write(folder.path().join("terraformrc"), overrides).unwrap();
        Self { folder, terraform: terraform.to_owned(), environment: Vec::new(), transcript: false }
    }

    /// One whose provider block points at `simulator`, with the credentials of [`world`].
    pub fn against(terraform: &Path, provider: &Path, simulator: &Simulator) -> Self {
        let workspace = Self::new(terraform, provider);
        workspace.write("provider.tf", &provider_block(&simulator.url));
        workspace
    }

    /// Prints what Terraform prints. In a test that shows only when it fails, or with `--nocapture`.
    pub fn with_transcript(mut self) -> Self {
        self.transcript = true;
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn terraform(&self) -> &Path {
        &self.terraform
    }

    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap();
    }

    /// A command that is ready to run here. The caller's own Terraform and cloud settings do not reach it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform);
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null());
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if ["TF_", "HW_", "OS_", "HSS_", "SKIP_CHECK_"].iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command
            .env("TF_CLI_CONFIG_FILE", self.path().join("terraformrc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("HOME", self.path())
            .envs(self.environment.iter().cloned());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        let ran = Ran::of(format!("terraform {}", arguments.join(" ")), &output);
        if self.transcript && arguments.first() != Some(&"show") {
            eprintln!("$ {}\n{}{}", ran.command, ran.stdout, ran.stderr);
        }
        ran
    }

    pub fn plan(&self) -> Ran {
        self.run(&["plan", "-no-color", "-input=false"])
    }

    pub fn apply(&self) -> Ran {
        self.run(&["apply", "-no-color", "-input=false", "-auto-approve"])
    }

    pub fn destroy(&self) -> Ran {
        self.run(&["destroy", "-no-color", "-input=false", "-auto-approve"])
    }

    /// Asserts that a plan has nothing to do.
    #[track_caller]
    pub fn plan_is_empty(&self) {
        let ran = self.run(&["plan", "-no-color", "-input=false", "-detailed-exitcode"]);
        assert_eq!(ran.code, Some(0), "the plan is not empty:\n{}\n{}", ran.stdout, ran.stderr);
    }

    /// The attributes of a resource in the state; null when it is not there.
    pub fn state_of(&self, resource: &str) -> Json {
        let ran = self.run(&["show", "-json", "-no-color"]).ok();
        let state: Json = serde_json::from_str(&ran.stdout).unwrap();
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        resources.into_iter().find(|one| one["address"] == resource).unwrap_or(Json::Null)
    }

    /// How many resources the state holds.
    pub fn state_size(&self) -> usize {
        self.run(&["state", "list"]).stdout.lines().count()
    }
}

/// A provider block with the credentials of [`world`].
pub fn provider_block(url: &str) -> String {
    format!(
        r#"
terraform {{
  required_providers {{
    hss = {{ source = "{source}" }}
  }}
}}

provider "hss" {{
  region     = "{REGION}"
  access_key = "{ACCESS_KEY}"
  secret_key = "{SECRET_KEY}"
  auth_url   = "{url}/v3"
  endpoints  = {{ hss = "{url}" }}
}}
"#,
        source = address::SOURCE,
    )
}

/// A protected server that remote backup can be switched on for.
pub fn protected(id: &str) -> Json {
    json!({
        "host_id": id, "host_name": format!("name-of-{id}"), "enterprise_project_id": "0", "os_type": "Linux",
        "protect_status": "opened", "agent_status": "online", "host_status": "ACTIVE", "private_ip": "172.16.4.11",
        "remote_backup": null,
    })
}

/// A server that can become a backup server.
pub fn candidate(id: &str) -> Json {
    let mut host = protected(id);
    host["protect_status"] = Json::Null;
    host
}

/// A registered, running backup server.
pub fn registered(id: &str, port: u16) -> Json {
    json!({
        "backup_host_id": id, "backup_host_ip": "172.16.8.20", "backup_host_port": port,
        "backup_dir": "/data/wtp-copies", "backup_host_status": 1,
    })
}

/// A world with one account and these servers.
pub fn world(hosts: &[Json], backup_hosts: &[Json]) -> Json {
    json!({
        "domain": { "id": "acceptance-domain", "name": "acceptance" },
        "projects": [{ "id": PROJECT_ID, "name": REGION }],
        "users": [{ "id": "acceptance-user", "name": "acceptor", "password": "acceptance-password" }],
        "access_keys": [{ "access": ACCESS_KEY, "secret": SECRET_KEY }],
        "hosts": hosts,
        "backup_hosts": backup_hosts,
    })
}
