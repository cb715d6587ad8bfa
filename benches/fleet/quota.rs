//! What a quota costs beyond what it dictates: five calls of each operation in two seconds.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{PROVIDER, Report, SIMULATOR};
use crate::harness::{self, Simulator, Workspace};

const HOSTS: usize = 60;
const CALLS: usize = 5;
const WINDOW: Duration = Duration::from_secs(2);

fn configuration(from: usize, count: usize) -> String {
    format!(
        r#"
resource "hss_wtp_remote_backup" "all" {{
  count          = {count}
  host_id        = "web-${{count.index + {from}}}"
  backup_host_id = "vault-0"
  timeouts       = {{ create = "10s", update = "10s", delete = "10s" }}
}}
"#
    )
}

fn simulator() -> Simulator {
    let mut hosts: Vec<_> = (0..HOSTS).map(|n| harness::protected(&format!("web-{n}"))).collect();
    hosts.push(harness::candidate("vault-0"));
    let world = harness::world(&hosts, &[harness::registered("vault-0", 18080)]);
    let simulator = Simulator::with_world(Path::new(SIMULATOR), &world);
    simulator.knob("throttle", format!("{CALLS}/{}", WINDOW.as_secs()));
    simulator
}

pub(crate) fn measure(terraform: &Path, report: &mut Report) {
    let dictated = WINDOW * u32::try_from(HOSTS / CALLS - 1).unwrap();
    report.line("");
    report.line(&format!(
        "{HOSTS} servers, {CALLS} calls in {} s for each operation, `timeouts` of 10 s. The quota dictates {:.0} s.",
        WINDOW.as_secs(),
        dictated.as_secs_f64()
    ));
    report.line("");
    report.line("| what | time | of what the quota dictates | calls | refused |");
    report.line("|---|---|---|---|---|");
    let mut row = |what: &str, took: Duration, simulator: &Simulator| {
        let journal = simulator.journal();
        let refused = journal.iter().filter(|call| call["status"] == 429).count();
        let ratio = took.as_secs_f64() / dictated.as_secs_f64();
        let ratio = if what.starts_with("plan") { "–".to_owned() } else { format!("{ratio:.2}") };
        report.line(&format!(
            "| {what} | {:.1} s | {ratio} | {} | {refused} |",
            took.as_secs_f64(),
            journal.len()
        ));
        simulator.empty_journal();
    };
    let one = simulator();
    let workspace = Workspace::against(terraform, Path::new(PROVIDER), &one);
    workspace.write("main.tf", &configuration(0, HOSTS));
    let timed = |run: &dyn Fn() -> harness::Ran| {
        let began = Instant::now();
        run().ok();
        began.elapsed()
    };
    row("apply", timed(&|| workspace.apply()), &one);
    row("plan, nothing to do", timed(&|| workspace.plan()), &one);
    row("destroy", timed(&|| workspace.destroy()), &one);

    let two = simulator();
    let halves = [0, HOSTS / 2].map(|from| {
        let workspace = Workspace::against(terraform, Path::new(PROVIDER), &two);
        workspace.write("main.tf", &configuration(from, HOSTS / 2));
        workspace
    });
    let began = Instant::now();
    thread::scope(|scope| {
        for workspace in &halves {
            scope.spawn(|| workspace.apply().ok());
        }
    });
    row("two applies at once, half each", began.elapsed(), &two);
}
