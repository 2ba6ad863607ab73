//! Whether a stream and the consumer are as they must be. Each of their settings stands here, as harmless or with what it
//! must be; a new one in the client's library does not compile until it was judged. Reaches no server.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use async_nats::jetstream::stream::{self, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType};

/// The longest that all hubs may be away, whatever an operator makes of the stream.
const LONGEST_OUTAGE: Duration = Duration::from_hours(48);
/// A callback of 64 KiB with its headers, in bytes.
const LONGEST_MESSAGE: i32 = 96 * 1024;
/// The longest that an event may wait for its next hub when one dies with it.
const LONGEST_LEASE: Duration = Duration::from_mins(1);
/// Hubs that may ask at once.
const MOST_HUBS: i64 = 64;

/// What of a hub's pull the consumer must allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pull {
    pub(super) messages: usize,
    pub(super) expires: Duration,
    /// How long a hub may work on one message.
    pub(super) lease: Duration,
}

/// What an acknowledged event could be lost or held up by.
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
        // A full stream refuses what is new, which then waits in the spools.
        max_bytes: _,
        max_messages: _,
        discard_new_per_subject: _,
        // Without a place for the consumer there is none, which is found.
        max_consumers: _,
        // What it does to the consumer is found there.
        consumer_limits: _,
        // A callback that is repeated decides nothing.
        duplicate_window: _,
        // Where and how it is kept, and who else may read it.
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
        // Only for messages that ask for it, and ours do not.
        allow_message_ttl: _,
        subject_delete_marker_ttl: _,
    } = found;
    let covered = wanted.subjects.iter().all(|subject| subjects.contains(subject));
    first(&[
        (!covered, "it does not take our subjects"),
        (*retention != RetentionPolicy::Limits, "its retention is not by limits"),
        (*discard != DiscardPolicy::New, "it discards old messages when it is full"),
        (*max_messages_per_subject > 0, "it keeps only some messages of each subject"),
        (*storage != StorageType::File, "it is kept in memory"),
        (*no_ack, "it acknowledges nothing"),
        (!max_age.is_zero() && *max_age < LONGEST_OUTAGE, "it drops messages within 48 hours"),
        ((1..LONGEST_MESSAGE).contains(max_message_size), "it refuses long callbacks"),
        (*sealed, "it is sealed"),
        (*allow_rollup, "each message may drop those before it"),
        (mirror.is_some(), "it is a mirror, and takes nothing"),
        (sources.as_ref().is_some_and(|all| !all.is_empty()), "it takes messages that no receiver published"),
        (subject_transform.is_some(), "it changes subjects"),
        (matches!(persist_mode, Some(PersistenceMode::Async)), "it acknowledges before it has written"),
    ])
}

/// What an event could be lost or held up by on its way to the hubs.
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
        // Whether it is paused now stands beside the settings.
        pause_until: _,
        // For consumers to which the server pushes.
        rate_limit: _,
        flow_control: _,
        idle_heartbeat: _,
        // For priority groups.
        priority_timeout: _,
        // For pulls that name a number of bytes, and ours do not.
        max_bytes: _,
        // Names, copies, and what is told to those who watch the server.
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
        (durable_name.is_none() || !inactive_threshold.is_zero(), "it is gone when all hubs were away for a while"),
        (*deliver_policy != DeliverPolicy::All, "it leaves out what is old"),
        (*ack_policy != AckPolicy::Explicit, "what it hands out counts as dealt with"),
        (*ack_wait < pull.lease, "it hands out again what a hub still works on"),
        (*ack_wait > pull.lease.max(LONGEST_LEASE), "what a dead hub has taken comes again after more than a minute"),
        (*max_deliver > 0, "it gives up on what was handed out a few times"),
        (!all, "it leaves out some subjects"),
        (*replay_policy != ReplayPolicy::Instant, "it hands out as slowly as events came"),
        ((1..MOST_HUBS).contains(max_waiting), "only a few hubs may ask at once"),
        (*max_ack_pending > 0, "what waits for its time holds up the rest"),
        (*headers_only, "it hands out no payloads"),
        ((1..batch).contains(max_batch), "it refuses the pulls of hubs"),
        (!max_expires.is_zero() && *max_expires < pull.expires, "it refuses the pulls of hubs"),
        (*memory_storage, "it forgets what was dealt with when the server restarts"),
        (!backoff.is_empty(), "it has leases of its own"),
        (*priority_policy != PriorityPolicy::None || !priority_groups.is_empty(), "it prefers some hubs"),
    ])
}

fn first(faults: &[(bool, &'static str)]) -> Option<&'static str> {
    faults.iter().find_map(|&(is_there, words)| is_there.then_some(words))
}

#[cfg(test)]
mod tests;
