//! An HSS in memory: the nine web-tamper-protection operations, and as much of IAM, STS and the metadata service of
//! an instance as every way of getting credentials needs.
//!
//! It is a second, independent reading of the API and uses nothing of the provider, so that a mistake in one
//! is not repeated in the other. `knobs` says how it behaves where the vendor's documents are silent.
//!
//! The way of a call: `server` → `gateway` (`identity`, throttle, `faults`, `storm`) → `backup_hosts`, `remote_backup`,
//! `wtp`, `iam`, `tokens`, `security_tokens`, `sts` or `metadata` → `lists` and `reply`. Tests look and turn through
//! `control`, under `/_sim/`.

mod accounts;
mod backup_hosts;
mod call;
mod chance;
mod connection;
mod control;
mod faults;
mod gateway;
mod host_details;
mod iam;
mod identity;
mod identity_file;
mod issued;
mod knob_table;
mod knobs;
mod lists;
mod metadata;
mod moment;
mod operations;
mod past;
mod remote_backup;
mod reply;
mod security_tokens;
mod seed;
mod server;
mod signature;
mod state;
mod storm;
mod sts;
mod table;
mod tls;
mod tokens;
mod world;
mod world_file;
mod world_members;
mod wtp;

pub use self::{
    knobs::Knobs,
    server::{Log, Running, Sim},
    tls::Tls,
    world::World,
    world_file::WorldError,
};
