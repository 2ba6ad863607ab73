//! What travels: the message as it is published, as it is received, and as it ends.

use std::fmt;
use std::time::Duration;

use approval::{MessageId, subject};
use bytes::Bytes;
use time::OffsetDateTime;

/// A message to publish. Prints without what it carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Names it: a second publish of the same id is not stored.
    pub id: MessageId,
    /// Its subject, one of [`approval::subject`].
    pub subject: &'static str,
    /// The schema of its payload, and its version.
    pub schema: &'static str,
    /// What it carries; not read here.
    pub payload: Bytes,
}

impl Message {
    /// An event about a verified callback of Authy.
    #[must_use]
    pub const fn event(id: MessageId, payload: Bytes) -> Self {
        Self { id, subject: subject::CALLBACK, schema: subject::CALLBACK_SCHEMA, payload }
    }

    /// What a signed callback carried that nobody can read.
    #[must_use]
    pub const fn raw(id: MessageId, payload: Bytes) -> Self {
        Self { id, subject: subject::DEAD_LETTER, schema: subject::RAW, payload }
    }
}

/// What a publish came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It is stored.
    Stored,
    /// It had been stored before.
    Duplicate,
}

/// A message handed to one consumer, to be settled by it. Dropped unsettled, it comes again at once. Prints
/// without what it carries.
pub struct Received {
    /// Its place in the log.
    pub seq: i64,
    /// Its name.
    pub id: MessageId,
    /// Its subject.
    pub subject: String,
    /// The schema of its payload.
    pub schema: String,
    /// What it carries.
    pub payload: Bytes,
    /// How often it has been handed out, this time included; from 1.
    pub attempt: u32,
    /// When it was published.
    pub published_at: OffsetDateTime,
    /// What the log knows this hand-out by, where place and attempt do not say it.
    pub(crate) ticket: String,
    pub(crate) hold: Hold,
}

/// What became of a received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is dealt with and will not come again.
    Done,
    /// It shall come again, not before this time has passed, unless the process ends before. After the log's limit of
    /// attempts it is parked instead.
    Retry(Duration),
    /// It shall become a dead letter, for this reason.
    Park(String),
}

/// A message that was given up on, or that nobody could read. Prints without what it carries.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its place among the dead letters: the number to replay it by.
    pub number: u64,
    /// Its name.
    pub id: MessageId,
    /// The subject it was published on.
    pub subject: String,
    /// The schema of its payload.
    pub schema: String,
    /// What it carries.
    pub payload: Bytes,
    /// Why it is here.
    pub reason: String,
    /// When it was published.
    pub published_at: OffsetDateTime,
}

/// What other processes announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// Somebody announced it.
    This(Bytes),
    /// Something may have been announced that did not get here.
    Missed,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("seq", &self.seq).field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter").field("number", &self.number).field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// A consumer's hold on a message: gives it back when dropped, unless it was let go of before.
pub(crate) struct Hold(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Hold {
    pub(crate) fn new(give_back: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(give_back)))
    }

    /// The message is settled: there is nothing to give back.
    pub(crate) fn let_go(&mut self) {
        self.0 = None;
    }

    /// Gives the message back in another way from now on.
    pub(crate) fn pass_to(&mut self, other: Self) {
        self.let_go();
        *self = other;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(give_back) = self.0.take() {
            give_back();
        }
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}
