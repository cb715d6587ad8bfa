//! The one loop: authorise, send, judge, wait.

use std::{
    collections::hash_map::RandomState,
    convert::Infallible,
    future::Future,
    hash::{BuildHasher, Hasher},
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    Cut, Effect, Error, Fault, Header, History, Lost, Outcome, Patience, Rate, Reason, Refusal, Reply,
    Request, Transport, TransportError, Urgency, Verdict, queue::Queues, verdict,
};
use crate::clock::Clock;

/// After a stop, how long a write in flight is still awaited.
const GRACE: Duration = Duration::from_secs(10);

/// Gives each attempt its authorisation, so that each has a fresh date and the newest credentials.
pub trait Authorise: Sync {
    /// Why there may be none.
    type Error: Send;

    /// The headers that authorise `request` at the time `now`. Dropped without harm when the caller is stopped.
    fn authorise(
        &self,
        request: &Request,
        now: SystemTime,
    ) -> impl Future<Output = Result<Vec<Header>, Self::Error>> + Send;

    /// Hears how an attempt went that it authorised. `true` after a 401 means that there is other authorisation
    /// now, and one more attempt is made; a second 401 of the same request is final.
    fn answered(&self, request: &Request, answer: Answer<'_>) -> impl Future<Output = bool> + Send {
        let _ = (request, answer);
        async { false }
    }
}

/// What is to be known of an attempt's outcome by whoever authorised it.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// There was none.
    None,
    /// It has this status.
    Status(u16),
    /// The authorisation was not accepted: 401.
    Unauthorised(&'a Refusal),
}

/// Sends requests as they are.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned;

impl Authorise for Unsigned {
    type Error = Infallible;

    async fn authorise(&self, _: &Request, _: SystemTime) -> Result<Vec<Header>, Infallible> {
        Ok(Vec::new())
    }
}

/// Sends requests until they are answered for good. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    transport: Transport,
    clock: Arc<dyn Clock>,
    max_retries: u32,
    queues: Arc<Queues>,
}

/// One attempt's result, whichever way it went.
enum Attempt {
    Reply(Reply),
    Lost(TransportError),
}

impl Sender {
    /// A sender that repeats failed calls up to `max_retries` times; calls refused for quota without limit,
    /// unless `max_retries` is 0.
    pub fn new(transport: Transport, clock: Arc<dyn Clock>, max_retries: u32) -> Sender {
        Sender { transport, clock, max_retries, queues: Arc::default() }
    }

    /// The same, never making more calls of one operation than `quota` allows; without one the quota is learned.
    pub fn with_quota(self, quota: Option<Rate>) -> Sender {
        Sender { queues: Arc::new(Queues::new(quota)), ..self }
    }

    /// Whether a call of the operation at that address might have to wait for its quota now.
    pub fn is_limited(&self, address: &str, operation: &'static str) -> bool {
        self.queues.is_limited(address, operation)
    }

    /// The same without any repetition, for services that are there at once or not at all.
    pub fn once(&self) -> Sender {
        Sender { max_retries: 0, ..self.clone() }
    }

    /// The clock that times everything here.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The reply to `request`, always with a 2xx status.
    pub async fn send<A: Authorise>(
        &self,
        request: &Request,
        authorise: &A,
        patience: &Patience,
    ) -> Result<Reply, Error<A::Error>> {
        let clock = &*self.clock;
        let mut history = History { max_retries: self.max_retries, ..History::default() };
        let mut attempts = 0;
        let mut unsettled = false;
        let mut refused = None;
        let urgency = if request.effect() == Effect::Read { patience.urgency } else { Urgency::Write };
        let place = self.queues.place(request.base().authority(), request.operation(), urgency);
        let mut reauthorised = false;
        loop {
            if patience.limits.stop.is_set() {
                return Err(Error::Cut { cut: Cut::Stopped, unsettled, last: refused.take() });
            }
            let admission = match place.admission(&self.clock, patience).await {
                Ok(admission) => admission,
                Err(cut) => return Err(Error::Cut { cut, unsettled, last: refused.take() }),
            };
            if patience.left(clock, Duration::ZERO).is_some_and(|left| left.is_zero()) {
                return Err(Error::Cut { cut: Cut::Deadline, unsettled, last: None });
            }
            let headers = tokio::select! {
                biased;
                headers = authorise.authorise(request, clock.now()) => headers.map_err(Error::Authorise)?,
                cut = patience.exhausted(clock) => return Err(Error::Cut { cut, unsettled, last: None }),
            };
            attempts += 1;
            let attempt = match self.attempt(request, &headers, patience, attempts).await {
                Ok(attempt) => attempt,
                Err(cut) => return Err(Error::Cut { cut, unsettled, last: None }),
            };
            let fault = attempt.fault(&headers);
            let renewed = self.heard(request, authorise, &attempt, &fault, patience).await;
            unsettled |= request.effect() != Effect::Read && attempt.may_have_taken_effect();
            let outcome = attempt.outcome(&fault, clock.now());
            match outcome.throttled() {
                Some(said) => admission.refused(said, clock),
                None => admission.passed(),
            }
            if renewed && !reauthorised {
                reauthorised = true;
                continue;
            }
            let judged = verdict(&outcome, request.effect(), history, jitter());
            let (reason, wait) = match judged {
                Verdict::Done => match attempt {
                    Attempt::Reply(reply) => return Ok(reply),
                    Attempt::Lost(error) => return Err(lost(error, attempts, unsettled)),
                },
                Verdict::Fail => return Err(attempt.into_error(fault, clock.now(), attempts, unsettled)),
                Verdict::Queue(_) => {
                    tracing::debug!(
                        target: "provider.http",
                        operation = request.operation(),
                        attempt = attempts,
                        "{} was refused for its quota and queues again", request.operation()
                    );
                    refused = Some(Box::new(attempt.into_error(fault, clock.now(), attempts, unsettled)));
                    continue;
                }
                Verdict::Again { reason, wait } => (reason, wait),
            };
            tracing::warn!(
                target: "provider.http",
                operation = request.operation(),
                attempt = attempts,
                reason = reason.as_str(),
                wait_ms = millis(wait),
                http_status = attempt.status().unwrap_or_default(),
                "{} will be asked again", request.operation()
            );
            history.retries += 1;
            let slept = patience.sleep(clock, wait).await;
            if let Err(cut) = slept {
                let last = attempt.into_error(fault, clock.now(), attempts, unsettled);
                return Err(Error::Cut { cut, unsettled, last: Some(Box::new(last)) });
            }
        }
    }

    /// Tells the authoriser what came of its work. Whether to ask once more with other authorisation.
    async fn heard<A: Authorise>(
        &self,
        request: &Request,
        authorise: &A,
        attempt: &Attempt,
        fault: &Fault,
        patience: &Patience,
    ) -> bool {
        let refusal;
        let answer = match attempt {
            Attempt::Lost(_) => Answer::None,
            Attempt::Reply(reply) if reply.status == 401 => {
                refusal = Refusal::new(reply, fault.clone(), self.clock.now());
                Answer::Unauthorised(&refusal)
            }
            Attempt::Reply(reply) => Answer::Status(reply.status),
        };
        tokio::select! {
            biased;
            again = authorise.answered(request, answer) => again,
            _ = patience.exhausted(&*self.clock) => false,
        }
    }

    /// One exchange, logged. A read may be dropped at any time; a write is awaited, since nobody could tell
    /// otherwise whether it took effect.
    async fn attempt(
        &self,
        request: &Request,
        headers: &[Header],
        patience: &Patience,
        number: u32,
    ) -> Result<Attempt, Cut> {
        let clock = &*self.clock;
        let begun = clock.instant();
        let exchange = self.transport.exchange(request, headers);
        let result = if request.effect() == Effect::Read {
            tokio::select! {
                biased;
                cut = patience.exhausted(clock) => return Err(cut),
                result = exchange => result,
            }
        } else {
            let abandoned = async {
                patience.limits.stop.heard().await;
                clock.sleep(GRACE).await;
            };
            tokio::select! {
                biased;
                result = exchange => result,
                () = abandoned => Err(TransportError::Abandoned),
            }
        };
        let attempt = result.map_or_else(Attempt::Lost, Attempt::Reply);
        let duration_ms = millis(clock.instant().saturating_duration_since(begun));
        let (method, path, operation) = (request.method(), request.wire_path(), request.operation());
        match &attempt {
            Attempt::Reply(reply) => tracing::debug!(
                target: "provider.http",
                operation,
                http_status = u64::from(reply.status),
                duration_ms,
                request_id = reply.request_id().unwrap_or_default(),
                attempt = number,
                "{method} {path}"
            ),
            Attempt::Lost(error) => tracing::debug!(
                target: "provider.http",
                operation,
                duration_ms,
                attempt = number,
                error = %error,
                "{method} {path}"
            ),
        }
        Ok(attempt)
    }
}

impl Attempt {
    fn status(&self) -> Option<u64> {
        match self {
            Attempt::Reply(reply) => Some(u64::from(reply.status)),
            Attempt::Lost(_) => None,
        }
    }

    /// What an error body says, without the secrets that were sent: some servers repeat them.
    fn fault(&self, sent: &[Header]) -> Fault {
        match self {
            Attempt::Reply(reply) if !reply.is_success() => reply.fault().without(sent),
            _ => Fault::default(),
        }
    }

    fn outcome<'a>(&self, fault: &'a Fault, now: SystemTime) -> Outcome<'a> {
        match self {
            Attempt::Reply(reply) => Outcome::Answer {
                status: reply.status,
                message: fault.message.as_deref(),
                retry_after: reply.retry_after(now),
            },
            Attempt::Lost(error) => Outcome::Lost(error.lost()),
        }
    }

    /// Whether a write may have been done although this attempt does not confirm it. The gateway answers 503
    /// and 4xx without or before doing anything.
    fn may_have_taken_effect(&self) -> bool {
        match self {
            Attempt::Reply(reply) => reply.status >= 500 && reply.status != 503,
            Attempt::Lost(error) => matches!(error.lost(), Lost::Unanswered | Lost::Unreadable),
        }
    }

    fn into_error<E>(self, fault: Fault, now: SystemTime, attempts: u32, unsettled: bool) -> Error<E> {
        match self {
            Attempt::Lost(error) => lost(error, attempts, unsettled),
            Attempt::Reply(reply) => {
                Error::Refused { refusal: Refusal::new(&reply, fault, now), attempts, unsettled }
            }
        }
    }
}

impl Refusal {
    fn new(reply: &Reply, fault: Fault, now: SystemTime) -> Refusal {
        let request_id = reply.request_id().map(str::to_owned).or_else(|| fault.request_id.clone());
        Refusal { status: reply.status, request_id, server_time: reply.date(), local_time: now, fault }
    }
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Reason::ServerError => "the server failed",
            Reason::LostAnswer => "there was no answer",
        }
    }
}

fn lost<E>(error: TransportError, attempts: u32, unsettled: bool) -> Error<E> {
    Error::Lost { source: Arc::new(error), attempts, unsettled }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A number between 0 and 1, different each time. Hash keys are random enough to spread callers.
fn jitter() -> f64 {
    let random = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Stop, StopSource},
        rest::{
            Limits, Method,
            testing::{Answer, FakeClock, Server},
        },
    };

    struct Rig {
        server: Server,
        clock: Arc<FakeClock>,
        sender: Sender,
    }

    async fn rig(answers: Vec<Answer>) -> Rig {
        let server = Server::start(answers).await;
        let clock = Arc::new(FakeClock::default());
        let transport = Transport::new(crate::rest::TransportOptions::default());
        let sender = Sender::new(transport, clock.clone(), 3);
        Rig { server, clock, sender }
    }

    impl Rig {
        async fn send(&self, effect: Effect, patience: &Patience) -> Result<Reply, Error<Infallible>> {
            let method = if effect == Effect::Read { Method::GET } else { Method::PUT };
            let mut request = Request::new("Op", effect, method, &self.server.base(), ["v5", "x"]);
            if effect != Effect::Read {
                request = request.json(&serde_json::json!({"a": 1}));
            }
            self.sender.send(&request, &Unsigned, patience).await
        }
    }

    #[tokio::test]
    async fn a_failure_is_repeated_with_growing_waits() {
        let rig = rig(vec![
            Answer::status(500),
            Answer::Reset,
            Answer::status(502).body("<title>Bad gateway</title>"),
            Answer::status(200).body("{}"),
        ])
        .await;
        let reply = rig.send(Effect::Set, &Patience::default()).await.unwrap();
        assert_eq!(reply.status, 200);
        let waits: Vec<f64> = rig.clock.slept().iter().map(Duration::as_secs_f64).collect();
        assert_eq!(waits.len(), 3, "{waits:?}");
        for (wait, least) in waits.iter().zip([1.0, 2.0, 4.0]) {
            assert!((least..=least * 1.5).contains(wait), "{waits:?}");
        }
        let requests = rig.server.requests();
        assert_eq!(requests.len(), 4);
        assert!(requests[0].starts_with("PUT /v5/x HTTP/1.1\r\n"), "{}", requests[0]);
        assert!(requests[0].contains("accept: application/json"), "{}", requests[0]);
        assert!(requests[0].ends_with("{\"a\":1}"), "{}", requests[0]);
    }

    #[tokio::test]
    async fn quota_waits_do_not_count_as_retries() {
        let mut answers = vec![Answer::status(429).header("Retry-After", "1"); 6];
        answers.push(Answer::status(200));
        let rig = rig(answers).await;
        let patience = Patience::default();
        rig.send(Effect::Read, &patience).await.unwrap();
        assert_eq!(rig.clock.slept(), [Duration::from_secs(1); 6]);
        assert_eq!(patience.quota.waited(rig.clock.instant()), Duration::from_secs(6));
    }

    #[tokio::test]
    async fn the_last_failure_is_reported_with_what_is_known() {
        let rig = rig(vec![
            Answer::status(400)
                .header("X-Request-Id", "r1")
                .header("Date", "Thu, 01 Jan 1970 00:01:00 GMT")
                .body(r#"{"error_code":"HSS.0011","error_msg":"gone"}"#),
        ])
        .await;
        let Err(Error::Refused { refusal, attempts: 1, unsettled: false }) =
            rig.send(Effect::Set, &Patience::default()).await
        else {
            panic!("not refused");
        };
        assert_eq!((refusal.status, refusal.fault.code.as_deref()), (400, Some("HSS.0011")));
        assert_eq!(refusal.request_id.as_deref(), Some("r1"));
        assert_eq!(refusal.server_time, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(60)));
    }

    #[tokio::test]
    async fn redirects_are_answers() {
        let rig = rig(vec![Answer::status(302).header("Location", "http://127.0.0.1:1/")]).await;
        let result = rig.send(Effect::Read, &Patience::default()).await;
        assert!(matches!(result, Err(Error::Refused { refusal, .. }) if refusal.status == 302));
    }

    #[tokio::test]
    async fn an_endless_body_is_not_read_to_its_end() {
        let rig = rig(vec![Answer::status(200).body(&"x".repeat(MAX_TEST_BODY))]).await;
        let Err(Error::Lost { source, attempts: 1, unsettled: true }) =
            rig.send(Effect::Set, &Patience::default()).await
        else {
            panic!("was read");
        };
        assert!(matches!(*source, TransportError::TooLarge));
    }

    const MAX_TEST_BODY: usize = super::super::MAX_BODY + 1;

    #[tokio::test]
    async fn a_refused_connection_never_took_effect() {
        let rig = rig(Vec::new()).await;
        let base = crate::rest::Base::parse("http://127.0.0.1:1").unwrap();
        let request = Request::new("Op", Effect::Once, Method::POST, &base, ["x"]);
        let result = rig.sender.send(&request, &Unsigned, &Patience::default()).await;
        assert!(matches!(result, Err(Error::Lost { attempts: 4, unsettled: false, .. })), "{result:?}");
    }

    #[tokio::test]
    async fn a_stop_drops_a_read_in_flight() {
        let rig = rig(vec![Answer::Silence]).await;
        let source = StopSource::default();
        let patience = Patience::new(Limits { stop: source.handle(), deadline: None });
        let stop = async {
            rig.server.wait_for_requests(1).await;
            source.stop_running();
        };
        let (result, ()) = tokio::join!(rig.send(Effect::Read, &patience), stop);
        assert!(matches!(result, Err(Error::Cut { cut: Cut::Stopped, unsettled: false, .. })), "{result:?}");
    }

    #[tokio::test]
    async fn a_stop_waits_for_a_write_in_flight() {
        let rig = rig(vec![Answer::status(200).after(Duration::from_millis(100))]).await;
        rig.clock.never_over(GRACE);
        let source = StopSource::default();
        let patience = Patience::new(Limits { stop: source.handle(), deadline: None });
        let stop = async {
            rig.server.wait_for_requests(1).await;
            source.stop_running();
        };
        let (result, ()) = tokio::join!(rig.send(Effect::Set, &patience), stop);
        assert_eq!(result.unwrap().status, 200);
    }

    #[tokio::test]
    async fn a_write_that_hangs_after_a_stop_is_reported_as_unsettled() {
        let rig = rig(vec![Answer::Silence]).await;
        let source = StopSource::default();
        let patience = Patience::new(Limits { stop: source.handle(), deadline: None });
        let stop = async {
            rig.server.wait_for_requests(1).await;
            source.stop_running();
        };
        let (result, ()) = tokio::join!(rig.send(Effect::Set, &patience), stop);
        assert!(matches!(result, Err(Error::Cut { cut: Cut::Stopped, unsettled: true, .. })), "{result:?}");
    }

    #[tokio::test]
    async fn a_wait_beyond_the_deadline_is_not_begun() {
        let rig = rig(vec![Answer::status(503).header("Retry-After", "90")]).await;
        rig.clock.never_over(Duration::from_secs(5));
        let deadline = Some(rig.clock.instant() + Duration::from_secs(60));
        let patience = Patience::new(Limits { stop: Stop::default(), deadline });
        let Err(Error::Cut { cut: Cut::Deadline, unsettled: false, last: Some(last) }) =
            rig.send(Effect::Set, &patience).await
        else {
            panic!("not cut");
        };
        assert!(matches!(*last, Error::Refused { refusal, .. } if refusal.status == 503));
    }
}
