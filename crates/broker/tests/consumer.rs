//! The consumer that all hubs share, on real servers: a hub creates it if it may, and never changes it. It notices
//! changes by others, and names `migrate`, which repairs them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use std::path::Path;
use std::time::Duration;

use approval::{MessageId, Secret};
use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::Stream;
use broker::{
    ConnectError, ConsumeError, Credentials, EventLog as _, Intake as _, JetStream, JetStreamSettings, Message,
    Migrated, Outcome, migrate,
};
use nats::{NEWEST, OLDEST, Server};
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than any test: no periodic review takes place.
const NEVER: Duration = Duration::from_hours(1);

fn settings(server: &Server, review_every: Duration) -> JetStreamSettings {
    JetStreamSettings { review_every, ..JetStreamSettings::at(&server.url) }
}

fn login(server: &Server, user: &'static str) -> JetStreamSettings {
    let credentials = Credentials::Password { user: user.to_owned(), password: Secret::new("change-me") };
    JetStreamSettings { credentials, inbox: user, review_every: Duration::from_millis(50), ..settings(server, NEVER) }
}

/// A server with the logins that we ship.
fn with_logins(version: &str, folder: &Path) -> Server {
    let file = folder.join("nats.conf");
    let store = format!(r#"store_dir: "{}""#, folder.join("nats").display());
    let logins = include_str!("../../../deploy/nats.conf");
    std::fs::write(&file, logins.replace(r#"store_dir: "nats""#, &store)).unwrap();
    Server::start_configured(version, &file)
}

/// The stream of events, for a login without restrictions.
async fn events(server: &Server) -> Stream {
    let options = ConnectOptions::with_user_and_password("operator".into(), "change-me".into());
    let client = options.custom_inbox_prefix("_INBOX.operator").connect(&server.url).await.unwrap();
    async_nats::jetstream::new(client).get_stream("COUNTERSIGN_EVENTS").await.unwrap()
}

fn ours() -> pull::Config {
    pull::Config {
        durable_name: Some("hubs".to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(5),
        max_deliver: -1,
        max_ack_pending: -1,
        ..pull::Config::default()
    }
}

async fn publish(log: &JetStream, text: &str) {
    log.publish(Message::event(MessageId::of(text.as_bytes()), text.to_owned().into())).await.unwrap();
}

/// Waits until a fault stops the taking of messages; returns the fault.
async fn until_unusable(log: &JetStream) -> String {
    let refused = async { while !matches!(log.next().await, Err(ConsumeError::Unusable(_))) {} };
    timeout(PATIENCE, refused).await.expect("the fault is noticed");
    log.fault().expect("the fault is known")
}

/// Takes the next message once the fault is gone.
async fn take(log: &JetStream) -> String {
    let taken = timeout(PATIENCE, async {
        loop {
            if let Ok(received) = log.next().await {
                break received;
            }
        }
    });
    let received = taken.await.expect("a message comes");
    let text = String::from_utf8(received.payload.to_vec()).unwrap();
    log.settle(received, Outcome::Done).await.unwrap();
    assert_eq!(log.fault(), None);
    text
}

#[tokio::test]
async fn a_consumer_that_is_changed_is_noticed_and_left_and_migrate_changes_it_back() {
    for version in [NEWEST, OLDEST] {
        let folder = TempDir::new().unwrap();
        let server = Server::start(version, folder.path(), &[]);
        let log = JetStream::connect(settings(&server, Duration::from_millis(50))).await.unwrap();
        let stream = events(&server).await;
        for (number, (bad, words)) in [
            (pull::Config { max_deliver: 1, ..ours() }, "its max_deliver gives up after a few deliveries"),
            (pull::Config { filter_subject: "countersign.callback.none".to_owned(), ..ours() }, "some subjects"),
            (pull::Config { ack_wait: Duration::from_hours(1), ..ours() }, "its ack_wait is too long"),
            (pull::Config { max_ack_pending: 1, ..ours() }, "holds up the rest"),
            (pull::Config { headers_only: true, ..ours() }, "no payloads"),
            (pull::Config { inactive_threshold: Duration::from_mins(1), ..ours() }, "away for a while"),
        ]
        .into_iter()
        .enumerate()
        {
            stream.update_consumer(bad.clone()).await.unwrap();
            let fault = until_unusable(&log).await;
            assert!(fault.contains(words) && fault.contains("run `countersign migrate`"), "{version}: {fault}");
            let left: PullConsumer = stream.get_consumer("hubs").await.unwrap();
            let left = &left.cached_info().config;
            assert_eq!((left.max_deliver, left.ack_wait), (bad.max_deliver, bad.ack_wait), "a hub changes nothing");
            publish(&log, &number.to_string()).await;
            assert_eq!(migrate(settings(&server, NEVER)).await.unwrap(), Migrated::Repaired, "{version}: {words}");
            assert_eq!(take(&log).await, number.to_string());
        }
        assert_eq!(migrate(settings(&server, NEVER)).await.unwrap(), Migrated::Unchanged);
    }
}

#[tokio::test]
async fn a_consumer_of_another_kind_is_made_anew_and_loses_nothing() {
    for version in [NEWEST, OLDEST] {
        let folder = TempDir::new().unwrap();
        let server = Server::start(version, folder.path(), &[]);
        let log = JetStream::connect(settings(&server, Duration::from_millis(50))).await.unwrap();
        let stream = events(&server).await;
        for (number, bad) in [
            pull::Config { deliver_policy: DeliverPolicy::New, ..ours() },
            pull::Config { ack_policy: AckPolicy::None, ..ours() },
            pull::Config { memory_storage: true, ..ours() },
        ]
        .into_iter()
        .enumerate()
        {
            stream.delete_consumer("hubs").await.unwrap();
            publish(&log, &number.to_string()).await;
            stream.create_consumer(bad).await.unwrap();
            until_unusable(&log).await;
            assert_eq!(migrate(settings(&server, NEVER)).await.unwrap(), Migrated::Recreated, "{version}: {number}");
            while take(&log).await != number.to_string() {}
        }
    }
}

#[tokio::test]
async fn a_setting_that_only_the_server_knows_is_noticed_and_migrate_takes_it_away() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let log = JetStream::connect(settings(&server, Duration::from_millis(50))).await.unwrap();
    let client = async_nats::connect(&server.url).await.unwrap();
    events(&server).await.delete_consumer("hubs").await.unwrap();
    let request = r#"{"stream_name":"COUNTERSIGN_EVENTS","config":{"durable_name":"hubs","ack_policy":"explicit",
        "ack_wait":5000000000,"max_deliver":-1,"max_ack_pending":-1,"sourcing":true}}"#;
    let made = client.request("$JS.API.CONSUMER.DURABLE.CREATE.COUNTERSIGN_EVENTS.hubs", request.into()).await.unwrap();
    let answer = String::from_utf8_lossy(&made.payload);
    assert!(answer.contains("\"sourcing\":true"), "{answer}");
    let fault = until_unusable(&log).await;
    assert!(fault.contains("settings that this version of Countersign does not know (sourcing)"), "{fault}");
    publish(&log, "a").await;
    assert_eq!(migrate(settings(&server, NEVER)).await.unwrap(), Migrated::Recreated);
    assert_eq!(take(&log).await, "a");
}

#[tokio::test]
async fn a_consumer_that_is_paused_is_noticed_and_migrate_ends_the_pause() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let log = JetStream::connect(settings(&server, Duration::from_millis(50))).await.unwrap();
    let until = async_nats::datetime::add_std_duration(async_nats::datetime::now(), NEVER).unwrap();
    events(&server).await.pause_consumer("hubs", until).await.unwrap();
    assert!(until_unusable(&log).await.contains("it is paused"));
    publish(&log, "a").await;
    assert_eq!(migrate(settings(&server, NEVER)).await.unwrap(), Migrated::Repaired);
    assert_eq!(take(&log).await, "a");
}

#[tokio::test]
async fn a_consumer_changed_during_a_disconnect_is_noticed_after_it() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let log = JetStream::connect(settings(&server, NEVER)).await.unwrap();
    publish(&log, "a").await;
    assert_eq!(take(&log).await, "a");
    let bad = pull::Config { filter_subject: "countersign.callback.none".to_owned(), ..ours() };
    events(&server).await.update_consumer(bad).await.unwrap();
    let port = server.port;
    server.kill();
    let _server = Server::start_at(port, NEWEST, folder.path(), &[]);
    assert!(until_unusable(&log).await.contains("some subjects"));
}

#[tokio::test]
async fn a_stream_changed_while_in_use_is_noticed_and_migrate_repairs_it() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let log = JetStream::connect(settings(&server, Duration::from_millis(50))).await.unwrap();
    let config = events(&server).await.cached_info().config.clone();
    let jetstream = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let bad = async_nats::jetstream::stream::Config {
        discard: async_nats::jetstream::stream::DiscardPolicy::Old,
        max_age: Duration::from_hours(1),
        ..config
    };
    jetstream.update_stream(bad).await.unwrap();
    assert!(until_unusable(&log).await.contains("discards old messages"));
    migrate(settings(&server, NEVER)).await.unwrap();
    publish(&log, "a").await;
    assert_eq!(take(&log).await, "a");
}

#[tokio::test]
async fn with_the_logins_that_we_ship_only_migrate_makes_what_is_missing() {
    for version in [NEWEST, OLDEST] {
        let folder = TempDir::new().unwrap();
        let server = with_logins(version, folder.path());
        let early =
            JetStream::connect(JetStreamSettings { start_within: Duration::from_millis(100), ..login(&server, "hub") });
        let refused = early.await.unwrap_err();
        assert!(matches!(refused, ConnectError::Stream(_)), "{refused:?}");
        assert!(refused.to_string().contains("countersign migrate"), "{refused}");

        assert_eq!(migrate(login(&server, "operator")).await.unwrap(), Migrated::Created);
        let hub = JetStream::connect(login(&server, "hub")).await.unwrap();
        assert_eq!(hub.fault(), None);
        events(&server).await.delete_consumer("hubs").await.unwrap();
        let fault = until_unusable(&hub).await;
        assert!(
            fault.contains("is missing, and NATS did not answer the request to create it; run `countersign migrate`"),
            "{fault}"
        );
        let receiver = JetStreamSettings { takes: false, ..login(&server, "receiver") };
        publish(&JetStream::connect(receiver).await.unwrap(), "a").await;
        assert_eq!(migrate(login(&server, "operator")).await.unwrap(), Migrated::Created);
        assert_eq!(take(&hub).await, "a");
    }
}
