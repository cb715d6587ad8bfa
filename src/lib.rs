//! A Terraform provider for the remote backup of Huawei Cloud HSS Web Tamper Protection.
//!
//! This is a guided tour: one paragraph per layer, in reading order. Two stacks meet in one place. The Terraform stack
//! knows nothing of HSS, the HSS stack nothing of Terraform, and only [`hss`] knows both. `docs/ARCHITECTURE.md` has
//! the map, the way of one request and the rules; `tests/tidy.rs` holds the code to its layer table.
//!
//! **[`hss`]** is what users see: the provider block, the two resources, data sources and functions. Start with
//! `resources/remote_backup.rs`.
//! A resource is a model, a table of rows from which its schema is made, and the five things that can be done with it.
//!
//! **[`framework`]** makes that possible. It knows Terraform's rules: values that may be null or unknown, schemas,
//! planning, what is kept when an operation fails half-way. It knows nothing of how they travel, and its planning is
//! pure.
//!
//! **[`tfplugin6`]** puts the framework on the wire: messages generated from `proto/tfplugin6.proto`, MessagePack, and
//! one answer for each call of the protocol. An error is a diagnostic there, and so is a panic.
//!
//! **[`plugin`]** is how Terraform starts this process, trusts it, talks to it and ends it: the handshake line, the
//! socket, mutual TLS with one pinned client, and the services that look after a plugin. It would serve any other
//! plugin as well.
//!
//! **[`client`]** is the other side of `hss`: HSS as typed calls. A session is one operation's view of it, in one region
//! and enterprise project, within one time limit. Lists are walked whole, and callers that ask together share a walk.
//!
//! **[`hcl`]** writes configurations as `terraform fmt` would lay them out, for what `export` finds.
//!
//! **[`auth`]** says who we are: which source of credentials wins, how each is used and renewed, the project of a
//! region, and the signature of a request as a pure function.
//!
//! **[`rest`]** has requests and replies as values, and the one loop that sends them: authorise, send, judge, wait. The
//! verdict on a failed attempt is a pure function.
//!
//! **[`clock`]** is where time and the user's wish to stop come from. Layers that wait are handed it, so a test decides
//! how time passes. **[`log`]** writes log lines in the form that Terraform reads.
//!
//! **[`sim`]** stands apart: an HSS in memory, written from the vendor's documents. It shares nothing with the provider,
//! so that a mistake in one is not repeated in the other.

pub mod auth;
pub mod client;
pub mod clock;
pub mod framework;
pub mod hcl;
pub mod hss;
pub mod log;
pub mod plugin;
pub mod rest;
pub mod sim;
pub mod tfplugin6;
