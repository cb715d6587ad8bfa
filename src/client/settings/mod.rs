//! What the provider is configured with, checked without any call.

mod addresses;
mod credentials;

use std::{collections::BTreeMap, fmt};

pub use credentials::{OidcSettings, RoleSettings};

use crate::{
    auth::{AccountSettings, Secret},
    rest::{ClientCertificate, Rate, Roots, TransportOptions, is_segment},
};

/// Resolved provider settings: plain values. Empty texts never occur; they are `None`.
#[derive(Clone)]
pub struct Settings {
    /// The region; required.
    pub region: Option<String>,
    /// The project's id.
    pub project_id: Option<String>,
    /// The project's name; the region's name by default.
    pub project_name: Option<String>,
    /// The id of the access key. Not secret by itself, but never shown whole.
    pub access_key: Option<Secret>,
    /// The access key itself.
    pub secret_key: Option<Secret>,
    /// What makes a temporary access key valid.
    pub security_token: Option<Secret>,
    /// A ready token; it beats keys.
    pub token: Option<Secret>,
    /// The account's id.
    pub domain_id: Option<String>,
    /// The account's name.
    pub domain_name: Option<String>,
    /// The user that logs in, by name.
    pub user_name: Option<String>,
    /// The user that logs in, by id.
    pub user_id: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// An agency that is entered through a token.
    pub agency_name: Option<String>,
    /// The account that owns it.
    pub agency_domain_name: Option<String>,
    /// The project in that account; the region's name by default.
    pub delegated_project: Option<String>,
    /// Roles to assume one after the other. With `oidc` the first one belongs to it.
    pub roles: Vec<RoleSettings>,
    /// OpenID Connect.
    pub oidc: Option<OidcSettings>,
    /// The profile that the keys come from, as part of a sentence.
    pub profile: Option<String>,
    /// How requests are signed, as it is configured.
    pub signing_algorithm: Option<String>,
    /// The identity service; with or without `/v3`.
    pub auth_url: Option<String>,
    /// The base domain of all endpoints.
    pub cloud: Option<String>,
    /// Addresses by service; `hss`, `iam` and `sts` matter. `{region}` stands for the region.
    pub endpoints: BTreeMap<String, String>,
    /// What stands in for the metadata service.
    pub metadata_endpoint: Option<String>,
    /// The enterprise project of resources that name none.
    pub enterprise_project_id: Option<String>,
    /// Accept any TLS certificate.
    pub insecure: bool,
    /// Calls of one operation never to be exceeded; without, the quota is learned from the gateway's refusals.
    pub call_limit: Option<Rate>,
    /// Whether each object is asked for itself, rather than read from shared lists where that costs fewer calls.
    pub exact_refresh: bool,
    /// PEM certificates to trust instead of the system's.
    pub cacert: Option<String>,
    /// A PEM certificate of our own; used only together with `key`.
    pub cert: Option<String>,
    /// Its private key.
    pub key: Option<Secret>,
    /// Repetitions of a failed call; quota waits do not count, but 0 forbids them too.
    pub max_retries: u32,
    /// The `User-Agent` to send.
    pub user_agent: String,
    /// Where the value of an argument comes from, as part of a sentence.
    pub origins: BTreeMap<&'static str, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            region: None,
            project_id: None,
            project_name: None,
            access_key: None,
            secret_key: None,
            security_token: None,
            token: None,
            domain_id: None,
            domain_name: None,
            user_name: None,
            user_id: None,
            password: None,
            agency_name: None,
            agency_domain_name: None,
            delegated_project: None,
            roles: Vec::new(),
            oidc: None,
            profile: None,
            signing_algorithm: None,
            auth_url: None,
            cloud: None,
            endpoints: BTreeMap::new(),
            metadata_endpoint: None,
            enterprise_project_id: None,
            insecure: false,
            call_limit: None,
            exact_refresh: false,
            cacert: None,
            cert: None,
            key: None,
            max_retries: 5,
            user_agent: concat!("terraform-provider-hss/", env!("CARGO_PKG_VERSION")).to_owned(),
            origins: BTreeMap::new(),
        }
    }
}

// Enough to recognise a configuration by, and nothing that opens a door.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("region", &self.region)
            .field("project_id", &self.project_id)
            .field("project_name", &self.project_name)
            .field("has_keys", &self.access_key.is_some())
            .field("has_token", &self.token.is_some())
            .field("max_retries", &self.max_retries)
            .finish_non_exhaustive()
    }
}

/// One complaint about the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{summary}: {detail}")]
pub struct SettingsError {
    /// The argument to blame; empty when it is none of them.
    pub argument: &'static str,
    /// What is wrong.
    pub summary: String,
    /// Why, and what to do.
    pub detail: String,
}

fn complaint(argument: &'static str, summary: &str, detail: impl Into<String>) -> SettingsError {
    SettingsError { argument, summary: summary.to_owned(), detail: detail.into() }
}

impl Settings {
    /// Every complaint. No complaint does not mean that the credentials are right, only that they can be tried.
    pub fn check(&self) -> Vec<SettingsError> {
        let mut complaints = Vec::new();
        match &self.region {
            None => complaints.push(complaint(
                "region",
                "No region is configured",
                "Set `region` in the provider block, or the environment variable HW_REGION_NAME.",
            )),
            Some(region) => complaints.extend(check_region_name(region).err()),
        }
        complaints.extend(self.check_credentials());
        if let Some(id) = self.project_id.as_ref().filter(|id| !is_segment(id)) {
            complaints.push(complaint(
                "project_id",
                "The project id is not usable",
                format!("{id:?} cannot be part of a path. A project id is 32 letters and digits."),
            ));
        }
        complaints.extend(self.check_addresses());
        complaints.extend(self.transport_options().err());
        complaints
    }

    /// The account these settings describe.
    pub(super) fn account(&self) -> Result<AccountSettings, SettingsError> {
        if let Some(first) = self.check().into_iter().next() {
            return Err(first);
        }
        let chain = self.chain()?;
        Ok(AccountSettings {
            described: self.described(&chain),
            chain,
            algorithm: self.signs_with()?,
            identity: self.identity_base()?,
            iam: self.iam_base()?,
            sts: self.sts_base()?,
            metadata: self.metadata_base()?,
            region: self.region.clone().unwrap_or_default(),
            project_id: self.project_id.clone(),
            project_name: self.project_name.clone(),
            domain_id: self.domain_id.clone(),
            domain_name: self.domain_name.clone(),
        })
    }

    /// How connections are made.
    pub(super) fn transport_options(&self) -> Result<TransportOptions, SettingsError> {
        let refuse = |argument, why: &dyn fmt::Display| {
            let detail = format!(
                "It was refused: {why}. Give the path of a PEM file that can be read, or the PEM text itself."
            );
            complaint(argument, "The certificate is not usable", detail)
        };
        let roots = match &self.cacert {
            Some(pem) => Some(Roots::parse(pem).map_err(|why| refuse("cacert_file", &why))?),
            None => None,
        };
        let client_certificate = match (&self.cert, &self.key) {
            (Some(certificate), Some(key)) => Some(
                ClientCertificate::parse(certificate, key.expose()).map_err(|why| refuse("cert", &why))?,
            ),
            _ => None,
        };
        let user_agent = self.user_agent.clone();
        Ok(TransportOptions { insecure: self.insecure, user_agent, roots, client_certificate })
    }
}

/// A region's name becomes part of a host name, so only letters, digits, `-` and `_` will do.
pub(super) fn check_region_name(region: &str) -> Result<(), SettingsError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !region.is_empty() && region.len() <= 63 && region.chars().all(fits) {
        return Ok(());
    }
    Err(complaint(
        "region",
        "The region is not usable",
        format!("{region:?} is not the name of a region. An example of one is \"ap-southeast-3\"."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn good() -> Settings {
        Settings {
            region: Some("cn-north-4".to_owned()),
            access_key: Some(Secret::from("AKIDcanary".to_owned())),
            secret_key: Some(Secret::from("canary".to_owned())),
            ..Settings::default()
        }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn complaints_name_the_argument() {
        let check = |change: fn(&mut Settings), expected: &[&str]| {
            let mut settings = good();
            change(&mut settings);
            let found: Vec<&str> = settings.check().iter().map(|complaint| complaint.argument).collect();
            assert_eq!(found, expected, "{:?}", settings.check());
        };
        check(|_| {}, &[]);
        check(|s| s.region = None, &["region"]);
        check(|s| s.region = some("evil.example/"), &["region"]);
        check(|s| s.project_id = some("a/b"), &["project_id"]);
        check(|s| s.auth_url = some("http://iam.example.com/v3"), &["auth_url"]);
        check(|s| s.auth_url = some("http://127.0.0.1:1/v3"), &[]);
        check(|s| s.cloud = some("https://example.com"), &["cloud"]);
        check(|s| _ = s.endpoints.insert("hss".into(), "http://hss.example.com".into()), &["endpoints"]);
        check(|s| _ = s.endpoints.insert("hss".into(), "https://h/v5/".into()), &["endpoints"]);
        check(|s| _ = s.endpoints.insert("hss".into(), "https://h/v3".into()), &["endpoints"]);
        check(|s| _ = s.endpoints.insert("hss".into(), " http://[::1]:8/x ".into()), &[]);
        check(|s| _ = s.endpoints.insert("ecs".into(), "  ".into()), &["endpoints"]);
        check(|s| _ = s.endpoints.insert("ecs".into(), "whatever".into()), &[]);
        check(|s| _ = s.endpoints.insert("sts".into(), "ftp://x".into()), &["endpoints"]);
        check(|s| s.cacert = some("/no/such/file"), &["cacert_file"]);
        check(|s| (s.cert, s.key) = (some("x"), Some(Secret::from("canary".to_owned()))), &["cert"]);
        // Without the key the certificate is not used.
        check(|s| s.cert = some("x"), &[]);
        check(|s| s.metadata_endpoint = some("http://10.0.0.1"), &[""]);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", good());
        assert!(!shown.contains("canary"), "{shown}");
    }
}
