//! A go-plugin host's side of the connection: its certificate with a P-521 key, its TLS settings, its gRPC channel.

use std::{io, sync::Arc};

use hyper_util::rt::TokioIo;
use p521::ecdsa::{Signature, SigningKey, signature::Signer as _};
use rustls::{
    ClientConfig, RootCertStore, SignatureAlgorithm, SignatureScheme,
    client::ResolvesClientCert,
    pki_types::{CertificateDer, PrivateSec1KeyDer, ServerName, pem::PemObject},
    sign::{CertifiedKey, Signer, SingleCertAndKey},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

/// Certificates like those of a real host: P-521, self-signed, an authority and a leaf at once.
pub(crate) const CLIENT: &str = include_str!("../vectors/plugin-client-1.pem");
pub(crate) const CLIENT_KEY: &str = include_str!("../vectors/plugin-client-1.key");
pub(crate) const STRANGER: &str = include_str!("../vectors/plugin-client-2.pem");
pub(crate) const STRANGER_KEY: &str = include_str!("../vectors/plugin-client-2.key");

/// What opens every HTTP/2 connection: the magic words, and an empty SETTINGS frame.
pub(crate) const HTTP2_OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A gRPC channel to a plugin, in TLS where there are settings for it.
pub(crate) async fn channel(
    network: &str,
    address: &str,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Channel, tonic::transport::Error> {
    let (network, address) = (network.to_owned(), address.to_owned());
    let connector = tower::service_fn(move |_| {
        let (network, address, tls) = (network.clone(), address.clone(), tls.clone());
        async move {
            let socket = connect(&network, &address).await?;
            let stream: Box<dyn Stream> = match tls {
                Some(tls) => {
                    let name = ServerName::try_from("localhost").unwrap();
                    Box::new(TlsConnector::from(tls).connect(name, socket).await?)
                }
                None => socket,
            };
            io::Result::Ok(TokioIo::new(stream))
        }
    });
    Endpoint::from_static("http://unused").connect_with_connector(connector).await
}

/// Opens a connection as the handshake line names it.
pub(crate) async fn connect(network: &str, address: &str) -> io::Result<Box<dyn Stream>> {
    Ok(match network {
        "unix" => Box::new(UnixStream::connect(address).await?),
        _ => Box::new(TcpStream::connect(address).await?),
    })
}

/// The TLS settings of a host that read `server_certificate` in the handshake line.
pub(crate) fn client_config(server_certificate: &[u8], identity: Option<Identity>) -> ClientConfig {
    // Exactly what a Go host does: our certificate is its only root, and the name must be in it.
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(server_certificate.to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// A certificate, and a key that should be its own.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: SigningKey,
}

impl Identity {
    pub(crate) fn of(certificate: &str, key: &str) -> Self {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateSec1KeyDer::from_pem_slice(key.as_bytes()).unwrap();
        // ECPrivateKey: the scalar's 66 bytes follow the headers of sequence, version and octet string.
        let key = SigningKey::from_slice(&key.secret_sec1_der()[8..74]).unwrap();
        Self { certificate, key }
    }

    pub(crate) fn right() -> Self {
        Self::of(CLIENT, CLIENT_KEY)
    }

    fn resolver(self) -> Arc<dyn ResolvesClientCert> {
        let key = Arc::new(P521Key(self.key));
        Arc::new(SingleCertAndKey::from(CertifiedKey::new(vec![self.certificate], key)))
    }
}

/// Lets rustls sign with P-521, which ring cannot.
#[derive(Clone)]
struct P521Key(SigningKey);

impl std::fmt::Debug for P521Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("P521Key")
    }
}

impl rustls::sign::SigningKey for P521Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP521_SHA512)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for P521Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature: Signature = self.0.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}
