//! Carries messages from receivers to hubs, at least once: what was published and acknowledged is delivered until
//! somebody settles it.
//!
//! Owns its own file, migrations and statements. Knows nothing of web, provider or the service's database, and does
//! not read what it carries.

mod embedded;
mod jetstream;
mod log;
mod message;
mod spool;

pub use embedded::{Embedded, EmbeddedSettings, OpenError};
pub use jetstream::{ConnectError, Credentials, JetStream, JetStreamSettings, Migrated, StreamError, Tls, migrate};
pub use log::{Cause, ConsumeError, EventLog, Intake, PublishError};
pub use message::{Announced, DeadLetter, Message, Outcome, Receipt, Received};
pub use spool::Spooled;
