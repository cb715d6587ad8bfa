//! Which operation a method and a path mean. The names are the vendor's operation ids.

use super::signature::percent_decode;

/// The operations the simulator plays, HSS first, then those of logging in. The last two, of the metadata service,
/// have no name of the vendor's.
pub(super) const HSS: &[&str] = &[
    "UpdateBackupHostInfo",
    "ListBackupHostsInfo",
    "DeleteBackupHostInfo",
    "SetRemoteBackupInfo",
    "ShowRemoteBackupHostInfo",
    "ListWtpProtectHost",
    "ListWebTamperHost",
    "SetWtpProtectionStatusInfo",
    "ShowWtpProtectStatistics",
];
pub(super) const IAM: &[&str] = &[
    "KeystoneListProjects",
    "KeystoneListAuthDomains",
    "KeystoneListUsers",
    "KeystoneCreateUserTokenByPassword",
    "KeystoneCreateScopedToken",
    "KeystoneCreateAgencyToken",
    "CreateTokenWithIdToken",
    "CreateTemporaryAccessKeyByAgency",
    "CreateTemporaryAccessKeyByToken",
    "AssumeAgency",
    "AssumeAgencyWithOIDC",
    "GetCallerIdentity",
    "CreateMetadataToken",
    "ShowSecurityKey",
];
/// Those whose proof of identity is in the request itself, or that ask for none.
const OPEN: &[&str] = &[
    "KeystoneCreateUserTokenByPassword",
    "KeystoneCreateScopedToken",
    "CreateTokenWithIdToken",
    "CreateTemporaryAccessKeyByToken",
    "AssumeAgencyWithOIDC",
    "CreateMetadataToken",
    "ShowSecurityKey",
];
pub(super) const UNKNOWN: &str = "unknown";

/// The operation of this name, as the constant it is.
pub(super) fn named(name: &str) -> Option<&'static str> {
    HSS.iter().chain(IAM).copied().find(|operation| *operation == name)
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    Hss { operation: &'static str, project: String, host: String },
    Iam { operation: &'static str },
    Unknown,
}

/// Reads the undecoded path. `identity` is the method of identification in the body, which tells the ways of asking
/// for a token or for keys apart.
pub(super) fn route(method: &str, path: &str, identity: &str) -> Route {
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| String::from_utf8_lossy(&percent_decode(segment, false)).into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let hss = |operation, project: &str, host: &str| Route::Hss {
        operation,
        project: project.to_owned(),
        host: host.to_owned(),
    };
    match (method, segments.as_slice()) {
        ("PUT", ["", "v5", project, "wtp", "backup-hosts"]) => hss("UpdateBackupHostInfo", project, ""),
        ("GET", ["", "v5", project, "wtp", "backup-hosts"]) => hss("ListBackupHostsInfo", project, ""),
        ("DELETE", ["", "v5", project, "wtp", "backup-hosts"]) => hss("DeleteBackupHostInfo", project, ""),
        ("GET", ["", "v5", project, "wtp", "statistics"]) => hss("ShowWtpProtectStatistics", project, ""),
        ("POST", ["", "v5", project, "wtp", host, "set-remote-backup"]) if !host.is_empty() => {
            hss("SetRemoteBackupInfo", project, host)
        }
        ("GET", ["", "v5", project, "wtp", host, "backup-host"]) if !host.is_empty() => {
            hss("ShowRemoteBackupHostInfo", project, host)
        }
        ("GET", ["", "v5", project, "webtamper", "hosts"]) => hss("ListWtpProtectHost", project, ""),
        ("GET", ["", "v5", project, "webtamper", "host-management", "hosts"]) => {
            hss("ListWebTamperHost", project, "")
        }
        ("POST", ["", "v5", project, "webtamper", "static", "status"]) => {
            hss("SetWtpProtectionStatusInfo", project, "")
        }
        ("GET", ["", "v3", "projects"]) => Route::Iam { operation: "KeystoneListProjects" },
        ("GET", ["", "v3", "auth", "domains"]) => Route::Iam { operation: "KeystoneListAuthDomains" },
        ("GET", ["", "v3", "users"]) => Route::Iam { operation: "KeystoneListUsers" },
        ("POST", ["", "v3", "auth", "tokens"]) => Route::Iam {
            operation: match identity {
                "token" => "KeystoneCreateScopedToken",
                "assume_role" => "KeystoneCreateAgencyToken",
                _ => "KeystoneCreateUserTokenByPassword",
            },
        },
        ("POST", ["", "v3.0", "OS-AUTH", "id-token", "tokens"]) => {
            Route::Iam { operation: "CreateTokenWithIdToken" }
        }
        ("POST", ["", "v3.0", "OS-CREDENTIAL", "securitytokens"]) => Route::Iam {
            operation: match identity {
                "token" => "CreateTemporaryAccessKeyByToken",
                _ => "CreateTemporaryAccessKeyByAgency",
            },
        },
        ("POST", ["", "v5", "agencies", "assume"]) => Route::Iam { operation: "AssumeAgency" },
        ("POST", ["", "v5", "agencies", "assume-with-oidc"]) => {
            Route::Iam { operation: "AssumeAgencyWithOIDC" }
        }
        ("GET", ["", "v5", "caller-identity"]) => Route::Iam { operation: "GetCallerIdentity" },
        ("PUT", ["", "meta-data", "latest", "api", "token"]) => {
            Route::Iam { operation: "CreateMetadataToken" }
        }
        ("GET", ["", "openstack", "latest", "securitykey"]) => Route::Iam { operation: "ShowSecurityKey" },
        _ => Route::Unknown,
    }
}

impl Route {
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::Hss { operation, .. } | Self::Iam { operation } => operation,
            Self::Unknown => UNKNOWN,
        }
    }

    /// Whether the call needs neither a signature nor a token in its headers.
    pub(super) fn is_open(&self) -> bool {
        OPEN.contains(&self.operation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_operation() {
        let check = |method: &str, path: &str, expected: &str| {
            assert_eq!(route(method, path, "").operation(), expected, "{method} {path}");
        };
        check("PUT", "/v5/p/wtp/backup-hosts", "UpdateBackupHostInfo");
        check("GET", "/v5/p/wtp/statistics", "ShowWtpProtectStatistics");
        check("GET", "/v5/p/wtp/backup-hosts/backup-host", "ShowRemoteBackupHostInfo");
        check("GET", "/v5/p/wtp/h%2F1/backup-host", "ShowRemoteBackupHostInfo");
        check("GET", "/v5/p/wtp//backup-host", UNKNOWN);
        check("PATCH", "/v5/p/wtp/backup-hosts", UNKNOWN);
        check("GET", "/v5/p/wtp/backup-hosts/", UNKNOWN);
        check("GET", "/v5/v5/p/wtp/backup-hosts", UNKNOWN);
        check("GET", "/v3/projects", "KeystoneListProjects");
        check("POST", "/v3/auth/tokens", "KeystoneCreateUserTokenByPassword");
        check("GET", "/v5/caller-identity", "GetCallerIdentity");
        check("PUT", "/openstack/latest/securitykey", UNKNOWN);
        assert!(HSS.iter().chain(IAM).all(|name| named(name) == Some(name)));
    }
}
