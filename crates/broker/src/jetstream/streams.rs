//! The two streams and the consumer, and their settings. A role creates missing ones if its login may, and never
//! changes existing ones; `migrate` does.

use std::sync::Arc;
use std::time::Duration;

use approval::subject;
use async_nats::Client;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{ContextBuilder, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};

use super::settings::JetStreamSettings;
use super::stream_error::StreamError;
use super::{info, review};

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

pub(super) fn context(client: Client) -> Context {
    // Many publishes wait for their acknowledgements at once; each has a deadline of its own.
    ContextBuilder::new().max_ack_inflight(65_536).timeout(Duration::from_secs(2)).build(client)
}

/// Checks both streams, and creates missing ones if `may_make`. Returns the last sequence number of each.
///
/// # Errors
/// [`StreamError`] for the first stream that cannot be used.
pub(super) async fn ensure(
    context: &Context,
    settings: &JetStreamSettings,
    may_make: bool,
) -> Result<[u64; 2], StreamError> {
    let mut last = [0; 2];
    for (at, (name, wanted)) in wanted(settings).into_iter().enumerate() {
        let found = match info::of_stream(context, name).await? {
            Some(found) => found,
            None if may_make => make(context, name, &wanted).await?,
            None => return Err(StreamError::StreamMissing(name)),
        };
        if let Some(fault) = review::stream_fault(&found.config, &wanted) {
            return Err(StreamError::Unsafe(name, fault));
        }
        last[at] = found.state.last_sequence;
    }
    Ok(last)
}

/// Our settings of both streams.
pub(super) fn wanted(settings: &JetStreamSettings) -> [(&'static str, Config); 2] {
    [(EVENTS, events(settings)), (DEAD_LETTERS, dead_letters(settings))]
}

/// The found settings of a stream, which is created if it is missing.
///
/// # Errors
/// [`StreamError`].
pub(super) async fn found_or_made(
    context: &Context,
    name: &'static str,
    wanted: &Config,
) -> Result<Config, StreamError> {
    let found = match info::of_stream(context, name).await? {
        Some(found) => found,
        None => make(context, name, wanted).await?,
    };
    Ok(found.config)
}

async fn make(context: &Context, name: &'static str, wanted: &Config) -> Result<Info, StreamError> {
    // If another process was quicker, this finds the stream that it created.
    let made = context.get_or_create_stream(wanted.clone()).await;
    let error = match made {
        Ok(stream) => return Ok(stream.cached_info().clone()),
        Err(error) => error,
    };
    Err(match error.kind() {
        CreateStreamErrorKind::JetStreamUnavailable => StreamError::NoJetStream,
        // The server does not answer a login without the permission to create it.
        CreateStreamErrorKind::TimedOut => StreamError::StreamMissing(name),
        CreateStreamErrorKind::JetStream(answer) => match answer.error_code() {
            ErrorCode::STREAM_MAX_BYTES_REQUIRED => StreamError::SizeLimitRequired,
            code => {
                StreamError::without_jetstream(code).unwrap_or_else(|| StreamError::CannotCreate(name, Arc::new(error)))
            }
        },
        _ => StreamError::CannotCreate(name, Arc::new(error)),
    })
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
        max_bytes: settings.max_bytes.and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or_default(),
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
