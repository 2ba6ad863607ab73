//! How many live sessions an account may have. Pure: knows no database.

/// The most live sessions that one account may have.
#[derive(Debug, Clone, Copy)]
pub struct SessionCaps {
    /// Sessions that wait for a proof.
    pub pending: u32,
    /// Confirmed sessions.
    pub confirmed: u32,
}

impl SessionCaps {
    /// No caps: for commands and measurements that open no sessions for people.
    pub const NONE: Self = Self { pending: u32::MAX, confirmed: u32::MAX };
}
