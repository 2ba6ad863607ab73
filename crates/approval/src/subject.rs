//! Every subject name, and what a payload can be, in one place.

/// Everything that receivers hand to hubs; one more word says whose callbacks they are.
pub const CALLBACKS: &str = "countersign.callback.>";

/// Verified callbacks of Authy, from receivers to hubs.
pub const CALLBACK: &str = "countersign.callback.authy";

/// Signed callbacks nobody could read, and events given up on.
pub const DEAD_LETTER: &str = "countersign.dead_letter";

/// The schema of the events that this build writes.
pub const CALLBACK_SCHEMA: &str = "callback.v1";

/// The schema of what nobody could read: the signed parameters as they came.
pub const RAW: &str = "raw";

/// Which approvals changed, from hub to hub. Nothing of it is stored.
pub const CHANGED: &str = "countersign.changed";
