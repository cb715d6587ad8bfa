//! Where the services are: from region and cloud, or as configured.

use super::{Settings, SettingsError, check_region_name, complaint};
use crate::rest::{Base, BaseError};

/// Stands for the region in a configured address.
const REGION: &str = "{region}";

impl Settings {
    /// Every complaint about an address.
    pub(super) fn check_addresses(&self) -> Vec<SettingsError> {
        let mut complaints = Vec::new();
        complaints.extend(self.identity_base().err());
        complaints.extend(self.hss_base(self.home()).err());
        complaints.extend(self.metadata_base().err());
        for (service, address) in &self.endpoints {
            if address.trim().is_empty() {
                complaints.push(complaint(
                    "endpoints",
                    "An endpoint is blank",
                    format!("The address for {service:?} is empty. Give one, or leave the entry out."),
                ));
            }
        }
        complaints.extend(self.iam_base().err());
        complaints.extend(self.sts_base().err());
        // A bad domain spoils every address and is still one complaint.
        complaints.dedup();
        complaints
    }

    /// The provider's region. In place of one that cannot be, something that can: it is complained of elsewhere.
    fn home(&self) -> &str {
        self.region.as_deref().filter(|name| check_region_name(name).is_ok()).unwrap_or("region")
    }

    /// Where HSS of a region is, without `/v5`.
    pub(in crate::client) fn hss_base(&self, region: &str) -> Result<Base, SettingsError> {
        let base = self.base("hss", region)?;
        let Some(address) = self.given("hss") else { return Ok(base) };
        if let Some(version) = base.prefix().last().filter(|last| matches!(last.as_str(), "v5" | "v3")) {
            let why = format!(
                "it must not end in /{version}: the provider adds the version itself. Write the address without it"
            );
            return Err(bad_endpoint("hss", address, &why));
        }
        Ok(base)
    }

    /// Whether the address of HSS is one that holds for one region only.
    pub(in crate::client) fn fixes_region(&self) -> bool {
        self.endpoints.get("hss").is_some_and(|address| !address.contains(REGION))
    }

    /// Tokens and projects: the identity service up to and including `/v3`. A given address may end in slashes, or
    /// lack the version. `endpoints` has no say here.
    pub(super) fn identity_base(&self) -> Result<Base, SettingsError> {
        let Some(address) = &self.auth_url else {
            return Ok(self.service_base("iam", self.home())?.join("v3"));
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

    /// Accounts, roles by the name of their account, and OpenID Connect; without a version.
    pub(super) fn iam_base(&self) -> Result<Base, SettingsError> {
        self.base("iam", self.home())
    }

    /// Roles by the id of their account.
    pub(super) fn sts_base(&self) -> Result<Base, SettingsError> {
        self.base("sts", self.home())
    }

    /// The metadata service; a stand-in for it may only be on this machine, since it gives out keys to whoever asks.
    pub(super) fn metadata_base(&self) -> Result<Base, SettingsError> {
        let Some(address) = &self.metadata_endpoint else { return Ok(Base::metadata()) };
        let why = match Base::parse(address) {
            Ok(base) if base.is_loopback() => return Ok(base),
            Ok(_) => "only an address of this machine is accepted (localhost, 127.0.0.0/8, ::1)".to_owned(),
            Err(why) => why.to_string(),
        };
        let detail = format!(
            "The environment variable HSS_METADATA_ENDPOINT holds {:?}, which was refused: {why}. \
             It is for tests; remove it to use the metadata service of this server.",
            shown(address)
        );
        Err(complaint("", "The metadata address is not usable", detail))
    }

    fn given(&self, service: &str) -> Option<&str> {
        self.endpoints.get(service).map(String::as_str).filter(|address| !address.trim().is_empty())
    }

    fn base(&self, service: &str, region: &str) -> Result<Base, SettingsError> {
        let Some(address) = self.given(service) else { return self.service_base(service, region) };
        Base::parse(&address.replace(REGION, region))
            .map_err(|why| bad_endpoint(service, address, &why.to_string()))
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
        Base::parse(&format!("https://{service}.{region}.{cloud}"))
            .map_err(|why: BaseError| refuse(&why.to_string()))
    }
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
    use super::super::tests::good;
    use super::*;

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
    fn an_address_may_hold_the_region() {
        let mut settings = good();
        settings.endpoints.insert("hss".into(), "https://hss-{region}.example.com/x".into());
        assert_eq!(settings.hss_base("r-2").unwrap().authority(), "hss-r-2.example.com");
        assert!(!settings.fixes_region());
        settings.endpoints.insert("hss".into(), "https://hss.example.com".into());
        assert!(settings.fixes_region());
        settings.endpoints.insert("sts".into(), "https://{region}.sts.example.com".into());
        assert_eq!(settings.sts_base().unwrap().authority(), "cn-north-4.sts.example.com");
    }

    #[test]
    fn every_service_has_its_own_override() {
        let mut settings = good();
        settings.endpoints.insert("iam".into(), "https://iam.example.com".into());
        settings.endpoints.insert("sts".into(), "sts.example.com/".into());
        assert_eq!(settings.iam_base().unwrap().authority(), "iam.example.com");
        assert_eq!(settings.sts_base().unwrap().authority(), "sts.example.com");
        // Tokens and projects have `auth_url`.
        assert_eq!(settings.identity_base().unwrap().authority(), "iam.cn-north-4.myhuaweicloud.com");
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
    fn only_this_machine_stands_in_for_the_metadata_service() {
        let base = |address: Option<&str>| {
            Settings { metadata_endpoint: address.map(str::to_owned), ..good() }.metadata_base()
        };
        assert_eq!(base(None).unwrap().authority(), "169.254.169.254");
        assert_eq!(base(Some("http://127.0.0.1:7")).unwrap().authority(), "127.0.0.1:7");
        for wrong in ["https://metadata.example.com", "http://10.0.0.1", "http://127.0.0.1.example.com"] {
            assert!(base(Some(wrong)).unwrap_err().detail.contains("HSS_METADATA_ENDPOINT"), "{wrong}");
        }
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
            let mut settings = Settings { auth_url: Some(address.to_owned()), ..good() };
            settings.endpoints.insert("hss".into(), address.into());
            settings.endpoints.insert("sts".into(), address.into());
            let text = format!("{:?}", settings.check());
            assert!(text.contains("was refused") && !text.contains("canary"), "{text}");
        }
        assert_eq!(shown("https://a:b@h/x"), "https://…@h/x");
    }
}
