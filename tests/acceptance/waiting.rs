//! Waiting: for a backup server to run, for an agent, for protection; and not waiting.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::stage::*;
use serde_json::json;

/// Whether the state marks the object as tainted.
fn tainted(tf: &Workspace, resource: &str) -> bool {
    tf.state_of(resource)["tainted"] == json!(true)
}

fn asked(sim: &Simulator, operation: &str) -> bool {
    sim.journal().iter().any(|call| call["operation"] == operation)
}

#[test]
fn a_user_who_does_not_want_to_wait() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("start_sequence", "stuck");
        tf.write("main.tf", &vault("vault-1", 18080, "  wait_for_running = false"));
        tf.plan().ok().says(&["+ status = (known after apply)", "+ backup_addr = \"172.16.8.20:18080\""]);
        tf.apply().ok();
        assert_eq!(value(tf, "hss_wtp_backup_host.vault-1", "status"), "not_started");
        tf.plan_is_empty();
        sim.patch_backup_host("vault-1", &json!({"backup_host_status": 1}));
        tf.plan_is_empty();
        tf.run(&["refresh", "-no-color"]).ok();
        assert_eq!(value(tf, "hss_wtp_backup_host.vault-1", "status"), "running");
    });
}

#[test]
fn a_start_that_takes_its_time() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("start_sequence", "not_started");
        sim.knob("start_after_ms", 1500);
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.apply().ok();
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        assert_eq!(value(tf, "hss_wtp_backup_host.vault-1", "backup_host_status"), 1);
        tf.plan_is_empty();
    });
}

#[test]
fn a_start_that_fails_is_kept_tainted_and_can_be_mended() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("start_sequence", "starting");
        sim.knob("start_result", "failed");
        sim.knob("delete_non_running", "refuse");
        let webs = web("web-1", &to("vault-1"));
        tf.write("main.tf", &format!("{}{webs}", vault("vault-1", 18080, "")));
        tf.apply().fails_saying(&[
            "The backup server failed to start",
            "status -1",
            "the port is free",
            "the next apply would delete it",
            "HSS may refuse to delete a backup server that is not running",
            "terraform untaint",
            "host_id = \"vault-1\"",
        ]);
        assert!(tainted(tf, "hss_wtp_backup_host.vault-1"));
        assert_eq!(
            (tf.state_size(), value(tf, "hss_wtp_backup_host.vault-1", "status")),
            (1, json!("failed"))
        );

        // As the message foretold.
        let ran = tf.apply().fails_saying(&[
            "Could not delete the backup server vault-1",
            "still registered",
            "`terraform untaint` keeps it",
        ]);
        assert!(ran.text().contains("its start failed (status -1)"));
        assert!(tainted(tf, "hss_wtp_backup_host.vault-1"));

        tf.run(&["untaint", "-no-color", "hss_wtp_backup_host.vault-1"]).ok();
        sim.knob("start_result", "running");
        tf.write("main.tf", &format!("{}{webs}", vault("vault-1", 19090, "")));
        tf.apply().ok().says(&["1 added, 1 changed, 0 destroyed"]);
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", "172.16.8.20:19090"));
        tf.plan_is_empty();
    });
}

#[test]
fn a_start_that_failed_is_replaced_where_hss_allows_it() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("start_result", "failed");
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().fails_saying(&["failed to start"]);
        sim.knob("start_result", "running");
        sim.empty_journal();
        tf.plan().ok().says(&["is tainted, so must be replaced"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), ["DeleteBackupHostInfo", "UpdateBackupHostInfo"]);
        tf.plan_is_empty();
    });
}

#[test]
fn timeouts_end_the_wait() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("start_sequence", "stuck");
        tf.write("main.tf", &vault("vault-1", 18080, "  timeouts = { create = \"4s\" }"));
        let begin = Instant::now();
        tf.apply().fails_saying(&[
            "The backup server did not start in time",
            "The time is up, and it is not started (status 0)",
            "`timeouts`",
            "terraform untaint",
        ]);
        assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
        assert!(tainted(tf, "hss_wtp_backup_host.vault-1"));
        // It started after all: untainted it is as wanted.
        sim.patch_backup_host("vault-1", &json!({"backup_host_status": 1}));
        tf.run(&["untaint", "-no-color", "hss_wtp_backup_host.vault-1"]).ok();
        tf.plan_is_empty();
    });
}

#[test]
fn an_old_status_after_a_change_is_not_believed() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok();
        sim.knob("start_sequence", "stale");
        sim.knob("start_after_ms", 1800);
        tf.write("main.tf", &vault("vault-1", 19090, ""));
        tf.apply().ok();
        assert_eq!(sim.backup_host("vault-1"), registered("vault-1", 19090), "running by now");

        sim.knob("start_result", "failed");
        tf.write("main.tf", &vault("vault-1", 20000, ""));
        tf.apply()
            .fails_saying(&["The backup server failed to start", "HSS and the state hold the new settings"]);
        assert!(!tainted(tf, "hss_wtp_backup_host.vault-1"));
        assert_eq!(value(tf, "hss_wtp_backup_host.vault-1", "backup_host_port"), 20000);
        tf.plan().ok().says(&["A backup server failed to start", "No changes"]);
        // Mended by another port.
        sim.knob("start_result", "running");
        tf.write("main.tf", &vault("vault-1", 19090, ""));
        tf.apply().ok();
        tf.plan_is_empty();
    });
}

/// A new server: not listed at first, then with its agent offline, then with protection just being switched on.
#[test]
fn a_server_that_comes_into_being_while_it_is_waited_for() {
    let whole = world(&[protected("web-1"), candidate("vault-1")], &[registered("vault-1", 18080)]);
    let without = world(&[candidate("vault-1")], &[registered("vault-1", 18080)]);
    scenario(&without, |sim, tf| {
        let waits = "  backup_host_id = \"vault-1\"\n  wait_for_agent = \"1m\"";
        tf.write("main.tf", &web("web-1", waits));
        thread::scope(|scope| {
            let applied = scope.spawn(|| tf.apply());
            until("the server is looked for", || asked(sim, "ListWtpProtectHost"));
            sim.control("PUT", "world", Some(&whole));
            sim.patch_host("web-1", &json!({"agent_status": "offline", "protect_status": "opening"}));
            sim.empty_journal();
            until("it is looked for again", || asked(sim, "ListWtpProtectHost"));
            sim.patch_host("web-1", &json!({"agent_status": "online"}));
            sim.empty_journal();
            until("it is looked for once more", || asked(sim, "ListWtpProtectHost"));
            assert!(sim.writes().is_empty());
            sim.patch_host("web-1", &json!({"protect_status": "opened"}));
            applied.join().unwrap().ok();
        });
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
    });
}

#[test]
fn an_agent_that_never_comes() {
    let mut host = protected("web-1");
    host["agent_status"] = json!("offline");
    scenario(&world(&[host, candidate("vault-1")], &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write("main.tf", &web("web-1", "  backup_host_id = \"vault-1\"\n  wait_for_agent = \"2s\""));
        let ran =
            tf.apply().fails_saying(&["The HSS agent of the server is not online", "2s", "wait_for_agent"]);
        ran.lacks(&["to wait for it, set"]);
        assert_eq!((sim.writes(), tf.state_size()), (vec![], 0));
    });
}

#[test]
fn a_backup_server_that_is_starting_is_waited_for() {
    let mut starting = registered("vault-1", 18080);
    starting["backup_host_status"] = json!(0);
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[starting]), |sim, tf| {
        tf.write("main.tf", &web("web-1", "  backup_host_id = \"vault-1\""));
        thread::scope(|scope| {
            let applied = scope.spawn(|| tf.apply());
            until("the backup server is looked at", || asked(sim, "ListBackupHostsInfo"));
            assert!(sim.writes().is_empty());
            sim.patch_backup_host("vault-1", &json!({"backup_host_status": 1}));
            applied.join().unwrap().ok();
        });
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
    });
}
