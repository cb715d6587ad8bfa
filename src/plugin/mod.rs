//! The go-plugin transport: how a host starts this process, trusts it, talks to it and ends it.
//!
//! Nothing here knows Terraform or HSS. What is served is handed in as gRPC routes; which application the process
//! is a plugin of is told by a [`Plugin`]; what the host said when it started us is a [`Launch`].
//! The way of one start: cookie, version, listener, TLS, handshake line, serving, clean end.

mod accept;
mod client_key;
mod handshake;
mod launch;
mod listen;
mod process;
mod reattach;
mod services;
mod tls;

use std::{
    future::{Future, pending},
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};

pub use self::{
    accept::Security,
    handshake::{Handshake, VersionChoice, choose_version},
    launch::Launch,
    listen::{Address, BindError, Listener, SocketOptions},
    reattach::reattach_text,
    tls::{MutualTls, TlsError},
};

/// Types of the services by which go-plugin looks after a process, and of the gRPC health check.
#[allow(missing_docs, unreachable_pub, rustdoc::all, clippy::all, reason = "generated")]
pub mod proto {
    /// `plugin.proto`.
    pub mod plugin {
        tonic::include_proto!("plugin");
    }
    /// `health.proto`.
    pub mod health {
        tonic::include_proto!("grpc.health.v1");
    }
}

/// Largest message in bytes that a service takes or sends: what plugins written in Go allow. To be set on every
/// generated server, for tonic's own limit of 4 MiB is soon reached by one large attribute.
pub const MESSAGE_LIMIT: usize = 256 << 20;

/// How long calls in flight may last after the host asked for the end. It kills the process after two seconds.
const GRACE: Duration = Duration::from_millis(500);

/// Flow-control windows in bytes: large enough that a message of some megabytes does not wait for permission
/// every 64 KiB.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// More threads than this only make the start slower: the calls wait for the network, they do not compute.
const MOST_THREADS: usize = 4;

/// What makes a process a plugin of one application.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// Environment variable by which the host shows that it knows it starts a plugin.
    pub cookie_name: &'static str,
    /// The value that variable must have.
    pub cookie_value: &'static str,
    /// The application protocol version spoken.
    pub protocol: u32,
    /// Environment variable by which a user points the host at a process already running.
    pub reattach_variable: &'static str,
    /// Under which name that variable lists this plugin.
    pub address: &'static str,
    /// Name of the executable, for texts.
    pub name: &'static str,
    /// Version of the executable, for texts.
    pub version: &'static str,
    /// What somebody reads who started the executable by hand.
    pub manual_start_text: &'static str,
}

/// Why the process could not begin to serve. The text is for stderr.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("cannot open a socket for the host")]
    Bind(#[from] BindError),
    #[error("cannot set up TLS with the host")]
    Tls(#[from] TlsError),
    #[error("cannot write the handshake line")]
    Handshake(#[source] io::Error),
    #[error("cannot prepare the process")]
    Process(#[source] io::Error),
}

/// Serves one host until it is done with this process, and says with what status to exit.
///
/// `app` makes the application's own services, inside the runtime, once it is certain that a host is there.
/// stdout belongs to the handshake and is closed to everybody else afterwards.
pub fn serve(plugin: &Plugin, launch: &Launch, app: impl FnOnce() -> Routes) -> ExitCode {
    if !launch.shows_cookie() {
        process::say(plugin.manual_start_text);
        return ExitCode::FAILURE;
    }
    in_runtime(plugin, async {
        process::install_panic_hook(plugin.name, plugin.version);
        let mut signals = process::Signals::of_a_launched_plugin().map_err(StartError::Process)?;
        let versions = choose_version(launch.versions(), &[plugin.protocol]);
        for complaint in versions.complaints() {
            process::say(&format!("{}: {complaint}", plugin.name));
        }
        let (security, certificate) = match launch.client_certificate() {
            Some(pem) => {
                let tls = MutualTls::pinned_to(pem)?;
                let certificate = tls.certificate().to_vec();
                (Security::Mutual(tls), Some(certificate))
            }
            None => (Security::Plain, None),
        };
        let listener = Listener::bind(&launch.socket_options())?;
        let line = Handshake {
            version: versions.version,
            address: listener.address(),
            certificate: certificate.as_deref(),
            multiplex: launch.asks_for_multiplexing(),
        };
        process::hand_over_stdout(&line.to_string()).map_err(StartError::Handshake)?;
        let ending = CancellationToken::new();
        let served = run(&listener, security, app(), ending.clone());
        Ok(until_told(served, async move { signals.end().await }, ending).await)
    })
}

/// Serves hosts that are pointed at this process by a variable, for work under a debugger: without cookie,
/// handshake line or TLS, until Ctrl-C. Prints how to set that variable.
pub fn serve_debug(plugin: &Plugin, launch: &Launch, app: impl FnOnce() -> Routes) -> ExitCode {
    in_runtime(plugin, async {
        process::install_panic_hook(plugin.name, plugin.version);
        let mut signals = process::Signals::of_a_debugged_plugin().map_err(StartError::Process)?;
        let listener = Listener::bind(&launch.socket_options())?;
        let text = reattach_text(plugin, listener.address(), std::process::id());
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(StartError::Handshake)?;
        drop(stdout);
        let ending = CancellationToken::new();
        let served = run(&listener, Security::Plain, app(), ending.clone());
        Ok(until_told(served, async move { signals.end().await }, ending).await)
    })
}

/// Serves `app` and the go-plugin services on `listener` until `ending` is cancelled, which the controller
/// service does too when the host asks for the end.
///
/// Streams still open are ended then; calls in flight get half a second.
pub async fn run(
    listener: &Listener,
    security: Security,
    app: Routes,
    ending: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let (sender, connections) = mpsc::channel(16);
    let routes = services::add_to(app, &ending);
    let server = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(ReceiverStream::new(connections), ending.clone().cancelled_owned());
    tokio::select! {
        result = server => result,
        never = accept::forever(listener, security, sender) => match never {},
        () = grace_after(&ending) => Ok(()),
    }
}

/// Ends a little after `ending` was cancelled.
async fn grace_after(ending: &CancellationToken) {
    ending.cancelled().await;
    // Elapsing is the whole point, so the result says nothing.
    let _elapsed = tokio::time::timeout(GRACE, pending::<()>()).await;
}

/// Drives `served`; when `told` says so first, asks for the end and waits for it.
async fn until_told(
    served: impl Future<Output = Result<(), tonic::transport::Error>>,
    told: impl Future<Output = ExitCode>,
    ending: CancellationToken,
) -> ExitCode {
    let mut served = std::pin::pin!(served);
    tokio::select! {
        result = &mut served => match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(target: "provider.plugin", %error, "serving ended");
                ExitCode::FAILURE
            }
        },
        code = told => {
            ending.cancel();
            let _: Result<(), _> = served.await;
            code
        }
    }
}

/// Runs `main` to its end and reports what kept it from starting. The runtime is left without waiting for its
/// blocking threads: a name look-up that hangs must not hold up the exit.
fn in_runtime(plugin: &Plugin, main: impl Future<Output = Result<ExitCode, StartError>>) -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            process::say(&format!("{}: cannot start threads: {error}", plugin.name));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(main).unwrap_or_else(|error| {
        process::say(&format!("{}: {}", plugin.name, process::chain(&error)));
        ExitCode::FAILURE
    });
    runtime.shutdown_background();
    code
}
