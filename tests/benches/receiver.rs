//! How many callbacks a receiver takes a second, with NATS behind it and each acknowledged before it is answered:
//! `cargo bench --bench receiver`. The load, the receiver and nats-server share the machine, so what counts is the
//! processor time of the receiver itself.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed, and prints")]

#[path = "../system/nats.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod nats;
#[path = "../system/port.rs"]
mod port;
#[path = "../system/process.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod process;

use std::time::{Duration, Instant};

use approval::Secret;
use nats::{NEWEST, Server};
use process::Process;
use provider::{ApiKey, CallbackUrl, Method};
use reqwest::Client;
use tokio::task::JoinSet;

const CALLBACKS: usize = 30_000;
const CONNECTIONS: usize = 64;
const KEY: &str = "a-key-of-the-bench";
const CALLBACK_URL: &str = "https://login.example.com/authy/callback";
/// As large as the provider's.
const BODY: &str = include_str!("callback.json");
/// Ticks of `/proc/PID/stat` in a second (`sysconf(_SC_CLK_TCK)`; 100 on every Linux).
const TICKS: u32 = 100;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let variables = [
        ("PORT", "0"),
        ("AUTHY_API_KEY", KEY),
        ("AUTHY_CALLBACK_URL", CALLBACK_URL),
        ("NATS_URL", &server.url),
        ("LOG", "error"),
    ];
    let mut receiver = Process::start(folder.path(), &["receiver"], &variables);
    let target = format!("{}/authy/callback", receiver.url().await);
    let before = worked(receiver.id());
    let begun = Instant::now();
    load(&target).await;
    let (took, worked) = (begun.elapsed().as_secs_f64(), worked(receiver.id()).saturating_sub(before).as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
    let count = CALLBACKS as f64;
    println!("{CALLBACKS} callbacks over {CONNECTIONS} connections, each acknowledged by NATS before its 200");
    println!("{:.0} a second together with load and nats-server", count / took);
    println!(
        "{:.1} µs of the receiver's processor time each: {:.0} a second for one core",
        worked / count * 1e6,
        count / worked
    );
}

async fn load(target: &str) {
    let http = Client::builder().tcp_nodelay(true).build().unwrap();
    let mut hands = JoinSet::new();
    for hand in 0..CONNECTIONS {
        let (http, target) = (http.clone(), target.to_owned());
        hands.spawn(async move {
            for number in (hand..CALLBACKS).step_by(CONNECTIONS) {
                let (body, signature) = signed(number);
                let request = http.post(&target).header("x-authy-signature", signature).body(body);
                let answer = request.header("x-authy-signature-nonce", "1").send().await.unwrap();
                assert_eq!(answer.status(), 200);
            }
        });
    }
    hands.join_all().await;
}

/// A callback that none other is like.
fn signed(number: usize) -> (String, String) {
    let mut body: serde_json::Value = serde_json::from_str(BODY).unwrap();
    body["uuid"] = format!("request-{number}").into();
    let body = body.to_string();
    let (key, url): (_, CallbackUrl) = (ApiKey::new(Secret::new(KEY)).unwrap(), CALLBACK_URL.parse().unwrap());
    let signature = provider::sign(&key, &url, Method::Post, "1", &provider::canonical(body.as_bytes()).unwrap());
    (body, signature)
}

/// The processor time that a process has used (proc(5): fields 14 and 15 of `stat`).
fn worked(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u32 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum();
    Duration::from_secs(ticks.into()) / TICKS
}
