//! HTTPS for the simulator, with a certificate of the caller's making, and client certificates if wanted.

use std::{io, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

/// What HTTPS needs, as PEM texts.
#[derive(Clone)]
pub struct Tls {
    /// The server's certificate, followed by those between it and its root.
    pub certificates: String,
    /// Its private key.
    pub key: String,
    /// The authorities one of which must have signed the client's certificate; `None` asks for no certificate.
    pub client_authorities: Option<String>,
}

impl Tls {
    /// Fails when a text does not hold what it should.
    pub(super) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(invalid)?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(text) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(text)? {
                    roots.add(authority).map_err(invalid)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(invalid)?)
            }
        };
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(invalid)?;
        let config = builder.with_single_cert(certificates(&self.certificates)?, key).map_err(invalid)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(text: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let all = all.map_err(invalid)?;
    if all.is_empty() { Err(invalid("there is no certificate in the PEM text")) } else { Ok(all) }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let asks = self.client_authorities.is_some();
        f.debug_struct("Tls").field("asks_for_client_certificates", &asks).finish_non_exhaustive()
    }
}
