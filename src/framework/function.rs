//! Functions: pure, called in any walk, in a process that was never configured.

use super::{types::Type, value::Value};

/// A function that configurations call as `provider::NAME::function(...)`.
///
/// Core calls it only with arguments that are known and not null. Equal arguments must give equal results.
pub struct Function {
    /// Its name: an identifier.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it does, in Markdown.
    pub description: &'static str,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub returns: Type,
    /// The function itself. It is given as many arguments as there are parameters, each of its type.
    pub call: fn(&[Value]) -> Result<Value, Fault>,
}

/// One parameter.
pub struct Parameter {
    /// Its name: an identifier.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// What it is, in Markdown.
    pub description: &'static str,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The argument to blame, counted from 0.
    pub argument: Option<usize>,
    /// What is wrong and what to do, in sentences.
    pub text: String,
}

impl Fault {
    /// Blames an argument, counted from 0.
    pub fn at(argument: usize, text: impl Into<String>) -> Self {
        Self { argument: Some(argument), text: text.into() }
    }
}
