//! What this process holds in memory beside the database: who waits, on which seat, which approvals are followed, and the
//! turns of questions to the provider. Lost with the process, and made again from the rows.

pub(crate) mod followed;
pub(crate) mod repairs;
pub(crate) mod seats;
pub(crate) mod waiters;
