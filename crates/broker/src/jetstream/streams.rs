//! What is kept on the server, and how: the two streams and the consumer. Nothing that is there already is changed.

use std::time::Duration;

use approval::subject;
use async_nats::Client;
use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{ContextBuilder, CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use thiserror::Error;

use super::settings::JetStreamSettings;

/// Verified callbacks on their way.
pub(super) const EVENTS: &str = "COUNTERSIGN_EVENTS";
/// What was given up on.
pub(super) const DEAD_LETTERS: &str = "COUNTERSIGN_DEAD_LETTERS";
/// What all hubs take messages from.
pub(super) const HUBS: &str = "hubs";

/// Events older than this are dropped: longer than all hubs may be away.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// The longest that all hubs may be away, whatever an operator makes of the stream.
const LONGEST_OUTAGE: Duration = Duration::from_hours(48);
/// How long the name of a message is remembered.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Why a stream will not do.
#[derive(Debug, Error)]
pub enum StreamError {
    /// The server has no `JetStream`.
    #[error("the NATS server has JetStream turned off; start it with --jetstream")]
    NoJetStream,
    /// A stream cannot be made.
    #[error("the stream {0} cannot be made")]
    Make(&'static str, #[source] CreateStreamError),
    /// A stream or its consumer is there, with settings under which an acknowledged event can be lost.
    #[error("the stream or consumer {0} can lose what was acknowledged: {1}; mend it")]
    Unsafe(&'static str, &'static str),
}

impl StreamError {
    /// Whether it may be otherwise in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NoJetStream => true,
            Self::Make(_, error) => match error.kind() {
                CreateStreamErrorKind::TimedOut => true,
                CreateStreamErrorKind::JetStream(told) => told.error_code() == ErrorCode::CLUSTER_NOT_AVAILABLE,
                _ => false,
            },
            Self::Unsafe(..) => false,
        }
    }
}

pub(super) fn context(client: Client) -> Context {
    // Many publishes wait for their acknowledgements at once; each has a deadline of its own.
    ContextBuilder::new().max_ack_inflight(65_536).timeout(Duration::from_secs(2)).build(client)
}

/// Makes what is missing and looks at what is there.
pub(super) async fn ensure(context: &Context, settings: &JetStreamSettings) -> Result<(), StreamError> {
    for (name, wanted) in [(EVENTS, events(settings)), (DEAD_LETTERS, dead_letters(settings))] {
        let stream = context.get_or_create_stream(wanted.clone()).await.map_err(|error| refused(name, error))?;
        let doubt = doubt(&stream.cached_info().config, &wanted);
        if let Some(doubt) = doubt {
            return Err(StreamError::Unsafe(name, doubt));
        }
    }
    Ok(())
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

fn events(settings: &JetStreamSettings) -> Config {
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

/// Refuses a consumer of somebody else's making by which an acknowledged event could be lost.
pub(super) fn trusted(found: &consumer::Config) -> Result<(), StreamError> {
    let all = found.filter_subject.is_empty() && found.filter_subjects.is_empty();
    let doubts = [
        (found.ack_policy != AckPolicy::Explicit, "what it hands out counts as dealt with"),
        (found.max_deliver > 0, "it gives up on what was handed out a few times"),
        (found.deliver_policy != DeliverPolicy::All, "it leaves out what is old"),
        (!all, "it leaves out some subjects"),
    ];
    let doubt = doubts.into_iter().find_map(|(holds, words)| holds.then_some(words));
    doubt.map_or(Ok(()), |words| Err(StreamError::Unsafe(HUBS, words)))
}

/// What an acknowledged event could be lost by.
fn doubt(found: &Config, wanted: &Config) -> Option<&'static str> {
    let covered = wanted.subjects.iter().all(|subject| found.subjects.contains(subject));
    let short = !found.max_age.is_zero() && found.max_age < LONGEST_OUTAGE;
    [
        (!covered, "it does not take our subjects"),
        (found.retention != RetentionPolicy::Limits, "its retention is not by limits"),
        (found.discard != DiscardPolicy::New, "it discards old messages when it is full"),
        (found.max_messages_per_subject > 0, "it keeps only some messages of each subject"),
        (found.storage != StorageType::File, "it is kept in memory"),
        (found.no_ack, "it acknowledges nothing"),
        (short, "it drops messages within 48 hours"),
    ]
    .into_iter()
    .find_map(|(holds, words)| holds.then_some(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_make_ourselves_is_never_doubted_and_each_way_to_lose_an_event_is() {
        let ours = events(&JetStreamSettings::at(""));
        assert_eq!(doubt(&ours, &ours), None);
        assert_eq!(doubt(&Config { max_bytes: 1 << 30, max_age: Duration::ZERO, ..ours.clone() }, &ours), None);
        for bad in [
            Config { subjects: vec!["countersign.other".to_owned()], ..ours.clone() },
            Config { retention: RetentionPolicy::WorkQueue, ..ours.clone() },
            Config { discard: DiscardPolicy::Old, ..ours.clone() },
            Config { max_messages_per_subject: 1, ..ours.clone() },
            Config { storage: StorageType::Memory, ..ours.clone() },
            Config { no_ack: true, ..ours.clone() },
            Config { max_age: Duration::from_hours(47), ..ours.clone() },
        ] {
            assert!(doubt(&bad, &ours).is_some(), "{bad:?}");
        }
    }
}
