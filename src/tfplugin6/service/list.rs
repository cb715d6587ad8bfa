//! List resources on the wire: a stream of what was found, as it is found.

use std::sync::Arc;

use super::{Events, Service};
use crate::{
    framework::{
        action::Emit,
        diag::{Diagnostics, Outcome},
        list::{Found, Search},
        provider::Provider,
    },
    tfplugin6::{from_wire, to_wire, wire},
};

/// How many objects core asks for when the user does not say.
const USUAL_LIMIT: u64 = 100;

impl<P: Provider> Service<P> {
    pub(super) fn validated_list(
        &self,
        request: &wire::validate_list_resource_config::Request,
    ) -> Outcome<wire::validate_list_resource_config::Response> {
        let list = self.running.list(&request.type_name)?;
        let config = from_wire::value(request.config.as_ref(), list.ty())?;
        let diagnostics = to_wire::diagnostics(list.validate(config));
        Ok(wire::validate_list_resource_config::Response { diagnostics })
    }

    pub(super) fn listed(&self, request: wire::list_resource::Request) -> Events<wire::list_resource::Event> {
        let running = Arc::clone(&self.running);
        let subject = request.type_name.clone();
        self.stream("ListResource", subject, move |emit| async move {
            let (list, resource) = (running.list(&request.type_name)?, running.resource(&request.type_name)?);
            let config = from_wire::value(request.config.as_ref(), list.ty())?;
            let limit = u64::try_from(request.limit).ok().filter(|limit| *limit > 0).unwrap_or(USUAL_LIMIT);
            let (identity_ty, ty) = (resource.identity_ty().clone(), resource.ty().clone());
            let found: Emit<Found> = Box::new(move |found| {
                let event = (|| {
                    let identity_data = Some(to_wire::value(&found.identity, &identity_ty)?);
                    let object =
                        if found.object.is_null() { None } else { Some(to_wire::value(&found.object, &ty)?) };
                    Ok(wire::list_resource::Event {
                        identity: Some(wire::ResourceIdentityData { identity_data }),
                        display_name: found.display_name,
                        resource_object: object,
                        diagnostic: Vec::new(),
                    })
                })();
                emit(event.unwrap_or_else(said))
            });
            let api = running.api()?;
            let search = Search { config, limit, wants_objects: request.include_resource_object };
            let diagnostics = list.list(&api, running.stop_handle(), search, Arc::new(found)).await;
            Ok((!diagnostics.is_empty()).then(|| said(diagnostics)))
        })
    }
}

fn said(diagnostics: Diagnostics) -> wire::list_resource::Event {
    wire::list_resource::Event { diagnostic: to_wire::diagnostics(diagnostics), ..Default::default() }
}
