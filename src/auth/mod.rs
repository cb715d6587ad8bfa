//! Who we are towards the cloud: where credentials come from, how they are kept fresh, and how they prove a call.
//!
//! Everything is lazy and shared: the first call resolves it, callers that come meanwhile wait for the same
//! answer. Nothing here knows a path of HSS or a word of Terraform. [`choose`] says which source wins,
//! `sources` has one file for each, `account.rs` keeps what they bring, and [`sign`] is a pure function.

mod account;
mod credential;
mod error;
mod gate;
mod identity;
mod keys;
mod lookup;
pub mod profile;
mod secret;
pub mod sign;
mod sources;
#[cfg(test)]
mod tests;

pub use account::{Account, AccountSettings, Described};
use credential::{Credential, Proof};
pub use error::Error;
pub use identity::Identity;
pub use keys::{Keys, abridged};
pub use secret::Secret;
pub use sign::Algorithm;
pub use sources::{
    Agency, Chain, IdToken, Offer, Oidc, Password, Role, RoleAccount, RoleNeedsKeys, Source, User, choose,
};
