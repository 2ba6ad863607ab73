//! How long it takes from a callback's first byte to the frame in the browser that waits, with many browsers waiting:
//! `cargo bench --bench callback_to_frame`. First in one process with its event log in a file, then with a receiver and a
//! hub as processes of their own around a nats-server; files and streams are on disk.
//!
//! Beside it, in the same run, what a plain request costs: quote the ratio, machines differ.

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

use std::time::Duration;

use approval::{Approval, Secret};
use futures_util::StreamExt as _;
use nats::{NEWEST, Server};
use process::Process;
use provider::{ApiKey, CallbackUrl, Method};
use reqwest::Client;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

const BROWSERS: usize = 1000;
/// Callbacks a second, unless the variable `CALLBACKS` says otherwise.
const PACE: u32 = 500;
const KEY: &str = "a-key-of-the-bench";
/// What a receiver of its own signs for.
const PUBLIC: &str = "https://login.example.com";

/// A browser that waits; its task ends with the moment the outcome came.
struct Waiting {
    approval: Approval,
    heard: JoinHandle<Instant>,
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    println!("{BROWSERS} browsers waiting, {} callbacks a second", pace());
    let folder = tempfile::tempdir().unwrap();
    let approvals = waiting::fill(folder.path(), BROWSERS).await;
    let mut serve = Process::start(folder.path(), &["serve"], &variables());
    let url = serve.url().await;
    measure("serve, log in a file", &url, &url, approvals).await;
    drop(serve);

    let folder = tempfile::tempdir().unwrap();
    let approvals = waiting::fill(folder.path(), BROWSERS).await;
    let server = Server::start(NEWEST, folder.path(), &[]);
    let more = [&variables()[..], &[("NATS_URL", &*server.url), ("PUBLIC_URL", PUBLIC)]].concat();
    let mut receiver = Process::start(folder.path(), &["receiver"], &more);
    let mut hub = Process::start(folder.path(), &["hub"], &more[..more.len() - 1]);
    measure("receiver, NATS, hub", &receiver.url().await, &hub.url().await, approvals).await;
}

fn variables() -> [(&'static str, &'static str); 4] {
    [("PORT", "0"), ("AUTHY_API_KEY", KEY), ("AUTHY_API_URL", "http://127.0.0.1:9"), ("LOG", "error")]
}

/// Browsers wait at `hub`, callbacks come to `receiver`.
async fn measure(what: &str, receiver: &str, hub: &str, approvals: Vec<(Approval, String)>) {
    let mut waiting = Vec::with_capacity(BROWSERS);
    for (approval, token) in approvals {
        let heard = wait(hub, &approval, &token).await;
        waiting.push(Waiting { approval, heard });
    }
    let http = Client::builder().tcp_nodelay(true).build().unwrap();
    let plain = plain_requests(&http, hub).await;
    let signed_for = if receiver == hub { receiver } else { PUBLIC };
    let (answered, framed) = callbacks(&http, receiver, signed_for, waiting).await;
    println!("{what}");
    for (name, times) in
        [("  plain GET, answered", plain), ("  callback, answered", answered), ("  callback to frame", framed)]
    {
        waiting::report(name, times);
    }
}

async fn wait(url: &str, approval: &Approval, token: &str) -> JoinHandle<Instant> {
    let mut socket = waiting::listen(url, approval, token).await;
    tokio::spawn(async move {
        socket.next().await.unwrap().unwrap();
        Instant::now()
    })
}

async fn plain_requests(http: &Client, url: &str) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..500 {
        let begun = Instant::now();
        http.get(format!("{url}/sign-in")).send().await.unwrap();
        times.push(begun.elapsed());
    }
    times
}

/// Sends one callback for each browser, at an even pace; how long until each was answered, and until each frame.
async fn callbacks(
    http: &Client,
    url: &str,
    signed_for: &str,
    waiting: Vec<Waiting>,
) -> (Vec<Duration>, Vec<Duration>) {
    let (mut pace, mut sent) = (interval(Duration::from_secs(1) / pace()), Vec::with_capacity(BROWSERS));
    for Waiting { approval, heard } in waiting {
        let callback = signed(http, url, signed_for, &approval);
        pace.tick().await;
        let begun = Instant::now();
        let answered = tokio::spawn(async move {
            let answer = callback.send().await.unwrap();
            assert!(answer.status().is_success());
            begun.elapsed()
        });
        sent.push((begun, answered, heard));
    }
    let (mut answers, mut frames) = (Vec::new(), Vec::new());
    for (begun, answered, heard) in sent {
        answers.push(answered.await.unwrap());
        frames.push(heard.await.unwrap() - begun);
    }
    (answers, frames)
}

/// The callback as the provider makes it: with what was shown, and what it keeps for us.
fn signed(http: &Client, url: &str, signed_for: &str, approval: &Approval) -> reqwest::RequestBuilder {
    let (target, signed_for) = (format!("{url}/authy/callback"), format!("{signed_for}/authy/callback"));
    let (key, callback_url): (_, CallbackUrl) = (ApiKey::new(Secret::new(KEY)).unwrap(), signed_for.parse().unwrap());
    let transaction = json!({ "message": approval.shown.message(), "details": approval.shown.details(),
        "hidden_details": approval.hidden(), "status": "approved" });
    let request = approval.request.as_ref().unwrap().as_str();
    let body = json!({ "authy_id": waiting::USER.parse::<u32>().unwrap(), "uuid": request, "status": "approved",
        "callback_action": "approval_request_status", "approval_request": { "transaction": transaction } })
    .to_string();
    let signature =
        provider::sign(&key, &callback_url, Method::Post, "1", &provider::canonical(body.as_bytes()).unwrap());
    http.post(target).header("x-authy-signature", signature).header("x-authy-signature-nonce", "1").body(body)
}

fn pace() -> u32 {
    std::env::var("CALLBACKS").ok().and_then(|pace| pace.parse().ok()).unwrap_or(PACE)
}
