//! What the user can do about an error, judged by its code and status.

mod identity;

use std::time::Duration;

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
                "Set `project_id`, or set `project_name` to the name of a project in this region that the \
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
    if api.region.is_empty()
        && let Some(remedy) = identity::of_answer(api)
    {
        return Some(remedy);
    }
    if let Some(code) = api.code.as_deref()
        && let Some(remedy) = of_code(api, code)
    {
        return Some(remedy);
    }
    match api.status {
        401 => {
            let used = api.credentials.as_deref().map(|described| {
                format!("\n\nThe call was made with {}. {}", described.who, looked_at(described))
            });
            Some(of_unauthorised(api) + &used.unwrap_or_default())
        }
        403 => Some(of_forbidden(api)),
        404 if api.code.is_none() => {
            Some(format!("Check the id, and that {} is the right address of HSS.", api.endpoint))
        }
        429 => Some(
            "The service limits how often this may be called. Try again in a minute, or allow more with \
             `max_retries`."
                .to_owned(),
        ),
        500..=599 => {
            Some("The service failed. Try again later; if it persists, report the request id.".to_owned())
        }
        _ => None,
    }
}

fn of_code(api: &ApiError, code: &str) -> Option<String> {
    let number = code.rsplit_once('.').filter(|_| is_gateway(code)).map(|(_, number)| number);
    let text = match (number, code) {
        (Some("0101"), _) => format!(
            "{} does not offer this call in the region {:?}. Check `region` and `endpoints`; remote backup \
             is not available in every region.",
            api.endpoint, api.region
        ),
        (Some("0310" | "0801" | "0802"), _) => {
            "The project, or HSS in this region, cannot be used by this account. Check `project_id` and \
             `region`, and whether the account is in arrears."
                .to_owned()
        }
        (_, "HSS.0001" | "HSS.0002") => "Check the values sent to the service.".to_owned(),
        (_, "HSS.0010" | "00000010") => format!(
            "Check the ids and `enterprise_project_id`: HSS says this for a host that does not exist, or that \
             lies in another enterprise project. {}",
            of_forbidden(api)
        ),
        (_, "HSS.0011" | "HSS.1008") => {
            "Check the ids, and `enterprise_project_id` if the host is not in the default enterprise project."
                .to_owned()
        }
        (_, "HSS.0013") => of_forbidden(api),
        (_, "HSS.1001") => "Install the HSS agent on the server.".to_owned(),
        (_, "HSS.1002") => "Buy or free protection quota.".to_owned(),
        (_, "HSS.1006") => {
            "HSS could not reach the agent. Check that the server runs and the agent is online, then try again."
                .to_owned()
        }
        (_, "HSS.1007") => {
            "The agent is offline. Start the server and its HSS agent, then try again.".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// The gateway's codes do not tell a wrong secret from a wrong clock, so here the text helps, as a hint only.
fn of_unauthorised(api: &ApiError) -> String {
    if let Some(text) = of_clock(api) {
        return text;
    }
    let message = api.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let hint = |marks: &[&str]| marks.iter().any(|mark| message.contains(mark));
    let text = if hint(&["verify aksk signature fail", "signature fail"]) {
        "The secret key does not fit the access key, or the security token is missing or outdated."
    } else if message.contains("ak") && hint(&["not exist"]) {
        "The access key does not exist. Check `access_key`."
    } else if hint(&["signature expired"]) {
        "This machine's clock is wrong; at most 15 minutes of difference are accepted. Set the clock."
    } else if hint(&["reach the limit"]) {
        "The access key is locked after too many wrong signatures. Check `secret_key` and wait five minutes."
    } else if hint(&["token expires", "decrypt token fail", "x-auth-token"]) {
        "The token is not valid, or no longer. Get a new one."
    } else {
        "The credentials were not accepted. Check `access_key`, `secret_key` and `security_token`, or `token`; \
         temporary ones that were given expire and cannot be renewed by the provider. They must be of an account \
         that may use this region."
    };
    text.to_owned()
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
        assert_eq!(Error::Api(api_error("Op", 400, Some("HSS.1009"))).remedy(), None);
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
