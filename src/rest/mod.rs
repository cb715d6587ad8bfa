//! HTTP for JSON services: requests and replies are values, and one loop sends them.
//!
//! Authorisation is asked of a trait and the retry verdict is a pure function. Nothing here knows what a
//! credential is, or which service answers.

mod base;
mod certificates;
mod error;
mod escape;
mod fault;
mod flight;
mod pace;
mod patience;
mod queue;
mod reply;
mod request;
mod retry;
mod send;
mod transport;

#[cfg(test)]
pub(crate) mod testing;

pub use base::{Base, BaseError};
pub use certificates::{CertificateError, ClientCertificate, Roots};
pub use error::{Cut, Error, Refusal};
pub use escape::{escape, query_string};
pub use fault::Fault;
pub use flight::{Flights, Ticket};
pub use patience::{Cause, Limits, Patience, Quota, Waiting};
pub use queue::Urgency;
pub use reply::Reply;
pub use request::{Effect, Header, Method, Request, is_segment};
pub use retry::{History, Lost, Outcome, Rate, Reason, Throttled, Verdict, verdict};
pub use send::{Answer, Authorise, Sender, Unsigned};
pub use transport::{MAX_BODY, Transport, TransportError, TransportOptions};
