//! A live apply under attack: whoever is on the same machine finds the plugin's socket and tries everything on it, from
//! the moment it is there. The apply ends as if nobody had been there.
//!
//! `tests/plugin.rs` has the same attacks one at a time, on a listener of its own.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "these tests drive real processes in real time")]

#[allow(dead_code, reason = "tests/plugin.rs uses more of it")]
mod go_client;
mod harness;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs, io,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use go_client::{CLIENT, HTTP2_OPENING, Identity, STRANGER, STRANGER_KEY, client_config};
use harness::{Ran, Simulator, Workspace, candidate, find_terraform, protected, world};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-hss");
const SIMULATOR: &str = env!("CARGO_BIN_EXE_hss-sim");
const SERVERS: usize = 16;

/// An attacker takes any certificate.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn credulous() -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config =
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone)).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// Counts of what was tried, and what the attackers got out of it.
#[derive(Default)]
struct Siege {
    tried: BTreeMap<&'static str, u64>,
    /// Answers that nobody but the host may get.
    breaches: Vec<String>,
    sockets: BTreeSet<PathBuf>,
}

/// Sockets below a folder.
fn sockets(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(sockets(&entry.path())),
            Ok(kind) if kind.is_socket() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

async fn tls(socket: &Path, config: ClientConfig) -> io::Result<TlsStream<UnixStream>> {
    let stream = UnixStream::connect(socket).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Asks a question over a connection that should not be there. Whatever comes back is a breach.
async fn answer(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) -> Vec<u8> {
    let _ = stream.write_all(HTTP2_OPENING).await;
    let mut answer = vec![0; 64];
    let read = timeout(Duration::from_secs(3), stream.read(&mut answer)).await;
    answer.truncate(read.ok().and_then(Result::ok).unwrap_or(0));
    answer
}

impl Siege {
    fn count(&mut self, what: &'static str) {
        *self.tried.entry(what).or_default() += 1;
    }

    fn breach(&mut self, what: &str, answer: &[u8]) {
        // A TLS alert, record type 21, is no answer.
        if !answer.is_empty() && answer[0] != 21 {
            self.breaches.push(format!("{what}: {answer:?}"));
        }
    }

    /// One round of everything against one socket.
    async fn storm(&mut self, socket: &Path, held: &mut Vec<UnixStream>) -> io::Result<()> {
        for (what, bytes) in [
            ("plaintext HTTP/2", HTTP2_OPENING.to_vec()),
            ("plaintext HTTP/1", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
            ("garbage", vec![0xff; 4096]),
            // A TLS record that claims more than one can hold, and an HTTP/2 frame of 16 MiB.
            ("oversized frames", [&[22, 3, 1, 0xff, 0xff][..], &[1; 70000]].concat()),
            ("oversized frames", [HTTP2_OPENING, &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]].concat()),
        ] {
            self.count(what);
            let mut stream = UnixStream::connect(socket).await?;
            let _ = stream.write_all(&bytes).await;
            let mut heard = vec![0; 64];
            let read = timeout(Duration::from_secs(3), stream.read(&mut heard)).await;
            heard.truncate(read.ok().and_then(Result::ok).unwrap_or(0));
            self.breach(what, &heard);
        }
        self.count("TLS without a certificate");
        let mut certificate = None;
        if let Ok(stream) = tls(socket, credulous()).await {
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            certificate = shown.map(|certificate| certificate.to_vec());
            let heard = answer(stream).await;
            self.breach("no certificate", &heard);
        }
        if let Some(certificate) = certificate {
            for (what, identity) in [
                ("TLS with another certificate", Identity::of(STRANGER, STRANGER_KEY)),
                ("TLS with a stolen certificate", Identity::of(CLIENT, STRANGER_KEY)),
            ] {
                self.count(what);
                if let Ok(stream) = tls(socket, client_config(&certificate, Some(identity))).await {
                    let heard = answer(stream).await;
                    self.breach(what, &heard);
                }
            }
        }
        for _ in 0..8 {
            self.count("slow handshakes");
            let mut stream = UnixStream::connect(socket).await?;
            // The head of a record that promises more, and then a byte now and again.
            let _ = stream.write_all(&[22, 3, 1, 2, 0, 1]).await;
            held.push(stream);
        }
        Ok(())
    }

    /// A thousand connections that say nothing; as many are held as the system allows.
    async fn flood(&mut self, socket: &Path, held: &mut Vec<UnixStream>) {
        for _ in 0..1000 {
            match UnixStream::connect(socket).await {
                Ok(stream) => {
                    self.count("silent connections");
                    held.push(stream);
                }
                Err(_) => break,
            }
            if held.len() > 400 {
                held.drain(..200);
            }
        }
    }
}

/// Attacks every socket that appears, until `over`.
async fn besiege(folder: &Path, over: &AtomicBool) -> Siege {
    let mut siege = Siege::default();
    let mut held = Vec::new();
    while !over.load(Ordering::Relaxed) {
        for socket in sockets(folder) {
            let is_new = siege.sockets.insert(socket.clone());
            let _ = siege.storm(&socket, &mut held).await;
            if is_new {
                siege.flood(&socket, &mut held).await;
            }
        }
        for stream in &mut held {
            let _ = stream.try_write(&[0]);
        }
        sleep(Duration::from_millis(20)).await;
    }
    siege
}

fn configuration() -> String {
    format!(
        "resource \"hss_wtp_backup_host\" \"vault\" {{\n  host_id = \"vault-1\"\n  backup_host_ip = \"172.16.8.20\"\n  \
         backup_host_port = 18080\n  backup_dir = \"/data/wtp-copies\"\n}}\n\
         resource \"hss_wtp_remote_backup\" \"all\" {{\n  for_each = toset([for n in range(1, {}) : \"web-${{n}}\"])\n  \
         host_id = each.key\n  backup_host_id = hss_wtp_backup_host.vault.host_id\n}}\n",
        SERVERS + 1
    )
}

fn apply(terraform: &Path, besieged: bool) -> (Ran, Option<Siege>, Duration) {
    let hosts: Vec<_> = (1..=SERVERS).map(|number| protected(&format!("web-{number}"))).collect();
    let simulator = Simulator::with_world(
        Path::new(SIMULATOR),
        &world(&hosts.into_iter().chain([candidate("vault-1")]).collect::<Vec<_>>(), &[]),
    );
    simulator.knob("start_sequence", "straight");
    simulator.knob("latency_ms", 60);
    let mut workspace = Workspace::against(terraform, Path::new(PROVIDER), &simulator);
    workspace.write("main.tf", &configuration());
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    workspace.set_env("TMPDIR", folder.path().to_str().unwrap());
    let over = AtomicBool::new(false);
    let (ran, siege, took) = thread::scope(|scope| {
        let attack = besieged.then(|| {
            scope.spawn(|| {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                let runtime = builder.worker_threads(2).enable_all().build().unwrap();
                runtime.block_on(besiege(folder.path(), &over))
            })
        });
        let begun = Instant::now();
        let ran = workspace.run(&["apply", "-no-color", "-input=false", "-auto-approve", "-parallelism=4"]);
        let took = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        (ran, attack.map(|attack| attack.join().unwrap()), took)
    });
    if ran.code == Some(0) {
        for number in 1..=SERVERS {
            assert!(!simulator.remote_backup(&format!("web-{number}")).is_null(), "web-{number}");
        }
        workspace.plan_is_empty();
        // A second client after the shutdown: there is nobody to talk to, and nothing is left behind.
        let left = sockets(folder.path());
        assert!(left.is_empty(), "{left:?}");
        for socket in siege.iter().flat_map(|siege| &siege.sockets) {
            assert!(std::os::unix::net::UnixStream::connect(socket).is_err(), "{}", socket.display());
        }
    }
    (ran, siege, took)
}

#[test]
fn an_apply_under_attack_ends_as_if_nobody_had_been_there() {
    if env::var_os("HSS_ACC").is_some_and(|value| value == "0") {
        let _ = io::Write::write_all(&mut io::stderr(), b"\n*** HSS_ACC=0: the siege is LEFT OUT ***\n");
        return;
    }
    let terraform = find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
    let (quiet, _, alone) = apply(&terraform, false);
    let (loud, siege, attacked) = apply(&terraform, true);
    let siege = siege.unwrap();
    let total: u64 = siege.tried.values().sum();
    println!("{total} attacks on {} sockets: {:?}", siege.sockets.len(), siege.tried);
    println!("the apply took {alone:.1?} alone and {attacked:.1?} under attack");
    assert_eq!(siege.breaches, Vec::<String>::new());
    let quiet = quiet.ok();
    let loud = loud.ok();
    // The same lines, in whatever order.
    let lines = |ran: &Ran| {
        let kept = ran.stdout.lines().filter(|line| !line.contains(" after ") && !line.contains("Still "));
        let mut all: Vec<String> = kept.map(str::to_owned).collect();
        all.sort();
        all
    };
    assert_eq!(lines(&quiet), lines(&loud));
    assert_eq!(loud.stderr, quiet.stderr);
    for what in
        ["plaintext HTTP/2", "TLS without a certificate", "TLS with another certificate", "slow handshakes"]
    {
        assert!(
            siege.tried.get(what).is_some_and(|count| *count > 0),
            "{what} was not tried: {:?}",
            siege.tried
        );
    }
    assert!(siege.tried["silent connections"] >= 1000, "{:?}", siege.tried);
    assert!(attacked < alone * 5 + Duration::from_secs(10), "{alone:?} {attacked:?}");
}
