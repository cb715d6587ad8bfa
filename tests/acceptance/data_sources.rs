//! What data sources tell, what they ask HSS for it, and how often.

use crate::stage::*;
use serde_json::{Value as Json, json};

/// The outputs of the last apply.
fn outputs(tf: &Workspace) -> Json {
    let printed: Json = serde_json::from_str(&tf.run(&["output", "-json"]).ok().stdout).unwrap();
    let values =
        printed.as_object().unwrap().iter().map(|(name, output)| (name.clone(), output["value"].clone()));
    Json::Object(values.collect())
}

/// The queries of an operation's calls, paging and enterprise project left out.
fn queries(sim: &Simulator, operation: &str) -> Vec<Json> {
    let journal = sim.journal();
    let calls = journal.iter().filter(|call| call["operation"] == operation);
    calls
        .map(|call| {
            let mut query = call["query"].clone();
            for name in ["limit", "offset", "enterprise_project_id"] {
                query.as_object_mut().unwrap().remove(name);
            }
            query
        })
        .collect()
}

fn count(sim: &Simulator, operation: &str) -> usize {
    queries(sim, operation).len()
}

fn with(mut row: Json, more: Json) -> Json {
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

fn vaults() -> Json {
    let hosts = [
        candidate("vault-1"),
        with(candidate("vault-2"), json!({"agent_status": "offline"})),
        candidate("vault-3"),
    ];
    let listed = [
        registered("vault-3", 18083),
        registered("vault-1", 18081),
        with(registered("vault-2", 18082), json!({"backup_host_status": -1})),
    ];
    world(&hosts, &listed)
}

#[test]
fn backup_servers_are_listed_with_all_that_is_known() {
    scenario(&vaults(), |sim, tf| {
        tf.write(
            "main.tf",
            r#"
data "hss_wtp_backup_hosts" "all" {}
data "hss_wtp_backup_hosts" "failed" {
  status = "failed"
}
data "hss_wtp_backup_hosts" "online" {
  is_run = true
}
data "hss_wtp_backup_hosts" "offline_and_running" {
  is_run         = false
  status         = "running"
  backup_host_id = "vault-3"
}
output "all" {
  value = data.hss_wtp_backup_hosts.all
}
output "failed" {
  value = data.hss_wtp_backup_hosts.failed.backup_hosts[*].backup_host_id
}
output "online" {
  value = data.hss_wtp_backup_hosts.online.backup_hosts[*].backup_host_id
}
output "third" {
  value = data.hss_wtp_backup_hosts.offline_and_running.backup_hosts[*].backup_addr
}
"#,
        );
        tf.apply().ok();
        let found = outputs(tf);
        assert_eq!(
            found["all"]["backup_hosts"][1],
            json!({
                "backup_host_id": "vault-2", "backup_host_name": "name-of-vault-2", "backup_host_ip": "172.16.8.20",
                "backup_host_port": 18082, "backup_dir": "/data/wtp-copies", "backup_host_status": -1, "status": "failed",
                "backup_addr": "172.16.8.20:18082",
            })
        );
        let ids: Vec<&Json> = found["all"]["backup_hosts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|host| &host["backup_host_id"])
            .collect();
        assert_eq!(ids, ["vault-1", "vault-2", "vault-3"], "sorted");
        assert_eq!((&found["all"]["region"], &found["all"]["status"]), (&json!(REGION), &Json::Null));
        assert_eq!(found["failed"], json!(["vault-2"]));
        assert_eq!(found["online"], json!(["vault-1", "vault-3"]));
        assert_eq!(found["third"], json!(["172.16.8.20:18083"]));
        // The three that want all of it share what is read; a plan and its apply are one run here.
        let asked = queries(sim, "ListBackupHostsInfo");
        assert_eq!(asked.iter().filter(|query| query["is_run"] == "true").count(), 1);
        assert!(asked.iter().all(|query| query.get("is_run").is_none() || query["is_run"] == "true"));
        assert!(asked.len() <= 3, "{asked:?}");
        tf.plan_is_empty();
    });
}
