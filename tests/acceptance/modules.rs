//! A module that uses the provider, tested as its users would: `terraform test` against a simulator.

use std::{fs, path::Path};

use crate::stage::*;
use serde_json::json;

const FLEET: &str = "examples/modules/fleet";
/// Where the module's own tests expect the simulator.
const EXPECTED: &str = "http://127.0.0.1:8099";

/// Copies the module into the workspace, its tests with the address at which this simulator listens.
fn copy(tf: &Workspace, sim: &Simulator) {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join(FLEET);
    for folder in ["", "tests"] {
        for entry in fs::read_dir(module.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.ends_with(".tf") || name.ends_with(".hcl") {
                let text = fs::read_to_string(&path).unwrap().replace(EXPECTED, &sim.url);
                tf.write(&Path::new(folder).join(name).to_string_lossy(), &text);
            }
        }
    }
}

/// Plays with a simulator as users start it, with its built-in account. The provider's block is in the tests.
fn with_the_built_in_account(play: impl FnOnce(&Simulator, &mut Workspace)) {
    if !needs(Feature::TestCommand) {
        return;
    }
    scenario(&world(&[], &[]), |sim, tf| {
        sim.control("PUT", "world", Some(&built_in()));
        tf.remove("provider.tf");
        play(sim, tf);
    });
}

fn built_in() -> serde_json::Value {
    let printed = std::process::Command::new(SIMULATOR).arg("--print-world").output().unwrap();
    serde_json::from_slice(&printed.stdout).unwrap()
}

#[test]
fn the_tests_of_the_fleet_pass_and_leave_nothing() {
    with_the_built_in_account(|sim, tf| {
        copy(tf, sim);
        let before = sim.world();
        let ran = tf.run(&["test", "-no-color"]).ok().says(&["12 passed, 0 failed"]);
        let ran = ran.lacks(&["nothing was undone", "left over"]);
        let writes = sim.writes();
        assert!(writes.iter().any(|write| write == "DeleteBackupHostInfo"), "{writes:?}\n{}", ran.stdout);
        assert_eq!(sim.world(), before, "what a test made, it has destroyed");
    });
}

/// The tests of the fleet can fail: with the rules taken out of the module, they do.
#[test]
fn the_tests_of_the_fleet_notice_what_they_are_for() {
    with_the_built_in_account(|sim, tf| {
        copy(tf, sim);
        let main = fs::read_to_string(tf.path().join("main.tf")).unwrap();
        assert!(main.contains("each.value.port"));
        tf.write("main.tf", &main.replace("each.value.port", "18080"));
        tf.run(&["test", "-no-color"]).fails_saying(&[
            "another_port_reaches_every_server\"... fail",
            "several_backup_servers\"... fail",
        ]);
        let left = sim.world()["backup_hosts"].clone();
        assert_eq!(left, json!([]), "what was made before the failure is destroyed all the same");
    });
}

/// Newer releases keep one provider for the apply of a test and the destroy after it, without a plan that reads
/// between the two; and for all runs of a file.
#[test]
fn one_provider_that_makes_and_destroys_the_same_objects() {
    with_the_built_in_account(|sim, tf| {
        let provider = provider_block(&sim.url)
            .replace(ACCESS_KEY, "HSSIMACCESSKEY000001")
            .replace(SECRET_KEY, "hssim-secret-key-for-tests-only-00000001");
        tf.write("provider.tf", &provider);
        let web = |name: &str| {
            web("5e000000-0000-4000-8000-000000000001", &following("vault"))
                .replace("\"5e000000-0000-4000-8000-000000000001\" {", &format!("\"{name}\" {{"))
        };
        let vault = |more: &str| {
            vault("5e000000-0000-4000-8000-000000000010", 18080, more)
                .replace("\"5e000000-0000-4000-8000-000000000010\" {", "\"vault\" {")
        };
        let before = sim.world();
        tf.write("main.tf", &format!("{}{}", vault(""), web("web")));
        tf.write("tests/one.tftest.hcl", "run \"one\" {}\n");
        tf.run(&["test", "-no-color"]).ok().says(&["1 passed, 0 failed"]).lacks(&["nothing was undone"]);
        assert_eq!(sim.world(), before);

        // A second run replaces what the first has made, the new object first: the same server, and not another one.
        let lasting = vault("  lifecycle { create_before_destroy = true }");
        tf.write("main.tf", &format!("{lasting}{}", web("web")));
        let replace = "plan_options {\n    replace = [hss_wtp_backup_host.vault]\n  }";
        tf.write("tests/one.tftest.hcl", &format!("run \"one\" {{}}\nrun \"other\" {{\n  {replace}\n}}\n"));
        let ran = tf.run(&["test", "-no-color"]).ok().says(&["2 passed, 0 failed"]);
        assert_eq!(ran.text().matches("nothing was undone").count(), 1, "the replaced object alone");
        assert_eq!(sim.world(), before);
    });
}
