//! Two objects for one server in one run: an old one and its successor, or two by mistake. And one that a list does not
//! show yet.

use crate::stage::*;
use serde_json::{Value as Json, json};

/// A create that fails half-way leaves a tainted object. With `create_before_destroy` its successor is made first, from
/// the same registration, and the destroy of the old object must not take that away.
#[test]
fn a_successor_for_the_same_server_survives_its_predecessor() {
    let hosts = [protected("web-1"), candidate("vault-1")];
    scenario(&world(&hosts, &[]), |sim, tf| {
        let lasting = "  timeouts = { create = \"3s\" }\n  lifecycle { create_before_destroy = true }";
        let webs = format!("{}\n  lifecycle {{ create_before_destroy = true }}", to("vault-1"));
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, lasting), web("web-1", &webs)));
        sim.knob("start_sequence", "stuck");
        tf.apply().fails_saying(&["did not start in time"]);
        sim.knob("start_sequence", "straight");
        sim.patch_backup_host("vault-1", &json!({"backup_host_status": 1}));
        tf.apply().ok().says(&["The server has a new object, so nothing was undone"]);
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        assert!(!sim.backup_host("vault-1").is_null());
        tf.plan_is_empty();

        // The same for the setting of a protected server.
        tf.run(&["taint", "-no-color", "hss_wtp_remote_backup.web-1"]).ok();
        tf.apply().ok();
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        tf.plan_is_empty();
    });
}

/// A block under another name, and no `moved` block: a destroy and a create of the same server at the same time.
#[test]
fn a_renamed_block_keeps_its_server() {
    scenario(
        &world(&[protected("web-1"), candidate("vault-1")], &[registered("vault-1", 18080)]),
        |sim, tf| {
            let block = |name: &str| {
                web("web-1", "  backup_host_id = \"vault-1\"")
                    .replace("\"web-1\" {", &format!("\"{name}\" {{"))
            };
            tf.write("main.tf", &block("one"));
            tf.apply().ok();
            for (round, name) in ["two", "three", "four"].into_iter().enumerate() {
                // With and without waits, the order of the two is another one.
                sim.knob("latency_ms", json!(round * 40));
                tf.write("main.tf", &block(name));
                tf.apply().ok();
                assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR), "{name}");
                tf.plan_is_empty();
            }
        },
    );
}

/// Two blocks for one server: the second is an error and takes nothing over.
#[test]
fn two_blocks_for_one_server() {
    let hosts = [protected("web-1"), candidate("vault-1"), candidate("vault-2")];
    scenario(&world(&hosts, &[registered("vault-2", 18080)]), |sim, tf| {
        let twin = |text: String, id: &str| text.replace(&format!("\"{id}\" {{"), "\"twin\" {");
        let webs = web("web-1", "  backup_host_id = \"vault-2\"");
        let vaults = vault("vault-1", 18080, "");
        tf.write(
            "main.tf",
            &[&vaults, &twin(vaults.clone(), "vault-1"), &webs, &twin(webs.clone(), "web-1")]
                .map(String::as_str)
                .concat(),
        );
        let ran = tf.apply().fails_saying(&["Two resources for one server", "moved"]);
        assert_eq!(ran.stderr.matches("Two resources for one server").count(), 2, "{}", ran.stderr);
        assert_eq!(tf.state_size(), 2);
        assert_eq!(sim.remote_backup("web-1"), on("vault-2", ADDR));
        tf.destroy().ok();
        assert_eq!(sim.remote_backup("web-1"), Json::Null);
    });
}

/// A list that lags is no proof that a server is gone: it would be forgotten, and stay registered for ever.
#[test]
fn a_server_that_is_not_listed_yet_is_not_forgotten() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("list_lag_ms", json!(1500));
        tf.write("main.tf", &vault("vault-1", 18080, "  wait_for_running = false"));
        tf.apply().ok().says(&["1 added"]);
        tf.destroy().ok().says(&["1 destroyed"]);
        assert_eq!(sim.backup_host("vault-1"), Json::Null);
    });
}
