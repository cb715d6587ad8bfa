//! From sockets to connections worth serving: every peer proves itself in its own task, within a time limit.
//!
//! A peer that is slow, wrong or one of hundreds is dropped; it never holds up the others, and never ends the loop.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tonic::transport::server::Connected;

use super::{
    listen::{Duplex, Listener, Socket},
    tls::MutualTls,
};

/// How long a peer may take to prove itself. The host needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many may be proving themselves at a time. One more, and the one waiting longest is dropped: the host is
/// quick, so it is never that one.
const MOST_PENDING: usize = 128;
/// How many connections are served at a time. The host opens one; under a debugger it opens a few.
const MOST_SERVED: usize = 128;
/// Pause after the system refused a connection, so that a lack of file descriptors is not made worse.
const BREATH: Duration = Duration::from_millis(20);

/// How every HTTP/2 client begins.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a peer must show before it is served.
#[derive(Clone, Debug)]
pub enum Security {
    /// The pinned client's certificate and proof of its key.
    Mutual(MutualTls),
    /// Only that it speaks HTTP/2: the host asked for plaintext, and only this user reaches the socket.
    Plain,
}

/// A connection that may be served.
pub(super) struct Connection {
    stream: Box<dyn Duplex>,
    /// Counts towards [`MOST_SERVED`] until dropped.
    _permit: OwnedSemaphorePermit,
}

/// Accepts for as long as it is polled.
pub(super) async fn forever(
    listener: &Listener,
    security: Security,
    served: mpsc::Sender<io::Result<Connection>>,
) -> Infallible {
    let room = Arc::new(Semaphore::new(MOST_SERVED));
    let mut tasks = JoinSet::new();
    let mut pending: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let socket = tokio::select! {
            socket = listener.accept() => socket,
            Some(_) = tasks.join_next() => continue,
        };
        pending.retain(|task| !task.is_finished());
        let socket = match socket {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(target: "provider.plugin", %error, "could not accept a connection");
                // Perhaps there are no descriptors left: the one that waits longest gives its own back.
                if let Some(oldest) = pending.pop_front() {
                    oldest.abort();
                }
                let _elapsed = timeout(BREATH, std::future::pending::<()>()).await;
                continue;
            }
        };
        if pending.len() >= MOST_PENDING
            && let Some(oldest) = pending.pop_front()
        {
            oldest.abort();
            tracing::debug!(target: "provider.plugin", "dropped the oldest of too many unproven connections");
        }
        let proof = prove(socket, security.clone(), room.clone(), served.clone());
        pending.push_back(tasks.spawn(proof));
    }
}

/// Lets one peer prove itself, and passes it on to be served.
async fn prove(
    socket: Socket,
    security: Security,
    room: Arc<Semaphore>,
    served: mpsc::Sender<io::Result<Connection>>,
) {
    let stream = match timeout(PATIENCE, proven(socket, security)).await {
        Ok(Ok(stream)) => stream,
        // A debugged plugin's host first sees whether anybody is there, and says nothing.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            tracing::debug!(target: "provider.plugin", "a connection was closed before it began");
            return;
        }
        Ok(Err(error)) => {
            tracing::warn!(target: "provider.plugin", %error, "refused a connection");
            return;
        }
        Err(_) => {
            tracing::debug!(target: "provider.plugin", "dropped a connection that stayed silent");
            return;
        }
    };
    let Ok(permit) = room.try_acquire_owned() else {
        tracing::warn!(target: "provider.plugin", "refused a connection: too many are open");
        return;
    };
    // Fails only when the server is ending.
    let _ = served.send(Ok(Connection { stream, _permit: permit })).await;
}

async fn proven(mut socket: Socket, security: Security) -> io::Result<Box<dyn Duplex>> {
    match security {
        Security::Mutual(tls) => Ok(Box::new(tls.acceptor().accept(socket).await?)),
        Security::Plain => {
            // A client speaks first. One that does not is not worth a place, nor is one that speaks anything else.
            let mut head = vec![0; HTTP2_PREFACE.len()];
            socket.read_exact(&mut head).await?;
            if head != HTTP2_PREFACE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the client does not speak HTTP/2"));
            }
            let (reader, writer) = tokio::io::split(socket);
            Ok(Box::new(tokio::io::join(io::Cursor::new(head).chain(reader), writer)))
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
