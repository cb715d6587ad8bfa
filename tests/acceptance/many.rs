//! Many at once: parallel operations share what they ask, and stay within the vendor's quota.

use crate::stage::*;
use serde_json::json;

#[test]
fn thirty_servers_copy_to_one() {
    let mut hosts: Vec<_> = (1..=30).map(|number| protected(&format!("web-{number}"))).collect();
    hosts.push(candidate("vault-1"));
    scenario(&world(&hosts, &[]), |sim, tf| {
        let before = sim.world();
        let all = "
resource \"hss_wtp_remote_backup\" \"all\" {
  for_each       = toset([for number in range(1, 31) : \"web-${number}\"])
  host_id        = each.key
  backup_host_id = hss_wtp_backup_host.vault-1.host_id
  backup_addr    = hss_wtp_backup_host.vault-1.backup_addr
}
";
        tf.write("main.tf", &format!("{}{all}", vault("vault-1", 18080, "")));
        let at_once = ["apply", "-no-color", "-auto-approve", "-parallelism=30"];
        tf.run(&at_once).ok().says(&["31 added"]);
        assert!((1..=30).all(|number| sim.remote_backup(&format!("web-{number}")) == on("vault-1", ADDR)));
        tf.plan_is_empty();
        tf.write("main.tf", &format!("{}{all}", vault("vault-1", 19090, "")));
        sim.empty_journal();
        tf.run(&at_once).ok().says(&["0 added, 31 changed"]);
        let mut writes = sim.writes();
        assert_eq!(writes.remove(0), "UpdateBackupHostInfo");
        assert_eq!(writes, ["SetRemoteBackupInfo"; 30]);
        tf.run(&["destroy", "-no-color", "-auto-approve", "-parallelism=30"]).ok();
        assert_eq!((sim.world(), tf.state_size()), (before, 0));
    });
}

#[test]
fn many_backup_servers_share_the_list() {
    let hosts: Vec<_> = (1..=20).map(|number| candidate(&format!("vault-{number}"))).collect();
    scenario(&world(&hosts, &[]), |sim, tf| {
        sim.knob("latency_ms", json!(80));
        sim.knob("start_sequence", "starting");
        sim.knob("start_after_ms", 1200);
        let all = "
resource \"hss_wtp_backup_host\" \"all\" {
  count            = 20
  host_id          = \"vault-${count.index + 1}\"
  backup_host_ip   = \"172.16.8.${count.index + 1}\"
  backup_host_port = 18080
  backup_dir       = \"/data/wtp-copies\"
}
";
        tf.write("main.tf", all);
        tf.run(&["apply", "-no-color", "-auto-approve", "-parallelism=20"]).ok();
        let lists = sim.journal().iter().filter(|call| call["operation"] == "ListBackupHostsInfo").count();
        // Each looks before it writes and three times after; nobody shares would make 80.
        assert!(lists <= 40, "{lists} walks of the list");
        tf.plan_is_empty();
    });
}

/// The documented quota, at a pace that a test can wait for.
#[test]
fn a_quota_is_waited_for() {
    let mut hosts: Vec<_> = (1..=6).map(|number| protected(&format!("web-{number}"))).collect();
    hosts.push(candidate("vault-1"));
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        sim.knob("throttle", "3/2");
        sim.knob("retry_after", 1);
        let all = (1..=6).map(|number| web(&format!("web-{number}"), "  backup_host_id = \"vault-1\""));
        tf.write("main.tf", &all.collect::<String>());
        tf.apply().ok().says(&["6 added"]);
        assert!(sim.journal().iter().any(|call| call["status"] == 429), "it was throttled");
    });
}

/// More backup servers than fit a page, in an order that changes while it is read.
#[test]
fn one_of_many_backup_servers_is_found() {
    let listed: Vec<_> = (1..=430).map(|number| registered(&format!("vault-{number}"), 18080)).collect();
    let hosts: Vec<_> = (1..=430).map(|number| candidate(&format!("vault-{number}"))).collect();
    scenario(&world(&hosts, &listed), |sim, tf| {
        tf.write(
            "main.tf",
            &[1, 199, 201, 430].map(|number| vault(&format!("vault-{number}"), 18080, "")).concat(),
        );
        tf.apply().ok().says(&["4 added"]);
        assert_eq!(sim.writes(), Vec::<String>::new(), "all were found and adopted");
        for order in ["inserting", "shuffled"] {
            sim.knob("list_order", order);
            tf.plan_is_empty();
        }
    });
}
