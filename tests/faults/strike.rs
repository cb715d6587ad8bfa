//! Blows against processes: running a command that is killed, interrupted or short of space while it runs.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// No command takes longer, however many of its calls fail.
pub(crate) const LIMIT: Duration = Duration::from_secs(150);

/// A command under way, in a process group of its own.
pub(crate) struct Running {
    child: Child,
    begun: Instant,
    stdout: thread::JoinHandle<String>,
    stderr: thread::JoinHandle<String>,
    /// Provider processes it was seen to start.
    pub(crate) plugins: Vec<i32>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    pub(crate) hung: bool,
}

fn drain(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        use std::os::unix::process::CommandExt;
        let command = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = drain(child.stdout.take().unwrap());
        let stderr = drain(child.stderr.take().unwrap());
        Self { child, begun: Instant::now(), stdout, stderr, plugins: Vec::new() }
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn is_late(&self) -> bool {
        self.begun.elapsed() > LIMIT
    }

    /// As a terminal does it: Terraform and its plugins hear it alike.
    pub(crate) fn interrupt(&self) {
        let group = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        let _ = kill_process_group(group, Signal::INT);
    }

    /// Kills the provider processes of this very command.
    pub(crate) fn kill_plugins(&mut self) -> usize {
        self.note_plugins();
        let alive: Vec<i32> = self.plugins.iter().copied().filter(|pid| is_alive(*pid)).collect();
        for pid in &alive {
            let _ = kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL);
        }
        alive.len()
    }

    /// Remembers the provider processes below this command.
    pub(crate) fn note_plugins(&mut self) {
        let root = i32::try_from(self.child.id()).unwrap();
        for pid in descendants(root, "terraform-provi") {
            if !self.plugins.contains(&pid) {
                self.plugins.push(pid);
            }
        }
    }

    /// Waits for the end, and for that of its plugins, which outlive a Terraform that left in haste.
    pub(crate) fn end(mut self) -> Ended {
        let mut hung = false;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.is_late() && !hung {
                hung = true;
                let group = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
                let _ = kill_process_group(group, Signal::KILL);
            }
            thread::sleep(Duration::from_millis(5));
        };
        let left = Instant::now();
        while self.plugins.iter().any(|pid| is_alive(*pid)) {
            if left.elapsed() > Duration::from_secs(20) {
                hung = true;
                for pid in self.plugins.iter().filter(|pid| is_alive(**pid)) {
                    let _ = kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL);
                }
            }
            thread::sleep(Duration::from_millis(10));
        }
        let text = format!("{}{}", self.stdout.join().unwrap(), self.stderr.join().unwrap());
        Ended { code: status.code(), text, hung }
    }
}

/// Whether a process of this id is there and no zombie.
fn is_alive(pid: i32) -> bool {
    processes().iter().any(|(id, _, state, _)| *id == pid && !state.starts_with('Z'))
}

/// Id, parent, state and name of every process.
fn processes() -> Vec<(i32, i32, String, String)> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat=,comm="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let (pid, parent, state) = (words.next()?, words.next()?, words.next()?);
        Some((pid.parse().ok()?, parent.parse().ok()?, state.to_owned(), words.collect::<Vec<_>>().join(" ")))
    };
    text.lines().filter_map(row).collect()
}

fn descendants(root: i32, name: &str) -> Vec<i32> {
    let all = processes();
    let mut family = vec![root];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(all.iter().filter(|(_, of, ..)| *of == parent).map(|(pid, ..)| *pid));
        at += 1;
    }
    let named = |pid: &i32| {
        let process = all.iter().find(|(id, ..)| id == pid);
        process.is_some_and(|(.., called)| called.rsplit('/').next().unwrap_or_default().starts_with(name))
    };
    family.into_iter().filter(named).collect()
}
