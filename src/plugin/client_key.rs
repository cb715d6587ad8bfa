//! Who may talk to us: whoever holds the key of exactly the certificate the host announced.
//!
//! The host's certificate is a self-signed P-521 authority that it uses as its own leaf. A chain verifier refuses
//! such a certificate, and ring does not know the curve; so the certificate is compared byte for byte, and the proof
//! that the peer has its key is checked with the `p521` crate.

use p521::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature},
    pki_types::{
        AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime,
        alg_id,
    },
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

/// ECDSA over P-521 with SHA-512, the one kind of signature go-plugin hosts make.
#[derive(Debug)]
struct EcdsaP521Sha512;

impl SignatureVerificationAlgorithm for EcdsaP521Sha512 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

static P521: &[&dyn SignatureVerificationAlgorithm] = &[&EcdsaP521Sha512];

static P521_ALONE: WebPkiSupportedAlgorithms =
    WebPkiSupportedAlgorithms { all: P521, mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, P521)] };

/// Accepts one certificate, and only with proof of its key.
#[derive(Debug)]
pub(super) struct PinnedClient {
    certificate: CertificateDer<'static>,
    /// For hosts that one day use another kind of key.
    others: WebPkiSupportedAlgorithms,
}

impl PinnedClient {
    pub(super) fn new(certificate: CertificateDer<'static>, others: WebPkiSupportedAlgorithms) -> Self {
        Self { certificate, others }
    }
}

impl ClientCertVerifier for PinnedClient {
    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// Dates and uses are not looked at: the host made this certificate for this process a moment ago.
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *end_entity == self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    /// TLS 1.2 is not offered.
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = match signature.scheme {
            SignatureScheme::ECDSA_NISTP521_SHA512 => &P521_ALONE,
            _ => &self.others,
        };
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = P521_ALONE.supported_schemes();
        schemes.extend(self.others.supported_schemes());
        schemes
    }
}

#[cfg(test)]
mod tests {
    use p521::ecdsa::{SigningKey, signature::Signer};

    use super::*;

    #[test]
    fn only_the_keys_own_signature_over_the_very_message_is_valid() {
        let key = SigningKey::from_slice(&scalar(1)).unwrap();
        let other = SigningKey::from_slice(&scalar(2)).unwrap();
        let public = key.verifying_key().to_sec1_point(false);
        let public = public.as_bytes();
        let signature: Signature = key.sign(b"transcript");
        let foreign: Signature = other.sign(b"transcript");
        let check = |public: &[u8], message: &[u8], signature: &[u8]| {
            EcdsaP521Sha512.verify_signature(public, message, signature).is_ok()
        };
        let der = signature.to_der();
        assert!(check(public, b"transcript", der.as_bytes()));
        assert!(!check(public, b"transcripT", der.as_bytes()));
        assert!(!check(public, b"transcript", foreign.to_der().as_bytes()));
        assert!(!check(public, b"transcript", &[]));
        assert!(!check(public, b"transcript", &der.as_bytes()[1..]));
        assert!(!check(&public[1..], b"transcript", der.as_bytes()));
        assert!(!check(&[4; 133], b"transcript", der.as_bytes()));
        assert!(!check(&[], b"transcript", der.as_bytes()));
    }

    fn scalar(value: u8) -> [u8; 66] {
        let mut bytes = [0; 66];
        bytes[65] = value;
        bytes
    }
}
