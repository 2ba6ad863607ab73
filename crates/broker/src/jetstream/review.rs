//! Checks the settings of a stream and of the consumer. Every setting is listed here, as harmless or with the values
//! that are safe: a new one in the client library does not compile until it is listed, and one that only the server
//! knows is refused where it is set. Reaches no server.

mod names;

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use async_nats::jetstream::stream::{self, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType};
use serde_json::Value;

/// The stream must keep events for at least this long, so that all hubs may be down meanwhile.
const LONGEST_OUTAGE: Duration = Duration::from_hours(48);
/// A callback of 64 KiB with its headers, in bytes.
const LONGEST_MESSAGE: i32 = 96 * 1024;
/// The longest lease: after it, an event of a hub that died is redelivered.
const LONGEST_LEASE: Duration = Duration::from_mins(1);
/// This many hubs must be able to pull at once.
const MOST_HUBS: i64 = 64;

/// A hub's pull, which the consumer must allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pull {
    pub(super) messages: usize,
    pub(super) expires: Duration,
    /// How long a hub may work on one message.
    pub(super) lease: Duration,
}

/// The first setting of the stream by which an acknowledged event could be lost or held up.
pub(super) fn stream_fault(found: &stream::Config, wanted: &stream::Config) -> Option<&'static str> {
    let stream::Config {
        subjects,
        retention,
        discard,
        max_messages_per_subject,
        storage,
        no_ack,
        max_age,
        max_message_size,
        sealed,
        allow_rollup,
        mirror,
        sources,
        subject_transform,
        persist_mode,
        allow_message_counter,
        subject_delete_marker_ttl,
        // A full stream refuses new messages, which then wait in the spools.
        max_bytes: _,
        max_messages: _,
        discard_new_per_subject: _,
        // If this leaves no room for the consumer, it is reported as missing.
        max_consumers: _,
        // The check of the consumer finds its effects.
        consumer_limits: _,
        // A repeated callback decides nothing.
        duplicate_window: _,
        // Where the stream is stored, and who else may read it.
        name: _,
        description: _,
        num_replicas: _,
        template_owner: _,
        deny_delete: _,
        deny_purge: _,
        republish: _,
        allow_direct: _,
        mirror_direct: _,
        metadata: _,
        compression: _,
        first_sequence: _,
        placement: _,
        pause_until: _,
        // Only for messages that request it; ours do not.
        allow_message_ttl: _,
        allow_message_schedules: _,
        allow_atomic_publish: _,
        allow_batch_publish: _,
    } = found;
    let covered = wanted.subjects.iter().all(|subject| subjects.contains(subject));
    first(&[
        (!covered, "it does not take our subjects"),
        (*retention != RetentionPolicy::Limits, "its retention is not by limits"),
        (*discard != DiscardPolicy::New, "it discards old messages when it is full"),
        (*max_messages_per_subject > 0, "it keeps only a few messages of each subject"),
        (*storage != StorageType::File, "it is kept in memory"),
        (*no_ack, "it does not acknowledge messages"),
        (is_too_young(*max_age), "it drops messages within 48 hours"),
        (is_too_small(*max_message_size), "it refuses long callbacks"),
        (*sealed, "it is sealed"),
        (*allow_rollup, "each message may drop those before it"),
        (mirror.is_some(), "it is a mirror, and takes nothing"),
        (adds_messages(sources.as_deref(), *subject_delete_marker_ttl), "it takes messages that no receiver published"),
        (subject_transform.is_some(), "it changes subjects"),
        (*allow_message_counter, "it takes counters only"),
        (matches!(persist_mode, Some(PersistenceMode::Async)), "it acknowledges before it has written"),
    ])
}

/// True for a stream that copies messages from others, or writes markers of its own when messages are dropped.
fn adds_messages(sources: Option<&[stream::Source]>, delete_marker_ttl: Option<Duration>) -> bool {
    sources.is_some_and(|all| !all.is_empty()) || delete_marker_ttl.is_some_and(|ttl| !ttl.is_zero())
}

/// True for a `max_age` after which events are dropped too early. Zero means never.
pub(super) const fn is_too_young(max_age: Duration) -> bool {
    !max_age.is_zero() && max_age.as_secs() < LONGEST_OUTAGE.as_secs()
}

/// True for a `max_message_size` that refuses a long callback. Zero and less mean no limit.
pub(super) const fn is_too_small(max_message_size: i32) -> bool {
    0 < max_message_size && max_message_size < LONGEST_MESSAGE
}

/// The first setting of the consumer by which an event could be lost or held up on its way to the hubs.
pub(super) fn consumer_fault(found: &consumer::Info, subjects: &[String], pull: Pull) -> Option<&'static str> {
    let consumer::Config {
        deliver_subject,
        deliver_group,
        durable_name,
        deliver_policy,
        ack_policy,
        ack_wait,
        max_deliver,
        filter_subject,
        filter_subjects,
        replay_policy,
        max_waiting,
        max_ack_pending,
        headers_only,
        max_batch,
        max_expires,
        inactive_threshold,
        memory_storage,
        backoff,
        priority_policy,
        priority_groups,
        // `found.paused` says whether it is paused now.
        pause_until: _,
        // For push consumers.
        rate_limit: _,
        flow_control: _,
        idle_heartbeat: _,
        // For priority groups.
        priority_timeout: _,
        // For pulls with a limit of bytes; ours have none.
        max_bytes: _,
        // Names, replicas and monitoring.
        name: _,
        description: _,
        sample_frequency: _,
        num_replicas: _,
        metadata: _,
    } = &found.config;
    let takes_all = |filter: &String| filter.is_empty() || filter == ">" || subjects.contains(filter);
    let all = takes_all(filter_subject) && filter_subjects.iter().all(takes_all);
    let batch = i64::try_from(pull.messages).unwrap_or(i64::MAX);
    first(&[
        (found.paused, "it is paused"),
        (deliver_subject.is_some() || deliver_group.is_some(), "the server pushes, and hubs pull"),
        (durable_name.is_none() || !inactive_threshold.is_zero(), "it is deleted when all hubs are away for a while"),
        (*deliver_policy != DeliverPolicy::All, "it skips old events"),
        (*ack_policy != AckPolicy::Explicit, "it counts delivered events as acknowledged"),
        (*ack_wait < pull.lease, "its ack_wait is too short: it redelivers events that a hub still works on"),
        (*ack_wait > pull.lease.max(LONGEST_LEASE), "its ack_wait is too long: a dead hub's events come too late"),
        (*max_deliver > 0, "its max_deliver gives up after a few deliveries"),
        (!all, "it skips some subjects"),
        (*replay_policy != ReplayPolicy::Instant, "it replays events at their original speed"),
        ((1..MOST_HUBS).contains(max_waiting), "its max_waiting allows only a few hubs to pull at once"),
        (*max_ack_pending > 0, "its max_ack_pending holds up the rest while a few events wait"),
        (*headers_only, "it delivers no payloads"),
        ((1..batch).contains(max_batch), "it refuses the pulls of hubs"),
        (!max_expires.is_zero() && *max_expires < pull.expires, "it refuses the pulls of hubs"),
        (*memory_storage, "it forgets acknowledgements when the server restarts"),
        (!backoff.is_empty(), "its backoff replaces the lease"),
        (*priority_policy != PriorityPolicy::None, "its priority settings exclude some hubs"),
        (!priority_groups.is_empty(), "its priority settings exclude some hubs"),
    ])
}

/// The first setting of a stream that is set and not listed here, out of all settings as the server sent them.
pub(super) fn unlisted_of_stream(config: &Value) -> Option<&str> {
    unlisted(config, &names::OF_STREAMS)
}

/// The first such setting of a consumer.
pub(super) fn unlisted_of_consumer(config: &Value) -> Option<&str> {
    unlisted(config, &names::OF_CONSUMERS)
}

fn unlisted<'a>(config: &'a Value, listed: &[&str]) -> Option<&'a str> {
    let mut settings = config.as_object()?.iter();
    settings.find_map(|(name, value)| (is_set(value) && !listed.contains(&name.as_str())).then_some(name.as_str()))
}

/// False for the values that mean the same as no value.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
    }
}

fn first(faults: &[(bool, &'static str)]) -> Option<&'static str> {
    faults.iter().find_map(|&(is_there, words)| is_there.then_some(words))
}

#[cfg(test)]
mod tests;
