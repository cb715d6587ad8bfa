//! What is known of one operation's quota, and whose turn it is: a pure machine, told the time.
//!
//! The gateway documents no quota per call, names it only when it refuses, and a refused call costs nothing. So calls
//! go at full speed until one is refused. From then on nobody calls until a single probe has passed, which also tells
//! where the gateway's window begins; then as many go at once as the quota allows, and one more to see whether the
//! quota still holds. Whatever is believed here is confirmed by a refusal in each window, so a refusal that was no
//! quota at all (an overload, a neighbour in the same network) is forgotten after a few calls.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{Rate, Throttled};

/// The documented quota, assumed when a refusal names none.
pub(super) const DOCUMENTED: Rate = Rate { calls: 5, window: Duration::from_secs(60) };

/// An allowance that grew to so many times the named quota shows that there is none.
const FORGOTTEN_AT: u32 = 8;
/// So many windows without a refusal, and there is no quota any more.
const FORGOTTEN_AFTER: u32 = 10;
/// Near the expected end of a window the pace looks every such part of it; while it knows of none, a quarter as often.
const LOOKS: u32 = 40;
/// So many refusals in the midst of windows show that the quota comes in windows rather than in drops.
const EARLY: u32 = 4;

/// The pace of one operation.
#[derive(Debug)]
pub(super) enum Pace {
    /// As fast as anybody likes: nothing was ever refused.
    Open,
    /// Never faster than configured.
    Fixed { rate: Rate, sent: VecDeque<Instant>, hold: Option<Instant> },
    /// As the gateway taught.
    Learned(Learned),
}

#[derive(Debug)]
pub(super) struct Learned {
    rate: Rate,
    /// How many may go in a window without asking whether the quota still holds.
    allowance: u32,
    /// How many went in this window.
    used: u32,
    /// How many of those passed.
    passed: u32,
    /// How many passes beyond the allowance there were in a row.
    surplus: u32,
    /// When the first call of a window was sent that was let through.
    begin: Option<Instant>,
    /// When the latest of the refused calls was sent.
    refused: Instant,
    /// Nobody goes before.
    hold: Instant,
    /// The window is used up: only a probe may go.
    exhausted: bool,
    /// A call is under way on whose answer all others wait.
    probing: bool,
    /// How many probes in the midst of a window were refused in a row.
    early: u32,
}

/// Whether a call may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Yes, with this pass.
    Go(Pass),
    /// Not before so long.
    In(Duration),
    /// Not before something is heard of another call.
    Later,
}

/// A call that went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    sent: Instant,
    /// All others wait for its answer.
    probe: bool,
}

impl Pace {
    pub(super) fn new(fixed: Option<Rate>) -> Pace {
        match fixed {
            Some(rate) => Pace::Fixed { rate, sent: VecDeque::new(), hold: None },
            None => Pace::Open,
        }
    }

    /// What callers wait for.
    pub(super) fn rate(&self) -> Rate {
        match self {
            Pace::Open => DOCUMENTED,
            Pace::Fixed { rate, .. } => *rate,
            Pace::Learned(learned) => learned.rate,
        }
    }

    /// Whether a call might have to wait now.
    pub(super) fn is_limited(&self) -> bool {
        !matches!(self, Pace::Open)
    }

    /// Whether the next call may go now. A pass must be handed back with `passed`, `refused` or `dropped`.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        if let Pace::Learned(learned) = self
            && now.saturating_duration_since(learned.refused) > learned.rate.window * FORGOTTEN_AFTER
            && !learned.probing
        {
            *self = Pace::Open;
        }
        let go = |probe| Turn::Go(Pass { sent: now, probe });
        match self {
            Pace::Open => go(false),
            Pace::Fixed { rate, sent, hold } => {
                if let Some(until) = hold.filter(|until| *until > now) {
                    return Turn::In(until - now);
                }
                *hold = None;
                if sent.len() >= rate.calls as usize
                    && let Some(oldest) = sent.front()
                {
                    let free = *oldest + rate.window;
                    if free > now {
                        return Turn::In(free - now);
                    }
                    sent.pop_front();
                }
                sent.push_back(now);
                go(false)
            }
            Pace::Learned(learned) => learned.turn(now),
        }
    }

    /// The call was let through, whatever the service answered.
    pub(super) fn passed(&mut self, pass: Pass) {
        if let Pace::Learned(learned) = self
            && learned.passed(pass)
        {
            *self = Pace::Open;
        }
    }

    /// The call was refused for quota; `now` is when that was heard.
    pub(super) fn refused(&mut self, pass: Pass, said: Throttled, now: Instant) {
        match self {
            Pace::Open => {
                let mut learned = Learned::new(said.rate.unwrap_or(DOCUMENTED), pass.sent);
                learned.refused(pass, said, now);
                *self = Pace::Learned(learned);
            }
            Pace::Fixed { rate, hold, .. } => {
                *hold = Some(now + said.retry_after.unwrap_or(rate.window / rate.calls));
            }
            Pace::Learned(learned) => learned.refused(pass, said, now),
        }
    }

    /// Nobody will hear how the call went.
    pub(super) fn dropped(&mut self, pass: Pass) {
        if let Pace::Learned(learned) = self
            && pass.probe
        {
            learned.probing = false;
        }
    }
}

impl Learned {
    fn new(rate: Rate, refused: Instant) -> Learned {
        Learned {
            rate,
            allowance: rate.calls,
            used: 0,
            passed: 0,
            surplus: 0,
            begin: None,
            refused,
            hold: refused,
            exhausted: true,
            probing: false,
            early: 0,
        }
    }

    fn turn(&mut self, now: Instant) -> Turn {
        if self.hold > now {
            return Turn::In(self.hold - now);
        }
        if self.probing {
            return Turn::Later;
        }
        if !self.exhausted
            && let Some(begin) = self.begin
            && now >= begin + self.rate.window
        {
            // A new window began without anybody having waited for it; for this caller it begins now.
            self.begin = Some(now);
            (self.used, self.passed) = (0, 0);
        }
        let probe = self.exhausted || self.used >= self.allowance;
        self.probing = probe;
        self.used += 1;
        Turn::Go(Pass { sent: now, probe })
    }

    /// True when there seems to be no quota any more.
    fn passed(&mut self, pass: Pass) -> bool {
        self.passed += 1;
        if !pass.probe {
            return false;
        }
        self.probing = false;
        if self.exhausted {
            // The first of a new window, which began after the last refusal, or with this very call.
            self.exhausted = false;
            if self.begin.is_some_and(|begin| pass.sent < begin + self.rate.window) {
                self.early = 0;
            }
            self.begin = Some(pass.sent);
            (self.used, self.passed, self.surplus) = (1, 1, 0);
            return false;
        }
        self.surplus += 1;
        self.allowance = if self.surplus >= 3 { self.allowance * 2 } else { self.allowance + 1 };
        self.allowance >= self.rate.calls.saturating_mul(FORGOTTEN_AT)
    }

    fn refused(&mut self, pass: Pass, said: Throttled, now: Instant) {
        let fresh = !self.exhausted;
        self.refused = self.refused.max(pass.sent);
        if pass.probe {
            self.probing = false;
        }
        if let Some(rate) = said.rate {
            self.rate = rate;
            self.allowance = rate.calls;
        } else if fresh {
            self.allowance = self.passed.max(1);
        }
        self.surplus = 0;
        self.exhausted = true;
        let hold = now + said.retry_after.unwrap_or_else(|| self.pause(pass, fresh, now));
        self.hold = if fresh || pass.probe { hold } else { self.hold.max(hold) };
    }

    /// How long to leave the gateway alone after a refusal; `fresh` when it is the first one of a window.
    fn pause(&mut self, pass: Pass, fresh: bool, now: Instant) -> Duration {
        let Rate { calls, window } = self.rate;
        // Should the quota be a bucket that fills all the time, this is when the next drop has fallen.
        let share = window / calls;
        let Some(begin) = self.begin else { return share.min(window / (LOOKS / 4)) };
        let end = begin + window;
        if end <= now && pass.sent.saturating_duration_since(end) < window / 5 {
            // The end was guessed a little too early.
            return window / LOOKS;
        }
        let left = if end > now {
            end - now
        } else {
            // Somebody else used the new window up.
            self.begin = Some(end);
            (end + window).saturating_duration_since(now)
        };
        if pass.probe && !fresh {
            self.early += 1;
        }
        // A little later than the window before: the way to the gateway takes a different time each time.
        let left = left + window / (LOOKS * 5);
        if self.early < EARLY { left.min(share) } else { left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};

    const WINDOW: Duration = Duration::from_secs(60);
    const RATE: Rate = Rate { calls: 5, window: WINDOW };

    /// A gateway whose windows begin with the first call after the one before, or a bucket that fills all the time.
    struct Gateway {
        rate: Rate,
        bucket: bool,
        since: Option<Instant>,
        used: f64,
        refusals: u32,
    }

    impl Gateway {
        fn new(bucket: bool) -> Self {
            Gateway { rate: RATE, bucket, since: None, used: 0.0, refusals: 0 }
        }

        fn lets_through(&mut self, now: Instant) -> bool {
            let since = *self.since.get_or_insert(now);
            let elapsed = now - since;
            if self.bucket {
                let share = self.rate.window.as_secs_f64() / f64::from(self.rate.calls);
                self.used = (self.used - elapsed.as_secs_f64() / share).max(0.0);
                self.since = Some(now);
            } else if elapsed >= self.rate.window {
                (self.since, self.used) = (Some(now), 0.0);
            }
            if self.used + 1.0 > f64::from(self.rate.calls) + 1e-9 {
                self.refusals += 1;
                return false;
            }
            self.used += 1.0;
            true
        }
    }

    /// How long `calls` take that all want to go at once, ten at a time, each answered at once.
    fn run(pace: &mut Pace, gateway: &mut Gateway, calls: u32, said: Throttled) -> Duration {
        let start = SystemClock.instant();
        let mut now = start;
        let mut passed = 0;
        while passed < calls {
            match pace.turn(now) {
                Turn::Go(pass) => {
                    if gateway.lets_through(now) {
                        passed += 1;
                        pace.passed(pass);
                    } else {
                        pace.refused(pass, said, now);
                    }
                }
                Turn::In(wait) => now += wait,
                Turn::Later => panic!("nothing is under way"),
            }
        }
        now - start
    }

    fn named() -> Throttled {
        Throttled { rate: Some(RATE), retry_after: None }
    }

    #[test]
    fn a_quota_in_windows_is_used_up_and_little_more_is_asked() {
        let (mut pace, mut gateway) = (Pace::new(None), Gateway::new(false));
        let took = run(&mut pace, &mut gateway, 60, named());
        let least = WINDOW * 11;
        assert!(took >= least && took < least.mul_f64(1.05), "{took:?}");
        assert!(gateway.refusals <= 60, "{} refusals", gateway.refusals);
    }

    #[test]
    fn a_bucket_is_used_up_too() {
        let (mut pace, mut gateway) = (Pace::new(None), Gateway::new(true));
        let took = run(&mut pace, &mut gateway, 60, named());
        let least = WINDOW / 5 * 55;
        assert!(took < least.mul_f64(1.3), "{took:?}");
    }

    #[test]
    fn a_refusal_without_a_quota_is_forgotten() {
        let said = Throttled { rate: Some(RATE), retry_after: Some(Duration::from_secs(1)) };
        let mut pace = Pace::new(None);
        let now = SystemClock.instant();
        let Turn::Go(pass) = pace.turn(now) else { panic!() };
        pace.refused(pass, said, now);
        let mut gateway = Gateway { rate: Rate { calls: 10_000, window: WINDOW }, ..Gateway::new(false) };
        let took = run(&mut pace, &mut gateway, 200, said);
        assert!(took < Duration::from_millis(1100), "{took:?}");
        assert!(!pace.is_limited());
    }

    #[test]
    fn one_probe_goes_while_the_others_wait() {
        let mut pace = Pace::new(None);
        let now = SystemClock.instant();
        let Turn::Go(pass) = pace.turn(now) else { panic!() };
        pace.refused(pass, named(), now);
        let Turn::In(wait) = pace.turn(now) else { panic!() };
        let later = now + wait;
        let Turn::Go(probe) = pace.turn(later) else { panic!() };
        assert_eq!(pace.turn(later), Turn::Later);
        pace.dropped(probe);
        assert!(matches!(pace.turn(later), Turn::Go(_)));
    }

    #[test]
    fn a_configured_limit_is_never_passed() {
        let (mut pace, mut gateway) = (Pace::new(Some(RATE)), Gateway::new(false));
        let took = run(&mut pace, &mut gateway, 23, named());
        assert_eq!(gateway.refusals, 0);
        assert_eq!(took, WINDOW * 4);
    }

    #[test]
    fn a_quota_without_a_name_is_found_out() {
        let mut gateway = Gateway { rate: Rate { calls: 3, window: WINDOW }, ..Gateway::new(false) };
        let took = run(&mut Pace::new(None), &mut gateway, 30, Throttled::default());
        let least = WINDOW * 9;
        assert!(took >= least && took < least.mul_f64(1.1), "{took:?}");
    }

    #[test]
    fn a_quota_long_not_met_is_forgotten() {
        let mut pace = Pace::new(None);
        let now = SystemClock.instant();
        let Turn::Go(pass) = pace.turn(now) else { panic!() };
        pace.refused(pass, named(), now);
        assert!(matches!(pace.turn(now + WINDOW * 11), Turn::Go(_)));
        assert!(!pace.is_limited());
    }
}
