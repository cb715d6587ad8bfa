//! What the tests of this stack share: a server that answers from a list, and a clock that does not wait.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::Base;
use crate::clock::{Clock, Pending, SystemClock};

/// A clock whose sleeps end at once and are noted down, except those it is told never to end.
pub(crate) struct FakeClock {
    start: Instant,
    slept: Mutex<Vec<Duration>>,
    endless_from: Mutex<Duration>,
    offset: Mutex<Duration>,
}

impl Default for FakeClock {
    fn default() -> Self {
        FakeClock {
            start: SystemClock.instant(),
            slept: Mutex::default(),
            endless_from: Mutex::new(Duration::MAX),
            offset: Mutex::default(),
        }
    }
}

impl FakeClock {
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, duration: Duration) {
        *self.offset.lock().unwrap() += duration;
    }

    /// Sleeps of at least `duration` last for ever from now on.
    pub(crate) fn never_over(&self, duration: Duration) {
        *self.endless_from.lock().unwrap() = duration;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600) + *self.offset.lock().unwrap()
    }

    fn instant(&self) -> Instant {
        self.start + *self.offset.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Pending<'static, ()> {
        if duration >= *self.endless_from.lock().unwrap() {
            return Box::pin(std::future::pending());
        }
        self.slept.lock().unwrap().push(duration);
        *self.offset.lock().unwrap() += duration;
        Box::pin(tokio::task::yield_now())
    }
}

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Say {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
        after: Duration,
    },
    /// Closes the connection after reading the request.
    Reset,
    /// Reads the request and never answers.
    Silence,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Answer {
        Answer::Say { status, headers: Vec::new(), body: String::new(), after: Duration::ZERO }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Answer {
        Answer::status(200).body(&value.to_string())
    }

    pub(crate) fn body(mut self, text: &str) -> Answer {
        if let Answer::Say { body, .. } = &mut self {
            text.clone_into(body);
        }
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Answer {
        if let Answer::Say { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub(crate) fn after(mut self, wait: Duration) -> Answer {
        if let Answer::Say { after, .. } = &mut self {
            *after = wait;
        }
        self
    }
}

type Script = Box<dyn FnMut(&str) -> Answer + Send>;

/// An HTTP/1.1 server on a free loopback port.
pub(crate) struct Server {
    port: u16,
    requests: watch::Receiver<Vec<String>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Gives the answers in turn, then 500.
    pub(crate) async fn start(answers: Vec<Answer>) -> Server {
        let mut answers = VecDeque::from(answers);
        Server::with(move |_| answers.pop_front().unwrap_or_else(|| Answer::status(500))).await
    }

    /// Answers each request by its whole text.
    pub(crate) async fn with(script: impl FnMut(&str) -> Answer + Send + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, requests) = watch::channel(Vec::new());
        let seen = Arc::new(seen);
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, script.clone(), seen.clone()));
            }
        });
        Server { port, requests, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn base(&self) -> Base {
        Base::parse(&self.url()).unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    pub(crate) async fn wait_for_requests(&self, count: usize) {
        self.requests.clone().wait_for(|requests| requests.len() >= count).await.unwrap();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>, seen: Arc<watch::Sender<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        let answer = (script.lock().unwrap())(&request);
        seen.send_modify(|requests| requests.push(request));
        let Answer::Say { status, headers, body, after } = answer else {
            if matches!(answer, Answer::Silence) {
                std::future::pending::<()>().await;
            }
            return;
        };
        SystemClock.sleep(after).await;
        let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        text += &body;
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(String::from_utf8(bytes).unwrap());
            }
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}
