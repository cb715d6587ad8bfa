//! Where credentials come from: which source wins, and the way from it to what calls are made with.
//!
//! [`choose`] decides and is pure. Each source has a file of its own.

mod metadata;
mod oidc;
mod role;
mod token;

use std::sync::Arc;

pub(super) use metadata::Memory;
pub use oidc::{IdToken, Oidc};
pub use role::{Role, RoleAccount};
pub use token::{Agency, Password, User};

use super::{AccountSettings, Credential, Error, Keys, Proof, Secret};
use crate::rest::{Patience, Reply, Sender};

/// Everything in a configuration that may lead to credentials.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// A ready token.
    pub token: Option<Secret>,
    /// Keys, permanent or temporary.
    pub keys: Option<Keys>,
    /// User and password.
    pub password: Option<Password>,
    /// A token of another identity provider. What comes of it takes the place of `keys`.
    pub oidc: Option<Oidc>,
    /// An agency that is entered through a token.
    pub agency: Option<Agency>,
    /// Roles that are assumed one after the other.
    pub roles: Vec<Role>,
}

/// Where the way begins.
#[derive(Clone, Debug)]
pub enum Source {
    /// The user's token; it is exchanged for one that is valid in the project.
    Token(Secret),
    /// Keys from the configuration or a profile.
    Keys(Keys),
    /// A token of another identity provider.
    Oidc(Oidc),
    /// User and password.
    Password(Password),
    /// What the server we run on may do.
    Metadata,
}

/// The way from a source to the credentials that calls are made with.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The beginning.
    pub source: Source,
    /// Entered first.
    pub agency: Option<Agency>,
    /// Assumed then.
    pub roles: Vec<Role>,
}

/// The first role is assumed by its account's name, which only keys can do, and there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role in an account given by name is assumed with keys, and there are none")]
pub struct RoleNeedsKeys;

/// Which source wins: a token, then keys (those that come of OIDC before configured ones), then a password, and the
/// server's own metadata when there is nothing else.
///
/// Two things follow from how the vendor's provider goes about it. A first role by its account's name is signed with
/// the configured keys even where a token or password would win. And an agency is not entered on metadata keys.
pub fn choose(offer: Offer) -> Result<Chain, RoleNeedsKeys> {
    let Offer { token, keys, password, oidc, agency, roles } = offer;
    let source = match (token, oidc, keys.clone(), password) {
        (Some(token), ..) => Source::Token(token),
        (_, Some(oidc), ..) => Source::Oidc(oidc),
        (_, _, Some(keys), _) => Source::Keys(keys),
        (_, _, _, Some(password)) => Source::Password(password),
        (None, None, None, None) => Source::Metadata,
    };
    let agency = agency.filter(|_| !matches!(source, Source::Metadata));
    let by_token = agency.is_some() || matches!(source, Source::Token(_) | Source::Password(_));
    if by_token && roles.first().is_some_and(Role::needs_keys) {
        let source = match source {
            Source::Oidc(oidc) => Source::Oidc(oidc),
            Source::Token(_) | Source::Keys(_) | Source::Password(_) | Source::Metadata => {
                Source::Keys(keys.ok_or(RoleNeedsKeys)?)
            }
        };
        return Ok(Chain { source, agency: None, roles });
    }
    Ok(Chain { source, agency, roles })
}

impl Chain {
    /// Whether calls are made with a token in the end. It is valid in one project of one region.
    pub fn ends_in_token(&self) -> bool {
        let from_token = matches!(self.source, Source::Token(_) | Source::Password(_));
        self.roles.is_empty() && (from_token || self.agency.is_some())
    }

    /// Whether the credentials are those of the account that is configured, and not of another one.
    pub(super) fn stays_at_home(&self) -> bool {
        self.roles.is_empty() && self.agency.is_none()
    }

    /// Whether going the way again brings other credentials.
    pub(super) fn is_renewable(&self) -> bool {
        !self.stays_at_home() || !matches!(self.source, Source::Token(_) | Source::Keys(_))
    }
}

/// What every source works with.
pub(super) struct Desk<'a> {
    pub(super) settings: &'a AccountSettings,
    pub(super) sender: &'a Sender,
    pub(super) patience: &'a Patience,
    /// The configured keys as one credential, whose gate outlives renewals of what comes of them.
    pub(super) fixed: Option<&'a Credential>,
    pub(super) memory: &'a Memory,
}

impl Desk<'_> {
    /// Goes the whole way.
    pub(super) async fn credential(&self) -> Result<Credential, Error> {
        let Chain { source, agency, roles } = &self.settings.chain;
        let mut credential = match source {
            Source::Token(token) if agency.is_some() => {
                Credential::new(Proof::Token(token.clone(), None), None)
            }
            Source::Token(token) => token::exchange(self, token).await?,
            Source::Password(password) => token::log_in(self, password, agency.is_some()).await?,
            Source::Oidc(oidc) => oidc::keys(self, oidc).await?,
            Source::Metadata => metadata::keys(self).await?,
            Source::Keys(keys) => match self.fixed {
                Some(fixed) => fixed.clone(),
                None => Credential::new(Proof::Keys(keys.clone()), None),
            },
        };
        let step = |step: String, error| Error::Step { step, error: Box::new(error) };
        // From the first step on we are in an account whose id nobody has configured.
        let mut domain_id = self.settings.domain_id.as_deref();
        if let Some(agency) = agency {
            credential = token::enter(self, &credential, agency)
                .await
                .map_err(|error| step(agency.to_string(), error))?;
            domain_id = None;
        }
        for (number, role) in roles.iter().enumerate() {
            let first = number == 0 && agency.is_none();
            credential = role::assume(self, &credential, role, domain_id, first)
                .await
                .map_err(|error| step(role.to_string(), error))?;
            domain_id = role.account_id();
        }
        Ok(credential)
    }
}

fn reply_error(operation: &'static str, reply: &Reply, problem: &'static str) -> Error {
    Error::Reply { operation, problem, request_id: reply.request_id().map(str::to_owned) }
}

fn project_id(id: &str) -> Option<Arc<str>> {
    crate::rest::is_segment(id).then(|| Arc::from(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::sign::Algorithm;

    fn secret() -> Secret {
        Secret::from("s".to_owned())
    }

    fn keys() -> Keys {
        Keys {
            access_key: "AK".to_owned(),
            secret_key: secret(),
            security_token: None,
            algorithm: Algorithm::default(),
        }
    }

    fn everything() -> Offer {
        Offer {
            token: Some(secret()),
            keys: Some(keys()),
            password: Some(Password { user: User::Id("u".to_owned()), password: secret() }),
            oidc: Some(Oidc { idp_id: "i".to_owned(), id_token: IdToken::Given(secret()) }),
            agency: Some(Agency {
                name: "a".to_owned(),
                domain_name: "d".to_owned(),
                project_name: "p".to_owned(),
            }),
            roles: Vec::new(),
        }
    }

    fn role(account: RoleAccount) -> Role {
        Role { agency_name: "r".to_owned(), account, duration: None }
    }

    fn by_name() -> Role {
        role(RoleAccount::Name("n".to_owned()))
    }

    fn by_id() -> Role {
        role(RoleAccount::Id("i".to_owned()))
    }

    fn shape(chain: &Chain) -> (&'static str, bool, usize) {
        let source = match chain.source {
            Source::Token(_) => "token",
            Source::Keys(_) => "keys",
            Source::Oidc(_) => "oidc",
            Source::Password(_) => "password",
            Source::Metadata => "metadata",
        };
        (source, chain.agency.is_some(), chain.roles.len())
    }

    #[test]
    fn the_first_of_token_oidc_keys_password_metadata_wins() {
        let mut offer = everything();
        let mut check = |expected, remove: fn(&mut Offer)| {
            assert_eq!(shape(&choose(offer.clone()).unwrap()), expected);
            remove(&mut offer);
        };
        check(("token", true, 0), |o| o.token = None);
        check(("oidc", true, 0), |o| o.oidc = None);
        check(("keys", true, 0), |o| o.keys = None);
        check(("password", true, 0), |o| o.password = None);
        // The agency is entered with a token, which metadata does not give.
        check(("metadata", false, 0), |o| o.agency = None);
        check(("metadata", false, 0), |_| {});
    }

    #[test]
    fn a_first_role_by_name_is_signed_with_the_keys() {
        let check = |offer: Offer, expected: Result<(&'static str, bool, usize), RoleNeedsKeys>| {
            assert_eq!(choose(offer).map(|chain| shape(&chain)), expected);
        };
        let with = |roles: Vec<Role>| Offer { roles, oidc: None, ..everything() };
        check(with(vec![by_name(), by_id()]), Ok(("keys", false, 2)));
        check(with(vec![by_id(), by_name()]), Ok(("token", true, 2)));
        check(Offer { keys: None, ..with(vec![by_name()]) }, Err(RoleNeedsKeys));
        check(Offer { keys: None, ..with(vec![by_id()]) }, Ok(("token", true, 1)));
        let password = Offer { token: None, keys: None, agency: None, ..with(vec![by_name()]) };
        check(password, Err(RoleNeedsKeys));
        let metadata = Offer { roles: vec![by_name()], ..Offer::default() };
        check(metadata, Ok(("metadata", false, 1)));
    }

    #[test]
    fn only_fixed_keys_and_tokens_are_not_renewed() {
        let check = |offer: Offer, renewable: bool, ends_in_token: bool| {
            let chain = choose(offer).unwrap();
            assert_eq!((chain.is_renewable(), chain.ends_in_token()), (renewable, ends_in_token));
        };
        let agency = everything().agency;
        check(Offer { token: Some(secret()), ..Offer::default() }, false, true);
        check(Offer { keys: Some(keys()), ..Offer::default() }, false, false);
        check(Offer { keys: Some(keys()), agency: agency.clone(), ..Offer::default() }, true, true);
        check(Offer { keys: Some(keys()), roles: vec![by_name()], ..Offer::default() }, true, false);
        check(Offer { keys: Some(keys()), agency, roles: vec![by_id()], ..Offer::default() }, true, false);
        check(Offer { password: everything().password, ..Offer::default() }, true, true);
        check(Offer { oidc: everything().oidc, ..Offer::default() }, true, false);
        check(Offer::default(), true, false);
    }
}
