//! `insecure` is told each time, for nobody sees by anything else that certificates go unchecked.

use crate::stage::*;

#[test]
fn insecure_warns_in_each_plan_and_apply() {
    scenario(&world(&[candidate("vault-1")], &[]), |sim, tf| {
        const WARNING: &str = "TLS certificates are not verified";
        let block = provider_block(&sim.url);
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        tf.plan().ok().lacks(&[WARNING]);
        tf.write("provider.tf", &block.replace("  region     =", "  insecure   = true\n  region     ="));
        for _ in 0..2 {
            tf.plan().ok().says(&[WARNING, "provider.tf line"]);
            tf.apply().ok().says(&[WARNING]);
        }
        tf.write("provider.tf", &block);
        tf.set_env("HW_INSECURE", "true");
        tf.plan().ok().says(&[WARNING]);
    });
}
