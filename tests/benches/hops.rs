//! What each hop of ours costs on the way from a callback to the frame, one at a time: `cargo bench --bench hops`.
//! The signature, the publish with its acknowledgement, the way to a hub by the consumer and by a plain subscription, the
//! decision, and a frame.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed, and prints")]

#[path = "../system/nats.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod nats;
#[path = "../system/port.rs"]
mod port;
#[path = "../system/process.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod process;
#[path = "waiting.rs"]
mod waiting;

use std::time::{Duration, Instant};

use approval::{Callback, Clock, Echo, MessageId, Secret, subject};
use broker::{Embedded, EmbeddedSettings, EventLog as _, Intake, JetStream, JetStreamSettings, Message, Outcome};
use futures_util::{SinkExt as _, StreamExt as _};
use nats::{NEWEST, Server};
use process::Process;
use provider::{ApiKey, CallbackUrl, Method, SignedRequest};
use storage::{Heard, Storage};
use tokio_tungstenite::tungstenite::Message as Frame;

const TIMES: usize = 2000;
/// As large as the provider's.
const BODY: &str = include_str!("callback.json");

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    verify();
    publish().await;
    Box::pin(travel()).await;
    decide().await;
    frame().await;
}

fn verify() {
    let key = ApiKey::new(Secret::new("a-key-of-the-bench")).unwrap();
    let url: CallbackUrl = "https://login.example.com/authy/callback".parse().unwrap();
    let signature = provider::sign(&key, &url, Method::Post, "1", &provider::canonical(BODY.as_bytes()).unwrap());
    let request = SignedRequest {
        method: Method::Post,
        nonce: Some("1"),
        signature: Some(&signature),
        query: "",
        body: BODY.as_bytes(),
    };
    let keys = key.into();
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let verified = provider::verify(&keys, &url, &request).unwrap();
        verified.callback(Clock::system().now()).unwrap();
        times.push(begun.elapsed());
    }
    waiting::report("verify and read", times);
}

async fn publish() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let nats = JetStream::connect(JetStreamSettings::at(&server.url)).await.unwrap();
    publish_to("publish, NATS", &nats).await;
    for (what, survives_power_loss) in [("publish, file", false), ("publish, spool", true)] {
        let settings = EmbeddedSettings { survives_power_loss, ..EmbeddedSettings::default() };
        let path = folder.path().join(format!("{survives_power_loss}.db"));
        publish_to(what, &Embedded::open(&path, Clock::system(), settings).await.unwrap()).await;
    }
}

async fn publish_to(what: &str, log: &dyn Intake) {
    let mut times = Vec::new();
    for number in 0..TIMES {
        let message = Message::event(MessageId::of(&number.to_be_bytes()), BODY.into());
        let begun = Instant::now();
        log.publish(message).await.unwrap();
        times.push(begun.elapsed());
    }
    waiting::report(what, times);
}

/// From the publish to whoever takes it: by the consumer that all hubs share, and by a subscription to the same subject,
/// which may lose messages.
async fn travel() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let log = JetStream::connect(JetStreamSettings::at(&server.url)).await.unwrap();
    let plain = async_nats::connect(&server.url).await.unwrap();
    let mut heard = plain.subscribe(subject::CALLBACKS).await.unwrap();
    plain.flush().await.unwrap();
    let (mut taken, mut overheard) = (Vec::new(), Vec::new());
    for number in 0..TIMES {
        let message = Message::event(MessageId::of(&number.to_be_bytes()), BODY.into());
        let begun = Instant::now();
        let (_, (), ()) = tokio::join!(
            log.publish(message),
            async {
                let received = log.next().await.unwrap();
                taken.push(begun.elapsed());
                log.settle(received, Outcome::Done).await.unwrap();
            },
            async {
                heard.next().await.unwrap();
                overheard.push(begun.elapsed());
            }
        );
    }
    waiting::report("to the consumer", taken);
    waiting::report("to a subscription", overheard);
}

async fn decide() {
    let folder = tempfile::tempdir().unwrap();
    let approvals = waiting::fill(folder.path(), TIMES).await;
    let storage = Storage::open(&waiting::database(folder.path()), Clock::system()).await.unwrap();
    let mut times = Vec::new();
    for (approval, _) in approvals {
        let callback = Callback {
            request: approval.request.clone().unwrap(),
            provider_user: waiting::USER.parse().unwrap(),
            status: "approved".into(),
            echo: Echo::default(),
            received_at: Clock::system().now(),
        };
        let begun = Instant::now();
        storage.approvals().decide(&callback, Heard::Callback).await.unwrap();
        times.push(begun.elapsed());
    }
    waiting::report("decide", times);
}

/// A ping and the state that answers it: there and back over one socket.
async fn frame() {
    let folder = tempfile::tempdir().unwrap();
    let approvals = waiting::fill(folder.path(), 1).await;
    let variables =
        [("PORT", "0"), ("AUTHY_API_KEY", "a-key"), ("AUTHY_API_URL", "http://127.0.0.1:9"), ("LOG", "error")];
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    let mut socket = waiting::listen(&serve.url().await, &approvals[0].0, &approvals[0].1).await;
    let mut times = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        socket.send(Frame::text(r#"{"type":"ping"}"#)).await.unwrap();
        socket.next().await.unwrap().unwrap();
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    waiting::report("ping and its frame", times);
}
