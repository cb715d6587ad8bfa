//! Mutual TLS with the host: our certificate of one run, its certificate pinned.
//!
//! TLS 1.3 only, HTTP/2 only, no resumption: the one host connects once, or a few times under a debugger.

use std::{ffi::OsStr, fmt, sync::Arc};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::{NoServerSessionStorage, ParsedCertificate},
    version::TLS13,
};
use tokio_rustls::TlsAcceptor;

use super::client_key::PinnedClient;

/// The name the host expects in our certificate.
const SERVER_NAME: &str = "localhost";

/// Why TLS could not be set up. None of these may end in plaintext.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The host's certificate is not one PEM certificate.
    #[error("PLUGIN_CLIENT_CERT does not hold exactly one certificate in PEM form")]
    NotOneCertificate,
    /// It is PEM, but what is in it is not an X.509 certificate.
    #[error("PLUGIN_CLIENT_CERT does not hold an X.509 certificate")]
    NotACertificate(#[source] rustls::Error),
    /// Our own certificate could not be made.
    #[error("no certificate could be made for this process")]
    OwnCertificate(#[source] rcgen::Error),
    /// The TLS library refused our settings.
    #[error("the TLS library refuses the settings")]
    Settings(#[source] rustls::Error),
}

/// TLS settings in which only one client can take part.
#[derive(Clone)]
pub struct MutualTls {
    certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl MutualTls {
    /// Makes a fresh key and certificate, and pins the client to the certificate given in PEM.
    pub fn pinned_to(client_pem: &OsStr) -> Result<Self, TlsError> {
        let client = one_certificate(client_pem)?;
        ParsedCertificate::try_from(&client).map_err(TlsError::NotACertificate)?;
        let (certificate, key) = own_certificate().map_err(TlsError::OwnCertificate)?;
        let provider = rustls::crypto::ring::default_provider();
        let verifier = PinnedClient::new(client, provider.signature_verification_algorithms);
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(TlsError::Settings)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(vec![certificate.clone()], key)
            .map_err(TlsError::Settings)?;
        // Recent hosts insist on it.
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { certificate, config: Arc::new(config) })
    }

    /// Our certificate in DER: the only one the host will trust.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }
}

impl fmt::Debug for MutualTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutualTls").finish_non_exhaustive()
    }
}

fn one_certificate(pem: &OsStr) -> Result<CertificateDer<'static>, TlsError> {
    let text = pem.to_str().ok_or(TlsError::NotOneCertificate)?;
    let mut found = CertificateDer::pem_slice_iter(text.as_bytes());
    match (found.next(), found.next()) {
        (Some(Ok(certificate)), None) => Ok(certificate),
        _ => Err(TlsError::NotOneCertificate),
    }
}

/// A P-256 certificate for `localhost` that is no authority.
fn own_certificate() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let mut params = CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.into(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = include_str!("../../tests/vectors/plugin-client-1.pem");

    fn check(pem: &str) -> Result<MutualTls, TlsError> {
        MutualTls::pinned_to(OsStr::new(pem))
    }

    #[test]
    fn a_broken_client_certificate_is_an_error() {
        assert!(check(CLIENT).is_ok());
        let (begin, rest) = CLIENT.split_once('\n').unwrap();
        for broken in [
            "",
            "x",
            begin,
            rest,
            &format!("{CLIENT}{CLIENT}"),
            &CLIENT.replace('\n', " "),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(matches!(check(broken), Err(TlsError::NotOneCertificate)), "{broken}");
        }
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(check(nonsense), Err(TlsError::NotACertificate(_))));
    }

    #[test]
    fn every_run_has_its_own_certificate() {
        let first = check(CLIENT).unwrap();
        let second = check(CLIENT).unwrap();
        assert_ne!(first.certificate(), second.certificate());
        assert!(first.certificate().len() > 50, "hosts ignore shorter ones");
    }
}
