//! What the hub counts, by name. A label never says whom it is about.

use ::metrics::counter;

/// Counts that a limit was reached, by the limit's name alone.
pub(crate) fn limit_reached(limit: &'static str) {
    counter!("countersign_limits_reached_total", "limit" => limit).increment(1);
}
