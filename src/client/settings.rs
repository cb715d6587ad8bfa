//! What the provider is configured with, checked without any call.

use std::{collections::BTreeMap, fmt};

use crate::{
    auth::{AccountSettings, Keys, Secret, Source},
    rest::{Base, Rate, is_segment},
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
    /// The identity service; with or without `/v3`.
    pub auth_url: Option<String>,
    /// The base domain of all endpoints.
    pub cloud: Option<String>,
    /// Addresses by service; `hss`, `iam` and `sts` matter.
    pub endpoints: BTreeMap<String, String>,
    /// The enterprise project of resources that name none.
    pub enterprise_project_id: Option<String>,
    /// Accept any TLS certificate.
    pub insecure: bool,
    /// Calls of one operation never to be exceeded; without, the quota is learned from the gateway's refusals.
    pub call_limit: Option<Rate>,
    /// Whether each object is asked for itself, rather than read from shared lists where that costs fewer calls.
    pub exact_refresh: bool,
    /// Repetitions of a failed call; quota waits do not count, but 0 forbids them too.
    pub max_retries: u32,
    /// The `User-Agent` to send.
    pub user_agent: String,
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
            auth_url: None,
            cloud: None,
            endpoints: BTreeMap::new(),
            enterprise_project_id: None,
            insecure: false,
            call_limit: None,
            exact_refresh: false,
            max_retries: 5,
            user_agent: concat!("terraform-provider-hss/", env!("CARGO_PKG_VERSION")).to_owned(),
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
            .field("keys", &self.keys())
            .field("token", &self.token)
            .field("max_retries", &self.max_retries)
            .finish_non_exhaustive()
    }
}

/// One complaint about the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{summary}: {detail}")]
pub struct SettingsError {
    /// The argument to blame.
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
        complaints.extend(self.identity_base().err());
        complaints.extend(self.hss_base(self.region.as_deref().unwrap_or("region")).err());
        for (service, address) in &self.endpoints {
            if address.trim().is_empty() {
                complaints.push(complaint(
                    "endpoints",
                    "An endpoint is blank",
                    format!("The address for {service:?} is empty. Give one, or leave the entry out."),
                ));
            } else if matches!(service.as_str(), "iam" | "sts")
                && let Err(why) = Base::parse(address)
            {
                complaints.push(bad_endpoint(service, address, &why.to_string()));
            }
        }
        // A bad domain spoils both addresses and is still one complaint.
        complaints.dedup();
        complaints
    }

    fn check_credentials(&self) -> Vec<SettingsError> {
        let mut complaints = Vec::new();
        match (&self.access_key, &self.secret_key) {
            (Some(_), None) => complaints.push(complaint(
                "secret_key",
                "The secret key is missing",
                "`access_key` is set, so `secret_key` (or HW_SECRET_KEY) must be set too.",
            )),
            (None, Some(_)) => complaints.push(complaint(
                "access_key",
                "The access key is missing",
                "`secret_key` is set, so `access_key` (or HW_ACCESS_KEY) must be set too.",
            )),
            _ => {}
        }
        if self.security_token.is_some() && self.access_key.is_none() {
            complaints.push(complaint(
                "security_token",
                "The security token has no key",
                "A security token belongs to a temporary access key: set `access_key` and `secret_key` too.",
            ));
        }
        if self.token.is_some()
            && self.project_id.is_none()
            && self.domain_id.is_none()
            && self.domain_name.is_none()
        {
            complaints.push(complaint(
                "token",
                "The token's project cannot be told",
                "With `token`, set `project_id`, or `domain_id` or `domain_name` so that the project can be \
                 found by its name.",
            ));
        }
        complaints
    }

    /// The account these settings describe.
    pub(super) fn account(&self) -> Result<AccountSettings, SettingsError> {
        if let Some(first) = self.check().into_iter().next() {
            return Err(first);
        }
        Ok(AccountSettings {
            source: Source::choose(self.token.clone(), self.keys()),
            identity: self.identity_base()?,
            region: self.region.clone().unwrap_or_default(),
            project_id: self.project_id.clone(),
            project_name: self.project_name.clone(),
            domain_id: self.domain_id.clone(),
            domain_name: self.domain_name.clone(),
        })
    }

    fn keys(&self) -> Option<Keys> {
        Some(Keys {
            access_key: self.access_key.as_ref()?.expose().to_owned(),
            secret_key: self.secret_key.clone()?,
            security_token: self.security_token.clone(),
        })
    }

    /// Where HSS of a region is, without `/v5`.
    pub(super) fn hss_base(&self, region: &str) -> Result<Base, SettingsError> {
        let Some(address) = self.endpoints.get("hss").filter(|address| !address.trim().is_empty()) else {
            return self.service_base("hss", region);
        };
        let base = Base::parse(address).map_err(|why| bad_endpoint("hss", address, &why.to_string()))?;
        if let Some(version) = base.prefix().last().filter(|last| matches!(last.as_str(), "v5" | "v3")) {
            let why = format!(
                "it must not end in /{version}: the provider adds the version itself. Write the address without it"
            );
            return Err(bad_endpoint("hss", address, &why));
        }
        Ok(base)
    }

    /// Whether HSS has an address of its own, which holds for one region only.
    pub(super) fn overrides_hss(&self) -> bool {
        self.endpoints.contains_key("hss")
    }

    /// The identity service up to and including `/v3`. A given address may end in slashes, or lack the version.
    fn identity_base(&self) -> Result<Base, SettingsError> {
        let Some(address) = &self.auth_url else {
            let region = self.region.as_deref().unwrap_or("region");
            return Ok(self.service_base("iam", region)?.join("v3"));
        };
        let base = Base::parse(address).map_err(|why| {
            complaint(
                "auth_url",
                "The identity address is not usable",
                format!("{:?} was refused: {why}.", shown(address)),
            )
        })?;
        let versioned = base.prefix().last().is_some_and(|last| last == "v3");
        Ok(if versioned { base } else { base.join("v3") })
    }

    fn service_base(&self, service: &str, region: &str) -> Result<Base, SettingsError> {
        let europe = if region.starts_with("eu-west-1") { "myhuaweicloud.eu" } else { "myhuaweicloud.com" };
        let cloud = self.cloud.as_deref().unwrap_or(europe).trim_end_matches('/');
        let refuse = |why: &str| {
            let detail = format!(
                "{cloud:?} was refused: {why}. Give a plain domain such as \"myhuaweicloud.com\", without \
                 scheme and path."
            );
            complaint("cloud", "The cloud domain is not usable", detail)
        };
        if cloud.contains('/') || cloud.trim().is_empty() {
            return Err(refuse("it is not a plain domain"));
        }
        Base::parse(&format!("https://{service}.{region}.{cloud}")).map_err(|why| refuse(&why.to_string()))
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

fn bad_endpoint(service: &str, address: &str, why: &str) -> SettingsError {
    complaint(
        "endpoints",
        &format!("The endpoint for {service} is not usable"),
        format!("{:?} was refused: {why}.", shown(address)),
    )
}

/// An address as it may be told: a password in it is nobody's business, nor is a query.
fn shown(address: &str) -> String {
    let (plain, more) = match address.find(['?', '#']) {
        Some(at) => (&address[..at], "…"),
        None => (address, ""),
    };
    match (plain.rfind('@'), plain.find("://")) {
        (Some(at), Some(scheme)) if scheme + 3 <= at => {
            format!("{}…{}{more}", &plain[..scheme + 3], &plain[at..])
        }
        (Some(at), _) => format!("…{}{more}", &plain[at..]),
        _ => format!("{plain}{more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Settings {
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
        check(|s| s.secret_key = None, &["secret_key"]);
        check(|s| s.access_key = None, &["access_key"]);
        check(
            |s| {
                s.access_key = None;
                s.secret_key = None;
            },
            &[],
        );
        check(
            |s| {
                s.access_key = None;
                s.secret_key = None;
                s.security_token = Some(Secret::from("t".to_owned()));
            },
            &["security_token"],
        );
        check(|s| s.token = Some(Secret::from("t".to_owned())), &["token"]);
        check(
            |s| {
                s.token = Some(Secret::from("t".to_owned()));
                s.domain_name = some("acme");
            },
            &[],
        );
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
    }

    #[test]
    fn endpoints_are_built_from_region_and_cloud() {
        let check = |region: &str, cloud: Option<&str>, expected: &str| {
            let settings = Settings { cloud: cloud.map(str::to_owned), ..good() };
            assert_eq!(settings.hss_base(region).unwrap().authority(), expected);
        };
        check("cn-north-4", None, "hss.cn-north-4.myhuaweicloud.com");
        check("eu-west-101", None, "hss.eu-west-101.myhuaweicloud.eu");
        check("eu-west-0", None, "hss.eu-west-0.myhuaweicloud.com");
        check("eu-west-101", Some("example.org"), "hss.eu-west-101.example.org");
    }

    #[test]
    fn the_identity_address_is_normalised() {
        let check = |given: Option<&str>, authority: &str, prefix: &[&str]| {
            let base = Settings { auth_url: given.map(str::to_owned), ..good() }.identity_base().unwrap();
            assert_eq!(base.authority(), authority, "{given:?}");
            assert_eq!(base.prefix(), prefix, "{given:?}");
        };
        check(None, "iam.cn-north-4.myhuaweicloud.com", &["v3"]);
        check(Some("https://iam.example.com/v3/"), "iam.example.com", &["v3"]);
        check(Some("https://iam.example.com"), "iam.example.com", &["v3"]);
        check(Some("https://iam.example.com/x//"), "iam.example.com", &["x", "v3"]);
    }

    #[test]
    fn complaints_about_addresses_show_no_password() {
        for address in [
            "https://me:canary@h.example.com",
            "me:canary@h",
            "https://h?token=canary",
            "https://h/#canary",
            "ftp://a@canary@h/@x?y",
        ] {
            let mut settings = Settings { auth_url: some(address), ..good() };
            settings.endpoints.insert("hss".into(), address.into());
            settings.endpoints.insert("sts".into(), address.into());
            let text = format!("{:?}", settings.check());
            assert!(text.contains("was refused") && !text.contains("canary"), "{text}");
        }
        assert_eq!(shown("https://a:b@h/x"), "https://…@h/x");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", good());
        assert!(!shown.contains("canary"), "{shown}");
    }
}
