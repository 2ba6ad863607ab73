//! Connections to every listener: idle ones, ones whose client sends no more, and how they end with the process.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::browser::{Browser, signing_in};
use crate::client::get;
use crate::port::free_port;
use crate::process::Process;
use crate::raw::Wire;
use crate::signed::{callback, sign};
use crate::world::{KEY, World};

/// `serve` with an operators' listener, and a simulator; where they listen.
struct Listeners {
    _folder: TempDir,
    serve: Process,
    _simulator: Process,
    product: String,
    admin: String,
    phones: String,
}

async fn listeners(more: &[(&str, &str)]) -> Listeners {
    let folder = tempdir().unwrap();
    let admin = format!("127.0.0.1:{}", free_port());
    let own = [("AUTHY_API_KEY", KEY), ("PORT", "0"), ("ADMIN_ADDR", &admin)];
    let variables = [&own[..], more].concat();
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    let mut simulator = Process::start(folder.path(), &["simulator"], &variables);
    let (product, phones) = (serve.url().await, simulator.url().await);
    Listeners { _folder: folder, serve, _simulator: simulator, product, admin: format!("http://{admin}"), phones }
}

impl Listeners {
    /// Each listener, and an address that it answers.
    fn all(&self) -> [(&str, &str); 3] {
        [(&self.product, "/sign-in"), (&self.admin, "/health/live"), (&self.phones, "/phones")]
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

#[tokio::test]
async fn every_listener_keeps_an_idle_connection_as_long_as_is_configured() {
    const SECONDS: u64 = 3;
    let listeners = listeners(&[("KEEP_ALIVE_SECONDS", &SECONDS.to_string())]).await;
    join_all(listeners.all().map(|(url, path)| async move {
        let mut wire = Wire::sending(url, request(path)).await;
        for pause in [1, 0, 2] {
            assert_eq!(wire.answer().await.expect("it is answered").status, 200, "{url}");
            sleep(Duration::from_secs(pause)).await;
            assert!(wire.send(request(path)).await);
        }
        assert_eq!(wire.answer().await.expect("it is answered").status, 200, "{url}");
        let begun = Instant::now();
        assert!(wire.answer().await.is_none());
        let took = begun.elapsed().as_secs_f32();
        assert!((2.5..9.0).contains(&took), "{url}: {took} s");
    }))
    .await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_that_a_head_has() {
    let listeners = listeners(&[]).await;
    join_all(listeners.all().map(|(url, path)| async move {
        let (mut wire, mut silent) = (Wire::sending(url, request(path)).await, Wire::to(url).await);
        assert_eq!(wire.answer().await.expect("it is answered").status, 200, "{url}");
        let begun = Instant::now();
        assert!(silent.answer().await.is_none(), "a connection that never sent anything is closed");
        assert!(begun.elapsed() > Duration::from_secs(8), "{url}: {:?}", begun.elapsed());
        sleep(Duration::from_secs(2)).await;
        assert!(wire.send(request(path)).await);
        assert_eq!(wire.answer().await.expect("it is answered").status, 200, "{url}");
    }))
    .await;
}

#[tokio::test]
async fn a_client_that_sends_no_more_after_its_request_is_answered_by_every_listener() {
    let listeners = listeners(&[]).await;
    for (url, path) in listeners.all() {
        for version in ["1.1", "1.0"] {
            let mut wire = Wire::sending(url, format!("GET {path} HTTP/{version}\r\nHost: localhost\r\n\r\n")).await;
            wire.close_half().await;
            assert_eq!(wire.answer().await.expect("it is answered").status, 200, "{url}");
            assert!(wire.answer().await.is_none(), "then the connection ends");
        }
    }
}

#[tokio::test]
async fn a_callback_of_a_client_that_sends_no_more_is_taken_and_so_is_a_sign_in() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    let (signature, body) = (sign(&world, KEY, &body), body.to_string());
    let length = body.len();
    let posted = format!(
        "POST /authy/callback HTTP/1.1\r\nHost: x\r\nX-Authy-Signature: {signature}\r\nContent-Length: {length}\r\n\
         X-Authy-Signature-Nonce: 1795000000\r\n\r\n{body}"
    );
    // The first decides; the others are repeats, and are answered as well.
    for _ in 0..20 {
        let mut wire = Wire::sending(&world.url, &posted).await;
        wire.close_half().await;
        assert_eq!(wire.answer().await.expect("it is answered").status, 200);
    }
    browser.until(&world, &approval, "approved").await;

    let body = json!({ "email": person.email, "password": "difference engine" }).to_string();
    let length = body.len();
    let typed = format!(
        "POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let mut wire = Wire::sending(&world.url, typed).await;
    wire.close_half().await;
    let mut answer = wire.answer().await.expect("it is answered");
    if answer.status == 100 {
        // It waited for a core to hash on, and was looked for meanwhile.
        answer = wire.answer().await.expect("it is answered");
    }
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(Browser::default().get(&world, "/sign-in").await.status, 200);
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_is_not_ready_first_and_answers_for_as_long_as_it_drains() {
    let listeners = listeners(&[("DRAIN_SECONDS", "3"), ("LOG", "error")]).await;
    let Listeners { product, admin, .. } = &listeners;
    let ready = format!("{admin}/health/ready");
    let mut kept = Wire::sending(product, request("/sign-in")).await;
    assert!(!kept.answer().await.expect("it is answered").head.contains("connection: close"));
    assert_eq!(get(&ready).await.0, 200);

    listeners.serve.signal("TERM").await;
    let begun = Instant::now();
    loop {
        let (status, text) = get(&ready).await;
        if status == 503 {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["state"], "stopping");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "readiness says so at once");
    }
    for _ in 0..3 {
        let answer = Wire::sending(product, request("/sign-in")).await.answer().await.expect("it goes on");
        assert!(answer.status == 200 && answer.head.contains("connection: close"), "{}", answer.head);
    }
    assert!(kept.send(request("/sign-in")).await);
    let answers = kept.answers().await;
    assert!(answers.len() == 1 && answers[0].head.contains("connection: close"), "{answers:?}");

    let address = product.trim_start_matches("http://");
    while TcpStream::connect(address).await.is_ok() {
        sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() > Duration::from_millis(2500), "{:?}", begun.elapsed());
    let ended = listeners.serve.ended().await;
    assert_eq!((ended.status.code(), ended.errors), (Some(0), vec![]));
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_process_that_has_not_started_yet_does_not_drain() {
    let folder = tempdir().unwrap();
    // NATS takes the connection and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    let variables = [("AUTHY_API_KEY", KEY), ("PORT", "0"), ("NATS_URL", &*url), ("DRAIN_SECONDS", "30")];
    let serve = Process::start(folder.path(), &["serve"], &variables);
    let _nats = silent.accept().await.unwrap();
    serve.signal("TERM").await;
    let begun = Instant::now();
    serve.ended().await;
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}
