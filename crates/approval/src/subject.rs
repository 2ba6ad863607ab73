//! Every subject name, in one place.

/// Verified callbacks of Authy, from receivers to hubs.
pub const CALLBACK: &str = "countersign.callback.authy";

/// Signed callbacks nobody could read, and events given up on.
pub const DEAD_LETTER: &str = "countersign.dead_letter";
