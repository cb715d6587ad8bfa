//! The protocol as Terraform core uses it: every call gets an answer that core accepts, and every rule that core
//! enforces is kept, by the real provider and by a made-up one that has every kind of value and goes wrong on demand.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "processes and sockets are real here, and so is their time")]

#[path = "wire/adoption.rs"]
mod adoption;
#[path = "wire/apply.rs"]
mod apply;
#[path = "wire/calls.rs"]
mod calls;
#[path = "wire/catalog.rs"]
mod catalog;
#[path = "wire/data.rs"]
mod data;
#[path = "wire/deferral.rs"]
mod deferral;
#[path = "wire/fake.rs"]
mod fake;
#[allow(dead_code, reason = "tests/plugin.rs uses more of it")]
mod go_client;
#[path = "wire/host.rs"]
mod host;
#[path = "wire/hostile.rs"]
mod hostile;
#[path = "wire/pack.rs"]
mod pack;
#[path = "wire/plan.rs"]
mod plan;
#[path = "wire/process.rs"]
mod process;
#[path = "wire/read.rs"]
mod read;
#[path = "wire/schema.rs"]
mod schema;
#[path = "wire/snapshot.rs"]
mod snapshot;
#[path = "wire/transport.rs"]
mod transport;
#[path = "wire/values.rs"]
mod values;
