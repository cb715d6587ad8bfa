//! What exists already is adopted when it is as configured, and refused with the way out when it is not.

use crate::stage::*;
use serde_json::{Value as Json, json};

const NO_WRITES: Vec<String> = Vec::new();

fn copying_to(id: &str, vault: &str, addr: &str) -> Json {
    let mut host = protected(id);
    host["remote_backup"] = on(vault, addr);
    host
}

#[test]
fn a_backup_server_with_the_same_settings() {
    scenario(&world(&[candidate("vault-1")], &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok().says(&["1 added"]);
        assert_eq!(sim.writes(), NO_WRITES);
        tf.plan_is_empty();
    });
}

#[test]
fn a_backup_server_with_other_settings() {
    scenario(&world(&[candidate("vault-1")], &[registered("vault-1", 9999)]), |sim, tf| {
        let before = sim.world();
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().fails_saying(&[
            "The server is a backup server already",
            "registered: 172.16.8.20:9999 /data/wtp-copies",
            "configuration: 172.16.8.20:18080 /data/wtp-copies",
            "terraform import hss_wtp_backup_host.NAME vault-1",
            "overwrite_existing = true",
            "host_id = \"vault-1\"",
        ]);
        assert_eq!((sim.writes(), sim.world(), tf.state_size()), (NO_WRITES, before, 0));

        // The command that was offered does what it says.
        tf.run(&["import", "-no-color", "hss_wtp_backup_host.vault-1", "vault-1"]).ok();
        tf.plan().ok().says(&["0 to add, 1 to change", "~ backup_host_port = 9999 -> 18080"]);
        tf.run(&["state", "rm", "hss_wtp_backup_host.vault-1"]).ok();

        // So does the flag.
        tf.write("main.tf", &vault("vault-1", 18080, "  overwrite_existing = true"));
        tf.apply().ok().says(&["1 added"]);
        assert_eq!(sim.writes(), ["UpdateBackupHostInfo"]);
        assert_eq!(sim.backup_host("vault-1"), registered("vault-1", 18080));
        tf.plan_is_empty();
    });
}

#[test]
fn a_backup_server_that_failed_gets_its_settings_once_more() {
    let mut failed = registered("vault-1", 18080);
    failed["backup_host_status"] = json!(-1);
    scenario(&world(&[candidate("vault-1")], &[failed]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok();
        assert_eq!(sim.writes(), ["UpdateBackupHostInfo"]);
        assert_eq!(sim.backup_host("vault-1"), registered("vault-1", 18080));
    });
}

#[test]
fn a_remote_backup_at_the_same_server() {
    let hosts = [
        copying_to("web-1", "vault-1", ADDR),
        copying_to("web-2", "vault-1", "172.16.8.20:1"),
        candidate("vault-1"),
    ];
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write("main.tf", &["web-1", "web-2"].map(|id| web(id, "  backup_host_id = \"vault-1\"")).concat());
        tf.apply().ok().says(&["2 added"]);
        // The first was right already; the second copied to an old address.
        assert_eq!(sim.writes(), ["SetRemoteBackupInfo"]);
        assert_eq!(sim.remote_backup("web-2"), on("vault-1", ADDR));
        tf.plan_is_empty();
    });
}

#[test]
fn a_remote_backup_elsewhere() {
    let hosts = [
        copying_to("web-1", "vault-2", "172.16.8.22:2"),
        copying_to("web-2", "vault-2", "172.16.8.22:2"),
        candidate("vault-1"),
    ];
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let before = sim.world();
        let off = "  remote_backup = false";
        tf.write(
            "main.tf",
            &format!("{}{}", web("web-1", "  backup_host_id = \"vault-1\""), web("web-2", off)),
        );
        let ran = tf.apply().fails_saying(&["Remote backup of the server is on already"]);
        for (id, wants) in [("web-1", "wants vault-1"), ("web-2", "wants it off")] {
            let said = ran.about(&format!("hss_wtp_remote_backup.{id}"));
            for part in [
                wants,
                "vault-2 at 172.16.8.22:2",
                &format!("terraform import hss_wtp_remote_backup.NAME {id}"),
                "overwrite_existing = true",
                &format!("host_id = \"{id}\""),
            ] {
                assert!(said.contains(part), "{id} lacks {part:?}: {said}");
            }
        }
        assert_eq!((sim.writes(), sim.world(), tf.state_size()), (NO_WRITES, before, 0));

        let overwrite = "  overwrite_existing = true\n";
        let one = web("web-1", &format!("{overwrite}  backup_host_id = \"vault-1\""));
        tf.write("main.tf", &format!("{one}{}", web("web-2", &format!("{overwrite}{off}"))));
        tf.apply().ok().says(&["2 added"]);
        assert_eq!(
            (sim.remote_backup("web-1"), sim.remote_backup("web-2")),
            (on("vault-1", ADDR), Json::Null)
        );
        tf.plan_is_empty();
    });
}
