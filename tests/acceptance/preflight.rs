//! What a plan says about an apply that would fail: once, in the plan, and nothing where nobody can be asked.

use crate::stage::*;
use serde_json::{Value as Json, json};

fn with(id: &str, key: &str, value: Json) -> Json {
    let mut host = protected(id);
    host[key] = value;
    host
}

fn literal(vault: &str) -> String {
    format!("  backup_host_id = \"{vault}\"")
}

fn occurrences(ran: &Ran, text: &str) -> usize {
    ran.text().matches(text).count()
}

#[test]
fn what_no_apply_can_mend_is_refused_in_the_plan() {
    let hosts = [with("web-1", "os_type", json!("Windows")), with("vault-1", "os_type", json!("Windows"))];
    scenario(&world(&hosts, &[registered("vault-2", 18080)]), |sim, tf| {
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &literal("vault-2"))));
        let ran = tf.plan().fails_saying(&[
            "Remote backup needs a Linux server",
            "\"name-of-web-1\" (web-1) runs Windows",
            "A backup server has to run Linux",
        ]);
        assert!(ran.about("hss_wtp_remote_backup.web-1").contains("host_id = \"web-1\""));
        assert_eq!(sim.writes(), Vec::<String>::new());
        // An object that exists is not refused for it.
        tf.write("main.tf", &web("web-1", &literal("vault-2")));
        sim.patch_host("web-1", &json!({"os_type": "Linux"}));
        tf.apply().ok();
        sim.patch_host("web-1", &json!({"os_type": "Windows"}));
        tf.plan_is_empty();
    });
}

#[test]
fn what_may_be_mended_by_then_is_a_warning() {
    let hosts = [
        with("web-1", "protect_status", json!("closed")),
        with("web-2", "agent_status", json!("offline")),
        protected("web-3"),
        protected("web-4"),
        protected("web-5"),
        candidate("vault-1"),
    ];
    let mut failed = registered("vault-3", 18080);
    failed["backup_host_status"] = json!(-1);
    scenario(&world(&hosts, &[registered("vault-1", 18080), failed]), |_, tf| {
        let remotes = [
            web("web-1", &literal("vault-1")),
            web("web-2", &literal("vault-1")),
            web("web-3", &literal("vault-2")),
            web("web-4", &literal("vault-3")),
            web("web-5", &format!("{}\n  backup_addr = \"172.16.8.20:1\"", literal("vault-1"))),
        ];
        tf.write("main.tf", &remotes.concat());
        let ran = tf.plan().ok().says(&[
            "Plan: 5 to add",
            "Web Tamper Protection is off",
            "The HSS agent of the server is not online",
            "There is no such backup server",
            "The backup server is not running",
            "backup_addr is not the address of the backup server",
        ]);
        for (resource, attribute) in [
            ("web-1", "host_id"),
            ("web-3", "backup_host_id"),
            ("web-4", "backup_host_id"),
            ("web-5", "backup_addr"),
        ] {
            let said = ran.about(&format!("hss_wtp_remote_backup.{resource}"));
            assert!(said.contains(&format!(": {attribute} ")), "{said}");
        }
    });
}

/// The apply plans each object once more, and must not repeat what was said.
#[test]
fn a_warning_is_not_repeated_when_it_is_applied() {
    let hosts = [with("web-1", "agent_status", json!("offline")), protected("web-2"), candidate("vault-1")];
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        sim.knob("set_agent", "accept");
        let mut all = web("web-2", &to("vault-1"));
        // Waits for its agent at apply, which then fails by its own words.
        all.push_str(&web("web-1", &to("vault-1")));
        tf.write("main.tf", &format!("{}{all}", vault("vault-1", 18080, "")));
        let ran = tf.apply();
        assert_eq!(
            occurrences(&ran, "Warning: The HSS agent of the server is not online"),
            1,
            "{}",
            ran.stdout
        );
        assert_eq!(
            occurrences(&ran, "Error: The HSS agent of the server is not online"),
            1,
            "{}",
            ran.stderr
        );
    });
}

#[test]
fn a_backup_server_of_the_same_plan_is_not_missed() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |_, tf| {
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.plan().ok().lacks(&["Warning: There is no such"]);
        tf.apply().ok().lacks(&["Warning: There is no such"]);
        // A new port of the same plan is no mismatch either.
        let moved = web("web-1", &following("vault-1"));
        tf.write("main.tf", &format!("{}{moved}", vault("vault-1", 19090, "")));
        tf.plan().ok().lacks(&["Warning: backup_addr"]);
    });
}

#[test]
fn nothing_is_said_on_the_way_to_a_destroy() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.apply().ok();
        sim.patch_host("web-1", &json!({"agent_status": "offline"}));
        sim.knob("set_agent", "accept");
        let ran = tf.destroy().ok();
        assert_eq!(occurrences(&ran, "agent"), 0, "{}", ran.stdout);
    });
}

#[test]
fn an_unreachable_service_says_nothing_and_holds_nothing_up() {
    scenario(&world(&[], &[]), |_, tf| {
        tf.write("provider.tf", &provider_block("http://127.0.0.1:9"));
        tf.write("main.tf", &web("web-1", &literal("vault-1")));
        tf.plan().ok().says(&["Plan: 1 to add"]).lacks(&["Warning: There", "Warning: Web", "Error"]);
    });
}

#[test]
fn it_can_be_switched_off_and_makes_no_call_then() {
    scenario(&world(&[with("web-1", "os_type", json!("Windows"))], &[]), |sim, tf| {
        tf.set_env("HSS_PREFLIGHT", "false");
        tf.write("main.tf", &web("web-1", &literal("vault-1")));
        tf.plan().ok().says(&["Plan: 1 to add"]);
        assert!(sim.journal().is_empty());
    });
}

#[test]
fn many_creates_share_the_two_lists() {
    let hosts: Vec<_> = (0..60).map(|n| protected(&format!("web-{n}"))).collect();
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let all = "
resource \"hss_wtp_remote_backup\" \"all\" {
  count          = 60
  host_id        = \"web-${count.index}\"
  backup_host_id = \"vault-1\"
}
";
        tf.write("main.tf", all);
        tf.plan().ok().says(&["Plan: 60 to add"]);
        let calls = sim.journal().len();
        assert!(calls <= 8, "{calls} calls");
    });
}
