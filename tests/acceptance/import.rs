//! A lost state, and what exists already: taken under management by its id, with an empty plan after.

use std::fs;

use crate::stage::*;
use serde_json::json;

const NO_WRITES: Vec<String> = Vec::new();

#[track_caller]
fn imported(tf: &Workspace, address: &str, id: &str) {
    tf.run(&["import", "-no-color", "-input=false", address, id]).ok().says(&["Import successful!"]);
}

#[test]
fn a_lost_state_comes_back_by_command() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
        );
        tf.apply().ok();
        let kept = ["hss_wtp_backup_host.vault-1", "hss_wtp_remote_backup.web-1"]
            .map(|it| tf.state_of(it)["values"].clone());
        tf.remove("terraform.tfstate");
        sim.empty_journal();
        imported(tf, "hss_wtp_backup_host.vault-1", "vault-1");
        imported(tf, "hss_wtp_remote_backup.web-1", "web-1");
        tf.plan_is_empty();
        let found = ["hss_wtp_backup_host.vault-1", "hss_wtp_remote_backup.web-1"]
            .map(|it| tf.state_of(it)["values"].clone());
        assert_eq!(found, kept);
        assert_eq!(sim.writes(), NO_WRITES);
    });
}

#[test]
fn a_lost_state_comes_back_by_import_blocks_with_the_enterprise_project() {
    if !needs(Feature::ImportBlocks) {
        return;
    }
    let hosts = [protected("web-1"), candidate("vault-1")].map(|mut host| {
        host["enterprise_project_id"] = json!("eps-7");
        host
    });
    scenario(&world(&hosts, &[]), |sim, tf| {
        let project = "  enterprise_project_id = \"eps-7\"";
        let remote = format!("{}\n{project}", to("vault-1"));
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, project), web("web-1", &remote)));
        tf.apply().ok();
        tf.remove("terraform.tfstate");
        sim.empty_journal();
        tf.write(
            "import.tf",
            "import {\n  to = hss_wtp_backup_host.vault-1\n  id = \"eps-7/vault-1\"\n}\nimport {\n  to = hss_wtp_remote_backup.web-1\n  id = \"eps-7/web-1\"\n}\n",
        );
        tf.plan().ok().says(&["Plan: 2 to import, 0 to add, 0 to change, 0 to destroy."]);
        tf.apply().ok();
        assert_eq!(sim.writes(), NO_WRITES);
        tf.plan_is_empty();
    });
}

#[test]
fn a_configuration_can_be_generated() {
    if !needs(Feature::ImportBlocks) {
        return;
    }
    let mut host = protected("web-1");
    host["remote_backup"] = on("vault-1", ADDR);
    scenario(&world(&[host, candidate("vault-1")], &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write(
            "import.tf",
            "import {\n  to = hss_wtp_backup_host.a\n  id = \"vault-1\"\n}\nimport {\n  to = hss_wtp_remote_backup.b\n  id = \"web-1\"\n}\n",
        );
        tf.run(&["plan", "-no-color", "-generate-config-out=generated.tf"]).ok();
        eprintln!("{}", fs::read_to_string(tf.path().join("generated.tf")).unwrap());
        tf.apply().ok().says(&["2 imported, 0 added, 0 changed, 0 destroyed"]);
        tf.plan_is_empty();
        assert_eq!(sim.writes(), NO_WRITES);
    });
}

#[test]
fn a_server_that_is_off() {
    scenario(
        &world(&[protected("web-1"), candidate("vault-1")], &[registered("vault-1", 18080)]),
        |sim, tf| {
            tf.write("main.tf", &web("web-1", "  remote_backup = false"));
            imported(tf, "hss_wtp_remote_backup.web-1", "web-1");
            tf.plan_is_empty();
            // With a server in the configuration the state learns it, without a call.
            tf.write("main.tf", &web("web-1", "  remote_backup = false\n  backup_host_id = \"vault-1\""));
            tf.plan()
                .ok()
                .says(&["0 to add, 1 to change", "+ backup_host_id = \"vault-1\""])
                .lacks(&["known after apply"]);
            tf.apply().ok();
            assert_eq!(sim.writes(), NO_WRITES);
            tf.plan_is_empty();
        },
    );
}

#[test]
fn flags_and_timeouts_are_one_update_without_a_call() {
    let mut host = protected("web-1");
    host["remote_backup"] = on("vault-1", ADDR);
    scenario(&world(&[host, candidate("vault-1")], &[registered("vault-1", 18080)]), |sim, tf| {
        let flags = "  overwrite_existing = true\n  timeouts = { create = \"20m\" }";
        let remote = format!("{}\n{flags}\n  wait_for_agent = \"15m\"", to("vault-1"));
        tf.write(
            "main.tf",
            &format!(
                "{}{}",
                vault("vault-1", 18080, &format!("{flags}\n  wait_for_running = false")),
                web("web-1", &remote)
            ),
        );
        imported(tf, "hss_wtp_backup_host.vault-1", "vault-1");
        imported(tf, "hss_wtp_remote_backup.web-1", "web-1");
        tf.plan().ok().says(&["0 to add, 2 to change, 0 to destroy"]).lacks(&["known after apply"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), NO_WRITES);
        tf.plan_is_empty();
    });
}

#[test]
fn ids_that_cannot_be_imported() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", "  remote_backup = false")),
        );
        let import = |address, id| tf.run(&["import", "-no-color", "-input=false", address, id]);
        // Nothing is registered under the first, and HSS knows no such server as the second.
        import("hss_wtp_backup_host.vault-1", "vault-1")
            .fails_saying(&["Cannot import non-existent remote object"]);
        import("hss_wtp_remote_backup.web-1", "web-9")
            .fails_saying(&["Cannot import non-existent remote object"]);
        for (id, said) in [
            ("", "id is needed"),
            ("a/b/c", "one part, or two"),
            ("web 1", "blanks"),
            ("/web-1", "one part, or two"),
            ("eps/", "id is needed"),
            ("all_granted_eps/web-1", "stands for every enterprise project"),
        ] {
            for address in ["hss_wtp_remote_backup.web-1", "hss_wtp_backup_host.vault-1"] {
                if !id.is_empty() {
                    import(address, id).fails_saying(&[
                        "cannot be imported",
                        said,
                        "<enterprise_project_id>/<host_id>",
                    ]);
                }
            }
        }
        assert_eq!((tf.state_size(), sim.writes()), (0, NO_WRITES));
    });
}
