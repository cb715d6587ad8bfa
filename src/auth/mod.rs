//! Who we are towards the cloud: credentials, request signatures, tokens and the project.
//!
//! Everything is lazy and shared: the first call resolves it, callers that come meanwhile wait for the same
//! answer. Nothing here knows a path of HSS or a word of Terraform.

mod account;
mod error;
mod identity;
mod keys;
mod secret;
pub mod sign;

pub use account::{Account, AccountSettings, Source};
pub use error::Error;
pub use identity::Identity;
pub use keys::Keys;
pub use secret::Secret;
