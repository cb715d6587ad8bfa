//! What authorises the calls of one operation in one project.

use std::{sync::Arc, time::SystemTime};

use super::{Account, Error, account::Credentials};
use crate::rest::{Authorise, Header, Patience, Request};

/// Asks the account anew for each attempt, so that a retry uses the newest credentials.
#[derive(Clone)]
pub struct Identity {
    account: Account,
    project: Arc<str>,
    patience: Patience,
}

impl Identity {
    pub(super) fn new(account: Account, project: Arc<str>, patience: Patience) -> Identity {
        Identity { account, project, patience }
    }
}

impl Authorise for Identity {
    type Error = Error;

    async fn authorise(&self, request: &Request, now: SystemTime) -> Result<Vec<Header>, Error> {
        match self.account.credentials(&self.patience).await? {
            Credentials::Token(token) => Ok(vec![Header::sensitive("x-auth-token", token.expose())]),
            Credentials::Keys(keys) => {
                // Without the project's id the gateway does not let a sub-project's calls through.
                let scope = vec![Header::plain("x-project-id", &*self.project)];
                Ok(keys.headers(request, scope, now))
            }
        }
    }
}
