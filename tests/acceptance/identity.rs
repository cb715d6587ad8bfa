//! Resource identity: in the state beside each object, and what an import goes by.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::Command,
};

use crate::{
    harness::terraform::{LEFT_OUT, Release},
    stage::*,
};
use serde_json::{Value as Json, json};

const NO_WRITES: Vec<String> = Vec::new();

/// What the state file holds of an object: its attributes are elsewhere, this is about what identifies it.
fn identity(tf: &Workspace, resource: &str) -> Json {
    let file = fs::read_to_string(tf.path().join("terraform.tfstate")).unwrap();
    let state: Json = serde_json::from_str(&file).unwrap();
    let (ty, name) = resource.split_once('.').unwrap();
    let all = state["resources"].as_array().unwrap();
    let one = all.iter().find(|one| one["type"] == ty && one["name"] == name).unwrap();
    one["instances"][0]["identity"].clone()
}

fn in_project(id: &str, project: &str) -> Json {
    json!({ "host_id": id, "enterprise_project_id": project, "region": REGION })
}

fn anywhere(id: &str) -> Json {
    json!({ "host_id": id, "enterprise_project_id": null, "region": REGION })
}

/// An import block that goes by an identity.
fn import(resource: &str, identity: &str) -> String {
    format!("import {{\n  to = {resource}\n  identity = {{\n{identity}\n  }}\n}}\n")
}

#[test]
fn every_object_has_one_from_create_to_destroy() {
    if !needs(Feature::Identity) {
        return;
    }
    scenario(&world(&[protected("web-1"), protected("web-2"), candidate("vault-1")], &[]), |_, tf| {
        // Known only after the apply of something else, so that the plan of a create has an unknown identity.
        let source = "resource \"terraform_data\" \"id\" {\n  input = \"web-1\"\n}\n";
        let web = web("web-1", &to("vault-1")).replace("= \"web-1\"", "= terraform_data.id.output");
        tf.write("main.tf", &format!("{source}{}{web}", vault("vault-1", 18080, "")));
        tf.plan().ok().says(&["+ host_id = (known after apply)"]);
        tf.apply().ok();
        assert_eq!(identity(tf, "hss_wtp_backup_host.vault-1"), anywhere("vault-1"));
        assert_eq!(identity(tf, "hss_wtp_remote_backup.web-1"), anywhere("web-1"));
        tf.plan_is_empty();
        // Another server, that is not known yet, in its place.
        let main = tf.path().join("main.tf");
        let text = fs::read_to_string(&main).unwrap().replace("input = \"web-1\"", "input = \"web-2\"");
        fs::write(&main, text).unwrap();
        tf.plan().ok().says(&["-/+ destroy and then create replacement", "-> (known after apply)"]);
        tf.apply().ok();
        assert_eq!(identity(tf, "hss_wtp_remote_backup.web-1"), anywhere("web-2"));
        tf.destroy().ok();
    });
}

#[test]
fn an_enterprise_project_that_becomes_known_is_part_of_it_from_then_on() {
    if !needs(Feature::Identity) {
        return;
    }
    let hosts = [protected("web-1"), candidate("vault-1")].map(|mut host| {
        host["enterprise_project_id"] = json!("eps-7");
        host["remote_backup"] = if host["host_id"] == "web-1" { on("vault-1", ADDR) } else { Json::Null };
        host
    });
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let configured = |more: &str| {
            let remote = format!("{}\n{more}", to("vault-1"));
            format!("{}{}", vault("vault-1", 18080, more), web("web-1", &remote))
        };
        tf.write("main.tf", &configured(""));
        tf.write(
            "import.tf",
            &format!(
                "{}{}",
                import("hss_wtp_backup_host.vault-1", "    host_id = \"vault-1\""),
                import("hss_wtp_remote_backup.web-1", "    host_id = \"web-1\"")
            ),
        );
        tf.apply().ok().says(&["2 imported, 0 added, 0 changed"]);
        assert_eq!(identity(tf, "hss_wtp_backup_host.vault-1"), anywhere("vault-1"));
        tf.write("main.tf", &configured("  enterprise_project_id = \"eps-7\""));
        tf.remove("import.tf");
        tf.plan().ok().says(&["0 to add, 2 to change, 0 to destroy"]);
        tf.apply().ok();
        tf.plan_is_empty();
        assert_eq!(identity(tf, "hss_wtp_backup_host.vault-1"), in_project("vault-1", "eps-7"));
        assert_eq!(identity(tf, "hss_wtp_remote_backup.web-1"), in_project("web-1", "eps-7"));
        assert_eq!(sim.writes(), NO_WRITES);
    });
}

#[test]
fn an_import_by_a_whole_identity() {
    if !needs(Feature::Identity) {
        return;
    }
    let hosts = [protected("web-1"), candidate("vault-1")].map(|mut host| {
        host["enterprise_project_id"] = json!("eps-7");
        host["remote_backup"] = if host["host_id"] == "web-1" { on("vault-1", ADDR) } else { Json::Null };
        host
    });
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let project = "  enterprise_project_id = \"eps-7\"";
        let remote = format!("{}\n{project}", to("vault-1"));
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, project), web("web-1", &remote)));
        let whole = |id: &str| {
            format!(
                "    host_id = \"{id}\"\n    enterprise_project_id = \"eps-7\"\n    region = \"{REGION}\""
            )
        };
        tf.write(
            "import.tf",
            &format!(
                "{}{}",
                import("hss_wtp_backup_host.vault-1", &whole("vault-1")),
                import("hss_wtp_remote_backup.web-1", &whole("web-1"))
            ),
        );
        tf.plan().ok().says(&["Plan: 2 to import, 0 to add, 0 to change, 0 to destroy."]);
        tf.apply().ok();
        tf.plan_is_empty();
        assert_eq!(identity(tf, "hss_wtp_remote_backup.web-1"), in_project("web-1", "eps-7"));
        assert_eq!(sim.writes(), NO_WRITES);
    });
}

#[test]
fn identities_that_cannot_be_imported() {
    if !needs(Feature::Identity) {
        return;
    }
    scenario(&world(&[protected("web-1")], &[]), |sim, tf| {
        tf.write("main.tf", &web("web-1", "  remote_backup = false"));
        for (wrong, said) in [
            ("    region = \"cn-north-4\"", &["host_id"][..]),
            ("    host_id = \"\"", &["This identity cannot be imported", "host_id: "]),
            ("    host_id = \"web 1\"", &["This identity cannot be imported", "host_id: ", "blanks"]),
            (
                "    host_id = \"web-1\"\n    enterprise_project_id = \"all_granted_eps\"",
                &["enterprise_project_id: ", "stands for every enterprise project"],
            ),
            (
                "    host_id = \"web-1\"\n    region = \"cn north\"",
                &["This identity cannot be imported", "region: "],
            ),
            ("    host_id = \"web-1\"\n    region = \"cn-north-9\"", &["This region cannot be used here"]),
            ("    host_id = \"web-9\"", &["Cannot import non-existent remote object"]),
        ] {
            tf.write("import.tf", &import("hss_wtp_remote_backup.web-1", wrong));
            tf.plan().fails_saying(said);
        }
        assert_eq!(sim.writes(), NO_WRITES);
    });
}

/// A program on PATH that knows nothing of identities, while the tested one does.
fn older_terraform() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|it| it.is_file())?;
    let printed = Command::new(&found).arg("version").env("CHECKPOINT_DISABLE", "1").output().ok()?;
    let release = Release::parse(&String::from_utf8_lossy(&printed.stdout))?;
    release.lacks(Feature::Identity).map(|_| found)
}

#[test]
fn a_state_goes_to_a_terraform_without_identities_and_back() {
    if !needs(Feature::Identity) {
        return;
    }
    let Some(older) = older_terraform() else {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(io::stderr(), "{LEFT_OUT}{test}: no Terraform older than 1.12 is on PATH");
        return;
    };
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        let old = Workspace::against(&older, PROVIDER.as_ref(), sim).with_transcript();
        let configuration = format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1")));
        tf.write("main.tf", &configuration);
        old.write("main.tf", &configuration);
        let hand_over = |from: &Workspace, to: &Workspace| {
            fs::copy(from.path().join("terraform.tfstate"), to.path().join("terraform.tfstate")).unwrap();
        };
        old.apply().ok();
        sim.empty_journal();
        hand_over(&old, tf);
        tf.plan_is_empty();
        // A refresh writes what identifies each object; nothing else is different.
        tf.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).ok();
        tf.plan_is_empty();
        hand_over(tf, &old);
        old.plan_is_empty();
        old.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).ok();
        hand_over(&old, tf);
        tf.plan_is_empty();
        assert_eq!(sim.writes(), NO_WRITES);
        tf.destroy().ok();
    });
}
