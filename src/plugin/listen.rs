//! Where the host connects: a unix socket that only this user can reach, or loopback TCP where there are none.
//!
//! The socket lies in a fresh folder with a random name, so nobody can be there first; both are removed again when
//! the listener is dropped.

use std::{
    ffi::OsString,
    io,
    net::Ipv4Addr,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

#[cfg(unix)]
use self::place::Place;

/// Why no listener could be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// No folder would take the socket; the error is that of the last one tried.
    #[error("no socket could be made in {}", .folder.display())]
    Folder {
        /// The last folder tried.
        folder: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The group that is to use the socket is not known on this machine.
    #[error("there is no group {0:?} for the socket (PLUGIN_UNIX_SOCKET_GROUP)")]
    Group(OsString),
    /// The loopback port could not be opened.
    #[error("no loopback port could be opened")]
    Loopback(#[source] io::Error),
}

/// Where the socket may be and who may use it.
#[derive(Clone, Debug, Default)]
pub struct SocketOptions {
    /// Folders to try, the best first.
    pub folders: Vec<PathBuf>,
    /// Group that may connect too, by name or number.
    pub group: Option<OsString>,
}

/// An address in go-plugin's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `unix` or `tcp`.
    pub network: &'static str,
    /// Socket path or `host:port`. Never holds `|` or a line end.
    pub text: String,
}

/// A bound listener. Dropping it removes the socket and its folder.
#[derive(Debug)]
pub struct Listener {
    address: Address,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        /// Held for its `Drop`.
        _place: Place,
    },
    Tcp(TcpListener),
}

impl Listener {
    /// Opens the listener this system is best served with. Must be called inside the runtime.
    pub fn bind(options: &SocketOptions) -> Result<Self, BindError> {
        #[cfg(unix)]
        return Self::bind_unix(options);
        #[cfg(not(unix))]
        {
            let _ = options;
            Self::bind_loopback()
        }
    }

    /// A unix socket, mode 0600, in a private folder, mode 0700; with a group 0660 and 0710.
    #[cfg(unix)]
    pub fn bind_unix(options: &SocketOptions) -> Result<Self, BindError> {
        let group = options.group.as_deref().map(place::group_id).transpose()?;
        let mut failure = None;
        for folder in &options.folders {
            let opened = Place::make_in(folder).and_then(|place| {
                let listener = UnixListener::bind(place.socket())?;
                place.restrict(group)?;
                Ok((listener, place))
            });
            match opened {
                Ok((listener, place)) => {
                    let address = Address { network: "unix", text: place.socket().to_owned() };
                    return Ok(Self { address, kind: Kind::Unix { listener, _place: place } });
                }
                Err(cause) => failure = Some(BindError::Folder { folder: folder.clone(), cause }),
            }
        }
        Err(failure.unwrap_or_else(|| BindError::Folder {
            folder: PathBuf::new(),
            cause: io::ErrorKind::NotFound.into(),
        }))
    }

    /// A free port of 127.0.0.1. Any local user can connect to it, so it is for systems without unix sockets.
    pub fn bind_loopback() -> Result<Self, BindError> {
        let bind = || {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let address = Address { network: "tcp", text: listener.local_addr()?.to_string() };
            Ok(Self { address, kind: Kind::Tcp(TcpListener::from_std(listener)?) })
        };
        bind().map_err(BindError::Loopback)
    }

    /// Where to connect.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The next connection. Dropping the future loses none.
    pub(super) async fn accept(&self) -> io::Result<Socket> {
        match &self.kind {
            #[cfg(unix)]
            Kind::Unix { listener, .. } => Ok(Socket::Unix(listener.accept().await?.0)),
            Kind::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Small replies must not wait for the acknowledgement of the one before.
                stream.set_nodelay(true)?;
                Ok(Socket::Tcp(stream))
            }
        }
    }
}

/// One connection of either kind.
#[derive(Debug)]
pub(super) enum Socket {
    #[cfg(unix)]
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Socket {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut dyn Duplex> {
        match self.get_mut() {
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream),
            Self::Tcp(stream) => Pin::new(stream),
        }
    }
}

/// Bytes both ways.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}

#[cfg(unix)]
mod place {
    //! The private folder and the socket's path in it.

    use std::{
        ffi::OsStr,
        fs, io,
        os::unix::{
            fs::{DirBuilderExt, PermissionsExt, chown},
            net::SocketAddr,
        },
        path::{Path, PathBuf},
    };

    use super::BindError;

    /// A folder of ours with a socket in it, removed on drop.
    #[derive(Debug)]
    pub(super) struct Place {
        folder: PathBuf,
        socket: String,
    }

    impl Place {
        /// Makes a fresh folder under `parent`. The socket is for the caller to bind.
        pub(super) fn make_in(parent: &Path) -> io::Result<Self> {
            let folder = std::path::absolute(parent)?.join(format!("plugin-{:016x}", random()?));
            let socket = folder.join("socket");
            // Refuses a path that is too long for the system's address structure, before anything is made.
            SocketAddr::from_pathname(&socket)?;
            let readable = |text: &&str| !text.contains(['|', '\n', '\r']);
            let socket = socket.to_str().filter(readable).map(str::to_owned).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidFilename, "the path cannot stand in a handshake line")
            })?;
            // Fails if the name exists, whatever it is: nobody can have put a folder or a link there first.
            fs::DirBuilder::new().mode(0o700).create(&folder)?;
            Ok(Self { folder, socket })
        }

        pub(super) fn socket(&self) -> &str {
            &self.socket
        }

        /// Says who may connect. The folder is private from the start, so there is no moment in between.
        pub(super) fn restrict(&self, group: Option<u32>) -> io::Result<()> {
            let (socket_mode, folder_mode) = if group.is_some() { (0o660, 0o710) } else { (0o600, 0o700) };
            if group.is_some() {
                chown(&self.socket, None, group)?;
                chown(&self.folder, None, group)?;
            }
            fs::set_permissions(&self.socket, fs::Permissions::from_mode(socket_mode))?;
            fs::set_permissions(&self.folder, fs::Permissions::from_mode(folder_mode))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            // Nothing can be done about a failure, and nobody is left to hear of it.
            let _ = fs::remove_file(&self.socket);
            let _ = fs::remove_dir(&self.folder);
        }
    }

    /// A group's number, given that or its name.
    pub(super) fn group_id(group: &OsStr) -> Result<u32, BindError> {
        let unknown = || BindError::Group(group.to_owned());
        let text = group.to_str().ok_or_else(unknown)?;
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        let groups = fs::read_to_string("/etc/group").map_err(|_| unknown())?;
        group_in(&groups, text).ok_or_else(unknown)
    }

    /// Looks a name up in the text of `/etc/group`: name, password, number, members.
    fn group_in(groups: &str, name: &str) -> Option<u32> {
        groups.lines().find_map(|line| {
            let mut parts = line.split(':');
            if parts.next()? != name {
                return None;
            }
            parts.nth(1)?.parse().ok()
        })
    }

    fn random() -> io::Result<u64> {
        let mut bytes = [0; 8];
        let source = rustls::crypto::ring::default_provider().secure_random;
        source.fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random numbers"))?;
        Ok(u64::from_ne_bytes(bytes))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn groups_are_found_by_number_and_by_name() {
            let groups = "root:x:0:\nstaff:x:50:ann,bob\nbroken\nstaffer:x:51:\n";
            assert_eq!(group_in(groups, "staff"), Some(50));
            assert_eq!(group_in(groups, "broken"), None);
            assert_eq!(group_in(groups, "sta"), None);
            assert_eq!(group_id(OsStr::new("123")).unwrap(), 123);
            assert!(group_id(OsStr::new("no such group")).is_err());
        }
    }
}
