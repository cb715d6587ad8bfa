//! Terraform plugin protocol 6 over gRPC, in terms of [`crate::framework`].
//!
//! Messages are generated from `proto/tfplugin6.proto`; [`from_wire`] and [`to_wire`] convert, [`service`] answers
//! the calls. Nothing here knows of HSS.

pub mod from_wire;
pub mod json;
pub mod msgpack;
pub mod service;
pub mod to_wire;

/// The generated messages and services.
#[expect(missing_docs, clippy::all, reason = "generated from proto/tfplugin6.proto, which has the comments")]
pub mod wire {
    tonic::include_proto!("tfplugin6");
}

/// The compiled descriptors of everything under `proto/`, for holding them against the facts of the wire.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
