//! Details as they travel back: without order, and nothing known of their limits.

use std::collections::BTreeMap;

/// Labels and values without order.
pub type Flat = BTreeMap<String, String>;
