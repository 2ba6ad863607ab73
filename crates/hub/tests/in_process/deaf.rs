//! An event log whose announcements reach nobody, as while NATS is away.

use broker::{
    Announced, ConsumeError, DeadLetter, Embedded, EventLog, Intake, Message, Outcome, PublishError, Receipt, Received,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;

/// See above.
pub(crate) struct Deaf(pub(crate) Embedded);

impl Intake for Deaf {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        self.0.publish(message)
    }

    fn bury(&self, message: Message, reason: &str) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        self.0.bury(message, reason)
    }
}

impl EventLog for Deaf {
    fn next(&self) -> BoxFuture<'_, Result<Received, ConsumeError>> {
        self.0.next()
    }

    fn settle(&self, received: Received, outcome: Outcome) -> BoxFuture<'_, Result<(), ConsumeError>> {
        self.0.settle(received, outcome)
    }

    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, ConsumeError>> {
        self.0.dead_letters()
    }

    fn replay(&self, number: u64) -> BoxFuture<'_, Result<bool, ConsumeError>> {
        self.0.replay(number)
    }

    fn announce(&self, _: Bytes) -> BoxFuture<'_, Result<(), ConsumeError>> {
        Box::pin(async { Err(ConsumeError::Closed) })
    }

    fn announced(&self) -> BoxFuture<'_, Announced> {
        self.0.announced()
    }
}
