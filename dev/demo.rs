//! `cargo demo`: the main job against a simulator, with the real Terraform, from plan to destroy.
//!
//! Needs no account and leaves nothing behind, also when it is interrupted.

#![allow(clippy::print_stdout, reason = "showing things is what a demo is for")]
#![allow(clippy::disallowed_methods, reason = "this drives real processes in real time")]

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use harness::{Simulator, Workspace};
use serde_json::{Value as Json, json};

const PROTECTED: [(&str, &str); 3] = [
    ("shop", "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"),
    ("blog", "5e9b70aa-62c4-4be3-8d1d-7f40c6a2d915"),
    ("wiki", "91f3c5de-2f0b-44c8-b6d2-0e8a7791c4b3"),
];
const VAULTS: [(&str, &str, &str); 2] = [
    ("vault_a", "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11", "172.16.8.20"),
    ("vault_b", "a7d1c3f0-95b8-4e22-8c64-0f9e1b2d3c45", "172.16.8.21"),
];

/// Ended early because of Ctrl-C.
#[derive(Debug)]
struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl Error for Interrupted {}

fn main() -> ExitCode {
    let interrupted = Arc::new(AtomicBool::new(false));
    listen_for_interrupts(Arc::clone(&interrupted));
    match show(&interrupted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("\nInterrupted. The simulator is stopped and the folder removed; nothing is left.");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("\nThe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C reaches Terraform too, which stops by itself; we only have to end in good order after it.
fn listen_for_interrupts(interrupted: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                interrupted.store(true, Ordering::SeqCst);
            }
        });
    });
}

fn show(interrupted: &AtomicBool) -> Result<(), Box<dyn Error>> {
    let terraform = harness::find_terraform()?;
    headline("Building the provider and the simulator");
    let built = build()?;
    let simulator = Simulator::with_world(&built.join(exe("hss-sim")), &world());
    let workspace = Workspace::new(&terraform, &built.join(exe("terraform-provider-hss")));
    prepare(&workspace, &simulator)?;
    println!("An HSS with {} protected servers listens on {}.", PROTECTED.len(), simulator.url);
    println!(
        "The configuration is a copy of examples/complete, which uses the module examples/modules/fleet."
    );
    println!(
        "Terraform warns of a development override below: it uses the provider that was just built, and"
    );
    println!("`terraform get` instead of `terraform init`.");

    let run = |arguments: &[&str], expected: i32| -> Result<(), Box<dyn Error>> {
        println!("\n$ terraform {}", arguments.join(" "));
        let status = workspace.command(&[&["-chdir=complete"], arguments].concat()).status()?;
        if interrupted.load(Ordering::SeqCst) {
            return Err(Interrupted.into());
        }
        match status.code() {
            Some(code) if code == expected => Ok(()),
            _ => Err(format!("terraform {} ended with {status}", arguments.join(" ")).into()),
        }
    };
    let apply = ["apply", "-auto-approve", "-input=false"];
    let plan = |code| run(&["plan", "-detailed-exitcode", "-input=false"], code);
    let (plan_finds_work, plan_is_empty) = (|| plan(2), || plan(0));

    run(&["get"], 0)?;
    headline("1. Plan: two backup servers, and three protected servers that copy to them");
    plan_finds_work()?;
    headline("2. Apply: the backup servers are registered and started, then the servers are switched on");
    run(&apply, 0)?;
    headline("3. Plan again: nothing to do");
    plan_is_empty()?;

    headline(
        "4. A change: another port of vault_a, and the servers that copy to it follow in the same apply",
    );
    variables(&workspace, 18090, "vault_b")?;
    run(&apply, 0)?;
    headline("5. Another change: \"wiki\" moves from vault_b to vault_a");
    variables(&workspace, 18090, "vault_a")?;
    run(&apply, 0)?;

    headline("6. Drift: somebody switches the backup of \"shop\" off and sends \"blog\" to an old port");
    simulator.patch_host(PROTECTED[0].1, &json!({ "remote_backup": null }));
    let stray = json!({ "backup_host_id": VAULTS[0].1, "backup_addr": "172.16.8.20:9999" });
    simulator.patch_host(PROTECTED[1].1, &json!({ "remote_backup": stray }));
    plan_finds_work()?;
    headline("7. Apply repairs both in place");
    run(&apply, 0)?;
    plan_is_empty()?;

    headline("8. Destroy: servers are switched off, then the backup servers are removed");
    run(&["destroy", "-auto-approve", "-input=false"], 0)?;
    nothing_is_left(&simulator)?;
    let calls = simulator.journal().len();
    headline("Done: HSS is as it was before");
    println!("It took {calls} API calls in all. README.md says where to go from here.");
    Ok(())
}

fn headline(text: &str) {
    println!("\n\u{1b}[1m=== {text}\u{1b}[0m");
}

fn exe(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

/// Builds both programs and says in which folder they are: the one above this very example.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        // Together with this example, so that dependencies are built with the same features as it and the tests were.
        .args(["build", "--quiet", "--bins", "--example", "demo"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !status.success() {
        return Err("the build failed".into());
    }
    let here = env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).ok_or("the example is not in a target folder")?;
    Ok(folder.to_owned())
}

fn world() -> Json {
    let mut hosts: Vec<Json> = PROTECTED
        .iter()
        .map(|(name, id)| {
            let mut host = harness::protected(id);
            host["host_name"] = json!(format!("{name}-1"));
            host
        })
        .collect();
    for (name, id, ip) in VAULTS {
        let mut vault = harness::candidate(id);
        vault["host_name"] = json!(name);
        vault["private_ip"] = json!(ip);
        hosts.push(vault);
    }
    harness::world(&hosts, &[])
}

/// The examples as they are, beside them where the simulator is found and with what keys.
fn prepare(workspace: &Workspace, simulator: &Simulator) -> Result<(), Box<dyn Error>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for folder in ["complete", "modules/fleet"] {
        for entry in fs::read_dir(examples.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                let name = path.file_name().ok_or("a file without a name")?.to_string_lossy().into_owned();
                workspace.write(&format!("{folder}/{name}"), &fs::read_to_string(&path)?);
            }
        }
    }
    let url = &simulator.url;
    workspace.write(
        "complete/simulator_override.tf",
        &format!(
            "provider \"hss\" {{\n  access_key = \"{}\"\n  secret_key = \"{}\"\n  auth_url   = \"{url}/v3\"\n  endpoints  = {{ hss = \"{url}\" }}\n}}\n",
            harness::ACCESS_KEY,
            harness::SECRET_KEY,
        ),
    );
    variables(workspace, 18080, "vault_b")
}

/// `wiki` copies to `vault_of_wiki`, the others to the first vault, which listens on `port`.
fn variables(workspace: &Workspace, port: u16, vault_of_wiki: &str) -> Result<(), Box<dyn Error>> {
    let vaults = VAULTS.iter().enumerate().map(|(n, (name, id, ip))| {
        let port = if n == 0 { port } else { 18080 };
        ((*name).to_owned(), json!({ "host_id": id, "ip": ip, "port": port }))
    });
    let servers = PROTECTED.iter().map(|(name, id)| {
        let vault = if *name == "wiki" { vault_of_wiki } else { VAULTS[0].0 };
        ((*name).to_owned(), json!({ "host_id": id, "backup_server": vault }))
    });
    let values = json!({
        "backup_servers": vaults.collect::<serde_json::Map<_, _>>(),
        "protected_servers": servers.collect::<serde_json::Map<_, _>>(),
    });
    workspace.write("complete/terraform.tfvars.json", &serde_json::to_string_pretty(&values)?);
    Ok(())
}

fn nothing_is_left(simulator: &Simulator) -> Result<(), Box<dyn Error>> {
    let world = simulator.world();
    let registered = world["backup_hosts"].as_array().map_or(0, Vec::len);
    let switched_on = world["hosts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|host| !host["remote_backup"].is_null())
        .count();
    if registered + switched_on > 0 {
        return Err(format!("{registered} backup servers and {switched_on} remote backups were left").into());
    }
    Ok(())
}
