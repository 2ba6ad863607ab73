//! The logins that we ship (`deploy/nats.conf`) on a real nats-server: each role does its work with its own, and neither it
//! nor a stranger can do anything else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use std::path::Path;
use std::time::Duration;

use approval::{MessageId, Secret, subject};
use async_nats::{Client, ConnectOptions, jetstream};
use broker::{
    Announced, ConnectError, Credentials, EventLog as _, Intake as _, JetStream, JetStreamSettings, Message, Outcome,
};
use futures_util::future::{FutureExt as _, join_all};
use futures_util::stream::StreamExt as _;
use nats::{NEWEST as VERSION, Server};
use tempfile::TempDir;

/// A receiver may publish callbacks and bury, and nothing else; a hub may take, bury and announce; the operator replays.
const ACCOUNTS: &str = include_str!("../../../deploy/nats.conf");
const PASSWORD: &str = "change-me";

/// What neither a receiver nor a hub may ask of the server.
const FORBIDDEN: [(&str, &str); 18] = [
    ("$JS.API.STREAM.PURGE.COUNTERSIGN_EVENTS", ""),
    ("$JS.API.STREAM.PURGE.COUNTERSIGN_DEAD_LETTERS", ""),
    ("$JS.API.STREAM.DELETE.COUNTERSIGN_EVENTS", ""),
    ("$JS.API.STREAM.DELETE.COUNTERSIGN_DEAD_LETTERS", ""),
    ("$JS.API.STREAM.UPDATE.COUNTERSIGN_EVENTS", r#"{"name":"COUNTERSIGN_EVENTS","max_msgs":1}"#),
    ("$JS.API.STREAM.CREATE.MINE", r#"{"name":"MINE","subjects":["mine"]}"#),
    ("$JS.API.STREAM.MSG.GET.COUNTERSIGN_EVENTS", r#"{"seq":1}"#),
    ("$JS.API.STREAM.MSG.DELETE.COUNTERSIGN_EVENTS", r#"{"seq":1}"#),
    ("$JS.API.STREAM.LIST", ""),
    ("$JS.API.DIRECT.GET.COUNTERSIGN_EVENTS", r#"{"seq":1}"#),
    (
        "$JS.API.CONSUMER.CREATE.COUNTERSIGN_EVENTS.spy",
        r#"{"stream_name":"COUNTERSIGN_EVENTS","config":{"name":"spy"}}"#,
    ),
    ("$JS.API.CONSUMER.DELETE.COUNTERSIGN_EVENTS.hubs", ""),
    ("$JS.API.CONSUMER.CREATE.COUNTERSIGN_EVENTS.hubs", NO_EVENTS),
    ("$JS.API.CONSUMER.CREATE.COUNTERSIGN_EVENTS.hubs.countersign.callback.none", NO_EVENTS),
    ("$JS.API.CONSUMER.DURABLE.CREATE.COUNTERSIGN_EVENTS.hubs", NO_EVENTS),
    ("$JS.API.CONSUMER.CREATE.COUNTERSIGN_EVENTS", NO_EVENTS),
    ("$JS.API.CONSUMER.PAUSE.COUNTERSIGN_EVENTS.hubs", r#"{"pause_until":"2100-01-01T00:00:00Z"}"#),
    ("$JS.API.CONSUMER.LIST.COUNTERSIGN_EVENTS", ""),
];
/// The hubs' consumer, changed so that it delivers no events.
const NO_EVENTS: &str = r#"{"stream_name":"COUNTERSIGN_EVENTS","config":{"durable_name":"hubs","ack_policy":"explicit",
    "deliver_policy":"all","filter_subject":"countersign.callback.none"}}"#;
/// What a receiver may not ask, either.
const OF_HUBS: [(&str, &str); 2] = [
    ("$JS.API.CONSUMER.MSG.NEXT.COUNTERSIGN_EVENTS.hubs", r#"{"batch":1,"no_wait":true}"#),
    ("$JS.API.CONSUMER.INFO.COUNTERSIGN_EVENTS.hubs", ""),
];

fn message(text: &str) -> Message {
    Message::event(MessageId::of(text.as_bytes()), text.to_owned().into())
}

/// A server with those logins.
fn serve(folder: &Path) -> Server {
    let file = folder.join("nats.conf");
    let store = format!(r#"store_dir: "{}""#, folder.join("nats").display());
    std::fs::write(&file, ACCOUNTS.replace(r#"store_dir: "nats""#, &store)).unwrap();
    Server::start_configured(VERSION, &file)
}

async fn log_of(server: &Server, user: &'static str) -> JetStream {
    let credentials = Credentials::Password { user: user.to_owned(), password: Secret::new(PASSWORD) };
    let settings = JetStreamSettings { credentials, inbox: user, ..JetStreamSettings::at(&server.url) };
    JetStream::connect(settings).await.unwrap()
}

/// A client of somebody who has the login of a role and does with it what he likes.
async fn intruder(server: &Server, user: &str) -> Client {
    let options = ConnectOptions::with_user_and_password(user.into(), PASSWORD.into());
    let options = options.custom_inbox_prefix(format!("_INBOX.{user}"));
    options.request_timeout(Some(Duration::from_millis(700))).connect(&server.url).await.unwrap()
}

/// Those of `wanted` that were answered; what is forbidden is not answered at all.
async fn answered<'a>(client: &Client, wanted: &[(&'a str, &str)]) -> Vec<&'a str> {
    let asking = wanted.iter().map(async |(subject, payload)| {
        let answer = client.request((*subject).to_owned(), (*payload).to_owned().into()).await;
        answer.is_ok().then_some(*subject)
    });
    join_all(asking).await.into_iter().flatten().collect()
}

#[tokio::test]
async fn with_the_logins_that_we_ship_every_role_does_its_work_and_nobody_hands_in_or_takes_in_anothers_place() {
    let folder = TempDir::new().unwrap();
    let server = serve(folder.path());
    // The operator creates streams and consumer, and the roles use them.
    let operator = log_of(&server, "operator").await;
    let (receiver, hub) = (log_of(&server, "receiver").await, log_of(&server, "hub").await);
    assert_eq!(hub.announced().await, Announced::Missed);

    receiver.publish(message("a")).await.unwrap();
    receiver.bury(message("b"), "no uuid").await.unwrap();
    let taken = hub.next().await.unwrap();
    hub.settle(taken, Outcome::Park("later".to_owned())).await.unwrap();
    assert_eq!(operator.dead_letters().await.unwrap().len(), 2);
    assert!(operator.replay(2).await.unwrap());
    let again = hub.next().await.unwrap();
    hub.settle(again, Outcome::Done).await.unwrap();

    let (forged, read, taken) = tokio::join!(
        hub.publish(message("forged")),
        receiver.dead_letters(),
        tokio::time::timeout(Duration::from_secs(6), receiver.next()),
    );
    assert!(forged.is_err(), "a hub hands in nothing");
    assert!(read.is_err() && !matches!(taken, Ok(Ok(_))), "a receiver reads and takes nothing");
}

#[tokio::test]
async fn a_stranger_on_the_network_of_nats_gets_no_connection() {
    let folder = TempDir::new().unwrap();
    let server = serve(folder.path());
    let nobody = JetStream::connect(JetStreamSettings::at(&server.url)).await;
    assert!(matches!(nobody, Err(ConnectError::Refused)), "{nobody:?}");
    let login = |user: &str, password: &str| ConnectOptions::with_user_and_password(user.into(), password.into());
    for options in
        [ConnectOptions::new(), login("hub", "guessed"), login("hub", ""), login("", ""), login("sys", "sys")]
    {
        assert!(options.connect(&server.url).await.is_err());
    }
}

#[tokio::test]
async fn whoever_has_the_login_of_a_receiver_or_of_a_hub_can_neither_purge_nor_delete_nor_read_nor_listen() {
    let folder = TempDir::new().unwrap();
    let server = serve(folder.path());
    let operator = log_of(&server, "operator").await;
    let (receiver, hub) = (log_of(&server, "receiver").await, log_of(&server, "hub").await);
    receiver.publish(message("a")).await.unwrap();
    let as_operator = intruder(&server, "operator").await;
    let readable = [("$JS.API.STREAM.MSG.GET.COUNTERSIGN_EVENTS", r#"{"seq":1}"#)];
    assert_eq!(answered(&as_operator, &readable).await.len(), 1, "the same question of one who may ask it");

    let (as_receiver, as_hub) = (intruder(&server, "receiver").await, intruder(&server, "hub").await);
    let mut listening = Vec::new();
    for client in [&as_receiver, &as_hub] {
        for subject in [subject::CALLBACKS, subject::DEAD_LETTER, "$SYS.>", ">"] {
            listening.push(client.subscribe(subject).await.unwrap());
        }
        assert_eq!(answered(client, &FORBIDDEN).await, Vec::<&str>::new());
    }
    assert_eq!(answered(&as_receiver, &OF_HUBS).await, Vec::<&str>::new());

    receiver.publish(message("b")).await.unwrap();
    for client in [&as_receiver, &as_hub] {
        // Whatever is delivered to him is here before the answer to a question that he may ask.
        jetstream::new(client.clone()).get_stream("COUNTERSIGN_EVENTS").await.unwrap();
    }
    for mut ear in listening {
        let heard = ear.next().now_or_never().flatten();
        assert!(heard.is_none(), "{heard:?}");
    }
    for text in ["a", "b"] {
        let taken = hub.next().await.unwrap();
        assert_eq!(taken.payload, text, "nothing was taken away");
        hub.settle(taken, Outcome::Done).await.unwrap();
    }
    assert_eq!(operator.dead_letters().await.unwrap(), []);
}
