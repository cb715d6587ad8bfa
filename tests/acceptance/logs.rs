//! What an operator reads in the log, and what nobody may read anywhere.

use std::fs;

use crate::stage::*;

fn applied(level: (&str, &str), play: impl FnOnce(&Simulator, &Workspace, &Ran)) {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.set_env(level.0, level.1);
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
        );
        let ran = tf.apply().ok();
        play(sim, tf, &ran);
    });
}

#[test]
fn one_line_for_each_rpc_and_each_call() {
    applied(("TF_LOG_PROVIDER", "DEBUG"), |sim, _, ran| {
        let lines: Vec<&str> = ran.stderr.lines().collect();
        let count =
            |parts: &[&str]| lines.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count();
        for resource in ["hss_wtp_backup_host", "hss_wtp_remote_backup"] {
            let resource = format!("tf_resource_type={resource}");
            assert_eq!(count(&[": ApplyResourceChange: ", &resource, "tf_req_duration_ms=", "status=ok"]), 1);
        }
        for call in sim.journal() {
            let operation = call["operation"].as_str().unwrap();
            let all = sim.journal().iter().filter(|other| other["operation"] == operation).count();
            let told = count(&[
                &format!("operation={operation}"),
                "http_status=200",
                "request_id=",
                "duration_ms=",
                "tf_req_id=",
            ]);
            assert_eq!(told, all, "{operation}");
        }
    });
}

#[test]
fn no_log_without_being_asked() {
    applied(("HSS_UNUSED", "1"), |_, _, ran| assert_eq!(ran.stderr, ""));
}

#[test]
fn no_secret_anywhere() {
    applied(("TF_LOG", "TRACE"), |sim, tf, ran| {
        let state = fs::read_to_string(tf.path().join("terraform.tfstate")).unwrap();
        for text in [&ran.stdout, &ran.stderr, &state] {
            assert!(!text.contains(SECRET_KEY), "the secret key leaked");
        }
        assert!(ran.stderr.contains("provider.http"), "it did log");
        // Terraform itself has no reason to print a token either.
        let token = sim.log_in();
        let block = provider_block(&sim.url)
            .replace(&format!("access_key = \"{ACCESS_KEY}\""), &format!("project_id = \"{PROJECT_ID}\""))
            .replace(&format!("secret_key = \"{SECRET_KEY}\""), &format!("token = \"{token}\""));
        tf.write("provider.tf", &block);
        tf.write("main.tf", &vault("vault-1", 19090, ""));
        let ran = tf.apply().ok();
        let state = fs::read_to_string(tf.path().join("terraform.tfstate")).unwrap();
        for text in [&ran.stdout, &ran.stderr, &state] {
            assert!(!text.contains(&token), "the token leaked");
        }
    });
}
