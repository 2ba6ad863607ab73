//! Reads the settings of a stream or consumer from the server: as the client library parses them, and as they were
//! sent, so that settings that the library does not know are found. Changes nothing.

use std::sync::Arc;

use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::{self, Context, ErrorCode, consumer, stream};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::review;
use super::stream_error::StreamError;

/// A stream; `None` if it is missing.
///
/// # Errors
/// [`StreamError`], also for settings that are not known here.
pub(super) async fn of_stream(context: &Context, name: &'static str) -> Result<Option<stream::Info>, StreamError> {
    read(context, format!("STREAM.INFO.{name}"), name, review::unlisted_of_stream).await
}

/// A consumer of this stream; `None` if it is missing.
///
/// # Errors
/// As [`of_stream`].
pub(super) async fn of_consumer(
    context: &Context,
    stream: &str,
    name: &'static str,
) -> Result<Option<consumer::Info>, StreamError> {
    read(context, format!("CONSUMER.INFO.{stream}.{name}"), name, review::unlisted_of_consumer).await
}

async fn read<Info: DeserializeOwned>(
    context: &Context,
    subject: String,
    name: &'static str,
    unlisted: fn(&Value) -> Option<&str>,
) -> Result<Option<Info>, StreamError> {
    let answer: Value = context.request(subject, &json!({})).await.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => StreamError::NoJetStream,
        _ => StreamError::Unanswered(name, Arc::new(error)),
    })?;
    if let Some(error) = answer.get("error") {
        let error: jetstream::Error = serde_json::from_value(error.clone()).map_err(|error| unread(name, error))?;
        return match error.error_code() {
            ErrorCode::STREAM_NOT_FOUND | ErrorCode::CONSUMER_NOT_FOUND => Ok(None),
            code => Err(StreamError::without_jetstream(code).unwrap_or_else(|| unread(name, error))),
        };
    }
    if let Some(setting) = answer.get("config").and_then(unlisted) {
        return Err(StreamError::Unlisted(name, setting.to_owned()));
    }
    serde_json::from_value(answer).map(Some).map_err(|error| StreamError::Unlisted(name, error.to_string()))
}

fn unread(name: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> StreamError {
    StreamError::Unanswered(name, Arc::new(error))
}
