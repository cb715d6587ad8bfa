//! Every source of credentials: a real apply of both resources, and the journal says who made each call.

use std::{fs, net::TcpListener, thread};

use crate::stage::*;
use serde_json::{Value as Json, json};

/// Another account, which the agencies of these worlds lead to.
const OTHER_PROJECT: &str = "fedcba9876543210fedcba9876543210";
const EAST_PROJECT: &str = "e0000000000000000000000000000001";
const TEMPORARY: &str = "HSSTEMPORARYKEY00007";
const OPEN_ID_TOKEN: &str = "id-token-for-tests-only";

fn block(lines: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    hss = {{ source = \"hss-wtp/hss\" }}\n  }}\n}}\nprovider \"hss\" {{\n{lines}\n}}\n"
    )
}

/// A world with everything that credentials can come from, and its servers in `project`.
fn world_in(project: &str) -> Json {
    let mut hosts = [protected("web-1"), candidate("vault-1")];
    for host in &mut hosts {
        host["project_id"] = json!(project);
    }
    let mut world = world(&hosts, &[]);
    world["projects"] = json!([
        { "id": PROJECT_ID, "name": REGION }, { "id": EAST_PROJECT, "name": "cn-east-3" },
    ]);
    world["accounts"] = json!([{
        "id": "other-domain", "name": "other", "projects": [{ "id": OTHER_PROJECT, "name": REGION }],
    }]);
    world["agencies"] = json!([
        { "name": "ops", "domain_id": "other-domain", "trusts": ["acceptance-domain"] },
        // Nobody gets there but by the first.
        { "name": "inner", "domain_id": "other-domain", "trusts": ["agency:other/ops"] },
    ]);
    world["identity_providers"] = json!([{ "id": "idp-1", "id_tokens": [OPEN_ID_TOKEN] }]);
    world["metadata"] = json!({ "agency": "instance" });
    world["access_keys"].as_array_mut().unwrap().push(json!({
        "access": TEMPORARY, "secret": "temporary-secret-0000001", "security_token": "temporary-token",
    }));
    world
}

/// The three lines that every configuration has: the region, and where the services are.
fn place(url: &str) -> String {
    format!(
        "  region = \"{REGION}\"\n  auth_url = \"{url}/v3\"\n  endpoints = {{ hss = \"{url}\", iam = \"{url}\", sts = \"{url}\" }}\n"
    )
}

fn keys() -> String {
    format!("  access_key = \"{ACCESS_KEY}\"\n  secret_key = \"{SECRET_KEY}\"\n")
}

// The journal shows the end of a key alone.
const KEYS: &str = "key:…0001";
const USER: &str = "user:acceptor";
const ABROAD: &str = "agency:other/ops";
const INNER: &str = "agency:other/inner";
const PASSWORD: &str = "  password = \"acceptance-password\"\n";
const ROLE_BY_NAME: &str = "  assume_role {\n    agency_name = \"ops\"\n    domain_name = \"other\"\n  }\n";
const ROLE_BY_ID: &str =
    "  assume_role {\n    agency_name = \"ops\"\n    domain_id = \"other-domain\"\n  }\n";
const INNER_BY_NAME: &str =
    "  assume_role {\n    agency_name = \"inner\"\n    domain_name = \"other\"\n  }\n";
const INNER_BY_ID: &str =
    "  assume_role {\n    agency_name = \"inner\"\n    domain_id = \"other-domain\"\n  }\n";
const AGENCY: &str = "  agency_name = \"ops\"\n  agency_domain_name = \"other\"\n";
const OIDC: &str = "  assume_role_with_oidc {\n    agency_name = \"ops\"\n    domain_id = \"other-domain\"\n    idp_id = \"idp-1\"\n";

/// Lines of the provider block, variables, who makes the calls of HSS, and what is asked before.
struct Case {
    name: &'static str,
    lines: String,
    variables: Vec<(&'static str, String)>,
    knobs: Vec<(&'static str, &'static str)>,
    who: &'static str,
    asked: Vec<String>,
}

fn case(name: &'static str, lines: impl Into<String>, who: &'static str, asked: &[(&str, &str)]) -> Case {
    let asked = asked.iter().map(|(operation, who)| format!("{operation} by {who}")).collect();
    Case { name, lines: lines.into(), variables: Vec::new(), knobs: Vec::new(), who, asked }
}

impl Case {
    fn variable(mut self, name: &'static str, value: &str) -> Case {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn knob(mut self, name: &'static str, value: &'static str) -> Case {
        self.knobs.push((name, value));
        self
    }
}

const SERVICES: [&str; 6] = [
    "ListBackupHostsInfo",
    "UpdateBackupHostInfo",
    "ListWtpProtectHost",
    "ShowRemoteBackupHostInfo",
    "SetRemoteBackupInfo",
    "ListWebTamperHost",
];

/// Applies both resources with each case, in a world whose servers are in `project`.
fn check(project: &str, cases: Vec<Case>) {
    for case in cases {
        scenario(&world_in(project), |sim, tf| {
            eprintln!("--- {}", case.name);
            for (name, value) in &case.knobs {
                sim.knob(name, *value);
            }
            let token = if case.lines.contains("TOKEN") { sim.log_in() } else { String::new() };
            fs::create_dir(tf.path().join(".hcloud")).unwrap();
            tf.write(
                ".hcloud/config.json",
                &PROFILES.replace("ACCESS", ACCESS_KEY).replace("SECRET", SECRET_KEY),
            );
            tf.write("id-token", &format!("\n{OPEN_ID_TOKEN}\n"));
            tf.write(
                "provider.tf",
                &block(&format!("{}{}", place(&sim.url), case.lines.replace("TOKEN", &token))),
            );
            tf.write(
                "main.tf",
                &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
            );
            tf.set_env("HSS_METADATA_ENDPOINT", &sim.url);
            // The plan would ask as well, in a process of its own.
            tf.set_env("HSS_PREFLIGHT", "false");
            for (name, value) in &case.variables {
                tf.set_env(name, value);
            }
            sim.empty_journal();
            tf.apply().ok().says(&["2 added"]);
            let journal = sim.journal();
            let text = |call: &Json, name: &str| call[name].as_str().unwrap_or("nobody").to_owned();
            let (hss, others): (Vec<_>, Vec<_>) =
                journal.iter().partition(|call| SERVICES.contains(&call["operation"].as_str().unwrap()));
            assert!(hss.len() > 4, "{}: {journal:#?}", case.name);
            for call in &hss {
                assert_eq!(text(call, "principal"), case.who, "{}: {call}", case.name);
                assert_eq!(call["status"], 200, "{}: {call}", case.name);
            }
            let asked: Vec<String> = others
                .iter()
                .map(|call| format!("{} by {}", text(call, "operation"), text(call, "principal")))
                .collect();
            assert_eq!(asked, case.asked, "{}", case.name);
            assert!(journal.iter().all(|call| call["proxied"].is_null()));
        });
    }
}

const PROFILES: &str = r#"{ "current": "main", "authEncrypt": "false", "profiles": [
  { "name": "main", "mode": "AKSK", "accessKeyId": "ACCESS", "secretAccessKey": "SECRET", "securityToken": "" },
  { "name": "sso", "mode": "SSO", "ssoAuth": { "stsToken": { "accessKeyId": "HSSTEMPORARYKEY00007",
    "secretAccessKey": "temporary-secret-0000001", "securityToken": "temporary-token" } } },
  { "name": "role", "mode": "AKSK", "accessKeyId": "ACCESS", "secretAccessKey": "SECRET",
    "agencyName": "ops", "agencyDomainName": "other" } ] }"#;

const PROJECTS: &str = "KeystoneListProjects";
const DOMAINS: &str = "KeystoneListAuthDomains";
const OLDER: &str = "CreateTemporaryAccessKeyByAgency";
const NEWER: &str = "AssumeAgency";
const LOGIN: &str = "KeystoneCreateUserTokenByPassword";
const SCOPED: &str = "KeystoneCreateScopedToken";
const ENTER: &str = "KeystoneCreateAgencyToken";
const SESSION: &str = "CreateMetadataToken";
const METADATA: &str = "ShowSecurityKey";
const INSTANCE: &str = "ecs:instance";

#[test]
fn sources_in_the_own_account() {
    let own = [(PROJECTS, KEYS)];
    let temporary = "key:…0007";
    let wrong = "  access_key = \"WRONG\"\n  secret_key = \"wrong\"\n";
    let token = "  token = \"TOKEN\"\n  domain_name = \"acceptance\"\n";
    let user = "  user_name = \"acceptor\"\n  domain_name = \"acceptance\"\n";
    let by_id = format!("  user_id = \"acceptor\"\n  project_id = \"{PROJECT_ID}\"\n")
        .replace("\"acceptor\"", "\"acceptance-user\"");
    check(
        PROJECT_ID,
        vec![
            case("keys in the block", keys(), KEYS, &own),
            case("keys in the environment", "", KEYS, &own)
                .variable("OS_ACCESS_KEY", ACCESS_KEY)
                .variable("HW_SECRET_KEY", SECRET_KEY),
            case(
                "half in the block, half in the environment",
                format!("  access_key = \"{ACCESS_KEY}\"\n"),
                KEYS,
                &own,
            )
            .variable("HW_SECRET_KEY", SECRET_KEY),
            case("keys and a project id", format!("{}  project_id = \"{PROJECT_ID}\"\n", keys()), KEYS, &[]),
            case(
                "keys that sign with SM3",
                format!("{}  signing_algorithm = \"HmacSM3\"\n", keys()),
                KEYS,
                &own,
            ),
            case(
                "temporary keys",
                format!(
                    "  access_key = \"{TEMPORARY}\"\n  secret_key = \"temporary-secret-0000001\"\n  security_token = \"temporary-token\"\n"
                ),
                temporary,
                &[(PROJECTS, temporary)],
            ),
            case("a token before keys", format!("{wrong}{token}"), USER, &[(SCOPED, USER)]),
            case("a password, user by name", format!("{user}{PASSWORD}"), USER, &[(LOGIN, USER)]),
            case("a password, user by id", format!("{by_id}{PASSWORD}"), USER, &[(LOGIN, USER)]),
            case("keys before a password", format!("{}{user}{PASSWORD}", keys()), KEYS, &own),
            case("a profile before keys", format!("{wrong}  profile = \"main\"\n"), KEYS, &own),
            case("the current profile of a file", wrong, KEYS, &own)
                .variable("HW_SHARED_CONFIG_FILE", "~/.hcloud/config.json"),
            case("a profile of single sign-on", "", temporary, &[(PROJECTS, temporary)])
                .variable("HW_PROFILE", "sso"),
            case(
                "the metadata service",
                "",
                INSTANCE,
                &[(SESSION, "nobody"), (METADATA, INSTANCE), (PROJECTS, INSTANCE)],
            )
            .knob("metadata", "required")
            // A proxy that would be asked is the simulator, whose journal tells.
            .variable("no_proxy", ""),
            case(
                "metadata without session tokens",
                "",
                INSTANCE,
                &[(SESSION, "nobody"), (METADATA, INSTANCE), (PROJECTS, INSTANCE)],
            )
            .knob("metadata", "unsupported"),
        ],
    );
}

#[test]
fn sources_that_lead_to_another_account() {
    let token = "  token = \"TOKEN\"\n";
    let in_account = "  domain_name = \"acceptance\"\n";
    let by_name = [(DOMAINS, KEYS), (OLDER, KEYS), (PROJECTS, ABROAD)];
    let oidc = "idp:idp-1";
    let by_oidc = [
        ("CreateTokenWithIdToken", oidc),
        ("CreateTemporaryAccessKeyByToken", oidc),
        (NEWER, oidc),
        (PROJECTS, ABROAD),
    ];
    let in_block = format!("{OIDC}    id_token = \"{OPEN_ID_TOKEN}\"\n  }}\n");
    check(
        OTHER_PROJECT,
        vec![
            case("a role by name", format!("{}{ROLE_BY_NAME}", keys()), ABROAD, &by_name),
            case(
                "a role by id",
                format!("{}{ROLE_BY_ID}", keys()),
                ABROAD,
                &[(NEWER, KEYS), (PROJECTS, ABROAD)],
            ),
            case("a role in the environment", keys(), ABROAD, &by_name)
                .variable("HW_ASSUME_ROLE_AGENCY_NAME", "ops")
                .variable("HW_ASSUME_ROLE_DOMAIN_NAME", "other"),
            case("a role of a profile", "  profile = \"role\"\n", ABROAD, &by_name),
            case(
                "a chain by name and id",
                format!("{}{ROLE_BY_NAME}{INNER_BY_ID}", keys()),
                INNER,
                &[(DOMAINS, KEYS), (OLDER, KEYS), (NEWER, ABROAD), (PROJECTS, INNER)],
            ),
            case(
                "a chain by id and name, with the project's id",
                format!("{}  project_id = \"{OTHER_PROJECT}\"\n{ROLE_BY_ID}{INNER_BY_NAME}", keys()),
                INNER,
                &[(NEWER, KEYS), (OLDER, ABROAD)],
            ),
            case(
                "a role by name is signed with keys even where there is a token",
                format!("{token}{in_account}{}{ROLE_BY_NAME}", keys()),
                ABROAD,
                &by_name,
            ),
            case(
                "a role by id with a token",
                format!("{token}{in_account}{}{ROLE_BY_ID}", keys()),
                ABROAD,
                &[(SCOPED, USER), (NEWER, USER), (PROJECTS, ABROAD)],
            ),
            case("OpenID Connect before keys", format!("{}{in_block}", keys()), ABROAD, &by_oidc),
            case(
                "OpenID Connect with a file",
                format!("{OIDC}    id_token_file = \"~/id-token\"\n  }}\n"),
                ABROAD,
                &by_oidc,
            ),
            case("OpenID Connect in the environment", "", ABROAD, &by_oidc)
                .variable("HW_ASSUME_ROLE_AGENCY_NAME", "ops")
                .variable("HW_ASSUME_ROLE_DOMAIN_ID", "other-domain")
                .variable("HW_ASSUME_ROLE_IDP_ID", "idp-1")
                .variable("HW_ASSUME_ROLE_ID_TOKEN", OPEN_ID_TOKEN),
            case(
                "an agency with keys",
                format!("{}{in_account}{AGENCY}", keys()),
                ABROAD,
                &[(DOMAINS, KEYS), (ENTER, KEYS)],
            ),
            case("an agency with a token", format!("{token}{AGENCY}"), ABROAD, &[(ENTER, USER)]),
            case(
                "an agency with a password",
                format!("  user_name = \"acceptor\"\n{in_account}{PASSWORD}{AGENCY}"),
                ABROAD,
                &[(LOGIN, USER), (ENTER, USER)],
            ),
            case(
                "a role with metadata keys",
                ROLE_BY_ID,
                ABROAD,
                &[(SESSION, "nobody"), (METADATA, INSTANCE), (NEWER, INSTANCE), (PROJECTS, ABROAD)],
            ),
        ],
    );
}

/// A block as people have it for the other provider, with arguments that mean nothing here.
#[test]
fn a_pasted_block_with_everything_in_it() {
    scenario(&world_in(OTHER_PROJECT), |sim, tf| {
        let lines = format!(
            "{}{}
  domain_name             = \"acceptance\"
  cloud                   = \"myhuaweicloud.com\"
  insecure                = false
  max_retries             = 3
  enterprise_project_id   = \"0\"
  regional                = true
  enable_force_new        = true
  signing_algorithm       = \"HmacSHA256\"
  skip_check_website_type = true
  skip_check_upgrade      = true
  ignore_tags             = [\"a\", \"b\"]
  default_tags = {{
    team = \"web\"
  }}
  assume_role {{
    agency_name = \"ops\"
    domain_name = \"other\"
    domain_id   = \"other-domain\"
    duration    = 3600
  }}",
            place(&sim.url).replace("endpoints = {", "endpoints = { obs = \"https://obs.example.com\", "),
            keys()
        );
        tf.write("provider.tf", &block(&lines));
        tf.set_env("HW_TF_CUSTOM_UA", "team-web/1");
        tf.set_env("TF_APPEND_USER_AGENT", "module/2");
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
        );
        tf.apply().ok();
        tf.plan_is_empty();
        for call in sim.journal() {
            let agent = call["user_agent"].as_str().unwrap();
            assert!(agent.starts_with("team-web/1 terraform-provider-hss/"), "{agent}");
            assert!(agent.ends_with(" module/2"), "{agent}");
        }
        // Nothing to do and nothing to refresh: nobody is asked.
        sim.empty_journal();
        tf.run(&["apply", "-no-color", "-auto-approve", "-refresh=false"]).ok();
        assert_eq!(sim.journal(), Vec::<Json>::new());
    });
}

#[test]
fn regions_of_resources() {
    let in_east = "  region = \"cn-east-3\"";
    let both = |more: &str| {
        format!(
            "{}{}",
            vault("vault-1", 18080, more),
            web("web-1", &format!("{}\n{more}", following("vault-1")))
        )
    };
    scenario(&world_in(EAST_PROJECT), |sim, tf| {
        let by_region = place(&sim.url)
            .replace(&format!("hss = \"{}\"", sim.url), &format!("hss = \"{}/at/{{region}}\"", sim.url));
        tf.write("provider.tf", &block(&format!("{by_region}{}  project_id = \"{PROJECT_ID}\"\n", keys())));
        tf.write("main.tf", &both(in_east));
        tf.set_env("HSS_PREFLIGHT", "false");
        sim.empty_journal();
        tf.apply().ok();
        let looked_up = sim.journal().iter().filter(|call| call["operation"] == PROJECTS).count();
        assert_eq!(looked_up, 1, "once for the region");
        assert!(sim.journal().iter().any(|call| call["path"].as_str().unwrap().contains(EAST_PROJECT)));
        tf.plan_is_empty();
        tf.destroy().ok();
        // An address without the region's name is good for one region.
        tf.write("provider.tf", &block(&format!("{}{}", place(&sim.url), keys())));
        tf.apply().fails_saying(&[
            "This region cannot be used here",
            "endpoints.hss",
            "{region}",
            "region =",
        ]);
        // A token is good for one project.
        tf.write(
            "provider.tf",
            &block(&format!("{by_region}  token = \"{}\"\n  project_id = \"{PROJECT_ID}\"\n", sim.log_in())),
        );
        tf.apply().fails_saying(&["This region cannot be used here", "token", "one project of one region"]);
    });
}

/// A proxy is asked for addresses elsewhere, and never for this machine's or the metadata service.
#[test]
fn proxies() {
    scenario(&world_in(PROJECT_ID), |sim, tf| {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", proxy.local_addr().unwrap());
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
        let noted = seen.clone();
        thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            for stream in proxy.incoming() {
                let mut stream = stream.unwrap();
                let mut bytes = [0; 1024];
                let count = stream.read(&mut bytes).unwrap_or(0);
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                noted.lock().unwrap().push(text.lines().next().unwrap_or_default().to_owned());
                let _ = stream.write_all(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n");
            }
        });
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            tf.set_env(name, &address);
        }
        tf.set_env("HSS_METADATA_ENDPOINT", &sim.url);
        tf.write(
            "main.tf",
            &format!("{}{}", vault("vault-1", 18080, ""), web("web-1", &following("vault-1"))),
        );
        tf.write("provider.tf", &block(&place(&sim.url)));
        tf.apply().ok();
        assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
        let lines = format!(
            "  region = \"{REGION}\"\n  project_id = \"{PROJECT_ID}\"\n  max_retries = 0\n{}",
            keys()
        );
        tf.write("provider.tf", &block(&lines));
        tf.plan().fails_saying(&["got no answer from hss.cn-north-4.myhuaweicloud.com", "proxy"]);
        let seen = seen.lock().unwrap().clone();
        assert!(
            seen.iter().all(|line| line.starts_with("CONNECT hss.cn-north-4.myhuaweicloud.com:443")),
            "{seen:?}"
        );
        assert_eq!(seen.len(), 1, "nothing is repeated, and what depends on it is not read: {seen:?}");
    });
}

#[test]
fn a_hundred_resources_and_a_wrong_secret() {
    let hosts: Vec<_> = (1..=100).map(|number| protected(&format!("web-{number}"))).collect();
    scenario(&world(&hosts, &[registered("vault-1", 18080)]), |sim, tf| {
        let all = "
resource \"hss_wtp_remote_backup\" \"all\" {
  for_each       = toset([for number in range(1, 101) : \"web-${number}\"])
  host_id        = each.key
  backup_host_id = \"vault-1\"
}
";
        tf.write("main.tf", all);
        for (project, preflight) in [("", true), ("", false), (PROJECT_ID, true), (PROJECT_ID, false)] {
            tf.set_env("HSS_PREFLIGHT", &preflight.to_string());
            let lines = format!("{}{}  project_id = \"{project}\"\n", place(&sim.url), keys());
            tf.write("provider.tf", &block(&lines.replace(SECRET_KEY, "not-the-secret")));
            sim.empty_journal();
            let ran = tf.apply().fails_saying(&["APIGW.0301"]).lacks(&["not-the-secret"]);
            let refused = sim.journal().iter().filter(|call| call["status"] == 401).count();
            assert_eq!((refused, sim.journal().len()), (1, 1));
            let count = |text: &str| ran.text().matches(text).count();
            assert_eq!(count("The secret key does not fit the access key"), 1, "one error tells it all");
            // A plan need not be refused for each; an apply has to say for each that it was not done.
            let short = if preflight { 0 } else { 99 };
            assert_eq!((count("Error: "), count("This was not tried")), (short + 1, short));
        }
    });
}

/// Keys that expire while work goes on. `HSS_LONG=1` makes it three minutes, 20 seconds a key, and 200 servers.
#[test]
fn expiring_keys() {
    let long = std::env::var_os("HSS_LONG").is_some_and(|value| value == "1");
    let (count, ttl, latency, least) = if long { (200, 20, 1900, 180) } else { (30, 6, 500, 12) };
    let mut hosts: Vec<_> = (1..=count).map(|number| protected(&format!("web-{number}"))).collect();
    hosts.push(candidate("vault-1"));
    for host in &mut hosts {
        host["project_id"] = json!(OTHER_PROJECT);
    }
    let mut world = world_in(OTHER_PROJECT);
    let mut vault = registered("vault-1", 18080);
    vault["project_id"] = json!(OTHER_PROJECT);
    world["hosts"] = json!(hosts);
    world["backup_hosts"] = json!([vault]);
    scenario(&world, |sim, tf| {
        sim.knob("keys_ttl_s", ttl);
        sim.knob("latency_ms", latency);
        let all = format!(
            "
resource \"hss_wtp_remote_backup\" \"all\" {{
  for_each       = toset([for number in range(1, {}) : \"web-${{number}}\"])
  host_id        = each.key
  backup_host_id = \"vault-1\"
}}
",
            count + 1
        );
        tf.write("main.tf", &all);
        tf.write("provider.tf", &block(&format!("{}{}{ROLE_BY_ID}", place(&sim.url), keys())));
        let begin = std::time::Instant::now();
        tf.run(&["apply", "-no-color", "-auto-approve", "-parallelism=5"])
            .ok()
            .says(&[&format!("{count} added")]);
        let took = begin.elapsed().as_secs();
        let journal = sim.journal();
        let refused = journal.iter().filter(|call| call["status"] != 200).collect::<Vec<_>>();
        let roles = journal.iter().filter(|call| call["operation"] == NEWER).count();
        println!(
            "{count} servers, {} calls, {took} s, keys of {ttl} s, {roles} times a role was assumed",
            journal.len()
        );
        assert_eq!(refused, Vec::<&Json>::new());
        assert!(took >= least, "it took {took} s, so nothing expired");
        assert!(roles as u64 >= took / ttl, "{roles} roles in {took} s");
    });
}

/// What was revoked in the middle of a run is fetched once more, and the run goes on.
#[test]
fn revoked_in_the_middle() {
    scenario(&world_in(PROJECT_ID), |sim, tf| {
        tf.set_env("HSS_PREFLIGHT", "false");
        sim.knob("start_sequence", "starting");
        sim.knob("start_after_ms", 4000);
        let lines = format!("  user_name = \"acceptor\"\n  domain_name = \"acceptance\"\n{PASSWORD}");
        tf.write("provider.tf", &block(&format!("{}{lines}", place(&sim.url))));
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        let url = sim.url.clone();
        thread::scope(|scope| {
            let apply = scope.spawn(|| tf.apply());
            until("the server is registered", || sim.writes().contains(&"UpdateBackupHostInfo".to_owned()));
            sim.control("POST", "revoke", None);
            apply.join().unwrap().ok();
        });
        let journal = sim.journal();
        let logins = journal.iter().filter(|call| call["operation"] == LOGIN).count();
        let refused = journal.iter().filter(|call| call["status"] == 401).count();
        assert_eq!((logins, refused), (2, 1), "{url}: {journal:#?}");
    });
}

/// Nothing that was given or issued on the way is in a log, however talkative.
#[test]
fn logs_hold_no_secret() {
    scenario(&world_in(OTHER_PROJECT), |sim, tf| {
        tf.set_env("TF_LOG_PROVIDER", "TRACE");
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        let token = format!("  token = \"{}\"\n", sim.log_in());
        let password = format!("  user_name = \"acceptor\"\n  domain_name = \"acceptance\"\n{PASSWORD}");
        let oidc = format!("{OIDC}    id_token = \"{OPEN_ID_TOKEN}\"\n  }}\n");
        for lines in [
            format!("{token}{AGENCY}"),
            format!("{password}{AGENCY}{INNER_BY_ID}"),
            format!("{}{ROLE_BY_NAME}{INNER_BY_NAME}", keys()),
            oidc,
        ] {
            tf.write("provider.tf", &block(&format!("{}{lines}", place(&sim.url))));
            let ran = tf.apply().ok();
            assert!(ran.stderr.contains("credentials are there"), "the log is on");
            // Tokens that the simulator issues begin with SIM-, security tokens with sim/.
            for secret in [SECRET_KEY, "acceptance-password", OPEN_ID_TOKEN, "SIM-", "sim/"] {
                let line = ran.stderr.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{secret}");
            }
            tf.destroy().ok();
        }
    });
}
