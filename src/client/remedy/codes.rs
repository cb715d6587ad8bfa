//! The tables behind every remedy: the codes of HSS and of the gateway before it, HTTP statuses, and the refusals of the
//! identity services. The guide about troubleshooting is made from them.

use std::ops::RangeInclusive;

/// A code of a service.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// As the service writes it; the gateway's without its prefix.
    pub code: &'static str,
    /// What the vendor says it means, or what it was seen to mean.
    pub means: &'static str,
    /// What to do. See [`filled`] for the words in braces. `None`: the HTTP status decides.
    pub remedy: Option<&'static str>,
}

const fn row(code: &'static str, means: &'static str, remedy: &'static str) -> Code {
    Code { code, means, remedy: Some(remedy) }
}

const fn by_status(code: &'static str, means: &'static str) -> Code {
    Code { code, means, remedy: None }
}

const CHECK_VALUES: &str = "Check the values sent to the service.";
const CHECK_IDS: &str =
    "Check the ids, and `enterprise_project_id` if the host is not in the default enterprise project.";
const DENIED: &str = "Check the ids and `enterprise_project_id`: HSS says this for a host that does not exist, or that \
                      lies in another enterprise project. {permission}";
const NOT_SAVED: &str =
    "HSS could not store the setting. Try again later; if it persists, report the request id.";
const NOT_USABLE: &str = "The project, or HSS in this region, cannot be used by this account. Check `project_id` and \
                          `region`, and whether the account is in arrears.";

const ADDRESS: &str = "The gateway refuses an address. Check the access control that is set in IAM, and the proxy that calls go through.";

/// The codes of HSS, as far as they are known. No code that is about remote backup alone is documented.
pub const HSS: &[Code] = &[
    row("HSS.0001", "invalid parameter", CHECK_VALUES),
    row("HSS.0002", "the request could not be parsed", CHECK_VALUES),
    row("HSS.0010", "access denied", DENIED),
    row("00000010", "access denied, in a shorter form", DENIED),
    row("HSS.0011", "the resource does not exist", CHECK_IDS),
    row("HSS.0013", "no sufficient permission", "{permission}"),
    row(
        "HSS.0014",
        "the quota may not be created",
        "Check the account's HSS quota in the console, and whether it is in arrears.",
    ),
    by_status("HSS.0041", "the details of a server could not be queried"),
    row("HSS.1001", "the server has no agent", "Install the HSS agent on the server."),
    row("HSS.1002", "the protection quota is used up", "Buy or free protection quota."),
    by_status("HSS.1003", "a protected server cannot be ignored"),
    by_status("HSS.1004", "a policy could not be queried"),
    by_status("HSS.1005", "a policy is invalid or does not exist"),
    row(
        "HSS.1006",
        "the agent could not be told",
        "HSS could not reach the agent. Check that the server runs and the agent is online, then try again.",
    ),
    row(
        "HSS.1007",
        "the agent is offline",
        "The agent is offline. Start the server and its HSS agent, then try again.",
    ),
    row("HSS.1008", "the server could not be queried", CHECK_IDS),
    row("HSS.1009", "the Web Tamper Protection settings could not be stored", NOT_SAVED),
    row("HSS.1010", "the protected directories could not be changed", NOT_SAVED),
    by_status("HSS.1011", "a time could not be converted"),
    by_status("HSS.1012", "time ranges overlap"),
    by_status("HSS.1013", "an unprotected period could not be added"),
    by_status("HSS.1014", "the description of an unprotected period could not be added"),
    by_status("HSS.1015", "a privileged process could not be added"),
    by_status("HSS.1016", "the cycle of an unprotected period could not be set"),
    by_status("HSS.1017", "a security report could not be queried"),
    by_status("HSS.1018", "the description of a file is wrong"),
    by_status("HSS.1019", "a server group could not be queried, or does not exist"),
    by_status("HSS.1020", "there is a policy group of this name already"),
    by_status("HSS.1021", "a policy group could not be queried"),
];

/// The codes of the gateway, without the prefix `APIGW.` or `APIG.`.
pub const GATEWAY: &[Code] = &[
    row(
        "0101",
        "the call, or the method, is not offered here; it does not mean that a server is gone",
        "{endpoint} does not offer this call in the region {region}. Check `region` and `endpoints`; remote backup \
         is not available in every region.",
    ),
    by_status("0103", "the gateway knows no backend for the call"),
    by_status("0104", "a plug-in of the gateway is not configured"),
    by_status("0105", "the backend is not configured"),
    by_status("0106", "the gateway could not map the parameters"),
    by_status(
        "0201",
        "the request is not acceptable or too large, or the backend cannot be reached (502) or is too slow (504)",
    ),
    by_status("0202", "the backend cannot be reached"),
    by_status("0203", "the backend did not answer in time"),
    by_status("0301", "the credentials were not accepted"),
    by_status("0302", "the user is not allowed to make this call"),
    by_status("0303", "the credentials were not accepted, or this machine's clock is wrong"),
    by_status("0304", "the caller is not allowed to make this call"),
    by_status("0305", "the credentials were not accepted"),
    by_status("0306", "the caller is not allowed to make this call"),
    by_status("0307", "the token has to be renewed, or is for another region"),
    by_status("0308", "too many calls"),
    row("0310", "the project cannot be used", NOT_USABLE),
    by_status("0311", "the credentials were not accepted"),
    row("0401", "the caller's address is not allowed", ADDRESS),
    row("0402", "an address is not allowed", ADDRESS),
    row("0404", "an address is not allowed", ADDRESS),
    row("0501", "a quota is used up", "Check the account's quota with the vendor."),
    row("0502", "the caller is frozen", "Check whether the account is in arrears."),
    by_status("0601", "the gateway failed"),
    by_status("0602", "the request is not acceptable"),
    by_status("0605", "the gateway failed"),
    by_status("0606", "the gateway failed"),
    by_status("0607", "the request does not follow the protocol"),
    by_status("0608", "the gateway failed"),
    by_status("0609", "the gateway failed"),
    by_status("0610", "the gateway knows no backend for the call"),
    by_status("0611", "the gateway failed"),
    by_status("0612", "the gateway failed"),
    by_status("0613", "the identity service cannot be reached"),
    by_status("0705", "the gateway failed"),
    row("0801", "the service cannot be used in this region", NOT_USABLE),
    row("0802", "the user cannot use this region", NOT_USABLE),
];

/// The codes of the identity services. Their remedies go by the call instead, see [`IDENTITY`].
pub const IDENTITY_CODES: &[Code] = &[
    by_status("IAM.0003", "access denied"),
    by_status("IAM.0004", "what the call names does not exist"),
    by_status("IAM.0006", "the identity service failed"),
    by_status("IAM.0007", "a parameter is wrong"),
    by_status("IAM.0011", "the body of the request is wrong"),
    by_status("PAP5.0001", "access denied"),
    by_status("STS5.1106", "there is no such agency"),
];

/// A sentence in a refusal for bad credentials (401), as a hint of what is wrong. The gateway's codes do not tell a wrong
/// secret from a wrong clock.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    /// Groups of words, in lower case; the hint holds where all words of one group are said.
    pub says: &'static [&'static [&'static str]],
    /// What to do.
    pub remedy: &'static str,
}

/// The hints in the order of trial; the last one always holds.
pub const HINTS: &[Hint] = &[
    Hint {
        says: &[&["verify aksk signature fail"], &["signature fail"]],
        remedy: "The secret key does not fit the access key, or the security token is missing or outdated.",
    },
    Hint { says: &[&["ak", "not exist"]], remedy: "The access key does not exist. Check `access_key`." },
    Hint {
        says: &[&["signature expired"]],
        remedy: "This machine's clock is wrong; at most 15 minutes of difference are accepted. Set the clock.",
    },
    Hint {
        says: &[&["reach the limit"]],
        remedy: "The access key is locked after too many wrong signatures. Check `secret_key` and wait five minutes.",
    },
    Hint {
        says: &[&["token expires"], &["decrypt token fail"], &["x-auth-token"]],
        remedy: "The token is not valid, or no longer. Get a new one.",
    },
    Hint {
        says: &[&[]],
        remedy: "The credentials were not accepted. Check `access_key`, `secret_key` and `security_token`, or `token`; \
                 temporary ones that were given expire and cannot be renewed by the provider. They must be of an account \
                 that may use this region.",
    },
];

/// What an HTTP status means where no code says better. 401 has [`HINTS`] of its own.
#[derive(Clone, Debug)]
pub struct Status {
    /// The statuses.
    pub statuses: RangeInclusive<u16>,
    /// What to do. See [`filled`] for the words in braces.
    pub remedy: &'static str,
    /// Whether it holds only where there is no code.
    pub without_code: bool,
}

/// The statuses that have a remedy.
pub const STATUSES: &[Status] = &[
    Status { statuses: 403..=403, remedy: "{permission}", without_code: false },
    Status {
        statuses: 404..=404,
        remedy: "Check the id, and that {endpoint} is the right address of HSS.",
        without_code: true,
    },
    Status {
        statuses: 429..=429,
        remedy: "The service limits how often this may be called. Try again in a minute, or allow more with \
                 `max_retries`.",
        without_code: false,
    },
    Status {
        statuses: 400..=499,
        remedy: "The service refused what was sent. Compare ids and values with the console; if they are right, report \
                 the request id.",
        without_code: false,
    },
    Status {
        statuses: 500..=599,
        remedy: "The service failed. Try again later; if it persists, report the request id.",
        without_code: false,
    },
];

/// A refusal of the identity services.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The calls; none means every one.
    pub calls: &'static [&'static str],
    /// The statuses.
    pub statuses: RangeInclusive<u16>,
    /// What to do. See [`filled`] for the words in braces. `None`: as for a call of HSS, by [`HINTS`].
    pub remedy: Option<&'static str>,
}

const ROLE: &[&str] = &["CreateTemporaryAccessKey", "AssumeAgency"];

/// The refusals in the order of trial. A limited call and a failed service are judged like those of HSS.
pub const IDENTITY: &[Refusal] = &[
    Refusal {
        calls: &["CreateToken"],
        statuses: 401..=401,
        remedy: Some(
            "The login was refused: user, account or password is wrong, the token is no longer valid, or the user may \
             not use this project. Check `user_name` or `user_id`, `password`, `domain_name` or `domain_id`, `token`, \
             and `project_id` or `project_name`. Several wrong passwords in a row lock the user.",
        ),
    },
    Refusal {
        calls: &["CreateToken"],
        statuses: 403..=403,
        remedy: Some(
            "The user may not log in here, or not enter the agency. Check `project_id` or `project_name`, and \
             `agency_name` and `agency_domain_name` where they are set.",
        ),
    },
    Refusal { calls: ROLE, statuses: 401..=401, remedy: None },
    Refusal {
        calls: ROLE,
        statuses: 100..=499,
        remedy: Some(
            "Check the agency's name and its account. The caller needs the permission to act as an agency (Agent \
             Operator, or sts:agencies:assume), and the agency has to trust the caller's account. `duration` is at \
             least 900, and at most 3600 where the role is assumed with temporary keys: after OIDC, after another \
             role, or with those of the metadata service.",
        ),
    },
    Refusal {
        calls: &["CreateTokenWithIdToken"],
        statuses: 100..=499,
        remedy: Some(
            "Check `idp_id`, and that the ID token is fresh and was issued for this identity provider.",
        ),
    },
    Refusal {
        calls: &[],
        statuses: 404..=404,
        remedy: Some(
            "Check that {endpoint} is the identity service of this region: `auth_url`, `endpoints` and `cloud`.",
        ),
    },
];

/// Puts values in the place of `{endpoint}`, `{region}` and `{permission}`, which is a sentence.
pub fn filled(remedy: &str, endpoint: &str, region: &str, permission: &str) -> String {
    let text = remedy.replace("{permission}", permission);
    text.replace("{endpoint}", endpoint).replace("{region}", region)
}
