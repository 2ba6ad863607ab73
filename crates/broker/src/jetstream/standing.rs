//! The result of the checks: whether NATS can be used, and the sequence numbers of its streams.

use std::sync::atomic::AtomicU64;

use super::connect::ConnectError;
use super::streams;

/// Whether NATS can be used.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// Not known yet.
    Unchecked,
    /// Server and streams were found safe in this generation of the line.
    Usable(u64),
    /// They cannot be used.
    Unusable(ConnectError),
}

/// The highest sequence number that each stream is known to have given.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    pub(super) events: AtomicU64,
    pub(super) dead_letters: AtomicU64,
}

impl Acknowledged {
    /// The highest sequence number of this stream.
    pub(super) fn of(&self, stream: &str) -> &AtomicU64 {
        if stream == streams::EVENTS { &self.events } else { &self.dead_letters }
    }
}
