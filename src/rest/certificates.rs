//! Certificates the user hands in: authorities to trust, and a certificate of one's own.
//!
//! Both are read and tried out before anything is sent, so that a wrong file is an error of its argument and not
//! of the first connection.

use std::fmt;

use reqwest::{Certificate, Client, Identity};
use zeroize::Zeroizing;

use super::transport::install_crypto;

/// Authorities to trust instead of the system's.
#[derive(Clone)]
pub struct Roots(Vec<Certificate>);

/// A certificate and its private key.
#[derive(Clone)]
pub struct ClientCertificate(Identity);

/// Why a text is not usable. Nothing of the text is said, since it may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is no certificate in it.
    #[error("there is no PEM certificate in it (-----BEGIN CERTIFICATE-----), nor a file of that name")]
    None,
    /// There is one that cannot be read.
    #[error("it holds a certificate that cannot be read")]
    Broken,
    /// The private key is missing, or not one that TLS can use, or of another certificate.
    #[error("certificate and private key do not make a pair that TLS can use")]
    Pair,
}

impl Roots {
    /// Reads one or more PEM certificates.
    pub fn parse(pem: &str) -> Result<Roots, CertificateError> {
        let certificates =
            Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| CertificateError::Broken)?;
        if certificates.is_empty() {
            return Err(CertificateError::None);
        }
        let roots = Roots(certificates);
        install_crypto();
        let tried = Client::builder().no_proxy().tls_certs_only(roots.certificates()).build();
        tried.map(|_| roots).map_err(|_| CertificateError::Broken)
    }

    pub(super) fn certificates(&self) -> Vec<Certificate> {
        self.0.clone()
    }
}

impl ClientCertificate {
    /// Reads a PEM certificate, perhaps with intermediate ones after it, and its PEM key.
    pub fn parse(certificate: &str, key: &str) -> Result<ClientCertificate, CertificateError> {
        let pem = Zeroizing::new(format!("{certificate}\n{key}\n"));
        let identity = Identity::from_pem(pem.as_bytes()).map_err(|_| CertificateError::Pair)?;
        install_crypto();
        let tried = Client::builder().no_proxy().tls_certs_only([]).identity(identity.clone()).build();
        tried.map(|_| ClientCertificate(identity)).map_err(|_| CertificateError::Pair)
    }

    pub(super) fn identity(&self) -> Identity {
        self.0.clone()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    }

    fn pair(name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        (pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
    }

    #[test]
    fn what_is_no_certificate_is_said_at_once() {
        let (certificate, key) = pair("one");
        let (other, _) = pair("two");
        assert!(Roots::parse(&format!("{certificate}\n{other}")).is_ok());
        assert_eq!(Roots::parse("/no/such/file").unwrap_err(), CertificateError::None);
        assert_eq!(Roots::parse(&key).unwrap_err(), CertificateError::None);
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(Roots::parse(broken).unwrap_err(), CertificateError::Broken);
        assert!(ClientCertificate::parse(&certificate, &key).is_ok());
        assert_eq!(ClientCertificate::parse(&certificate, "").unwrap_err(), CertificateError::Pair);
        assert_eq!(ClientCertificate::parse(&other, &key).unwrap_err(), CertificateError::Pair);
    }
}
