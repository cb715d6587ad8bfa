//! The real Terraform against the simulator: what users do, and what they then read.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod harness;
