//! What the hub counts, by name. A label never says whom it is about.

use ::metrics::counter;
use storage::LimitName;

/// Counts that a limit was reached, by the limit's name alone.
pub(crate) fn limit_reached(limit: LimitName) {
    counter!("countersign_limits_reached_total", "limit" => limit.word()).increment(1);
}
