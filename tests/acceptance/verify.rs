//! The action that verifies a remote backup: each link of the chain, and what is said of a broken one.

use crate::stage::*;
use serde_json::{Value as Json, json};

const INVOKE: [&str; 6] = [
    "apply",
    "-no-color",
    "-input=false",
    "-auto-approve",
    "-invoke=action.hss_wtp_verify_remote_backup.web",
    "-compact-warnings",
];

fn action(more: &str) -> String {
    format!(
        "action \"hss_wtp_verify_remote_backup\" \"web\" {{\n  config {{\n    host_id = \"web-1\"\n{more}\n  }}\n}}\n"
    )
}

/// web-1 copies to vault-1, changed by `spoil`; then the action is invoked.
fn verified(more: &str, spoil: impl FnOnce(&Simulator), judge: impl FnOnce(&Simulator, Ran)) {
    if !needs(Feature::Actions) {
        return;
    }
    let mut web = protected("web-1");
    web["remote_backup"] = on("vault-1", ADDR);
    scenario(&world(&[web, candidate("vault-1")], &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write("main.tf", &action(more));
        spoil(sim);
        sim.empty_journal();
        let ran = tf.run(&INVOKE);
        assert_eq!(sim.writes(), Vec::<String>::new(), "an action that verifies writes nothing");
        judge(sim, ran);
    });
}

#[test]
fn a_chain_in_order_is_told_link_by_link() {
    verified(
        "    backup_host_id = \"vault-1\"",
        |_| {},
        |sim, ran| {
            ran.ok().says(&[
                "\"name-of-web-1\" (web-1): Web Tamper Protection is on and the agent is online.",
                "remote backup is on, to vault-1 at 172.16.8.20:18080.",
                "\"name-of-vault-1\" (vault-1): the backup server runs at that address.",
                "The remote backup of web-1 is in order.",
            ]);
            let mut asked: Vec<String> = sim
                .journal()
                .iter()
                .map(|call| call["operation"].as_str().unwrap_or_default().to_owned())
                .collect();
            asked.retain(|operation| !operation.is_empty() && operation != "KeystoneListProjects");
            asked.sort();
            assert_eq!(asked, ["ListBackupHostsInfo", "ListWtpProtectHost", "ShowRemoteBackupHostInfo"]);
        },
    );
}

/// Lines of the action, what is wrong in the world, and what is said of it.
type Row = (&'static str, Box<dyn FnOnce(&Simulator)>, &'static [&'static str]);

#[test]
fn each_broken_link_is_named() {
    let web = |change: Json| move |sim: &Simulator| sim.patch_host("web-1", &change);
    let vault = |change: Json| move |sim: &Simulator| sim.patch_backup_host("vault-1", &change);
    let unregistered = |sim: &Simulator| {
        sim.patch_host("web-1", &json!({ "remote_backup": on("vault-9", ADDR) }));
    };
    let rows: [Row; 8] = [
        (
            "",
            Box::new(web(json!({ "agent_status": "offline" }))),
            &["The HSS agent of the server is not online", "HSS reports that its agent is offline"],
        ),
        (
            "",
            Box::new(web(json!({ "protect_status": "closed" }))),
            &["Web Tamper Protection of the server is not on", "(status closed)"],
        ),
        ("", Box::new(web(json!({ "os_type": "Windows" }))), &["Remote backup needs a Linux server"]),
        (
            "",
            Box::new(web(json!({ "remote_backup": null }))),
            &["Remote backup of the server is off", "which switches it on for \"name-of-web-1\" (web-1)."],
        ),
        (
            "    backup_host_id = \"vault-2\"",
            Box::new(|_: &Simulator| {}),
            &["Remote backup goes to another backup server", "copies to vault-1, and vault-2 is expected."],
        ),
        ("", Box::new(unregistered), &["The backup server is not registered", "goes to vault-9"]),
        (
            "",
            Box::new(vault(json!({ "backup_host_status": -1 }))),
            &["The backup server is not running", "its start failed (status -1)"],
        ),
        (
            "",
            Box::new(vault(json!({ "backup_host_port": 9999 }))),
            &["Copies go to an address where nobody listens", "listens at 172.16.8.20:9999."],
        ),
    ];
    for (more, spoil, says) in rows {
        verified(more, spoil, |_, ran| drop(ran.fails_saying(says)));
    }
}

#[test]
fn a_server_that_hss_does_not_know_is_an_error() {
    verified(
        "",
        |sim| drop(sim.control("DELETE", "hosts/web-1", None)),
        |_, ran| {
            ran.fails_saying(&["HSS does not know the server", "HSS lists no server web-1 with Web Tamper Protection in any enterprise project of cn-north-4."]);
        },
    );
}

#[test]
fn it_goes_on_looking_while_time_may_mend() {
    verified(
        "    wait = \"30s\"",
        |sim| {
            sim.patch_backup_host("vault-1", &json!({ "backup_host_status": 2 }));
            let url = sim.url.clone();
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_secs(4));
                mend(&url);
            });
        },
        |_, ran| {
            ran.ok().says(&[
                "Broken: The backup server is not running. Looking again.",
                "The remote backup of web-1 is in order.",
            ]);
        },
    );
}

/// Starts the backup server of the simulator at `url`.
fn mend(url: &str) {
    use std::io::{Read, Write};
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let body = json!({ "backup_host_status": 1 }).to_string();
    write!(
        stream,
        "PATCH /_sim/backup-hosts/vault-1 HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 20"), "{answer}");
}

#[test]
fn a_mistake_in_the_configuration_is_told_before_anything_runs() {
    for (more, says) in [
        ("    backup_host_id = \"web-1\"", "A server cannot be its own backup server"),
        ("    wait = \"soon\"", "is not a duration"),
    ] {
        if !needs(Feature::Actions) {
            return;
        }
        scenario(&world(&[protected("web-1")], &[]), |sim, tf| {
            tf.write("main.tf", &action(more));
            tf.run(&["validate", "-no-color"]).fails_saying(&[says]);
            assert!(sim.journal().is_empty());
        });
    }
}

#[test]
fn it_runs_after_an_apply_that_triggers_it() {
    if !needs(Feature::Actions) {
        return;
    }
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |_, tf| {
        let trigger = format!(
            "{}\n  lifecycle {{\n    action_trigger {{\n      events  = [after_create, after_update]\n      actions = [action.hss_wtp_verify_remote_backup.web]\n    }}\n  }}",
            following("vault-1")
        );
        tf.write(
            "main.tf",
            &format!("{}{}{}", vault("vault-1", 18080, ""), web("web-1", &trigger), action("")),
        );
        tf.apply().ok().says(&["The remote backup of web-1 is in order."]);
        tf.plan_is_empty();
    });
}

#[test]
fn a_backup_server_in_another_enterprise_project_counts() {
    if !needs(Feature::Actions) {
        return;
    }
    let mut web = protected("web-1");
    web["remote_backup"] = on("vault-1", ADDR);
    let mut vault = candidate("vault-1");
    vault["enterprise_project_id"] = json!("eps-7");
    scenario(&world(&[web, vault], &[registered("vault-1", 18080)]), |_, tf| {
        tf.write("main.tf", &action("    enterprise_project_id = \"0\""));
        tf.run(&INVOKE).ok().says(&["The remote backup of web-1 is in order."]);
    });
}
