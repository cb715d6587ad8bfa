//! The provider block: what it takes, from where, and what is said when it does not work.

use crate::stage::*;
use serde_json::json;

const SOURCE: &str = "terraform {\n  required_providers {\n    hss = { source = \"hss-wtp/hss\" }\n  }\n}\n";

/// A provider block of these lines.
fn block(lines: &str) -> String {
    format!("{SOURCE}provider \"hss\" {{\n{lines}\n}}\n")
}

fn keys() -> String {
    format!("  region = \"{REGION}\"\n  access_key = \"{ACCESS_KEY}\"\n  secret_key = \"{SECRET_KEY}\"\n")
}

fn addresses(url: &str) -> String {
    format!("  auth_url = \"{url}/v3\"\n  endpoints = {{ hss = \"{url}\" }}\n")
}

fn small() -> serde_json::Value {
    world(&[candidate("vault-1")], &[registered("vault-1", 18080)])
}

#[test]
fn the_environment_alone() {
    scenario(&small(), |sim, tf| {
        tf.write("provider.tf", &block(&format!("  endpoints = {{ hss = \"{}\" }}", sim.url)));
        for (name, value) in [
            ("HW_REGION_NAME", REGION),
            ("HW_ACCESS_KEY", ACCESS_KEY),
            ("HW_SECRET_KEY", SECRET_KEY),
            ("HW_AUTH_URL", &format!("{}/v3", sim.url)),
        ] {
            tf.set_env(name, value);
        }
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.apply().ok();
        tf.plan_is_empty();
    });
}

#[test]
fn a_project_id_saves_the_look_up() {
    scenario(&small(), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.plan().ok();
        tf.apply().ok();
        let looked_up = |sim: &Simulator| {
            sim.journal().iter().filter(|call| call["path"].as_str().unwrap().contains("/v3/")).count()
        };
        assert_eq!(looked_up(sim), 3, "once in each process that makes a call: plan, plan again, apply");
        tf.write(
            "provider.tf",
            &block(&format!("{}{}  project_id = \"{PROJECT_ID}\"", keys(), addresses(&sim.url))),
        );
        sim.empty_journal();
        tf.plan_is_empty();
        assert_eq!(looked_up(sim), 0);
        assert!(!sim.journal().is_empty());
    });
}

#[test]
fn a_token() {
    scenario(&small(), |sim, tf| {
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        let with = |token: &str| {
            block(&format!(
                "  region = \"{REGION}\"\n  project_id = \"{PROJECT_ID}\"\n  token = \"{token}\"\n{}",
                addresses(&sim.url)
            ))
        };
        tf.write("provider.tf", &with(&sim.log_in()));
        tf.apply().ok();
        tf.plan_is_empty();
        tf.write("provider.tf", &with("made-up-token"));
        tf.plan().fails_saying(&["Could not read the backup server", "HTTP 401"]).lacks(&["made-up-token"]);
    });
}

#[test]
fn a_wrong_secret_is_one_clear_error() {
    scenario(&small(), |sim, tf| {
        tf.write(
            "provider.tf",
            &block(&format!("{}{}", keys(), addresses(&sim.url)).replace(SECRET_KEY, "not-the-secret")),
        );
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        let ran = tf
            .apply()
            .fails_saying(&[
                "HTTP 401",
                "APIGW.0301",
                "The secret key does not fit the access key",
                "request id",
            ])
            .lacks(&["not-the-secret"]);
        assert_eq!(ran.text().matches("Error: ").count(), 1);
        assert_eq!(sim.journal().len(), 1, "more tries would lock the key");
    });
}

#[test]
fn no_credentials_at_all() {
    scenario(&small(), |sim, tf| {
        tf.write("provider.tf", &block(&format!("  region = \"{REGION}\"\n{}", addresses(&sim.url))));
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.run(&["validate", "-no-color"]).ok();
        // Nothing listens there, as nothing does on a machine outside the cloud.
        tf.set_env("HSS_METADATA_ENDPOINT", "http://127.0.0.1:1");
        tf.apply().fails_saying(&[
            "No credentials could be had",
            "1. a token: `token` (HW_AUTH_TOKEN, OS_AUTH_TOKEN) is not set",
            "HW_ASSUME_ROLE_IDP_ID",
            "HW_ACCESS_KEY, HW_SECRET_KEY",
            "HW_PROFILE",
            "HW_USER_PASSWORD",
            "5. the metadata service",
            "no server of the cloud",
        ]);
        assert_eq!(sim.journal(), Vec::<serde_json::Value>::new());
    });
}

#[test]
fn arguments_that_cannot_work() {
    scenario(&small(), |sim, tf| {
        let url = &sim.url;
        let port = url.rsplit(':').next().unwrap();
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        for (lines, said) in [
            (
                format!("{}{}", keys(), addresses(url)).replace("  region = \"cn-north-4\"\n", ""),
                &["No region is configured", "HW_REGION_NAME"][..],
            ),
            (
                format!(
                    "{}{}",
                    keys(),
                    addresses("http://192.0.2.7:80")
                        .replace("hss = \"http://192.0.2.7", "hss = \"https://192.0.2.7")
                ),
                &["http://192.0.2.7", "use https", "auth_url ="],
            ),
            (
                format!("{}  endpoints = {{ hss = \"http://hss.example.com\" }}", keys()),
                &["http://hss.example.com", "https", "endpoints ="],
            ),
            (
                format!("{}  endpoints = {{ hss = \"http://127.0.0.1:{port}/v5\" }}", keys()),
                &["must not end in /v5", "endpoints ="],
            ),
            (format!("{}  endpoints = {{ hss = \"\" }}", keys()), &["blank"]),
            (format!("{}  cloud = \"https://example.com\"", keys()), &["cloud =", "plain domain"]),
            (
                format!("{}{}", keys(), addresses(url)).replace("secret_key", "#"),
                &["The secret key is missing", "HW_SECRET_KEY", "access_key"],
            ),
            (
                format!("{}{}  project_name = \"nowhere\"", keys(), addresses(url)),
                &["no project named \"nowhere\"", "project_name"],
            ),
        ] {
            tf.write("provider.tf", &block(&lines));
            let ran = tf.plan();
            // Planning a create asks nobody, so what only a call can find shows in the apply.
            let ran = if ran.code == Some(0) { tf.apply() } else { ran };
            let ran = ran.fails_saying(said);
            assert_eq!(ran.text().matches("Error: ").count(), 1, "one cause, one error: {lines}");
        }
        tf.set_env("HW_INSECURE", "perhaps");
        tf.write("provider.tf", &block(&format!("{}{}", keys(), addresses(url))));
        tf.plan().fails_saying(&["HW_INSECURE", "true or false"]);
        assert_eq!(sim.writes(), Vec::<String>::new());
    });
}

#[test]
fn arguments_that_are_known_later() {
    scenario(&small(), |sim, tf| {
        let late = format!(
            "resource \"terraform_data\" \"late\" {{\n  input = {{ secret = \"{SECRET_KEY}\", region = \"{REGION}\" }}\n}}\n"
        );
        let lines = format!("{}{}", keys(), addresses(&sim.url))
            .replace(&format!("\"{SECRET_KEY}\""), "terraform_data.late.output.secret")
            .replace(&format!("\"{REGION}\""), "terraform_data.late.output.region");
        tf.write("provider.tf", &block(&lines));
        tf.write("main.tf", &format!("{late}{}", vault("vault-1", 18080, "")));
        tf.plan().ok().says(&["2 to add", "+ region = (known after apply)"]);
        tf.apply().ok();
        assert_eq!(value(tf, "hss_wtp_backup_host.vault-1", "region"), REGION);
        tf.plan_is_empty();
        // Later they change, which leaves nothing to refresh with: said in words, and nothing is lost.
        tf.write(
            "main.tf",
            &format!("{}{}", late.replace("region =", "more = 1, region ="), vault("vault-1", 18080, "")),
        );
        tf.plan().fails_saying(&["The provider configuration is not known yet", "`secret_key`", "-target"]);
        assert_eq!(tf.state_size(), 2);
        assert_eq!(sim.backup_host("vault-1"), registered("vault-1", 18080));
    });
}

#[test]
fn without_a_provider_block() {
    scenario(&small(), |sim, tf| {
        tf.write("provider.tf", SOURCE);
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.run(&["validate", "-no-color"]).ok();
        tf.plan().fails_saying(&["No region is configured", "HW_REGION_NAME"]);
        assert_eq!(sim.journal(), json!([]).as_array().unwrap().clone());
    });
}
