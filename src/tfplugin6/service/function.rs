//! Functions on the wire.

use std::collections::HashMap;

use super::Service;
use crate::{
    framework::{
        diag::{Diagnostic, Outcome},
        function::Function,
        provider::Provider,
    },
    tfplugin6::{from_wire, to_wire, wire},
};

impl<P: Provider> Service<P> {
    pub(super) fn function_schemas(&self) -> HashMap<String, wire::Function> {
        self.running.functions().iter().map(|one| (one.name.to_owned(), described(one))).collect()
    }

    pub(super) fn called(
        &self,
        request: &wire::call_function::Request,
    ) -> Outcome<wire::call_function::Response> {
        let function = self.running.function(&request.name)?;
        if request.arguments.len() != function.parameters.len() {
            let what = format!("{} was called with {} arguments.", function.name, request.arguments.len());
            return Err(Diagnostic::our_bug(what).into());
        }
        let arguments = function
            .parameters
            .iter()
            .zip(&request.arguments)
            .map(|(parameter, argument)| from_wire::value(Some(argument), &parameter.ty))
            .collect::<Outcome<Vec<_>>>()?;
        Ok(match (function.call)(&arguments) {
            Ok(result) => wire::call_function::Response {
                result: Some(to_wire::value(&result, &function.returns)?),
                error: None,
            },
            Err(fault) => wire::call_function::Response {
                result: None,
                error: Some(wire::FunctionError {
                    // Core puts a full stop behind it.
                    text: fault.text.trim_end_matches('.').to_owned(),
                    function_argument: fault.argument.and_then(|index| i64::try_from(index).ok()),
                }),
            },
        })
    }
}

fn described(function: &Function) -> wire::Function {
    let parameters = function.parameters.iter().map(|parameter| wire::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: parameter.ty.to_json().to_string().into_bytes(),
        description: parameter.description.to_owned(),
        description_kind: wire::StringKind::Markdown.into(),
        ..Default::default()
    });
    wire::Function {
        parameters: parameters.collect(),
        r#return: Some(wire::function::Return {
            r#type: function.returns.to_json().to_string().into_bytes(),
        }),
        summary: function.summary.to_owned(),
        description: function.description.to_owned(),
        description_kind: wire::StringKind::Markdown.into(),
        ..Default::default()
    }
}
