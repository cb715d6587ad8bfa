//! The provider block: its arguments, the environment variables behind them, and the settings they come to.
//!
//! Arguments, variables and precedence are those of the `huaweicloud` provider, so that a block can be copied.
//! `arguments.rs` has a row for each, `roles.rs` the two blocks, `resolve.rs` puts everything together.

mod arguments;
mod environment;
mod resolve;
mod roles;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use arguments::{schema, variables};
pub(super) use resolve::BLOCK;
pub use resolve::{Resolved, resolve};

use self::roles::{OidcModel, RoleModel};
use crate::{
    auth::Secret,
    framework::{
        diag::{Diagnostic, Diagnostics},
        model::Attr,
        path::Path,
    },
};

/// The arguments.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the rows say what each one is")]
pub struct Model {
    pub region: Attr<String>,
    pub access_key: Attr<Secret>,
    pub secret_key: Attr<Secret>,
    pub security_token: Attr<Secret>,
    pub domain_id: Attr<String>,
    pub domain_name: Attr<String>,
    pub user_name: Attr<String>,
    pub user_id: Attr<String>,
    pub password: Attr<Secret>,
    pub token: Attr<Secret>,
    pub project_id: Attr<String>,
    pub project_name: Attr<String>,
    pub tenant_id: Attr<String>,
    pub tenant_name: Attr<String>,
    pub auth_url: Attr<String>,
    pub cloud: Attr<String>,
    pub endpoints: Attr<BTreeMap<String, Attr<String>>>,
    pub regional: Attr<bool>,
    pub insecure: Attr<bool>,
    pub cacert_file: Attr<String>,
    pub cert: Attr<String>,
    pub key: Attr<Secret>,
    pub agency_name: Attr<String>,
    pub agency_domain_name: Attr<String>,
    pub delegated_project: Attr<String>,
    pub assume_role: Attr<Vec<Attr<RoleModel>>>,
    pub assume_role_with_oidc: Attr<Vec<Attr<OidcModel>>>,
    pub shared_config_file: Attr<String>,
    pub profile: Attr<String>,
    pub enterprise_project_id: Attr<String>,
    pub max_retries: Attr<i64>,
    pub enable_force_new: Attr<bool>,
    pub signing_algorithm: Attr<String>,
    pub skip_check_website_type: Attr<bool>,
    pub skip_check_upgrade: Attr<bool>,
    pub default_tags: Attr<BTreeMap<String, Attr<String>>>,
    pub ignore_tags: Attr<Vec<Attr<String>>>,
    pub refresh: Attr<String>,
    pub preflight: Attr<bool>,
    pub call_limit: Attr<String>,
}

const REGION: Path = Path::root("region");
const ENDPOINTS: Path = Path::root("endpoints");
const MAX_RETRIES: Path = Path::root("max_retries");
const ASSUME_ROLE: Path = Path::root("assume_role");
const OIDC: Path = Path::root("assume_role_with_oidc");
const CERT: Path = Path::root("cert");

/// What is certainly wrong before the environment is known.
pub fn validate(config: &Model, diagnostics: &mut Diagnostics) {
    for (key, url) in config.endpoints.known().into_iter().flatten() {
        if url.known().is_some_and(|url| url.trim().is_empty()) || url.is_null() {
            let detail = format!(
                "The endpoint of {key:?} is blank. Give it a URL, or remove the entry to use the default."
            );
            diagnostics.push(Diagnostic::error("Blank endpoint", detail).at(ENDPOINTS.key(key)));
        }
    }
    if let Some(number) = config.max_retries.known() {
        diagnostics.extend(resolve::retries(*number, "max_retries").err());
    }
    let oidc = config.assume_role_with_oidc.known().into_iter().flatten().filter_map(Attr::known);
    for (index, block) in (0..).zip(oidc) {
        if block.id_token.known().is_some_and(|token| !token.is_empty())
            && block.id_token_file.known().is_some_and(|path| !path.is_empty())
        {
            let detail = "Give the token itself in `id_token`, or the path of a file that holds it in `id_token_file`, not both.";
            let path = OIDC.index(index).attribute("id_token_file");
            diagnostics.push(Diagnostic::error("Two ID tokens", detail).at(path));
        }
    }
}
