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

/// A fleet in which each thing that coverage tells of is there once.
fn fleet() -> Json {
    let copies = |id: &str, vault: &str| with(protected(id), json!({"remote_backup": on(vault, ADDR)}));
    let hosts = [
        copies("web-1", "vault-up"),
        copies("web-2", "vault-up"),
        copies("web-3", "vault-down"),
        copies("web-4", "vault-gone"),
        with(copies("web-5", "vault-up"), json!({"protect_status": "closed"})),
        protected("bare-1"),
        with(protected("bare-2"), json!({"os_type": "Windows"})),
        with(protected("bare-3"), json!({"agent_status": "offline"})),
        with(
            protected("bare-4"),
            json!({"protect_status": "opening", "group_name": "shop", "public_ip": "198.51.100.7"}),
        ),
        with(
            protected("bare-5"),
            json!({"protect_status": "partial_protection", "abnormal_reason": 10, "abnormal_dir_list": ["/srv/nfs"],
                   "asset_value": "important", "anti_tampering_times": 7, "private_ip": "10.1.2.3"}),
        ),
        with(
            protected("bare-6"),
            json!({"protect_status": "protection_interruption", "interrupt_reason": "the disk is full", "rasp_protect_status": "opened"}),
        ),
        with(protected("off-1"), json!({"protect_status": "closed"})),
        candidate("vault-up"),
        candidate("vault-down"),
        candidate("vault-idle"),
    ];
    let listed = [
        registered("vault-up", 18080),
        with(registered("vault-down", 18080), json!({"backup_host_status": -1})),
        registered("vault-idle", 18080),
    ];
    world(&hosts, &listed)
}

/// One block for each, called like its number, and an output with the ids that it found.
fn host_lists(bodies: &[&str]) -> String {
    let block = |(number, body): (usize, &&str)| {
        format!(
            "data \"hss_wtp_hosts\" \"d{number}\" {{\n{body}\n}}\n\
             output \"d{number}\" {{\n  value = data.hss_wtp_hosts.d{number}.hosts[*].host_id\n}}\n"
        )
    };
    bodies.iter().enumerate().map(block).collect()
}

#[test]
fn servers_are_filtered_by_hss_wherever_it_can() {
    // What is written, what is sent, and what is found.
    let filters: &[(&str, Json, &[&str])] = &[
        ("host_name = \"of-BARE-1\"", json!({"host_name": "of-BARE-1"}), &["bare-1"]),
        ("host_id = \"web-2\"", json!({"host_id": "web-2"}), &["web-2"]),
        ("public_ip = \"198.51.100.7\"", json!({"public_ip": "198.51.100.7"}), &["bare-4"]),
        ("private_ip = \"10.1.2.3\"", json!({"private_ip": "10.1.2.3"}), &["bare-5"]),
        ("group_name = \"shop\"", json!({"group_name": "shop"}), &["bare-4"]),
        ("os_type = \"Windows\"", json!({"os_type": "Windows"}), &["bare-2"]),
        ("asset_value = \"important\"", json!({"asset_value": "important"}), &["bare-5"]),
        ("wtp_status = \"opening\"", json!({"wtp_status": "opening"}), &["bare-4"]),
        ("agent_status = \"offline\"", json!({"agent_status": "offline"}), &["bare-3"]),
        ("rasp_status = \"opened\"", json!({"rasp_status": "opened"}), &["bare-6"]),
        (
            "protect_status = \"opened\"\nremote_backup = false\nos_type = \"Linux\"\nasset_value = \"common\"",
            json!({"protect_status": "opened", "os_type": "Linux", "asset_value": "common"}),
            &["bare-1", "bare-3", "bare-4", "bare-6"],
        ),
        ("backup_host_id = \"vault-up\"", json!({}), &["web-1", "web-2", "web-5"]),
        (
            "remote_backup = true\nhost_name = \"web\"",
            json!({"host_name": "web"}),
            &["web-1", "web-2", "web-3", "web-4", "web-5"],
        ),
        ("backup_host_id = \"vault-idle\"\nremote_backup = true", json!({}), &[]),
    ];
    scenario(&fleet(), |sim, tf| {
        let bodies: Vec<&str> = filters.iter().map(|(body, ..)| *body).collect();
        tf.write("main.tf", &host_lists(&bodies));
        tf.apply().ok();
        let (found, sent) = (outputs(tf), queries(sim, "ListWtpProtectHost"));
        for (number, (body, query, ids)) in filters.iter().enumerate() {
            assert_eq!(found[format!("d{number}")], json!(ids), "{body}");
            assert!(sent.contains(query), "{body}: {sent:?}");
        }
        assert!(sent.iter().all(|query| filters.iter().any(|(_, known, _)| known == query)), "{sent:?}");
        tf.plan_is_empty();
    });
}

#[test]
fn servers_are_told_with_everything_that_hss_tells() {
    scenario(&fleet(), |_, tf| {
        tf.write("main.tf", "data \"hss_wtp_hosts\" \"all\" {}\noutput \"all\" {\n  value = { for it in data.hss_wtp_hosts.all.hosts : it.host_id => it }\n}\n");
        tf.apply().ok();
        let all = outputs(tf)["all"].clone();
        let ordinary = json!({
            "host_id": "web-1", "host_name": "name-of-web-1", "public_ip": null, "private_ip": "172.16.4.11", "group_id": null,
            "group_name": null, "asset_value": "common", "os_bit": "64", "os_type": "Linux", "os_name": "EulerOS", "os_version": "2.0",
            "host_status": "ACTIVE", "agent_status": "online", "protect_status": "opened", "interrupt_reason": null,
            "protect_dir_num": 2, "abnormal_dir_list": [], "abnormal_reason": null, "abnormality": null,
            "rasp_protect_status": "closed", "anti_tampering_times": 0, "detect_tampering_times": 0, "charging_mode": "on_demand",
            "resource_id": null, "remote_backup": true, "backup_host_id": "vault-up",
        });
        assert_eq!(all["web-1"], ordinary);
        let partial = &all["bare-5"];
        assert_eq!(
            (&partial["abnormal_reason"], &partial["abnormality"]),
            (&json!(10), &json!("network_file_system"))
        );
        assert_eq!(
            (&partial["abnormal_dir_list"], &partial["anti_tampering_times"]),
            (&json!(["/srv/nfs"]), &json!(7))
        );
        assert_eq!((&partial["remote_backup"], &partial["backup_host_id"]), (&json!(false), &Json::Null));
        assert_eq!(all["bare-6"]["interrupt_reason"], "the disk is full");
        assert_eq!(all["off-1"]["protect_status"], "closed", "a server that had protection is listed too");
        assert_eq!(all.as_object().unwrap().len(), 12, "those that never had it are not");
    });
}

#[test]
fn coverage_is_told_in_a_few_calls() {
    scenario(&fleet(), |sim, tf| {
        tf.write(
            "main.tf",
            "data \"hss_wtp_coverage\" \"it\" {}\noutput \"it\" {\n  value = data.hss_wtp_coverage.it\n}\n",
        );
        tf.apply().ok();
        let it = outputs(tf)["it"].clone();
        let counts = [
            "protected_host_count",
            "eligible_host_count",
            "covered_host_count",
            "healthy_host_count",
            "coverage_percent",
        ];
        assert_eq!(
            counts.map(|name| it[name].clone()),
            [10, 9, 4, 2].map(Json::from).into_iter().chain([json!(44.4)]).collect::<Vec<_>>().as_slice()
        );
        let bare: Vec<(Json, Json, Json)> = it["uncovered_hosts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|host| (host["host_id"].clone(), host["possible"].clone(), host["obstacle"].clone()))
            .collect();
        let expected = [
            ("bare-1", true, Json::Null),
            ("bare-2", false, json!("windows")),
            ("bare-3", false, json!("agent_offline")),
            ("bare-4", false, json!("wtp_opening")),
            ("bare-5", true, Json::Null),
            ("bare-6", true, Json::Null),
        ];
        assert_eq!(bare, expected.map(|(id, possible, obstacle)| (json!(id), json!(possible), obstacle)));
        assert_eq!(
            it["dangling_hosts"],
            json!([{"host_id": "web-4", "host_name": "name-of-web-4", "backup_host_id": "vault-gone"}])
        );
        let target = |id: &str| it["backup_hosts"][id].clone();
        assert_eq!(
            target("vault-up"),
            json!({
                "backup_host_name": "name-of-vault-up", "backup_addr": ADDR, "registered": true, "backup_host_status": 1,
                "status": "running", "host_count": 3, "host_ids": ["web-1", "web-2", "web-5"],
            })
        );
        assert_eq!(
            (target("vault-idle")["host_count"].clone(), target("vault-gone")["registered"].clone()),
            (json!(0), json!(false))
        );
        assert_eq!(target("vault-gone")["host_ids"], json!(["web-4"]));
        assert_eq!(
            it["unhealthy_backup_hosts"],
            json!([{
                "backup_host_id": "vault-down", "backup_host_name": "name-of-vault-down", "backup_host_status": -1, "status": "failed",
                "host_count": 1, "host_ids": ["web-3"],
            }])
        );
        assert_eq!(sim.journal().len(), 3, "two lists, and the project's id");
    });
}

/// A policy as an officer would write it.
#[test]
fn a_check_can_hold_a_fleet_to_its_coverage() {
    scenario(&fleet(), |sim, tf| {
        tf.write(
            "main.tf",
            r#"
check "coverage" {
  data "hss_wtp_coverage" "now" {}
  assert {
    condition     = length(data.hss_wtp_coverage.now.dangling_hosts) == 0
    error_message = "Copies go nowhere: ${join(", ", data.hss_wtp_coverage.now.dangling_hosts[*].host_id)}"
  }
}
"#,
        );
        tf.plan().ok().says(&["Check block assertion failed", "Copies go nowhere: web-4"]);
        sim.patch_host("web-4", &json!({"remote_backup": on("vault-up", ADDR)}));
        tf.plan().ok().lacks(&["Check block assertion failed"]);
    });
}

#[test]
fn nothing_to_cover_is_no_hundred_percent() {
    scenario(&world(&[candidate("vault-1")], &[]), |_, tf| {
        tf.write(
            "main.tf",
            "data \"hss_wtp_coverage\" \"it\" {}\noutput \"it\" {\n  value = data.hss_wtp_coverage.it\n}\n",
        );
        tf.apply().ok();
        let it = outputs(tf)["it"].clone();
        assert_eq!((&it["coverage_percent"], &it["protected_host_count"]), (&Json::Null, &json!(0)));
        assert_eq!((&it["backup_hosts"], &it["uncovered_hosts"]), (&json!({}), &json!([])));
    });
}

#[test]
fn counters_are_read() {
    scenario(&fleet(), |_, tf| {
        tf.write("main.tf", "data \"hss_wtp_statistics\" \"it\" {}\noutput \"it\" {\n  value = data.hss_wtp_statistics.it\n}\n");
        tf.apply().ok();
        let expected = json!({
            "enterprise_project_id": null, "region": REGION, "protect_host_num": 10, "protect_success_host_num": 7,
            "protect_fail_host_num": 0, "anti_tampering_num": 7,
        });
        assert_eq!(outputs(tf)["it"], expected);
    });
}

fn one(id: &str, more: &str) -> String {
    format!(
        "data \"hss_wtp_remote_backup\" \"it\" {{\n  host_id = \"{id}\"\n{more}\n}}\noutput \"it\" {{\n  value = data.hss_wtp_remote_backup.it\n}}\n"
    )
}

#[test]
fn the_remote_backup_of_one_server_is_read() {
    scenario(&fleet(), |sim, tf| {
        sim.patch_host("web-1", &json!({"remote_backup": on("vault-up", "172.16.8.20:1")}));
        let read = |id: &str| {
            tf.write("main.tf", &one(id, ""));
            tf.apply().ok();
            outputs(tf)["it"].clone()
        };
        let expected = json!({
            "host_id": "web-1", "enterprise_project_id": null, "region": REGION, "remote_backup": true, "backup_host_id": "vault-up",
            "backup_host_name": "name-of-vault-up", "backup_addr": "172.16.8.20:1", "registered": true, "registered_addr": ADDR,
            "backup_host_status": 1, "status": "running",
        });
        assert_eq!(read("web-1"), expected);
        assert_eq!(read("web-3")["status"], "failed");
        let gone = read("web-4");
        assert_eq!((&gone["registered"], &gone["registered_addr"]), (&json!(false), &Json::Null));
        let off = read("bare-1");
        assert_eq!(
            (&off["remote_backup"], &off["backup_addr"], &off["registered"]),
            (&json!(false), &Json::Null, &Json::Null)
        );
        assert_eq!(
            read("vault-up")["remote_backup"],
            false,
            "a server without protection is a server all the same"
        );
    });
}

#[test]
fn a_server_that_hss_does_not_know_is_an_error_that_says_what_to_do() {
    let mut fleet = fleet();
    fleet["hosts"][0]["enterprise_project_id"] = json!("project-a");
    scenario(&fleet, |sim, tf| {
        tf.write("main.tf", &one("web-99", ""));
        tf.plan().fails_saying(&[
            "HSS does not know the server",
            "HSS lists no server web-99 in cn-north-4, with Web Tamper Protection or without.",
            "for an ECS it is the instance id",
            "on main.tf line 2, in data \"hss_wtp_remote_backup\" \"it\"",
        ]);
        tf.write("main.tf", &one("web-1", "  enterprise_project_id = \"0\""));
        tf.plan().fails_saying(&[
            "The server is in another enterprise project",
            "HSS knows web-1 in another enterprise project than \"0\", which was asked.",
        ]);
        tf.write("main.tf", &one("web-1", "  enterprise_project_id = \"project-a\""));
        tf.plan().ok();
        sim.knob("deny", "ShowRemoteBackupHostInfo");
        sim.empty_journal();
        tf.plan().fails_saying(&["Could not read the remote backup of the server", "hss:wtpBackup:get"]);
        assert_eq!(count(sim, "ShowRemoteBackupHostInfo"), 1, "a refusal is not repeated");
    });
}

#[test]
fn a_backup_server_that_may_not_be_listed_is_no_reason_to_fail() {
    scenario(&fleet(), |sim, tf| {
        sim.knob("deny", "ListBackupHostsInfo");
        tf.write("main.tf", &one("web-1", ""));
        tf.apply().ok().says(&["The backup server was not looked up"]);
        let it = outputs(tf)["it"].clone();
        assert_eq!(
            (&it["remote_backup"], &it["registered"], &it["status"]),
            (&json!(true), &Json::Null, &Json::Null)
        );
        tf.write("main.tf", "data \"hss_wtp_coverage\" \"it\" {}\n");
        sim.empty_journal();
        tf.plan().fails_saying(&[
            "Could not list the backup servers",
            "hss:wtpBackup:get",
            "with data.hss_wtp_coverage.it,",
        ]);
        assert_eq!(count(sim, "ListBackupHostsInfo"), 1);
    });
}

/// More than one page of each list, and resources that read the same lists.
#[test]
fn a_fleet_of_many_pages_is_read_once_for_all() {
    let hosts: Vec<Json> = (0..450)
        .map(|n| with(protected(&format!("web-{n:03}")), json!({"remote_backup": on("vault-000", ADDR)})))
        .chain((0..230).map(|n| candidate(&format!("vault-{n:03}"))))
        .collect();
    let listed: Vec<Json> = (0..230).map(|n| registered(&format!("vault-{n:03}"), 18080)).collect();
    scenario(&world(&hosts, &listed), |sim, tf| {
        let resources = r#"
resource "hss_wtp_remote_backup" "all" {
  count          = 40
  host_id        = format("web-%03d", count.index)
  backup_host_id = "vault-000"
}
"#;
        tf.write("main.tf", resources);
        tf.apply().ok();
        tf.write("data.tf", r#"
data "hss_wtp_hosts" "all" {}
data "hss_wtp_hosts" "by_vault" {
  backup_host_id = "vault-000"
}
data "hss_wtp_backup_hosts" "all" {}
data "hss_wtp_backup_hosts" "online" {
  is_run = true
}
data "hss_wtp_coverage" "all" {}
output "sizes" {
  value = [
    length(data.hss_wtp_hosts.all.hosts), length(data.hss_wtp_hosts.by_vault.hosts), length(data.hss_wtp_backup_hosts.all.backup_hosts),
    length(data.hss_wtp_backup_hosts.online.backup_hosts), data.hss_wtp_coverage.all.covered_host_count,
  ]
}
output "last" {
  value = [data.hss_wtp_hosts.all.hosts[449].host_id, data.hss_wtp_backup_hosts.all.backup_hosts[229].backup_host_id]
}
"#);
        sim.empty_journal();
        tf.apply().ok();
        assert_eq!(outputs(tf)["sizes"], json!([450, 450, 230, 230, 450]));
        assert_eq!(outputs(tf)["last"], json!(["web-449", "vault-229"]));
        // Three pages of servers and two of backup servers; whoever asks a moment later may need another walk.
        let (servers, vaults) = (count(sim, "ListWtpProtectHost"), count(sim, "ListBackupHostsInfo"));
        assert!(servers % 3 == 0 && servers <= 9, "{servers} pages of servers");
        assert!(vaults % 2 == 0 && vaults <= 8, "{vaults} pages of backup servers");
    });
}

/// What a data source depends on changes in the apply: it is read then, and nothing counts that was read before.
#[test]
fn what_is_not_known_yet_is_read_during_apply_and_anew() {
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |_, tf| {
        tf.write(
            "main.tf",
            &format!(
                r#"{}{}
resource "terraform_data" "id" {{
  input = "web-1"
}}
data "hss_wtp_backup_hosts" "before" {{
  depends_on = [terraform_data.id]
}}
data "hss_wtp_backup_hosts" "after" {{
  depends_on = [hss_wtp_backup_host.vault-1, data.hss_wtp_backup_hosts.before]
}}
data "hss_wtp_coverage" "after" {{
  depends_on = [hss_wtp_remote_backup.web-1]
}}
data "hss_wtp_remote_backup" "after" {{
  host_id    = terraform_data.id.output
  depends_on = [hss_wtp_remote_backup.web-1]
}}
output "it" {{
  value = {{
    status   = data.hss_wtp_backup_hosts.after.backup_hosts[*].status
    coverage = data.hss_wtp_coverage.after.coverage_percent
    addr     = data.hss_wtp_remote_backup.after.backup_addr
  }}
}}
"#,
                vault("vault-1", 18080, "  depends_on = [data.hss_wtp_backup_hosts.before]"),
                web("web-1", &to("vault-1"))
            ),
        );
        tf.plan().ok().says(&[
            "data.hss_wtp_remote_backup.after will be read during apply",
            "(config refers to values not yet known)",
            "+ host_id = (known after apply)",
            "+ coverage_percent = (known after apply)",
        ]);
        tf.apply().ok();
        assert_eq!(outputs(tf)["it"], json!({"status": ["running"], "coverage": 100, "addr": ADDR}));
        tf.plan_is_empty();
    });
}

#[test]
fn enterprise_projects_are_those_of_the_block_then_of_the_provider_then_all() {
    let copies = with(
        protected("web-1"),
        json!({"enterprise_project_id": "project-a", "remote_backup": on("vault-1", ADDR)}),
    );
    let bare = with(protected("web-2"), json!({"enterprise_project_id": "project-b"}));
    let hosts = [copies, bare, with(candidate("vault-1"), json!({"enterprise_project_id": "project-b"}))];
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let blocks = |more: &str| {
            format!(
                "data \"hss_wtp_hosts\" \"it\" {{\n{more}\n}}\ndata \"hss_wtp_coverage\" \"it\" {{\n{more}\n}}\n\
             output \"it\" {{\n  value = [length(data.hss_wtp_hosts.it.hosts), length(data.hss_wtp_coverage.it.dangling_hosts), \
             data.hss_wtp_coverage.it.healthy_host_count]\n}}\n"
            )
        };
        for (provider, more, found) in [
            ("", "", [2, 0, 1]),
            // The backup server is in another project: it is looked for there, and found.
            ("", "enterprise_project_id = \"project-a\"", [1, 0, 1]),
            ("project-b", "", [1, 0, 0]),
            ("project-b", "enterprise_project_id = \"project-a\"", [1, 0, 1]),
            ("project-b", "enterprise_project_id = \"all_granted_eps\"", [2, 0, 1]),
        ] {
            let mut tf = Workspace::against(tf.terraform(), PROVIDER.as_ref(), sim);
            if !provider.is_empty() {
                tf.set_env("HW_ENTERPRISE_PROJECT_ID", provider);
            }
            tf.write("main.tf", &blocks(more));
            tf.apply().ok();
            assert_eq!(outputs(&tf)["it"], json!(found), "{provider} {more}");
        }
    });
}

/// A region whose list leaves backup servers out: nothing is claimed that is not known.
#[test]
fn a_list_that_names_no_backup_servers_is_not_taken_for_a_fleet_without_any() {
    scenario(&fleet(), |sim, tf| {
        sim.knob("missing_backup_host_id", "on");
        let plain = "data \"hss_wtp_hosts\" \"it\" {\n  host_name = \"web-\"\n}\n\
             output \"it\" {\n  value = data.hss_wtp_hosts.it.hosts[*].remote_backup\n}\n";
        tf.write("main.tf", plain);
        tf.apply().ok().says(&["The list does not tell whether remote backup is on"]);
        assert_eq!(outputs(tf)["it"], json!([null, null, null, null, null]));
        for (block, line) in [
            ("hss_wtp_hosts\" \"it\" {\n  remote_backup = true\n}", 2),
            ("hss_wtp_hosts\" \"it\" {\n  os_type = \"Linux\"\n  backup_host_id = \"vault-up\"\n}", 3),
            ("hss_wtp_coverage\" \"it\" {}", 1),
        ] {
            tf.write("main.tf", &format!("data \"{block}\n"));
            tf.plan().fails_saying(&[
                "Error: The list does not tell whether remote backup is on",
                "hss_wtp_remote_backup",
                &format!("on main.tf line {line}"),
            ]);
        }
    });
}

/// Five calls in two seconds, and twelve servers that each take a call.
#[test]
fn quota_is_waited_for() {
    scenario(&fleet(), |sim, tf| {
        sim.knob("throttle", "5/2");
        tf.write(
            "main.tf",
            r#"
data "hss_wtp_remote_backup" "each" {
  for_each = toset(["web-1", "web-2", "web-3", "web-4", "web-5"])
  host_id  = each.key
}
data "hss_wtp_remote_backup" "again" {
  for_each = toset(["web-1", "web-2", "web-3", "web-4", "web-5"])
  host_id  = each.key
}
data "hss_wtp_statistics" "it" {}
output "it" {
  value = sum([for it in data.hss_wtp_remote_backup.each : it.remote_backup ? 1 : 0])
}
"#,
        );
        tf.apply().ok();
        assert_eq!(outputs(tf)["it"], 5);
        assert!(sim.journal().iter().any(|call| call["status"] == 429), "it was throttled");
    });
}

#[test]
fn what_cannot_be_filtered_by_is_refused_before_anything_is_asked() {
    scenario(&fleet(), |sim, tf| {
        tf.write("main.tf", "data \"hss_wtp_hosts\" \"it\" {\n  protect_status = \"closed\"\n}\n");
        tf.run(&["validate", "-no-color"]).fails_saying(&[
            "Invalid protect_status",
            "on main.tf line 2, in data \"hss_wtp_hosts\" \"it\"",
            "HSS can filter for `opened` only",
        ]);
        tf.write("main.tf", "data \"hss_wtp_statistics\" \"it\" {\n  region = \"cn-east-3\"\n}\n");
        tf.plan().fails_saying(&["This region cannot be used here", "on main.tf line 2"]);
        assert!(sim.journal().is_empty());
    });
}
