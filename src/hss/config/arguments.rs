//! A row for each argument of the provider block: its field, the variables that stand in for it, its documentation.

use super::{ASSUME_ROLE, ENDPOINTS, MAX_RETRIES, Model, OIDC, roles};
use crate::{
    auth::Secret,
    framework::{
        model::{Attr, Schema},
        path::Path,
        schema::optional,
    },
    hss::tuning,
};

/// An argument of one kind: the first of its variables that is set stands in for it.
pub(super) struct Argument<T: 'static> {
    pub(super) name: &'static str,
    pub(super) field: fn(&mut Model) -> &mut Attr<T>,
    pub(super) variables: &'static [&'static str],
    pub(super) description: &'static str,
}

const fn row<T>(
    name: &'static str,
    field: fn(&mut Model) -> &mut Attr<T>,
    variables: &'static [&'static str],
    description: &'static str,
) -> Argument<T> {
    Argument { name, field, variables, description }
}

/// Texts that anybody may see.
pub(super) const TEXTS: [Argument<String>; 20] = [
    row(
        "region",
        |m| &mut m.region,
        &["HW_REGION_NAME", "OS_REGION_NAME"],
        "Region of the protected servers and backup servers, such as `cn-north-4`. Must be set here, in the environment or in a profile.",
    ),
    row(
        "domain_id",
        |m| &mut m.domain_id,
        &["HW_DOMAIN_ID", "OS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID"],
        "Account id.",
    ),
    row(
        "domain_name",
        |m| &mut m.domain_name,
        &["HW_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME"],
        "Account name.",
    ),
    row(
        "user_name",
        |m| &mut m.user_name,
        &["HW_USER_NAME", "OS_USERNAME"],
        "User that logs in with `password`. Needs exactly one of `domain_name` and `domain_id`.",
    ),
    row(
        "user_id",
        |m| &mut m.user_id,
        &["HW_USER_ID", "OS_USER_ID"],
        "The same by id. Needs `project_id`, and no account.",
    ),
    row(
        "project_id",
        |m| &mut m.project_id,
        &["HW_PROJECT_ID", "OS_PROJECT_ID"],
        "Project id. Saves the look-up by name. With roles it is a project of the last role's account.",
    ),
    row(
        "project_name",
        |m| &mut m.project_name,
        &["HW_PROJECT_NAME", "OS_PROJECT_NAME"],
        "Project name, for example of a sub-project. The default is the region's own project.",
    ),
    row("tenant_id", |m| &mut m.tenant_id, &["OS_TENANT_ID"], "Old name of `project_id`, which wins."),
    row(
        "tenant_name",
        |m| &mut m.tenant_name,
        &["OS_TENANT_NAME"],
        "Old name of `project_name`, which wins.",
    ),
    row(
        "auth_url",
        |m| &mut m.auth_url,
        &["HW_AUTH_URL", "OS_AUTH_URL"],
        "Identity URL, for tokens and projects. The default is `https://iam.{region}.{cloud}/v3`.",
    ),
    row(
        "cloud",
        |m| &mut m.cloud,
        &["HW_CLOUD"],
        "Base domain of all endpoints. The default is `myhuaweicloud.com`, and `myhuaweicloud.eu` for regions that begin with `eu-west-1`.",
    ),
    row(
        "cacert_file",
        |m| &mut m.cacert_file,
        &["OS_CACERT"],
        "Certificates of authorities to trust instead of the system's: the path of a PEM file, or PEM text.",
    ),
    row(
        "cert",
        |m| &mut m.cert,
        &["OS_CERT"],
        "Client certificate: the path of a PEM file, or PEM text. Used only together with `key`.",
    ),
    row(
        "agency_name",
        |m| &mut m.agency_name,
        &["OS_AGENCY_NAME"],
        "Agency that is entered through a token. Needs `agency_domain_name`. New configurations use `assume_role`.",
    ),
    row(
        "agency_domain_name",
        |m| &mut m.agency_domain_name,
        &["OS_AGENCY_DOMAIN_NAME"],
        "Account that owns that agency. Needs `agency_name`.",
    ),
    row(
        "delegated_project",
        |m| &mut m.delegated_project,
        &["OS_DELEGATED_PROJECT"],
        "Project name in that account. The default is the region's own project.",
    ),
    row(
        "shared_config_file",
        |m| &mut m.shared_config_file,
        &["HW_SHARED_CONFIG_FILE"],
        "KooCLI configuration file with profiles. The default, once `profile` is set, is `~/.hcloud/config.json`. A profile wins over keys from anywhere else.",
    ),
    row(
        "profile",
        |m| &mut m.profile,
        &["HW_PROFILE"],
        "Profile in that file. The default is the one that the file calls current.",
    ),
    row(
        "enterprise_project_id",
        |m| &mut m.enterprise_project_id,
        &["HW_ENTERPRISE_PROJECT_ID"],
        "Enterprise project of resources that name none.",
    ),
    row(
        "signing_algorithm",
        |m| &mut m.signing_algorithm,
        &["HW_SIGNING_ALGORITHM"],
        "How requests are signed: `HmacSHA256`, the default, or `HmacSM3`.",
    ),
];

/// Texts that must never be seen.
pub(super) const SECRETS: [Argument<Secret>; 6] = [
    row(
        "access_key",
        |m| &mut m.access_key,
        &["HW_ACCESS_KEY", "OS_ACCESS_KEY"],
        "Access key id. Needs `secret_key`.",
    ),
    row(
        "secret_key",
        |m| &mut m.secret_key,
        &["HW_SECRET_KEY", "OS_SECRET_KEY"],
        "Secret access key. Needs `access_key`.",
    ),
    row(
        "security_token",
        |m| &mut m.security_token,
        &["HW_SECURITY_TOKEN"],
        "Security token that belongs to temporary keys. Needs `access_key`.",
    ),
    row(
        "password",
        |m| &mut m.password,
        &["HW_USER_PASSWORD", "OS_PASSWORD"],
        "Password of `user_name` or `user_id`. Used when there are no keys.",
    ),
    row(
        "token",
        |m| &mut m.token,
        &["HW_AUTH_TOKEN", "OS_AUTH_TOKEN"],
        "IAM token, used before anything else. It is exchanged for one of the project.",
    ),
    row("key", |m| &mut m.key, &["OS_KEY"], "Private key of `cert`: the path of a PEM file, or PEM text."),
];

/// Switches.
pub(super) const FLAGS: [Argument<bool>; 5] = [
    row(
        "insecure",
        |m| &mut m.insecure,
        &["HW_INSECURE", "OS_INSECURE"],
        "Do not verify TLS certificates. For tests only.",
    ),
    row(
        "regional",
        |m| &mut m.regional,
        &[],
        "Accepted without effect: it concerns services that are not regional.",
    ),
    row(
        "enable_force_new",
        |m| &mut m.enable_force_new,
        &["HW_ENABLE_FORCE_NEW"],
        "Accepted without effect: a change that cannot be made in place is always planned as a replacement.",
    ),
    row(
        "skip_check_website_type",
        |m| &mut m.skip_check_website_type,
        &["SKIP_CHECK_WEBSITE_TYPE"],
        "Accepted without effect: nothing of the kind is checked.",
    ),
    row(
        "skip_check_upgrade",
        |m| &mut m.skip_check_upgrade,
        &["SKIP_CHECK_UPGRADE"],
        "Accepted without effect: nothing of the kind is checked.",
    ),
];

pub(super) const RETRIES: &str = "HW_MAX_RETRIES";

/// The variables behind an argument, the first that is set winning. Those inside blocks have the block's name and a dot
/// in front.
pub fn variables(argument: &str) -> &'static [&'static str] {
    fn find<T>(rows: &[Argument<T>], name: &str) -> Option<&'static [&'static str]> {
        rows.iter().find(|row| row.name == name).map(|row| row.variables)
    }
    if let Some((_, member)) = argument.split_once('.') {
        return roles::variables(member);
    }
    match argument {
        "max_retries" => &[RETRIES],
        "refresh" => &["HSS_REFRESH"],
        "preflight" => &["HSS_PREFLIGHT"],
        "call_limit" => &["HSS_CALL_LIMIT"],
        other => find(&TEXTS, other)
            .or_else(|| find(&SECRETS, other))
            .or_else(|| find(&FLAGS, other))
            .unwrap_or_default(),
    }
}

/// The rows.
pub fn schema() -> Schema<Model> {
    let mut schema = Schema::<Model>::new(
        "Manages the remote backup of Huawei Cloud HSS Web Tamper Protection. Arguments have the names, environment variables and meaning of the `huaweicloud` provider.",
    );
    for text in &TEXTS {
        schema = schema.attr(Path::root(text.name), text.field, optional(), documented(text));
    }
    for secret in &SECRETS {
        schema =
            schema.attr(Path::root(secret.name), secret.field, optional().sensitive(), documented(secret));
    }
    for flag in &FLAGS {
        schema = schema.attr(Path::root(flag.name), flag.field, optional(), documented(flag));
    }
    schema
        .attr(
            ENDPOINTS,
            |m| &mut m.endpoints,
            optional(),
            "URLs that replace endpoints, by service; `{region}` in one stands for the region. `hss` is for HSS itself (without `/v5`), `iam` for roles in an account given by name, for OpenID Connect and for the look-up of the account, `sts` for roles in an account given by id. Tokens and projects are asked for at `auth_url`. Other keys are accepted and unused.",
        )
        .attr(
            MAX_RETRIES,
            |m| &mut m.max_retries,
            optional(),
            format!("How often a failed call is repeated. The default is 5; 0 means never, not even for quota. Environment: `{RETRIES}`."),
        )
        .attr(
            Path::root("default_tags"),
            |m| &mut m.default_tags,
            optional(),
            "Accepted without effect: there are no tags here.",
        )
        .attr(
            Path::root("ignore_tags"),
            |m| &mut m.ignore_tags,
            optional(),
            "Accepted without effect: there are no tags here.",
        )
        .attr(tuning::REFRESH, |m| &mut m.refresh, optional().text(tuning::is_refresh), tuning::REFRESH_TEXT)
        .attr(tuning::PREFLIGHT, |m| &mut m.preflight, optional(), tuning::PREFLIGHT_TEXT)
        .attr(
            tuning::CALL_LIMIT,
            |m| &mut m.call_limit,
            optional().text(tuning::is_call_limit),
            tuning::CALL_LIMIT_TEXT,
        )
        .blocks(ASSUME_ROLE, |m| &mut m.assume_role, roles::role_rows(), 0)
        .blocks(OIDC, |m| &mut m.assume_role_with_oidc, roles::oidc_rows(), 1)
}

fn documented<T>(argument: &Argument<T>) -> String {
    super::roles::documented(argument.description, argument.variables)
}
