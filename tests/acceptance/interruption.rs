//! Ctrl-C, and calls whose answers get lost: whatever exists is in the state, and the next apply goes on from there.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use crate::stage::*;
use serde_json::{Value as Json, json};

/// Runs an apply in a process group of its own, and interrupts the group as a terminal does once `when` holds.
/// How long the end took is told too.
#[cfg(unix)]
fn interrupted(tf: &Workspace, when: impl Fn() -> bool) -> (Ran, Duration) {
    interrupted_with(tf, "-parallelism=10", when)
}

#[cfg(unix)]
fn interrupted_with(tf: &Workspace, option: &str, when: impl Fn() -> bool) -> (Ran, Duration) {
    use rustix::process::{Pid, Signal, kill_process_group};
    use std::os::unix::process::CommandExt;

    let arguments = ["apply", "-no-color", "-input=false", "-auto-approve", option];
    let mut command = tf.command(&arguments);
    let child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let group = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    until("the apply is waiting", when);
    kill_process_group(group, Signal::INT).unwrap();
    let begin = Instant::now();
    let output = child.wait_with_output().unwrap();
    let ran = Ran::of("terraform apply, interrupted".to_owned(), &output);
    eprintln!("{}{}", ran.stdout, ran.stderr);
    (ran, begin.elapsed())
}

#[cfg(unix)]
#[test]
fn an_interrupt_while_a_backup_server_starts() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("start_sequence", "stuck");
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        let (ran, took) = interrupted(tf, || !sim.backup_host("vault-1").is_null());
        ran.fails_saying(&["Interrupted while the backup server was starting", "terraform untaint"]);
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_eq!(tf.state_of("hss_wtp_backup_host.vault-1")["tainted"], true);
        tf.run(&["untaint", "-no-color", "hss_wtp_backup_host.vault-1"]).ok();
        sim.patch_backup_host("vault-1", &json!({"backup_host_status": 1}));
        tf.apply().ok().says(&["0 added, 0 changed, 0 destroyed"]);
        tf.plan_is_empty();
    });
}

#[cfg(unix)]
#[test]
fn an_interrupt_while_an_agent_is_waited_for() {
    let mut host = protected("web-1");
    host["agent_status"] = json!("offline");
    scenario(&world(&[host, candidate("vault-1")], &[registered("vault-1", 18080)]), |sim, tf| {
        tf.write("main.tf", &web("web-1", "  backup_host_id = \"vault-1\"\n  wait_for_agent = \"5m\""));
        let looked = || sim.journal().iter().any(|call| call["operation"] == "ListWtpProtectHost");
        let (ran, took) = interrupted(tf, looked);
        ran.fails_saying(&["Interrupted while waiting for the protected server"]);
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_eq!((sim.writes(), tf.state_size()), (vec![], 0));
        sim.patch_host("web-1", &json!({"agent_status": "online"}));
        tf.apply().ok();
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
    });
}

#[cfg(unix)]
#[test]
fn an_interrupt_during_a_change_keeps_what_was_changed() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok();
        sim.knob("start_sequence", "stuck");
        tf.write("main.tf", &vault("vault-1", 19090, ""));
        let (ran, took) = interrupted(tf, || sim.backup_host("vault-1")["backup_host_port"] == 19090);
        ran.fails_saying(&["Interrupted while the backup server was starting", "next plan"])
            .lacks(&["untaint"]);
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_eq!(value(tf, "hss_wtp_backup_host.vault-1", "backup_host_port"), 19090);
        sim.patch_backup_host("vault-1", &json!({"backup_host_status": 1}));
        tf.plan_is_empty();
    });
}

/// A hundred operations wait for their quota: none of them keeps Terraform, and the state is what exists.
#[cfg(unix)]
#[test]
fn an_interrupt_while_a_hundred_wait_for_quota() {
    let hosts: Vec<Json> = (0..100).map(|n| protected(&format!("web-{n}"))).collect();
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let all = "
resource \"hss_wtp_remote_backup\" \"all\" {
  count          = 100
  host_id        = \"web-${count.index}\"
  backup_host_id = \"vault-1\"
}
";
        tf.write("main.tf", all);
        sim.knob("throttle", "7/60");
        // What runs out first, the quota of the writes or of the reads before them, is a matter of chance.
        let waits = || {
            let calls = sim.journal();
            calls.iter().any(|call| call["operation"] == "SetRemoteBackupInfo" && call["status"] == 200)
                && calls.iter().any(|call| call["status"] == 429)
        };
        let (ran, took) = interrupted_with(tf, "-parallelism=100", waits);
        assert_ne!(ran.code, Some(0));
        assert!(took < Duration::from_secs(3), "{took:?}");
        let world = sim.world();
        let on =
            world["hosts"].as_array().unwrap().iter().filter(|host| !host["remote_backup"].is_null()).count();
        assert!(on > 0, "some were written");
        assert_eq!(tf.state_size(), on, "the state is what exists");
        assert!(ran.text().contains("waiting for the call quota, last for"), "{}", ran.stderr);
    });
}

/// The answer to one call is lost after it took effect: sent again, nothing is noticed.
#[test]
fn a_lost_answer() {
    for kind in ["reset-after", "502-after", "truncated"] {
        scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
            sim.knob("fault", format!("UpdateBackupHostInfo:{kind}:1,SetRemoteBackupInfo:{kind}:1"));
            tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
            tf.apply().ok().says(&["2 added"]);
            assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR), "{kind}");
            tf.plan_is_empty();
        });
    }
}

/// The answer is lost and the next attempt is refused, so the calls fail; but HSS shows that they took effect.
#[test]
fn a_call_that_took_effect_before_it_failed() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        let lost = |operation: &str| format!("{operation}:reset-after:1,{operation}:403:1");
        sim.knob("fault", format!("{},{}", lost("UpdateBackupHostInfo"), lost("SetRemoteBackupInfo")));
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.apply().ok().says(&["2 added"]);
        assert_eq!(sim.writes().len(), 4, "each was tried twice");
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        tf.plan_is_empty();
    });
}

/// Every answer to a write is lost, and nobody can be asked either. What may exist is in the state.
#[test]
fn answers_that_never_come() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        let before = sim.world();
        let short = "  timeouts = { create = \"3s\" }";
        let webs = web("web-1", &format!("{}\n{short}", to("vault-1")));
        tf.write("main.tf", &format!("{}{webs}", vault("vault-1", 18080, short)));
        sim.knob("fault", "UpdateBackupHostInfo:reset-after,ListBackupHostsInfo:403:1+9");
        tf.apply().fails_saying(&[
            "Could not register the backup server",
            "There was no time left",
            "marked as tainted",
            "host_id = \"vault-1\"",
        ]);
        assert!(!sim.backup_host("vault-1").is_null(), "it took effect");
        assert_eq!(tf.state_of("hss_wtp_backup_host.vault-1")["tainted"], true);

        sim.knob("fault", "SetRemoteBackupInfo:500-after,ShowRemoteBackupHostInfo:403:1+9");
        tf.apply().fails_saying(&["Could not switch remote backup on"]);
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR), "it took effect");
        assert_eq!(tf.state_size(), 2, "what took effect is in the state");

        sim.knob("fault", Json::Null);
        tf.apply().ok();
        tf.plan_is_empty();
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        tf.destroy().ok();
        assert_eq!((sim.world(), tf.state_size()), (before, 0));
    });
}

/// The writes never arrived, which nobody could know: the state may hold what does not exist, and the next apply
/// makes it.
#[test]
fn calls_that_never_arrive() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, "  timeouts = { create = \"3s\" }"));
        sim.knob("fault", "UpdateBackupHostInfo:reset-before");
        tf.apply().fails_saying(&["Could not register the backup server"]);
        assert!(sim.backup_host("vault-1").is_null());
        sim.knob("fault", Json::Null);
        tf.apply().ok().says(&["1 added, 0 changed, 0 destroyed"]);
        tf.plan_is_empty();
    });
}

#[test]
fn a_write_that_is_forbidden_half_way() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        sim.knob("deny", "SetRemoteBackupInfo");
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.apply().fails_saying(&[
            "Could not switch remote backup on",
            "hss:wtpBackup:set",
            "host_id = \"web-1\"",
        ]);
        assert_eq!((tf.state_size(), sim.remote_backup("web-1")), (1, Json::Null));
        sim.knob("deny", "");
        tf.apply().ok().says(&["1 added, 0 changed, 0 destroyed"]);
        // Neither may it be switched off, and the state knows.
        sim.knob("deny", "SetRemoteBackupInfo");
        tf.destroy().fails_saying(&["Could not switch the remote backup of web-1 off"]);
        assert_eq!((tf.state_size(), sim.remote_backup("web-1")), (2, on("vault-1", ADDR)));
        sim.knob("deny", "");
        tf.destroy().ok();
    });
}

#[test]
fn lists_that_may_not_be_seen() {
    let mut windows = protected("windows");
    windows["os_type"] = json!("Windows");
    let hosts = [protected("web-1"), windows, candidate("vault-1")];
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let remote = "  backup_host_id = \"vault-1\"";
        sim.knob("deny", "ListWtpProtectHost,ListWebTamperHost");
        tf.write("main.tf", &format!("{}{}", web("web-1", remote), web("windows", remote)));
        let ran = tf.apply().fails_saying(&["Conditions of remote backup were not checked"]);
        let said = ran.text();
        assert!(said.contains("Could not switch remote backup on") && said.contains("HSS.0001"), "{said}");
        assert_eq!(
            (sim.remote_backup("web-1"), sim.remote_backup("windows")),
            (on("vault-1", ADDR), Json::Null)
        );
        assert_eq!(tf.state_size(), 1);
        tf.write("main.tf", &web("web-1", remote));
        tf.plan_is_empty();
        tf.destroy().ok();

        // Without the list of backup servers somebody has to say the address.
        sim.knob("deny", "ListBackupHostsInfo");
        tf.apply().fails_saying(&["The address of the backup server is needed", "hss:wtpBackup:get"]);
        tf.write("main.tf", &web("web-1", &format!("{remote}\n  backup_addr = \"{ADDR}\"")));
        tf.apply().ok().says(&["Conditions of remote backup were not checked"]);
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        tf.plan_is_empty();

        // A backup server cannot be registered blindly: it might be somebody else's.
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().fails_saying(&["nothing was registered", "hss:wtpBackup:"]);
    });
}

/// A refresh that fails stops the plan; nothing is taken for gone.
#[test]
fn a_failed_read_forgets_nothing() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write("main.tf", &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &to("vault-1"))));
        tf.apply().ok();
        sim.empty_journal();
        for (fault, said) in [
            ("ListBackupHostsInfo:404", "APIGW.0101"),
            ("ListBackupHostsInfo:403", "APIGW.0302"),
            ("ShowRemoteBackupHostInfo:404", "APIGW.0101"),
            ("ShowRemoteBackupHostInfo:HSS.0011", "HSS.0011"),
            ("ShowRemoteBackupHostInfo:00000010", "00000010"),
            ("ShowRemoteBackupHostInfo:401", "APIGW.0301"),
        ] {
            sim.knob("fault", fault);
            tf.plan().fails_saying(&[said, "Could not read"]);
        }
        sim.knob("fault", Json::Null);
        tf.plan_is_empty();
        assert_eq!((sim.writes(), tf.state_size()), (vec![], 2));
    });
}
