//! Actions on the wire: any number of lines on the way, then exactly one event that says how it ended.

use std::sync::Arc;

use super::{Events, Service, later};
use crate::{
    framework::{action::Emit, diag::Outcome, provider::Provider},
    tfplugin6::{
        from_wire, to_wire,
        wire::{
            self,
            invoke_action::{
                Event,
                event::{Completed, Progress, Type},
            },
        },
    },
};

impl<P: Provider> Service<P> {
    pub(super) fn validated_action(
        &self,
        request: &wire::validate_action_config::Request,
    ) -> Outcome<wire::validate_action_config::Response> {
        let action = self.running.action(&request.type_name)?;
        let config = from_wire::value(request.config.as_ref(), action.ty())?;
        let diagnostics = to_wire::diagnostics(action.validate(config));
        Ok(wire::validate_action_config::Response { diagnostics })
    }

    pub(super) fn planned_action(
        &self,
        request: &wire::plan_action::Request,
    ) -> Outcome<wire::plan_action::Response> {
        let action = self.running.action(&request.action_type)?;
        let config = from_wire::value(request.config.as_ref(), action.ty())?;
        Ok(wire::plan_action::Response {
            diagnostics: to_wire::diagnostics(action.validate(config)),
            deferred: if self.defers(request.client_capabilities) { later() } else { None },
        })
    }

    pub(super) fn invoked(&self, request: wire::invoke_action::Request) -> Events<Event> {
        let running = Arc::clone(&self.running);
        let subject = request.action_type.clone();
        self.stream("InvokeAction", subject, move |emit| async move {
            let action = running.action(&request.action_type)?;
            let config = from_wire::value(request.config.as_ref(), action.ty())?;
            let progress: Emit<String> =
                Box::new(move |message| emit(Event { r#type: Some(Type::Progress(Progress { message })) }));
            let api = running.api()?;
            let diagnostics = action.invoke(&api, running.stop_handle(), config, progress).await;
            let completed = Completed { diagnostics: to_wire::diagnostics(diagnostics) };
            Ok(Some(Event { r#type: Some(Type::Completed(completed)) }))
        })
    }
}
