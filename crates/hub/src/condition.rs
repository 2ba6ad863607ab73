//! The troubles of a hub, for readiness and metrics. The hub notes them; readiness reads them. Knows no
//! task.

mod event_flow;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use approval::Lasting;

use event_flow::EventFlow;

/// The database counts as free again once no request has found it locked for this long.
const DATABASE_QUIET: Duration = Duration::from_secs(5);

/// The troubles of one hub. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Condition(Arc<Troubles>);

#[derive(Debug)]
struct Troubles {
    events: EventFlow,
    misses_callbacks: AtomicBool,
    blocked_wal_bytes: AtomicU64,
    database: Lasting,
    deciding: Lasting,
    settling: Lasting,
}

impl Default for Troubles {
    fn default() -> Self {
        Self {
            events: EventFlow::default(),
            misses_callbacks: AtomicBool::default(),
            blocked_wal_bytes: AtomicU64::default(),
            database: Lasting::new(DATABASE_QUIET),
            deciding: Lasting::default(),
            settling: Lasting::default(),
        }
    }
}

impl Condition {
    /// Why this hub has taken no events for 5 s or longer, unless the event log reports the fault itself.
    #[must_use]
    pub fn events_fault(&self) -> Option<String> {
        self.0.events.fault(Instant::now())
    }

    /// True while answers on phones are learned only by asking the provider, although events are taken.
    #[must_use]
    pub fn misses_callbacks(&self) -> bool {
        self.0.misses_callbacks.load(Ordering::Relaxed)
    }

    /// Bytes of the database's write-ahead log that could not be checkpointed into the file for a minute; else 0.
    #[must_use]
    pub fn blocked_wal_bytes(&self) -> u64 {
        self.0.blocked_wal_bytes.load(Ordering::Relaxed)
    }

    /// The trouble that events are not taken.
    pub(crate) fn events(&self) -> &EventFlow {
        &self.0.events
    }

    /// The trouble that the database does not become free.
    pub(crate) fn database(&self) -> &Lasting {
        &self.0.database
    }

    /// The trouble that taken events cannot be decided.
    pub(crate) fn deciding(&self) -> &Lasting {
        &self.0.deciding
    }

    /// The trouble that decided events cannot be settled in the event log.
    pub(crate) fn settling(&self) -> &Lasting {
        &self.0.settling
    }

    /// Notes whether callbacks are missing.
    pub(crate) fn set_misses_callbacks(&self, misses: bool) {
        self.0.misses_callbacks.store(misses, Ordering::Relaxed);
    }

    /// Notes how many bytes could not be checkpointed for a minute.
    pub(crate) fn set_blocked_wal_bytes(&self, bytes: u64) {
        self.0.blocked_wal_bytes.store(bytes, Ordering::Relaxed);
    }
}
