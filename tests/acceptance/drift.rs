//! Changes made outside of Terraform: seen, told, and repaired in place.

use crate::stage::*;
use serde_json::{Value as Json, json};

/// A world in which web-1 copies to vault-1, under management, with vault-2 registered beside.
fn managed(remote: &str, play: impl FnOnce(&Simulator, &Workspace)) {
    let hosts = [protected("web-1"), candidate("vault-1"), candidate("vault-2")];
    let mut other = registered("vault-2", 28080);
    other["backup_host_ip"] = json!("172.16.8.21");
    scenario(&world(&hosts, &[other]), |sim, tf| {
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", remote)));
        tf.apply().ok();
        sim.empty_journal();
        play(sim, tf);
    });
}

/// Applies, and asserts that the plan is empty and the world as before the drift.
#[track_caller]
fn repaired(sim: &Simulator, tf: &Workspace, before: &Json, writes: &[&str]) {
    tf.apply().ok();
    assert_eq!(sim.writes(), writes);
    assert_eq!(&sim.world(), before);
    tf.plan_is_empty();
}

#[test]
fn a_backup_server_was_changed() {
    managed(&following("vault-1"), |sim, tf| {
        let before = sim.world();
        let change =
            json!({"backup_host_ip": "172.16.9.9", "backup_host_port": 9999, "backup_dir": "/elsewhere"});
        sim.patch_backup_host("vault-1", &change);
        let ran = tf.plan().ok().says(&[
            "Plan: 0 to add, 1 to change, 0 to destroy.",
            "~ backup_host_ip = \"172.16.9.9\" -> \"172.16.8.20\"",
            "~ backup_host_port = 9999 -> 18080",
            "~ backup_dir = \"/elsewhere\" -> \"/data/wtp-copies\"",
            "~ backup_addr = \"172.16.9.9:9999\" -> \"172.16.8.20:18080\"",
        ]);
        ran.lacks(&["known after apply"]);
        repaired(sim, tf, &before, &["UpdateBackupHostInfo"]);
    });
}

#[test]
fn a_backup_server_was_deregistered() {
    managed(&following("vault-1"), |sim, tf| {
        let before = sim.world();
        sim.control("DELETE", "backup-hosts/vault-1", None);
        let ran = tf.plan().ok().says(&["1 to add, 0 to change, 0 to destroy", "vault-1 will be created"]);
        ran.lacks(&["hss_wtp_remote_backup.web-1 will be"]);
        repaired(sim, tf, &before, &["UpdateBackupHostInfo"]);
    });
}

#[test]
fn remote_backup_was_switched_off() {
    for remote in [to("vault-1"), following("vault-1")] {
        managed(&remote, |sim, tf| {
            let before = sim.world();
            sim.patch_host("web-1", &json!({"remote_backup": null}));
            let ran = tf
                .plan()
                .ok()
                .says(&["0 to add, 1 to change, 0 to destroy", "~ remote_backup = false -> true"]);
            ran.lacks(&["known after apply", "~ backup_", "+ backup_"]);
            repaired(sim, tf, &before, &["SetRemoteBackupInfo"]);
        });
    }
}

#[test]
fn what_hss_says_while_it_is_off_does_not_matter() {
    managed(&to("vault-1"), |sim, tf| {
        let before = sim.world();
        for answer in ["empty", "blank", "stale"] {
            sim.knob("show_off", answer);
            sim.patch_host("web-1", &json!({"remote_backup": null}));
            tf.plan()
                .ok()
                .says(&["~ remote_backup = false -> true"])
                .lacks(&["known after apply", "~ backup_"]);
            tf.apply().ok();
            assert_eq!(sim.world(), before, "{answer}");
        }
    });
}

#[test]
fn remote_backup_was_pointed_elsewhere() {
    managed(&to("vault-1"), |sim, tf| {
        let before = sim.world();
        sim.patch_host("web-1", &json!({"remote_backup": on("vault-2", "172.16.8.21:28080")}));
        tf.plan().ok().says(&[
            "0 to add, 1 to change, 0 to destroy",
            "~ backup_host_id = \"vault-2\" -> \"vault-1\"",
            "~ backup_addr = \"172.16.8.21:28080\" -> (known after apply)",
        ]);
        repaired(sim, tf, &before, &["SetRemoteBackupInfo"]);
        sim.empty_journal();
        sim.patch_host("web-1", &json!({"remote_backup": on("vault-9", "172.16.8.29:1")}));
        tf.plan().ok().says(&["~ backup_host_id = \"vault-9\" -> \"vault-1\""]);
        repaired(sim, tf, &before, &["SetRemoteBackupInfo"]);
    });
}

#[test]
fn a_server_copies_to_an_old_address() {
    for remote in [to("vault-1"), following("vault-1")] {
        managed(&remote, |sim, tf| {
            let before = sim.world();
            sim.patch_host("web-1", &json!({"remote_backup": on("vault-1", "172.16.8.20:1111")}));
            let shown = "~ backup_addr = \"172.16.8.20:1111\" -> \"172.16.8.20:18080\"";
            tf.plan().ok().says(&["0 to add, 1 to change", shown]).lacks(&["known after apply"]);
            repaired(sim, tf, &before, &["SetRemoteBackupInfo"]);
        });
    }
}

/// Off and with a changed backup server at once: the plan shows where it will point to.
#[test]
fn two_changes_at_once() {
    managed(&to("vault-1"), |sim, tf| {
        sim.patch_host("web-1", &json!({"remote_backup": null}));
        sim.patch_backup_host("vault-1", &json!({"backup_host_port": 19090}));
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 19090, ""), web("web-1", &to("vault-1"))));
        tf.plan().ok().says(&[
            "0 to add, 1 to change, 0 to destroy",
            "~ remote_backup = false -> true",
            "~ backup_addr = \"172.16.8.20:18080\" -> \"172.16.8.20:19090\"",
        ]);
        tf.apply().ok();
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", "172.16.8.20:19090"));
        tf.plan_is_empty();
    });
}

#[test]
fn a_protected_server_left() {
    managed(&to("vault-1"), |sim, tf| {
        sim.control("DELETE", "hosts/web-1", None);
        tf.plan()
            .ok()
            .says(&["hss_wtp_remote_backup.web-1 will be created", "1 to add, 0 to change, 0 to destroy"]);
        let ran = tf.apply().fails_saying(&["HSS does not know the server", "host_id = \"web-1\""]);
        assert!(ran.about("hss_wtp_remote_backup.web-1").contains("lists no server web-1"));
        assert_eq!((sim.writes(), tf.state_size()), (vec![], 1));
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.plan_is_empty();
    });
}

#[test]
fn a_destroy_does_not_mind_what_is_gone() {
    managed(&to("vault-1"), |sim, tf| {
        // Without a refresh the provider is asked to delete what is not there.
        for gone in ["hosts/web-1", "hosts/vault-1", "backup-hosts/vault-1"] {
            sim.control("DELETE", gone, None);
        }
        tf.run(&["destroy", "-no-color", "-auto-approve", "-refresh=false"]).ok().says(&["2 destroyed"]);
        assert_eq!(tf.state_size(), 0);
    });
}

#[test]
fn a_refresh_only_plan_tells_and_changes_nothing() {
    managed(&to("vault-1"), |sim, tf| {
        sim.patch_host("web-1", &json!({"remote_backup": null}));
        sim.patch_host("vault-1", &json!({"host_name": "renamed"}));
        let ran = tf.run(&["plan", "-refresh-only", "-no-color"]).ok();
        ran.says(&[
            "~ remote_backup = true -> false",
            "~ backup_host_name = \"name-of-vault-1\" -> \"renamed\"",
        ]);
        assert_eq!(sim.writes(), Vec::<String>::new());
    });
}

#[test]
fn a_backup_server_that_failed_is_told_and_not_touched() {
    managed(&to("vault-1"), |sim, tf| {
        sim.patch_backup_host("vault-1", &json!({"backup_host_status": -1}));
        tf.plan().ok().says(&["A backup server failed to start", "name-of-vault-1", "No changes"]);
        assert_eq!(sim.writes(), Vec::<String>::new());
        // One of another status is none of Terraform's business.
        for status in [0, 2, 3] {
            sim.patch_backup_host("vault-1", &json!({"backup_host_status": status}));
            tf.plan_is_empty();
        }
    });
}
