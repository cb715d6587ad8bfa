//! The HTTP server around the simulator: one handler for every path, on a loopback address only.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State as Shared},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    call::Call,
    connection::{Door, Scissors},
    control,
    gateway::{self, Outcome, Spoil},
    knobs::Knobs,
    moment::{self, Moment},
    reply::{Payload, Reply},
    state::State,
    tls::Tls,
    world::World,
};

/// The gateway's limit for signed requests.
const LARGEST_BODY: usize = 12 << 20;

/// Where the simulator writes a line per request. The lines hold no secret.
pub type Log = fn(&str);

/// The simulator, ready to be started.
#[derive(Debug)]
pub struct Sim {
    world: World,
    knobs: Knobs,
    log: Option<Log>,
    tls: Option<Tls>,
}

/// A simulator that accepts calls. It ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    base_url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

struct Server {
    state: Mutex<State>,
    log: Option<Log>,
}

impl Sim {
    /// A simulator of this world.
    pub fn new(world: World, knobs: Knobs) -> Self {
        Self { world, knobs, log: None, tls: None }
    }

    /// Sends a line per request to `log`.
    pub fn with_log(self, log: Log) -> Self {
        Self { log: Some(log), ..self }
    }

    /// Speaks HTTPS instead of HTTP.
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Listens on a free loopback port. Must be called within a tokio runtime.
    pub async fn start(self) -> io::Result<Running> {
        self.start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Listens on this address, which must be a loopback one: the simulator's secrets are no secrets.
    pub async fn start_on(self, address: SocketAddr) -> io::Result<Running> {
        if !address.ip().is_loopback() {
            let reason = format!("{address} is not a loopback address; the simulator listens on no other");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let acceptor = self.tls.as_ref().map(Tls::acceptor).transpose()?;
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind(address).await?;
        let base_url = format!("{scheme}://{}", listener.local_addr()?);
        let server = Server { state: Mutex::new(State::new(self.world, self.knobs)), log: self.log };
        let service = Router::new()
            .fallback(handle)
            .with_state(Arc::new(server))
            .into_make_service_with_connect_info::<Scissors>();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(Door::new(listener, acceptor), service).with_graceful_shutdown(async {
            // A dropped sender means the same as a sent word.
            let _ = stopped.await;
        });
        let task = tokio::spawn(async move { serving.await });
        Ok(Running { base_url, stop: Some(stop), task })
    }
}

impl Running {
    /// `http://127.0.0.1:PORT` or the same with `https`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Stops accepting, finishes the calls under way and returns.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        // The task only ends early when it panicked, and then there is nothing left to wait for.
        let _ = (&mut self.task).await;
    }
}

async fn handle(
    Shared(server): Shared<Arc<Server>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str();
    let path = parts.uri.path();
    let body = to_bytes(body, LARGEST_BODY).await;

    if let Some(rest) = path.strip_prefix("/_sim/") {
        let body = body.unwrap_or_default();
        let now = server.now();
        let (status, value) = server.with_state(|state| control::answer(state, method, rest, &body, now));
        let body = value.map_or(Payload::Empty, Payload::Json);
        return write(Reply::new(status, body), None, None, now);
    }

    let pause = server.with_state(|state| {
        let (least, greatest) = state.knobs.latency_ms;
        least + state.chance.below((greatest - least).saturating_add(1))
    });
    if pause > 0 {
        moment::sleep(Duration::from_millis(pause)).await;
    }
    let now = server.now();
    let Ok(body) = body else {
        let reply = Reply::gateway(413, "APIGW.0201", "Request entity too large");
        return write(reply, Some(String::new()), None, now);
    };
    let call = Call {
        method: method.to_owned(),
        path: path.to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        now,
        proxied: parts.uri.authority().is_some(),
    };
    let outcome = server.with_state(|state| gateway::carry_out(state, &call));
    server.note(&call, &outcome);
    let Outcome { reply, request_id, spoil, .. } = outcome;
    match spoil {
        Some(Spoil::Reset) => scissors.cut(),
        Some(Spoil::Delay(milliseconds)) => moment::sleep(Duration::from_millis(milliseconds)).await,
        Some(Spoil::Truncate) | None => {}
    }
    write(reply, Some(request_id), spoil, now)
}

impl Server {
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // A panic in one call must not take the simulator down with it.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time by the clock of the simulated services.
    fn now(&self) -> Moment {
        moment::now().shifted(self.with_state(|state| state.knobs.clock_offset_s))
    }

    fn note(&self, call: &Call, outcome: &Outcome) {
        if let Some(log) = self.log {
            let Outcome { reply, request_id, operation, actor, spoil } = outcome;
            let who = &actor.who;
            let spoil = spoil.map_or_else(String::new, |spoil| format!(" {spoil:?}"));
            log(&format!(
                "{} {} {}{spoil} {operation} by {who} [{request_id}]",
                call.method, call.path, reply.status
            ));
        }
    }
}

/// Writes an answer out. Calls to the gateway have a request id, control calls do not.
fn write(reply: Reply, request_id: Option<String>, spoil: Option<Spoil>, now: Moment) -> Response<Body> {
    let (content_type, bytes) = match reply.body {
        Payload::Empty => (None, Bytes::new()),
        Payload::Json(value) => (Some("application/json"), value.to_string().into()),
        Payload::Text(content_type, text) => (Some(content_type), text.into_owned().into()),
        Payload::Gateway { code, message, denial } => {
            let mut body = json!({"error_code": code, "error_msg": message, "request_id": request_id});
            if denial {
                body["encoded_authorization_message"] = json!("c2ltdWxhdGVk");
            }
            (Some("application/json"), body.to_string().into())
        }
    };
    let length = bytes.len();
    let body = match spoil {
        Some(Spoil::Truncate) => halved(bytes),
        _ => Body::from(bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if spoil == Some(Spoil::Truncate) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length.max(2)));
    }
    if let Ok(date) = HeaderValue::try_from(moment::to_http(now.wall)) {
        headers.insert(header::DATE, date);
    }
    let content_type = content_type.map(|it| (header::CONTENT_TYPE, it.to_owned()));
    let request_id = request_id.map(|id| (HeaderName::from_static("x-request-id"), id));
    let others = reply.headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value));
    for (name, value) in content_type.into_iter().chain(request_id).chain(others) {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// The first half of a body, then an error, upon which the server closes the connection.
fn halved(bytes: Bytes) -> Body {
    let half = bytes.slice(..bytes.len() / 2);
    let pieces = [Ok(half), Err(io::Error::from(io::ErrorKind::UnexpectedEof))];
    Body::from_stream(tokio_stream::iter(pieces))
}
