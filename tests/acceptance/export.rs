//! `terraform-provider-hss export`: a fleet that was made by hand comes under management, without an id being typed.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

use crate::stage::*;
use serde_json::{Value as Json, json};

/// Vaults and servers that copy to them in turn, made behind Terraform's back.
fn fleet(hosts: usize, vaults: usize) -> Json {
    let mut all: Vec<Json> = (0..hosts)
        .map(|n| {
            let mut host = protected(&format!("web-{n:04}"));
            host["host_name"] = json!(format!("Web {n}"));
            host["remote_backup"] = on(&format!("vault-{:02}", n % vaults), ADDR);
            host
        })
        .collect();
    all.extend((0..vaults).map(|n| candidate(&format!("vault-{n:02}"))));
    let listed: Vec<Json> = (0..vaults).map(|n| registered(&format!("vault-{n:02}"), 18080)).collect();
    world(&all, &listed)
}

/// A command that exports into the folder `adopted` of a workspace, with credentials in the environment.
fn exporter(sim: &Simulator, tf: &Workspace, more: &[&str]) -> Command {
    let mut command = Command::new(PROVIDER);
    command.current_dir(tf.path()).env_clear().stdin(Stdio::null());
    command.env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY).env("HW_REGION_NAME", REGION);
    let (auth, hss) = (format!("{}/v3", sim.url), format!("hss={}", sim.url));
    command.args(["export", "--dir", "adopted", "--auth-url", &auth, "--endpoint", &hss]).args(more);
    command
}

fn export(sim: &Simulator, tf: &Workspace, more: &[&str]) -> Ran {
    let output = exporter(sim, tf, more).output().unwrap();
    let ran = Ran::of(format!("export {}", more.join(" ")), &output);
    eprintln!("$ {}\n{}{}", ran.command, ran.stdout, ran.stderr);
    for secret in [ACCESS_KEY, SECRET_KEY] {
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(secret));
    }
    ran
}

fn file(tf: &Workspace, name: &str) -> String {
    fs::read_to_string(tf.path().join("adopted").join(name)).unwrap()
}

fn files(tf: &Workspace) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(tf.path().join("adopted")) else { return BTreeSet::new() };
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Terraform in the exported folder, with the credentials of the export in its environment.
fn adopt(tf: &mut Workspace, arguments: &[&str]) -> Ran {
    let mut all = vec!["-chdir=adopted"];
    all.extend(arguments);
    tf.run(&all)
}

fn with_credentials(tf: &mut Workspace) {
    tf.set_env("HW_ACCESS_KEY", ACCESS_KEY);
    tf.set_env("HW_SECRET_KEY", SECRET_KEY);
    tf.remove("provider.tf");
}

#[track_caller]
fn is_formatted(tf: &mut Workspace) {
    adopt(tf, &["fmt", "-check", "-diff", "-no-color"]).ok();
}

#[test]
fn what_is_exported_is_readable_and_plans_empty() {
    if !needs(Feature::ImportBlocks) {
        return;
    }
    let mut world = fleet(3, 2);
    let hosts = world["hosts"].as_array_mut().unwrap();
    hosts[2]["remote_backup"] = on("elsewhere", "10.9.9.9:1");
    hosts[0]["host_name"] = json!("\"Shop\" ${x} \\ 1");
    world["backup_hosts"][1]["backup_dir"] = json!("/data/%{a}/${b} \"c\"");
    scenario(&world, |sim, tf| {
        with_credentials(tf);
        let ran = export(sim, tf, &[]).ok();
        assert_eq!(
            files(tf),
            ["backup_hosts.tf", "imports.tf", "provider.tf", "remote_backups.tf"].map(str::to_owned).into()
        );
        is_formatted(tf);
        let provider = format!(
            "terraform {{\n  required_providers {{\n    hss = {{\n      source = \"hss-wtp/hss\"\n    }}\n  }}\n}}\n\n\
             # Credentials come from the environment or a profile, as they did for this export.\n\
             provider \"hss\" {{\n  region   = \"{REGION}\"\n  auth_url = \"{url}/v3\"\n  endpoints = {{\n    hss = \"{url}\"\n  }}\n}}\n",
            url = sim.url
        );
        assert_eq!(file(tf, "provider.tf"), provider);
        assert_eq!(
            file(tf, "backup_hosts.tf"),
            r#"resource "hss_wtp_backup_host" "name_of_vault_00" {
  host_id          = "vault-00"
  backup_host_ip   = "172.16.8.20"
  backup_host_port = 18080
  backup_dir       = "/data/wtp-copies"
}

resource "hss_wtp_backup_host" "name_of_vault_01" {
  host_id          = "vault-01"
  backup_host_ip   = "172.16.8.20"
  backup_host_port = 18080
  backup_dir       = "/data/%%{a}/$${b} \"c\""
}
"#
        );
        assert_eq!(
            file(tf, "remote_backups.tf"),
            r#"resource "hss_wtp_remote_backup" "shop_x_1" {
  host_id        = "web-0000"
  backup_host_id = hss_wtp_backup_host.name_of_vault_00.host_id
}

resource "hss_wtp_remote_backup" "web_1" {
  host_id        = "web-0001"
  backup_host_id = hss_wtp_backup_host.name_of_vault_01.host_id
}

# elsewhere is not among the backup servers of backup_hosts.tf, so there is nothing to refer to.
resource "hss_wtp_remote_backup" "web_2" {
  host_id        = "web-0002"
  backup_host_id = "elsewhere"
}
"#
        );
        assert!(file(tf, "imports.tf").starts_with(
            "# Takes what exists under management. Once this is applied, the file can be deleted.\n\n\
             import {\n  to = hss_wtp_backup_host.name_of_vault_00\n  id = \"vault-00\"\n}\n"
        ));
        ran.says(&[
            "2 backup servers",
            "3 protected servers",
            "5 import blocks",
            "1 protected server copies to a backup server that was not found",
            "5 to import, 0 to add",
        ]);
        adopt(tf, &["plan", "-no-color"])
            .ok()
            .says(&["Plan: 5 to import, 0 to add, 0 to change, 0 to destroy."]);
        adopt(tf, &["apply", "-no-color", "-auto-approve"]).ok();
        assert_eq!(adopt(tf, &["plan", "-no-color", "-detailed-exitcode"]).code, Some(0));
        // The import blocks have served.
        tf.remove("adopted/imports.tf");
        assert_eq!(adopt(tf, &["plan", "-no-color", "-detailed-exitcode"]).code, Some(0));
        assert!(sim.writes().is_empty());
    });
}

/// The show: 512 objects in at most twenty calls, from the first one of the export to the last one of the apply.
#[test]
fn a_fleet_of_512_is_adopted_in_twenty_calls() {
    if !needs(Feature::ImportBlocks) {
        return;
    }
    scenario(&fleet(500, 12), |sim, tf| {
        with_credentials(tf);
        export(sim, tf, &[]).ok().says(&["12 backup servers", "500 protected servers"]);
        let exported = sim.journal().len();
        adopt(tf, &["apply", "-no-color", "-auto-approve"])
            .ok()
            .says(&["512 imported, 0 added, 0 changed, 0 destroyed"]);
        let calls = sim.journal().len();
        eprintln!("export {exported} calls, apply {} calls", calls - exported);
        let ran = adopt(tf, &["plan", "-no-color", "-detailed-exitcode"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
        eprintln!("an empty plan {} calls", sim.journal().len() - calls);
        assert!(calls <= 20, "{calls} calls for 512 objects, {exported} of them by the export");
        assert!(sim.writes().is_empty());
        is_formatted(tf);
        let once = file(tf, "remote_backups.tf");
        fs::rename(tf.path().join("adopted"), tf.path().join("first")).unwrap();
        sim.knob("list_order", "shuffled");
        export(sim, tf, &[]).ok();
        assert!(file(tf, "remote_backups.tf") == once, "the order in which HSS lists makes a difference");
    });
}

#[test]
fn no_file_is_overwritten_and_no_configuration_gets_a_second_provider() {
    scenario(&fleet(1, 1), |sim, tf| {
        tf.write("adopted/backup_hosts.tf", "# mine\n");
        sim.empty_journal();
        export(sim, tf, &[]).fails_saying(&["adopted holds backup_hosts.tf already", "--dir"]);
        assert_eq!((sim.journal().len(), files(tf).len()), (0, 1), "nothing is asked for in vain");
        assert_eq!(file(tf, "backup_hosts.tf"), "# mine\n");
        fs::rename(tf.path().join("adopted/backup_hosts.tf"), tf.path().join("adopted/main.tf")).unwrap();
        export(sim, tf, &[]).ok().says(&["No provider.tf was written.", "with region = \"cn-north-4\""]);
        assert_eq!(
            files(tf),
            ["backup_hosts.tf", "imports.tf", "main.tf", "remote_backups.tf"].map(str::to_owned).into()
        );
    });
}

#[test]
fn enterprise_projects_and_parts() {
    if !needs(Feature::ImportBlocks) {
        return;
    }
    let mut world = fleet(2, 2);
    for host in world["hosts"].as_array_mut().unwrap() {
        if host["host_id"].as_str().unwrap().ends_with('1') {
            host["enterprise_project_id"] = json!("eps-7");
        }
    }
    scenario(&world, |sim, tf| {
        with_credentials(tf);
        let both = ["--enterprise-project-id", "0", "--enterprise-project-id=eps-7"];
        export(sim, tf, &both).ok();
        is_formatted(tf);
        assert!(file(tf, "imports.tf").contains("id = \"eps-7/web-0001\""));
        assert!(file(tf, "imports.tf").contains("id = \"0/web-0000\""));
        adopt(tf, &["plan", "-no-color"])
            .ok()
            .says(&["Plan: 4 to import, 0 to add, 0 to change, 0 to destroy."]);
        fs::remove_dir_all(tf.path().join("adopted")).unwrap();
        export(sim, tf, &["--enterprise-project-id", "eps-7", "--backup-hosts-only", "--no-provider-file"])
            .ok();
        assert_eq!(files(tf), ["backup_hosts.tf", "imports.tf"].map(str::to_owned).into());
        assert!(!file(tf, "backup_hosts.tf").contains("vault-00"));
        fs::remove_dir_all(tf.path().join("adopted")).unwrap();
        export(sim, tf, &["--enterprise-project-id", "eps-9"])
            .ok()
            .says(&["There is nothing to export", "eps-9"]);
        assert!(files(tf).is_empty());
        export(sim, tf, &["--enterprise-project-id", "all_granted_eps"])
            .fails_saying(&["stands for every enterprise project"]);
    });
}

#[test]
fn what_goes_wrong_is_said_with_a_status_of_its_own() {
    scenario(&fleet(1, 1), |sim, tf| {
        let said = export(sim, tf, &["--nonsense"]).says(&["There is no option --nonsense", "export --help"]);
        assert_eq!(said.code, Some(2));
        let said = export(sim, tf, &["--secret-key", "hidden-in-vain"])
            .says(&["--secret-key is no option", "HW_SECRET_KEY"]);
        assert_eq!(said.code, Some(2));
        let said = export(sim, tf, &["--help"]).ok().says(&["--enterprise-project-id", "HW_ACCESS_KEY"]);
        assert!(said.stderr.is_empty());
        let output = exporter(sim, tf, &[]).env_remove("HW_REGION_NAME").output().unwrap();
        let ran = Ran::of("export without region".to_owned(), &output);
        assert_eq!(
            ran.fails_saying(&["No region is configured", "--region stands for `region`"]).code,
            Some(1)
        );
        let output = exporter(sim, tf, &[]).env_remove("HW_SECRET_KEY").output().unwrap();
        Ran::of("export without a secret".to_owned(), &output).fails_saying(&["secret_key"]);
        sim.knob("deny", "ListWtpProtectHost");
        export(sim, tf, &[]).fails_saying(&[
            "Error: Could not list the protected servers",
            "ListWtpProtectHost",
            "Nothing was written.",
        ]);
        assert!(files(tf).is_empty());
    });
}

/// Under a quota an export waits, says so, and can be interrupted without leaving anything behind.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_behind() {
    scenario(&fleet(600, 1), |sim, tf| {
        sim.knob("throttle", "1/30");
        let mut child = exporter(sim, tf, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until("it is refused", || sim.journal().iter().any(|call| call["status"] == 429));
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let begun = std::time::Instant::now();
        child.wait().unwrap();
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "it ends at once");
        let output = child.wait_with_output().unwrap();
        let ran = Ran::of("export".to_owned(), &output).fails_saying(&["Interrupted. Nothing was written."]);
        assert_eq!(ran.code, Some(1));
        assert!(files(tf).is_empty());
    });
}
