//! How long it takes from a callback's first byte to the frame in the browser that waits, with many browsers waiting:
//! `cargo bench --bench callback_to_frame`. The executable runs as a process of its own, with its files on disk.
//!
//! Beside it, in the same run, what a plain request costs: quote the ratio, machines differ.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed, and prints")]

#[path = "../system/process.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod process;

use std::time::Duration;

use approval::{
    Approval, Clock, Delivery, Details, Entropy, Id, Logos, Number, ProviderUserId, Purpose, RequestId, Secret, Shown,
    Status,
};
use futures_util::StreamExt as _;
use process::Process;
use provider::{ApiKey, CallbackUrl, Method};
use reqwest::Client;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use storage::{NewSession, NewUser, Storage, TokenHash};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const BROWSERS: usize = 1000;
/// Callbacks a second, unless the variable `CALLBACKS` says otherwise.
const PACE: u32 = 500;
const KEY: &str = "a-key-of-the-bench";
const PORT: &str = "38517";
const USER: &str = "688611";

/// A browser that waits; its task ends with the moment the outcome came.
struct Waiting {
    request: RequestId,
    heard: JoinHandle<Instant>,
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let approvals = fill(folder.path()).await;
    let variables = [("PORT", PORT), ("AUTHY_API_KEY", KEY), ("AUTHY_API_URL", "http://127.0.0.1:9"), ("LOG", "error")];
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    let url = serve.url().await;
    let mut waiting = Vec::with_capacity(BROWSERS);
    for (approval, token) in approvals {
        let request = approval.request.clone().unwrap();
        waiting.push(Waiting { request, heard: wait(&url, &approval, &token).await });
    }
    let http = Client::builder().tcp_nodelay(true).build().unwrap();
    let plain = plain_requests(&http, &url).await;
    let (answered, framed) = callbacks(&http, &url, waiting).await;
    println!("{BROWSERS} browsers waiting, {} callbacks a second", pace());
    for (name, times) in
        [("plain GET, answered", plain), ("callback, answered", answered), ("callback to frame", framed)]
    {
        report(name, times);
    }
}

/// Fills a database with an account and its pending approvals, as sign-ins and pushes would.
async fn fill(folder: &std::path::Path) -> Vec<(Approval, String)> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let url = format!("sqlite:{}", folder.join("data/countersign.db").display());
    let storage = Storage::open(&url, clock.clone()).await.unwrap();
    let user = NewUser {
        id: Id::new(&clock, &entropy),
        full_name: "Ada Lovelace".into(),
        email: "ada@example.com".into(),
        phone: Secret::new("+12015550123"),
        password_hash: Secret::new("$argon2id$"),
        provider_user: ProviderUserId(USER.into()),
    };
    let mut filled = Vec::with_capacity(BROWSERS);
    for index in 0..BROWSERS {
        let token = format!("token-{index}");
        let session = NewSession {
            id: Id::new(&clock, &entropy),
            user: user.id,
            token: TokenHash(Sha256::digest(&token).into()),
            browser: "Firefox on Linux".into(),
            place: "This computer".into(),
            expires_at: clock.now() + time::Duration::minutes(15),
        };
        let make = |taken: &[Number]| pending(&clock, &entropy, &session, taken);
        let approval = match index {
            0 => storage.begin_sign_up(&user, &session, make).await.unwrap(),
            _ => storage.begin_sign_in(&session, make).await.unwrap(),
        };
        let request = Some(RequestId(format!("request-{index}")));
        filled.push((storage.delivered(approval.id, Delivery::Sent, request).await.unwrap().unwrap(), token));
    }
    storage.close().await;
    filled
}

fn pending(clock: &Clock, entropy: &Entropy, session: &NewSession, taken: &[Number]) -> Approval {
    let number = Number::random(entropy, taken);
    Approval {
        id: Id::new(clock, entropy),
        version: 1,
        user: session.user,
        session: session.id,
        provider_user: ProviderUserId(USER.into()),
        request: None,
        purpose: Purpose::SignIn,
        status: Status::Pending,
        delivery: Delivery::Sending,
        shown: Shown::new("Sign in to Countersign?".into(), Details::default()).unwrap().numbered(number),
        logos: Logos::default(),
        number,
        created_at: clock.now(),
        expires_at: clock.now() + time::Duration::minutes(10),
        decided_at: None,
        replaced_by: None,
        completed_at: None,
        code_sent_by: None,
    }
}

async fn wait(url: &str, approval: &Approval, token: &str) -> JoinHandle<Instant> {
    let socket = format!("{}/api/approvals/{}/events", url.replace("http:", "ws:"), approval.id);
    let mut request = socket.into_client_request().unwrap();
    request.headers_mut().insert("cookie", format!("countersign={token}").parse().unwrap());
    request.headers_mut().insert("origin", url.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    socket.next().await.unwrap().unwrap();
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
async fn callbacks(http: &Client, url: &str, waiting: Vec<Waiting>) -> (Vec<Duration>, Vec<Duration>) {
    let (mut pace, mut sent) = (interval(Duration::from_secs(1) / pace()), Vec::with_capacity(BROWSERS));
    for Waiting { request, heard } in waiting {
        let callback = signed(http, url, &request);
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

fn signed(http: &Client, url: &str, request: &RequestId) -> reqwest::RequestBuilder {
    let target = format!("{url}/authy/callback");
    let (key, callback_url): (_, CallbackUrl) = (ApiKey::new(Secret::new(KEY)).unwrap(), target.parse().unwrap());
    let body = json!({ "authy_id": USER.parse::<u32>().unwrap(), "uuid": request.0, "status": "approved",
        "callback_action": "approval_request_status" })
    .to_string();
    let signature =
        provider::sign(&key, &callback_url, Method::Post, "1", &provider::canonical(body.as_bytes()).unwrap());
    http.post(target).header("x-authy-signature", signature).header("x-authy-signature-nonce", "1").body(body)
}

fn pace() -> u32 {
    std::env::var("CALLBACKS").ok().and_then(|pace| pace.parse().ok()).unwrap_or(PACE)
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 1000].as_secs_f64() * 1000.0;
    println!("{name:20} p50 {:7.3} ms   p99 {:7.3} ms   max {:7.3} ms", at(500), at(990), at(1000));
}
