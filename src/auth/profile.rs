//! The configuration file of the vendor's command line tool, KooCLI: profiles with keys.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::Secret;

/// What a profile holds. Empty texts are `None`.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Its name, for messages.
    pub name: String,
    /// The id of the access key.
    pub access_key: Option<String>,
    /// The access key.
    pub secret_key: Option<Secret>,
    /// What makes temporary keys valid.
    pub security_token: Option<Secret>,
    /// The region.
    pub region: Option<String>,
    /// The project's id.
    pub project_id: Option<String>,
    /// The account's id.
    pub domain_id: Option<String>,
    /// An agency to assume.
    pub agency_name: Option<String>,
    /// The account that owns it.
    pub agency_domain_name: Option<String>,
}

/// Why a profile cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// It is not what the tool writes. Nothing of it is shown.
    #[error("the file is not JSON as KooCLI writes it (line {line}, column {column})")]
    Syntax {
        /// Where reading ended.
        line: usize,
        /// Where reading ended.
        column: usize,
    },
    /// Neither an argument nor the file says which profile.
    #[error("no profile is named, and the file does not say which one is current")]
    Unnamed,
    /// There is none of that name.
    #[error("the file has no profile {wanted:?}; it has {}", listed(there))]
    Missing {
        /// The name that was looked for.
        wanted: String,
        /// The names there are.
        there: Vec<String>,
    },
    /// A profile of single sign-on without what signing on brings.
    #[error("the profile {0:?} is one of single sign-on (mode SSO) and holds no keys: nobody is signed on")]
    NotSignedOn(String),
    /// Half of a pair.
    #[error("the profile {0:?} holds only one half of access key and secret key")]
    Half(String),
    /// The tool has encrypted the keys, and only the tool can decrypt them.
    #[error("the keys of the profile {0:?} are encrypted (authEncrypt is true in the file)")]
    Encrypted(String),
}

impl ProfileError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            ProfileError::Unreadable(_) | ProfileError::Syntax { .. } => {
                "Give the path of a file that `hcloud configure` has written; the usual one is \
                 ~/.hcloud/config.json."
            }
            ProfileError::Unnamed | ProfileError::Missing { .. } => {
                "Set `profile` (HW_PROFILE) to one of them, or add it with `hcloud configure set`."
            }
            ProfileError::NotSignedOn(_) => "Sign on with `hcloud configure sso`, or choose another profile.",
            ProfileError::Half(_) => "Complete it with `hcloud configure set`, or choose another profile.",
            ProfileError::Encrypted(_) => {
                "Only KooCLI can decrypt them. Switch encryption off with `hcloud configure set \
                 --cli-auth-encrypt=false`, and enter the keys again if it asks for them."
            }
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none at all".to_owned() } else { names.join(", ") }
}

/// Reads the profile called `wanted`, or the current one.
pub fn read(path: &Path, wanted: Option<&str>) -> Result<Profile, ProfileError> {
    let text = std::fs::read_to_string(path).map_err(|error| ProfileError::Unreadable(error.to_string()))?;
    parse(Secret::from(text).expose(), wanted)
}

fn parse(text: &str, wanted: Option<&str>) -> Result<Profile, ProfileError> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| ProfileError::Syntax { line: error.line(), column: error.column() })?;
    let entries: Vec<Entry> = file.profiles.into_iter().flatten().flatten().collect();
    let wanted =
        wanted.or(file.current.as_deref()).filter(|name| !name.is_empty()).ok_or(ProfileError::Unnamed)?;
    let there = entries.iter().filter_map(|entry| entry.name.clone()).collect();
    let entry = entries
        .into_iter()
        .find(|entry| entry.name.as_deref() == Some(wanted))
        .filter(|entry| !entry.is_empty())
        .ok_or_else(|| ProfileError::Missing { wanted: wanted.to_owned(), there })?;
    let name = wanted.to_owned();
    let single_sign_on = entry.mode.as_deref() == Some("SSO");
    let keys = if single_sign_on {
        entry.sso_auth.and_then(|sso| sso.sts_token).filter(|keys| !keys.is_empty())
    } else {
        Some(entry.keys)
    };
    let keys = keys.ok_or_else(|| ProfileError::NotSignedOn(name.clone()))?;
    let access_key = keys.access_key_id.filter(|text| !text.is_empty());
    let secret_key = keys.secret_access_key.filter(|secret| !secret.is_empty());
    if access_key.is_some() != secret_key.is_some() {
        return Err(ProfileError::Half(name));
    }
    if access_key.is_some() && is_true(file.auth_encrypt.as_ref()) {
        return Err(ProfileError::Encrypted(name));
    }
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Profile {
        name,
        access_key,
        secret_key,
        security_token: keys.security_token.filter(|secret| !secret.is_empty()),
        region: filled(entry.region),
        project_id: filled(entry.project_id),
        domain_id: filled(entry.domain_id),
        agency_name: filled(entry.agency_name),
        agency_domain_name: filled(entry.agency_domain_name),
    })
}

/// The tool writes its flags as text.
fn is_true(flag: Option<&Value>) -> bool {
    match flag {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    current: Option<String>,
    profiles: Option<Vec<Option<Entry>>>,
    auth_encrypt: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: Option<String>,
    mode: Option<String>,
    #[serde(flatten)]
    keys: Stored,
    region: Option<String>,
    project_id: Option<String>,
    domain_id: Option<String>,
    agency_domain_name: Option<String>,
    agency_name: Option<String>,
    sso_auth: Option<SsoAuth>,
}

impl Entry {
    /// Whether it is a name and nothing else.
    fn is_empty(&self) -> bool {
        let texts = [
            &self.mode,
            &self.region,
            &self.project_id,
            &self.domain_id,
            &self.agency_domain_name,
            &self.agency_name,
        ];
        let blank = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
        texts.into_iter().all(blank) && self.keys.is_empty() && self.sso_auth.is_none()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    security_token: Option<Secret>,
}

impl Stored {
    fn is_empty(&self) -> bool {
        let blank = |secret: &Option<Secret>| secret.as_ref().is_none_or(Secret::is_empty);
        self.access_key_id.as_deref().is_none_or(str::is_empty)
            && blank(&self.secret_access_key)
            && blank(&self.security_token)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SsoAuth {
    sts_token: Option<Stored>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
      "authEncrypt": "false", "language": "en", "offline": "true", "current": "default",
      "profiles": [
        { "name": "default", "mode": "AKSK", "accessKeyId": "AK", "secretAccessKey": "SK", "securityToken": "",
          "region": "cn-north-4", "projectId": "p", "domainId": "", "agencyName": "a", "agencyDomainName": "b",
          "ssoAuth": null, "skipSecureVerify": "false", "readTimeout": 10, "retryCount": 0 },
        { "name": "sso", "mode": "SSO", "accessKeyId": "no", "secretAccessKey": "no",
          "ssoAuth": { "stsToken": { "accessKeyId": "SAK", "secretAccessKey": "SSK", "securityToken": "ST" } } },
        { "name": "out", "mode": "SSO", "ssoAuth": { "stsToken": { "accessKeyId": "", "secretAccessKey": "" } } },
        { "name": "bare", "mode": "ecsAgency", "region": "r" },
        { "name": "half", "mode": "AKSK", "accessKeyId": "AK" },
        { "name": "void" }
      ] }"#;

    #[test]
    fn profiles_are_found_and_read_by_their_mode() {
        let check = |wanted: Option<&str>, access: Option<&str>, token: bool, region: Option<&str>| {
            let profile = parse(FILE, wanted).unwrap();
            let found =
                (profile.access_key.as_deref(), profile.security_token.is_some(), profile.region.as_deref());
            assert_eq!(found, (access, token, region), "{wanted:?}");
        };
        check(None, Some("AK"), false, Some("cn-north-4"));
        check(Some("default"), Some("AK"), false, Some("cn-north-4"));
        check(Some("sso"), Some("SAK"), true, None);
        // Any other mode takes the plain keys, even if there are none.
        check(Some("bare"), None, false, Some("r"));
        let profile = parse(FILE, None).unwrap();
        assert_eq!((profile.domain_id, profile.project_id.as_deref()), (None, Some("p")));
        assert_eq!(profile.agency_domain_name.as_deref(), Some("b"));
    }

    #[test]
    fn what_cannot_work_is_told_without_a_secret() {
        let check = |text: &str, wanted: Option<&str>, expected: &str| {
            let error = parse(text, wanted).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("SK"), "{error}");
        };
        check(FILE, Some("out"), "nobody is signed on");
        check(FILE, Some("half"), "one half");
        check(FILE, Some("void"), "no profile \"void\"");
        check(FILE, Some("none"), "it has default, sso, out, bare, half, void");
        check(&FILE.replace("\"current\": \"default\",", ""), None, "which one is current");
        for flag in ["\"TRUE\"", "true"] {
            check(
                &FILE.replace("\"false\", \"language\"", &format!("{flag}, \"language\"")),
                None,
                "encrypted",
            );
        }
        check("{\"secret\": SK", None, "line 1, column 12");
        check("{}", Some("x"), "none at all");
    }
}
