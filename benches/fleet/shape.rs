//! One configuration of ours, and the same in builtin resources.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

use super::{PROVIDER, Report, SIMULATOR, median, memory::Peak, millis, plot::Point};
use crate::harness::{self, Simulator, Workspace};

/// Backup servers in a large shape; the rest are protected servers that point to them.
const VAULTS: usize = 20;

/// As many resources three times over: ours, builtin ones with the same arguments, and builtin ones whose input has as
/// many attributes as ours have.
pub(crate) struct Shape {
    count: usize,
    vaults: usize,
    ours: Workspace,
    floor: Workspace,
    wide: Workspace,
    simulator: Simulator,
}

impl Shape {
    pub(crate) fn new(terraform: &Path, count: usize) -> Self {
        let vaults = if count == 1 { 0 } else { VAULTS };
        let mut hosts: Vec<Json> = (0..vaults).map(|n| harness::candidate(&format!("vault-{n}"))).collect();
        hosts.extend((0..count - vaults).map(|n| harness::protected(&format!("web-{n}"))));
        let listed: Vec<Json> =
            if vaults == 0 { vec![harness::registered("vault-0", 18080)] } else { Vec::new() };
        let simulator = Simulator::with_world(Path::new(SIMULATOR), &harness::world(&hosts, &listed));
        simulator.knob("start_sequence", "straight");
        let ours = Workspace::against(terraform, Path::new(PROVIDER), &simulator);
        let [floor, wide] = [(); 2].map(|()| Workspace::new(terraform, Path::new(PROVIDER)));
        let shape = Self { count, vaults, ours, floor, wide, simulator };
        shape.ours.write("main.tf", &shape.configuration(Kind::Ours));
        shape.floor.write("main.tf", &shape.configuration(Kind::Floor));
        shape.wide.write("main.tf", &shape.configuration(Kind::Wide));
        shape
    }

    fn configuration(&self, kind: Kind) -> String {
        let mut text = String::new();
        for n in 0..self.vaults {
            text.push_str(&kind.vault(n));
        }
        for n in 0..self.count - self.vaults {
            text.push_str(&kind.web(n, self.vaults));
        }
        text
    }

    /// Writes states as an apply would have left them, from those of a small apply.
    pub(crate) fn pretend_applied(&self) {
        let small = Self::new_small(self);
        for (workspace, little) in
            [(&self.ours, &small.ours), (&self.floor, &small.floor), (&self.wide, &small.wide)]
        {
            little.apply().ok();
            let text = std::fs::read_to_string(little.path().join("terraform.tfstate")).unwrap();
            let mut state: Json = serde_json::from_str(&text).unwrap();
            let resources = state["resources"].as_array_mut().unwrap();
            let first = resources.iter().position(|one| one["name"] == "w0").unwrap();
            let pattern = resources.remove(first).to_string();
            for n in 0..self.count - self.vaults {
                let v = n % self.vaults;
                let copy = pattern
                    .replace("\"w0\"", &format!("\"w{n}\""))
                    .replace("web-0", &format!("web-{n}"))
                    .replace("vault-0\"", &format!("vault-{v}\""))
                    .replace(".v0\"", &format!(".v{v}\""))
                    .replace("172.16.8.1:", &format!("172.16.8.{}:", v + 1));
                resources.push(serde_json::from_str(&copy).unwrap());
            }
            workspace.write("terraform.tfstate", &state.to_string());
        }
        let mut world = self.simulator.world();
        world["backup_hosts"] = small.simulator.world()["backup_hosts"].clone();
        let mut n = 0;
        for host in world["hosts"].as_array_mut().unwrap() {
            if host["host_id"].as_str().unwrap().starts_with("web-") {
                let v = n % self.vaults;
                host["remote_backup"] = json!({"backup_host_id": format!("vault-{v}"), "backup_addr": format!("172.16.8.{}:18080", v + 1)});
                n += 1;
            }
        }
        self.simulator.control("PUT", "world", Some(&world));
    }

    fn new_small(&self) -> Self {
        Self::new(self.ours.terraform(), VAULTS + 1)
    }

    /// All three in turn, so that whatever else the machine does falls on all.
    pub(crate) fn row(&self, what: &str, arguments: &[&str], rounds: usize, report: &mut Report) {
        let mut arguments = arguments.to_vec();
        arguments.extend(["-no-color", "-input=false"]);
        let run = |workspace: &Workspace| {
            let began = Instant::now();
            workspace.run(&arguments).ok();
            began.elapsed()
        };
        if rounds > 1 {
            let _warm = [&self.ours, &self.floor, &self.wide].map(run);
        }
        let mut times: [Vec<Duration>; 3] = Default::default();
        let (mut calls, mut peak) = (0, 0);
        for _ in 0..rounds {
            self.simulator.empty_journal();
            let watched = Peak::of(Path::new(PROVIDER));
            times[0].push(run(&self.ours));
            peak = watched.kibibytes().max(peak);
            calls = self.simulator.journal().len();
            times[1].push(run(&self.floor));
            times[2].push(run(&self.wide));
        }
        let [ours, floor, wide] = times.map(median);
        let ratio = |other: Duration| ours.as_secs_f64() / other.as_secs_f64();
        report.line(&format!(
            "| {} | {what} | {:.0} ms | {:.0} ms | {:.2} | {:.0} ms | {:.2} | {calls} | {} |",
            self.count,
            millis(ours),
            millis(floor),
            ratio(floor),
            millis(wide),
            ratio(wide),
            if peak == 0 { "–".to_owned() } else { format!("{peak} KiB") },
        ));
        if what == "plan, nothing to do" && self.count > 1 {
            let count = f64::from(u32::try_from(self.count).unwrap());
            report.points.push(Point { count, ours: ours.as_secs_f64(), floor: floor.as_secs_f64() });
        }
    }
}

/// What the wide floor holds besides the arguments, so that its input has as many attributes as our resources.
const WIDE_VAULT: &str = ", enterprise_project_id = null, region = \"cn-north-4\", wait_for_running = true, overwrite_existing = false, \
     timeouts = { create = null, update = null, delete = null }, id = \"vault\", backup_host_name = \"vault\", \
     backup_host_status = 1, status = \"running\"";
const WIDE_WEB: &str = ", remote_backup = true, enterprise_project_id = null, region = \"cn-north-4\", overwrite_existing = false, \
     wait_for_agent = null, timeouts = { create = null, update = null, delete = null }, id = \"web\", backup_host_name = \"vault\"";

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ours,
    Floor,
    Wide,
}

impl Kind {
    fn vault(self, n: usize) -> String {
        let ip = format!("172.16.8.{}", n + 1);
        match self {
            Kind::Ours => format!(
                "resource \"hss_wtp_backup_host\" \"v{n}\" {{\n  host_id = \"vault-{n}\"\n  backup_host_ip = \"{ip}\"\n  backup_host_port = 18080\n  backup_dir = \"/data/wtp-copies\"\n}}\n"
            ),
            Kind::Floor | Kind::Wide => format!(
                "resource \"terraform_data\" \"v{n}\" {{\n  input = {{ host_id = \"vault-{n}\", backup_host_ip = \"{ip}\", backup_host_port = 18080, backup_dir = \"/data/wtp-copies\", backup_addr = \"{ip}:18080\"{} }}\n}}\n",
                if self == Kind::Wide { WIDE_VAULT } else { "" }
            ),
        }
    }

    fn web(self, n: usize, vaults: usize) -> String {
        if vaults == 0 {
            return match self {
                Kind::Ours => format!(
                    "resource \"hss_wtp_remote_backup\" \"w{n}\" {{\n  host_id = \"web-{n}\"\n  backup_host_id = \"vault-0\"\n  backup_addr = \"172.16.8.20:18080\"\n}}\n"
                ),
                Kind::Floor | Kind::Wide => format!(
                    "resource \"terraform_data\" \"w{n}\" {{\n  input = {{ host_id = \"web-{n}\", backup_host_id = \"vault-0\", backup_addr = \"172.16.8.20:18080\"{} }}\n}}\n",
                    if self == Kind::Wide { WIDE_WEB } else { "" }
                ),
            };
        }
        let v = n % vaults;
        match self {
            Kind::Ours => format!(
                "resource \"hss_wtp_remote_backup\" \"w{n}\" {{\n  host_id = \"web-{n}\"\n  backup_host_id = hss_wtp_backup_host.v{v}.host_id\n  backup_addr = hss_wtp_backup_host.v{v}.backup_addr\n}}\n"
            ),
            Kind::Floor | Kind::Wide => format!(
                "resource \"terraform_data\" \"w{n}\" {{\n  input = {{ host_id = \"web-{n}\", backup_host_id = terraform_data.v{v}.input.host_id, backup_addr = terraform_data.v{v}.input.backup_addr{} }}\n}}\n",
                if self == Kind::Wide { WIDE_WEB } else { "" }
            ),
        }
    }
}
