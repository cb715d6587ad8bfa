//! The functions in configurations.

use crate::stage::*;
use serde_json::json;

fn outputs(tf: &Workspace) -> serde_json::Value {
    let printed: serde_json::Value = serde_json::from_str(&tf.run(&["output", "-json"]).ok().stdout).unwrap();
    let values = printed.as_object().unwrap().iter();
    values
        .map(|(name, output)| (name.clone(), output["value"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn addresses_and_import_ids_are_put_together_and_taken_apart() {
    if !needs(Feature::Functions) {
        return;
    }
    scenario(&world(&[protected("web-1"), candidate("vault-1")], &[]), |sim, tf| {
        tf.write(
            "main.tf",
            &format!(
                r#"{}
resource "hss_wtp_remote_backup" "web" {{
  host_id        = provider::hss::parse_import_id("0/web-1").host_id
  backup_host_id = hss_wtp_backup_host.vault-1.host_id
  backup_addr    = provider::hss::backup_addr(hss_wtp_backup_host.vault-1.backup_host_ip, 18080)
}}
output "parts" {{
  value = provider::hss::parse_backup_addr(hss_wtp_remote_backup.web.backup_addr)
}}
output "ids" {{
  value = [for id in ["web-1", "8f3a/web-1"] : provider::hss::parse_import_id(id)]
}}
output "text" {{
  value = provider::hss::backup_addr("10.0.0.1", "443")
}}
"#,
                vault("vault-1", 18080, "")
            ),
        );
        tf.apply().ok();
        assert_eq!(sim.remote_backup("web-1"), on("vault-1", ADDR));
        assert_eq!(
            outputs(tf),
            json!({
                "parts": { "ip": "172.16.8.20", "port": 18080 },
                "ids": [
                    { "enterprise_project_id": null, "host_id": "web-1" },
                    { "enterprise_project_id": "8f3a", "host_id": "web-1" },
                ],
                "text": "10.0.0.1:443",
            })
        );
        tf.plan_is_empty();
    });
}

/// A function works in a process that was never configured, so mistakes show when the configuration is validated.
#[test]
fn a_wrong_argument_is_blamed_by_its_name() {
    if !needs(Feature::Functions) {
        return;
    }
    for (call, parameter, why) in [
        ("backup_addr(\"10.0.0\", 80)", "ip", "\"10.0.0\" is not an IPv4 address such as 192.168.0.20"),
        (
            "backup_addr(\"10.0.0.1\", 80.5)",
            "port",
            "80.5 is not a port. Use a whole number from 1 to 65535.",
        ),
        ("backup_addr(\"10.0.0.1\", 0)", "port", "0 is not a port."),
        ("parse_backup_addr(\"10.0.0.1\")", "addr", "\"10.0.0.1\" has no port."),
        ("parse_import_id(\"a/b/c\")", "id", "An import id has one part, or two with a slash between them."),
        ("parse_import_id(\"all_granted_eps/h\")", "id", "stands for every enterprise project"),
        ("parse_import_id(null)", "id", "argument must not be null"),
    ] {
        scenario(&world(&[], &[]), |_, tf| {
            tf.write("main.tf", &format!("output \"it\" {{\n  value = provider::hss::{call}\n}}\n"));
            let said = tf.run(&["validate", "-no-color"]);
            said.fails_saying(&[&format!("Invalid value for \"{parameter}\" parameter"), why]);
        });
    }
}
