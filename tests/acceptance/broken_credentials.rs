//! Broken configurations of credentials: each error names the argument and what was tried, and holds no secret.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::stage::*;
use serde_json::{Value as Json, json};

const SECRETS: [&str; 6] =
    [SECRET_KEY, "acceptance-password", "wrong-password", "not-the-secret", "made-up-token", "cipher-text"];

/// What is wrong, the lines of the provider block beside region and addresses, variables, knobs, what is said.
struct Broken {
    what: &'static str,
    lines: String,
    variables: Vec<(&'static str, &'static str)>,
    knob: Option<(&'static str, &'static str)>,
    says: &'static [&'static str],
}

fn keys() -> String {
    format!("  access_key = \"{ACCESS_KEY}\"\n  secret_key = \"{SECRET_KEY}\"\n")
}

fn broken(what: &'static str, lines: impl Into<String>, says: &'static [&'static str]) -> Broken {
    Broken { what, lines: lines.into(), variables: Vec::new(), knob: None, says }
}

impl Broken {
    fn variable(mut self, name: &'static str, value: &'static str) -> Broken {
        self.variables.push((name, value));
        self
    }

    fn knob(mut self, name: &'static str, value: &'static str) -> Broken {
        self.knob = Some((name, value));
        self
    }
}

const PROFILES: &str = r#"{ "authEncrypt": "true", "current": "a", "profiles": [
  { "name": "a", "mode": "AKSK", "accessKeyId": "cipher-text", "secretAccessKey": "cipher-text" } ] }"#;

const ROLE: &str = "  assume_role {\n    agency_name = \"none\"\n    domain_id = \"other-domain\"\n  }\n";

fn all() -> Vec<Broken> {
    let user = "  user_name = \"acceptor\"\n  domain_name = \"acceptance\"\n";
    vec![
        broken(
            "half of a pair",
            format!("  access_key = \"{ACCESS_KEY}\"\n"),
            &["The secret key is missing", "HW_SECRET_KEY", "`access_key` is set (from the provider block)"],
        ),
        broken(
            "half of a pair, in the environment",
            "",
            &["The access key is missing", "HW_ACCESS_KEY", "`secret_key` is set (from OS_SECRET_KEY)"],
        )
        .variable("OS_SECRET_KEY", "not-the-secret"),
        broken(
            "no such profile",
            "  profile = \"b\"\n",
            &[
                "The profile cannot be used",
                ".hcloud/config.json",
                "no profile \"b\"; it has a",
                "HW_PROFILE",
            ],
        ),
        broken(
            "an encrypted file, asked for in the environment",
            "",
            &["are encrypted", "HW_PROFILE", "hcloud configure set --cli-auth-encrypt=false"],
        )
        .variable("HW_PROFILE", "a"),
        broken(
            "a file that is not there",
            "  shared_config_file = \"/no/such/file\"\n",
            &["/no/such/file", "cannot be read", "shared_config_file ="],
        ),
        broken(
            "an identity service that cannot be reached",
            format!("{user}  password = \"acceptance-password\"\n  auth_url = \"http://127.0.0.1:1/v3\"\n"),
            &[
                "CreateToken got no answer from 127.0.0.1:1",
                "`auth_url`",
                "the user \"acceptor\" with the password from the provider block",
                "1. a token",
            ],
        ),
        broken(
            "a wrong password",
            format!("{user}  password = \"wrong-password\"\n"),
            &[
                "HTTP 401",
                "The login was refused",
                "`password`",
                "the user \"acceptor\"",
                "4. user and password",
            ],
        ),
        broken(
            "a token that was made up",
            format!("  token = \"made-up-token\"\n  project_id = \"{PROJECT_ID}\"\n"),
            &["HTTP 401", "`token`", "the token from the provider block"],
        ),
        broken(
            "an empty list of projects",
            format!("{}  project_name = \"nowhere\"\n", keys()),
            &["no project named \"nowhere\"", "project_name", "project_id"],
        ),
        broken(
            "the version in the endpoint",
            format!("{}  endpoints = {{ hss = \"URL/v5\" }}\n", keys()),
            &["must not end in /v5", "endpoints ="],
        ),
        broken(
            "a clock that is off by an hour",
            keys(),
            &[
                "HTTP 401",
                "This machine's clock is",
                "60 minutes behind the server's",
                "Set the clock",
                "the access key HSSA… from the provider block",
            ],
        )
        .knob("clock_offset_s", "3600"),
        broken(
            "a wrong secret in the environment",
            "",
            &[
                "HTTP 401",
                "secret key does not fit",
                "the access key HSSA… from HW_ACCESS_KEY",
                "1. a token: `token` (HW_AUTH_TOKEN, OS_AUTH_TOKEN) is not set",
                "3. access keys: they are set",
            ],
        )
        .variable("HW_ACCESS_KEY", ACCESS_KEY)
        .variable("HW_SECRET_KEY", "not-the-secret"),
        broken(
            "a role that does not exist",
            format!("{}{ROLE}", keys()),
            &[
                "the role of the agency \"none\" in the account \"other-domain\" could not be assumed",
                "STS5.1106",
                "sts:agencies:assume",
                "3. access keys",
            ],
        ),
        broken(
            "a role that is not complete",
            format!("{}  assume_role {{\n    agency_name = \"ops\"\n  }}\n", keys()),
            &[
                "The role to assume is not complete",
                "`domain_name` or `domain_id`",
                "HW_ASSUME_ROLE_DOMAIN_ID",
            ],
        ),
        broken(
            "an ID token that was made up",
            "  assume_role_with_oidc {\n    agency_name = \"ops\"\n    domain_id = \"other-domain\"\n    idp_id = \"idp-1\"\n    id_token = \"made-up-token\"\n  }\n",
            &["CreateTokenWithIdToken", "`idp_id`", "the ID token of the identity provider \"idp-1\""],
        ),
        broken(
            "a server without an agency",
            "",
            &["this server has no agency", "5. the metadata service", "HW_ACCESS_KEY"],
        )
        .knob("metadata", "no_agency"),
        broken(
            "a user name without an account",
            "  user_name = \"acceptor\"\n  password = \"acceptance-password\"\n",
            &[
                "The user cannot log in like this",
                "exactly one of `domain_name` and `domain_id`",
                "user_name =",
            ],
        ),
        broken(
            "certificates that are none",
            format!("{}  cacert_file = \"/no/such/ca.pem\"\n", keys()),
            &["The certificate is not usable", "no PEM certificate in it", "cacert_file ="],
        ),
        broken(
            "an algorithm that is not offered",
            format!("{}  signing_algorithm = \"SM2SM3\"\n", keys()),
            &["The signing algorithm is not usable", "HmacSM3", "signing_algorithm ="],
        ),
        broken(
            "a negative number of retries",
            format!("{}  max_retries = -1\n", keys()),
            &["retries is negative", "max_retries ="],
        ),
    ]
}

#[test]
fn errors_read_aloud() {
    let mut world = world(&[candidate("vault-1")], &[]);
    world["accounts"] = json!([{ "id": "other-domain", "name": "other", "projects": [] }]);
    world["agencies"] =
        json!([{ "name": "ops", "domain_id": "other-domain", "trusts": ["acceptance-domain"] }]);
    world["identity_providers"] = json!([{ "id": "idp-1", "id_tokens": ["id-token"] }]);
    for Broken { what, lines, variables, knob, says } in all() {
        scenario(&world, |sim, tf| {
            eprintln!("--- {what}");
            if let Some((name, value)) = knob {
                sim.knob(name, value);
            }
            let url = &sim.url;
            let mut block = format!("  region = \"{REGION}\"\n{}", lines.replace("URL", url));
            if !lines.contains("auth_url") {
                block += &format!("  auth_url = \"{url}/v3\"\n");
            }
            if !lines.contains("endpoints") {
                block += &format!("  endpoints = {{ hss = \"{url}\", iam = \"{url}\", sts = \"{url}\" }}\n");
            }
            block += if lines.contains("max_retries") { "" } else { "  max_retries = 0\n" };
            tf.write(
                "provider.tf",
                &format!("terraform {{\n  required_providers {{\n    hss = {{ source = \"hss-wtp/hss\" }}\n  }}\n}}\nprovider \"hss\" {{\n{block}}}\n"),
            );
            tf.write("main.tf", &vault("vault-1", 18080, ""));
            tf.write(".hcloud/config.json", PROFILES);
            tf.set_env("HSS_METADATA_ENDPOINT", url);
            for (name, value) in variables {
                tf.set_env(name, value);
            }
            let ran = tf.plan();
            let ran = if ran.code == Some(0) { tf.apply() } else { ran };
            let ran = ran.fails_saying(says);
            assert_eq!(ran.text().matches("Error: ").count(), 1, "{what}: one cause, one error");
            // The configuration is shown by Terraform itself, where a line of it is to blame.
            let ours: String = ran.text().split("Error: ").skip(1).collect();
            let ours = ours.replace(&format!("secret_key = \"{SECRET_KEY}\""), "");
            for secret in SECRETS {
                assert!(!ours.contains(secret), "{what} tells {secret}:\n{ours}");
            }
            assert_eq!(sim.writes().iter().filter(|call| *call == "UpdateBackupHostInfo").count(), 0);
            // The metadata service says 401 as well, and nothing is locked by that.
            let refused = |call: &&Json| call["status"] == 401 && call["operation"] != "ShowSecurityKey";
            let refused = sim.journal().iter().filter(refused).count();
            assert!(refused <= 1, "{what}: {refused} refusals");
        });
    }
}

/// A certificate of one's own authority, and one that the server demands.
#[test]
fn certificates() {
    scenario(&world(&[], &[]), |_, tf| {
        let authority = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = parameters.self_signed(&authority).unwrap();
        let issuer = rcgen::Issuer::from_params(&parameters, &authority);
        let pem = |label: &str, der: &[u8]| {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(der);
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
        };
        for (name, subject) in [("server", "127.0.0.1"), ("client", "us")] {
            let key = rcgen::KeyPair::generate().unwrap();
            let parameters = rcgen::CertificateParams::new(vec![subject.to_owned()]).unwrap();
            let certificate = parameters.signed_by(&key, &issuer).unwrap();
            tf.write(&format!("{name}.pem"), &pem("CERTIFICATE", certificate.der()));
            tf.write(&format!("{name}.key"), &pem("PRIVATE KEY", &key.serialize_der()));
        }
        tf.write("ca.pem", &pem("CERTIFICATE", root.der()));
        tf.write("world.json", &world(&[candidate("vault-1")], &[]).to_string());
        let mut server = Command::new(SIMULATOR)
            .current_dir(tf.path())
            .args(["--world", "world.json", "--tls-cert", "server.pem", "--tls-key", "server.key"])
            .args(["--tls-client-ca", "ca.pem", "--knob", "start_sequence=straight"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim();
        let with = |lines: &str| {
            let block =
                provider_block(url).replace("  region  ", &format!("{lines}\n  max_retries = 0\n  region  "));
            tf.write("provider.tf", &block);
            tf.apply()
        };
        tf.write("main.tf", &vault("vault-1", 18080, ""));
        let both = "  cert = \"~/client.pem\"\n  key = file(\"client.key\")";
        with(both).fails_saying(&["TLS", "`cacert_file`"]);
        with("  cacert_file = \"ca.pem\"").fails_saying(&["got no answer"]);
        with(&format!("  cacert_file = file(\"ca.pem\")\n{both}")).ok();
        with("  cacert_file = \"~/ca.pem\"\n  cert = \"client.pem\"")
            .says(&["The client certificate is not used", "`key` is not"]);
        server.kill().unwrap();
        server.wait().unwrap();
    });
}
