//! What is no good HTTP, byte by byte: answered in bounded time and memory, never understood in two ways, and the
//! process goes on.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use tokio::time::sleep;

use crate::client::get;
use crate::process::Process;
use crate::raw::{Answered, Wire};
use crate::world::World;

/// The most memory that a process may ever have used, in kilobytes: an argon2id run takes 19 MiB, and some run at once.
const MOST_KB: u64 = 200 * 1024;

/// The process goes on, and never took more memory than it may.
pub(crate) async fn is_well(url: &str, process: &Process) {
    assert_eq!(get(url).await.0, 200, "{url}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < MOST_KB, "{peak} kB");
}

async fn only_answer(what: &str, url: &str, bytes: impl AsRef<[u8]>) -> Option<Answered> {
    let begun = Instant::now();
    let mut wire = Wire::sending(url, bytes).await;
    let answer = wire.answer().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{what}: {answer:?} took {:?}", begun.elapsed());
    answer
}

/// Heads that no server should take, and what each is answered; 0 stands for no answer, only the end.
fn heads() -> Vec<(&'static str, String, &'static [u16])> {
    let head = |lines: &str| format!("POST /api/session HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
    vec![
        ("10,000 headers", head(&"X: y\r\n".repeat(10_000)), &[431]),
        ("a header of a megabyte", head(&format!("X: {}\r\n", "y".repeat(1 << 20))), &[431]),
        ("a URL of a megabyte", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(1 << 20)), &[414, 431]),
        ("a URL of 12 kB", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(12_000)), &[404]),
        ("two lengths", head("Content-Length: 2\r\nContent-Length: 3\r\n"), &[400]),
        ("two lengths in one", head("Content-Length: 2, 3\r\n"), &[400]),
        ("a length below nothing", head("Content-Length: -1\r\n"), &[400]),
        ("a length with a sign", head("Content-Length: +2\r\n"), &[400]),
        ("a length that no number holds", head("Content-Length: 99999999999999999999999\r\n"), &[400]),
        ("chunks that are not the last coding", head("Transfer-Encoding: chunked, identity\r\n"), &[400]),
        ("a coding that nobody knows", head("Transfer-Encoding: xchunked\r\n"), &[400]),
        ("a blank before the colon", head("Transfer-Encoding : chunked\r\n"), &[400]),
        ("a header that goes on in the next line", head("X: y\r\n z\r\n"), &[400]),
        ("a header with a NUL", head("X: y\0z\r\n"), &[400]),
        ("a URL with a NUL", "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[400]),
        ("a URL with a blank", "GET / x HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[400]),
        ("chunks in HTTP/1.0", "POST /sign-in HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".into(), &[400]),
        ("the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), &[0]),
        ("HTTP/9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n".into(), &[400, 505]),
        ("HTTP/0.9", "GET /\r\n\r\n".into(), &[400]),
        ("no HTTP at all", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n".into(), &[400]),
        ("a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[403, 404, 405]),
        ("a trace", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[405]),
        ("a question about everything", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[404, 405]),
        ("a promise of a gigabyte", head("Content-Type: application/json\r\nContent-Length: 1000000000\r\n"), &[413]),
    ]
}

/// Bodies in chunks that no server should take, and what each is answered.
fn chunks() -> Vec<(&'static str, String, &'static [u16])> {
    let head =
        "POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = |chunks: &str| format!("{head}{chunks}");
    vec![
        ("a chunk that no number counts", body("fffffffffffffffff\r\nx"), &[400]),
        ("a chunk with a long note", body(&format!("1;{}\r\nx\r\n0\r\n\r\n", "y".repeat(1 << 18))), &[400]),
        ("chunks without end", body(&format!("1000\r\n{}\r\n", "y".repeat(0x1000)).repeat(200)), &[413]),
        ("10,000 trailers", body(&format!("2\r\n{{}}\r\n0\r\n{}\r\n", "X: y\r\n".repeat(10_000))), &[400]),
    ]
}

#[tokio::test]
async fn what_is_no_good_http_is_refused_in_time_and_the_process_goes_on() {
    let world = World::start().await;
    for (what, bytes, statuses) in heads().into_iter().chain(chunks()) {
        for (url, bytes) in [
            (&world.url, bytes.clone()),
            (&world.url, bytes.replace("/api/session", "/authy/callback")),
            (&world.phones, bytes.replace("/api/session", "/phones")),
        ] {
            let status = only_answer(what, url, &bytes).await.map_or(0, |answer| answer.status);
            // Each address refuses it in its own way, and none takes it.
            assert!((400..500).contains(&status) || [0, 505].contains(&status), "{what} at {url}: {status}");
            assert!(*url != world.url || bytes.contains("/authy") || statuses.contains(&status), "{what}: {status}");
        }
    }
    is_well(&world.url, &world.serve).await;
    is_well(&world.phones, &world.simulator).await;
}

/// CL.TE, TE.CL and their like: whoever stands before us may count otherwise, so nothing after such a body is read.
#[tokio::test]
async fn a_request_hidden_in_the_body_of_another_is_never_answered() {
    let world = World::start().await;
    let hidden = "GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n";
    let post = |lines: &str, body: &str| {
        format!("POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{lines}\r\n{body}{hidden}")
    };
    for (what, bytes) in [
        ("length, then chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("chunks, then length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")),
        ("two lengths", post("Content-Length: 2\r\nContent-Length: 40\r\n", "{}")),
        ("a coding in other letters", post("Transfer-Encoding: \u{b}chunked\r\nContent-Length: 2\r\n", "{}")),
        ("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")),
        ("a chunk with bare line feeds", post("Transfer-Encoding: chunked\r\n", "2\n{}\n0\n\n")),
    ] {
        let answers = Wire::sending(&world.url, bytes).await.answers().await;
        assert_eq!(answers.len(), 1, "{what}: {answers:?}");
        assert_eq!(answers[0].status / 100, 4, "{what}: {answers:?}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_turn() {
    let world = World::start().await;
    let paths = ["/sign-in", "/nothing", "/api/session", "/api/openapi.json"];
    let paths = paths.map(|path| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let mut all = paths.concat().repeat(25);
    all.push_str("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answers = Wire::sending(&world.url, all).await.answers().await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert!(answers.iter().all(|answer| !answer.body.is_empty()));
    assert_eq!(statuses, [[200, 404, 404, 200].repeat(25), vec![200]].concat());
    is_well(&world.url, &world.serve).await;
}

#[tokio::test]
async fn old_clients_and_whole_addresses_get_answers_that_lead_nowhere_else() {
    let world = World::start().await;
    let old = only_answer("an old client", &world.url, "GET /sign-in HTTP/1.0\r\n\r\n").await.unwrap();
    assert_eq!(old.status, 200);
    for target in ["http://evil.example/account", "http://user@evil.example/account", "/account"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\r\n");
        let answer = only_answer(target, &world.url, request).await.unwrap();
        assert_eq!(answer.status, 303, "{target}");
        assert!(
            answer.head.contains("location: /sign-in?ended\r\n") && !answer.head.contains("evil"),
            "{}",
            answer.head
        );
    }
}

/// Slowloris: heads and bodies that come in drops, on every port and at every address that reads a body.
#[tokio::test]
async fn slow_heads_and_slow_bodies_are_given_up() {
    let world = World::start().await;
    // Without a possible signature the body of a callback is not read at all.
    let signed = format!("X-Authy-Signature: {}=\r\nX-Authy-Signature-Nonce: 1\r\n", "A".repeat(43));
    let body = |path: &str, kind: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {}\r\n{signed}Content-Type: {kind}\r\nContent-Length: 9999\r\n\r\n",
            world.url
        )
    };
    let begun = Instant::now();
    let requests = [
        (&world.url, "GET /sign-in HTTP/1.1\r\nX: ".to_owned(), false),
        (&world.phones, "GET / HTTP/1.1\r\nX: ".to_owned(), false),
        (&world.url, body("/api/session", "application/json"), true),
        (&world.url, body("/sign-in", "application/x-www-form-urlencoded"), true),
        (&world.url, body("/authy/callback", "application/json"), true),
    ];
    join_all(requests.map(|(url, bytes, answers)| async move {
        let mut wire = Wire::sending(url, &bytes).await;
        let mut drops = 0;
        while drops < 14 && wire.send("x").await {
            drops += 1;
            sleep(Duration::from_secs(1)).await;
        }
        let answer = wire.answer().await;
        assert_eq!(answer.as_ref().map(|answer| answer.status), answers.then_some(400), "{bytes}: {answer:?}");
        assert!(!answers || answer.unwrap().head.contains("content-type: "), "{bytes}");
    }))
    .await;
    assert!(begun.elapsed() < Duration::from_secs(30));
    is_well(&world.url, &world.serve).await;
}

#[tokio::test]
async fn many_slow_clients_keep_nobody_else_waiting() {
    let world = World::start().await;
    let slow = (0..500).map(|_| Wire::sending(&world.url, "POST /api/session HTTP/1.1\r\nHost: x\r\nX: "));
    let slow = join_all(slow).await;
    let begun = Instant::now();
    join(is_well(&world.url, &world.serve), is_well(&world.phones, &world.simulator)).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(slow);
}
