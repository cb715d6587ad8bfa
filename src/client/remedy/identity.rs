//! What the user can do when the identity services say no.

use super::{of_clock, of_unauthorised};
use crate::client::ApiError;

/// The remedy for a refused call to get credentials or to find a project.
pub(super) fn of_answer(api: &ApiError) -> Option<String> {
    let text = match (api.operation, api.status) {
        (_, 429 | 500..) => return None,
        ("CreateToken", 401) => {
            "The login was refused: user, account or password is wrong, the token is no longer valid, or the user may \
             not use this project. Check `user_name` or `user_id`, `password`, `domain_name` or `domain_id`, `token`, \
             and `project_id` or `project_name`. Several wrong passwords in a row lock the user."
        }
        ("CreateToken", 403) => {
            "The user may not log in here, or not enter the agency. Check `project_id` or `project_name`, and \
             `agency_name` and `agency_domain_name` where they are set."
        }
        ("CreateTemporaryAccessKey" | "AssumeAgency", 401) => {
            return Some(of_clock(api).unwrap_or_else(|| of_unauthorised(api)));
        }
        ("CreateTemporaryAccessKey" | "AssumeAgency", _) => {
            "Check the agency's name and its account. The caller needs the permission to act as an agency (Agent \
             Operator, or sts:agencies:assume), and the agency has to trust the caller's account. `duration` is at \
             least 900, and at most 3600 where the role is assumed with temporary keys: after OIDC, after another \
             role, or with those of the metadata service."
        }
        ("CreateTokenWithIdToken", _) => {
            "Check `idp_id`, and that the ID token is fresh and was issued for this identity provider."
        }
        (_, 404) => {
            return Some(format!(
                "Check that {} is the identity service of this region: `auth_url`, `endpoints` and `cloud`.",
                api.endpoint
            ));
        }
        _ => return None,
    };
    Some(text.to_owned())
}
