//! What the hub counts, by name. A label never says whom it is about.

use ::metrics::counter;
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
