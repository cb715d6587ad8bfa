//! HTTPS, with and without client certificates.

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use terraform_provider_hss::sim::{Knobs, Sim, Tls, World};

use crate::caller::{Caller, VAULT};

/// An authority of these tests, and what it signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = pem("CERTIFICATE", params.self_signed(&key).unwrap().der());
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key.
    fn signed(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn client(authority: &Authority, identity: Option<&(String, String)>) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(authority.pem.as_bytes()).unwrap();
    let mut builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    if let Some((certificate, key)) = identity {
        let identity = reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap();
        builder = builder.identity(identity);
    }
    builder.build().unwrap()
}

#[tokio::test]
async fn https_with_and_without_client_certificates() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let (certificates, key) = ours.signed("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
    let mine = ours.signed("client", ExtendedKeyUsagePurpose::ClientAuth);
    let theirs = strangers.signed("client", ExtendedKeyUsagePurpose::ClientAuth);
    for client_authorities in [None, Some(ours.pem.clone())] {
        let asks = client_authorities.is_some();
        let tls = Tls { certificates: certificates.clone(), key: key.clone(), client_authorities };
        let sim = Sim::new(World::built_in(), Knobs::default()).with_tls(tls);
        let running = sim.start().await.unwrap();
        assert!(running.base_url().starts_with("https://127.0.0.1:"));
        for (authority, identity, works) in [
            (&ours, None, !asks),
            (&ours, Some(&mine), true),
            (&ours, Some(&theirs), !asks),
            (&strangers, Some(&mine), false),
        ] {
            let caller = Caller { http: client(authority, identity), ..Caller::new(running.base_url()) };
            let seen = caller.try_call("GET", "/v3/projects", None).await;
            assert_eq!(seen.is_ok_and(|seen| seen.status == 200), works, "asks: {asks}");
        }
        let caller = Caller { http: client(&ours, Some(&mine)), ..Caller::new(running.base_url()) };
        assert_eq!(caller.register(VAULT, 18080).await.status, 200);
        caller.knob("fault", "ListBackupHostsInfo:reset-before:1").await;
        assert!(
            caller
                .try_call("GET", "/v5/a0000000000000000000000000000001/wtp/backup-hosts", None)
                .await
                .is_err()
        );
        running.shutdown().await;
    }
    let broken = Tls { certificates: String::new(), key, client_authorities: None };
    let sim = Sim::new(World::built_in(), Knobs::default()).with_tls(broken);
    assert!(sim.start().await.unwrap_err().to_string().contains("no certificate"));
}
