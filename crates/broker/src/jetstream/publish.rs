//! Handing the server one message, and the words for what went wrong.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;

use crate::{Cause, ConsumeError, PublishError, Receipt};

/// Publishes and waits for the acknowledgement, for as long as `within`.
pub(super) async fn store(
    context: &Context,
    within: Duration,
    subject: &str,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<Receipt, PublishError> {
    let publish = PublishMessage::build().payload(payload).headers(headers);
    let acknowledged = async { context.send_publish(subject.to_owned(), publish).await?.await };
    match tokio::time::timeout(within, acknowledged).await {
        Ok(Ok(ack)) if ack.duplicate => Ok(Receipt::Duplicate),
        Ok(Ok(_)) => Ok(Receipt::Stored),
        Ok(Err(error)) => Err(PublishError::Unwritable(cause(error))),
        Err(elapsed) => Err(PublishError::Unwritable(cause(elapsed))),
    }
}

/// What could not be read or settled, and why.
pub(super) fn unreadable(error: impl Into<Box<dyn Error + Send + Sync>>) -> ConsumeError {
    ConsumeError::Unreadable(cause(error))
}

fn cause(error: impl Into<Box<dyn Error + Send + Sync>>) -> Cause {
    Arc::from(error.into())
}
