//! What a plugin owes its host as a process: signals, stdout, panics, and not outliving it.

use std::{
    error::Error,
    io::{self, Write},
    panic::PanicHookInfo,
    process::ExitCode,
};

/// How often to see whether the host is still there.
#[cfg(unix)]
const PARENT_CHECK: std::time::Duration = std::time::Duration::from_secs(2);

/// Exit status of a process that SIGTERM ended, as shells report it.
#[cfg(unix)]
const TERMINATED: u8 = 143;

/// Writes a text for people to stderr. Nothing can be done if that fails.
pub(super) fn say(text: &str) {
    let mut line = text.trim_end().to_owned();
    line.push('\n');
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Prints the handshake line, then closes stdout to everybody: the host stops reading at the first overlong line,
/// and from then on a writer would block for ever.
pub(super) fn hand_over_stdout(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{line}\n").as_bytes())?;
    stdout.flush()?;
    // To nowhere and not to stderr: there a line of foreign JSON could bring the host down.
    #[cfg(unix)]
    match std::fs::File::options().write(true).open("/dev/null") {
        Ok(nowhere) => rustix::stdio::dup2_stdout(nowhere)?,
        Err(_) => rustix::stdio::dup2_stdout(io::stderr())?,
    }
    Ok(())
}

/// Reports panics in the form in which hosts recognise a crash and show it to the user.
pub(super) fn install_panic_hook(name: &'static str, version: &'static str) {
    std::panic::set_hook(Box::new(move |info| say(&panic_text(info, name, version))));
}

fn panic_text(info: &PanicHookInfo<'_>, name: &str, version: &str) -> String {
    let payload = info.payload();
    let message = payload.downcast_ref::<&str>().copied();
    let message =
        message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_else(|| "unknown place".into());
    crash_text(message, &place, name, version)
}

/// Only the first line may begin at the margin: a line that is JSON would be read as a log record.
fn crash_text(message: &str, place: &str, name: &str, version: &str) -> String {
    let message = message.lines().collect::<Vec<_>>().join("\n  | ");
    format!("panic: {message}\n  at {place}\n  This is a bug in {name} {version}.")
}

/// The signals a plugin listens to. They are caught from construction on.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    /// The host's process, when it is the host that decides about our end.
    host: Option<u32>,
}

#[cfg(unix)]
impl Signals {
    /// A terminal's Ctrl-C reaches us as well as the host, and the host decides what it means: it asks for a stop,
    /// and needs our answers to save its state. So interrupts are swallowed. So are hang-ups: a host that dies of
    /// one takes us along by its absence, and one that was told to survive it (`nohup`) needs us.
    pub(super) fn of_a_launched_plugin() -> io::Result<Self> {
        Self::caught(Some(std::os::unix::process::parent_id()))
    }

    /// Whoever debugs us started us by hand, and ends us with Ctrl-C or with the terminal.
    pub(super) fn of_a_debugged_plugin() -> io::Result<Self> {
        Self::caught(None)
    }

    fn caught(host: Option<u32>) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            host,
        })
    }

    /// Waits for a reason to end, and gives the exit status that goes with it.
    pub(super) async fn end(&mut self) -> ExitCode {
        let mut check = tokio::time::interval(PARENT_CHECK);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return ExitCode::from(TERMINATED),
                _ = self.interrupt.recv() => {}
                _ = self.hangup.recv() => {}
                _ = check.tick() => match self.host {
                    Some(host) if host != std::os::unix::process::parent_id() => {
                        tracing::warn!(target: "provider.plugin", "the host is gone");
                        return ExitCode::SUCCESS;
                    }
                    _ => continue,
                }
            }
            if self.host.is_none() {
                return ExitCode::SUCCESS;
            }
            tracing::trace!(target: "provider.plugin", "a signal is left to the host");
        }
    }
}

/// The interrupt a console sends, where there are no signals.
#[cfg(not(unix))]
pub(super) struct Signals {
    interrupts_end: bool,
}

#[cfg(not(unix))]
impl Signals {
    /// A console's Ctrl-C reaches us as well as the host, which decides what it means: it is swallowed.
    pub(super) fn of_a_launched_plugin() -> io::Result<Self> {
        Ok(Self { interrupts_end: false })
    }

    /// Whoever debugs us ends us with Ctrl-C.
    pub(super) fn of_a_debugged_plugin() -> io::Result<Self> {
        Ok(Self { interrupts_end: true })
    }

    /// Waits for a reason to end, and gives the exit status that goes with it.
    pub(super) async fn end(&mut self) -> ExitCode {
        while tokio::signal::ctrl_c().await.is_ok() {
            if self.interrupts_end {
                return ExitCode::SUCCESS;
            }
        }
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_begins_with_the_word_hosts_look_for_and_hides_lines_that_look_like_records() {
        let text = crash_text("first\n{\"@level\": 1}", "src/a.rs:1:2", "plugin", "1.0");
        assert_eq!(
            text,
            "panic: first\n  | {\"@level\": 1}\n  at src/a.rs:1:2\n  This is a bug in plugin 1.0."
        );
    }

    #[test]
    fn causes_are_told_in_order() {
        let error = super::super::TlsError::NotACertificate(rustls::Error::General("why".into()));
        assert_eq!(
            chain(&error),
            "PLUGIN_CLIENT_CERT does not hold an X.509 certificate: unexpected error: why"
        );
    }
}
