//! Resource identity on the wire.

use super::Service;
use crate::{
    framework::{
        diag::{Diagnostic, Diagnostics, Outcome},
        erased::{AnyResource, Import},
        provider::Provider,
        value::Value,
    },
    tfplugin6::{
        from_wire,
        json::{self, Strangers},
        to_wire, wire,
    },
};

/// An identity as a message; none where there is none.
pub(super) fn written<Api>(
    identity: &Value,
    resource: &dyn AnyResource<Api>,
) -> Outcome<Option<wire::ResourceIdentityData>> {
    if identity.is_null() {
        return Ok(None);
    }
    let identity_data = Some(to_wire::value(identity, resource.identity_ty())?);
    Ok(Some(wire::ResourceIdentityData { identity_data }))
}

/// What an import goes by: the identity where there is one, else the text.
pub(super) fn import_by<'a, Api>(
    request: &'a wire::import_resource_state::Request,
    resource: &dyn AnyResource<Api>,
) -> Outcome<Import<'a>> {
    let data = request.identity.as_ref().and_then(|identity| identity.identity_data.as_ref());
    match from_wire::value(data, resource.identity_ty())? {
        Value::Null => Ok(Import::Id(&request.id)),
        identity => Ok(Import::Identity(identity)),
    }
}

impl<P: Provider> Service<P> {
    /// The identities of all resource types that have one.
    pub(super) fn identity_schemas(&self) -> wire::get_resource_identity_schemas::Response {
        let offered = self.running.resources().iter().filter(|resource| resource.identity().is_offered());
        let identity_schemas = offered
            .map(|resource| {
                let schema = to_wire::identity(resource.identity(), &resource.described().block);
                (resource.name().to_owned(), schema)
            })
            .collect();
        wire::get_resource_identity_schemas::Response { identity_schemas, ..Default::default() }
    }

    /// A stored identity at the current version.
    pub(super) fn upgraded_identity(
        &self,
        request: &wire::upgrade_resource_identity::Request,
    ) -> Outcome<wire::upgrade_resource_identity::Response> {
        let resource = self.running.resource(&request.type_name)?;
        let current = resource.identity().version;
        if !resource.identity().is_offered() || request.version > current {
            let detail = format!(
                "It has version {}, and this provider knows only up to {current}. Use the version of the provider that wrote it, or a newer one.",
                request.version
            );
            return Err(Diagnostic::error("The stored identity is newer than the provider", detail).into());
        }
        let mut stored = from_wire::state(request.raw_identity.as_ref())?;
        if request.version < current {
            stored = resource.upgrade_identity(request.version, stored)?;
        }
        let identity = json::decode(&stored, resource.identity_ty(), Strangers::Ignore).map_err(|error| {
            let detail =
                format!("{error}. The next refresh writes it anew, once it is removed from the state.");
            Diagnostics::from(Diagnostic::error("The stored identity does not fit the resource type", detail))
        })?;
        let upgraded_identity = written(&identity, resource)?;
        Ok(wire::upgrade_resource_identity::Response { upgraded_identity, ..Default::default() })
    }
}
