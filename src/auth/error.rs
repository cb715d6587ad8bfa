//! Why there are no credentials, or no project.

use std::{convert::Infallible, sync::Arc};

use crate::rest;

/// Variants by what the caller can do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// No source of credentials is configured.
    #[error("no credentials are configured")]
    NoCredentials,
    /// A call to the identity service gave no useful reply.
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
    /// There is no such project, or it may not be seen.
    #[error("there is no project named {name:?}")]
    NoProject {
        /// The name that was looked up.
        name: String,
    },
    /// The caller's time was over, or it was stopped, while others' work was awaited.
    #[error("waiting for credentials was ended early")]
    Cut(rest::Cut),
}
