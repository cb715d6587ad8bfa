//! Data sources on the wire.

use super::{Service, later};
use crate::{
    framework::{diag::Outcome, provider::Provider},
    tfplugin6::{from_wire, to_wire, wire},
};

impl<P: Provider> Service<P> {
    pub(super) fn validated_data(
        &self,
        request: &wire::validate_data_resource_config::Request,
    ) -> Outcome<wire::validate_data_resource_config::Response> {
        let source = self.running.data_source(&request.type_name)?;
        let config = from_wire::value(request.config.as_ref(), source.ty())?;
        let diagnostics = to_wire::diagnostics(source.validate(config));
        Ok(wire::validate_data_resource_config::Response { diagnostics })
    }

    pub(super) async fn read_data(
        &self,
        request: &wire::read_data_source::Request,
    ) -> Outcome<wire::read_data_source::Response> {
        let source = self.running.data_source(&request.type_name)?;
        let config = from_wire::value(request.config.as_ref(), source.ty())?;
        let api = self.running.api()?;
        if self.defers(request.client_capabilities) {
            let state = Some(to_wire::value(&source.deferred(config), source.ty())?);
            return Ok(wire::read_data_source::Response { state, deferred: later(), ..Default::default() });
        }
        let (state, diagnostics) = source.read(&api, self.running.stop_handle(), config).await;
        Ok(wire::read_data_source::Response {
            // Core refuses null without an error, and with one it does not look.
            state: Some(to_wire::value(&state, source.ty())?),
            diagnostics: to_wire::diagnostics(diagnostics),
            ..Default::default()
        })
    }
}
