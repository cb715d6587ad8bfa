//! `terraform query`: what is there, found without ids, and taken under management with a generated configuration.

use std::fs;

use crate::stage::*;
use serde_json::{Value as Json, json};

/// 3 vaults; `hosts` servers that copy to two of them in turn.
fn town(hosts: usize) -> Json {
    let mut all: Vec<Json> = (0..hosts)
        .map(|n| {
            let mut host = protected(&format!("web-{n:03}"));
            host["remote_backup"] = on(&format!("vault-{}", n % 2), ADDR);
            host
        })
        .collect();
    all.extend((0..3).map(|n| candidate(&format!("vault-{n}"))));
    let mut off = protected("off-1");
    off["private_ip"] = json!("172.16.9.9");
    let mut windows = protected("windows-1");
    windows["os_type"] = json!("Windows");
    all.extend([off, windows]);
    let mut vaults: Vec<Json> = (0..3).map(|n| registered(&format!("vault-{n}"), 18080)).collect();
    vaults[2]["backup_host_status"] = json!(-1);
    world(&all, &vaults)
}

fn list(ty: &str, name: &str, more: &str, config: &str) -> String {
    format!("list \"{ty}\" \"{name}\" {{\n  provider = hss\n{more}\n  config {{\n{config}\n  }}\n}}\n")
}

/// The names and identities that a query finds, by the name of its list.
fn found(tf: &Workspace, query: &str) -> Vec<Json> {
    tf.write("find.tfquery.hcl", query);
    let ran = tf.run(&["query", "-json", "-no-color"]).ok();
    let lines = ran.stdout.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    lines
        .filter(|line| line["type"] == "list_resource_found")
        .map(|line| line["list_resource_found"].clone())
        .collect()
}

fn ids(found: &[Json]) -> Vec<&str> {
    let mut ids: Vec<&str> = found.iter().map(|one| one["identity"]["host_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn what_is_there_is_found_by_its_filters() {
    if !needs(Feature::ListResources) {
        return;
    }
    scenario(&town(6), |sim, tf| {
        let remote = |config: &str| found(tf, &list("hss_wtp_remote_backup", "all", "", config));
        let vaults = |config: &str| found(tf, &list("hss_wtp_backup_host", "all", "", config));
        let all = remote("");
        assert_eq!(ids(&all), ["web-000", "web-001", "web-002", "web-003", "web-004", "web-005"]);
        assert_eq!(all[0]["display_name"], "name-of-web-000 (172.16.4.11)");
        let identity = json!({"host_id": "web-000", "enterprise_project_id": null, "region": REGION});
        assert_eq!(all[0]["identity"], identity);
        assert!(all[0].get("resource_object").is_none(), "nobody asked for it");
        let to_one = remote("    backup_host_id = \"vault-1\"\n    agent_status = \"online\"");
        assert_eq!(ids(&to_one), ["web-001", "web-003", "web-005"]);
        assert_eq!(ids(&remote("    remote_backup = false")), ["off-1"], "Windows has no remote backup");
        assert_eq!(ids(&remote("    host_name = \"WEB-004\"\n    wtp_status = \"opened\"")), ["web-004"]);
        assert!(remote("    private_ip = \"172.16.9.9\"").is_empty());
        assert!(remote("    enterprise_project_id = \"eps-7\"").is_empty());
        let in_default = remote("    enterprise_project_id = \"0\"");
        assert_eq!((in_default.len(), &in_default[0]["identity"]["enterprise_project_id"]), (6, &json!("0")));

        let all = vaults("");
        assert_eq!(ids(&all), ["vault-0", "vault-1", "vault-2"]);
        assert_eq!(all[0]["display_name"], format!("name-of-vault-0 ({ADDR})"));
        assert_eq!(ids(&vaults("    status = \"failed\"")), ["vault-2"]);
        assert_eq!(ids(&vaults("    status = \"running\"\n    is_run = true")), ["vault-0", "vault-1"]);
        assert!(sim.writes().is_empty());
    });
}

#[test]
fn filters_that_cannot_work_are_refused_at_their_line() {
    if !needs(Feature::ListResources) {
        return;
    }
    scenario(&town(1), |_, tf| {
        for (config, said) in [
            ("    agent_status = \"on\"", "Write one of: online, offline, not_installed"),
            ("    wtp_status = \"closed\"", "Write one of: opened"),
            ("    host_name = \"\"", "It is empty"),
            ("    enterprise_project_id = \"all_granted_eps\"", "stands for every enterprise project"),
            (
                "    remote_backup = false\n    backup_host_id = \"vault-0\"",
                "backup_host_id and remote_backup = false exclude each other",
            ),
            ("    backup_host = \"vault-0\"", "Unsupported argument"),
        ] {
            tf.write("find.tfquery.hcl", &list("hss_wtp_remote_backup", "all", "", config));
            tf.run(&["query", "-no-color"]).fails_saying(&[said, "on find.tfquery.hcl line"]);
        }
    });
}

#[test]
fn a_limit_saves_the_pages_beyond_it() {
    if !needs(Feature::ListResources) {
        return;
    }
    scenario(&town(450), |sim, tf| {
        let pages = |limit: &str| {
            sim.empty_journal();
            let query = list("hss_wtp_remote_backup", "all", limit, "");
            let found = found(tf, &query).len();
            let calls = sim.journal();
            (found, calls.iter().filter(|call| call["operation"] == "ListWtpProtectHost").count())
        };
        assert_eq!(pages("  limit = 5"), (5, 1));
        assert_eq!(pages("  limit = 250"), (250, 2));
        assert_eq!(pages("  limit = 1000"), (450, 3));
        // What Terraform asks for when the user does not say.
        assert_eq!(pages(""), (100, 1));
    });
}

/// Older regions leave the backup server out of the list, so each server is asked for itself there.
#[test]
fn a_list_that_names_no_backup_servers_is_completed() {
    if !needs(Feature::ListResources) {
        return;
    }
    scenario(&town(5), |sim, tf| {
        sim.knob("missing_backup_host_id", "on");
        let query = list("hss_wtp_remote_backup", "all", "", "    backup_host_id = \"vault-1\"");
        assert_eq!(ids(&found(tf, &query)), ["web-001", "web-003"]);
    });
}

#[test]
fn a_query_that_hss_refuses_says_why() {
    if !needs(Feature::ListResources) {
        return;
    }
    scenario(&town(2), |sim, tf| {
        sim.knob("deny", "ListWtpProtectHost");
        tf.write("find.tfquery.hcl", &list("hss_wtp_remote_backup", "all", "", ""));
        tf.run(&["query", "-no-color"])
            .fails_saying(&["Could not list the protected servers", "ListWtpProtectHost"]);
    });
}

fn stripped(resource: &str) -> String {
    let lines = resource.lines().filter(|line| !line.starts_with('#') && !line.ends_with("= null"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Server by server it would be a list of ids; here the provider says what a configuration has to say and no more.
#[test]
fn a_generated_configuration_is_short_and_plans_empty() {
    if !needs(Feature::GeneratedResourceConfig) {
        return;
    }
    scenario(&town(3), |sim, tf| {
        sim.patch_host("web-002", &json!({"remote_backup": on("vault-0", "172.16.8.99:1")}));
        let blocks = |id: &str, ty: &str| {
            format!("import {{\n  to = {ty}.{}\n  id = \"{id}\"\n}}\n", id.replace('/', "_"))
        };
        let ty = "hss_wtp_remote_backup";
        tf.write(
            "import.tf",
            &format!(
                "{}{}{}{}",
                blocks("0/vault-0", "hss_wtp_backup_host"),
                blocks("web-001", ty),
                blocks("web-002", ty),
                blocks("off-1", ty)
            )
            .replace(".0_", "."),
        );
        tf.run(&["plan", "-no-color", "-generate-config-out=generated.tf"]).ok();
        let generated = fs::read_to_string(tf.path().join("generated.tf")).unwrap();
        // Terraform writes them in any order, and spells out what is left out.
        let mut resources: Vec<String> = generated.split("\n\n").map(stripped).collect();
        resources.sort();
        let lines: Vec<&str> = resources.iter().flat_map(|one| one.lines()).collect();
        assert_eq!(
            lines,
            [
                "resource \"hss_wtp_backup_host\" \"vault-0\" {",
                "  backup_dir            = \"/data/wtp-copies\"",
                "  backup_host_ip        = \"172.16.8.20\"",
                "  backup_host_port      = 18080",
                "  enterprise_project_id = \"0\"",
                "  host_id               = \"vault-0\"",
                "}",
                "resource \"hss_wtp_remote_backup\" \"off-1\" {",
                "  host_id               = \"off-1\"",
                "  remote_backup         = false",
                "}",
                "resource \"hss_wtp_remote_backup\" \"web-001\" {",
                "  backup_host_id        = \"vault-1\"",
                "  host_id               = \"web-001\"",
                "}",
                "resource \"hss_wtp_remote_backup\" \"web-002\" {",
                "  backup_addr           = \"172.16.8.99:1\"",
                "  backup_host_id        = \"vault-0\"",
                "  host_id               = \"web-002\"",
                "}",
            ],
            "{generated}"
        );
        tf.apply().ok().says(&["4 imported, 0 added, 0 changed, 0 destroyed"]);
        tf.plan_is_empty();
        assert!(sim.writes().is_empty());
    });
}

/// The same show as with `export`, by Terraform's own means: 512 objects that nobody typed the id of.
#[test]
fn a_fleet_of_512_is_adopted_by_a_query() {
    if !needs(Feature::GeneratedResourceConfig) {
        return;
    }
    let mut hosts: Vec<Json> = (0..500)
        .map(|n| {
            let mut host = protected(&format!("web-{n:03}"));
            host["remote_backup"] = on(&format!("vault-{}", n % 12), ADDR);
            host
        })
        .collect();
    hosts.extend((0..12).map(|n| candidate(&format!("vault-{n}"))));
    let vaults: Vec<Json> = (0..12).map(|n| registered(&format!("vault-{n}"), 18080)).collect();
    scenario(&world(&hosts, &vaults), |sim, tf| {
        let both =
            ["hss_wtp_backup_host", "hss_wtp_remote_backup"].map(|ty| list(ty, "all", "  limit = 1000", ""));
        tf.write("find.tfquery.hcl", &both.concat());
        tf.run(&["query", "-no-color", "-generate-config-out=adopted.tf"]).ok();
        let queried = sim.journal().len();
        tf.apply().ok().says(&["512 imported, 0 added, 0 changed, 0 destroyed"]);
        let calls = sim.journal().len();
        eprintln!("query {queried} calls, apply {} calls", calls - queried);
        tf.plan_is_empty();
        assert!(calls <= 20, "{calls} calls for 512 objects, {queried} of them by the query");
        assert!(sim.writes().is_empty());
    });
}
