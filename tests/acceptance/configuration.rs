//! Everyday Terraform around the resources: validate, saved plans, moves, targets, machine-readable output.

use std::fs;

use crate::stage::*;
use serde_json::{Value as Json, json};

#[test]
fn validate_needs_neither_credentials_nor_network() {
    scenario(&world(&[], &[]), |sim, tf| {
        tf.write("provider.tf", "terraform {\n  required_providers {\n    hss = { source = \"hss-wtp/hss\" }\n  }\n}\nvariable \"vault\" {}\n");
        let late = web("web-1", "  backup_host_id = var.vault\n  backup_addr = \"${var.vault}:1\"");
        tf.write("main.tf", &format!("{}{late}", vault("vault-1", 18080, "")));
        tf.run(&["validate", "-no-color"]).ok().says(&["Success! The configuration is valid"]);
        assert_eq!(sim.journal(), Vec::<Json>::new());
    });
}

#[test]
fn a_saved_plan_is_applied_as_it_is() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.set_env("HSS_PREFLIGHT", "false");
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.run(&["plan", "-no-color", "-out=saved"]).ok();
        assert_eq!(sim.journal(), Vec::<Json>::new(), "planning a create asks nobody");
        tf.run(&["apply", "-no-color", "saved"]).ok().says(&["2 added"]);
        tf.plan_is_empty();

        let shown = tf.run(&["show", "-json"]).ok();
        let shown: Json = serde_json::from_str(&shown.stdout).unwrap();
        for resource in shown["values"]["root_module"]["resources"].as_array().unwrap() {
            assert_eq!(resource["sensitive_values"], json!({}), "nothing here is secret");
            assert_eq!(resource["schema_version"], 0);
        }
        tf.run(&["plan", "-no-color", "-destroy", "-out=saved"])
            .ok()
            .says(&["0 to add, 0 to change, 2 to destroy"]);
        tf.run(&["apply", "-no-color", "saved"]).ok();
        assert_eq!(tf.state_size(), 0);
    });
}

#[test]
fn a_plan_that_does_not_refresh_asks_nobody() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.apply().ok();
        sim.empty_journal();
        tf.run(&["plan", "-no-color", "-refresh=false", "-detailed-exitcode"]).ok();
        assert_eq!(sim.journal(), Vec::<Json>::new());
    });
}

#[test]
fn a_move_keeps_the_object() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
        );
        tf.apply().ok();
        sim.empty_journal();
        let renamed = fs::read_to_string(tf.path().join("main.tf"))
            .unwrap()
            .replace("\"hss_wtp_backup_host\" \"vault-1\"", "\"hss_wtp_backup_host\" \"safe\"");
        let renamed = renamed.replace("hss_wtp_backup_host.vault-1", "hss_wtp_backup_host.safe");
        let moved = "moved {\n  from = hss_wtp_backup_host.vault-1\n  to = hss_wtp_backup_host.safe\n}\n";
        tf.write("main.tf", &format!("{renamed}{moved}"));
        tf.plan().ok().says(&["has moved to", "0 to add, 0 to change, 0 to destroy"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), Vec::<String>::new());
        tf.plan_is_empty();
    });
}

/// A state from another resource type cannot become one of ours.
#[test]
fn a_move_from_another_type_is_refused() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |_, tf| {
        tf.write("main.tf", "resource \"terraform_data\" \"old\" {}\n");
        tf.apply().ok();
        tf.write(
            "main.tf",
            &format!(
                "{}moved {{\n  from = terraform_data.old\n  to = hss_wtp_backup_host.vault-1\n}}\n",
                vault("vault-1", 1, "")
            ),
        );
        let said = tf.plan().fails_saying(&[]).text();
        // Before there were such moves at all, Terraform spoke of a mismatch.
        let refusals = ["Unsupported `moved` across resource types", "Resource type mismatch"];
        assert!(refusals.iter().any(|refusal| said.contains(refusal)), "{said}");
    });
}

#[test]
fn removed_without_being_destroyed() {
    if !needs(Feature::RemovedBlocks) {
        return;
    }
    scenario(
        &world(&[protected("web-1"), candidate("vault-1")], &[registered("vault-1", 18080)]),
        |sim, tf| {
            tf.write("main.tf", &web("web-1", "  backup_host_id = \"vault-1\""));
            tf.apply().ok();
            tf.write("main.tf", "removed {\n  from = hss_wtp_remote_backup.web-1\n  lifecycle {\n    destroy = false\n  }\n}\n");
            tf.apply().ok();
            assert_eq!((tf.state_size(), sim.remote_backup("web-1")), (0, on("vault-1", ADDR)));
        },
    );
}

#[test]
fn changes_outside_can_be_ignored() {
    scenario(
        &world(&[protected("web-1"), candidate("vault-1")], &[registered("vault-1", 18080)]),
        |sim, tf| {
            let ignoring = "  backup_host_id = \"vault-1\"\n  lifecycle {\n    ignore_changes = [remote_backup, backup_addr]\n  }";
            tf.write("main.tf", &web("web-1", ignoring));
            tf.apply().ok();
            sim.patch_host("web-1", &json!({"remote_backup": null}));
            tf.plan_is_empty();
            sim.patch_host("web-1", &json!({"remote_backup": on("vault-1", "172.16.8.20:5")}));
            tf.plan_is_empty();
        },
    );
}

/// Answers of other versions of HSS: more members, fewer, or nulls.
#[test]
fn answers_in_other_shapes() {
    let before = world(&[protected("web-1"), candidate("vault-1")], &[]);
    scenario(&before, |sim, tf| {
        let before = sim.world();
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
        );
        for knob in ["extra_fields", "null_fields", "missing_fields"] {
            sim.knob(knob, "on");
            tf.apply().ok();
            assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR), "{knob}");
            tf.plan_is_empty();
            tf.destroy().ok();
            assert_eq!(sim.world(), before, "{knob}");
            sim.knob(knob, Json::Null);
        }
    });
}
