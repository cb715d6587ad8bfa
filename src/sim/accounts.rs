//! Who may act for whom: accounts beside the own one, agencies, identity providers, and what a credential stands for.

use serde_json::{Value, json};

use super::{
    identity::same,
    world::{Named, User, World},
};

/// Another account, with projects that only its agencies reach.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) domain: Named,
    pub(super) projects: Vec<Named>,
}

/// A role that others may take on.
#[derive(Clone, Debug)]
pub(super) struct Agency {
    pub(super) name: String,
    /// The id of the account that owns it.
    pub(super) domain_id: String,
    /// Ids or names of accounts, or principals as the journal writes them.
    pub(super) trusts: Vec<String>,
    /// The longest session STS grants.
    pub(super) max_duration_s: i64,
}

/// An OIDC provider of the own account.
#[derive(Clone)]
pub(super) struct IdentityProvider {
    pub(super) id: String,
    /// The ID tokens it vouches for.
    pub(super) id_tokens: Vec<String>,
}

/// Whom a credential stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Principal {
    pub(super) kind: Kind,
    /// The access key, the user's id, the agency's name or the provider's id.
    pub(super) id: String,
    /// The account in which it acts.
    pub(super) domain: Named,
    /// The name in the journal and in trust lists.
    pub(super) label: String,
    /// What a token of it is called in the journal's `who`.
    pub(super) name: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Key,
    User,
    Agency,
    IdentityProvider,
    /// The agency of the instance whose metadata is served.
    Instance,
}

/// Why an agency cannot be taken on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NoAgency {
    Unknown,
    Distrusted,
}

impl Principal {
    pub(super) fn key(world: &World, access: &str) -> Self {
        let label = format!("key:{access}");
        Self {
            kind: Kind::Key,
            id: access.to_owned(),
            domain: world.domain.clone(),
            name: access.to_owned(),
            label,
        }
    }

    pub(super) fn user(world: &World, user: &User) -> Self {
        Self {
            kind: Kind::User,
            id: user.id.clone(),
            domain: world.domain.clone(),
            label: format!("user:{}", user.name),
            name: user.name.clone(),
        }
    }

    pub(super) fn agency(domain: &Named, agency: &Agency) -> Self {
        let label = format!("agency:{}/{}", domain.name, agency.name);
        Self {
            kind: Kind::Agency,
            id: agency.name.clone(),
            domain: domain.clone(),
            name: label.clone(),
            label,
        }
    }

    pub(super) fn identity_provider(world: &World, id: &str) -> Self {
        let label = format!("idp:{id}");
        Self {
            kind: Kind::IdentityProvider,
            id: id.to_owned(),
            domain: world.domain.clone(),
            name: label.clone(),
            label,
        }
    }

    pub(super) fn instance(world: &World) -> Self {
        let label = format!("ecs:{}", world.instance_agency);
        Self {
            kind: Kind::Instance,
            id: world.instance_agency.clone(),
            domain: world.domain.clone(),
            name: label.clone(),
            label,
        }
    }
}

impl World {
    /// The account with this id.
    pub(super) fn account(&self, id: &str) -> Option<&Named> {
        self.all_accounts().find(|domain| domain.id == id)
    }

    /// The account that `{"id": …}` or `{"name": …}` means; the id wins.
    pub(super) fn account_meant(&self, id: Option<&str>, name: Option<&str>) -> Option<&Named> {
        match (id, name) {
            (Some(id), _) => self.account(id),
            (None, Some(name)) => self.all_accounts().find(|domain| domain.name == name),
            (None, None) => None,
        }
    }

    fn all_accounts(&self) -> impl Iterator<Item = &Named> {
        std::iter::once(&self.domain).chain(self.accounts.iter().map(|account| &account.domain))
    }

    /// The projects of an account.
    pub(super) fn projects_of(&self, domain_id: &str) -> &[Named] {
        if domain_id == self.domain.id {
            return &self.projects;
        }
        let account = self.accounts.iter().find(|account| account.domain.id == domain_id);
        account.map_or(&[], |account| &account.projects)
    }

    /// Every project there is, whosesoever.
    pub(super) fn all_projects(&self) -> impl Iterator<Item = &Named> {
        self.projects.iter().chain(self.accounts.iter().flat_map(|account| &account.projects))
    }

    /// The project in which everything is that names none.
    pub(super) fn default_project(&self) -> &str {
        self.projects.first().map_or("", |project| &project.id)
    }

    /// Puts what names no project into the one that goes without saying. Any other must be known.
    pub(super) fn place(&self, project_id: &mut String) -> Result<(), String> {
        if project_id.is_empty() {
            self.default_project().clone_into(project_id);
        } else if !self.all_projects().any(|project| project.id == *project_id) {
            return Err("project_id: there is no such project".to_owned());
        }
        Ok(())
    }

    pub(super) fn agency(&self, domain_id: &str, name: &str) -> Option<&Agency> {
        self.agencies.iter().find(|agency| agency.domain_id == domain_id && agency.name == name)
    }

    /// The agency and its account, if it is there and trusts the caller.
    pub(super) fn assumable(
        &self,
        caller: &Principal,
        domain: Option<&Named>,
        name: &str,
    ) -> Result<(Named, Agency), NoAgency> {
        let domain = domain.ok_or(NoAgency::Unknown)?;
        let agency = self.agency(&domain.id, name).ok_or(NoAgency::Unknown)?;
        if !agency.trusts(caller) {
            return Err(NoAgency::Distrusted);
        }
        Ok((domain.clone(), agency.clone()))
    }

    pub(super) fn identity_provider(&self, id: &str) -> Option<&IdentityProvider> {
        self.identity_providers.iter().find(|provider| provider.id == id)
    }

    /// Whether credentials of this principal mean something in this world.
    pub(super) fn knows(&self, principal: &Principal) -> bool {
        let id = &principal.id;
        let is_there = match principal.kind {
            Kind::Key => self.access_keys.iter().any(|key| key.access == *id),
            Kind::User => self.users.iter().any(|user| user.id == *id),
            Kind::Agency => self.agency(&principal.domain.id, id).is_some(),
            Kind::IdentityProvider => self.identity_provider(id).is_some(),
            Kind::Instance => self.instance_agency == *id,
        };
        is_there && self.account(&principal.domain.id).is_some()
    }
}

impl Named {
    /// The region of a project: its name up to the underscore that begins a sub-project's own name.
    pub(super) fn region(&self) -> &str {
        self.name.split('_').next().unwrap_or_default()
    }

    pub(super) fn is_sub_project(&self) -> bool {
        self.name.contains('_')
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"id": self.id, "name": self.name})
    }
}

impl Account {
    pub(super) fn to_json(&self) -> Value {
        let projects: Vec<Value> = self.projects.iter().map(Named::to_json).collect();
        json!({"id": self.domain.id, "name": self.domain.name, "projects": projects})
    }
}

impl Agency {
    pub(super) fn trusts(&self, principal: &Principal) -> bool {
        self.trusts
            .iter()
            .any(|it| [&principal.domain.id, &principal.domain.name, &principal.label].contains(&it))
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "domain_id": self.domain_id,
            "trusts": self.trusts,
            "max_duration_s": self.max_duration_s,
        })
    }
}

impl IdentityProvider {
    pub(super) fn vouches_for(&self, id_token: &str) -> bool {
        self.id_tokens.iter().any(|it| same(it, id_token))
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"id": self.id, "id_tokens": self.id_tokens})
    }
}

impl std::fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityProvider").field("id", &self.id).finish_non_exhaustive()
    }
}
