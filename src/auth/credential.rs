//! What proves who we are at one time: keys or a token, how long they last, and whether they were ever accepted.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Error, Keys, Secret,
    gate::{Gate, Pass},
};
use crate::rest::{self, Answer, Authorise, Header, Reply, Request};

/// The longest time before the end at which credentials are renewed.
const EARLIEST: Duration = Duration::from_secs(600);
/// The longest time before the end at which they are no longer used: a call takes a while to arrive.
const LATEST: Duration = Duration::from_secs(60);
/// Servers whose clock differs by less are held to have our time.
const SAME_TIME: Duration = Duration::from_secs(5);

/// A credential. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Credential(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    proof: Proof,
    life: Option<Life>,
    gate: Gate,
}

/// What is sent along.
#[derive(Debug)]
pub(super) enum Proof {
    /// Keys that sign.
    Keys(Keys),
    /// A token, and the project it is for.
    Token(Secret, Option<Arc<str>>),
}

/// From when to when, on our own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    from: SystemTime,
    to: SystemTime,
}

impl Credential {
    /// One that nobody has tried. Without a life it lasts as long as we do.
    pub(super) fn new(proof: Proof, life: Option<Life>) -> Credential {
        Credential(Arc::new(Inner { proof, life, gate: Gate::default() }))
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(super) fn is(&self, other: &Credential) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The keys, if it is keys.
    pub(super) fn keys(&self) -> Option<&Keys> {
        match &self.0.proof {
            Proof::Keys(keys) => Some(keys),
            Proof::Token(..) => None,
        }
    }

    /// The project a token is for.
    pub(super) fn project(&self) -> Option<Arc<str>> {
        match &self.0.proof {
            Proof::Keys(_) => None,
            Proof::Token(_, project) => project.clone(),
        }
    }

    /// Whether a new one should be fetched, while this one still works: less than ten minutes or a quarter of its
    /// life are left, whichever is less.
    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.0.life.is_some_and(|life| life.left(now) < (life.whole() / 4).min(EARLIEST))
    }

    /// Whether it must not be used any more.
    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.0.life.is_some_and(|life| life.left(now) < (life.whole() / 6).min(LATEST))
    }

    /// How long to wait after a renewal that failed.
    pub(super) fn respite(&self, now: SystemTime) -> Duration {
        let left = self.0.life.map_or(EARLIEST, |life| life.left(now));
        (left / 4).max(Duration::from_secs(1))
    }

    /// The headers that prove it. Keys sign `also` too; with a token it is not sent.
    pub(super) fn headers(&self, request: &Request, also: Vec<Header>, now: SystemTime) -> Vec<Header> {
        match &self.0.proof {
            Proof::Keys(keys) => keys.headers(request, also, now),
            Proof::Token(token, _) => vec![Header::sensitive("x-auth-token", token.expose())],
        }
    }
}

impl Life {
    /// Until the time that a reply names, seen from the clock of the server that says so.
    pub(super) fn read(reply: &Reply, end: &str, now: SystemTime) -> Option<Life> {
        let end = SystemTime::from(OffsetDateTime::parse(end, &Rfc3339).ok()?);
        let apart = |one: SystemTime, other: SystemTime| {
            one.duration_since(other).unwrap_or_else(|earlier| earlier.duration())
        };
        let theirs = reply.date().filter(|date| apart(*date, now) > SAME_TIME).unwrap_or(now);
        Some(Life { from: now, to: now + end.duration_since(theirs).unwrap_or_default() })
    }

    fn whole(self) -> Duration {
        self.to.duration_since(self.from).unwrap_or_default()
    }

    fn left(self, now: SystemTime) -> Duration {
        self.to.duration_since(now).unwrap_or_default()
    }
}

/// Authorises calls to the identity services with one credential, whatever becomes of it.
pub(super) struct Signed<'a> {
    credential: &'a Credential,
    domain_id: Option<&'a str>,
    sender: &'a rest::Sender,
    pass: Mutex<Option<Pass>>,
}

impl<'a> Signed<'a> {
    /// The calls are made for the account `domain_id`, where it is known.
    pub(super) fn new(
        credential: &'a Credential,
        domain_id: Option<&'a str>,
        sender: &'a rest::Sender,
    ) -> Self {
        Signed { credential, domain_id, sender, pass: Mutex::default() }
    }
}

impl Authorise for Signed<'_> {
    type Error = Error;

    async fn authorise(&self, request: &Request, _: SystemTime) -> Result<Vec<Header>, Error> {
        let pass = self.credential.gate().enter().await?;
        *lock(&self.pass) = pass;
        let domain = self.domain_id.map(|id| Header::plain("x-domain-id", id));
        // Waiting at the gate may have taken time.
        let now = self.sender.clock().now();
        Ok(self.credential.headers(request, domain.into_iter().collect(), now))
    }

    async fn answered(&self, request: &Request, answer: Answer<'_>) -> bool {
        let pass = lock(&self.pass).take();
        match answer {
            Answer::Unauthorised(refusal) => {
                self.credential.gate().close(Error::refused(request, refusal.clone()));
            }
            Answer::Status(status) if is_verdict(status) => {
                if let Some(pass) = pass {
                    pass.accepted();
                }
            }
            Answer::Status(_) | Answer::None => {}
        }
        false
    }
}

/// Whether an answer shows that the credentials were accepted. Overload and failures may come before they are looked
/// at.
pub(super) fn is_verdict(status: u16) -> bool {
    matches!(status, 200..=299 | 400 | 403 | 404 | 409)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Error {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lasting(seconds: u64) -> Credential {
        let from = SystemTime::UNIX_EPOCH;
        let proof = Proof::Token(Secret::from("t".to_owned()), None);
        Credential::new(proof, Some(Life { from, to: from + Duration::from_secs(seconds) }))
    }

    #[test]
    fn renewal_is_due_at_ten_minutes_or_a_quarter_and_use_ends_a_little_before_the_end() {
        let check = |whole: u64, left: f64, due: bool, over: bool| {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(whole) - Duration::from_secs_f64(left);
            let credential = lasting(whole);
            assert_eq!((credential.is_due(now), credential.is_over(now)), (due, over), "{left} of {whole}");
        };
        check(86_400, 601.0, false, false);
        check(86_400, 599.0, true, false);
        check(86_400, 61.0, true, false);
        check(86_400, 59.0, true, true);
        check(900, 226.0, false, false);
        check(900, 224.0, true, false);
        check(20, 5.1, false, false);
        check(20, 4.9, true, false);
        check(20, 3.4, true, false);
        check(20, 3.3, true, true);
        check(20, 0.0, true, true);
        let endless = Credential::new(Proof::Token(Secret::from("t".to_owned()), None), None);
        let late = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        assert!(!endless.is_due(late) && !endless.is_over(late));
    }
}
