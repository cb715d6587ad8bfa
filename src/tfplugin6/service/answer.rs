//! Answers that can say why there is nothing else in them.

use crate::{
    framework::diag::Diagnostics,
    tfplugin6::{to_wire, wire},
};

/// An answer that can say why there is none.
pub(super) trait Answer: Default {
    fn refusal(diagnostics: Diagnostics) -> Self;
    fn errors(&self) -> usize;
}

fn count_errors(diagnostics: &[wire::Diagnostic]) -> usize {
    diagnostics.iter().filter(|one| one.severity() == wire::diagnostic::Severity::Error).count()
}

macro_rules! answers_with_diagnostics {
    ($($message:ident),* $(,)?) => {$(
        impl Answer for wire::$message::Response {
            #[allow(clippy::needless_update, reason = "some of the messages hold nothing but diagnostics")]
            fn refusal(diagnostics: Diagnostics) -> Self {
                Self { diagnostics: to_wire::diagnostics(diagnostics), ..Self::default() }
            }

            fn errors(&self) -> usize {
                count_errors(&self.diagnostics)
            }
        }
    )*};
}

answers_with_diagnostics!(
    apply_resource_change,
    close_ephemeral_resource,
    configure_provider,
    configure_state_store,
    delete_state,
    generate_resource_config,
    get_functions,
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    get_states,
    import_resource_state,
    lock_state,
    move_resource_state,
    open_ephemeral_resource,
    plan_action,
    plan_resource_change,
    read_data_source,
    read_resource,
    read_state_bytes,
    renew_ephemeral_resource,
    unlock_state,
    upgrade_resource_identity,
    upgrade_resource_state,
    validate_action_config,
    validate_data_resource_config,
    validate_ephemeral_resource_config,
    validate_list_resource_config,
    validate_provider_config,
    validate_resource_config,
    validate_state_store,
    write_state_bytes,
);

impl Answer for wire::call_function::Response {
    /// Functions have an error of their own, which is one text.
    fn refusal(diagnostics: Diagnostics) -> Self {
        let text =
            diagnostics.into_iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect::<Vec<_>>();
        let error = wire::FunctionError { text: text.join("\n"), function_argument: None };
        Self { error: Some(error), ..Self::default() }
    }

    fn errors(&self) -> usize {
        usize::from(self.error.is_some())
    }
}

impl Answer for wire::list_resource::Event {
    fn refusal(diagnostics: Diagnostics) -> Self {
        Self { diagnostic: to_wire::diagnostics(diagnostics), ..Self::default() }
    }

    fn errors(&self) -> usize {
        count_errors(&self.diagnostic)
    }
}

impl Answer for wire::invoke_action::Event {
    /// The one completed event that must come; core panics on an event without a kind.
    fn refusal(diagnostics: Diagnostics) -> Self {
        use wire::invoke_action::event::{Completed, Type};
        Self { r#type: Some(Type::Completed(Completed { diagnostics: to_wire::diagnostics(diagnostics) })) }
    }

    fn errors(&self) -> usize {
        use wire::invoke_action::event::Type;
        match &self.r#type {
            Some(Type::Completed(completed)) => count_errors(&completed.diagnostics),
            _ => 0,
        }
    }
}

impl Answer for wire::stop_provider::Response {
    fn refusal(_: Diagnostics) -> Self {
        Self::default()
    }

    fn errors(&self) -> usize {
        0
    }
}
