//! A backup server that others copy to is not deleted, and the way out works.

use crate::stage::*;
use serde_json::json;

#[test]
fn a_backup_server_in_use_stays() {
    let mut hosts: Vec<_> = (1..=12).map(|number| protected(&format!("web-{number:02}"))).collect();
    for host in &mut hosts {
        host["remote_backup"] = on("vault-1", ADDR);
        host["enterprise_project_id"] = json!("eps-7");
    }
    hosts.push(candidate("vault-1"));
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok();
        let before = sim.world();
        let ran = tf.destroy().fails_saying(&[
            "The backup server is in use",
            "12 protected servers copy to",
            "name-of-web-01 (web-01)",
            "name-of-web-10 (web-10)",
            "and 2 more",
            "create_before_destroy = true",
        ]);
        ran.lacks(&["web-11", "web-12"]);
        assert_eq!((sim.writes(), sim.world(), tf.state_size()), (vec![], before, 1));

        // Whose list may not be seen is left to HSS.
        sim.knob("deny", "ListWtpProtectHost");
        sim.knob("delete_in_use", "refuse");
        tf.destroy().fails_saying(&[
            "Could not delete the backup server vault-1",
            "HSS.0010",
            "still registered",
        ]);
        assert_eq!(tf.state_size(), 1);
        sim.knob("delete_in_use", "accept");
        tf.destroy().ok();
        assert_eq!(tf.state_size(), 0);
    });
}

#[test]
fn a_replacement_moves_the_users_without_a_gap() {
    let hosts = [protected("web-1"), candidate("vault-1"), candidate("vault-2")];
    scenario(&world(&hosts, &[]), |sim, tf| {
        let configuration = |host: &str, more: &str| {
            let vault = vault("main", 18080, more).replace("\"main\"\n  b", &format!("\"{host}\"\n  b"));
            format!("{vault}{}", web("web-1", &following("main")))
        };
        tf.write("main.tf", &configuration("vault-1", ""));
        tf.apply().ok();

        // Terraform's own order deletes first, which would leave web-1 without a target: refused, nothing happened.
        sim.empty_journal();
        let before = sim.world();
        tf.write("main.tf", &configuration("vault-2", ""));
        tf.apply().fails_saying(&["The backup server is in use", "1 protected server copies to vault-1"]);
        assert_eq!((sim.writes(), sim.world(), tf.state_size()), (vec![], before, 2));

        tf.write(
            "main.tf",
            &configuration("vault-2", "  lifecycle {\n    create_before_destroy = true\n  }"),
        );
        tf.plan().ok().says(&["create replacement and then destroy", "1 to add, 1 to change, 1 to destroy"]);
        tf.apply().ok();
        assert_eq!(sim.writes(), ["UpdateBackupHostInfo", "SetRemoteBackupInfo", "DeleteBackupHostInfo"]);
        assert_eq!(sim.remote_backup("web-1"), on("vault-2", ADDR));
        assert_eq!(sim.backup_host("vault-1"), json!(null));
        tf.plan_is_empty();
    });
}

#[test]
fn a_deletion_is_confirmed_by_the_list() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, "  timeouts = { delete = \"3s\" }"));
        tf.apply().ok();
        sim.empty_journal();
        sim.knob("delete_visible_after_ms", 600_000);
        tf.destroy()
            .fails_saying(&["The backup server is still registered", "HSS accepted the deletion of vault-1"]);
        assert_eq!((sim.writes(), tf.state_size()), (vec!["DeleteBackupHostInfo".to_owned()], 1));
        // It went meanwhile, before the next attempt, and HSS would refuse to delete it twice.
        sim.control("DELETE", "backup-hosts/vault-1", None);
        sim.knob("delete_unknown", "refuse");
        tf.destroy().ok();
        assert_eq!(tf.state_size(), 0);
    });
}

#[test]
fn a_deletion_shows_late() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok();
        sim.knob("delete_visible_after_ms", 1500);
        tf.destroy().ok();
        assert_eq!((sim.backup_host("vault-1"), tf.state_size()), (json!(null), 0));
    });
}
