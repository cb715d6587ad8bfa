//! Fleets under a quota: few calls, no failure, and nothing overlooked for the sake of either.

use crate::stage::*;
use serde_json::{Value as Json, json};

/// `hosts` protected servers that copy to `vaults` backup servers, and the configuration that says so.
fn fleet(hosts: usize, vaults: usize) -> (Json, String) {
    let mut all: Vec<Json> = (0..hosts).map(|n| protected(&format!("web-{n}"))).collect();
    all.extend((0..vaults).map(|n| candidate(&format!("vault-{n}"))));
    let listed: Vec<Json> = (0..vaults).map(|n| registered(&format!("vault-{n}"), 18080)).collect();
    let configuration = format!(
        r#"
resource "hss_wtp_backup_host" "all" {{
  count            = {vaults}
  host_id          = "vault-${{count.index}}"
  backup_host_ip   = "172.16.8.20"
  backup_host_port = 18080
  backup_dir       = "/data/wtp-copies"
  timeouts         = {{ create = "10s", update = "10s", delete = "10s" }}
}}

resource "hss_wtp_remote_backup" "all" {{
  count          = {hosts}
  host_id        = "web-${{count.index}}"
  backup_host_id = hss_wtp_backup_host.all[count.index % {vaults}].host_id
  timeouts       = {{ create = "10s", update = "10s", delete = "10s" }}
}}
"#
    );
    (world(&all, &listed), configuration)
}

fn count(sim: &Simulator, operation: &str) -> usize {
    sim.journal().iter().filter(|call| call["operation"] == operation).count()
}

#[test]
fn an_empty_plan_of_a_fleet_takes_a_handful_of_calls() {
    let (world, configuration) = fleet(230, 3);
    scenario(&world, |sim, tf| {
        tf.write("main.tf", &configuration);
        tf.apply().ok().says(&["233 added"]);
        sim.empty_journal();
        tf.plan_is_empty();
        let calls = sim.journal().len();
        assert!(calls <= 12, "{calls} calls for 233 objects");
        assert!(count(sim, "ShowRemoteBackupHostInfo") <= 3);
    });
}

#[test]
fn drift_within_a_fleet_is_seen_and_explained() {
    let (world, configuration) = fleet(30, 2);
    scenario(&world, |sim, tf| {
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        sim.patch_host("web-17", &json!({"remote_backup": null, "agent_status": "offline"}));
        sim.patch_host("web-23", &json!({"remote_backup": on("vault-0", ADDR)}));
        sim.control("DELETE", "hosts/web-29", None);
        let ran = tf.plan().ok().says(&[
            "1 to add, 2 to change, 0 to destroy",
            "~ remote_backup = false -> true",
            "~ backup_host_id = \"vault-0\" -> \"vault-1\"",
            "Remote backup was switched off outside of Terraform",
            "The remote backup of \"name-of-web-17\" (web-17) was on, to the backup server vault-1, and is off. HSS reports that its \
             agent is offline.",
            "Remote backup was pointed elsewhere outside of Terraform",
            "(web-23) went to the backup server vault-1 and goes to vault-0.",
        ]);
        ran.lacks(&["known after apply)\n"]);
    });
}

/// The list has no addresses: what changes behind it is seen by asking each server.
#[test]
fn an_address_behind_the_list_is_seen_by_an_exact_refresh() {
    let (world, configuration) = fleet(12, 1);
    scenario(&world, |sim, tf| {
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        for n in 0..12 {
            sim.patch_host(&format!("web-{n}"), &json!({"remote_backup": on("vault-0", "172.16.8.99:1")}));
        }
        tf.set_env("HSS_REFRESH", "auto");
        let ran = tf.plan().ok();
        assert!(
            ran.text().contains("Plan: 0 to add, 3 to change"),
            "the first few are asked themselves: {}",
            ran.stdout
        );
        tf.set_env("HSS_REFRESH", "exact");
        sim.empty_journal();
        tf.plan()
            .ok()
            .says(&["Plan: 0 to add, 12 to change", "was given another address outside of Terraform"]);
        assert_eq!(count(sim, "ShowRemoteBackupHostInfo"), 12);
    });
}

/// Older regions leave the backup server out of the list, so it proves nothing there.
#[test]
fn a_list_that_names_no_backup_servers_is_not_believed() {
    let (world, configuration) = fleet(25, 2);
    scenario(&world, |sim, tf| {
        sim.knob("missing_backup_host_id", "on");
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        tf.plan_is_empty();
        sim.patch_host("web-20", &json!({"remote_backup": null}));
        tf.plan().ok().says(&["0 to add, 1 to change", "~ remote_backup = false -> true"]);
        tf.apply().ok();
        tf.plan_is_empty();
    });
}

#[test]
fn a_fleet_that_was_switched_off_altogether_is_seen() {
    let (world, configuration) = fleet(40, 1);
    scenario(&world, |sim, tf| {
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        for n in 0..40 {
            sim.patch_host(&format!("web-{n}"), &json!({"remote_backup": null}));
        }
        sim.empty_journal();
        tf.plan().ok().says(&["0 to add, 40 to change"]);
        let shows = count(sim, "ShowRemoteBackupHostInfo");
        assert!(shows <= 25, "{shows} servers were asked themselves");
        tf.apply().ok();
        tf.plan_is_empty();
    });
}

#[test]
fn a_fleet_disabled_by_its_configuration_stays_empty() {
    let (world, configuration) = fleet(30, 1);
    scenario(&world, |sim, tf| {
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        tf.write(
            "main.tf",
            &configuration.replace("host_id        =", "remote_backup = false\n  host_id        ="),
        );
        tf.apply().ok().says(&["0 added, 30 changed"]);
        tf.plan_is_empty();
        sim.patch_host("web-28", &json!({"remote_backup": on("vault-0", ADDR)}));
        tf.plan().ok().says(&["~ remote_backup = true -> false", "was switched on outside of Terraform"]);
    });
}

/// The list may not be read: each server is asked, and nothing fails.
#[test]
fn a_refused_list_costs_calls_and_nothing_else() {
    let (world, configuration) = fleet(15, 1);
    scenario(&world, |sim, tf| {
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        sim.knob("deny", "ListWtpProtectHost");
        sim.empty_journal();
        tf.plan_is_empty();
        assert_eq!(count(sim, "ShowRemoteBackupHostInfo"), 15);
        sim.knob("deny", "ListWtpProtectHost,ListBackupHostsInfo");
        tf.write(
            "main.tf",
            &configuration.replace("hss_wtp_backup_host.all[count.index % 1].host_id", "\"vault-0\""),
        );
        tf.run(&["plan", "-no-color", "-target=hss_wtp_remote_backup.all"]).ok().says(&["No changes"]);
    });
}

/// Five calls in two seconds, and each operation has ten: waiting for quota does not count.
#[test]
fn a_fleet_is_made_and_destroyed_under_a_quota() {
    let (world, configuration) = fleet(30, 1);
    scenario(&world, |sim, tf| {
        let before = sim.world();
        sim.knob("throttle", "5/2");
        tf.write("main.tf", &configuration);
        tf.apply().ok().says(&["31 added"]);
        tf.plan_is_empty();
        tf.destroy().ok().says(&["31 destroyed"]);
        let mut after = sim.world();
        // The vault was registered before, and adopted.
        after["backup_hosts"] = before["backup_hosts"].clone();
        assert_eq!((after, tf.state_size()), (before, 0));
        let journal = sim.journal();
        let refused = journal.iter().filter(|call| call["status"] == 429).count();
        assert!(refused > 0, "it was throttled");
        assert!(refused < journal.len() / 2, "{refused} of {} calls were refused", journal.len());
    });
}

#[test]
fn a_configured_limit_is_kept() {
    let (world, configuration) = fleet(5, 1);
    scenario(&world, |sim, tf| {
        // Terraform plans in one process and applies in another, so in one window both may call.
        sim.knob("throttle", "5/2");
        tf.set_env("HSS_CALL_LIMIT", "2/2s");
        tf.write("main.tf", &configuration);
        tf.apply().ok().says(&["6 added"]);
        assert!(sim.journal().iter().all(|call| call["status"] != 429), "a call was refused");
    });
}

/// Two runs share an account, and thus its quota.
#[test]
fn two_runs_at_once_share_a_quota() {
    let (world, configuration) = fleet(16, 1);
    scenario(&world, |sim, tf| {
        sim.knob("throttle", "5/2");
        let half = |from: usize| {
            configuration.replace("count          = 16", "count          = 8").replace(
                "host_id        = \"web-${count.index}\"",
                &format!("host_id        = \"web-${{count.index + {from}}}\""),
            )
        };
        tf.write("main.tf", &half(0));
        let mut other =
            Workspace::against(&find_terraform().unwrap(), PROVIDER.as_ref(), sim).with_transcript();
        other.set_env("TF_IN_AUTOMATION", "1");
        other.write("main.tf", &half(8));
        std::thread::scope(|scope| {
            let one = scope.spawn(|| other.apply().ok());
            tf.apply().ok().says(&["9 added"]);
            one.join().unwrap().says(&["9 added"]);
        });
        assert!((0..16).all(|n| sim.remote_backup(&format!("web-{n}")) == on("vault-0", ADDR)));
    });
}

#[test]
fn backup_servers_are_deleted_together() {
    let (world, configuration) = fleet(1, 40);
    scenario(&world, |sim, tf| {
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        sim.empty_journal();
        tf.destroy().ok().says(&["41 destroyed"]);
        let deletes = count(sim, "DeleteBackupHostInfo");
        // Terraform destroys ten at once, so there are four waves, and stragglers where the machine is busy.
        assert!(deletes <= 16, "{deletes} deletes for 40 backup servers");
        assert_eq!(sim.world()["backup_hosts"], json!([]));
    });
}

/// One of those deleted together is refused, and the others are not refused for its sake.
#[test]
fn a_refused_deletion_spares_the_others() {
    let (world, configuration) = fleet(1, 6);
    scenario(&world, |sim, tf| {
        sim.knob("delete_non_running", "refuse");
        tf.write("main.tf", &configuration);
        tf.apply().ok();
        sim.patch_backup_host("vault-4", &json!({"backup_host_status": 0}));
        tf.destroy().fails_saying(&["Could not delete the backup server vault-4", "it is not started"]);
        assert_eq!(sim.world()["backup_hosts"].as_array().unwrap().len(), 1);
        assert_eq!(tf.state_size(), 1);
    });
}
