//! `enterprise_project_id`, which HSS takes and never tells.

use crate::stage::*;
use serde_json::{Value as Json, json};

fn in_project(mut host: Json, project: &str) -> Json {
    host["enterprise_project_id"] = json!(project);
    host
}

/// The enterprise projects that calls named, of writes or of reads.
fn named(sim: &Simulator, writes: bool) -> Vec<String> {
    let projects = sim.journal().into_iter().filter(|call| {
        call["path"].as_str().is_some_and(|path| path.contains("/v5/")) && (call["method"] != "GET") == writes
    });
    let named = |call: Json| call["query"]["enterprise_project_id"].as_str().unwrap_or_default().to_owned();
    projects.map(named).collect()
}

fn configuration(project: Option<&str>) -> String {
    let line = project.map(|id| format!("  enterprise_project_id = \"{id}\"")).unwrap_or_default();
    format!("{}{}", vault("vault-1", 18080, &line), web("web-1", &format!("{}\n{line}", to("vault-1"))))
}

#[test]
fn learning_it_costs_nothing_and_moving_replaces() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &configuration(None));
        tf.apply().ok();
        sim.empty_journal();
        for (project, shown) in [
            (Some("0"), "+ enterprise_project_id = \"0\""),
            (None, "- enterprise_project_id = \"0\" -> null"),
            (Some("0"), "+ enterprise_project_id = \"0\""),
        ] {
            tf.write("main.tf", &configuration(project));
            let ran = tf.plan().ok().says(&["0 to add, 2 to change, 0 to destroy", shown]);
            ran.lacks(&["known after apply", "forces replacement"]);
            tf.apply().ok();
            tf.plan_is_empty();
        }
        assert_eq!(sim.writes(), Vec::<String>::new());
        tf.write("main.tf", &configuration(Some("eps-7")));
        tf.plan().ok().says(&[
            "2 to add, 0 to change, 2 to destroy",
            "~ enterprise_project_id = \"0\" -> \"eps-7\" # forces replacement",
        ]);
    });
}

#[test]
fn an_import_learns_it_and_is_not_destroyed_for_it() {
    let hosts = [in_project(protected("web-1"), "eps-7"), in_project(candidate("vault-1"), "eps-7")];
    scenario(&world(&hosts, &[]), |sim, tf| {
        tf.write("main.tf", &configuration(Some("eps-7")));
        tf.apply().ok();
        assert_eq!(named(sim, true), ["eps-7", "eps-7"]);
        assert!(named(sim, false).iter().all(|project| project == "eps-7"), "{:?}", named(sim, false));
        tf.remove("terraform.tfstate");
        sim.empty_journal();
        for (address, id) in
            [("hss_wtp_backup_host.vault-1", "vault-1"), ("hss_wtp_remote_backup.web-1", "web-1")]
        {
            tf.run(&["import", "-no-color", address, id]).ok();
        }
        tf.plan().ok().says(&["0 to add, 2 to change, 0 to destroy", "+ enterprise_project_id = \"eps-7\""]);
        tf.apply().ok();
        assert_eq!(sim.writes(), Vec::<String>::new());
        tf.plan_is_empty();
    });
}

#[test]
fn the_providers_is_the_default_and_no_write_goes_to_all() {
    let hosts = [in_project(protected("web-1"), "eps-7"), in_project(candidate("vault-1"), "eps-7")];
    scenario(&world(&hosts, &[]), |sim, tf| {
        tf.set_env("HW_ENTERPRISE_PROJECT_ID", "eps-7");
        tf.write("main.tf", &configuration(None));
        tf.apply().ok();
        tf.plan_is_empty();
        tf.destroy().ok();
        assert_eq!(named(sim, true), ["eps-7"; 4]);
    });
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.set_env("HW_ENTERPRISE_PROJECT_ID", "all_granted_eps");
        tf.write("main.tf", &configuration(None));
        tf.apply().ok();
        tf.destroy().ok();
        assert_eq!(named(sim, true), [""; 4]);
        assert!(named(sim, false).contains(&"all_granted_eps".to_owned()));
    });
}

/// HSS says of no server which project it is in, so a state can be wrong, and a server can move.
#[test]
fn a_backup_server_in_another_project_is_neither_forgotten_nor_changed_blindly() {
    for destroys in [false, true] {
        scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
            let only = |port: u16| vault("vault-1", port, "  enterprise_project_id = \"0\"");
            tf.write("main.tf", &only(18080));
            tf.apply().ok();
            // Found by a refresh while it is in its project; moved before the apply.
            tf.write("main.tf", &only(18090));
            let plan: &[&str] = if destroys { &["plan", "-destroy"] } else { &["plan"] };
            tf.run(&[plan, &["-no-color", "-input=false", "-out=plan.bin"]].concat()).ok();
            sim.patch_host("vault-1", &json!({ "enterprise_project_id": "eps-7" }));
            sim.empty_journal();
            tf.run(&["apply", "-no-color", "-input=false", "plan.bin"]).fails_saying(&[
                "The backup server is in another enterprise project",
                "and not in \"0\", so it was left alone.",
                "<enterprise_project_id>/vault-1",
            ]);
            assert_eq!(sim.writes(), Vec::<String>::new());
            assert_eq!(tf.state_size(), 1, "what exists stays in the state");
            assert!(!sim.backup_host("vault-1").is_null());
        });
    }
}
