//! From arguments to a source of credentials: what cannot go together, which source wins, and both in words.

use std::sync::Arc;

use super::{Settings, SettingsError, complaint};
use crate::auth::{
    Agency, Algorithm, Chain, Described, IdToken, Keys, Offer, Oidc, Password, Role, RoleAccount, Source,
    User, abridged, choose,
};

/// A role as it is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// The agency.
    pub agency_name: Option<String>,
    /// Its account by name.
    pub domain_name: Option<String>,
    /// Its account by id, which comes before the name and means the newer interface.
    pub domain_id: Option<String>,
    /// Seconds, for the newer interface only.
    pub duration: Option<u32>,
}

/// OpenID Connect as it is configured. The role that belongs to it stands among the roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OidcSettings {
    /// The identity provider.
    pub idp_id: Option<String>,
    /// Its token.
    pub id_token: Option<crate::auth::Secret>,
    /// A file with the token; the token itself comes first.
    pub id_token_file: Option<std::path::PathBuf>,
}

const BLOCK: &str = "assume_role";
const OIDC_BLOCK: &str = "assume_role_with_oidc";

impl Settings {
    /// Every complaint about credentials. None does not mean that they are right, only that they can be tried.
    pub(super) fn check_credentials(&self) -> Vec<SettingsError> {
        let mut complaints = self.check_pairs();
        if let Err(error) = self.algorithm() {
            complaints.push(error);
        }
        complaints.extend(self.check_roles());
        if !complaints.is_empty() {
            return complaints;
        }
        match self.chain() {
            Ok(chain) => complaints.extend(self.check_chain(&chain)),
            Err(error) => complaints.push(error),
        }
        complaints
    }

    fn check_pairs(&self) -> Vec<SettingsError> {
        let mut complaints = Vec::new();
        match (&self.access_key, &self.secret_key) {
            (Some(_), None) => complaints.push(complaint(
                "secret_key",
                "The secret key is missing",
                format!(
                    "`access_key` is set{}, so `secret_key` (or HW_SECRET_KEY) must be set too.",
                    self.set_by("access_key")
                ),
            )),
            (None, Some(_)) => complaints.push(complaint(
                "access_key",
                "The access key is missing",
                format!(
                    "`secret_key` is set{}, so `access_key` (or HW_ACCESS_KEY) must be set too.",
                    self.set_by("secret_key")
                ),
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
        let (set, missing) = match (&self.agency_name, &self.agency_domain_name) {
            (Some(_), None) => ("agency_name", "agency_domain_name"),
            (None, Some(_)) => ("agency_domain_name", "agency_name"),
            _ => return complaints,
        };
        complaints.push(complaint(
            missing,
            "The agency is not complete",
            format!(
                "`{set}` is set, so `{missing}` (or OS_{}) must be set too.",
                missing.to_ascii_uppercase()
            ),
        ));
        complaints
    }

    /// Where a value is from, in parentheses; nothing where nobody knows.
    fn set_by(&self, argument: &str) -> String {
        self.origins.get(argument).map(|origin| format!(" (from {origin})")).unwrap_or_default()
    }

    fn check_roles(&self) -> Vec<SettingsError> {
        let mut complaints = Vec::new();
        if let Some(oidc) = &self.oidc {
            let role = self.roles.first();
            let missing: Vec<&str> = [
                ("`agency_name` (HW_ASSUME_ROLE_AGENCY_NAME)", role.is_some_and(|r| r.agency_name.is_some())),
                ("`domain_id` (HW_ASSUME_ROLE_DOMAIN_ID)", role.is_some_and(|r| r.domain_id.is_some())),
                ("`idp_id` (HW_ASSUME_ROLE_IDP_ID)", oidc.idp_id.is_some()),
                (
                    "`id_token` or `id_token_file` (HW_ASSUME_ROLE_ID_TOKEN, HW_ASSUME_ROLE_ID_TOKEN_FILE)",
                    oidc.id_token.is_some() || oidc.id_token_file.is_some(),
                ),
            ]
            .into_iter()
            .filter_map(|(name, there)| (!there).then_some(name))
            .collect();
            if !missing.is_empty() {
                let detail = format!("Missing: {}.", missing.join(", "));
                complaints.push(complaint(OIDC_BLOCK, "The role with OIDC is not complete", detail));
                return complaints;
            }
        }
        for (number, role) in self.roles.iter().enumerate() {
            let which =
                if self.roles.len() > 1 { format!("Role number {}", number + 1) } else { "It".to_owned() };
            if role.agency_name.is_none() {
                let detail = format!("{which} needs `agency_name`, or HW_ASSUME_ROLE_AGENCY_NAME.");
                complaints.push(complaint(BLOCK, "The role to assume is not complete", detail));
            } else if role.domain_id.is_none() && role.domain_name.is_none() {
                let detail = format!(
                    "{which} needs the account that owns the agency: `domain_name` or `domain_id`, or \
                     HW_ASSUME_ROLE_DOMAIN_NAME or HW_ASSUME_ROLE_DOMAIN_ID."
                );
                complaints.push(complaint(BLOCK, "The role to assume is not complete", detail));
            }
        }
        complaints
    }

    fn check_chain(&self, chain: &Chain) -> Vec<SettingsError> {
        let mut complaints = Vec::new();
        let account = self.domain_id.is_some() || self.domain_name.is_some();
        let scoped = chain.agency.is_none();
        match &chain.source {
            Source::Token(_) if scoped && self.project_id.is_none() && !account => {
                complaints.push(complaint(
                    "token",
                    "The token's project cannot be told",
                    "With `token`, set `project_id`, or `domain_id` or `domain_name` so that the project can be \
                     found by its name.",
                ));
            }
            Source::Password(_) => complaints.extend(self.check_password(scoped)),
            Source::Keys(_) | Source::Oidc(_) if chain.agency.is_some() && !account => {
                complaints.push(complaint(
                    "domain_name",
                    "The account of the keys cannot be told",
                    "With keys and `agency_name`, set `domain_name` or `domain_id` to the account that the keys \
                     belong to.",
                ));
            }
            _ => {}
        }
        complaints
    }

    fn check_password(&self, scoped: bool) -> Option<SettingsError> {
        let (by_name, by_id) = (self.domain_name.is_some(), self.domain_id.is_some());
        let (argument, detail) = match (&self.user_name, &self.user_id) {
            (Some(_), Some(_)) => {
                ("user_id", "Set `user_name` or `user_id`, not both: they would have to be the same user.")
            }
            (Some(_), None) if by_name == by_id => (
                "user_name",
                "A user name is one of an account: set exactly one of `domain_name` and `domain_id`.",
            ),
            (None, Some(_)) if by_name || by_id => (
                "user_id",
                "A user id needs no account: remove `domain_name` and `domain_id`, or give `user_name` instead.",
            ),
            (None, Some(_)) if scoped && self.project_id.is_none() => (
                "user_id",
                "With `user_id` no account is known in which a project could be found by its name: set \
                 `project_id`, or give `user_name` and `domain_name` instead.",
            ),
            _ => return None,
        };
        Some(complaint(argument, "The user cannot log in like this", detail))
    }

    fn algorithm(&self) -> Result<Algorithm, SettingsError> {
        let why = match self.signing_algorithm.as_deref() {
            None | Some("HmacSHA256") => return Ok(Algorithm::HmacSha256),
            Some("HmacSM3") => return Ok(Algorithm::HmacSm3),
            Some("EcdsaP256SHA256" | "SM2SM3") => "this provider does not offer it",
            Some(_) => "there is no such algorithm",
        };
        let named = self.signing_algorithm.as_deref().unwrap_or_default();
        let detail =
            format!("{named:?} was refused: {why}. Leave it out, or write \"HmacSHA256\" or \"HmacSM3\".");
        Err(complaint("signing_algorithm", "The signing algorithm is not usable", detail))
    }

    /// The way to credentials.
    pub(super) fn chain(&self) -> Result<Chain, SettingsError> {
        let agency = self.agency_name.clone().zip(self.agency_domain_name.clone());
        let user = match (&self.user_name, &self.user_id) {
            (Some(name), _) => Some(User::Name(name.clone())),
            (None, Some(id)) => Some(User::Id(id.clone())),
            (None, None) => None,
        };
        let offer = Offer {
            token: self.token.clone(),
            keys: self.keys()?,
            password: user.zip(self.password.clone()).map(|(user, password)| Password { user, password }),
            oidc: self.oidc.as_ref().and_then(|oidc| {
                let given = oidc.id_token.clone().map(IdToken::Given);
                let id_token = given.or_else(|| oidc.id_token_file.clone().map(IdToken::File))?;
                Some(Oidc { idp_id: oidc.idp_id.clone()?, id_token })
            }),
            agency: agency.map(|(name, domain_name)| {
                let region = self.region.clone().unwrap_or_default();
                let project_name = self.delegated_project.clone().unwrap_or(region);
                Agency { name, domain_name, project_name }
            }),
            roles: self.roles.iter().filter_map(role).collect(),
        };
        choose(offer).map_err(|_| {
            let detail = "With `domain_name` a role is assumed with keys, and only a token or a password is \
                          configured: set `access_key` and `secret_key`, or name the account by `domain_id`.";
            complaint(BLOCK, "The role cannot be assumed", detail)
        })
    }

    fn keys(&self) -> Result<Option<Keys>, SettingsError> {
        let algorithm = self.algorithm()?;
        Ok(self.access_key.clone().zip(self.secret_key.clone()).map(|(access_key, secret_key)| Keys {
            access_key: access_key.expose().to_owned(),
            secret_key,
            security_token: self.security_token.clone(),
            algorithm,
        }))
    }

    pub(super) fn signs_with(&self) -> Result<Algorithm, SettingsError> {
        self.algorithm()
    }

    /// The way in words: what is used, and what was looked at before.
    pub(super) fn described(&self, chain: &Chain) -> Arc<Described> {
        let from = |argument: &str| match self.origins.get(argument) {
            Some(origin) => format!(" from {origin}"),
            None => String::new(),
        };
        let mut who = match &chain.source {
            Source::Token(_) => format!("the token{}", from("token")),
            Source::Keys(keys) => {
                format!("the access key {}{}", abridged(&keys.access_key), from("access_key"))
            }
            Source::Oidc(oidc) => format!("the ID token of the identity provider {:?}", oidc.idp_id),
            Source::Password(Password { user: User::Name(user) | User::Id(user), .. }) => {
                format!("the user {user:?} with the password{}", from("password"))
            }
            Source::Metadata => "the metadata service of this server".to_owned(),
        };
        let agency = chain.agency.as_ref().map(ToString::to_string);
        for step in agency.into_iter().chain(chain.roles.iter().map(ToString::to_string)) {
            who.push_str(", then ");
            who.push_str(&step);
        }
        Arc::new(Described { who, tried: self.tried(chain) })
    }

    /// One line for each source up to the one that is taken.
    fn tried(&self, chain: &Chain) -> Vec<String> {
        let user = match (&self.user_name, &self.user_id, &self.password) {
            (None, None, Some(_)) => {
                "a password, but neither `user_name` (HW_USER_NAME, OS_USERNAME) nor `user_id` (HW_USER_ID, \
                 OS_USER_ID) is set"
            }
            (Some(_), ..) | (_, Some(_), _) if self.password.is_none() => {
                "a user, but `password` (HW_USER_PASSWORD, OS_PASSWORD) is not set"
            }
            _ => "user and password: `password` (HW_USER_PASSWORD, OS_PASSWORD) is not set",
        };
        let keys = match &self.profile {
            Some(profile) => {
                format!("access keys: {profile} holds none, and it counts before any other keys")
            }
            None => {
                "access keys: `access_key` and `secret_key` (HW_ACCESS_KEY, HW_SECRET_KEY; OS_ACCESS_KEY, \
                     OS_SECRET_KEY) are not set, and neither is a profile (`profile`, HW_PROFILE)"
                    .to_owned()
            }
        };
        let mut lines = vec![
            "a token: `token` (HW_AUTH_TOKEN, OS_AUTH_TOKEN) is not set".to_owned(),
            format!("OpenID Connect: neither a block `{OIDC_BLOCK}` nor HW_ASSUME_ROLE_IDP_ID is set"),
            keys,
            user.to_owned(),
            "the metadata service of this server: nothing else is configured".to_owned(),
        ];
        let (taken, line) = match &chain.source {
            Source::Token(_) => (0, "a token: it is set"),
            Source::Oidc(_) => (1, "OpenID Connect: it is configured"),
            Source::Keys(_) => (2, "access keys: they are set"),
            Source::Password(_) => (3, "user and password: they are set"),
            Source::Metadata => return lines,
        };
        lines.truncate(taken);
        // A role by the name of its account is assumed with keys even where a token is set.
        if taken == 2 && self.token.is_some() {
            lines[0] =
                "a token: it is set, but the role is assumed with keys, since its account is given by name"
                    .to_owned();
        }
        lines.push(line.to_owned());
        lines
    }
}

fn role(role: &RoleSettings) -> Option<Role> {
    let account = match (&role.domain_id, &role.domain_name) {
        (Some(id), _) => RoleAccount::Id(id.clone()),
        (None, Some(name)) => RoleAccount::Name(name.clone()),
        (None, None) => return None,
    };
    Some(Role { agency_name: role.agency_name.clone()?, account, duration: role.duration })
}

#[cfg(test)]
mod tests {
    use super::super::tests::good;
    use super::*;
    use crate::auth::Secret;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::from(text.to_owned()))
    }

    fn complaints(change: impl FnOnce(&mut Settings)) -> Vec<(&'static str, String)> {
        let mut settings = good();
        change(&mut settings);
        settings.check().into_iter().map(|error| (error.argument, error.detail)).collect()
    }

    fn no_keys(settings: &mut Settings) {
        settings.access_key = None;
        settings.secret_key = None;
    }

    #[test]
    fn combinations_that_cannot_work_are_named() {
        let check = |argument: &str, says: &str, change: fn(&mut Settings)| {
            let found = complaints(change);
            assert!(matches!(&found[..], [(a, d)] if *a == argument && d.contains(says)), "{found:?}");
        };
        check("secret_key", "HW_SECRET_KEY", |s| s.secret_key = None);
        check("access_key", "HW_ACCESS_KEY", |s| s.access_key = None);
        check("security_token", "temporary access key", |s| {
            no_keys(s);
            s.security_token = secret("t");
        });
        check("agency_domain_name", "OS_AGENCY_DOMAIN_NAME", |s| s.agency_name = some("a"));
        check("agency_name", "OS_AGENCY_NAME", |s| s.agency_domain_name = some("a"));
        check("domain_name", "account that the keys", |s| {
            s.agency_name = some("a");
            s.agency_domain_name = some("b");
        });
        check("token", "project_id", |s| s.token = secret("t"));
        check("user_id", "not both", |s| {
            no_keys(s);
            (s.user_name, s.user_id, s.password) = (some("n"), some("i"), secret("p"));
        });
        check("user_name", "exactly one", |s| {
            no_keys(s);
            (s.user_name, s.password) = (some("n"), secret("p"));
        });
        check("user_name", "exactly one", |s| {
            no_keys(s);
            (s.user_name, s.password) = (some("n"), secret("p"));
            (s.domain_id, s.domain_name) = (some("i"), some("d"));
        });
        check("user_id", "needs no account", |s| {
            no_keys(s);
            (s.user_id, s.password, s.domain_name) = (some("n"), secret("p"), some("d"));
        });
        check("user_id", "project_id", |s| {
            no_keys(s);
            (s.user_id, s.password) = (some("n"), secret("p"));
        });
        check("assume_role", "agency_name", |s| s.roles = vec![RoleSettings::default()]);
        check("assume_role", "domain_name", |s| {
            s.roles = vec![RoleSettings { agency_name: some("a"), ..RoleSettings::default() }];
        });
        check("assume_role", "domain_id", |s| {
            no_keys(s);
            (s.token, s.project_id) = (secret("t"), some("p"));
            let (agency_name, domain_name) = (some("a"), some("b"));
            s.roles = vec![RoleSettings { agency_name, domain_name, ..RoleSettings::default() }];
        });
        check("assume_role_with_oidc", "`idp_id`", |s| s.oidc = Some(OidcSettings::default()));
        check("signing_algorithm", "does not offer", |s| s.signing_algorithm = some("SM2SM3"));
        check("signing_algorithm", "no such", |s| s.signing_algorithm = some("hmacsha256"));
    }

    #[test]
    fn combinations_that_work() {
        let check = |change: fn(&mut Settings)| assert_eq!(complaints(change), []);
        check(no_keys);
        check(|s| (s.token, s.domain_name) = (secret("t"), some("d")));
        check(|s| s.signing_algorithm = some("HmacSM3"));
        check(|s| {
            no_keys(s);
            (s.user_id, s.password, s.project_id) = (some("n"), secret("p"), some("p"));
        });
        // What is wrong with a password does not matter where keys are used.
        check(|s| (s.user_name, s.user_id, s.password) = (some("n"), some("i"), secret("p")));
        check(|s| {
            (s.agency_name, s.agency_domain_name) = (some("a"), some("b"));
            s.token = secret("t");
        });
    }

    #[test]
    fn the_way_is_told_in_words_and_without_a_secret() {
        let mut settings = good();
        settings.origins.insert("access_key", "HW_ACCESS_KEY".to_owned());
        let (agency_name, domain_id) = (some("ops"), some("acme-id"));
        settings.roles = vec![RoleSettings { agency_name, domain_id, ..RoleSettings::default() }];
        let described = settings.described(&settings.chain().unwrap());
        assert_eq!(
            described.who,
            "the access key AKID… from HW_ACCESS_KEY, then the role of the agency \"ops\" in the account \"acme-id\""
        );
        assert_eq!(described.tried.len(), 3);
        no_keys(&mut settings);
        let described = settings.described(&settings.chain().unwrap());
        assert_eq!(described.tried.len(), 5);
        for (line, says) in described.tried.iter().zip([
            "HW_AUTH_TOKEN",
            "HW_ASSUME_ROLE_IDP_ID",
            "HW_ACCESS_KEY",
            "HW_USER_PASSWORD",
            "metadata",
        ]) {
            assert!(line.contains(says), "{line}");
        }
        assert!(!format!("{described:?}").contains("canary"));
    }
}
