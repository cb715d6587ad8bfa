//! The retry verdict: a pure function of what happened, what was asked, and what was tried before.

use std::time::Duration;

use super::Effect;

/// The first wait after a failure; each further one doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait of our own choice.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A server that asks for more is asked again after this.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// How a call went.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// There is an answer.
    Answer {
        /// Its HTTP status.
        status: u16,
        /// The text of an error body, read only for the quota a 429 names.
        message: Option<&'a str>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// There is none.
    Lost(Lost),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nothing was sent and another try cannot help: a refused certificate, a request that cannot be written.
    Hopeless,
    /// The connection was never made, so the call surely did not arrive.
    NotSent,
    /// Sent, perhaps arrived, no complete answer.
    Unanswered,
    /// Sent and answered, but with something that cannot be taken in; another try would bring the same.
    Unreadable,
}

/// Why a call is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The server says that it failed.
    ServerError,
    /// There was no answer.
    LostAnswer,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It worked.
    Done,
    /// It did not, and stays so.
    Fail,
    /// The quota is used up: ask again in turn. Such waits count neither as retries nor against the deadline.
    Queue(Throttled),
    /// Ask again after the wait.
    Again {
        /// Why.
        reason: Reason,
        /// How long to wait first.
        wait: Duration,
    },
}

impl Outcome<'_> {
    /// What a refusal for quota said, if this is one.
    pub fn throttled(&self) -> Option<Throttled> {
        let Outcome::Answer { status: 429, message, retry_after } = self else { return None };
        let retry_after = retry_after.map(|asked| asked.min(LONGEST_ASKED));
        Some(Throttled { rate: message.and_then(Rate::read), retry_after })
    }
}

/// What a 429 said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttled {
    /// The quota it named.
    pub rate: Option<Rate>,
    /// How long it asks to wait; at most ten minutes.
    pub retry_after: Option<Duration>,
}

/// So many calls in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least one.
    pub calls: u32,
    /// More than nothing.
    pub window: Duration,
}

/// What was tried before, and what may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    /// Repetitions so far that count against `max_retries`.
    pub retries: u32,
    /// How many repetitions are allowed; 0 forbids those for quota as well.
    pub max_retries: u32,
}

/// Judges one attempt. `jitter` is between 0 and 1 and spreads callers that failed together.
///
/// 4xx other than 429 is never repeated: a repeated 401 locks the key, and the rest cannot change.
pub fn verdict(outcome: &Outcome<'_>, effect: Effect, history: History, jitter: f64) -> Verdict {
    let repeatable = effect != Effect::Once;
    let (reason, asked) = match *outcome {
        Outcome::Answer { status: 200..=299, .. } => return Verdict::Done,
        Outcome::Answer { status: 429, .. } if history.max_retries == 0 => return Verdict::Fail,
        Outcome::Answer { status: 429, .. } => {
            return Verdict::Queue(outcome.throttled().unwrap_or_default());
        }
        // The gateway answers 503 before the call reaches the service.
        Outcome::Answer { status: 503, retry_after, .. } => (Reason::ServerError, retry_after),
        Outcome::Answer { status: 500..=599, retry_after, .. } if repeatable => {
            (Reason::ServerError, retry_after)
        }
        Outcome::Lost(Lost::NotSent) => (Reason::LostAnswer, None),
        Outcome::Lost(Lost::Unanswered) if repeatable => (Reason::LostAnswer, None),
        Outcome::Answer { .. } | Outcome::Lost(_) => return Verdict::Fail,
    };
    if history.retries >= history.max_retries {
        return Verdict::Fail;
    }
    let wait = match asked {
        Some(asked) => asked.min(LONGEST_ASKED),
        None => spread(doubled(FIRST_WAIT, history.retries, LONGEST_WAIT), jitter).min(LONGEST_WAIT),
    };
    Verdict::Again { reason, wait }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    2_u32.checked_pow(times).and_then(|factor| first.checked_mul(factor)).map_or(longest, |d| d.min(longest))
}

fn spread(wait: Duration, jitter: f64) -> Duration {
    wait.mul_f64(1.0 + 0.5 * jitter.clamp(0.0, 1.0))
}

impl Rate {
    /// Finds `limit:5,time:1 minute` in the gateway's text. It is the one place where text is read, and only
    /// to choose a wait.
    fn read(message: &str) -> Option<Rate> {
        let calls: u32 = digits(after(message, "limit:")?).0.parse().ok().filter(|calls| *calls > 0)?;
        let (count, unit) = digits(after(message, "time:")?);
        let unit = match unit.trim_start().to_ascii_lowercase() {
            unit if unit.starts_with("sec") => 1,
            unit if unit.starts_with("min") => 60,
            unit if unit.starts_with("hour") => 3600,
            _ => return None,
        };
        let seconds = count.parse::<u64>().ok().filter(|count| *count > 0)?.checked_mul(unit)?;
        Some(Rate { calls, window: Duration::from_secs(seconds).min(LONGEST_ASKED) })
    }
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    // "ratelimit,limit:5": the mark with its colon is not found in the word before.
    text.find(mark).and_then(|at| text.get(at + mark.len()..)).map(str::trim_start)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Effect::{Once, Read, Set};

    fn answer(status: u16) -> Outcome<'static> {
        Outcome::Answer { status, message: None, retry_after: None }
    }

    fn history(retries: u32) -> History {
        History { retries, max_retries: 5 }
    }

    fn again(reason: Reason, millis: u64) -> Verdict {
        Verdict::Again { reason, wait: Duration::from_millis(millis) }
    }

    #[test]
    fn verdicts() {
        use Reason::{LostAnswer, ServerError};
        let queue = Verdict::Queue(Throttled::default());
        let check = |outcome: Outcome<'_>, effect: Effect, retries: u32, expected: Verdict| {
            assert_eq!(
                verdict(&outcome, effect, history(retries), 0.0),
                expected,
                "{outcome:?} {effect:?} after {retries}"
            );
        };
        for effect in [Read, Set, Once] {
            for status in [200, 201, 204] {
                check(answer(status), effect, 0, Verdict::Done);
            }
            for status in [301, 302, 400, 401, 403, 404, 405, 408, 409, 413] {
                check(answer(status), effect, 0, Verdict::Fail);
            }
            check(answer(503), effect, 0, again(ServerError, 1000));
            check(answer(429), effect, 0, queue);
            check(Outcome::Lost(Lost::NotSent), effect, 0, again(LostAnswer, 1000));
            check(Outcome::Lost(Lost::Hopeless), effect, 0, Verdict::Fail);
            check(Outcome::Lost(Lost::Unreadable), effect, 0, Verdict::Fail);
            check(answer(503), effect, 5, Verdict::Fail);
            // Quota waits do not count, however many retries there were.
            check(answer(429), effect, 5, queue);
        }
        for status in [500, 501, 502, 504] {
            check(answer(status), Read, 0, again(ServerError, 1000));
            check(answer(status), Set, 1, again(ServerError, 2000));
            check(answer(status), Once, 0, Verdict::Fail);
        }
        check(Outcome::Lost(Lost::Unanswered), Read, 0, again(LostAnswer, 1000));
        check(Outcome::Lost(Lost::Unanswered), Set, 2, again(LostAnswer, 4000));
        check(Outcome::Lost(Lost::Unanswered), Set, 5, Verdict::Fail);
        check(Outcome::Lost(Lost::Unanswered), Once, 0, Verdict::Fail);
    }

    #[test]
    fn no_retries_means_none_at_all() {
        let none = History::default();
        for outcome in [answer(429), answer(503), Outcome::Lost(Lost::NotSent)] {
            assert_eq!(verdict(&outcome, Read, none, 0.0), Verdict::Fail, "{outcome:?}");
        }
    }

    #[test]
    fn waits_are_bounded_and_spread() {
        let judge = |outcome: &Outcome<'_>, retries, jitter| {
            verdict(outcome, Read, History { retries, max_retries: u32::MAX }, jitter)
        };
        let wait = |outcome: &Outcome<'_>, retries, jitter| match judge(outcome, retries, jitter) {
            Verdict::Again { wait, .. } => wait.as_millis(),
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(&answer(503), 0, 1.0), 1500);
        assert_eq!(wait(&answer(503), 9, 0.0), 60_000);
        assert_eq!(wait(&answer(503), 4_000_000, 1.0), 60_000);
        let asked = |status, seconds| Outcome::Answer {
            status,
            message: None,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(wait(&asked(503, 7), 3, 1.0), 7000);
        let throttled = |seconds| Throttled { rate: None, retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(judge(&asked(429, 1), 0, 1.0), Verdict::Queue(throttled(1)));
        assert_eq!(judge(&asked(429, u64::MAX), 0, 0.0), Verdict::Queue(throttled(600)));
    }

    #[test]
    fn the_gateways_text_names_its_quota() {
        let check = |text: &str, expected: Option<(u32, u64)>| {
            let read = Rate::read(text).map(|rate| (rate.calls, rate.window.as_secs()));
            assert_eq!(read, expected, "{text}");
        };
        let head = "The throttling threshold has been reached: policy user over ratelimit";
        check(&format!("{head},limit:5,time:1 minute"), Some((5, 60)));
        check(&format!("{head},limit:5,time:5 second"), Some((5, 5)));
        check(&format!("{head},limit: 100,time: 2 minutes"), Some((100, 120)));
        check(&format!("{head},limit:1,time:9999999 hour"), Some((1, 600)));
        check(&format!("{head},limit:0,time:1 minute"), None);
        check(&format!("{head},limit:5,time:1 fortnight"), None);
        check(&format!("{head},limit:5,time:99999999999999999999 hour"), None);
        check("limit:", None);
        check("流控", None);
    }
}
