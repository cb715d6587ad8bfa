//! Telling that the vendor's quota slowed an operation down: beside an error always, beside a success once a process.

use std::time::Duration;

use crate::{
    client::{Cause, Session},
    framework::{
        data_source::ReadCx,
        diag::{Diagnostic, Outcome},
        resource::Cx,
    },
    hss::Api,
};

/// A wait that is worth a word when nothing went wrong.
const LONG: Duration = Duration::from_secs(30);

/// An operation that can tell the user something without failing.
pub(in crate::hss) trait Teller {
    fn api(&self) -> &Api;
    fn tell(&self, diagnostic: Diagnostic);
}

impl<M: Clone> Teller for Cx<'_, Api, M> {
    fn api(&self) -> &Api {
        self.api
    }

    fn tell(&self, diagnostic: Diagnostic) {
        self.warn(diagnostic);
    }
}

impl Teller for ReadCx<'_, Api> {
    fn api(&self) -> &Api {
        self.api
    }

    fn tell(&self, diagnostic: Diagnostic) {
        self.warn(diagnostic);
    }
}

/// The outcome of `work`, with a word about what was waited for.
pub(in crate::hss) async fn told<T>(
    cx: &impl Teller,
    session: &Session,
    work: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    let result = work.await;
    let Some((waited, cause)) = session.waited_for_quota() else { return result };
    result
        .inspect(|_| {
            if waited >= LONG && cx.api().walk().first_slow_one() {
                let detail = format!(
                    "{} The call that was waited for passed in the end. Further operations that have to wait are not mentioned; \
                     the log of the provider has each of them.",
                    sentence(waited, &cause)
                );
                cx.tell(Diagnostic::warning("The call quota of HSS slows this run down", detail));
            }
        })
        .map_err(|diagnostics| {
            let told = |mut diagnostic: Diagnostic| {
                if diagnostic.is_error() {
                    diagnostic.detail.push_str(&format!("\n\n{}", sentence(waited, &cause)));
                }
                diagnostic
            };
            diagnostics.into_iter().map(told).collect()
        })
}

fn sentence(waited: Duration, cause: &Cause) -> String {
    format!(
        "{} of the time went into waiting for the call quota, last for {} ({} {} in {}). Such waits do not count against `timeouts`.",
        spoken(waited),
        cause.operation,
        cause.rate.calls,
        if cause.rate.calls == 1 { "call" } else { "calls" },
        spoken(cause.rate.window),
    )
}

/// A duration as Go writes it, in whole seconds from one second on.
fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{}ms", time.as_millis()),
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Rate;

    #[test]
    fn waits_read_as_a_person_says_them() {
        let rate = Rate { calls: 5, window: Duration::from_secs(60) };
        let said = sentence(Duration::from_secs(134), &Cause { operation: "SetRemoteBackupInfo", rate });
        assert_eq!(
            said,
            "2m14s of the time went into waiting for the call quota, last for SetRemoteBackupInfo (5 calls in 1m0s). \
             Such waits do not count against `timeouts`."
        );
        assert_eq!(spoken(Duration::from_millis(250)), "250ms");
        assert_eq!(spoken(Duration::from_secs(3661)), "1h1m1s");
    }
}
