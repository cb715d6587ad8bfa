//! The HTTP client against servers that mean no good: old TLS, wrong certificates, redirections, endless answers.
//!
//! The servers are sockets of the tests' own, so that they can say anything.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "sockets are real here, and so is their time")]

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use terraform_provider_hss::rest::{
    Base, BaseError, Effect, Header, Lost, MAX_BODY, Method, Reply, Request, Transport, TransportError,
    TransportOptions,
};

const SECRET: &str = "sesame-sesame-sesame";

/// A server that plays `play` on every connection; how many there were is counted.
fn server(play: impl Fn(TcpStream) + Send + Sync + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let play = Arc::new(play);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let play = play.clone();
            thread::spawn(move || play(stream));
        }
    });
    (port, count)
}

/// Reads a request up to the end of its headers.
fn heard(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn exchange(url: &str, insecure: bool) -> Result<Reply, TransportError> {
    let transport = Transport::new(TransportOptions {
        insecure,
        user_agent: "test/1".to_owned(),
        ..TransportOptions::default()
    });
    let base = Base::parse(url).unwrap();
    let request = Request::new("Op", Effect::Read, Method::GET, &base, ["v5", "p"]);
    let extra = [Header::sensitive("authorization", SECRET), Header::sensitive("x-auth-token", SECRET)];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), transport.exchange(&request, &extra))
            .await
            .expect("it ends")
    })
}

/// A TLS server with a certificate that nobody has signed but itself.
fn tls_config() -> Arc<ServerConfig> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap())
}

fn tls_server() -> (u16, mpsc::Receiver<String>) {
    let (told, requests) = mpsc::channel();
    let config = tls_config();
    let told = std::sync::Mutex::new(told);
    let (port, _) = server(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        let head = heard(&mut stream);
        let _ = told.lock().unwrap().send(head.clone());
        if !head.is_empty() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (port, requests)
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_and_sees_no_request() {
    let (port, requests) = tls_server();
    let error = exchange(&format!("https://127.0.0.1:{port}"), false).unwrap_err();
    assert!(matches!(error, TransportError::Tls(_)), "{error:?}");
    assert_eq!(error.lost(), Lost::Hopeless, "another try would be as hopeless");
    assert_eq!(
        requests.recv_timeout(Duration::from_secs(5)).unwrap(),
        "",
        "not one byte of the request went out"
    );
}

#[test]
fn insecure_means_any_certificate() {
    let (port, requests) = tls_server();
    assert_eq!(exchange(&format!("https://127.0.0.1:{port}"), true).unwrap().status, 200);
    assert!(requests.recv().unwrap().contains(SECRET));
}

/// The versions that the first message of a TLS client offers.
fn offered_versions(hello: &[u8]) -> Vec<u16> {
    let number = |at: usize| usize::from(hello[at]) << 8 | usize::from(hello[at + 1]);
    // Record and handshake headers, version, random; then session, ciphers, compression.
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + number(at);
    at += 1 + usize::from(hello[at]);
    let end = at + 2 + number(at);
    at += 2;
    while at < end {
        let (kind, length) = (number(at), number(at + 2));
        if kind == 43 {
            let list = &hello[at + 5..at + 4 + length];
            return list.chunks(2).map(|pair| u16::from(pair[0]) << 8 | u16::from(pair[1])).collect();
        }
        at += 4 + length;
    }
    Vec::new()
}

#[test]
fn nothing_older_than_tls_1_2_is_offered_or_taken() {
    for (insecure, version) in [(false, 0x0302_u16), (true, 0x0302), (true, 0x0301), (true, 0x0300)] {
        let (told, hellos) = mpsc::channel();
        let told = std::sync::Mutex::new(told);
        let (port, _) = server(move |mut stream| {
            let mut hello = vec![0; 5];
            stream.read_exact(&mut hello).unwrap();
            let length = usize::from(hello[3]) << 8 | usize::from(hello[4]);
            hello.resize(5 + length, 0);
            stream.read_exact(&mut hello[5..]).unwrap();
            // A ServerHello of that old version: random, no session, a cipher of its time, no compression.
            let [high, low] = version.to_be_bytes();
            let body = [&[high, low][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
            let length = u8::try_from(body.len()).unwrap();
            let record = [&[22, high, low, 0, length + 4, 2, 0, 0, length][..], &body].concat();
            let _ = stream.write_all(&record);
            let _ = told.lock().unwrap().send(hello);
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
            assert!(!String::from_utf8_lossy(&rest).contains(SECRET));
        });
        let error = exchange(&format!("https://127.0.0.1:{port}"), insecure).unwrap_err();
        assert!(matches!(error, TransportError::Tls(_)), "{version:x}: {error:?}");
        let offered = offered_versions(&hellos.recv().unwrap());
        assert_eq!(offered, [0x0304, 0x0303], "TLS 1.3 and 1.2");
    }
}

#[test]
fn no_redirection_is_followed_and_no_credential_goes_elsewhere() {
    for status in [301, 302, 303, 307, 308] {
        let (elsewhere, visits) = server(|mut stream| {
            heard(&mut stream);
        });
        let (port, _) = server(move |mut stream| {
            heard(&mut stream);
            let answer = format!(
                "HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{elsewhere}/v5/p\r\nRefresh: 0; url=http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        });
        assert_eq!(exchange(&format!("http://127.0.0.1:{port}"), false).unwrap().status, status);
        assert_eq!(visits.load(Ordering::SeqCst), 0, "{status}");
    }
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    for remote in [
        "http://hss.example.com",
        "http://10.0.0.1",
        "http://[fd00::1]",
        "http://0.0.0.0",
        "http://127.0.0.1.nip.io",
    ] {
        assert_eq!(Base::parse(remote), Err(BaseError::PlainHttp), "{remote}");
    }
    for local in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"] {
        assert!(Base::parse(local).is_ok(), "{local}");
    }
}

/// How many bytes an endless writer got rid of before the client hung up.
fn endless(head: &'static [u8], piece: &'static [u8]) -> (Result<Reply, TransportError>, usize) {
    let (told, written) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let (port, _) = server(move |mut stream| {
        heard(&mut stream);
        let mut total = 0;
        let mut write = |bytes: &[u8]| -> io::Result<()> {
            stream.write_all(bytes)?;
            total += bytes.len();
            Ok(())
        };
        let _ = write(head).and_then(|()| {
            loop {
                write(piece)?;
            }
        }) as io::Result<()>;
        let _ = told.lock().unwrap().send(total);
    });
    let begun = Instant::now();
    let result = exchange(&format!("http://127.0.0.1:{port}"), false);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    (result, written.recv_timeout(Duration::from_secs(10)).unwrap())
}

#[test]
fn an_answer_without_end_is_cut_off() {
    const CHUNK: &[u8] = b"1000\r\n";
    static PIECE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let piece = PIECE.get_or_init(|| [CHUNK, &[b'x'; 0x1000], b"\r\n"].concat());
    let (result, written) = endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", piece);
    assert!(matches!(result, Err(TransportError::TooLarge)), "{result:?}");
    // What is in the sockets' buffers comes on top.
    assert!(written < 2 * MAX_BODY, "{written}");

    let (result, written) = endless(b"HTTP/1.1 200 OK\r\n\r\n", piece);
    assert!(matches!(result, Err(TransportError::TooLarge)), "{result:?}");
    assert!(written < 2 * MAX_BODY, "{written}");
}

#[test]
fn a_length_beyond_the_limit_is_not_even_begun() {
    static PIECE: [u8; 4096] = [b'x'; 4096];
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n";
    let (result, written) = endless(head, &PIECE);
    assert!(matches!(result, Err(TransportError::TooLarge)), "{result:?}");
    assert!(written < MAX_BODY, "{written}");
}

#[test]
fn headers_without_end_are_cut_off() {
    for piece in [&b"X-More: 0123456789012345678901234567890123456789\r\n"[..], b"x"] {
        let (result, written) = endless(b"HTTP/1.1 200 OK\r\nX-Long: ", piece);
        assert!(matches!(result, Err(TransportError::Unanswered(_))), "{result:?}");
        assert!(written < 8 << 20, "{written}");
    }
}
