//! Each setting by itself: the review refuses neither our own settings nor harmless ones.

use async_nats::jetstream::consumer::{Config as Consumer, Info, IntoConsumerConfig as _};
use async_nats::jetstream::stream::{Config, Source, SubjectTransform};
use serde_json::json;

use super::super::settings::JetStreamSettings;
use super::super::streams;
use super::*;

const PULL: Pull = Pull { messages: 32, expires: Duration::from_millis(250), lease: Duration::from_secs(5) };

fn events() -> Config {
    streams::events(&JetStreamSettings::at(""))
}

fn hubs() -> Consumer {
    streams::hubs(&JetStreamSettings::at("")).into_consumer_config()
}

fn fault(config: Consumer, paused: bool) -> Option<&'static str> {
    let place = json!({ "consumer_seq": 0, "stream_seq": 0 });
    let mut info: Info = serde_json::from_value(json!({
        "stream_name": streams::EVENTS, "name": streams::HUBS, "created": "2026-11-28T00:00:00Z",
        "config": { "deliver_policy": "all", "ack_policy": "explicit" }, "delivered": place, "ack_floor": place,
        "num_ack_pending": 0, "num_redelivered": 0, "num_waiting": 0, "num_pending": 0, "paused": paused,
    }))
    .unwrap();
    info.config = config;
    consumer_fault(&info, &events().subjects, PULL)
}

#[test]
fn a_stream_that_we_make_or_that_is_harmless_is_not_refused() {
    let ours = events();
    for harmless in [
        ours.clone(),
        Config { max_bytes: 1 << 30, max_age: Duration::ZERO, ..ours.clone() },
        Config { max_messages: 5, num_replicas: 3, ..ours.clone() },
        Config { max_message_size: 1 << 20, duplicate_window: Duration::from_mins(2), ..ours.clone() },
        Config { deny_delete: true, deny_purge: true, allow_direct: true, ..ours.clone() },
        Config { description: Some("changed".to_owned()), ..ours.clone() },
        Config { allow_message_ttl: true, allow_message_schedules: true, ..ours.clone() },
        Config { allow_atomic_publish: true, allow_batch_publish: true, ..ours.clone() },
    ] {
        assert_eq!(stream_fault(&harmless, &ours), None, "{harmless:?}");
    }
}

#[test]
fn each_way_in_which_a_stream_can_lose_or_hold_up_events_is_refused() {
    let ours = events();
    let transform = SubjectTransform { source: ">".to_owned(), destination: "a.>".to_owned() };
    for bad in [
        Config { subjects: vec!["countersign.other".to_owned()], ..ours.clone() },
        Config { retention: RetentionPolicy::WorkQueue, ..ours.clone() },
        Config { discard: DiscardPolicy::Old, ..ours.clone() },
        Config { max_messages_per_subject: 1, ..ours.clone() },
        Config { storage: StorageType::Memory, ..ours.clone() },
        Config { no_ack: true, ..ours.clone() },
        Config { max_age: Duration::from_hours(47), ..ours.clone() },
        Config { max_message_size: 1024, ..ours.clone() },
        Config { sealed: true, ..ours.clone() },
        Config { allow_rollup: true, ..ours.clone() },
        Config { mirror: Some(Source::default()), ..ours.clone() },
        Config { sources: Some(vec![Source::default()]), ..ours.clone() },
        Config { subject_transform: Some(transform), ..ours.clone() },
        Config { persist_mode: Some(PersistenceMode::Async), ..ours.clone() },
        Config { allow_message_counter: true, ..ours.clone() },
        Config { subject_delete_marker_ttl: Some(Duration::from_mins(1)), ..ours.clone() },
    ] {
        assert!(stream_fault(&bad, &ours).is_some(), "{bad:?}");
    }
}

#[test]
fn a_consumer_that_we_make_or_that_is_harmless_is_not_refused() {
    let ours = hubs();
    for harmless in [
        ours.clone(),
        Consumer { ack_wait: Duration::from_mins(1), max_waiting: 512, ..ours.clone() },
        Consumer { filter_subject: events().subjects[0].clone(), ..ours.clone() },
        Consumer { filter_subjects: events().subjects, ..ours.clone() },
        Consumer { description: Some("changed".to_owned()), num_replicas: 3, sample_frequency: 100, ..ours.clone() },
        Consumer { max_batch: 256, max_expires: Duration::from_secs(30), max_bytes: 1 << 20, ..ours.clone() },
    ] {
        assert_eq!(fault(harmless.clone(), false), None, "{harmless:?}");
    }
}

#[test]
fn each_way_in_which_a_consumer_can_lose_or_hold_up_events_is_refused() {
    let ours = hubs();
    assert!(fault(ours.clone(), true).is_some(), "paused");
    for bad in [
        Consumer { deliver_subject: Some("elsewhere".to_owned()), ..ours.clone() },
        Consumer { deliver_group: Some("some".to_owned()), ..ours.clone() },
        Consumer { durable_name: None, ..ours.clone() },
        Consumer { inactive_threshold: Duration::from_mins(5), ..ours.clone() },
        Consumer { deliver_policy: DeliverPolicy::New, ..ours.clone() },
        Consumer { deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: 7 }, ..ours.clone() },
        Consumer { ack_policy: AckPolicy::None, ..ours.clone() },
        Consumer { ack_policy: AckPolicy::All, ..ours.clone() },
        Consumer { ack_wait: Duration::from_millis(10), ..ours.clone() },
        Consumer { ack_wait: Duration::from_hours(1), ..ours.clone() },
        Consumer { max_deliver: 1, ..ours.clone() },
        Consumer { filter_subject: "countersign.callback.none".to_owned(), ..ours.clone() },
        Consumer { filter_subjects: vec!["countersign.none".to_owned()], ..ours.clone() },
        Consumer { replay_policy: ReplayPolicy::Original, ..ours.clone() },
        Consumer { max_waiting: 1, ..ours.clone() },
        Consumer { max_ack_pending: 1, ..ours.clone() },
        Consumer { headers_only: true, ..ours.clone() },
        Consumer { max_batch: 1, ..ours.clone() },
        Consumer { max_expires: Duration::from_millis(1), ..ours.clone() },
        Consumer { memory_storage: true, ..ours.clone() },
        Consumer { backoff: vec![Duration::from_hours(1)], ..ours.clone() },
        Consumer { priority_policy: PriorityPolicy::Overflow, ..ours.clone() },
        Consumer { priority_groups: vec!["some".to_owned()], ..ours.clone() },
    ] {
        assert!(fault(bad.clone(), false).is_some(), "{bad:?}");
    }
}

#[test]
fn a_setting_that_only_the_server_knows_is_refused_where_it_is_set() {
    let ours = json!(hubs());
    assert_eq!((unlisted_of_stream(&json!(events())), unlisted_of_consumer(&ours)), (None, None));
    for (value, set) in [(json!(true), true), (json!("some"), true), (json!(1), true), (json!({ "a": 1 }), true)]
        .into_iter()
        .chain([json!(null), json!(false), json!(0), json!(""), json!([]), json!({})].map(|value| (value, false)))
    {
        let mut config = ours.clone();
        config["sourcing"] = value;
        assert_eq!(unlisted_of_consumer(&config), set.then_some("sourcing"), "{config}");
    }
}
