//! What the user can do about an error, judged by its code and status.

pub mod codes;

use std::time::Duration;

use codes::{Code, Hint, Refusal, Status};

use super::{ApiError, Error, error::is_gateway, operation};
use crate::{
    auth::{Described, sign::MAX_SKEW},
    rest::TransportError,
};

impl Error {
    /// What to try, in whole sentences. `None` when there is nothing better than trying again.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Error::Api(api) => of_answer(api),
            Error::Deadline { last: Some(last), .. } => last.remedy(),
            Error::Deadline { .. } => Some("Allow more time in the resource's `timeouts`.".to_owned()),
            Error::Transport { endpoint, source, .. } => Some(of_silence(endpoint, source)),
            Error::Credentials { described, cause } => {
                let first = cause.remedy().unwrap_or_default();
                Some(format!("{first}\n\n{}", looked_at(described)).trim().to_owned())
            }
            Error::Step { cause, .. } => cause.remedy(),
            Error::Source(_) => Some(
                "Set credentials in the provider block or in the environment, and check the spelling of \
                 variables."
                    .to_owned(),
            ),
            Error::Project { .. } => Some(
                "Check the spelling of `region`. Or set `project_id`, or set `project_name` to the name of a project in this region that the \
                 user may see."
                    .to_owned(),
            ),
            Error::Region { .. } => Some(
                "Use a provider alias configured for that region, and set `provider` on the resource."
                    .to_owned(),
            ),
            Error::Malformed { .. } => Some(
                "Check that a proxy does not answer in the service's place; otherwise report this with the \
                 request id."
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Which sources of credentials were looked at.
fn looked_at(described: &Described) -> String {
    let lines = described.tried.iter().zip(1..).map(|(line, number)| format!("\n  {number}. {line}"));
    format!("Sources of credentials, in the order they were looked at:{}", lines.collect::<String>())
}

fn of_silence(endpoint: &str, why: &TransportError) -> String {
    if matches!(why, TransportError::Tls(_)) {
        return format!(
            "Check that {endpoint} is the right address. If a proxy or a private cloud has certificates of an \
             authority of its own, name that authority in `cacert_file`."
        );
    }
    format!(
        "Check that {endpoint} can be reached from here: region, `endpoints`, `auth_url`, `cloud`, proxy and \
         firewall."
    )
}

fn of_answer(api: &ApiError) -> Option<String> {
    let identity = api.region.is_empty() && api.status != 429 && api.status < 500;
    if identity && let Some(remedy) = of_refusal(api) {
        return Some(remedy);
    }
    if let Some(remedy) = api.code.as_deref().and_then(known).and_then(|code| code.remedy) {
        return Some(filled(api, remedy));
    }
    if api.status == 401 {
        let used = api.credentials.as_deref().map(|described| {
            format!("\n\nThe call was made with {}. {}", described.who, looked_at(described))
        });
        return Some(of_unauthorised(api) + &used.unwrap_or_default());
    }
    let holds =
        |row: &&Status| row.statuses.contains(&api.status) && !(row.without_code && api.code.is_some());
    codes::STATUSES.iter().find(holds).map(|row| filled(api, row.remedy))
}

/// What a code means, in our words.
pub(super) fn meaning(code: &str) -> Option<&'static str> {
    known(code).map(|known| known.means)
}

/// What the tables know of a code.
fn known(code: &str) -> Option<&'static Code> {
    let (table, code) = match code.rsplit_once('.').filter(|_| is_gateway(code)) {
        Some((_, number)) => (codes::GATEWAY, number),
        None => (codes::HSS, code),
    };
    table.iter().find(|row| row.code == code)
}

/// When the identity services say no to a call that gets credentials or finds a project.
fn of_refusal(api: &ApiError) -> Option<String> {
    let holds = |row: &&Refusal| {
        (row.calls.is_empty() || row.calls.contains(&api.operation)) && row.statuses.contains(&api.status)
    };
    let refusal = codes::IDENTITY.iter().find(holds)?;
    Some(refusal.remedy.map_or_else(|| of_unauthorised(api), |remedy| filled(api, remedy)))
}

fn filled(api: &ApiError, remedy: &str) -> String {
    codes::filled(remedy, &api.endpoint, &format!("{:?}", api.region), &of_forbidden(api))
}

/// The clock is seen from outside; of the rest the text gives a hint only.
fn of_unauthorised(api: &ApiError) -> String {
    if let Some(text) = of_clock(api) {
        return text;
    }
    let message = api.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let holds = |hint: &&Hint| hint.says.iter().any(|words| words.iter().all(|word| message.contains(word)));
    codes::HINTS.iter().find(holds).map(|hint| hint.remedy.to_owned()).unwrap_or_default()
}

fn of_clock(api: &ApiError) -> Option<String> {
    let (ahead, skew) = api.clock_skew.filter(|(_, skew)| *skew > MAX_SKEW)?;
    let side = if ahead { "ahead of" } else { "behind" };
    Some(format!(
        "This machine's clock is {} {side} the server's; at most 15 minutes are accepted. Set the clock.",
        minutes(skew)
    ))
}

fn of_forbidden(api: &ApiError) -> String {
    match operation::action(api.operation) {
        Some(action) => format!(
            "The user needs the permission {action} in this project (the role HSS FullAccess holds it)."
        ),
        None => "The user lacks the permission for this call.".to_owned(),
    }
}

fn minutes(duration: Duration) -> String {
    match (duration.as_secs() + 30) / 60 {
        minutes if minutes < 120 => format!("{minutes} minutes"),
        minutes => format!("{} hours", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::error::api_error;

    #[test]
    fn remedies_say_what_to_do() {
        let check = |status: u16, code: Option<&str>, message: &str, expected: &str| {
            let mut api = api_error("SetRemoteBackupInfo", status, code);
            api.message = Some(message.to_owned());
            let remedy = Error::Api(api).remedy().unwrap();
            assert!(remedy.contains(expected), "{status} {code:?}: {remedy}");
        };
        check(401, Some("APIGW.0301"), "verify aksk signature fail", "secret key does not fit");
        check(401, Some("APIGW.0301"), "ak ABCD not exist", "access key does not exist");
        check(401, Some("APIGW.0301"), "signature expired", "clock");
        check(401, Some("APIGW.0301"), "reach the limit", "locked");
        check(401, None, "", "not accepted");
        check(403, Some("APIGW.0302"), "", "hss:wtpBackup:set");
        check(400, Some("HSS.0013"), "", "hss:wtpBackup:set");
        check(
            404,
            Some("APIGW.0101"),
            "",
            "hss.example.com does not offer this call in the region \"cn-north-4\"",
        );
        check(404, Some("APIG.0101"), "", "hss.example.com");
        check(429, Some("APIGW.0308"), "", "limits how often");
        check(400, Some("HSS.1007"), "", "agent is offline");
        check(502, None, "", "service failed");
        check(400, Some("HSS.1009"), "", "could not store");
        check(400, Some("HSS.9999"), "", "refused what was sent");
        assert_eq!(Error::Api(api_error("Op", 302, None)).remedy(), None);
    }

    #[test]
    fn every_row_of_the_tables_is_reached_and_leaves_no_braces() {
        for (prefix, table) in [("", codes::HSS), ("APIGW.", codes::GATEWAY)] {
            for row in table {
                let code = format!("{prefix}{}", row.code);
                assert_eq!(known(&code).map(|found| found.code), Some(row.code), "{code} is there twice");
                let remedy = Error::Api(api_error("SetRemoteBackupInfo", 400, Some(&code))).remedy().unwrap();
                assert_eq!(remedy.contains("refused what was sent"), row.remedy.is_none(), "{code}");
                assert!(!remedy.contains(['{', '}']), "{code}: {remedy}");
            }
        }
        for refusal in codes::IDENTITY {
            let call = refusal.calls.first().unwrap_or(&"KeystoneListProjects");
            let mut api = api_error(call, *refusal.statuses.end(), None);
            api.region = String::new();
            let remedy = Error::Api(api).remedy().unwrap();
            assert!(!remedy.contains(['{', '}']), "{remedy}");
            if let Some(expected) = refusal.remedy {
                assert_eq!(remedy, codes::filled(expected, "hss.example.com", "", ""));
            }
        }
    }

    #[test]
    fn a_wrong_clock_is_recognised_by_the_servers_date() {
        let mut api = api_error("ListBackupHostsInfo", 401, Some("APIGW.0301"));
        api.message = Some("verify aksk signature fail".to_owned());
        api.clock_skew = Some((true, Duration::from_secs(3600)));
        let remedy = Error::Api(api).remedy().unwrap();
        assert!(remedy.contains("60 minutes ahead of the server's"), "{remedy}");
    }
}
