//! Why there are no credentials, or no project.

use std::{convert::Infallible, path::PathBuf, sync::Arc};

use super::Described;
use crate::rest::{self, Refusal, Request};

/// Variants by what the caller can do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The chosen source gave no credentials.
    #[error("no credentials could be had (by way of {})", described.who)]
    Unobtainable {
        /// Which source it was, and why not another.
        described: Arc<Described>,
        /// What it met.
        error: Box<Error>,
    },
    /// The same failure was reported in full before, so nothing was tried.
    #[error("this was not tried after an earlier failure")]
    Repeated(Box<Error>),
    /// A call to an identity service gave no useful reply.
    #[error("the identity service did not answer {operation} usefully")]
    Call {
        /// The call.
        operation: &'static str,
        /// Where it went.
        endpoint: String,
        /// What became of it.
        error: Arc<rest::Error<Infallible>>,
    },
    /// The reply lacks what it must hold.
    #[error("the reply to {operation} {problem}")]
    Reply {
        /// The call.
        operation: &'static str,
        /// What is wrong, without a word of the reply: it may hold a secret.
        problem: &'static str,
        /// The reply's id.
        request_id: Option<String>,
    },
    /// The metadata service gave no keys.
    #[error("the metadata service at {endpoint} gave no keys: {problem}")]
    Metadata {
        /// Where it was asked.
        endpoint: String,
        /// What happened, in words.
        problem: String,
    },
    /// A file that holds a token cannot be read, or is empty.
    #[error("the file {} {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An agency or role could not be assumed.
    #[error("{step} could not be assumed")]
    Step {
        /// Which one.
        step: String,
        /// What its calls met.
        error: Box<Error>,
    },
    /// Another account than the one that is configured.
    #[error("the credentials belong to the account {found:?}, and `domain_name` says {expected:?}")]
    OtherAccount {
        /// What the identity service says.
        found: String,
        /// What is configured.
        expected: String,
    },
    /// The identity service does not tell the account's id.
    #[error("the identity service lists no account for these credentials")]
    NoAccount,
    /// There is no such project, or it may not be seen.
    #[error("there is no project named {name:?}")]
    NoProject {
        /// The name that was looked up.
        name: String,
    },
    /// The token is for no project.
    #[error("the token is for no project")]
    NoScope,
    /// The caller's time was over, or it was stopped, while others' work was awaited.
    #[error("waiting for credentials was ended early")]
    Cut(rest::Cut),
}

impl Error {
    /// A call that was answered with 401.
    pub(super) fn refused(request: &Request, refusal: Refusal) -> Error {
        let refused: rest::Error<Infallible> =
            rest::Error::Refused { refusal, attempts: 1, unsettled: false };
        Error::of_call(request, refused)
    }

    /// A call that failed, or could not be authorised.
    pub(super) fn of_call<E: Into<Error>>(request: &Request, error: rest::Error<E>) -> Error {
        match narrow(error) {
            Ok(error) => Error::Call {
                operation: request.operation(),
                endpoint: request.base().authority().to_owned(),
                error: Arc::new(error),
            },
            Err(error) => error.into(),
        }
    }

    /// The short form, for those who meet it after somebody else has reported it in full.
    pub(super) fn repeated(self) -> Error {
        match self {
            Error::Repeated(_) => self,
            other => Error::Repeated(Box::new(other)),
        }
    }

    /// Whether asking again with the same configuration would only bring the same answer, or lock a key.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Error::Unobtainable { error, .. } | Error::Step { error, .. } => error.is_final(),
            Error::Repeated(_)
            | Error::Metadata { .. }
            | Error::OtherAccount { .. }
            | Error::NoAccount
            | Error::NoScope => true,
            Error::Call { error, .. } => match &**error {
                rest::Error::Refused { refusal, .. } => {
                    matches!(refusal.status, 400..=499) && !matches!(refusal.status, 408 | 429)
                }
                rest::Error::Authorise(_) | rest::Error::Lost { .. } | rest::Error::Cut { .. } => false,
            },
            Error::Reply { .. } | Error::File { .. } | Error::NoProject { .. } | Error::Cut(_) => false,
        }
    }
}

/// The same error without the authoriser's, which stands for itself.
fn narrow<E>(error: rest::Error<E>) -> Result<rest::Error<Infallible>, E> {
    Ok(match error {
        rest::Error::Authorise(error) => return Err(error),
        rest::Error::Refused { refusal, attempts, unsettled } => {
            rest::Error::Refused { refusal, attempts, unsettled }
        }
        rest::Error::Lost { source, attempts, unsettled } => {
            rest::Error::Lost { source, attempts, unsettled }
        }
        rest::Error::Cut { cut, unsettled, last } => {
            let last = last.and_then(|last| narrow(*last).ok()).map(Box::new);
            rest::Error::Cut { cut, unsettled, last }
        }
    })
}
