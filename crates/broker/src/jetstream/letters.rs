//! Dead letters: a stream of their own, kept until somebody replays them.

use std::time::Duration;

use approval::subject;
use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use time::OffsetDateTime;

use super::headers::Headers;
use super::publish::{store, unreadable};
use super::streams;
use crate::{ConsumeError, DeadLetter, Received};

/// Keeps a received message as a dead letter; once this returns, the original may be acknowledged.
pub(super) async fn park(
    context: &Context,
    within: Duration,
    received: &Received,
    reason: &str,
) -> Result<(), ConsumeError> {
    // Parked, replayed and parked again, it must not be taken for a repeat: its place in the stream tells them apart.
    let name = format!("{}.parked.{}", received.id.as_str(), received.seq);
    let headers = Headers::of_received(received).dead(reason, Some(received.published_at)).into_map(&name);
    let stored = store(context, within, subject::DEAD_LETTER, headers, received.payload.clone()).await;
    stored.map(drop).map_err(unreadable)
}

/// All of them, oldest first.
pub(super) async fn list(context: &Context) -> Result<Vec<DeadLetter>, ConsumeError> {
    let stream = context.get_stream(streams::DEAD_LETTERS).await.map_err(unreadable)?;
    let (mut letters, mut number) = (Vec::new(), 0);
    loop {
        let next = stream.raw_message_builder().sequence(number + 1).next_by_subject(subject::DEAD_LETTER);
        let message = match next.send().await {
            Ok(message) => message,
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(letters),
            Err(error) => return Err(unreadable(error)),
        };
        number = message.sequence;
        let headers = Headers::read(Some(&message.headers), &message.subject, &message.payload);
        letters.push(letter(number, headers, message.payload, message.time));
    }
}

/// Publishes a dead letter anew and takes it out.
pub(super) async fn replay(context: &Context, within: Duration, number: u64) -> Result<bool, ConsumeError> {
    let stream: Stream = context.get_stream(streams::DEAD_LETTERS).await.map_err(unreadable)?;
    let message = match stream.get_raw_message(number).await {
        Ok(message) => message,
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(false),
        Err(error) => return Err(unreadable(error)),
    };
    let headers = Headers::read(Some(&message.headers), subject::CALLBACK, &message.payload);
    let name = format!("{}.replayed.{number}", headers.id.as_str());
    let subject = match headers.subject.as_str() {
        // What nobody could read is looked at by the hubs, and put aside again by those that know no more.
        subject::DEAD_LETTER => subject::CALLBACK.to_owned(),
        other => other.to_owned(),
    };
    let fresh = Headers { reason: None, published: None, ..headers }.into_map(&name);
    store(context, within, &subject, fresh, message.payload).await.map_err(unreadable)?;
    stream.delete_message(number).await.map_err(unreadable)
}

fn letter(number: u64, headers: Headers, payload: bytes::Bytes, stored: OffsetDateTime) -> DeadLetter {
    DeadLetter {
        number,
        id: headers.id,
        subject: headers.subject,
        schema: headers.schema,
        payload,
        reason: headers.reason.unwrap_or_default(),
        published_at: headers.published.unwrap_or(stored),
    }
}
