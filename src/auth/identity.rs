//! What authorises the calls of one operation, in one project or for the account.

use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};

use super::{
    Account, Credential, Error,
    credential::{is_verdict, lock},
    gate::Pass,
};
use crate::rest::{Answer, Authorise, Header, Patience, Request};

/// Asks the account anew for each attempt, so that a retry uses the newest credentials.
pub struct Identity {
    account: Account,
    project: Option<Arc<str>>,
    patience: Patience,
    /// What the attempt under way was authorised with, and whether it goes first.
    used: Mutex<Option<(Credential, Option<Pass>)>>,
}

impl Identity {
    pub(super) fn new(account: Account, project: Option<Arc<str>>, patience: Patience) -> Identity {
        Identity { account, project, patience, used: Mutex::default() }
    }
}

impl Authorise for Identity {
    type Error = Error;

    async fn authorise(&self, request: &Request, _: SystemTime) -> Result<Vec<Header>, Error> {
        let mut waited = false;
        loop {
            let credential = self.account.credential(&self.patience).await.map_err(|error| {
                // A look-up tells its error to all who wait for it, and each of them passes here by itself.
                if self.project.is_some() { self.account.once(error) } else { error }
            })?;
            let pass = match credential.gate().enter().await {
                Ok(pass) => pass,
                Err(why) if self.account.still_uses(&credential) => return Err(why),
                Err(_) => continue,
            };
            // Waiting at the gate may have taken time.
            let now = self.account.sender().clock().now();
            if credential.is_over(now) && !waited {
                waited = true;
                continue;
            }
            let scope = match &self.project {
                // Without the project's id the gateway does not let a sub-project's calls through.
                Some(project) => Some(Header::plain("x-project-id", &**project)),
                None => self.account.domain_id().map(|id| Header::plain("x-domain-id", id)),
            };
            let headers = credential.headers(request, scope.into_iter().collect(), now);
            *lock(&self.used) = Some((credential, pass));
            return Ok(headers);
        }
    }

    async fn answered(&self, request: &Request, answer: Answer<'_>) -> bool {
        let Some((credential, pass)) = lock(&self.used).take() else { return false };
        match answer {
            Answer::Unauthorised(refusal) => {
                let tells = self.project.is_some();
                self.account.refused(&credential, pass, request, refusal, &self.patience, tells).await
            }
            Answer::Status(status) if is_verdict(status) => {
                if let Some(pass) = pass {
                    pass.accepted();
                    self.account.accepted(&credential);
                }
                false
            }
            Answer::Status(_) | Answer::None => false,
        }
    }
}
