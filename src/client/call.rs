//! One call: from an operation and its values to a reply, or to an error that says where it went.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Error, Session,
    error::Origin,
    operation::Operation,
    page::{PAGE, Page},
};
use crate::{
    auth::Account,
    rest::{Base, Effect, Header, Reply, Request, is_segment},
};

/// The values of one call.
#[derive(Default)]
pub(super) struct Values<'a> {
    /// The path after the project.
    pub(super) path: &'a [&'a str],
    /// The query besides the enterprise project.
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

/// A paged list as every list of HSS is written. Anything may be missing.
#[derive(serde::Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct ListReply<T> {
    total_num: Option<u64>,
    data_list: Option<Vec<T>>,
}

impl Session {
    /// The reply of one call; its status is 2xx.
    pub(super) async fn call(
        &self,
        operation: &'static Operation,
        values: Values<'_>,
    ) -> Result<Reply, Error> {
        let (account, base) = self.route()?;
        if let Some(id) = values.path.iter().find(|segment| !is_segment(segment)) {
            return Err(Error::Id { id: (*id).to_owned() });
        }
        let project = account
            .project(&self.region, &self.patience)
            .await
            .map_err(|error| Error::from_auth(error, operation.name).made_with(account.described()))?;
        let path = ["v5", &*project].into_iter().chain(values.path.iter().copied());
        let mut request =
            Request::new(operation.name, operation.effect, operation.method.clone(), &base, path);
        for (name, value) in values.query {
            request = request.query(name, value);
        }
        let scope =
            if operation.effect == Effect::Read { Some(self.read_scope()) } else { self.write_scope() };
        if let Some(scope) = scope {
            request = request.query("enterprise_project_id", scope);
        }
        if operation.region_header {
            request = request.header(Header::plain("region", self.region.as_str()));
        }
        if let Some(body) = &values.body {
            request = request.json(body);
        }
        let identity = account.identity(project, self.patience.clone());
        self.hss.0.sender.send(&request, &identity, &self.patience).await.map_err(|error| {
            let origin =
                Origin { operation: operation.name, region: &self.region, endpoint: base.authority() };
            Error::from_call(error, origin).made_with(account.described())
        })
    }

    /// The reply's body as a value.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        operation: &'static Operation,
        values: Values<'_>,
    ) -> Result<T, Error> {
        let reply = self.call(operation, values).await?;
        reply.json().map_err(|error| Error::Malformed {
            operation: operation.name,
            problem: format!("is not the expected JSON ({error})"),
            request_id: reply.request_id().map(str::to_owned),
        })
    }

    /// One page of a list.
    pub(super) async fn read_page<T: DeserializeOwned>(
        &self,
        operation: &'static Operation,
        mut values: Values<'_>,
        offset: u64,
    ) -> Result<Page<T>, Error> {
        values.query.push(("limit", PAGE.to_string()));
        values.query.push(("offset", offset.to_string()));
        let reply: ListReply<T> = self.read(operation, values).await?;
        // An empty list may leave its items out, but an object that is no list at all proves nothing about what is gone.
        if reply.data_list.is_none() && reply.total_num != Some(0) {
            return Err(Error::Malformed {
                operation: operation.name,
                problem: "holds no list".to_owned(),
                request_id: None,
            });
        }
        Ok(Page { items: reply.data_list.unwrap_or_default(), total: reply.total_num })
    }

    /// Makes sure that the project is known, so that a walk starts with its first page.
    pub(super) async fn prepare(&self, operation: &'static Operation) -> Result<(), Error> {
        let (account, _) = self.route()?;
        let project = account.project(&self.region, &self.patience).await;
        project
            .map(drop)
            .map_err(|error| Error::from_auth(error, operation.name).made_with(account.described()))
    }

    /// Whether a call of the operation might have to wait for its quota now.
    pub(super) fn is_limited(&self, operation: &'static Operation) -> bool {
        let base = self.route().map(|(_, base)| base);
        base.is_ok_and(|base| self.hss.0.sender.is_limited(base.authority(), operation.name))
    }

    fn route(&self) -> Result<(&Account, Base), Error> {
        let account = self.hss.0.account.as_ref().map_err(|error| Error::Settings(error.clone()))?;
        self.hss.check_region(&self.region)?;
        let base = self.hss.0.settings.hss_base(&self.region).map_err(Error::Settings)?;
        Ok((account, base))
    }
}

/// An empty text means as little as a missing one.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
