//! What the hub counts, by name. A label never says whom it is about.

use ::metrics::{counter, gauge};
use approval::Status;
use storage::{Heard, LimitName};

/// Counts that a limit was reached, by the limit's name alone.
pub(crate) fn limit_reached(limit: LimitName) {
    counter!("countersign_limits_reached_total", "limit" => limit.word()).increment(1);
}

/// Counts that the provider's word decided an approval, by how it was heard and what it came to.
pub(crate) fn decided(heard: Heard, status: Status) {
    let heard = match heard {
        Heard::Callback => "callback",
        Heard::Asked => "asked",
    };
    counter!("countersign_decisions_total", "heard" => heard, "status" => status.word()).increment(1);
}

/// Shows the bytes of the database's write-ahead log that could not be checkpointed for a minute, and counts how often that
/// began.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; petabytes are exact enough")]
pub(crate) fn wal_blocked(bytes: u64, begins: bool) {
    gauge!("countersign_wal_blocked_bytes").set(bytes as f64);
    counter!("countersign_checkpoints_blocked_total").increment(u64::from(begins));
}
