//! A caller of the simulator with a signer of its own, and the ids of the built-in world.

use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use terraform_provider_hss::sim::{Knobs, Running, Sim, World};
use time::{OffsetDateTime, macros::format_description};

pub(crate) const PROJECT: &str = "a0000000000000000000000000000001";
pub(crate) const ACCESS: &str = "HSSIMACCESSKEY000001";
pub(crate) const SECRET: &str = "hssim-secret-key-for-tests-only-00000001";
pub(crate) const WEB: &str = "5e000000-0000-4000-8000-000000000001";
pub(crate) const WEB_CLOSED: &str = "5e000000-0000-4000-8000-000000000004";
pub(crate) const WEB_OFFLINE: &str = "5e000000-0000-4000-8000-000000000005";
pub(crate) const WEB_WINDOWS: &str = "5e000000-0000-4000-8000-000000000006";
pub(crate) const WEB_BARE: &str = "5e000000-0000-4000-8000-000000000007";
pub(crate) const WEB_NO_AGENT: &str = "5e000000-0000-4000-8000-000000000008";
pub(crate) const WEB_OTHER: &str = "5e000000-0000-4000-8000-000000000009";
pub(crate) const VAULT: &str = "5e000000-0000-4000-8000-000000000010";
/// The own account and the other one.
pub(crate) const DOMAIN: &str = "d0000000000000000000000000000001";
pub(crate) const OTHER_DOMAIN: &str = "d0000000000000000000000000000002";
/// The project of the second region, a sub-project, and the first region's project in the other account.
pub(crate) const EAST: &str = "a0000000000000000000000000000002";
pub(crate) const SUB: &str = "a0000000000000000000000000000003";
pub(crate) const ABROAD: &str = "a0000000000000000000000000000011";
pub(crate) const ID_TOKEN: &str = "sim-id-token-for-tests-only";
pub(crate) const OTHER_PROJECT: &str = "e0000000-0000-4000-8000-000000000001";

/// A simulator of the built-in world and a caller for it.
pub(crate) struct Bench {
    pub(crate) running: Running,
    pub(crate) caller: Caller,
}

#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) access: String,
    pub(crate) secret: String,
    /// Sent along, unsigned or signed as the name says.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) token: Option<String>,
    pub(crate) ago: Duration,
}

pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) text: String,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Seen {
    pub(crate) fn code(&self) -> &str {
        self.body["error_code"].as_str().unwrap_or_default()
    }

    pub(crate) fn subject_token(&self) -> String {
        self.headers["x-subject-token"].to_str().unwrap().to_owned()
    }

    /// The status with the code of whichever shape the refusal has.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let code = match &self.body["error"]["code"] {
            Value::Number(code) => format!("keystone {code}"),
            _ => self.code().to_owned(),
        };
        (self.status, code)
    }
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl Caller {
    pub(crate) fn new(base: &str) -> Self {
        Self {
            http: http(),
            base: base.to_owned(),
            access: ACCESS.to_owned(),
            secret: SECRET.to_owned(),
            headers: Vec::new(),
            token: None,
            ago: Duration::ZERO,
        }
    }

    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Seen> {
        let body = body.map_or_else(String::new, |body| body.to_string());
        let mut request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .header("content-type", "application/json");
        let mut signed: Vec<(&str, String)> = self.headers.clone();
        match &self.token {
            Some(token) => request = request.header("x-auth-token", token),
            None => {
                let date = OffsetDateTime::from(SystemTime::now() - self.ago)
                    .format(format_description!("[year][month][day]T[hour][minute][second]Z"))
                    .unwrap();
                signed.push(("x-sdk-date", date));
                let header = sign(method, path, &signed, &body, &self.access, &self.secret);
                request = request.header("authorization", header);
            }
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let response = request.body(body).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Seen { status, body, text, headers })
    }

    /// Without credentials beside what `headers` and the body hold.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Seen {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            request.body(body.map_or_else(String::new, |body| body.to_string())).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Seen { status, body, text, headers }
    }

    /// The same caller with other keys, as `{"access", "secret", "securitytoken"}` or in the names of STS.
    pub(crate) fn with_keys(&self, keys: &Value) -> Self {
        let text = |one: &str, other: &str| keys[one].as_str().or(keys[other].as_str()).unwrap().to_owned();
        Self {
            access: text("access", "access_key_id"),
            secret: text("secret", "secret_access_key"),
            headers: vec![("x-security-token", text("securitytoken", "security_token"))],
            token: None,
            ..self.clone()
        }
    }

    /// The same caller naming an account in its signed calls.
    pub(crate) fn in_domain(&self, id: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.push(("x-domain-id", id.to_owned()));
        caller
    }

    pub(crate) fn with_token(&self, seen: &Seen) -> Self {
        Self { token: Some(seen.subject_token()), headers: Vec::new(), ..self.clone() }
    }

    /// The operation, status and principal of each call so far.
    pub(crate) async fn journal(&self) -> Vec<(String, u64, String)> {
        let (_, rows) = self.control("GET", "requests", None).await;
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| (text(&row["operation"]), row["status"].as_u64().unwrap(), text(&row["principal"])))
            .collect()
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Seen {
        self.try_call(method, path, body).await.unwrap()
    }

    pub(crate) async fn hss(&self, method: &str, rest: &str, body: Option<Value>) -> Seen {
        self.call(method, &format!("/v5/{PROJECT}/{rest}"), body).await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), format!("{}/_sim/{path}", self.base));
        let response = request.body(body.map_or_else(String::new, |it| it.to_string())).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(crate) async fn knob(&self, name: &str, value: impl Into<Value>) {
        let changes = Value::Object([(name.to_owned(), value.into())].into_iter().collect());
        let (status, answer) = self.control("PATCH", "knobs", Some(changes)).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn register(&self, id: &str, port: u16) -> Seen {
        let body = json!({
            "host_id": id, "backup_host_ip": "172.16.8.20", "backup_host_port": port, "backup_dir": "/data/copies",
        });
        self.hss("PUT", "wtp/backup-hosts", Some(body)).await
    }

    pub(crate) async fn status_of(&self, id: &str) -> Option<i64> {
        let list = self.hss("GET", "wtp/backup-hosts?enterprise_project_id=all_granted_eps", None).await;
        assert_eq!(list.status, 200, "{}", list.text);
        let rows = list.body["data_list"].as_array().unwrap().clone();
        rows.iter().find(|row| row["backup_host_id"] == id)?["backup_host_status"].as_i64()
    }

    pub(crate) async fn set(&self, host: &str, target: Option<(&str, &str)>) -> Seen {
        let body = match target {
            Some((id, addr)) => json!({"remote_backup": true, "backup_host_id": id, "backup_addr": addr}),
            None => json!({"remote_backup": false}),
        };
        self.hss("POST", &format!("wtp/{host}/set-remote-backup"), Some(body)).await
    }

    pub(crate) async fn show(&self, host: &str) -> Seen {
        self.hss("GET", &format!("wtp/{host}/backup-host"), None).await
    }
}

/// A signer written for paths and queries that need no escaping, in the order they are given.
fn sign(
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &str,
    access: &str,
    secret: &str,
) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    let mut headers = headers.to_vec();
    headers.sort();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let date = &headers.iter().find(|(name, _)| *name == "x-sdk-date").unwrap().1;
    let hash = hex(&Sha256::digest(body));
    let request = format!("{method}\n{path}/\n{}\n{lines}\n{names}\n{hash}", pairs.join("&"));
    let text = format!("SDK-HMAC-SHA256\n{date}\n{}", hex(&Sha256::digest(request)));
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(text);
    let signature = hex(&mac.finalize().into_bytes());
    format!("SDK-HMAC-SHA256 Access={access}, SignedHeaders={names}, Signature={signature}")
}

pub(crate) async fn bench(knobs: &[(&str, &str)]) -> Bench {
    let mut set = Knobs::default();
    set.set("start_after_ms", "0").unwrap();
    for (name, value) in knobs {
        set.set(name, value).unwrap();
    }
    let running = Sim::new(World::built_in(), set).start().await.unwrap();
    let caller = Caller::new(running.base_url());
    Bench { running, caller }
}
