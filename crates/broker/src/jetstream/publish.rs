//! Handing the server one message, and the words for what went wrong.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::context::{self, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ErrorCode};
use bytes::Bytes;

use crate::{Cause, ConsumeError, PublishError, Receipt};

/// The server's answers to a message that it will never take.
const FINAL: [ErrorCode; 2] = [ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM, ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM];

/// Where a message was stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) stream: String,
    pub(super) sequence: u64,
    pub(super) receipt: Receipt,
}

/// Publishes and waits for the acknowledgement, for as long as `within`.
///
/// # Errors
/// [`PublishError`].
pub(super) async fn store(
    context: &Context,
    within: Duration,
    subject: &str,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<Stored, PublishError> {
    let publish = PublishMessage::build().payload(payload).headers(headers);
    let acknowledged = async { context.send_publish(subject.to_owned(), publish).await?.await };
    match tokio::time::timeout(within, acknowledged).await {
        Ok(Ok(ack)) => {
            let receipt = if ack.duplicate { Receipt::Duplicate } else { Receipt::Stored };
            Ok(Stored { stream: ack.stream, sequence: ack.sequence, receipt })
        }
        Ok(Err(error)) if is_final(&error) => Err(PublishError::Refused(cause(error))),
        Ok(Err(error)) => Err(PublishError::Unwritable(cause(error))),
        Err(elapsed) => Err(PublishError::Unwritable(cause(elapsed))),
    }
}

/// True if the same message would be refused again: it is too long for the server or for the stream.
fn is_final(error: &context::PublishError) -> bool {
    let answer = error.source().and_then(|cause| cause.downcast_ref::<jetstream::Error>());
    error.kind() == PublishErrorKind::MaxPayloadExceeded
        || answer.is_some_and(|answer| FINAL.contains(&answer.error_code()))
}

/// True if no stream listens to the subject.
pub(super) fn is_unheard(error: &PublishError) -> bool {
    let PublishError::Unwritable(cause) = error else { return false };
    let refused = cause.downcast_ref::<context::PublishError>();
    refused.is_some_and(|error| error.kind() == PublishErrorKind::StreamNotFound)
}

/// What could not be read or settled, and why.
pub(super) fn unreadable(error: impl Into<Box<dyn Error + Send + Sync>>) -> ConsumeError {
    ConsumeError::Unreadable(cause(error))
}

fn cause(error: impl Into<Box<dyn Error + Send + Sync>>) -> Cause {
    Arc::from(error.into())
}
