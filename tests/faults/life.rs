//! The life of one world: made, changed and destroyed under attack, set right after each, and judged.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};

use crate::{
    PROVIDER, SIMULATOR,
    attack::{Attack, Dice, Family, Strike},
    harness::{PROJECT_ID, REGION, Simulator, Workspace, provider_block},
    judge::{self, Finding, State, Verdict},
    strike::{Ended, Running},
    town::Town,
};
use terraform_provider_hss::hss::address;

/// What happened to one command under attack.
pub(crate) struct Chapter {
    pub(crate) family: Family,
    /// Faults that HSS met the provider with, by kind, strikes included.
    pub(crate) injected: BTreeMap<String, u64>,
    /// The command succeeded all the same.
    pub(crate) survived: bool,
    pub(crate) verdict: Verdict,
    /// What was seen, for whoever wants to know more.
    pub(crate) notes: String,
}

/// What happened under one seed.
pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) chapters: Vec<Chapter>,
}

impl Story {
    /// Nothing, unless something is wrong or everything is wanted.
    pub(crate) fn text(&self, verbose: bool) -> String {
        let mut text = String::new();
        for (phase, chapter) in self.chapters.iter().enumerate() {
            let phase = ["make", "change", "destroy"][phase];
            if let Err((finding, evidence)) = &chapter.verdict {
                text += &format!(
                    "seed {} {phase}, {}: {}: {evidence}\n",
                    self.seed,
                    chapter.family.name(),
                    finding.name()
                );
            }
            if verbose || chapter.verdict.is_err() {
                text += &format!(
                    "seed {} {phase}, {}: {} {:?}\n{}\n",
                    self.seed,
                    chapter.family.name(),
                    if chapter.survived { "survived" } else { "told" },
                    chapter.injected,
                    chapter.notes
                );
            }
        }
        text
    }
}

/// What comes after the plan, which is the same each time.
fn tail(text: &str) -> &str {
    text.find("\nPlan: ").map_or(text, |at| &text[at..])
}

/// One world with its Terraform.
pub(crate) struct Life {
    seed: u64,
    sim: Simulator,
    tf: Workspace,
    original: Json,
    verbose: bool,
    with_token: bool,
}

impl Life {
    pub(crate) fn new(seed: u64, terraform: &Path, verbose: bool) -> Self {
        let attacks: Vec<Family> = (0..3).map(|phase| Attack::of(seed, phase).family).collect();
        let world = Town::servers(attacks.contains(&Family::RestlessLists));
        let sim = Simulator::with_world(Path::new(SIMULATOR), &world);
        let tf = Workspace::against(terraform, Path::new(PROVIDER), &sim);
        let original = sim.world();
        let life =
            Self { seed, sim, tf, original, verbose, with_token: attacks.contains(&Family::ExpiredTokens) };
        life.log_in();
        life
    }

    /// Tokens end with their attack, so a new one is written into the provider block.
    fn log_in(&self) {
        let block = if self.with_token { self.token_block() } else { provider_block(&self.sim.url) };
        self.tf.write("provider.tf", &block);
    }

    fn token_block(&self) -> String {
        let (url, token) = (&self.sim.url, self.sim.log_in());
        format!(
            "terraform {{\n  required_providers {{\n    hss = {{ source = \"{}\" }}\n  }}\n}}\n\
             provider \"hss\" {{\n  region = \"{REGION}\"\n  token = \"{token}\"\n  project_id = \"{PROJECT_ID}\"\n  \
             auth_url = \"{url}/v3\"\n  endpoints = {{ hss = \"{url}\" }}\n}}\n",
            address::SOURCE
        )
    }

    fn state_file(&self) -> PathBuf {
        self.tf.path().join("terraform.tfstate")
    }

    fn state(&self) -> Result<State, (Finding, String)> {
        State::read(&self.state_file()).ok_or((Finding::Lost, "the state file cannot be read".to_owned()))
    }

    /// Plays all three phases; after the first that goes wrong nothing more is to be learned.
    pub(crate) fn play(self) -> Story {
        let mut story = Story { seed: self.seed, chapters: Vec::new() };
        let mut dice = Dice::new(self.seed);
        let first = Town::first(&mut dice);
        let changed = first.changed(&mut dice);
        for (phase, town) in [(0, &first), (1, &changed), (2, &changed)] {
            let chapter = self.chapter(phase, town);
            let wrong = chapter.verdict.is_err();
            story.chapters.push(chapter);
            if wrong {
                break;
            }
        }
        story
    }

    fn chapter(&self, phase: u64, town: &Town) -> Chapter {
        let attack = Attack::of(self.seed, phase);
        self.tf.write("main.tf", &town.configuration());
        self.sim.empty_journal();
        let knobs: serde_json::Map<_, _> =
            attack.knobs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.sim.control("PATCH", "knobs", Some(&Json::Object(knobs)));

        let before = fs::read(self.state_file()).ok();
        let destroys = phase == 2;
        let (ended, struck) = self.attacked(&attack, if destroys { "destroy" } else { "apply" });
        let mut injected = self.injected();
        let no_space = attack.file_blocks.is_some() && ended.code != Some(0);
        if struck || no_space {
            *injected.entry("strike".to_owned()).or_default() += 1;
        }
        let shaped =
            matches!(attack.family, Family::OddShapes | Family::RestlessLists | Family::LaggingLists)
                || attack.family == Family::FailedStarts;
        if shaped {
            // Every answer is odd, so calls are counted.
            injected.insert("odd answers".to_owned(), self.sim.journal().len() as u64);
        }
        let mut notes = if self.verbose { ended.text.clone() } else { String::new() };
        let mut verdict = self.first_verdict(&attack, town, destroys, &ended, before.as_deref());
        if verdict.is_ok() {
            self.calm();
            verdict = self.set_right(town, destroys, &mut notes);
        }
        if verdict.is_err() && !self.verbose {
            notes = format!("--- attacked with {attack:?}\n{}", tail(&ended.text));
        }
        Chapter { family: attack.family, injected, survived: ended.code == Some(0), verdict, notes }
    }

    fn command(&self, verb: &str, attack: Option<&Attack>) -> Command {
        let parallelism = format!("-parallelism={}", attack.map_or(10, |attack| attack.parallelism));
        let arguments = [verb, "-no-color", "-input=false", "-auto-approve", &parallelism];
        let Some(blocks) = attack.and_then(|attack| attack.file_blocks) else {
            return self.tf.command(&arguments);
        };
        // No file may grow beyond the limit, as if there were no space left; Terraform ignores the signal for it.
        let plain = self.tf.command(&arguments);
        let mut command = Command::new("sh");
        command.current_dir(self.tf.path()).arg("-c").arg(format!("ulimit -f {blocks}; exec \"$0\" \"$@\""));
        command.arg(plain.get_program()).args(plain.get_args()).stdin(std::process::Stdio::null());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Runs the command, and strikes when its moment has come. Whether it came is told too.
    fn attacked(&self, attack: &Attack, verb: &str) -> (Ended, bool) {
        let mut running = Running::start(self.command(verb, Some(attack)));
        let mut struck = false;
        while attack.strike != Strike::None && !running.is_over() && !running.is_late() {
            if self.sim.journal().len() >= attack.at_call {
                struck = self.strike(&attack.strike, &mut running);
                break;
            }
            thread::sleep(Duration::from_millis(8));
        }
        (running.end(), struck)
    }

    fn strike(&self, strike: &Strike, running: &mut Running) -> bool {
        let gone = |path: String| {
            let known = self.sim.world();
            let (list, id) = path.split_once('/').unwrap();
            let (list, name) =
                if list == "hosts" { ("hosts", "host_id") } else { ("backup_hosts", "backup_host_id") };
            let there = known[list].as_array().unwrap().iter().any(|row| row[name] == id);
            if there {
                self.sim.control("DELETE", &path, None);
            }
            there
        };
        match strike {
            Strike::None => false,
            Strike::KillProvider => running.kill_plugins() > 0,
            Strike::Interrupt { times } => {
                running.note_plugins();
                running.interrupt();
                for _ in 1..*times {
                    thread::sleep(Duration::from_millis(120));
                    if running.is_over() {
                        break;
                    }
                    running.interrupt();
                }
                true
            }
            Strike::LoseServer(which) => gone(format!("hosts/web-{}", 1 + which % 7)),
            Strike::LoseVault(which) => gone(format!("backup-hosts/vault-{}", 1 + which % 2)),
            Strike::EndTokens => {
                self.sim.control("POST", "revoke", None);
                true
            }
        }
    }

    /// Faults of the journal by kind.
    fn injected(&self) -> BTreeMap<String, u64> {
        let mut kinds = BTreeMap::new();
        for row in self.sim.journal() {
            if let Some(kind) = row["fault"].as_str() {
                *kinds.entry(kind.to_owned()).or_default() += 1;
            }
        }
        kinds
    }

    /// Right after the attack: what is there is known, what was said to be done is done.
    fn first_verdict(
        &self,
        attack: &Attack,
        town: &Town,
        destroys: bool,
        ended: &Ended,
        before: Option<&[u8]>,
    ) -> Verdict {
        if ended.hung {
            return Err((Finding::Hung, "it had to be ended by force".to_owned()));
        }
        judge::no_bug_is_shown(&ended.text)?;
        if attack.file_blocks.is_some() && ended.code != Some(0) {
            self.recover_state(&ended.text, before);
        }
        if ended.code.is_none() {
            return Err((Finding::Bug, "it was ended by a signal".to_owned()));
        }
        let world = self.sim.world();
        if attack.family.is_violent() && ended.code != Some(0) {
            return Ok(());
        }
        judge::nothing_is_orphaned(&world, &self.state()?)?;
        let outside = matches!(attack.strike, Strike::LoseServer(_) | Strike::LoseVault(_));
        if ended.code == Some(0) && !outside {
            let wanted = if destroys { Town::default() } else { town.clone() };
            judge::world_is_as_wanted(&world, &wanted)
                .map_err(|(finding, evidence)| (finding, format!("a success was told, but {evidence}")))?;
        }
        Ok(())
    }

    /// What a user does who reads that the state could not be saved: put what Terraform printed in its place, or else
    /// what was there before.
    fn recover_state(&self, output: &str, before: Option<&[u8]>) {
        let saved = fs::read_to_string(self.tf.path().join("errored.tfstate")).ok();
        let printed = output.find("\n{\n  \"version\"").map(|at| output[at..].trim_start().to_owned());
        let whole = |text: &String| {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<Json>();
            matches!(values.next(), Some(Ok(_)))
        };
        let first = |text: String| {
            let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Json>();
            values.next().and_then(Result::ok).map(|value| value.to_string())
        };
        let _ = fs::remove_file(self.tf.path().join("errored.tfstate"));
        match saved.filter(whole).or(printed.filter(whole)).and_then(first) {
            Some(text) => fs::write(self.state_file(), text).unwrap(),
            None if State::read(&self.state_file()).is_some() => {}
            None => match before {
                Some(bytes) => fs::write(self.state_file(), bytes).unwrap(),
                None => fs::remove_file(self.state_file()).unwrap(),
            },
        }
    }

    /// The trouble ends: knobs back, servers back and able to start.
    fn calm(&self) {
        let knobs = self.sim.control("GET", "knobs", None);
        let defaults: serde_json::Map<_, _> =
            knobs.as_object().unwrap().keys().map(|name| (name.clone(), Json::Null)).collect();
        self.sim.control("PATCH", "knobs", Some(&Json::Object(defaults)));
        self.sim.knob("start_sequence", "straight");
        let world = self.sim.world();
        for host in self.original["hosts"].as_array().unwrap() {
            let id = host["host_id"].as_str().unwrap();
            if !world["hosts"].as_array().unwrap().iter().any(|row| row["host_id"] == id) {
                self.sim.control("PUT", &format!("hosts/{id}"), Some(host));
            }
        }
        for vault in world["backup_hosts"].as_array().unwrap() {
            if vault["backup_host_status"] != 1 {
                let id = vault["backup_host_id"].as_str().unwrap();
                self.sim.patch_backup_host(id, &json!({"backup_host_status": 1}));
            }
        }
        self.log_in();
        let _ = fs::remove_file(self.tf.path().join(".terraform.tfstate.lock.info"));
    }

    /// One more apply arrives, the plan after it is empty, and after the last phase a destroy leaves nothing.
    fn set_right(&self, town: &Town, destroys: bool, notes: &mut String) -> Verdict {
        let stuck = |what: &str, text: &str| Err((Finding::Stuck, format!("{what}:\n{text}")));
        let ran = self.tf.apply();
        *notes += &format!("--- set right\n{}{}", ran.stdout, ran.stderr);
        if ran.code != Some(0) {
            return stuck("one more apply failed", &ran.stderr);
        }
        judge::world_is_as_wanted(&self.sim.world(), town)?;
        judge::state_is_as_wanted(&self.sim.world(), &self.state()?, town)?;
        let plan = self.tf.run(&["plan", "-no-color", "-input=false", "-detailed-exitcode"]);
        if plan.code != Some(0) {
            return stuck("the plan is not empty", &format!("{}{}", plan.stdout, plan.stderr));
        }
        if !destroys {
            return Ok(());
        }
        let ran = self.tf.destroy();
        if ran.code != Some(0) {
            return stuck("the last destroy failed", &ran.stderr);
        }
        judge::world_is_as_wanted(&self.sim.world(), &Town::default())?;
        judge::state_is_as_wanted(&self.sim.world(), &self.state()?, &Town::default())
    }
}
