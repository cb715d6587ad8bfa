//! A plan that is no longer true when it is applied: what somebody changed since is left alone, and told.

use crate::{
    harness::terraform::{Minor, Product, terraform_version},
    stage::*,
};
use serde_json::json;

const NO_WRITES: Vec<String> = Vec::new();
const PLAN: [&str; 5] = ["plan", "-no-color", "-input=false", "-out=plan.bin", "-detailed-exitcode"];

/// web-1 copies to vault-1, all under management; vault-2 is registered beside, and `next` is planned.
fn planned(next: &str, play: impl FnOnce(&Simulator, &Workspace)) {
    let hosts = [protected("web-1"), candidate("vault-1"), candidate("vault-2"), candidate("vault-3")];
    let others = ["vault-2", "vault-3"].map(|id| registered(id, 28080));
    scenario(&world(&hosts, &others), |sim, tf| {
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
        );
        tf.apply().ok();
        tf.write("main.tf", next);
        assert_eq!(tf.run(&PLAN).code, Some(2), "there is something to do");
        sim.empty_journal();
        play(sim, tf);
    });
}

fn apply_plan(tf: &Workspace) -> Ran {
    tf.run(&["apply", "-no-color", "-input=false", "plan.bin"])
}

/// The plan is refused with these words and writes nothing; the next one sees what is there, and gets it done.
#[track_caller]
fn refused(sim: &Simulator, tf: &Workspace, says: &[&str]) {
    let before = sim.world();
    apply_plan(tf).fails_saying(says).says(&["Plan again: the new plan starts from what is there now."]);
    assert_eq!(sim.writes(), NO_WRITES);
    assert_eq!(sim.world(), before);
    tf.apply().ok();
    tf.plan_is_empty();
}

/// From 1.9 to 1.11, what was removed from the configuration is planned from the state as stored, whatever the refresh has
/// found. Before and since then a plan alone gets past it.
#[track_caller]
fn refresh_gets_past_it(tf: &Workspace) {
    let release = terraform_version();
    let plans_what_is_stored =
        release.product == Product::Terraform && (Minor(1, 9)..=Minor(1, 11)).contains(&release.minor);
    if plans_what_is_stored {
        tf.apply().fails_saying(&["Run `terraform apply -refresh-only`"]);
        tf.run(&["apply", "-refresh-only", "-auto-approve", "-no-color", "-input=false"]).ok();
    }
}

fn pointing_to(vault_id: &str) -> String {
    let remote = format!("  backup_host_id = \"{vault_id}\"\n  backup_addr    = \"172.16.8.20:28080\"");
    format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &remote))
}

#[test]
fn a_server_that_was_pointed_elsewhere_is_not_pointed_back() {
    planned(&pointing_to("vault-2"), |sim, tf| {
        sim.patch_host("web-1", &json!({ "remote_backup": on("vault-3", "172.16.8.20:28080") }));
        refused(
            sim,
            tf,
            &[
                "The remote backup of web-1 was changed since the plan",
                "By the plan, it went to vault-1 at 172.16.8.20:18080; now it goes to vault-3 at 172.16.8.20:28080.",
                "with hss_wtp_remote_backup.web-1,",
            ],
        );
    });
}

#[test]
fn a_server_that_was_switched_off_is_not_switched_on_by_an_older_plan() {
    planned(&pointing_to("vault-2"), |sim, tf| {
        sim.patch_host("web-1", &json!({ "remote_backup": null }));
        refused(sim, tf, &["it went to vault-1 at 172.16.8.20:18080; now it is off."]);
    });
}

#[test]
fn an_address_that_was_changed_is_not_changed_back() {
    planned(&pointing_to("vault-2"), |sim, tf| {
        sim.patch_host("web-1", &json!({ "remote_backup": on("vault-1", "172.16.8.99:1") }));
        refused(sim, tf, &["now it goes to vault-1 at 172.16.8.99:1."]);
    });
}

#[test]
fn a_server_that_is_as_wanted_by_now_needs_no_call() {
    planned(&pointing_to("vault-2"), |sim, tf| {
        sim.patch_host("web-1", &json!({ "remote_backup": on("vault-2", "172.16.8.20:28080") }));
        apply_plan(tf).ok();
        assert_eq!(sim.writes(), NO_WRITES);
        tf.plan_is_empty();
    });
}

#[test]
fn a_backup_that_somebody_pointed_elsewhere_is_not_switched_off() {
    for (next, gone) in [
        (vault("vault-1", 18080, ""), true),
        (format!("{}{}", vault("vault-1", 18080, ""), web("web-1", "  remote_backup = false")), false),
    ] {
        planned(&next, |sim, tf| {
            let elsewhere = on("vault-3", "172.16.8.20:28080");
            sim.patch_host("web-1", &json!({ "remote_backup": elsewhere }));
            let words = "The remote backup of web-1 was changed since the plan";
            apply_plan(tf).fails_saying(&[words, "now it goes to vault-3"]);
            assert_eq!(sim.writes(), NO_WRITES);
            assert_eq!(sim.remote_backup("web-1"), elsewhere);
            // Planned anew, with the server's backup elsewhere in sight, it is done.
            if gone {
                refresh_gets_past_it(tf);
            }
            tf.apply().ok();
            assert!(sim.remote_backup("web-1").is_null());
            assert_eq!(tf.state_of("hss_wtp_remote_backup.web-1").is_null(), gone);
        });
    }
}

#[test]
fn a_backup_server_that_was_changed_is_neither_overwritten_nor_deleted() {
    let moved = format!("{}{}", vault("vault-1", 18090, ""), web("web-1", &following("vault-1")));
    planned(&moved, |sim, tf| {
        sim.patch_backup_host("vault-1", &json!({ "backup_dir": "/elsewhere" }));
        refused(
            sim,
            tf,
            &[
                "The backup server vault-1 was changed since the plan",
                "it was 172.16.8.20:18080 /data/wtp-copies; now it is 172.16.8.20:18080 /elsewhere.",
            ],
        );
    });
    planned("", |sim, tf| {
        sim.patch_backup_host("vault-1", &json!({ "backup_host_port": 9999 }));
        apply_plan(tf).fails_saying(&["The backup server vault-1 was changed since the plan"]);
        assert!(!sim.backup_host("vault-1").is_null());
        refresh_gets_past_it(tf);
        tf.apply().ok();
        assert!(sim.backup_host("vault-1").is_null());
    });
}

#[test]
fn a_backup_server_that_was_deregistered_is_not_registered_by_an_older_plan() {
    let moved = format!("{}{}", vault("vault-1", 18090, ""), web("web-1", &following("vault-1")));
    planned(&moved, |sim, tf| {
        sim.control("DELETE", "backup-hosts/vault-1", None);
        refused(sim, tf, &["it was registered; now it is not registered."]);
    });
}

#[test]
fn of_many_servers_the_list_shows_who_was_pointed_elsewhere() {
    let ids: Vec<String> = (1..=12).map(|n| format!("web-{n:02}")).collect();
    let mut hosts: Vec<_> = ids.iter().map(|id| protected(id)).collect();
    hosts.extend(["vault-1", "vault-2", "vault-3"].map(candidate));
    let vaults = ["vault-1", "vault-2", "vault-3"].map(|id| registered(id, 28080));
    let all = |vault: &str| {
        let remote = format!("  backup_host_id = \"{vault}\"\n  backup_addr    = \"172.16.8.20:28080\"");
        ids.iter().map(|id| web(id, &remote)).collect::<String>()
    };
    scenario(&world(&hosts, &vaults), |sim, tf| {
        tf.write("main.tf", &all("vault-1"));
        tf.apply().ok();
        tf.write("main.tf", &all("vault-2"));
        assert_eq!(tf.run(&PLAN).code, Some(2));
        let strays = ["web-03", "web-11"];
        for id in strays {
            sim.patch_host(id, &json!({ "remote_backup": on("vault-3", "172.16.8.20:28080") }));
        }
        sim.empty_journal();
        let ran = apply_plan(tf).fails_saying(&[
            "The remote backup of web-03 was changed since the plan",
            "The remote backup of web-11 was changed since the plan",
        ]);
        assert_eq!(
            ran.stdout.matches("was changed since the plan").count()
                + ran.stderr.matches("was changed since the plan").count(),
            2
        );
        for id in &ids {
            let expected = if strays.contains(&id.as_str()) { "vault-3" } else { "vault-2" };
            assert_eq!(sim.remote_backup(id)["backup_host_id"], expected, "{id}");
        }
        tf.apply().ok();
        tf.plan_is_empty();
    });
}

#[test]
fn an_address_that_hss_corrected_by_itself_is_no_change_of_somebody_else() {
    // One apply moves the backup server and switches the backup off; HSS re-addresses the server in between.
    let off = "  remote_backup  = false\n  backup_host_id = hss_wtp_backup_host.vault-1.host_id";
    planned(&format!("{}{}", vault("vault-1", 18090, ""), web("web-1", off)), |sim, tf| {
        sim.knob("address_change", "follow");
        apply_plan(tf).ok();
        assert!(sim.remote_backup("web-1").is_null());
        tf.plan_is_empty();
    });
}
