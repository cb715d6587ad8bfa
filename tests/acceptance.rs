//! The real Terraform against the simulator: what users do, and what they then read.
//!
//! Every scenario has a simulator with a world of its own and a folder of its own. `cargo test --test acceptance
//! NAME -- --nocapture` shows what Terraform printed.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "these tests drive real processes in real time")]

mod harness;

#[path = "acceptance/stage.rs"]
mod stage;

#[path = "acceptance/adoption.rs"]
mod adoption;
#[path = "acceptance/broken_credentials.rs"]
mod broken_credentials;
#[path = "acceptance/configuration.rs"]
mod configuration;
#[path = "acceptance/credentials.rs"]
mod credentials;
#[path = "acceptance/data_sources.rs"]
mod data_sources;
#[path = "acceptance/drift.rs"]
mod drift;
#[path = "acceptance/enterprise_projects.rs"]
mod enterprise_projects;
#[path = "acceptance/examples.rs"]
mod examples;
#[path = "acceptance/export.rs"]
mod export;
#[path = "acceptance/fleet.rs"]
mod fleet;
#[path = "acceptance/functions.rs"]
mod functions;
#[path = "acceptance/identity.rs"]
mod identity;
#[path = "acceptance/import.rs"]
mod import;
#[path = "acceptance/in_use.rs"]
mod in_use;
#[path = "acceptance/insecure.rs"]
mod insecure;
#[path = "acceptance/interruption.rs"]
mod interruption;
#[path = "acceptance/lifecycle.rs"]
mod lifecycle;
#[path = "acceptance/logs.rs"]
mod logs;
#[path = "acceptance/many.rs"]
mod many;
#[path = "acceptance/modules.rs"]
mod modules;
#[path = "acceptance/preflight.rs"]
mod preflight;
#[path = "acceptance/provider_block.rs"]
mod provider_block;
#[path = "acceptance/query.rs"]
mod query;
#[path = "acceptance/refusals.rs"]
mod refusals;
#[path = "acceptance/releases.rs"]
mod releases;
#[path = "acceptance/schemas.rs"]
mod schemas;
#[path = "acceptance/stale_plans.rs"]
mod stale_plans;
#[path = "acceptance/successors.rs"]
mod successors;
#[path = "acceptance/verify.rs"]
mod verify;
#[path = "acceptance/waiting.rs"]
mod waiting;
