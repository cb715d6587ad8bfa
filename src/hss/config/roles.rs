//! The two blocks about roles, and what they come to together with their variables.

use super::environment::Environment;
use crate::{
    auth::Secret,
    client::{OidcSettings, RoleSettings},
    framework::{
        diag::{Diagnostic, Diagnostics},
        model::{Attr, Schema},
        path::Path,
        schema::optional,
    },
};

/// One block `assume_role`.
#[derive(Clone, Debug, Default)]
pub struct RoleModel {
    pub agency_name: Attr<String>,
    pub domain_name: Attr<String>,
    pub domain_id: Attr<String>,
    pub duration: Attr<i64>,
}

/// The block `assume_role_with_oidc`.
#[derive(Clone, Debug, Default)]
pub struct OidcModel {
    pub agency_name: Attr<String>,
    pub domain_id: Attr<String>,
    pub duration: Attr<i64>,
    pub idp_id: Attr<String>,
    pub id_token: Attr<Secret>,
    pub id_token_file: Attr<String>,
}

const AGENCY_NAME: &str = "HW_ASSUME_ROLE_AGENCY_NAME";
const DOMAIN_NAME: &str = "HW_ASSUME_ROLE_DOMAIN_NAME";
const DOMAIN_ID: &str = "HW_ASSUME_ROLE_DOMAIN_ID";
const DURATION: &str = "HW_ASSUME_ROLE_DURATION";
const IDP_ID: &str = "HW_ASSUME_ROLE_IDP_ID";
const ID_TOKEN: &str = "HW_ASSUME_ROLE_ID_TOKEN";
const ID_TOKEN_FILE: &str = "HW_ASSUME_ROLE_ID_TOKEN_FILE";

const DURATION_TEXT: &str = "Seconds that the role's keys last, 900 to 43200, at most 3600 where the role is assumed with temporary keys. Only where the account is given by id. They are renewed in time, whatever it is.";

/// The variables behind an argument of either block.
pub(super) fn variables(member: &str) -> &'static [&'static str] {
    match member {
        "agency_name" => &[AGENCY_NAME],
        "domain_name" => &[DOMAIN_NAME],
        "domain_id" => &[DOMAIN_ID],
        "duration" => &[DURATION],
        "idp_id" => &[IDP_ID],
        "id_token" => &[ID_TOKEN],
        "id_token_file" => &[ID_TOKEN_FILE],
        _ => &[],
    }
}

pub(super) fn documented(description: &str, variables: &[&str]) -> String {
    if variables.is_empty() {
        return description.to_owned();
    }
    let names = variables.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    format!("{description} Environment: {names}.")
}

pub(super) fn role_rows() -> Schema<RoleModel> {
    Schema::<RoleModel>::new(
        "A role to assume with the credentials found so far. With several blocks each role is assumed with the keys of the one before.",
    )
    .attr(
        Path::root("agency_name"),
        |m| &mut m.agency_name,
        optional(),
        documented("Agency. Must be set here or in the environment.", &[AGENCY_NAME]),
    )
    .attr(
        Path::root("domain_name"),
        |m| &mut m.domain_name,
        optional(),
        documented("Account that owns the agency, by name. One of `domain_name` and `domain_id` must be set.", &[DOMAIN_NAME]),
    )
    .attr(
        Path::root("domain_id"),
        |m| &mut m.domain_id,
        optional(),
        documented("The same by id, which wins and uses the newer interface (STS).", &[DOMAIN_ID]),
    )
    .attr(Path::root("duration"), |m| &mut m.duration, optional(), documented(DURATION_TEXT, &[DURATION]))
}

pub(super) fn oidc_rows() -> Schema<OidcModel> {
    Schema::<OidcModel>::new("A role to assume with the token of another identity provider (OpenID Connect).")
        .attr(
            Path::root("agency_name"),
            |m| &mut m.agency_name,
            optional(),
            documented("Agency. Must be set here or in the environment.", &[AGENCY_NAME]),
        )
        .attr(
            Path::root("domain_id"),
            |m| &mut m.domain_id,
            optional(),
            documented(
                "Id of the account that owns it. Must be set here or in the environment.",
                &[DOMAIN_ID],
            ),
        )
        .attr(Path::root("duration"), |m| &mut m.duration, optional(), documented(DURATION_TEXT, &[DURATION]))
        .attr(
            Path::root("idp_id"),
            |m| &mut m.idp_id,
            optional(),
            documented("Identity provider. Must be set here or in the environment.", &[IDP_ID]),
        )
        .attr(
            Path::root("id_token"),
            |m| &mut m.id_token,
            optional().sensitive(),
            documented(
                "ID token. One of `id_token` and `id_token_file` must be set; the token wins.",
                &[ID_TOKEN],
            ),
        )
        .attr(
            Path::root("id_token_file"),
            |m| &mut m.id_token_file,
            optional(),
            documented("File that holds the ID token. It is read again for each renewal.", &[ID_TOKEN_FILE]),
        )
}

/// What both blocks and the variables come to.
#[derive(Default)]
pub(super) struct Roles {
    /// The role that variables, one block, OpenID Connect or a profile may all speak of.
    pub(super) single: RoleSettings,
    /// Several blocks.
    pub(super) list: Vec<RoleSettings>,
    pub(super) oidc: Option<OidcSettings>,
    /// Names of blocks that hold something unknown.
    pub(super) unknown: Vec<&'static str>,
}

impl Roles {
    pub(super) fn read(
        roles: Attr<Vec<Attr<RoleModel>>>,
        oidc: Attr<Vec<Attr<OidcModel>>>,
        environment: Environment<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Roles {
        let mut found = Roles::default();
        let mut reader = Reader { environment, diagnostics, unknown: false };
        let mut blocks: Vec<RoleSettings> =
            reader.blocks(roles).into_iter().map(|block| reader.role(block)).collect();
        if std::mem::take(&mut reader.unknown) {
            found.unknown.push("assume_role");
        }
        match blocks.len() {
            0 if environment.get(AGENCY_NAME).is_some() => found.single = reader.role_of_variables(),
            0 => {}
            1 => found.single = blocks.remove(0),
            _ => found.list = blocks,
        }
        let block = reader.blocks(oidc).into_iter().next();
        if block.is_some() || environment.get(IDP_ID).is_some() {
            let (oidc, role) = reader.oidc(block.unwrap_or_default());
            // Its values take the place of those of a single role; the account's name has none here.
            let domain_name = found.single.domain_name.take();
            found.single = RoleSettings { domain_name, ..role };
            found.oidc = Some(oidc);
        }
        if reader.unknown {
            found.unknown.push("assume_role_with_oidc");
        }
        found
    }

    /// All roles in order. A block that is there counts even if it is empty, so that it can be complained about.
    pub(super) fn in_order(self) -> Vec<RoleSettings> {
        let single = (self.single != RoleSettings::default()).then_some(self.single);
        single.into_iter().chain(self.list).collect()
    }
}

struct Reader<'a, 'd> {
    environment: Environment<'a>,
    diagnostics: &'d mut Diagnostics,
    unknown: bool,
}

impl Reader<'_, '_> {
    fn blocks<T: Default>(&mut self, blocks: Attr<Vec<Attr<T>>>) -> Vec<T> {
        match blocks {
            Attr::Null => Vec::new(),
            Attr::Unknown => {
                self.unknown = true;
                Vec::new()
            }
            Attr::Known(all) => all
                .into_iter()
                .filter_map(|block| match block {
                    Attr::Known(block) => Some(block),
                    Attr::Null => Some(T::default()),
                    Attr::Unknown => {
                        self.unknown = true;
                        None
                    }
                })
                .collect(),
        }
    }

    fn text(&mut self, value: Attr<String>, variable: &'static str) -> Option<String> {
        match value {
            Attr::Known(text) => Some(text).filter(|text| !text.is_empty()),
            Attr::Unknown => {
                self.unknown = true;
                None
            }
            Attr::Null => self.environment.get(variable).map(str::to_owned),
        }
    }

    /// Nothing and 0 mean the same: the service decides.
    fn duration(&mut self, value: Attr<i64>) -> Option<u32> {
        let seconds = match value {
            Attr::Known(seconds) => seconds,
            Attr::Unknown => {
                self.unknown = true;
                return None;
            }
            Attr::Null => match self.environment.number(DURATION) {
                Ok(seconds) => seconds?,
                Err(diagnostic) => {
                    self.diagnostics.push(diagnostic);
                    return None;
                }
            },
        };
        match u32::try_from(seconds) {
            Ok(seconds) => Some(seconds).filter(|seconds| *seconds > 0),
            Err(_) => {
                let detail = format!("It is {seconds}, and should be 900 to 43200 seconds.");
                self.diagnostics.push(Diagnostic::error("The duration of a role is not usable", detail));
                None
            }
        }
    }

    fn role(&mut self, block: RoleModel) -> RoleSettings {
        RoleSettings {
            agency_name: self.text(block.agency_name, AGENCY_NAME),
            domain_name: self.text(block.domain_name, DOMAIN_NAME),
            domain_id: self.text(block.domain_id, DOMAIN_ID),
            duration: self.duration(block.duration),
        }
    }

    /// Without a block a duration that is no number is passed over, as the `huaweicloud` provider does.
    fn role_of_variables(&mut self) -> RoleSettings {
        let block = RoleModel::default();
        let duration = match self.environment.number(DURATION) {
            Ok(_) => block.duration.clone(),
            Err(_) => Attr::Known(0),
        };
        self.role(RoleModel { duration, ..block })
    }

    fn oidc(&mut self, block: OidcModel) -> (OidcSettings, RoleSettings) {
        let role = RoleSettings {
            agency_name: self.text(block.agency_name, AGENCY_NAME),
            domain_name: None,
            domain_id: self.text(block.domain_id, DOMAIN_ID),
            duration: self.duration(block.duration),
        };
        let id_token = match block.id_token {
            Attr::Known(token) => Some(token).filter(|token| !token.is_empty()),
            Attr::Unknown => {
                self.unknown = true;
                None
            }
            Attr::Null => self.environment.get(ID_TOKEN).map(|token| Secret::from(token.to_owned())),
        };
        let id_token_file = match self.text(block.id_token_file, ID_TOKEN_FILE) {
            None => None,
            Some(path) => match self.environment.expand(&path) {
                Ok(path) => Some(path),
                Err(why) => {
                    self.diagnostics.push(Diagnostic::error("The file of the ID token cannot be found", why));
                    None
                }
            },
        };
        (OidcSettings { idp_id: self.text(block.idp_id, IDP_ID), id_token, id_token_file }, role)
    }
}
