//! One HTTP exchange, without judgement: a request goes out, a complete reply or an error comes back.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    Client, Response,
    header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue},
    redirect, tls,
};

use zeroize::Zeroizing;

use super::{Base, ClientCertificate, Header, Lost, Reply, Request, Roots};

/// The largest body that is read, in bytes. The largest honest one, a page of 200 hosts, is about 200 KiB.
pub const MAX_BODY: usize = 16 << 20;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const WHOLE_TIMEOUT: Duration = Duration::from_secs(120);

/// What the user decides about connections.
#[derive(Clone, Debug, Default)]
pub struct TransportOptions {
    /// Accept any TLS certificate.
    pub insecure: bool,
    /// The `User-Agent` to send.
    pub user_agent: String,
    /// Authorities to trust instead of the system's.
    pub roots: Option<Roots>,
    /// What proves our identity to the TLS layer.
    pub client_certificate: Option<ClientCertificate>,
}

/// Sends requests. Nothing is built before the first one; clones share their connections.
#[derive(Clone, Debug)]
pub struct Transport(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: TransportOptions,
    /// Without TLS, to this machine or the metadata address: needs no certificate roots, whose loading is the
    /// slow part.
    plain: OnceLock<Result<Client, Arc<reqwest::Error>>>,
    /// To this machine with TLS. Like the one above it never goes through a proxy.
    local: OnceLock<Result<Client, Arc<reqwest::Error>>>,
    /// To all others.
    remote: OnceLock<Result<Client, Arc<reqwest::Error>>>,
}

/// Why there is no reply. `Display` speaks of the step; the cause is in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// A value that HTTP cannot carry.
    #[error("the value for the header {0} holds characters that HTTP does not allow")]
    Header(&'static str),
    /// The HTTP client could not be set up.
    #[error("the HTTPS client could not be set up")]
    Setup(#[source] Arc<reqwest::Error>),
    /// The other side's certificate was not accepted.
    #[error("the TLS connection was refused")]
    Tls(#[source] reqwest::Error),
    /// No connection came about.
    #[error("no connection could be made")]
    Connect(#[source] reqwest::Error),
    /// The request went out, but no complete answer came.
    #[error("the connection gave no complete answer")]
    Unanswered(#[source] reqwest::Error),
    /// The answer is larger than any honest one.
    #[error("the answer is larger than {MAX_BODY} bytes")]
    TooLarge,
    /// The user asked to stop, and the answer did not come soon enough after.
    #[error("the answer did not come in the time left after the stop")]
    Abandoned,
}

impl TransportError {
    /// What is known about the request's fate.
    pub fn lost(&self) -> Lost {
        match self {
            TransportError::Header(_) | TransportError::Setup(_) | TransportError::Tls(_) => Lost::Hopeless,
            TransportError::Connect(_) => Lost::NotSent,
            TransportError::Unanswered(_) | TransportError::Abandoned => Lost::Unanswered,
            TransportError::TooLarge => Lost::Unreadable,
        }
    }

    fn sending(error: reqwest::Error) -> TransportError {
        // The address is in our own messages, without the query.
        let error = error.without_url();
        if mentions_tls(&error) {
            TransportError::Tls(error)
        } else if error.is_connect() {
            TransportError::Connect(error)
        } else {
            TransportError::Unanswered(error)
        }
    }
}

impl Transport {
    /// A transport that has not been used yet.
    pub fn new(options: TransportOptions) -> Transport {
        Transport(Arc::new(Inner {
            options,
            plain: OnceLock::new(),
            local: OnceLock::new(),
            remote: OnceLock::new(),
        }))
    }

    /// Sends the request once, with `extra` headers, and reads the whole answer.
    pub async fn exchange(&self, request: &Request, extra: &[Header]) -> Result<Reply, TransportError> {
        let client = self.client(request.base()).map_err(TransportError::Setup)?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Written out, because it is signed: the gateway must see exactly this text.
        headers.insert(HOST, value("host", request.base().authority())?);
        if request.has_body() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for header in request.headers().iter().chain(extra) {
            let mut value = value(header.name, &header.value)?;
            value.set_sensitive(header.sensitive);
            headers.insert(HeaderName::from_static(header.name), value);
        }
        let mut builder = client.request(request.method().clone(), request.url()).headers(headers);
        if request.has_body() {
            builder = builder.body(request.body().to_vec());
        }
        if let Some(limit) = request.time_limit() {
            builder = builder.timeout(limit);
        }
        let response = builder.send().await.map_err(TransportError::sending)?;
        read(response).await
    }

    fn client(&self, base: &Base) -> Result<&Client, Arc<reqwest::Error>> {
        let inner = &self.0;
        let slot = match (base.scheme(), base.is_loopback()) {
            ("http", _) => &inner.plain,
            (_, true) => &inner.local,
            _ => &inner.remote,
        };
        slot.get_or_init(|| build(&inner.options, base).map_err(Arc::new)).as_ref().map_err(Arc::clone)
    }
}

fn build(options: &TransportOptions, base: &Base) -> Result<Client, reqwest::Error> {
    install_crypto();
    let mut builder = Client::builder()
        .user_agent(&options.user_agent)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(WHOLE_TIMEOUT)
        .tls_version_min(tls::Version::TLS_1_2)
        .tls_danger_accept_invalid_certs(options.insecure);
    if base.is_direct() {
        builder = builder.no_proxy();
    }
    if base.scheme() == "http" {
        return builder.tls_certs_only([]).build();
    }
    if let Some(roots) = &options.roots {
        builder = builder.tls_certs_only(roots.certificates());
    }
    if let Some(certificate) = &options.client_certificate {
        builder = builder.identity(certificate.identity());
    }
    builder.build()
}

/// Ours is the only cryptography in the process; if somebody was faster to install it, it is the same one.
pub(super) fn install_crypto() {
    _ = rustls::crypto::ring::default_provider().install_default();
}

fn value(name: &'static str, text: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_str(text).map_err(|_| TransportError::Header(name))
}

async fn read(mut response: Response) -> Result<Reply, TransportError> {
    if response.content_length().is_some_and(|length| length > MAX_BODY as u64) {
        return Err(TransportError::TooLarge);
    }
    // It may hold credentials. Room for the usual ones, so that no grown-out-of buffer is left behind.
    let mut body = Zeroizing::new(Vec::with_capacity(64 << 10));
    while let Some(chunk) =
        response.chunk().await.map_err(|error| TransportError::Unanswered(error.without_url()))?
    {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let status = response.status().as_u16();
    Ok(Reply { status, headers: std::mem::take(response.headers_mut()), body })
}

/// Whether the TLS layer said no.
fn mentions_tls(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if is_tls(error) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A TLS error hides inside an I/O error, sometimes inside two, which `source()` steps over.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || inside.is_some_and(|inside| is_tls(inside))
}
