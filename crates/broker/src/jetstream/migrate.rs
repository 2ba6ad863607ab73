//! Repairs the streams and the consumer: the only code that changes existing ones. Delivers no messages.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, Stream};
use tokio::time::Instant;

use super::connect::{self, ConnectError};
use super::review;
use super::settings::JetStreamSettings;
use super::shared::pull;
use super::stream_error::StreamError;
use super::{info, streams};

/// The pause before a retry.
const AGAIN: Duration = Duration::from_millis(200);

/// The result of [`migrate`] for the consumer that hubs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrated {
    /// Its settings were right.
    Unchanged,
    /// It was missing, and was created.
    Created,
    /// Its settings were repaired.
    Repaired,
    /// It could not be repaired, so it was deleted and created again. Hubs get every event that the stream still keeps
    /// once more; a repeated event decides nothing.
    Recreated,
}

/// Creates missing streams and the missing consumer, and repairs those that could lose or hold up events.
///
/// # Errors
/// [`ConnectError`] names what an operator has to repair, within [`JetStreamSettings::start_within`].
pub async fn migrate(settings: JetStreamSettings) -> Result<Migrated, ConnectError> {
    let deadline = Instant::now() + settings.start_within;
    let client = loop {
        match connect::once(&settings).await {
            Err(error) if error.may_pass() && Instant::now() < deadline => tokio::time::sleep(AGAIN).await,
            done => break done?,
        }
    };
    let context = streams::context(client.clone());
    // A cluster that is just starting has no leader yet.
    let migrated = loop {
        match all(&context, &settings).await {
            Err(error) if error.may_pass() && Instant::now() < deadline => {
                tokio::time::sleep(AGAIN).await;
            }
            done => break done,
        }
    };
    // Every request was answered, so draining can lose nothing.
    let _ = client.drain().await;
    Ok(migrated?)
}

async fn all(context: &Context, settings: &JetStreamSettings) -> Result<Migrated, StreamError> {
    for (name, wanted) in streams::wanted(settings) {
        let found = streams::found_or_made(context, name, &wanted).await?;
        if let Some(fault) = review::stream_fault(&found, &wanted) {
            let changed = context.update_stream(mended(found, &wanted)).await;
            let changed = changed.map_err(|error| StreamError::Unchanged(name, fault, Arc::new(error)))?;
            if let Some(fault) = review::stream_fault(&changed.config, &wanted) {
                return Err(StreamError::Unsafe(name, fault));
            }
        }
    }
    let stream = context.get_stream(streams::EVENTS).await;
    let stream = stream.map_err(|error| StreamError::Unanswered(streams::EVENTS, Arc::new(error)))?;
    consumer(context, &stream, settings).await
}

async fn consumer(context: &Context, stream: &Stream, settings: &JetStreamSettings) -> Result<Migrated, StreamError> {
    let subjects = &stream.cached_info().config.subjects;
    let wanted = || streams::hubs(settings);
    let fault = |info: &_| review::consumer_fault(info, subjects, pull(settings));
    let find = || info::of_consumer(context, streams::EVENTS, streams::HUBS);
    let found = match find().await {
        // Unknown settings cannot be changed from here.
        Err(StreamError::Unlisted(..)) => None,
        Ok(None) => {
            stream.create_consumer_strict(wanted()).await.map_err(unanswered)?;
            return Ok(Migrated::Created);
        }
        found => found?,
    };
    if found.as_ref().is_some_and(|found| fault(found).is_none()) {
        return Ok(Migrated::Unchanged);
    }
    // Some servers report that they changed `memory_storage`, but keep the consumer in memory.
    if let Some(found) = found.filter(|found| !found.config.memory_storage) {
        // Some settings cannot be changed. The next look shows whether these were, so the error is ignored.
        let _ = stream.update_consumer(wanted()).await;
        if found.paused {
            let _ = stream.resume_consumer(streams::HUBS).await;
        }
        if find().await?.as_ref().is_some_and(|info| fault(info).is_none()) {
            return Ok(Migrated::Repaired);
        }
    }
    stream.delete_consumer(streams::HUBS).await.map_err(unanswered)?;
    let made = stream.create_consumer_strict(wanted()).await.map_err(unanswered)?;
    fault(made.cached_info()).map_or(Ok(Migrated::Recreated), |fault| Err(StreamError::Unsafe(streams::HUBS, fault)))
}

fn unanswered(error: impl Error + Send + Sync + 'static) -> StreamError {
    StreamError::Unanswered(streams::HUBS, Arc::new(error))
}

/// The found settings, with every harmful one replaced.
fn mended(found: Config, wanted: &Config) -> Config {
    let mut subjects = found.subjects.clone();
    subjects.extend(wanted.subjects.iter().filter(|subject| !found.subjects.contains(subject)).cloned());
    Config {
        subjects,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        discard_new_per_subject: false,
        max_messages_per_subject: wanted.max_messages_per_subject,
        storage: wanted.storage,
        no_ack: false,
        max_age: if review::is_too_young(found.max_age) { wanted.max_age } else { found.max_age },
        max_message_size: if review::is_too_small(found.max_message_size) {
            wanted.max_message_size
        } else {
            found.max_message_size
        },
        sealed: false,
        allow_rollup: false,
        mirror: None,
        sources: None,
        subject_transform: None,
        persist_mode: wanted.persist_mode,
        allow_message_counter: false,
        subject_delete_marker_ttl: None,
        ..found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_replaces_harmful_settings_and_keeps_harmless_ones() {
        let wanted = streams::events(&JetStreamSettings::at(""));
        let (month, any_size) = (Duration::from_hours(30 * 24), 1 << 20);
        for (max_age, max_message_size, kept) in [
            (month, any_size, (month, any_size)),
            (Duration::ZERO, -1, (Duration::ZERO, -1)),
            (Duration::from_hours(1), 1024, (wanted.max_age, wanted.max_message_size)),
        ] {
            let found = Config { discard: DiscardPolicy::Old, max_age, max_message_size, ..wanted.clone() };
            let repaired = mended(found, &wanted);
            assert_eq!((repaired.max_age, repaired.max_message_size), kept);
            assert_eq!(review::stream_fault(&repaired, &wanted), None);
        }
    }
}
