//! From errors of the client to what the user reads.

use crate::{
    client::Error,
    framework::{
        diag::{Diagnostic, Outcome},
        path::Path,
    },
};

/// Blames an attribute for an error of the client.
pub trait Blame<T> {
    /// `summary` says what did not happen; cause, code, request id and remedy come from the error.
    fn at(self, path: Path, summary: &str) -> Outcome<T>;
    /// The same where no attribute is to blame.
    fn whole(self, summary: &str) -> Outcome<T>;
}

impl<T> Blame<T> for Result<T, Error> {
    fn at(self, path: Path, summary: &str) -> Outcome<T> {
        self.map_err(|error| diagnostic(&error, summary).at(path).into())
    }

    fn whole(self, summary: &str) -> Outcome<T> {
        self.map_err(|error| diagnostic(&error, summary).into())
    }
}

/// The error in words, not yet at an attribute.
pub fn diagnostic(error: &Error, summary: &str) -> Diagnostic {
    Diagnostic::error(summary, detail(error))
}

/// Cause and remedy in sentences.
pub fn detail(error: &Error) -> String {
    let cause = chain(error);
    match error.remedy() {
        Some(remedy) => format!("{cause}\n\n{remedy}"),
        None => cause,
    }
}

/// The error and what it came from, joined once to a sentence. Each layer speaks for itself alone.
fn chain(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let mut text = first + letters.as_str();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}
