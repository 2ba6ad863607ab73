//! What every event log must do, whichever implementation it is; one module for each group of promises of
//! [`broker::EventLog`].
//!
//! A test file runs the suite on an implementation by declaring `mod conformance;` beside a type `Harness`, which has
//! `MAX_ATTEMPTS` (3 or more), `start`, `stop`, `restart`, `reopen(TempDir)`, `open(&Path)`, `log`, and `ground(&Path)`: what
//! a log in that folder stands on while no harness holds it. Nothing here knows what stands behind it.

mod dead_letters;
mod delivery;
mod durability;
mod redelivery;

use std::time::Duration;

use approval::MessageId;
use broker::{EventLog, Message, Outcome, Received};

use super::Harness;

/// A message whose id follows from its payload.
fn message(payload: impl AsRef<[u8]>) -> Message {
    let payload = payload.as_ref();
    Message::event(MessageId::of(payload), payload.to_vec().into())
}

/// What `future` comes to; a minute without an answer is a failure.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future).await.expect("an answer within a minute")
}

async fn next(log: &dyn EventLog) -> Received {
    soon(log.next()).await.unwrap()
}

/// Takes the next message, settles it, and answers what it carried.
async fn finish_next(log: &dyn EventLog) -> Vec<u8> {
    let received = next(log).await;
    let payload = received.payload.to_vec();
    log.settle(received, Outcome::Done).await.unwrap();
    payload
}

/// Proves that nothing else is due: the message published now is the one that comes.
async fn nothing_is_left(log: &dyn EventLog) {
    log.publish(message("the last one")).await.unwrap();
    assert_eq!(finish_next(log).await, b"the last one");
}
