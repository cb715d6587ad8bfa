//! The block, the environment and a profile put together, case by case.

use std::fs;

use super::*;
use crate::{
    auth::Secret,
    client::{RoleSettings, Settings},
};

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let region = [("HW_REGION_NAME", "r")];
    region.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn settings(config: Model, variables: &[(&str, &str)]) -> Settings {
    let mut diagnostics = Diagnostics::default();
    match resolve(config, &environment(variables), "1.11.4", &mut diagnostics) {
        Resolved::Settings { settings, .. } if diagnostics.is_empty() => *settings,
        _ => panic!("{diagnostics:?}"),
    }
}

fn complaints(config: Model, variables: &[(&str, &str)]) -> Vec<(Option<Path>, String)> {
    let mut diagnostics = Diagnostics::default();
    resolve(config, &environment(variables), "", &mut diagnostics);
    diagnostics
        .iter()
        .map(|found| (found.path.clone(), format!("{} {}", found.summary, found.detail)))
        .collect()
}

fn known(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

fn hidden(text: &str) -> Attr<Secret> {
    Attr::Known(Secret::from(text.to_owned()))
}

fn exposed(secret: &Option<Secret>) -> Option<&str> {
    secret.as_ref().map(Secret::expose)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn the_block_wins_over_the_environment_and_an_empty_value_switches_it_off() {
    let config = Model {
        region: known("a"),
        cloud: known(""),
        password: hidden(""),
        token: hidden("t"),
        ..Model::default()
    };
    let variables = [
        ("HW_REGION_NAME", "b"),
        ("HW_CLOUD", "c"),
        ("HW_USER_PASSWORD", "p"),
        ("HW_AUTH_TOKEN", "other"),
        ("HW_ACCESS_KEY", "ak"),
    ];
    let found = settings(config, &variables);
    assert_eq!((found.region.as_deref(), found.cloud), (Some("a"), None));
    assert_eq!((exposed(&found.password), exposed(&found.token)), (None, Some("t")));
    assert_eq!(found.origins["token"], "the provider block");
    assert_eq!(found.origins["access_key"], "HW_ACCESS_KEY");
}

/// Each variable of each argument, alone, and with an empty one before it.
#[test]
fn every_variable_counts_and_the_first_that_is_not_empty_wins() {
    fn check<T: PartialEq + std::fmt::Debug>(
        rows: &[arguments::Argument<T>],
        read: impl Fn(&Settings, &str) -> Option<String>,
    ) {
        for row in rows {
            for (index, name) in row.variables.iter().enumerate() {
                let value = format!("{}-{index}", row.name);
                let mut variables = vec![(*name, value.as_str())];
                variables.extend(row.variables[..index].iter().map(|earlier| (*earlier, "")));
                variables.extend(row.variables[index + 1..].iter().map(|later| (*later, "later")));
                let mut diagnostics = Diagnostics::default();
                let Resolved::Settings { settings, .. } =
                    resolve(Model::default(), &environment(&variables), "", &mut diagnostics)
                else {
                    panic!("{name}")
                };
                assert_eq!(read(&settings, row.name), Some(value), "{name}");
                assert_eq!(settings.origins.get(row.name).map(String::as_str), Some(*name));
            }
        }
    }
    // Profiles and certificates are files, tested below.
    let texts: Vec<_> = arguments::TEXTS
        .into_iter()
        .filter(|row| !matches!(row.name, "profile" | "shared_config_file" | "cert" | "cacert_file"))
        .collect();
    check(&texts, |settings, name| match name {
        "region" => settings.region.clone(),
        "domain_id" => settings.domain_id.clone(),
        "domain_name" => settings.domain_name.clone(),
        "user_name" => settings.user_name.clone(),
        "user_id" => settings.user_id.clone(),
        "project_id" | "tenant_id" => settings.project_id.clone(),
        "project_name" | "tenant_name" => settings.project_name.clone(),
        "auth_url" => settings.auth_url.clone(),
        "cloud" => settings.cloud.clone(),
        "agency_name" => settings.agency_name.clone(),
        "agency_domain_name" => settings.agency_domain_name.clone(),
        "delegated_project" => settings.delegated_project.clone(),
        "enterprise_project_id" => settings.enterprise_project_id.clone(),
        "signing_algorithm" => settings.signing_algorithm.clone(),
        other => panic!("{other}"),
    });
    let secrets: Vec<_> = arguments::SECRETS.into_iter().filter(|row| row.name != "key").collect();
    check(&secrets, |settings, name| {
        let secret = match name {
            "access_key" => &settings.access_key,
            "secret_key" => &settings.secret_key,
            "security_token" => &settings.security_token,
            "password" => &settings.password,
            "token" => &settings.token,
            other => panic!("{other}"),
        };
        exposed(secret).map(str::to_owned)
    });
    for (value, expected) in [("TRUE", true), ("1", true), ("0", false), ("false", false)] {
        assert_eq!(settings(Model::default(), &[("OS_INSECURE", value)]).insecure, expected);
    }
}

#[test]
fn older_names_of_the_project_rank_lower() {
    let config = || Model { tenant_id: known("t"), tenant_name: known("tn"), ..Model::default() };
    let found = settings(config(), &[]);
    assert_eq!((found.project_id, found.project_name), (some("t"), some("tn")));
    let found = settings(config(), &[("OS_PROJECT_ID", "p"), ("OS_PROJECT_NAME", "pn")]);
    assert_eq!((found.project_id, found.project_name), (some("p"), some("pn")));
}

#[test]
fn numbers_and_flags_of_the_environment_are_checked() {
    let check = |name: &str, value: &str, says: &str| {
        let found = complaints(Model::default(), &[(name, value)]);
        assert!(matches!(&found[..], [(_, text)] if text.contains(says) && text.contains(name)), "{found:?}");
    };
    check("OS_INSECURE", "yes", "true or false");
    check("HW_ENABLE_FORCE_NEW", "2", "true or false");
    check("HW_MAX_RETRIES", "many", "whole number");
    check("HW_MAX_RETRIES", "-1", "negative");
    let block = Model { max_retries: Attr::Known(-1), ..Model::default() };
    assert_eq!(complaints(block, &[])[0].0, Some(MAX_RETRIES));
    let with = |given: Attr<i64>, variables: &[(&str, &str)]| {
        settings(Model { max_retries: given, ..Model::default() }, variables).max_retries
    };
    assert_eq!(with(Attr::Null, &[]), 5);
    assert_eq!(with(Attr::Null, &[("HW_MAX_RETRIES", "7")]), 7);
    assert_eq!(with(Attr::Known(0), &[("HW_MAX_RETRIES", "7")]), 0);
    // What the block says stands before a variable that cannot be read.
    let block = Model { insecure: Attr::Known(true), ..Model::default() };
    assert!(settings(block, &[("HW_INSECURE", "yes")]).insecure);
}

#[test]
fn without_a_region_there_is_an_error_at_the_argument() {
    assert_eq!(complaints(Model { region: known(""), ..Model::default() }, &[])[0].0, Some(REGION));
}

#[test]
fn unknown_arguments_are_named_and_the_region_is_kept() {
    let check = |config: Model, expected: &[&str]| {
        let found = resolve(config, &environment(&[]), "", &mut Diagnostics::default());
        match found {
            Resolved::Unknown { arguments, region } => {
                assert_eq!((&arguments[..], region), (expected, known("r")));
            }
            Resolved::Settings { .. } => assert!(expected.is_empty(), "{expected:?}"),
        }
    };
    check(Model { secret_key: Attr::Unknown, ..Model::default() }, &["secret_key"]);
    let role = roles::RoleModel { domain_id: Attr::Unknown, ..Default::default() };
    let roles = Attr::Known(vec![Attr::Known(role)]);
    check(Model { assume_role: roles, ..Model::default() }, &["assume_role"]);
    let endpoints = |key: &str| Attr::Known(BTreeMap::from([(key.to_owned(), Attr::Unknown)]));
    check(Model { endpoints: endpoints("hss"), ..Model::default() }, &["endpoints"]);
    // What has no effect may be known later.
    check(Model { endpoints: endpoints("ecs"), ..Model::default() }, &[]);
    check(Model { enable_force_new: Attr::Unknown, default_tags: Attr::Unknown, ..Model::default() }, &[]);
}

fn block(agency: &str, name: Attr<String>, id: Attr<String>) -> Attr<roles::RoleModel> {
    Attr::Known(roles::RoleModel {
        agency_name: known(agency),
        domain_name: name,
        domain_id: id,
        duration: Attr::Null,
    })
}

fn role(agency: &str, name: Option<&str>, id: Option<&str>) -> RoleSettings {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    RoleSettings { agency_name: some(agency), domain_name: owned(name), domain_id: owned(id), duration: None }
}

#[test]
fn roles_come_from_blocks_and_variables() {
    let with = |blocks: Vec<Attr<roles::RoleModel>>, variables: &[(&str, &str)]| {
        settings(Model { assume_role: Attr::Known(blocks), ..Model::default() }, variables).roles
    };
    assert_eq!(with(vec![], &[]), []);
    // An account without an agency is no role.
    assert_eq!(with(vec![], &[("HW_ASSUME_ROLE_DOMAIN_NAME", "d")]), []);
    let variables = [("HW_ASSUME_ROLE_AGENCY_NAME", "a"), ("HW_ASSUME_ROLE_DOMAIN_NAME", "d")];
    assert_eq!(with(vec![], &variables), [role("a", Some("d"), None)]);
    // They fill what a block leaves out, in each of several.
    let blocks = vec![block("x", Attr::Null, Attr::Null), block("y", known("e"), known("i"))];
    assert_eq!(with(blocks, &variables), [role("x", Some("d"), None), role("y", Some("e"), Some("i"))]);
    let timed = |value| {
        let variables = [("HW_ASSUME_ROLE_AGENCY_NAME", "a"), ("HW_ASSUME_ROLE_DURATION", value)];
        with(vec![], &variables)[0].duration
    };
    assert_eq!([timed("900"), timed("0"), timed("soon")], [Some(900), None, None]);
    let blocks = vec![block("x", known("d"), Attr::Null)];
    let config = Model { assume_role: Attr::Known(blocks), ..Model::default() };
    let found = complaints(config, &[("HW_ASSUME_ROLE_DURATION", "soon")]);
    assert!(found[0].1.contains("HW_ASSUME_ROLE_DURATION"), "{found:?}");
}

#[test]
fn oidc_takes_the_place_of_a_single_role_and_comes_before_several() {
    let oidc = roles::OidcModel {
        agency_name: known("o"),
        domain_id: known("oi"),
        idp_id: known("idp"),
        id_token_file: known("/t"),
        ..Default::default()
    };
    let with = |blocks: Vec<Attr<roles::RoleModel>>, variables: &[(&str, &str)]| {
        let assume_role_with_oidc = Attr::Known(vec![Attr::Known(oidc.clone())]);
        let config = Model { assume_role: Attr::Known(blocks), assume_role_with_oidc, ..Model::default() };
        settings(config, variables)
    };
    let one = vec![block("x", known("d"), known("i"))];
    assert_eq!(with(one.clone(), &[]).roles, [role("o", Some("d"), Some("oi"))]);
    let two = [one.clone(), one].concat();
    let agencies: Vec<_> = with(two, &[]).roles.into_iter().map(|role| role.agency_name.unwrap()).collect();
    assert_eq!(agencies, ["o", "x", "x"]);
    // The token may come from the environment, and then it counts before the file.
    let found = with(vec![], &[("HW_ASSUME_ROLE_ID_TOKEN", "token")]).oidc.unwrap();
    assert_eq!((exposed(&found.id_token), found.id_token_file.is_some()), (Some("token"), true));
    // Variables alone switch it on.
    let variables = [
        ("HW_ASSUME_ROLE_IDP_ID", "idp"),
        ("HW_ASSUME_ROLE_AGENCY_NAME", "a"),
        ("HW_ASSUME_ROLE_DOMAIN_ID", "i"),
        ("HW_ASSUME_ROLE_ID_TOKEN_FILE", "/t"),
    ];
    let found = settings(Model::default(), &variables);
    assert_eq!((found.roles, found.oidc.is_some()), (vec![role("a", None, Some("i"))], true));
}

#[test]
fn two_id_tokens_in_one_block_are_refused() {
    let oidc = roles::OidcModel { id_token: hidden("t"), id_token_file: known("f"), ..Default::default() };
    let config = Model { assume_role_with_oidc: Attr::Known(vec![Attr::Known(oidc)]), ..Model::default() };
    let mut diagnostics = Diagnostics::default();
    validate(&config, &mut diagnostics);
    assert!(diagnostics.iter().any(|found| found.summary == "Two ID tokens"));
}

const PROFILES: &str = r#"{ "current": "full", "profiles": [
    { "name": "full", "mode": "AKSK", "accessKeyId": "PAK", "secretAccessKey": "PSK", "region": "pr",
      "projectId": "pp", "domainId": "pd", "agencyName": "pa", "agencyDomainName": "pad" },
    { "name": "bare", "mode": "AKSK", "region": "", "domainId": "pd" } ] }"#;

/// A home folder with the profiles above.
fn home() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".hcloud")).unwrap();
    fs::write(folder.path().join(".hcloud/config.json"), PROFILES).unwrap();
    folder
}

fn with_keys() -> Model {
    Model {
        region: known("r"),
        access_key: hidden("AK"),
        secret_key: hidden("SK"),
        security_token: hidden("ST"),
        project_name: known("pn"),
        ..Model::default()
    }
}

#[test]
fn a_profile_wins_over_keys_from_anywhere() {
    let home = home();
    let path = home.path().join(".hcloud/config.json").display().to_string();
    let in_home = home.path().display().to_string();
    for (config, variables) in [
        (Model { profile: known("full"), ..with_keys() }, vec![("HOME", in_home.as_str())]),
        (with_keys(), vec![("HOME", in_home.as_str()), ("HW_PROFILE", "full")]),
        (with_keys(), vec![("HW_SHARED_CONFIG_FILE", path.as_str())]),
        (
            Model { shared_config_file: known("~/.hcloud/config.json"), ..with_keys() },
            vec![("HOME", &in_home)],
        ),
    ] {
        let found = settings(config, &variables);
        assert_eq!((exposed(&found.access_key), exposed(&found.secret_key)), (Some("PAK"), Some("PSK")));
        assert_eq!(exposed(&found.security_token), None);
        assert_eq!((found.region, found.domain_id), (some("pr"), some("pd")));
        // The id says which project, so the name is left out.
        assert_eq!((found.project_id, found.project_name), (some("pp"), None));
        assert_eq!(found.roles, [role("pa", Some("pad"), None)]);
    }
}

#[test]
fn a_profile_without_keys_still_takes_the_place_of_others() {
    let home = home();
    let in_home = home.path().display().to_string();
    let config = Model { profile: known("bare"), ..with_keys() };
    let found = settings(config, &[("HOME", &in_home)]);
    assert_eq!((exposed(&found.access_key), exposed(&found.security_token)), (None, None));
    // What it leaves empty stays as it was.
    assert_eq!((found.region, found.project_name), (some("r"), some("pn")));
    assert_eq!(found.roles, []);
    // Keys that will be known later are set aside as well.
    let config = Model { profile: known("full"), secret_key: Attr::Unknown, ..with_keys() };
    assert_eq!(exposed(&settings(config, &[("HOME", &in_home)]).secret_key), Some("PSK"));
}

#[test]
fn a_profile_speaks_of_the_same_role_as_a_single_block() {
    let home = home();
    let in_home = home.path().display().to_string();
    let config = Model {
        profile: known("full"),
        assume_role: Attr::Known(vec![block("x", Attr::Null, known("i"))]),
        ..with_keys()
    };
    // The id of the account in the block makes it a role of the newer interface.
    assert_eq!(settings(config, &[("HOME", &in_home)]).roles, [role("pa", Some("pad"), Some("i"))]);
}

#[test]
fn a_profile_that_cannot_be_used_is_told_with_its_file_and_where_it_was_asked_for() {
    let home = home();
    let in_home = home.path().display().to_string();
    let check = |config: Model, variables: &[(&str, &str)], argument: &str, says: &[&str]| {
        let found = complaints(config, &[variables, &[("HOME", in_home.as_str())]].concat());
        let [(path, text)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(path.as_ref().map(ToString::to_string).as_deref(), Some(argument), "{text}");
        assert!(says.iter().all(|part| text.contains(part)), "{text}");
        assert!(!text.contains("PSK"), "{text}");
    };
    let none = Model::default;
    let missing = "/no/such/config.json";
    check(Model { profile: known("x"), ..none() }, &[], "profile", &[".hcloud/config.json", "full, bare"]);
    check(none(), &[("HW_PROFILE", "x")], "profile", &["HW_PROFILE", "full, bare"]);
    check(
        Model { shared_config_file: known(missing), ..none() },
        &[],
        "shared_config_file",
        &[missing, "cannot be read"],
    );
    check(
        Model { shared_config_file: known("~joe/x"), ..none() },
        &[],
        "shared_config_file",
        &["another user"],
    );
    let encrypted = home.path().join("encrypted.json");
    fs::write(&encrypted, PROFILES.replacen('{', "{ \"authEncrypt\": \"true\",", 1)).unwrap();
    let file = encrypted.display().to_string();
    check(
        Model { shared_config_file: known(&file), ..none() },
        &[],
        "shared_config_file",
        &["encrypted", "--cli-auth-encrypt=false"],
    );
}

#[test]
fn the_user_agent_has_the_users_words_around_ours() {
    let agent = |variables: &[(&str, &str)]| settings(Model::default(), variables).user_agent;
    let ours = format!("terraform-provider-hss/{} terraform/1.11.4", env!("CARGO_PKG_VERSION"));
    assert_eq!(agent(&[]), ours);
    let variables = [("HW_TF_CUSTOM_UA", "team/7\n"), ("TF_APPEND_USER_AGENT", " module/1.0 (x)")];
    assert_eq!(agent(&variables), format!("team/7 {ours} module/1.0 (x)"));
}

#[test]
fn certificates_are_paths_or_text_and_a_lone_half_is_told() {
    let home = home();
    fs::write(home.path().join("ca.pem"), "PEM").unwrap();
    let in_home = home.path().display().to_string();
    let variables = [("HOME", in_home.as_str()), ("OS_CACERT", "~/ca.pem")];
    assert_eq!(settings(Model::default(), &variables).cacert, some("PEM"));
    let both = Model { cert: known("C"), key: hidden("K"), ..Model::default() };
    let found = settings(both, &[]);
    assert_eq!((found.cert, exposed(&found.key)), (some("C"), Some("K")));
    let mut diagnostics = Diagnostics::default();
    resolve(Model { cert: known("C"), ..Model::default() }, &environment(&[]), "", &mut diagnostics);
    assert!(
        !diagnostics.has_error() && diagnostics.iter().any(|found| found.detail.contains("`key` is not"))
    );
}
