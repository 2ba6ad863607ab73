//! What every broker promises, whichever implementation stands behind it. The conformance suite under `tests/` holds
//! each promise. Two traits, because a receiver only ever hands in.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use thiserror::Error;

use crate::{Announced, DeadLetter, Message, Outcome, Receipt, Received};

/// The way in: where receivers leave messages. The table at [`EventLog`] says what is promised from then on.
pub trait Intake: Send + Sync {
    /// Stores `message` and wakes a consumer. From `Ok` on, the promises hold; after an error, or when the future is
    /// dropped, the message may be stored or not, and publishing it again is harmless.
    ///
    /// # Errors
    /// [`PublishError`]: the message must not be acknowledged to whoever brought it.
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<Receipt, PublishError>>;

    /// Stores `message` as a dead letter at once: kept for people, never delivered. Acknowledged as in
    /// [`Intake::publish`].
    ///
    /// # Errors
    /// As for [`Intake::publish`].
    fn bury(&self, message: Message, reason: &str) -> BoxFuture<'_, Result<Receipt, PublishError>>;
}

/// A durable log of messages with one group of consumers, and a word from consumer to consumer.
///
/// | promise | |
/// |---|---|
/// | **Kept** | What was acknowledged survives the end of this process at any moment, and comes until it is settled. |
/// | **Once** | A message id that was stored is not stored again for at least an hour; what comes again after that is for the consumer to recognise. |
/// | **Alone** | A message is with one consumer at a time. |
/// | **Again** | A message that is not settled comes again: when the consumer drops it, when its lease runs out, when the process has ended. |
/// | **Apart** | A message that waits for its time holds up no other. |
/// | **Parked** | What is given up on stays as a dead letter, with its payload and the reason, until somebody replays it. |
/// | **Whole** | The payload arrives as it was published, byte for byte. |
/// | **Calm** | Every future here may be dropped at any point, and no promise suffers. |
/// | **Told** | An announcement reaches every other consumer that listens, or that consumer is told that it missed something. |
///
/// There are two: [`crate::Embedded`] for one process, [`crate::JetStream`] for many.
pub trait EventLog: Intake {
    /// Waits for a message that is due and hands it to this caller. The hand-out is counted before it happens, so
    /// that a message which ends the process is parked in the end.
    ///
    /// # Errors
    /// [`ConsumeError`]: nothing was handed out.
    fn next(&self) -> BoxFuture<'_, Result<Received, ConsumeError>>;

    /// False while the log knows that it delivers nothing, because its server is away or must not be used.
    fn delivers(&self) -> bool {
        true
    }

    /// Says what became of a received message.
    ///
    /// # Errors
    /// [`ConsumeError`]: the message comes again.
    fn settle(&self, received: Received, outcome: Outcome) -> BoxFuture<'_, Result<(), ConsumeError>>;

    /// The dead letters, oldest first.
    ///
    /// # Errors
    /// [`ConsumeError`] when they cannot be read.
    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, ConsumeError>>;

    /// Takes the dead letter with this number out and delivers it as if it had just been published. `false`: there is
    /// none.
    ///
    /// # Errors
    /// [`ConsumeError`]: it is still there, and may be delivered as well.
    fn replay(&self, number: u64) -> BoxFuture<'_, Result<bool, ConsumeError>>;

    /// Tells the consumers of all other processes something, at most once. Nothing of it is stored.
    ///
    /// # Errors
    /// [`ConsumeError`]: it was not sent; tell it again.
    fn announce(&self, what: Bytes) -> BoxFuture<'_, Result<(), ConsumeError>>;

    /// Waits for what other processes announce. Where there are none it waits for ever.
    fn announced(&self) -> BoxFuture<'_, Announced>;
}

/// What went wrong below. Shared, because one failed commit fails everybody who had a part in it.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a message was not stored.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The log could not be written; the message may be published again.
    #[error("the event log could not be written")]
    Unwritable(#[source] Cause),
    /// The log will never take this message: it is too long.
    #[error("the event log takes no such message")]
    Refused(#[source] Cause),
    /// The log was closed.
    #[error("the event log is closed")]
    Closed,
}

/// Why messages could not be taken, settled or listed.
#[derive(Debug, Error)]
pub enum ConsumeError {
    /// The log could not be read or written; try again.
    #[error("the event log could not be read or written")]
    Unreadable(#[source] Cause),
    /// The event log has unsafe settings; the cause was logged, and an operator has to repair it.
    #[error("the event log is not set up as it must be")]
    Unusable(#[source] Cause),
    /// The log was closed.
    #[error("the event log is closed")]
    Closed,
}
