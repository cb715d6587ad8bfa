//! The provider block: its arguments, the environment variables behind them, and the settings they come to.
//!
//! Arguments, variables and precedence are those of the `huaweicloud` provider, so that a block can be copied.

use std::collections::BTreeMap;

use super::tuning::{self, Tuning};
use crate::{
    auth::Secret,
    client::Settings,
    framework::{
        diag::{Diagnostic, Diagnostics},
        model::{Attr, Schema},
        path::Path,
        schema::{Rule, optional},
    },
};

/// The arguments.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the rows below say what each one is")]
pub struct Model {
    pub region: Attr<String>,
    pub access_key: Attr<String>,
    pub secret_key: Attr<String>,
    pub security_token: Attr<String>,
    pub token: Attr<String>,
    pub project_id: Attr<String>,
    pub project_name: Attr<String>,
    pub auth_url: Attr<String>,
    pub cloud: Attr<String>,
    pub endpoints: Attr<BTreeMap<String, Attr<String>>>,
    pub enterprise_project_id: Attr<String>,
    pub insecure: Attr<bool>,
    pub refresh: Attr<String>,
    pub preflight: Attr<bool>,
    pub call_limit: Attr<String>,
}

const REGION: Path = Path::root("region");
const ENDPOINTS: Path = Path::root("endpoints");

/// A text argument: its field, and the variables that stand in for it, the first that is set winning.
struct Text {
    name: &'static str,
    field: fn(&mut Model) -> &mut Attr<String>,
    variables: &'static [&'static str],
    sensitive: bool,
    description: &'static str,
}

const TEXTS: [Text; 10] = [
    Text {
        name: "region",
        field: |m| &mut m.region,
        variables: &["HW_REGION_NAME", "OS_REGION_NAME"],
        sensitive: false,
        description: "Region of the protected servers and backup servers, such as `cn-north-4`. Must be set here or in the environment.",
    },
    Text {
        name: "access_key",
        field: |m| &mut m.access_key,
        variables: &["HW_ACCESS_KEY", "OS_ACCESS_KEY"],
        sensitive: true,
        description: "Access key id. Needs `secret_key`.",
    },
    Text {
        name: "secret_key",
        field: |m| &mut m.secret_key,
        variables: &["HW_SECRET_KEY", "OS_SECRET_KEY"],
        sensitive: true,
        description: "Secret access key. Needs `access_key`.",
    },
    Text {
        name: "security_token",
        field: |m| &mut m.security_token,
        variables: &["HW_SECURITY_TOKEN"],
        sensitive: true,
        description: "Security token that belongs to temporary keys. Needs `access_key`.",
    },
    Text {
        name: "token",
        field: |m| &mut m.token,
        variables: &["HW_AUTH_TOKEN", "OS_AUTH_TOKEN"],
        sensitive: true,
        description: "IAM token, used before any keys. It is exchanged for one of the project.",
    },
    Text {
        name: "project_id",
        field: |m| &mut m.project_id,
        variables: &["HW_PROJECT_ID", "OS_PROJECT_ID"],
        sensitive: false,
        description: "Project id. Saves the look-up by name.",
    },
    Text {
        name: "project_name",
        field: |m| &mut m.project_name,
        variables: &["HW_PROJECT_NAME", "OS_PROJECT_NAME"],
        sensitive: false,
        description: "Project name, for example of a sub-project. The default is the region's own project.",
    },
    Text {
        name: "auth_url",
        field: |m| &mut m.auth_url,
        variables: &["HW_AUTH_URL", "OS_AUTH_URL"],
        sensitive: false,
        description: "Identity URL. The default is `https://iam.{region}.{cloud}/v3`.",
    },
    Text {
        name: "cloud",
        field: |m| &mut m.cloud,
        variables: &["HW_CLOUD"],
        sensitive: false,
        description: "Base domain of all endpoints. The default is `myhuaweicloud.com`, and `myhuaweicloud.eu` for regions that begin with `eu-west-1`.",
    },
    Text {
        name: "enterprise_project_id",
        field: |m| &mut m.enterprise_project_id,
        variables: &["HW_ENTERPRISE_PROJECT_ID"],
        sensitive: false,
        description: "Enterprise project of resources that name none.",
    },
];

const INSECURE: [&str; 2] = ["HW_INSECURE", "OS_INSECURE"];

/// The rows.
pub fn schema() -> Schema<Model> {
    let mut schema = Schema::<Model>::new(
        "Manages the remote backup of Huawei Cloud HSS Web Tamper Protection. Arguments have the names, environment variables and meaning of the `huaweicloud` provider.",
    );
    for text in TEXTS {
        let rule = if text.sensitive { optional().sensitive() } else { optional() };
        schema = schema.attr(
            Path::root(text.name),
            text.field,
            rule,
            documented(text.description, text.variables),
        );
    }
    let plain: fn() -> Rule = optional;
    schema
        .attr(
            ENDPOINTS,
            |m| &mut m.endpoints,
            plain(),
            "URLs that replace endpoints, by service. `hss` is for HSS itself (without `/v5`), `iam` for identity; other keys are accepted and unused.",
        )
        .attr(
            Path::root("insecure"),
            |m| &mut m.insecure,
            plain(),
            documented("Do not verify TLS certificates. For tests only.", &INSECURE),
        )
        .attr(tuning::REFRESH, |m| &mut m.refresh, optional().text(tuning::is_refresh), tuning::REFRESH_TEXT)
        .attr(tuning::PREFLIGHT, |m| &mut m.preflight, plain(), tuning::PREFLIGHT_TEXT)
        .attr(
            tuning::CALL_LIMIT,
            |m| &mut m.call_limit,
            optional().text(tuning::is_call_limit),
            tuning::CALL_LIMIT_TEXT,
        )
}

fn documented(description: &str, variables: &[&str]) -> String {
    let names = variables.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    format!("{description} Environment: {names}.")
}

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
}

/// What a configuration comes to.
pub enum Resolved {
    /// All of it is known.
    Settings {
        /// What HSS is asked with.
        settings: Box<Settings>,
        /// Whether plans are checked against what HSS says.
        preflight: bool,
    },
    /// These arguments will be known later.
    Unknown {
        /// Their names.
        arguments: Vec<&'static str>,
        /// The region, which planning needs earlier than anything else.
        region: Attr<String>,
    },
}

/// Puts block and environment together: a value in the block wins, an empty one included, which switches the
/// environment's off; an empty variable counts as absent.
pub fn resolve(
    mut config: Model,
    environment: &BTreeMap<String, String>,
    terraform_version: &str,
    diagnostics: &mut Diagnostics,
) -> Resolved {
    let mut unknown = Vec::new();
    for text in &TEXTS {
        let field = (text.field)(&mut config);
        match field {
            Attr::Unknown => unknown.push(text.name),
            Attr::Known(value) if value.is_empty() => *field = Attr::Null,
            Attr::Known(_) => {}
            Attr::Null => {
                *field = variable(environment, text.variables).map(|(_, value)| value.to_owned()).into()
            }
        }
    }
    let insecure = match config.insecure {
        Attr::Known(flag) => flag,
        Attr::Unknown => {
            unknown.push("insecure");
            false
        }
        Attr::Null => flag(environment, &INSECURE, diagnostics),
    };
    let mut endpoints = BTreeMap::new();
    match config.endpoints {
        Attr::Unknown => unknown.push("endpoints"),
        Attr::Null => {}
        Attr::Known(all) => {
            for (key, url) in all {
                match url {
                    Attr::Known(url) => drop(endpoints.insert(key, url)),
                    Attr::Unknown => unknown.push("endpoints"),
                    Attr::Null => {}
                }
            }
        }
    }
    if config.region.is_null() {
        let detail = "HSS is asked in one region, and none is given. Set `region` in the provider \"hss\" block, or the environment variable HW_REGION_NAME, to the region of your servers, such as cn-north-4.";
        diagnostics.push(Diagnostic::error("No region is configured", detail).at(REGION));
    }
    let tuning = Tuning::resolve(
        [config.refresh.clone(), config.call_limit.clone()],
        config.preflight.clone(),
        environment,
        &mut unknown,
        diagnostics,
    );
    unknown.dedup();
    if !unknown.is_empty() {
        return Resolved::Unknown { arguments: unknown, region: config.region };
    }
    let plain = |attr: Attr<String>| attr.known().cloned();
    let secret = |attr: Attr<String>| plain(attr).map(Secret::from);
    let settings = Settings {
        region: plain(config.region),
        access_key: secret(config.access_key),
        secret_key: secret(config.secret_key),
        security_token: secret(config.security_token),
        token: secret(config.token),
        project_id: plain(config.project_id),
        project_name: plain(config.project_name),
        auth_url: plain(config.auth_url),
        cloud: plain(config.cloud),
        endpoints,
        enterprise_project_id: plain(config.enterprise_project_id),
        insecure,
        max_retries: 5,
        user_agent: format!(
            "terraform-provider-hss/{} terraform/{}",
            env!("CARGO_PKG_VERSION"),
            header_safe(terraform_version)
        ),
        call_limit: tuning.call_limit,
        exact_refresh: tuning.exact_refresh,
        ..Settings::default()
    };
    Resolved::Settings { settings: Box::new(settings), preflight: tuning.preflight }
}

fn header_safe(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(40).collect()
}

fn variable<'a>(
    environment: &'a BTreeMap<String, String>,
    names: &[&'static str],
) -> Option<(&'static str, &'a str)> {
    names.iter().find_map(|name| {
        environment.get(*name).filter(|value| !value.is_empty()).map(|value| (*name, value.as_str()))
    })
}

fn flag(
    environment: &BTreeMap<String, String>,
    names: &[&'static str],
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some((name, value)) = variable(environment, names) else { return false };
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => true,
        "false" | "0" => false,
        _ => {
            let detail = format!("It holds {value:?}. Write true or false.");
            diagnostics
                .push(Diagnostic::error(format!("The environment variable {name} is not a bool"), detail));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn settings(config: Model, variables: &[(&str, &str)]) -> Settings {
        let mut diagnostics = Diagnostics::default();
        match resolve(config, &environment(variables), "1.11.4", &mut diagnostics) {
            Resolved::Settings { settings, .. } if diagnostics.is_empty() => *settings,
            _ => panic!("{diagnostics:?}"),
        }
    }

    fn known(text: &str) -> Attr<String> {
        Attr::Known(text.to_owned())
    }

    #[test]
    fn the_block_wins_over_the_environment_and_an_empty_value_switches_it_off() {
        let config = Model { region: known("a"), cloud: known(""), ..Model::default() };
        let found = settings(config, &[("HW_REGION_NAME", "b"), ("HW_CLOUD", "c")]);
        assert_eq!((found.region.as_deref(), found.cloud), (Some("a"), None));
    }

    #[test]
    fn the_first_variable_that_is_not_empty_counts() {
        for text in &TEXTS {
            for (index, name) in text.variables.iter().enumerate() {
                let mut variables = vec![("HW_REGION_NAME", "r"), (*name, "value")];
                if index > 0 && text.name != "region" {
                    variables.push((text.variables[0], ""));
                }
                let mut config = Model::default();
                let mut diagnostics = Diagnostics::default();
                resolve(config.clone(), &environment(&variables), "", &mut diagnostics);
                (text.field)(&mut config);
                assert!(diagnostics.is_empty(), "{name}");
            }
        }
        let found = settings(Model::default(), &[("OS_REGION_NAME", "os"), ("HW_REGION_NAME", "")]);
        assert_eq!(found.region.as_deref(), Some("os"));
        let found = settings(Model::default(), &[("HW_REGION_NAME", "r"), ("HW_INSECURE", "TRUE")]);
        assert!(found.insecure);
    }

    #[test]
    fn without_a_region_there_is_an_error_at_the_argument() {
        let mut diagnostics = Diagnostics::default();
        resolve(Model::default(), &BTreeMap::new(), "", &mut diagnostics);
        assert_eq!(diagnostics.iter().map(|d| d.path.clone()).collect::<Vec<_>>(), [Some(REGION)]);
    }

    #[test]
    fn a_variable_that_is_no_bool_is_named() {
        let mut diagnostics = Diagnostics::default();
        let variables = environment(&[("HW_REGION_NAME", "r"), ("OS_INSECURE", "yes")]);
        resolve(Model::default(), &variables, "", &mut diagnostics);
        assert!(diagnostics.iter().any(|d| d.summary.contains("OS_INSECURE")));
    }

    #[test]
    fn unknown_arguments_are_named_and_the_region_is_kept() {
        let config = Model { region: known("r"), secret_key: Attr::Unknown, ..Model::default() };
        match resolve(config, &BTreeMap::new(), "", &mut Diagnostics::default()) {
            Resolved::Unknown { arguments, region } => {
                assert_eq!((arguments, region), (vec!["secret_key"], known("r")))
            }
            Resolved::Settings { .. } => panic!("secret_key is unknown"),
        }
    }
}
