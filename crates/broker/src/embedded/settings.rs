//! What can be set about a log in a file: how it treats its messages, and how much it takes. Opens nothing.

use std::time::Duration;

/// How an [`super::Embedded`] log treats its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedSettings {
    /// After this many hand-outs without success a message is parked. Default: 60.
    pub max_attempts: u32,
    /// How long a consumer may keep a message before it is handed to another. Default: 60 s.
    pub lease: Duration,
    /// How long the id of a message is remembered after the message was dealt with; zero: not at all, and its place in
    /// the file is free at once. Default: 24 h.
    pub remember: Duration,
    /// Whether what was acknowledged survives a power loss as well: each commit then waits for the disk. Default: no.
    pub survives_power_loss: bool,
    /// The file takes nothing more once it is this large. Default: it may fill the disk.
    pub max_bytes: Option<u64>,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        Self {
            max_attempts: 60,
            lease: Duration::from_mins(1),
            remember: Duration::from_hours(24),
            survives_power_loss: false,
            max_bytes: None,
        }
    }
}
