//! An HSS in memory: the nine web-tamper-protection operations, and as much of IAM as logging in needs.
//!
//! It is a second, independent reading of the API and uses nothing of the provider, so that a mistake in one
//! is not repeated in the other. `knobs` says how it behaves where the vendor's documents are silent.
//!
//! The way of a call: `server` → `gateway` (`identity`, throttle, `faults`, `storm`) → `backup_hosts`, `remote_backup`,
//! `wtp` or `iam` → `lists` and `reply`. Tests look and turn through `control`, under `/_sim/`.

mod backup_hosts;
mod call;
mod chance;
mod connection;
mod control;
mod faults;
mod gateway;
mod iam;
mod identity;
mod knob_table;
mod knobs;
mod lists;
mod moment;
mod operations;
mod past;
mod remote_backup;
mod reply;
mod seed;
mod server;
mod signature;
mod state;
mod storm;
mod table;
mod world;
mod world_file;
mod wtp;

pub use self::{
    knobs::Knobs,
    server::{Log, Running, Sim},
    world::World,
    world_file::WorldError,
};
