//! What cannot work is refused, names its cause at the attribute, and leaves nothing behind.

use crate::stage::*;
use serde_json::{Value as Json, json};

fn like(mut host: Json, change: &[(&str, &str)]) -> Json {
    for (name, value) in change {
        host[*name] = json!(value);
    }
    host
}

#[test]
fn servers_that_cannot_be_protected() {
    let hosts = [
        like(protected("windows"), &[("os_type", "Windows")]),
        like(protected("closed"), &[("protect_status", "closed")]),
        candidate("never"),
        like(protected("offline"), &[("agent_status", "offline")]),
        like(protected("bare"), &[("agent_status", "not_installed")]),
        like(protected("elsewhere"), &[("enterprise_project_id", "eps-7")]),
        candidate("vault-1"),
    ];
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let before = sim.world();
        // What the apply says by itself.
        tf.set_env("HSS_PREFLIGHT", "false");
        let cases = [
            ("windows", "Remote backup needs a Linux server", "runs Windows"),
            ("closed", "Web Tamper Protection is off", "Switch WTP on first"),
            ("never", "Web Tamper Protection is off", "WTP is off for never"),
            ("offline", "The HSS agent of the server is not online", "offline"),
            ("bare", "The HSS agent of the server is not online", "not installed"),
            ("elsewhere", "The server is in another enterprise project", "Set enterprise_project_id"),
            ("unknown", "HSS does not know the server", "Check the id"),
        ];
        let all = cases.map(|(id, ..)| web(id, "  backup_host_id = \"vault-1\"")).concat();
        tf.write("main.tf", &all);
        tf.plan().ok().says(&["7 to add"]);
        let ran = tf.apply().fails_saying(&[]);
        for (id, summary, cause) in cases {
            let said = ran.about(&format!("hss_wtp_remote_backup.{id}"));
            for part in [summary, cause, &format!("host_id = \"{id}\"")] {
                assert!(said.contains(part), "{id}: {said}");
            }
        }
        assert_eq!((sim.writes(), sim.world(), tf.state_size()), (vec![], before, 0));
    });
}

#[test]
fn backup_servers_that_cannot_be_used() {
    let hosts = ["unknown", "failed", "stuck"].map(protected);
    let like = |id: &str, status: i64| {
        let mut host = registered(id, 18080);
        host["backup_host_status"] = json!(status);
        host
    };
    let vaults = [candidate("vault-failed"), candidate("vault-stuck")];
    let known = [like("vault-failed", -1), like("vault-stuck", 2)];
    scenario(&world(&[&hosts[..], &vaults].concat(), &known), |sim, tf| {
        let before = sim.world();
        let all = ["unknown", "failed", "stuck"].map(|id| {
            web(id, &format!("  backup_host_id = \"vault-{id}\"\n  timeouts = {{ create = \"3s\" }}"))
        });
        tf.write("main.tf", &all.concat());
        let ran = tf.apply().fails_saying(&[]);
        for (id, summary, cause) in [
            ("unknown", "There is no such backup server", "not registered"),
            ("failed", "The backup server is not running", "status -1"),
            ("stuck", "The backup server is not running", "status 2"),
        ] {
            let said = ran.about(&format!("hss_wtp_remote_backup.{id}"));
            for part in [summary, cause, &format!("backup_host_id = \"vault-{id}\"")] {
                assert!(said.contains(part), "{id}: {said}");
            }
        }
        assert_eq!((sim.writes(), sim.world(), tf.state_size()), (vec![], before, 0));
    });
}

/// HSS refuses these itself; its words reach the user, with what to do.
#[test]
fn servers_that_hss_does_not_register() {
    let hosts = [
        like(candidate("windows"), &[("os_type", "Windows")]),
        like(candidate("offline"), &[("agent_status", "offline")]),
        like(candidate("bare"), &[("agent_status", "not_installed")]),
        like(candidate("elsewhere"), &[("enterprise_project_id", "eps-7")]),
    ];
    scenario(&world(&hosts, &[]), |sim, tf| {
        let before = sim.world();
        let ids = ["windows", "offline", "bare", "elsewhere", "unknown"];
        tf.write("main.tf", &ids.map(|id| vault(id, 18080, "")).concat());
        let ran = tf.apply().fails_saying(&["request id"]);
        for (id, code, advice) in [
            ("windows", "HSS.0001", "Linux"),
            ("offline", "HSS.1007", "Start the server and its HSS agent"),
            ("bare", "HSS.1001", "Install the HSS agent"),
            ("elsewhere", "HSS.0011", "enterprise_project_id"),
            ("unknown", "HSS.0011", "Check the ids"),
        ] {
            let said = ran.about(&format!("hss_wtp_backup_host.{id}"));
            for part in ["Could not register the backup server", code, advice, &format!("host_id = \"{id}\"")]
            {
                assert!(said.contains(part), "{id}: {said}");
            }
        }
        assert_eq!((sim.world(), tf.state_size()), (before, 0));
    });
}

#[test]
fn values_that_cannot_be_right() {
    scenario(&world(&[], &[]), |sim, tf| {
        let cases = [
            (
                "ip",
                vault("ip", 1, "").replace("172.16.8.20", "172.16.8.256"),
                "backup_host_ip = \"172.16.8.256\"",
                "not an IPv4 address",
            ),
            (
                "v6",
                vault("v6", 1, "").replace("172.16.8.20", "fd00::1"),
                "backup_host_ip = \"fd00::1\"",
                "IPv4 addresses only",
            ),
            ("port", vault("port", 0, ""), "backup_host_port = 0", "1 to 65535"),
            (
                "part",
                vault("part", 1, "").replace("port = 1", "port = 80.5"),
                "backup_host_port = 80.5",
                "whole number",
            ),
            (
                "dir",
                vault("dir", 1, "").replace("/data/", "data/"),
                "backup_dir = \"data/wtp-copies\"",
                "not an absolute path",
            ),
            (
                "root",
                vault("root", 1, "").replace("/data/wtp-copies", "/"),
                "backup_dir = \"/\"",
                "root directory",
            ),
            (
                "eps",
                vault("eps", 1, "  enterprise_project_id = \"all_granted_eps\""),
                "enterprise_project_id = \"all_granted_eps\"",
                "every enterprise project",
            ),
            (
                "place",
                vault("place", 1, "  region = \"cn north\""),
                "region = \"cn north\"",
                "not a region id",
            ),
            (
                "time",
                vault("time", 1, "  timeouts = { create = \"10\" }"),
                "resource \"hss_wtp_backup_host\" \"time\"",
                "timeouts.create",
            ),
            (
                "late",
                vault("late", 1, "  timeouts = { update = \"-1m\" }"),
                "resource \"hss_wtp_backup_host\" \"late\"",
                "update",
            ),
            (
                "slash",
                vault("slash", 1, "").replace("\"slash\"\n  b", "\"a/b\"\n  b"),
                "host_id = \"a/b\"",
                "contains a slash",
            ),
        ];
        let remotes = [
            (
                "addr",
                "  backup_host_id = \"v\"\n  backup_addr = \"172.16.8.20\"",
                "backup_addr = \"172.16.8.20\"",
                "has no port",
            ),
            ("none", "", "resource \"hss_wtp_remote_backup\" \"none\"", "Missing backup_host_id"),
            (
                "self",
                "  backup_host_id = \"self\"",
                "backup_host_id = \"self\"",
                "cannot be its own backup server",
            ),
            (
                "wait",
                "  backup_host_id = \"v\"\n  wait_for_agent = \"soon\"",
                "wait_for_agent = \"soon\"",
                "not a duration",
            ),
            (
                "all",
                "  backup_host_id = \"v\"\n  enterprise_project_id = \"all_granted_eps\"",
                "enterprise_project_id = \"all_granted_eps\"",
                "every enterprise project",
            ),
        ];
        let texts: Vec<String> = cases.iter().map(|case| case.1.clone()).collect();
        tf.write("vaults.tf", &texts.concat());
        tf.write("webs.tf", &remotes.map(|(id, more, ..)| web(id, more)).concat());
        let ran = tf.run(&["validate", "-no-color"]).fails_saying(&[]);
        let kinds = cases.iter().map(|case| ("hss_wtp_backup_host", case.0, case.2, case.3));
        for (kind, id, line, cause) in
            kinds.chain(remotes.map(|it| ("hss_wtp_remote_backup", it.0, it.2, it.3)))
        {
            let said = ran.about(&format!("{kind}.{id}"));
            for part in [line, cause] {
                assert!(said.contains(part), "{id} lacks {part:?}: {said}");
            }
        }
        let errors = ran.text().matches("Error: ").count();
        assert_eq!(errors, cases.len() + remotes.len(), "one error for each");
        assert_eq!(sim.journal(), Vec::<Json>::new(), "nobody was asked");
    });
}

/// A value that is not known before another resource is made is checked when it is, and before any call.
#[test]
fn a_value_that_comes_late_is_checked_too() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        let late = "resource \"terraform_data\" \"late\" {\n  input = \"172.16.8.2O\"\n}\n";
        let host = vault("vault-1", 18080, "").replace("\"172.16.8.20\"", "terraform_data.late.output");
        tf.write("main.tf", &format!("{late}{host}"));
        tf.plan().ok().says(&["+ backup_addr = (known after apply)"]);
        tf.apply().fails_saying(&["not an IPv4 address", "backup_host_ip = terraform_data.late.output"]);
        assert_eq!((sim.writes(), tf.state_size()), (vec![], 1));
    });
}

#[test]
fn a_region_that_the_endpoint_does_not_serve() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, "  region = \"cn-east-3\""));
        tf.apply().fails_saying(&[
            "This region cannot be used here",
            "region = \"cn-east-3\"",
            "endpoints.hss",
        ]);
        assert_eq!((sim.journal(), tf.state_size()), (vec![], 0));
    });
}
