//! Carries messages from receivers to hubs, at least once: what was published and acknowledged is delivered until
//! somebody settles it.
//!
//! Owns its own file, migrations and statements. Knows nothing of web, provider or the service's database, and does
//! not read what it carries.

mod embedded;
mod log;
mod message;

pub use embedded::{Embedded, EmbeddedSettings, OpenError};
pub use log::{Cause, ConsumeError, EventLog, PublishError};
pub use message::{DeadLetter, Message, Outcome, Receipt, Received};
