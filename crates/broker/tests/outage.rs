//! NATS that is away at the start, or not as it must be then or later, on real servers: what passes is waited for, and
//! what does not pass is never used.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use approval::{Clock, MessageId, Secret, subject};
use async_nats::jetstream::{self, stream};
use broker::{
    ConnectError, Credentials, Embedded, EmbeddedSettings, EventLog as _, Intake as _, JetStream, JetStreamSettings,
    Message, Outcome, Spooled, StreamError, migrate,
};
use nats::{NEWEST, Server};
use port::free_port;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than any test: no periodic check takes place.
const NEVER: Duration = Duration::from_hours(1);

fn at(port: u16) -> JetStreamSettings {
    JetStreamSettings { review_every: NEVER, ..JetStreamSettings::at(format!("nats://127.0.0.1:{port}")) }
}

fn message(text: &str) -> Message {
    Message::event(MessageId::of(text.as_bytes()), text.to_owned().into())
}

async fn opened(settings: JetStreamSettings) -> Arc<JetStream> {
    Arc::new(JetStream::open(settings).await.unwrap())
}

async fn embedded(folder: &Path) -> Embedded {
    let settings = EmbeddedSettings { max_attempts: u32::MAX, remember: Duration::ZERO, ..EmbeddedSettings::default() };
    Embedded::open(&folder.join("spool.db"), Clock::system(), settings).await.unwrap()
}

async fn spooled(log: &Arc<JetStream>, folder: &Path) -> Spooled {
    Spooled::new(Arc::clone(log), Arc::new(embedded(folder).await))
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("it never happens: {what}"));
}

async fn until_fault(log: &JetStream, words: &str) {
    until(words, async || log.fault().is_some_and(|fault| fault.contains(words))).await;
}

async fn take(log: &JetStream) -> String {
    let taken = async {
        loop {
            if let Ok(received) = log.next().await {
                return received;
            }
        }
    };
    let received = timeout(PATIENCE, taken).await.expect("a message comes");
    let text = String::from_utf8(received.payload.to_vec()).unwrap();
    log.settle(received, Outcome::Done).await.unwrap();
    text
}

async fn plain(server: &Server) -> jetstream::Context {
    jetstream::new(async_nats::connect(&server.url).await.unwrap())
}

/// A server with this configuration beside its store.
fn configured(folder: &Path, lines: &str) -> Server {
    let (file, store) = (folder.join("nats.conf"), folder.join("nats"));
    let jetstream = format!(r#"jetstream {{ store_dir: "{}" }}"#, store.display());
    std::fs::write(&file, format!("{jetstream}\n{lines}")).unwrap();
    Server::start_configured(NEWEST, &file)
}

#[tokio::test]
async fn what_is_opened_before_its_server_is_used_as_soon_as_the_server_is_there() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let log = opened(at(port)).await;
    log.started().await.unwrap();
    assert!(!log.is_connected() && log.fault().is_none(), "{log:?}");
    let receiver = spooled(&log, folder.path()).await;
    receiver.publish(message("a")).await.unwrap();
    assert_eq!(receiver.spooled().await.unwrap(), 1);

    let server = Server::start_at(port, NEWEST, folder.path(), &[]);

    assert_eq!(take(&log).await, "a");
    until("the spool is empty", async || receiver.spooled().await.unwrap() == 0).await;
    // And so again after an outage that comes with another, empty store.
    server.kill();
    receiver.publish(message("b")).await.unwrap();
    let empty = TempDir::new().unwrap();
    let _server = Server::start_at(port, NEWEST, empty.path(), &[]);
    assert_eq!(take(&log).await, "b");
}

#[tokio::test]
async fn a_server_without_jetstream_or_an_account_without_it_is_waited_for_and_each_has_its_sentence() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let server = Server::start_without_jetstream_at(port, NEWEST);
    let log = opened(at(port)).await;
    log.started().await.unwrap();
    until_fault(&log, "JetStream turned off; start it with --jetstream").await;
    drop(server);
    let _server = Server::start_at(port, NEWEST, folder.path(), &[]);
    until("it is usable", async || log.is_usable()).await;
    assert_eq!(log.fault(), None);

    let folder = TempDir::new().unwrap();
    let server = configured(
        folder.path(),
        "accounts { A { jetstream: enabled, users: [{ user: a, password: a }] }
                    B { users: [{ user: b, password: b }] } }",
    );
    let credentials = Credentials::Password { user: "b".to_owned(), password: Secret::new("b") };
    let log = opened(JetStreamSettings { credentials, ..at(server.port) }).await;
    log.started().await.unwrap();
    until_fault(&log, "the NATS account of this login has no JetStream").await;
}

#[tokio::test]
async fn what_another_attempt_cannot_mend_ends_the_start_and_met_later_it_is_a_fault_and_never_used() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(JetStream::open(JetStreamSettings::at("not a url")).await, Err(ConnectError::Address)));
    let bad = stream::Config {
        name: "COUNTERSIGN_EVENTS".to_owned(),
        subjects: vec![subject::CALLBACKS.to_owned()],
        max_age: Duration::from_secs(10),
        discard: stream::DiscardPolicy::New,
        ..stream::Config::default()
    };
    let unsafe_stream = folder.path().join("unsafe");
    plain(&Server::start(NEWEST, &unsafe_stream, &[])).await.create_stream(bad).await.unwrap();
    let login = ["--user", "ada", "--pass", "right"];
    for (version, store, arguments, words) in [
        ("2.10.26", "old", &[][..], "version 2.10.26, and Countersign needs 2.11 or newer; update it"),
        (NEWEST, "login", &login, "the NATS server refuses this login"),
        (NEWEST, "unsafe", &[], "it drops messages within 48 hours; run `countersign migrate`"),
    ] {
        let (store, port) = (folder.path().join(store), free_port());
        let late = opened(at(port)).await;
        late.started().await.unwrap();
        let spool = TempDir::new().unwrap();
        let receiver = spooled(&late, spool.path()).await;

        let _server = Server::start_at(port, version, &store, arguments);

        let early = opened(at(port)).await;
        let error = early.started().await.unwrap_err();
        assert!(!error.may_pass(), "{words}: {error}");
        until_fault(&late, words).await;
        receiver.publish(message(words)).await.unwrap();
        assert_eq!(receiver.spooled().await.unwrap(), 1, "{words}");
        assert!(!late.is_usable());
    }
}

#[tokio::test]
async fn a_stream_that_is_deleted_and_made_anew_without_a_promise_is_never_used() {
    let (folder, spool) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let server = Server::start(NEWEST, folder.path(), &[]);
    let log = Arc::new(JetStream::connect(at(server.port)).await.unwrap());
    let receiver = spooled(&log, spool.path()).await;
    receiver.publish(message("a")).await.unwrap();
    assert_eq!(take(&log).await, "a");

    let context = plain(&server).await;
    context.delete_stream("COUNTERSIGN_EVENTS").await.unwrap();
    let bad = stream::Config {
        name: "COUNTERSIGN_EVENTS".to_owned(),
        subjects: vec![subject::CALLBACKS.to_owned()],
        storage: stream::StorageType::Memory,
        max_age: Duration::from_secs(10),
        discard: stream::DiscardPolicy::Old,
        ..stream::Config::default()
    };
    context.create_stream(bad).await.unwrap();
    receiver.publish(message("b")).await.unwrap();

    assert_eq!(receiver.spooled().await.unwrap(), 1, "it is in the spool, wherever else it is");
    until_fault(&log, "run `countersign migrate`").await;
    receiver.publish(message("c")).await.unwrap();
    assert_eq!(receiver.spooled().await.unwrap(), 2);
    context.delete_stream("COUNTERSIGN_EVENTS").await.unwrap();
    migrate(at(server.port)).await.unwrap();
    let taken = [take(&log).await, take(&log).await];
    assert!(taken.contains(&"b".to_owned()) && taken.contains(&"c".to_owned()), "{taken:?}");
    until("the spool is empty", async || receiver.spooled().await.unwrap() == 0).await;
}

#[tokio::test]
async fn with_the_logins_that_we_ship_a_role_starts_before_migrate_and_goes_on_after_it() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("nats.conf");
    let store = format!(r#"store_dir: "{}""#, folder.path().join("nats").display());
    let logins = include_str!("../../../deploy/nats.conf");
    std::fs::write(&file, logins.replace(r#"store_dir: "nats""#, &store)).unwrap();
    let server = Server::start_configured(NEWEST, &file);
    let login = |user: &'static str| {
        let credentials = Credentials::Password { user: user.to_owned(), password: Secret::new("change-me") };
        JetStreamSettings { credentials, inbox: user, takes: user == "hub", ..at(server.port) }
    };
    let (hub, receiver) = (opened(login("hub")).await, opened(login("receiver")).await);
    for log in [&hub, &receiver] {
        log.started().await.unwrap();
        until_fault(log, "is missing, and NATS did not answer the request to create it; run `countersign migrate`")
            .await;
    }
    migrate(login("operator")).await.unwrap();
    until("the receiver publishes", async || receiver.publish(message("a")).await.is_ok()).await;
    assert_eq!(take(&hub).await, "a");
}

#[tokio::test]
async fn an_account_that_wants_a_limit_names_the_setting_and_the_streams_get_it() {
    let folder = TempDir::new().unwrap();
    let server = configured(
        folder.path(),
        "accounts { A { jetstream { max_file: 100MB, max_bytes_required: true }, users: [{ user: a, password: a }] } }",
    );
    let credentials = Credentials::Password { user: "a".to_owned(), password: Secret::new("a") };
    let settings = JetStreamSettings { credentials, ..at(server.port) };
    let error = opened(settings.clone()).await.started().await.unwrap_err();
    assert!(matches!(error, ConnectError::Stream(StreamError::SizeLimitRequired)), "{error:?}");
    assert!(error.to_string().contains("set NATS_STREAM_MB"), "{error}");

    let log = JetStream::connect(JetStreamSettings { max_bytes: Some(20 << 20), ..settings }).await.unwrap();
    log.publish(message("a")).await.unwrap();
    let login = async_nats::ConnectOptions::with_user_and_password("a".into(), "a".into());
    let context = jetstream::new(login.connect(&server.url).await.unwrap());
    for name in ["COUNTERSIGN_EVENTS", "COUNTERSIGN_DEAD_LETTERS"] {
        assert_eq!(context.get_stream(name).await.unwrap().cached_info().config.max_bytes, 20 << 20);
    }
}

#[tokio::test]
async fn a_server_that_begins_with_tls_names_the_setting_and_is_reached_with_it() {
    let pem = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
    let folder = TempDir::new().unwrap();
    let (certificate, key) = (pem("server.pem"), pem("server.key"));
    let (certificate, key) = (certificate.display(), key.display());
    let tls = format!(r#"tls {{ cert_file: "{certificate}", key_file: "{key}", handshake_first: true }}"#);
    let server = configured(folder.path(), &tls);
    let trusted = broker::Tls { authorities: Some(pem("authority.pem")), ..broker::Tls::default() };
    let settings = JetStreamSettings { tls: trusted, ..at(server.port) };
    let error = opened(settings.clone()).await.started().await.unwrap_err();
    assert!(error.to_string().contains("handshake_first") && error.to_string().contains("NATS_TLS_FIRST"), "{error}");
    let log = JetStream::connect(JetStreamSettings { tls_first: true, ..settings }).await.unwrap();
    log.publish(message("a")).await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_connections_and_says_nothing_holds_up_no_start() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let log = opened(at(silent.local_addr().unwrap().port())).await;
    timeout(PATIENCE, log.started()).await.expect("the start goes on").unwrap();
    assert!(!log.is_connected());
}

#[tokio::test]
async fn what_nats_will_never_take_is_parked_and_slows_nothing() {
    let (folder, spool) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let server = configured(folder.path(), "max_payload: 4096");
    let log = Arc::new(JetStream::connect(at(server.port)).await.unwrap());
    let receiver = spooled(&log, spool.path()).await;
    for number in 0..5 {
        receiver.publish(message(&format!("{number}{}", "x".repeat(30_000)))).await.unwrap();
        receiver.bury(message(&format!("unreadable {number}{}", "x".repeat(30_000))), "no uuid").await.unwrap();
    }
    assert_eq!(receiver.emptied(PATIENCE).await.unwrap(), 0);
    // Straight to NATS, not through the spool: there it is at once.
    receiver.publish(message("good")).await.unwrap();
    assert_eq!(plain(&server).await.get_stream("COUNTERSIGN_EVENTS").await.unwrap().cached_info().state.messages, 1);
    assert_eq!(receiver.spooled().await.unwrap(), 0);
    receiver.close().await;
    let letters = embedded(spool.path()).await.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 10);
    assert!(letters.iter().any(|letter| letter.reason.contains("NATS will never take it")), "{letters:?}");
}

#[tokio::test]
async fn a_cluster_without_a_leader_holds_up_no_start_and_is_used_when_it_has_one() {
    let folder = TempDir::new().unwrap();
    let (ports, routes) = ([0; 3].map(|_| free_port()), [0; 3].map(|_| free_port()));
    let all = routes.map(|port| format!("nats://127.0.0.1:{port}")).join(",");
    let member = |at: usize| {
        let (name, own) = (format!("member-{at}"), format!("nats://127.0.0.1:{}", routes[at]));
        let arguments = ["--server_name", &name, "--cluster_name", "tests", "--cluster", &own, "--routes", &all];
        Server::start_at(ports[at], NEWEST, &folder.path().join(at.to_string()), &arguments)
    };
    let _alone = member(0);
    let log = opened(JetStreamSettings { replicas: 3, ..at(ports[0]) }).await;
    timeout(PATIENCE, log.started()).await.expect("the start goes on").unwrap();
    assert!(log.is_connected() && !log.is_usable(), "{log:?}");
    let receiver = spooled(&log, folder.path()).await;
    receiver.publish(message("a")).await.unwrap();
    let _others = [member(1), member(2)];
    assert_eq!(take(&log).await, "a");
}
