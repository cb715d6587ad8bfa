//! Canaries: every credential is a marked text, and no part of it is ever seen again.
//!
//! Each way to give credentials meets each kind of failure, at `TF_LOG=TRACE`, which logs all there is. Searched are both
//! streams, every file that Terraform left behind, the plan file unpacked, what is printed when the provider is killed, and
//! the simulator's journal. A new way to give credentials is a new row of [`sources`].

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "these tests drive real processes in real time")]

mod harness;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use harness::{
    PROJECT_ID, REGION, Ran, Simulator, Workspace, candidate, find_terraform, protected, unwrapped, world,
};
use serde_json::{Value as Json, json};
use terraform_provider_hss::hss::address;

const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-hss");
const SIMULATOR: &str = env!("CARGO_BIN_EXE_hss-sim");

/// Parts of a secret of this length are searched for. Nothing else looks like them.
const WINDOW: usize = 8;

const ACCESS: &str = "QXCANARYACCESSZK7315";
const SECRET: &str = "qx9CanarySecretKeyVw42Lm81Tz60Rb";
const SECURITY: &str = "qx7CanarySecurityTokenHh53Pd/+=Yy28";
const PASSWORD: &str = "qx5CanarySesamJk91%&Qw";
const ID_TOKEN: &str = "qx3CanaryIdToken.Bd66Nf.Ks17Wv";

/// A way to give credentials.
struct Source {
    name: &'static str,
    /// Environment variables.
    environment: Vec<(&'static str, String)>,
    /// Arguments of the provider block. Their values arrive as ephemeral variables, since whatever is written into a
    /// configuration is in the plan file by Terraform's own doing.
    arguments: Vec<(&'static str, String)>,
    /// What must not be seen.
    secrets: Vec<String>,
    /// Which troubles it is not spared.
    kind: Kind,
}

/// What the calls of a source depend on in the end.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The access key of the account.
    Keys,
    /// Something that ends when all logins end, and that nothing renews.
    Ending,
    /// Something else, that is got anew.
    Other,
}

fn sources(simulator: &Simulator) -> Vec<Source> {
    let own = |text: &str| text.to_owned();
    let keys = || vec![own(ACCESS), own(SECRET)];
    let temporary = || vec![own(ACCESS), own(SECRET), own(SECURITY)];
    let token = log_in(simulator);
    vec![
        Source {
            name: "keys in HW_ variables",
            environment: vec![("HW_ACCESS_KEY", own(ACCESS)), ("HW_SECRET_KEY", own(SECRET))],
            arguments: vec![],
            secrets: keys(),
            kind: Kind::Keys,
        },
        Source {
            name: "keys in OS_ variables",
            environment: vec![("OS_ACCESS_KEY", own(ACCESS)), ("OS_SECRET_KEY", own(SECRET))],
            arguments: vec![],
            secrets: keys(),
            kind: Kind::Keys,
        },
        Source {
            name: "keys in the provider block",
            environment: vec![],
            arguments: vec![("access_key", own(ACCESS)), ("secret_key", own(SECRET))],
            secrets: keys(),
            kind: Kind::Keys,
        },
        Source {
            name: "temporary keys in variables",
            environment: vec![
                ("HW_ACCESS_KEY", own(ACCESS)),
                ("HW_SECRET_KEY", own(SECRET)),
                ("HW_SECURITY_TOKEN", own(SECURITY)),
            ],
            arguments: vec![],
            secrets: temporary(),
            kind: Kind::Keys,
        },
        Source {
            name: "temporary keys in the provider block",
            environment: vec![],
            arguments: vec![
                ("access_key", own(ACCESS)),
                ("secret_key", own(SECRET)),
                ("security_token", own(SECURITY)),
            ],
            secrets: temporary(),
            kind: Kind::Keys,
        },
        Source {
            name: "a token in a variable",
            environment: vec![("HW_AUTH_TOKEN", token.clone()), ("HW_PROJECT_ID", own(PROJECT_ID))],
            arguments: vec![],
            secrets: vec![token.clone()],
            kind: Kind::Ending,
        },
        Source {
            name: "a token in the provider block",
            environment: vec![("HW_PROJECT_ID", own(PROJECT_ID))],
            arguments: vec![("token", token.clone())],
            secrets: vec![token],
            kind: Kind::Ending,
        },
        Source {
            name: "a user's password in variables",
            environment: vec![
                ("HW_USER_NAME", own("acceptor")),
                ("HW_USER_PASSWORD", own(PASSWORD)),
                ("HW_DOMAIN_NAME", own("acceptance")),
            ],
            arguments: vec![],
            secrets: vec![own(PASSWORD)],
            kind: Kind::Other,
        },
        Source {
            name: "a user's password in the provider block",
            environment: vec![("HW_USER_NAME", own("acceptor")), ("HW_DOMAIN_NAME", own("acceptance"))],
            arguments: vec![("password", own(PASSWORD))],
            secrets: vec![own(PASSWORD)],
            kind: Kind::Other,
        },
        Source {
            name: "keys in a profile",
            environment: vec![("HW_SHARED_CONFIG_FILE", profile()), ("HW_PROFILE", own("canary"))],
            arguments: vec![],
            secrets: keys(),
            kind: Kind::Keys,
        },
        Source {
            name: "an agency by keys",
            environment: vec![
                ("HW_ACCESS_KEY", own(ACCESS)),
                ("HW_SECRET_KEY", own(SECRET)),
                ("HW_ASSUME_ROLE_AGENCY_NAME", own("canary")),
                ("HW_ASSUME_ROLE_DOMAIN_NAME", own("acceptance")),
            ],
            arguments: vec![],
            secrets: keys(),
            kind: Kind::Keys,
        },
        Source {
            name: "an identity provider",
            environment: vec![
                ("HW_ASSUME_ROLE_AGENCY_NAME", own("canary")),
                ("HW_ASSUME_ROLE_DOMAIN_ID", own("acceptance-domain")),
                ("HW_ASSUME_ROLE_IDP_ID", own("canary")),
                ("HW_ASSUME_ROLE_ID_TOKEN", own(ID_TOKEN)),
            ],
            arguments: vec![],
            secrets: vec![own(ID_TOKEN)],
            kind: Kind::Other,
        },
    ]
}

/// A profile file beside all that is searched: it holds the secrets, as it should.
fn profile() -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("canary-profiles.json");
    let profiles = json!({
        "current": "canary",
        "profiles": [{
            "name": "canary", "mode": "AKSK", "accessKeyId": ACCESS, "secretAccessKey": SECRET, "region": REGION,
        }],
    });
    fs::write(&path, profiles.to_string()).unwrap();
    path.display().to_string()
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    /// The account has other credentials: the key is unknown, or its signature is wrong.
    Refused,
    WrongSecret,
    /// All logins end between plan and apply.
    Ended,
    Forbidden,
    ServerErrors,
    NotJson,
    LostAnswers,
    ProviderAborted,
}

const TROUBLES: [Trouble; 9] = [
    Trouble::None,
    Trouble::Refused,
    Trouble::WrongSecret,
    Trouble::Ended,
    Trouble::Forbidden,
    Trouble::ServerErrors,
    Trouble::NotJson,
    Trouble::LostAnswers,
    Trouble::ProviderAborted,
];

fn account(temporary: bool, trouble: Trouble) -> Json {
    let mut world = world(&[protected("web-1"), candidate("vault-1")], &[]);
    let mut key = json!({ "access": ACCESS, "secret": SECRET });
    if temporary {
        key["security_token"] = json!(SECURITY);
    }
    match trouble {
        Trouble::Refused => key["access"] = json!("SOMEBODYELSE00000001"),
        Trouble::WrongSecret => key["secret"] = json!("another-secret-000000001"),
        _ => {}
    }
    world["access_keys"] = json!([key]);
    world["users"][0]["password"] = json!(PASSWORD);
    let domain = "acceptance-domain";
    world["agencies"] = json!([{ "name": "canary", "domain_id": domain, "trusts": [domain] }]);
    world["identity_providers"] = json!([{ "id": "canary", "id_tokens": [ID_TOKEN] }]);
    world
}

fn log_in(simulator: &Simulator) -> String {
    simulator.control("PUT", "world", Some(&world(&[], &[])));
    simulator.log_in()
}

/// Every form in which a secret might appear.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String =
        secret
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
    let mut forms =
        vec![secret.to_owned(), hex, percent, json!(secret).to_string(), secret.chars().rev().collect()];
    // Base64 looks different for each of three places in the text before it.
    for skip in 0..3 {
        let text = format!("{}{secret}", "\0".repeat(skip));
        forms.push(STANDARD.encode(text).trim_end_matches('=').chars().skip(4).collect());
    }
    forms
}

/// The first part of a secret that a text holds.
fn found(secrets: &[String], text: &str) -> Option<String> {
    for secret in secrets {
        for form in forms(secret) {
            let letters: Vec<char> = form.chars().collect();
            for window in letters.windows(WINDOW) {
                let part: String = window.iter().collect();
                if text.contains(&part) {
                    return Some(part);
                }
            }
        }
    }
    None
}

/// Every file below a folder as text, archives unpacked.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            if bytes.starts_with(b"PK") {
                let output = Command::new("unzip").arg("-p").arg(&path).output();
                let output = output.expect("`unzip` is needed to look into plan files: install it");
                assert!(
                    output.status.success() && output.stdout.len() > 1000,
                    "the plan file cannot be unpacked"
                );
                all.push((path.join("unpacked"), String::from_utf8_lossy(&output.stdout).into_owned()));
            }
            all.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    all
}

fn configuration(source: &Source, url: &str) -> String {
    let mut text = format!(
        "terraform {{\n  required_providers {{\n    hss = {{ source = \"{}\" }}\n  }}\n}}\nprovider \"hss\" {{\n  \
         region = \"{REGION}\"\n  auth_url = \"{url}/v3\"\n  endpoints = {{ hss = \"{url}\", iam = \"{url}\", sts = \"{url}\" }}\n",
        address::SOURCE
    );
    for (argument, _) in &source.arguments {
        text += &format!("  {argument} = var.{argument}\n");
    }
    text += "}\n";
    for (argument, _) in &source.arguments {
        text += &format!("variable \"{argument}\" {{\n  type = string\n  ephemeral = true\n}}\n");
    }
    text + "resource \"hss_wtp_backup_host\" \"vault\" {\n  host_id = \"vault-1\"\n  backup_host_ip = \"172.16.8.20\"\n  \
        backup_host_port = 18080\n  backup_dir = \"/data/wtp-copies\"\n  timeouts = { create = \"8s\" }\n}\n\
        resource \"hss_wtp_remote_backup\" \"web\" {\n  host_id = \"web-1\"\n  \
        backup_host_id = hss_wtp_backup_host.vault.host_id\n}\n"
}

/// Runs an apply and makes the provider crash in the middle of it.
fn aborted(workspace: &Workspace, simulator: &Simulator, arguments: &[&str]) -> Ran {
    simulator.knob("latency_ms", 150);
    let mut command = workspace.command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let reader = thread::spawn(move || child.wait_with_output().unwrap());
    while simulator.journal().is_empty() && !reader.is_finished() {
        thread::sleep(Duration::from_millis(10));
    }
    // The provider is the one child of this very Terraform.
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,comm="]).output().unwrap();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.len() >= 3 && words[1] == id.to_string() && words[2].contains("terraform-provi") {
            let pid = rustix::process::Pid::from_raw(words[0].parse().unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
        }
    }
    Ran::of("terraform apply, its provider aborted".to_owned(), &reader.join().unwrap())
}

fn arrange(simulator: &Simulator, trouble: Trouble) {
    let knobs = match trouble {
        Trouble::Forbidden => json!({"deny": "UpdateBackupHostInfo"}),
        Trouble::ServerErrors => {
            json!({"fault": "UpdateBackupHostInfo:500,ListBackupHostsInfo:502:1", "retry_after": 0})
        }
        Trouble::NotJson => json!({"fault": "ListBackupHostsInfo:not-json:1+9"}),
        Trouble::LostAnswers => {
            json!({"fault": "UpdateBackupHostInfo:reset-after:2,ListBackupHostsInfo:truncated:1"})
        }
        _ => json!({"start_sequence": "straight"}),
    };
    simulator.control("PATCH", "knobs", Some(&knobs));
    if trouble == Trouble::Ended {
        simulator.control("POST", "revoke", None);
    }
}

/// One source under one trouble. What leaked is told, with where.
fn leaks(terraform: &Path, which: usize, trouble: Trouble) -> Vec<String> {
    let simulator = Simulator::start(Path::new(SIMULATOR), &[]);
    let source = sources(&simulator).swap_remove(which);
    let temporary = source.secrets.iter().any(|secret| secret == SECURITY);
    simulator.control("PUT", "world", Some(&account(temporary, trouble)));
    let mut workspace = Workspace::new(terraform, Path::new(PROVIDER));
    workspace.write("main.tf", &configuration(&source, &simulator.url));
    workspace.set_env("TF_LOG", "TRACE");
    for (name, value) in &source.environment {
        workspace.set_env(name, value);
    }
    for (argument, value) in &source.arguments {
        workspace.set_env(&format!("TF_VAR_{argument}"), value);
    }
    simulator.empty_journal();
    // Credentials that are refused from the beginning fail the plan already.
    let plan = workspace.run(&["plan", "-no-color", "-input=false", "-out=plan.bin"]);
    let planned = plan.code == Some(0);
    let mut ran = vec![plan];
    let mut journal = simulator.journal();
    simulator.empty_journal();
    arrange(&simulator, trouble);
    let what = if planned { "plan.bin" } else { "-auto-approve" };
    let apply = ["apply", "-no-color", "-input=false", what];
    ran.push(match trouble {
        Trouble::ProviderAborted => aborted(&workspace, &simulator, &apply),
        _ => workspace.run(&apply),
    });
    let fails = match trouble {
        Trouble::None | Trouble::LostAnswers => false,
        Trouble::Refused | Trouble::WrongSecret => source.kind == Kind::Keys,
        // The simulator ends what it issued, and what says of itself that it was.
        Trouble::Ended => source.kind == Kind::Ending || temporary,
        _ => true,
    };
    let end = &ran[1];
    let told = unwrapped(&end.stderr);
    assert_eq!(
        end.code != Some(0),
        fails,
        "{} {trouble:?}: {}",
        source.name,
        &told[told.len().saturating_sub(3000)..]
    );
    assert!(ran[0].stderr.contains("[TRACE]"), "it did log");
    assert!(end.stderr.contains("provider.http") || end.stderr.contains("hss"), "so did the provider");
    journal.extend(simulator.journal());
    assert!(!journal.is_empty(), "{} {trouble:?}: nobody was asked", source.name);

    let mut searched: Vec<(String, String)> = Vec::new();
    for ran in &ran {
        searched.push((format!("stdout of {}", ran.command), ran.stdout.clone()));
        searched.push((format!("stderr of {}", ran.command), ran.stderr.clone()));
    }
    for (path, text) in files(workspace.path()) {
        searched.push((path.display().to_string(), text));
    }
    searched.push(("the journal".to_owned(), Json::Array(journal).to_string()));
    let mut secrets = source.secrets.clone();
    secrets.push(PASSWORD.to_owned());
    let hits = searched.iter().filter_map(|(place, text)| {
        found(&secrets, text).map(|part| {
            let at = text.find(&part).unwrap();
            let near: String =
                text[..at].chars().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect();
            format!("{} {trouble:?}: {part:?} is in {place}: …{near}", source.name)
        })
    });
    hits.collect()
}

#[test]
fn no_part_of_a_credential_is_seen_again() {
    if env::var_os("HSS_ACC").is_some_and(|value| value == "0") {
        let _ = io::Write::write_all(&mut io::stderr(), b"\n*** HSS_ACC=0: the canaries are LEFT OUT ***\n");
        return;
    }
    let terraform = find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
    let simulator = Simulator::start(Path::new(SIMULATOR), &[]);
    let count = sources(&simulator).len();
    let jobs: Vec<(usize, Trouble)> =
        (0..count).flat_map(|which| TROUBLES.map(|trouble| (which, trouble))).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let leaked: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let mut leaked = Vec::new();
                    while let Some((which, trouble)) =
                        jobs.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                    {
                        leaked.extend(leaks(&terraform, *which, *trouble));
                    }
                    leaked
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    println!("{count} sources, {} troubles, {} runs", TROUBLES.len(), jobs.len());
    assert!(leaked.is_empty(), "{}", leaked.join("\n"));
}

#[test]
fn a_leak_would_be_found() {
    let secrets = [SECURITY.to_owned()];
    for form in forms(SECURITY) {
        let part: String = form.chars().skip(3).take(12).collect();
        assert!(found(&secrets, &format!("x{part}y")).is_some(), "{form}");
    }
    let encoded = STANDARD.encode(format!("Token {SECURITY} and more"));
    assert!(found(&secrets, &encoded).is_some(), "{encoded}");
    assert!(found(&secrets, "nothing to see").is_none());
}
