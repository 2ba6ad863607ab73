//! The two streams and the consumer, and their settings. A role creates missing ones if its login may, and never
//! changes existing ones; `migrate` does.

use std::time::Duration;

use approval::subject;
use async_nats::Client;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{ContextBuilder, CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use thiserror::Error;

use super::review;
use super::settings::JetStreamSettings;
use crate::Cause;

/// Verified callbacks on their way.
pub(super) const EVENTS: &str = "COUNTERSIGN_EVENTS";
/// What was given up on.
pub(super) const DEAD_LETTERS: &str = "COUNTERSIGN_DEAD_LETTERS";
/// What all hubs take messages from.
pub(super) const HUBS: &str = "hubs";

/// Events older than this are dropped: longer than all hubs may be away.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// How long the name of a message is remembered.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Why a stream will not do.
#[derive(Debug, Error)]
pub enum StreamError {
    /// The server has no `JetStream`.
    #[error("the NATS server has JetStream turned off; start it with --jetstream")]
    NoJetStream,
    /// A stream is missing, and cannot be created.
    #[error("the stream {0} cannot be created; run `countersign migrate` with a login that may create it")]
    Make(&'static str, #[source] CreateStreamError),
    /// A stream or consumer has settings under which events can be lost or held up.
    #[error("the stream or consumer {0} can lose or hold up events: {1}; run `countersign migrate`")]
    Unsafe(&'static str, &'static str),
    /// The consumer is missing, and this login perhaps may not create it.
    #[error("the consumer {0} is missing, and NATS did not answer the request to create it; run `countersign migrate`")]
    Missing(&'static str),
    /// The server did not return the settings of a stream or consumer.
    #[error("NATS did not return the settings of the stream or consumer {0}")]
    Unanswered(&'static str, #[source] Cause),
    /// The server refused to repair the settings of a stream or consumer.
    #[error(
        "NATS refused to change the stream or consumer {0} ({1}); stop the receivers, wait until no events are pending, \
         then delete it, and run `countersign migrate` again"
    )]
    Unchanged(&'static str, &'static str, #[source] Cause),
}

impl StreamError {
    /// Whether it may be otherwise in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NoJetStream | Self::Unanswered(..) => true,
            Self::Make(_, error) => match error.kind() {
                CreateStreamErrorKind::TimedOut => true,
                CreateStreamErrorKind::JetStream(told) => told.error_code() == ErrorCode::CLUSTER_NOT_AVAILABLE,
                _ => false,
            },
            Self::Unsafe(..) | Self::Missing(_) | Self::Unchanged(..) => false,
        }
    }
}

pub(super) fn context(client: Client) -> Context {
    // Many publishes wait for their acknowledgements at once; each has a deadline of its own.
    ContextBuilder::new().max_ack_inflight(65_536).timeout(Duration::from_secs(2)).build(client)
}

/// Makes what is missing and looks at what is there.
pub(super) async fn ensure(context: &Context, settings: &JetStreamSettings) -> Result<(), StreamError> {
    for (name, wanted) in wanted(settings) {
        let found = found_or_made(context, name, &wanted).await?;
        if let Some(fault) = review::stream_fault(&found, &wanted) {
            return Err(StreamError::Unsafe(name, fault));
        }
    }
    Ok(())
}

/// Our settings of both streams.
pub(super) fn wanted(settings: &JetStreamSettings) -> [(&'static str, Config); 2] {
    [(EVENTS, events(settings)), (DEAD_LETTERS, dead_letters(settings))]
}

/// The found settings of a stream, which is created if it is missing.
pub(super) async fn found_or_made(
    context: &Context,
    name: &'static str,
    wanted: &Config,
) -> Result<Config, StreamError> {
    let stream = context.get_or_create_stream(wanted.clone()).await.map_err(|error| refused(name, error))?;
    Ok(stream.cached_info().config.clone())
}

fn refused(name: &'static str, error: CreateStreamError) -> StreamError {
    match error.kind() {
        CreateStreamErrorKind::JetStreamUnavailable => StreamError::NoJetStream,
        CreateStreamErrorKind::JetStream(told)
            if matches!(
                told.error_code(),
                ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
            ) =>
        {
            StreamError::NoJetStream
        }
        _ => StreamError::Make(name, error),
    }
}

pub(super) fn events(settings: &JetStreamSettings) -> Config {
    Config {
        name: EVENTS.to_owned(),
        description: Some("Verified callbacks, from receivers to hubs".to_owned()),
        subjects: vec![subject::CALLBACKS.to_owned()],
        max_age: KEPT,
        ..kept(settings)
    }
}

fn dead_letters(settings: &JetStreamSettings) -> Config {
    Config {
        name: DEAD_LETTERS.to_owned(),
        description: Some("Callbacks nobody could read, and events given up on".to_owned()),
        subjects: vec![subject::DEAD_LETTER.to_owned()],
        ..kept(settings)
    }
}

/// On the disk, and never dropped to make room: a full stream refuses what is new.
fn kept(settings: &JetStreamSettings) -> Config {
    Config {
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        duplicate_window: REMEMBERED,
        num_replicas: settings.replicas,
        ..Config::default()
    }
}

/// The consumer that all hubs share.
pub(super) fn hubs(settings: &JetStreamSettings) -> pull::Config {
    pull::Config {
        durable_name: Some(HUBS.to_owned()),
        description: Some("Each event to one hub, until it is settled".to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.lease,
        max_deliver: -1,
        max_ack_pending: -1,
        ..pull::Config::default()
    }
}
