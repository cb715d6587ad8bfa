//! From nothing to nothing: create, change, re-point, disable, enable, destroy.

use crate::stage::*;
use serde_json::{Value as Json, json};

#[test]
fn a_whole_life() {
    let hosts = [protected("web-1"), protected("web-2"), candidate("vault-1"), candidate("vault-2")];
    scenario(&world(&hosts, &[]), |sim, tf| {
        let before = sim.world();
        let servers = |port| format!("{}{}", vault("vault-1", port, ""), vault("vault-2", 18080, ""));
        let webs = |one: &str| format!("{}{}", web("web-1", one), web("web-2", &to("vault-1")));
        tf.write("servers.tf", &servers(18080));
        tf.write("webs.tf", &webs(&following("vault-1")));
        tf.plan().ok().says(&[
            "Plan: 4 to add, 0 to change, 0 to destroy.",
            "+ backup_addr = \"172.16.8.20:18080\"",
            "+ status = \"running\"",
        ]);
        tf.apply().ok().says(&["4 added, 0 changed, 0 destroyed"]);
        for host in ["web-1", "web-2"] {
            assert_eq!(sim.remote_backup(host), on("vault-1", ADDR));
        }
        let state = tf.state_of("hss_wtp_backup_host.vault-1")["values"].clone();
        let expected = json!({
            "id": "vault-1", "host_id": "vault-1", "backup_host_ip": "172.16.8.20", "backup_host_port": 18080,
            "backup_dir": "/data/wtp-copies", "backup_addr": ADDR, "backup_host_name": "name-of-vault-1",
            "backup_host_status": 1, "status": "running", "region": REGION, "enterprise_project_id": null,
            "wait_for_running": true, "overwrite_existing": false, "timeouts": null,
        });
        assert_eq!(state, expected);
        sim.empty_journal();
        tf.plan_is_empty();
        assert_eq!(sim.writes(), Vec::<String>::new());

        // A port changes; who references the address follows in the same apply.
        tf.write("servers.tf", &servers(19090));
        let ran = tf.plan().ok();
        let ran =
            ran.says(&["Plan: 0 to add, 2 to change, 0 to destroy.", "~ backup_host_port = 18080 -> 19090"]);
        let moved = "~ backup_addr = \"172.16.8.20:18080\" -> \"172.16.8.20:19090\"";
        assert_eq!(ran.text().matches(moved).count(), 2, "{}", ran.stdout);
        ran.lacks(&["known after apply", "web-2 will be"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), ["UpdateBackupHostInfo", "SetRemoteBackupInfo"]);
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", "172.16.8.20:19090"));
        assert_eq!(sim.remote_backup("web-2"), on("vault-1", ADDR), "nobody told web-2");

        // Who does not, shows it at the next plan.
        sim.empty_journal();
        let ran = tf.plan().ok().says(&["Plan: 0 to add, 1 to change, 0 to destroy.", "web-2", moved]);
        ran.lacks(&["known after apply", "hss_wtp_backup_host.vault-1 will be"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), ["SetRemoteBackupInfo"]);
        assert_eq!(sim.remote_backup("web-2"), on("vault-1", "172.16.8.20:19090"));
        tf.plan_is_empty();

        // Re-pointed in place: one call, nothing switched off in between.
        sim.empty_journal();
        tf.write(
            "webs.tf",
            &format!("{}{}", web("web-1", &following("vault-2")), web("web-2", &to("vault-2"))),
        );
        tf.plan().ok().says(&[
            "Plan: 0 to add, 2 to change, 0 to destroy.",
            "~ backup_host_id = \"vault-1\" -> \"vault-2\"",
        ]);
        tf.apply().ok();
        assert_eq!(sim.writes(), ["SetRemoteBackupInfo", "SetRemoteBackupInfo"]);
        for host in ["web-1", "web-2"] {
            assert_eq!(sim.remote_backup(host), on("vault-2", ADDR));
        }
        tf.plan_is_empty();

        // Switched off and on in place.
        sim.empty_journal();
        let off = |lines: String| format!("{lines}\n  remote_backup = false");
        let both =
            format!("{}{}", web("web-1", &off(following("vault-2"))), web("web-2", &off(to("vault-2"))));
        tf.write("webs.tf", &both);
        let ran = tf.plan().ok().says(&["0 to add, 2 to change", "~ remote_backup = true -> false"]);
        ran.lacks(&["known after apply", "-> null", "~ backup_addr", "~ backup_host_name"]);
        tf.apply().ok();
        assert_eq!((sim.remote_backup("web-1"), sim.remote_backup("web-2")), (Json::Null, Json::Null));
        assert_eq!(sim.writes(), ["SetRemoteBackupInfo", "SetRemoteBackupInfo"]);
        tf.plan_is_empty();
        sim.empty_journal();
        tf.write(
            "webs.tf",
            &format!("{}{}", web("web-1", &following("vault-2")), web("web-2", &to("vault-2"))),
        );
        let ran = tf.plan().ok().says(&["0 to add, 2 to change", "~ remote_backup = false -> true"]);
        ran.lacks(&["known after apply", "~ backup_addr", "~ backup_host_name"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), ["SetRemoteBackupInfo", "SetRemoteBackupInfo"]);
        assert_eq!(sim.remote_backup("web-2"), on("vault-2", ADDR));
        tf.plan_is_empty();

        tf.destroy().ok().says(&["4 destroyed"]);
        assert_eq!((tf.state_size(), sim.world()), (0, before));
    });
}

#[test]
fn a_server_that_is_off_from_the_start() {
    scenario(
        &world(&[protected("web-1"), candidate("vault-1")], &[registered("vault-1", 18080)]),
        |sim, tf| {
            tf.write("main.tf", &web("web-1", "  remote_backup = false"));
            tf.plan().ok().says(&["1 to add"]).lacks(&["known after apply"]);
            tf.apply().ok();
            assert_eq!(sim.writes(), Vec::<String>::new(), "it is off already");
            tf.plan_is_empty();
            // Nobody said where to, so the address comes from the server that is named at last.
            tf.write("main.tf", &web("web-1", "  backup_host_id = \"vault-1\""));
            tf.apply().ok().says(&["0 added, 1 changed"]);
            assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
            // Off again, forgetting the server: the state forgets it too.
            tf.write("main.tf", &web("web-1", "  remote_backup = false"));
            tf.apply().ok().says(&["0 added, 1 changed"]);
            assert_eq!(sim.remote_backup("web-1"), Json::Null);
            tf.plan_is_empty();
            sim.empty_journal();
            tf.destroy().ok();
            assert_eq!(sim.writes(), Vec::<String>::new(), "what is off needs no switching off");
        },
    );
}

#[test]
fn a_port_that_changes_while_a_server_is_off_costs_it_no_call() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        let off = web("web-1", &format!("{}\n  remote_backup = false", following("vault-1")));
        tf.write("main.tf", &format!("{}{off}", vault("vault-1", 18080, "")));
        tf.apply().ok();
        tf.write("main.tf", &format!("{}{off}", vault("vault-1", 19090, "")));
        sim.empty_journal();
        tf.apply().ok().says(&["0 added, 2 changed"]);
        assert_eq!(sim.writes(), ["UpdateBackupHostInfo"]);
        tf.plan_is_empty();
        assert_eq!(value(tf, "hss_wtp_remote_backup.web-1", "backup_addr"), "172.16.8.20:19090");
    });
}

#[test]
fn another_host_is_another_object() {
    let hosts = [protected("web-1"), protected("web-2"), candidate("vault-1")];
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let configuration = |host: &str| {
            web("web-1", "  backup_host_id = \"vault-1\"")
                .replace("host_id = \"web-1\"", &format!("host_id = \"{host}\""))
        };
        tf.write("main.tf", &configuration("web-1"));
        tf.apply().ok();
        tf.write("main.tf", &configuration("web-2"));
        tf.plan().ok().says(&[
            "must be replaced",
            "\"web-1\" -> \"web-2\" # forces replacement",
            "1 to add, 0 to change, 1 to destroy",
        ]);
        tf.apply().ok();
        assert_eq!(
            (sim.remote_backup("web-1"), sim.remote_backup("web-2")),
            (Json::Null, on("vault-1", ADDR))
        );
    });
}

#[test]
fn settings_of_the_resource_alone_change_without_a_call() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.apply().ok();
        sim.empty_journal();
        let more = "  wait_for_running = false\n  overwrite_existing = true\n  timeouts = { create = \"2m\", delete = \"90s\" }";
        let waits =
            format!("{}\n  wait_for_agent = \"5m\"\n  timeouts = {{ update = \"1h30m\" }}", to("vault-1"));
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, more), web("web-1", &waits)));
        tf.plan().ok().says(&["0 to add, 2 to change, 0 to destroy"]).lacks(&["known after apply"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), Vec::<String>::new());
        assert_eq!(value(tf, "hss_wtp_backup_host.vault-1", "timeouts")["delete"], "90s");
        tf.plan_is_empty();
    });
}

#[test]
fn a_directory_with_a_slash_at_its_end_stays_as_written() {
    scenario(&world(&[candidate("vault-1")], &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, "").replace("/data/wtp-copies", "/data/wtp-copies/"));
        tf.apply().ok();
        assert_eq!(sim.writes(), Vec::<String>::new(), "the same directory: adopted");
        tf.plan_is_empty();
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok();
        tf.plan_is_empty();
    });
}
