//! How to point a host at a process that is already running, for work under a debugger.

use serde_json::json;

use super::{Plugin, listen::Address};

/// What is printed for the user: the assignment in the words of the usual shells.
pub fn reattach_text(plugin: &Plugin, address: &Address, process: u32) -> String {
    let value = reattach_value(plugin, address, process);
    let Plugin { name, version, reattach_variable: variable, .. } = plugin;
    let bash = value.replace('\'', r"'\''");
    let fish = value.replace('\\', r"\\").replace('\'', r"\'");
    let power_shell = value.replace('\'', "''");
    format!(
        "{name} {version} is waiting; end it with Ctrl-C. To make commands in another terminal use this process:\n\
         \n\
         bash, zsh\n  \
           export {variable}='{bash}'\n\
         fish\n  \
           set -gx {variable} '{fish}'\n\
         PowerShell\n  \
           $env:{variable} = '{power_shell}'\n"
    )
}

/// The variable's value: JSON, by plugin address.
fn reattach_value(plugin: &Plugin, address: &Address, process: u32) -> String {
    // `Test` tells the host that the process is not its own; with version 6 anything else makes some hosts crash.
    json!({
        plugin.address: {
            "Protocol": "grpc",
            "ProtocolVersion": plugin.protocol,
            "Pid": process,
            "Test": true,
            "Addr": { "Network": address.network, "String": address.text },
        }
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: Plugin = Plugin {
        cookie_name: "",
        cookie_value: "",
        protocol: 6,
        reattach_variable: "REATTACH",
        address: "example.org/a/b",
        name: "plugin",
        version: "1.2.3",
        manual_start_text: "",
    };

    #[test]
    fn the_value_is_what_hosts_read() {
        let address = Address { network: "unix", text: "/t/s".into() };
        let value: serde_json::Value = serde_json::from_str(&reattach_value(&PLUGIN, &address, 42)).unwrap();
        let expected = json!({"example.org/a/b": {
            "Protocol": "grpc", "ProtocolVersion": 6, "Pid": 42, "Test": true,
            "Addr": {"Network": "unix", "String": "/t/s"},
        }});
        assert_eq!(value, expected);
    }

    #[test]
    fn each_shell_gets_its_own_quoting() {
        let address = Address { network: "unix", text: r"/it's/a\b".into() };
        let text = reattach_text(&PLUGIN, &address, 42);
        // JSON doubles the backslash first.
        assert!(text.contains(r#"export REATTACH='{"#) && text.contains(r"/it'\''s/a\\b"), "{text}");
        assert!(text.contains(r#"set -gx REATTACH '{"#) && text.contains(r"/it\'s/a\\\\b"), "{text}");
        assert!(text.contains(r#"$env:REATTACH = '{"#) && text.contains(r"/it''s/a\\b"), "{text}");
    }
}
