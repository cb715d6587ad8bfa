//! Why a request has no useful reply.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{Fault, TransportError};

/// What ended an operation before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The user asked to stop.
    Stopped,
    /// The operation's time is over.
    Deadline,
    /// Shared work ended without a result: a defect of ours.
    Broken,
}

/// An answer that says no.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What the body says.
    pub fault: Fault,
    /// The request id, from header or body.
    pub request_id: Option<String>,
    /// The server's time of day.
    pub server_time: Option<SystemTime>,
    /// Our time of day when the answer came.
    pub local_time: SystemTime,
}

impl Refusal {
    /// How far the two clocks are apart, where the server says its time.
    pub fn skew(&self) -> Option<Duration> {
        let server = self.server_time?;
        Some(self.local_time.duration_since(server).unwrap_or_else(|behind| behind.duration()))
    }
}

/// Variants by what the caller can do. `E` is the authoriser's own error.
///
/// `unsettled` says whether an earlier attempt may have taken effect although nobody confirmed it.
#[derive(Clone, Debug)]
pub enum Error<E> {
    /// No authorisation could be had, so nothing was sent.
    Authorise(E),
    /// The server said no.
    Refused {
        /// What it said.
        refusal: Refusal,
        /// How often it was asked.
        attempts: u32,
        /// Whether an earlier attempt may have taken effect.
        unsettled: bool,
    },
    /// There was no answer.
    Lost {
        /// Why.
        source: Arc<TransportError>,
        /// How often it was asked.
        attempts: u32,
        /// Whether an attempt may have taken effect.
        unsettled: bool,
    },
    /// It was ended early.
    Cut {
        /// By what.
        cut: Cut,
        /// Whether an attempt may have taken effect.
        unsettled: bool,
        /// What the last attempt met, if there was one.
        last: Option<Box<Error<E>>>,
    },
}
