//! `hss-sim`: the simulated HSS as a program of its own, for tests in any language and for trying things out.
//!
//! Prints its address on stdout once it accepts calls, and nothing else there; logs go to stderr.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use terraform_provider_hss::sim::{Knobs, Sim, Tls, World};

const USAGE: &str = "\
Usage: hss-sim [--listen ADDRESS:PORT] [--world FILE.json] [--knob NAME=VALUE]...
               [--tls-cert FILE.pem --tls-key FILE.pem [--tls-client-ca FILE.pem]]
       hss-sim --print-world [--world FILE.json]

An in-memory Huawei Cloud HSS (web tamper protection, remote backup) with IAM, STS, OIDC login and the metadata
service of an instance, all on one address. /at/REGION before a path means the endpoint of that region alone.
Prints http://ADDRESS:PORT (or https) on stdout once it accepts calls; ends on SIGTERM.

  --listen ADDRESS:PORT   loopback only; port 0 takes a free one [127.0.0.1:0]
  --world FILE.json       what the account holds [a small built-in world]
  --knob NAME=VALUE       how it behaves; may be repeated
  --tls-cert FILE.pem     speak HTTPS with this certificate chain
  --tls-key FILE.pem      and its private key
  --tls-client-ca FILE.pem  and demand a client certificate of one of these authorities
  --print-world           print the world and end
  --help, --version

While it runs: GET, DELETE /_sim/requests; GET, PUT /_sim/world; GET, PATCH /_sim/knobs;
PUT, PATCH, DELETE /_sim/hosts/ID and /_sim/backup-hosts/ID; PATCH /_sim/identity-providers/ID;
POST /_sim/revoke ends all tokens and temporary keys.

Knobs, their values and [defaults]:
";

/// What the command line asks for.
enum Job {
    Serve { listen: SocketAddr, world: Box<World>, knobs: Box<Knobs>, tls: Option<Tls> },
    Print(String),
}

fn main() -> ExitCode {
    let job = match read_arguments(std::env::args().skip(1)) {
        Ok(job) => job,
        Err(reason) => return fail(&reason, 2),
    };
    let outcome = match job {
        Job::Print(text) => say(&text),
        Job::Serve { listen, world, knobs, tls } => serve(listen, *world, *knobs, tls),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), 1),
    }
}

fn fail(reason: &str, code: u8) -> ExitCode {
    eprintln!("hss-sim: {reason}");
    ExitCode::from(code)
}

fn say(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

fn read_arguments(arguments: impl Iterator<Item = String>) -> Result<Job, String> {
    let mut listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut world = World::built_in();
    let mut knobs = Knobs::default();
    let mut print_world = false;
    let [mut tls_cert, mut tls_key, mut tls_client_ca] = [const { None }; 3];
    // `--name=value` means the same as `--name value`.
    let mut arguments = arguments.flat_map(|argument| match argument.split_once('=') {
        Some((name, value)) if name.starts_with("--") => vec![name.to_owned(), value.to_owned()],
        _ => vec![argument],
    });
    while let Some(argument) = arguments.next() {
        let mut value = |what: &str| arguments.next().ok_or_else(|| format!("{argument} needs {what}"));
        match argument.as_str() {
            "--listen" => listen = read_address(&value("ADDRESS:PORT")?)?,
            "--world" => world = read_world(&value("a file")?)?,
            "--knob" => {
                let text = value("NAME=VALUE")?;
                let (name, setting) =
                    text.split_once('=').ok_or_else(|| format!("--knob takes NAME=VALUE, not \"{text}\""))?;
                knobs.set(name, setting)?;
            }
            "--tls-cert" => tls_cert = Some(read(&value("a file")?, "--tls-cert")?),
            "--tls-key" => tls_key = Some(read(&value("a file")?, "--tls-key")?),
            "--tls-client-ca" => tls_client_ca = Some(read(&value("a file")?, "--tls-client-ca")?),
            "--print-world" => print_world = true,
            "--help" | "-h" => return Ok(Job::Print(format!("{USAGE}{}", Knobs::help().trim_end()))),
            "--version" | "-V" => {
                return Ok(Job::Print(format!("hss-sim {}", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(format!("unknown argument \"{other}\"; see --help")),
        }
    }
    if print_world {
        return Ok(Job::Print(format!("{:#}", world.to_json())));
    }
    let tls = match (tls_cert, tls_key, tls_client_ca) {
        (None, None, None) => None,
        (Some(certificates), Some(key), client_authorities) => {
            Some(Tls { certificates, key, client_authorities })
        }
        _ => return Err("--tls-cert and --tls-key belong together".to_owned()),
    };
    Ok(Job::Serve { listen, world: Box::new(world), knobs: Box::new(knobs), tls })
}

fn read_address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = numeric
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| format!("--listen takes ADDRESS:PORT such as 127.0.0.1:0, not \"{text}\""))?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!("--listen {text}: not a loopback address; the simulator listens on no other"))
}

fn read_world(file: &str) -> Result<World, String> {
    let text = read(file, "--world")?;
    World::parse(&text).map_err(|error| format!("--world {file}: {error}"))
}

fn read(file: &str, argument: &str) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{argument} {file}: {error}"))
}

fn log(line: &str) {
    // Whoever started the program may have closed its stderr; that is no reason to fail a call.
    let _ = writeln!(io::stderr().lock(), "hss-sim: {line}");
}

#[tokio::main]
async fn serve(listen: SocketAddr, world: World, knobs: Knobs, tls: Option<Tls>) -> io::Result<()> {
    // Before the address is printed: whoever reads it may send the signal at once.
    let ended = end_signal()?;
    let mut sim = Sim::new(world, knobs).with_log(log);
    if let Some(tls) = tls {
        sim = sim.with_tls(tls);
    }
    let running = sim.start_on(listen).await?;
    say(running.base_url())?;
    ended.await;
    // Calls under way are not waited for: a latency of minutes must not delay the end.
    Ok(())
}

#[cfg(unix)]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without signals to hear of, only the end of the process ends it.
        let _ = tokio::signal::ctrl_c().await;
    })
}
