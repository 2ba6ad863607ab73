//! What an event log on NATS does beyond the conformance suite: what travels, what a full or a dying server means, what
//! processes tell each other, and by which ways one logs in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use approval::{MessageId, subject};
use async_nats::jetstream::{self, consumer, stream};
use broker::{
    Announced, ConnectError, ConsumeError, Credentials, EventLog as _, Intake as _, JetStream, JetStreamSettings,
    Message, Outcome, PublishError, Receipt, Tls,
};
use nats::{NEWEST as VERSION, Server};
use tempfile::TempDir;
use tokio::sync::watch;

fn message(text: &str) -> Message {
    Message::event(MessageId::of(text.as_bytes()), text.to_owned().into())
}

fn settings(server: &Server) -> JetStreamSettings {
    JetStreamSettings::at(&server.url)
}

async fn connect(server: &Server) -> JetStream {
    JetStream::connect(settings(server)).await.unwrap()
}

async fn plain(server: &Server) -> jetstream::Context {
    jetstream::new(async_nats::connect(&server.url).await.unwrap())
}

/// The headers of the message with this number, and its subject.
async fn headers(context: &jetstream::Context, stream: &str, number: u64) -> (String, BTreeMap<String, String>) {
    let message = context.get_stream(stream).await.unwrap().get_raw_message(number).await.unwrap();
    let headers = message.headers.iter().map(|(name, values)| (name.to_string(), values[0].to_string()));
    (message.subject.to_string(), headers.collect())
}

#[tokio::test]
async fn beside_a_payload_stands_what_the_description_of_the_messages_says() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(VERSION, folder.path(), &[]);
    let (log, context) = (connect(&server).await, plain(&server).await);
    let id = message("a").id;
    log.publish(message("a")).await.unwrap();
    log.bury(Message::raw(id.clone(), "a=b".into()), "no\nuuid").await.unwrap();

    let (on, found) = headers(&context, "COUNTERSIGN_EVENTS", 1).await;
    let digits = id.as_str();
    let trace = format!("00-{}-{}-01", &digits[..32], &digits[32..48]);
    let wanted = [
        ("Content-Type", "application/json"),
        ("Countersign-Schema", "callback.v1"),
        ("Nats-Msg-Id", digits),
        ("traceparent", &trace),
    ];
    assert_eq!(on, subject::CALLBACK);
    assert_eq!(found, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let (on, found) = headers(&context, "COUNTERSIGN_DEAD_LETTERS", 1).await;
    assert_eq!(on, subject::DEAD_LETTER);
    assert_eq!((&*found["Content-Type"], &*found["Countersign-Schema"]), ("application/octet-stream", "raw"));
    assert_eq!(found["Countersign-Reason"], "no uuid");
}

#[tokio::test]
async fn a_full_stream_refuses_what_is_new_and_keeps_what_it_has() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(VERSION, folder.path(), &[]);
    let config = stream::Config {
        name: "COUNTERSIGN_EVENTS".to_owned(),
        subjects: vec![subject::CALLBACKS.to_owned()],
        discard: stream::DiscardPolicy::New,
        max_messages: 2,
        ..stream::Config::default()
    };
    plain(&server).await.create_stream(config).await.unwrap();
    let log = connect(&server).await;
    for text in ["a", "b"] {
        log.publish(message(text)).await.unwrap();
    }

    assert!(matches!(log.publish(message("c")).await, Err(PublishError::Unwritable(_))));

    for text in ["a", "b"] {
        let received = log.next().await.unwrap();
        assert_eq!(received.payload, text);
        log.settle(received, Outcome::Done).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_kill_of_the_server_and_everybody_finds_it_again() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(VERSION, folder.path(), &[]);
    let (port, log) = (server.port, Arc::new(connect(&server).await));
    let waiting = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            // What was settled just before the kill may come again.
            let mut found = BTreeSet::new();
            while found.len() < 300 {
                if let Ok(received) = log.next().await {
                    found.insert(received.payload.clone());
                    log.settle(received, Outcome::Done).await.unwrap();
                }
            }
        }
    });
    for number in 0..100 {
        log.publish(message(&number.to_string())).await.unwrap();
    }
    server.kill();
    let _server = Server::start_at(port, VERSION, folder.path(), &[]);
    for number in 100..300 {
        while log.publish(message(&number.to_string())).await.is_err() {}
    }
    tokio::time::timeout(Duration::from_mins(1), waiting).await.expect("all of it comes").unwrap();
    assert_eq!(log.publish(message("7")).await.unwrap(), Receipt::Duplicate);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_takes_nothing_along_for_which_others_would_have_to_wait() {
    const ROUNDS: usize = 30;
    const EACH: usize = 40;
    let folder = TempDir::new().unwrap();
    let server = Server::start(VERSION, folder.path(), &[]);
    // Nothing whose lease has to run out first comes in the time that is waited for it.
    let patient = || JetStream::connect(JetStreamSettings { lease: Duration::from_mins(5), ..settings(&server) });
    let dealt_with = watch::Sender::new(BTreeSet::new());
    let take_all = |log: Arc<JetStream>| {
        let dealt_with = dealt_with.clone();
        tokio::spawn(async move {
            loop {
                let received = log.next().await.unwrap();
                let payload = received.payload.clone();
                log.settle(received, Outcome::Done).await.unwrap();
                dealt_with.send_modify(|found| _ = found.insert(payload));
            }
        })
    };
    let stays = Arc::new(patient().await.unwrap());
    let staying = take_all(Arc::clone(&stays));

    for round in 0..ROUNDS {
        let leaves = Arc::new(patient().await.unwrap());
        let leaving = take_all(Arc::clone(&leaves));
        let publishing = async {
            for number in 0..EACH {
                stays.publish(message(&format!("{round}-{number}"))).await.unwrap();
            }
        };
        let going = async {
            dealt_with.subscribe().wait_for(|found| found.len() >= round * EACH + round).await.unwrap();
            leaving.abort();
            let _ = leaving.await;
            leaves.close().await;
        };
        tokio::join!(publishing, going);
    }

    let mut all = dealt_with.subscribe();
    let all = tokio::time::timeout(Duration::from_secs(20), all.wait_for(|found| found.len() == ROUNDS * EACH)).await;
    let found = dealt_with.borrow().len();
    assert!(all.is_ok(), "{found} of {}", ROUNDS * EACH);
    staying.abort();
}

#[tokio::test]
async fn a_consumer_of_somebody_elses_making_that_could_lose_events_is_not_taken_from() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(VERSION, folder.path(), &[]);
    let log = connect(&server).await;
    log.publish(message("a")).await.unwrap();
    let config = consumer::pull::Config {
        durable_name: Some("hubs".to_owned()),
        ack_policy: consumer::AckPolicy::Explicit,
        max_deliver: 3,
        ..consumer::pull::Config::default()
    };
    let stream = plain(&server).await.get_stream("COUNTERSIGN_EVENTS").await.unwrap();
    stream.create_consumer(config).await.unwrap();

    let refused = log.next().await.unwrap_err();

    let cause = std::error::Error::source(&refused).unwrap().to_string();
    assert!(cause.contains("its max_deliver gives up after a few deliveries"), "{cause}");
    stream.delete_consumer("hubs").await.unwrap();
    assert_eq!(log.next().await.unwrap().payload, "a");
}

#[tokio::test]
async fn what_cannot_be_parked_stays_in_the_log_and_holds_up_nothing() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(VERSION, folder.path(), &[]);
    let full = stream::Config {
        name: "COUNTERSIGN_DEAD_LETTERS".to_owned(),
        subjects: vec![subject::DEAD_LETTER.to_owned()],
        discard: stream::DiscardPolicy::New,
        max_messages: 1,
        ..stream::Config::default()
    };
    plain(&server).await.create_stream(full).await.unwrap();
    let log = connect(&server).await;
    log.bury(message("the only one"), "there is room for one").await.unwrap();
    log.publish(message("bad")).await.unwrap();
    let bad = log.next().await.unwrap();

    assert!(matches!(
        log.settle(bad, Outcome::Park("nobody can read it".to_owned())).await,
        Err(ConsumeError::Unreadable(_))
    ));

    log.publish(message("good")).await.unwrap();
    let good = log.next().await.unwrap();
    assert_eq!(good.payload, "good");
    log.settle(good, Outcome::Done).await.unwrap();
    let mut stream = plain(&server).await.get_stream("COUNTERSIGN_EVENTS").await.unwrap();
    let hubs = stream.get_consumer::<consumer::pull::Config>("hubs").await.unwrap().get_info().await.unwrap();
    assert_eq!((hubs.num_ack_pending, stream.info().await.unwrap().state.messages), (1, 2));
}

#[tokio::test]
async fn an_announcement_reaches_the_others_and_who_was_cut_off_is_told_that_something_was_missed() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(VERSION, folder.path(), &[]);
    let (port, one, other) = (server.port, connect(&server).await, connect(&server).await);
    for log in [&one, &other] {
        assert_eq!(log.announced().await, Announced::Missed, "whatever was said before it listened");
    }
    // Each has to have listened before the other speaks.
    one.announce("from one".into()).await.unwrap();
    assert_eq!(said(&other).await, "from one");
    other.announce("from the other".into()).await.unwrap();
    assert_eq!(said(&one).await, "from the other", "and not its own");

    server.kill();
    let _server = Server::start_at(port, VERSION, folder.path(), &[]);

    assert_eq!(one.announced().await, Announced::Missed);
}

/// What somebody announces next.
async fn said(log: &JetStream) -> bytes::Bytes {
    loop {
        if let Announced::This(what) = log.announced().await {
            return what;
        }
    }
}

#[tokio::test]
async fn a_key_instead_of_a_password_lets_in_and_another_key_does_not() {
    // Made for tests; opens nothing.
    const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
    const PUBLIC: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
    let folder = TempDir::new().unwrap();
    let (file, seed) = (folder.path().join("nats.conf"), folder.path().join("seed"));
    let store = folder.path().join("nats");
    std::fs::write(
        &file,
        format!("jetstream {{ store_dir: {store:?} }}\nauthorization {{ users: [{{ nkey: {PUBLIC} }}] }}"),
    )
    .unwrap();
    let server = Server::start_configured(VERSION, &file);
    let with = |credentials| JetStreamSettings { credentials, ..JetStreamSettings::at(&server.url) };

    std::fs::write(&seed, format!("{SEED}\n")).unwrap();
    JetStream::connect(with(Credentials::Nkey(seed.clone()))).await.unwrap();

    let missing = JetStream::connect(with(Credentials::Nkey(folder.path().join("nowhere")))).await;
    assert!(matches!(missing, Err(ConnectError::Credentials(..))), "{missing:?}");
    let nobody = JetStream::connect(with(Credentials::None)).await;
    assert!(matches!(nobody, Err(ConnectError::Refused)), "{nobody:?}");
}

#[tokio::test]
async fn a_server_with_tls_is_reached_by_whoever_trusts_it_and_has_a_certificate() {
    let pem = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
    let path = |name: &str| pem(name).display().to_string();
    let folder = TempDir::new().unwrap();
    let (authority, certificate, key) = (path("authority.pem"), path("server.pem"), path("server.key"));
    let arguments = ["--tlsverify", "--tlscert", &certificate, "--tlskey", &key, "--tlscacert", &authority];
    let server = Server::start(VERSION, folder.path(), &arguments);
    let with = |tls| JetStreamSettings {
        tls,
        start_within: Duration::from_secs(1),
        ..JetStreamSettings::at(server.url.replace("nats:", "tls:"))
    };
    let own = Some((pem("client.pem"), pem("client.key")));
    let trusted = Tls { required: true, authorities: Some(pem("authority.pem")), certificate: own.clone() };

    let log = JetStream::connect(with(trusted.clone())).await.unwrap();
    assert_eq!(log.publish(message("a")).await.unwrap(), Receipt::Stored);

    for tls in [
        Tls { authorities: None, ..trusted.clone() },
        Tls { certificate: None, ..trusted.clone() },
        Tls { authorities: Some(pem("nowhere")), ..trusted },
    ] {
        let refused = JetStream::connect(with(tls)).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    let plain = Server::start(VERSION, TempDir::new().unwrap().path(), &[]);
    let tls = Tls { required: true, ..Tls::default() };
    let refused = JetStream::connect(JetStreamSettings { tls, ..JetStreamSettings::at(&plain.url) }).await;
    assert!(matches!(refused, Err(ConnectError::Tls(_))), "{refused:?}");
}
