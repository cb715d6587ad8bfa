//! The provider framework: schemas, values, planning and the contract of a resource.
//!
//! It knows Terraform's rules and nothing of how they travel: no gRPC, no HTTP, no async runtime, no HSS. Resources
//! are written against [`resource::Resource`] with typed models; [`provider::Running`] is what a protocol serves.

pub mod action;
pub mod check;
pub mod collection;
pub mod data_source;
pub mod diag;
pub mod docs;
pub mod duration;
pub mod dynamic;
pub mod erased;
pub mod function;
pub mod identity;
pub mod list;
pub mod model;
pub mod number;
pub mod path;
pub mod plan;
pub mod private;
pub mod provider;
pub mod resource;
pub mod schema;
pub mod settle;
pub mod timeouts;
pub mod typed;
pub mod types;
pub mod value;
pub mod verify;
