//! A NATS server that leaves single requests unanswered: the check of the shared consumer, or its creation.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use approval::MessageId;
use broker::{ConsumeError, EventLog as _, Intake as _, JetStream, JetStreamSettings, Message, Outcome};
use nats::{NEWEST, Server};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
const STREAM_INFO: &str = "$JS.API.STREAM.INFO.";
const CONSUMER_INFO: &str = "$JS.API.CONSUMER.INFO.";
const CONSUMER_CREATE: &str = "$JS.API.CONSUMER.CREATE.";

/// A line to a server, which leaves requests that begin with the chosen subject unanswered.
struct Line {
    port: u16,
    unanswered: Arc<Mutex<Option<&'static str>>>,
    /// Subscribed to the renamed requests: without a subscriber the server itself answers that there is none.
    _void: async_nats::Subscriber,
}

impl Line {
    async fn to(server: &Server) -> Self {
        let void = async_nats::connect(&server.url).await.unwrap();
        let subscriber = void.subscribe("void.>").await.unwrap();
        void.flush().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, target) = (listener.local_addr().unwrap().port(), server.port);
        let unanswered = Arc::new(Mutex::new(None));
        let chosen = Arc::clone(&unanswered);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                let ((near_reads, mut near_writes), (mut far_reads, far_writes)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(pass(near_reads, far_writes, Arc::clone(&chosen)));
                tokio::spawn(async move { tokio::io::copy(&mut far_reads, &mut near_writes).await });
            }
        });
        Self { port, unanswered, _void: subscriber }
    }

    fn leave_unanswered(&self, subject: &'static str) {
        *self.unanswered.lock().unwrap() = Some(subject);
    }

    fn answer_all(&self) {
        *self.unanswered.lock().unwrap() = None;
    }

    /// Connects by this line, as a hub does that checks its consumer before nearly every pull.
    async fn connect(&self, start_within: Duration) -> JetStream {
        let settings = JetStreamSettings::at(format!("nats://127.0.0.1:{}", self.port));
        let review_every = Duration::from_millis(50);
        JetStream::connect(JetStreamSettings { review_every, start_within, ..settings }).await.unwrap()
    }
}

/// Passes on what a client sends. Requests to the chosen subject go to one of the same length, where nothing answers.
async fn pass(mut reads: OwnedReadHalf, mut writes: OwnedWriteHalf, chosen: Arc<Mutex<Option<&'static str>>>) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(length @ 1..) = reads.read(&mut buffer).await {
        let bytes = &mut buffer[..length];
        if let Some(subject) = *chosen.lock().unwrap() {
            let void = format!("void.{:x<1$}", "", subject.len() - "void..".len()) + ".";
            let found: Vec<_> = (0..length).filter(|&at| bytes[at..].starts_with(subject.as_bytes())).collect();
            for at in found {
                bytes[at..at + void.len()].copy_from_slice(void.as_bytes());
            }
        }
        if writes.write_all(bytes).await.is_err() {
            return;
        }
    }
}

async fn publish(server: &Server, text: &str) {
    let log = JetStream::connect(JetStreamSettings::at(&server.url)).await.unwrap();
    log.publish(Message::event(MessageId::of(text.as_bytes()), text.to_owned().into())).await.unwrap();
}

/// Takes the next message; fails as soon as it cannot be taken.
async fn take(log: &JetStream) -> Result<String, ConsumeError> {
    let received = timeout(PATIENCE, log.next()).await.expect("a message comes")?;
    let text = String::from_utf8(received.payload.to_vec()).unwrap();
    log.settle(received, Outcome::Done).await.unwrap();
    Ok(text)
}

#[tokio::test]
async fn an_unanswered_check_of_the_consumer_stops_no_events() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let line = Line::to(&server).await;
    let log = line.connect(Duration::from_secs(8)).await;
    publish(&server, "before").await;
    assert_eq!(take(&log).await.unwrap(), "before");
    for request in [STREAM_INFO, CONSUMER_INFO] {
        line.leave_unanswered(request);
        // The open pull ends before the consumer is checked again.
        for number in 0..3 {
            let text = format!("{request}{number}");
            publish(&server, &text).await;
            assert_eq!(take(&log).await.unwrap(), text);
            assert_eq!(log.fault(), None);
            tokio::select! {
                taken = log.next() => panic!("{taken:?}"),
                () = tokio::time::sleep(Duration::from_millis(400)) => {}
            }
        }
        line.answer_all();
    }
}

#[tokio::test]
async fn a_consumer_whose_creation_was_not_answered_is_created_later() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let line = Line::to(&server).await;
    let log = line.connect(Duration::from_secs(8)).await;
    line.leave_unanswered(CONSUMER_CREATE);
    let jetstream = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    jetstream.get_stream("COUNTERSIGN_EVENTS").await.unwrap().delete_consumer("hubs").await.unwrap();
    let refused = async {
        while log.fault().is_none() {
            let _ = log.next().await;
        }
    };
    timeout(PATIENCE, refused).await.expect("the consumer is missed");
    let fault = log.fault().unwrap();
    assert!(fault.contains("NATS did not answer the request to create it"), "{fault}");
    line.answer_all();
    publish(&server, "a").await;
    let taken = async {
        loop {
            if let Ok(text) = take(&log).await {
                break text;
            }
        }
    };
    assert_eq!(timeout(PATIENCE, taken).await.expect("the consumer is created"), "a");
}

#[tokio::test]
async fn an_unanswered_check_delays_no_start_beyond_its_deadline() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let line = Line::to(&server).await;
    line.connect(Duration::from_secs(8)).await.close().await;
    line.leave_unanswered(CONSUMER_INFO);
    let begun = Instant::now();
    let log = line.connect(Duration::from_millis(100)).await;
    // A request that is not answered is given up after 2 s.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    line.answer_all();
    publish(&server, "a").await;
    assert_eq!(take(&log).await.unwrap(), "a");
}
