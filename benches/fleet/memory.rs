//! The peak memory of a program's processes while they come and go.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Watches until it is asked. Only where there is `/proc`; elsewhere the peak is 0.
pub(crate) struct Peak {
    highest: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Peak {
    pub(crate) fn of(program: &Path) -> Self {
        let program = program.canonicalize().unwrap();
        let (highest, over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let watcher = thread::spawn({
            let (highest, over) = (Arc::clone(&highest), Arc::clone(&over));
            move || {
                while !over.load(Ordering::Relaxed) {
                    for status in processes_of(&program) {
                        highest.fetch_max(resident_peak(&status).unwrap_or_default(), Ordering::Relaxed);
                    }
                    thread::sleep(Duration::from_millis(25));
                }
            }
        });
        Self { highest, over, watcher: Some(watcher) }
    }

    pub(crate) fn kibibytes(mut self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.watcher.take().unwrap().join().unwrap();
        self.highest.load(Ordering::Relaxed)
    }
}

fn processes_of(program: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let ours = folders.filter(|folder| fs::read_link(folder.join("exe")).is_ok_and(|exe| exe == program));
    ours.map(|folder| folder.join("status")).collect()
}

/// The highest resident size so far, in KiB.
pub(crate) fn resident_peak(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
