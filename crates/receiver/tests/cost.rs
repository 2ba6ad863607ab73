//! Invariant 11 at the receiver: any unsigned callback costs at most 300 µs of CPU on the threads that serve connections.
//! `cargo test --release -p receiver --test cost -- --nocapture` prints what each costs.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../tests/cost/cpu.rs"]
#[expect(dead_code, reason = "shared with other suites, which use more of it")]
mod cpu;
#[expect(dead_code, reason = "shared with the tests of what is answered, which use more of it")]
mod fake;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use cpu::Bill;
use fake::{FakeLog, KEY, Mood, key_of, receiving, request};
use provider::{ApiKeys, NONCE_HEADER, SIGNATURE_HEADER};
use tower::ServiceExt as _;

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 64 * 1024;
/// The longest query that the server accepts, in bytes.
const LONGEST_QUERY: usize = 65_000;
/// A wrong signature of the right length.
const FORGED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn filled(before: &str, unit: &str, after: &str) -> String {
    format!("{before}{}{after}", unit.repeat((LARGEST_BODY - before.len() - after.len()) / unit.len()))
}

/// As many different values of `unit` as fit.
fn numbered(before: &str, unit: impl Fn(usize) -> String, after: &str) -> String {
    let mut text = before.to_owned();
    for count in 0.. {
        let next = unit(count);
        if text.len() + next.len() + after.len() > LARGEST_BODY {
            break;
        }
        text.push_str(&next);
    }
    text + after
}

/// `leaves` inside nested objects: each leaf is signed with the names of all levels above it.
fn nested(levels: usize, leaves: &str) -> String {
    format!("{}{leaves}{}", "{\"a\":".repeat(levels), "}".repeat(levels))
}

/// Bodies that are expensive to parse, or to write in canonical form (A6).
fn bodies() -> Vec<(&'static str, String)> {
    let tildes = |count: usize| format!("[{}\"~\"]", "\"~\",".repeat(count));
    let names = |count: usize| (0..count).map(|at| format!("\"~{at}\":\"~\",")).collect::<Vec<_>>().concat();
    let short_lists = format!("{}{}", "[".repeat(40), "]".repeat(40));
    vec![
        ("98 levels over 1,000 tildes", nested(98, &tildes(1000))),
        ("98 levels over 3,000 tildes", nested(98, &tildes(3000))),
        ("98 levels over 1,000 members", nested(98, &format!("{{{}\"x\":1}}", names(1000)))),
        ("short deep lists", filled("{\"a\":[", &format!("{short_lists},"), "1]}")),
        (
            "10 levels over all that fits",
            filled(&format!("{}[", "{\"a\":".repeat(10)), "1,", &format!("1]{}", "}".repeat(10))),
        ),
        (
            "a long name over many members",
            numbered(&format!("{{\"{}\":{{", "*".repeat(2000)), |n| format!("\"{n}\":1,"), "\"x\":1}}"),
        ),
        ("many members", numbered("{", |count| format!("\"{count}\":1,"), "\"x\":1}")),
        ("many empty members", numbered("{", |count| format!("\"{count}\":[],"), "\"x\":1}")),
        ("one member again and again", filled("{", "\"a\":1,", "\"x\":1}")),
        ("a list of numbers", filled("{\"a\":[", "1,", "1]}")),
        ("a list of fractions", filled("{\"a\":[", "1.1e-5,", "1]}")),
        ("a list of long fractions", filled("{\"a\":[", "2.2250738585072011e-308,", "1]}")),
        ("a list of texts to encode", filled("{\"a\":[", "\"~\",", "1]}")),
        ("one text to encode", filled("{\"a\":\"", "\u{20bb7}", "\"}")),
        ("one escaped text", filled("{\"a\":\"", "\\ud842\\udfb7", "\"}")),
        ("one long number", filled("{\"a\":", "1", "}")),
        ("one long fraction", filled("{\"a\":0.", "1", "}")),
        ("lists in lists", filled("{\"a\":", "[", "")),
        ("nothing but spaces", filled("{", " ", "}")),
        ("no JSON at all", filled("", "a", "")),
    ]
}

fn queries() -> Vec<(&'static str, String)> {
    let fitting = |unit: &str| unit.repeat(LONGEST_QUERY / unit.len());
    let shuffled: Vec<_> = (0..10_000).map(|at| format!("{:04x}", at * 40_503 % 65_536)).collect();
    vec![
        ("pairs in no order", shuffled.join("&")),
        ("nothing but separators", fitting("&")),
        ("short pairs", fitting("b&a&")),
        ("encoded text", fitting("%41")),
        ("names with brackets", fitting("a[b][c]=d&")),
    ]
}

async fn add(bill: &mut Bill, what: &str, sent: impl Fn() -> Request<Body>) {
    let keys = ApiKeys::from(key_of(KEY));
    let log: Arc<FakeLog> = FakeLog::new(Mood::Well);
    bill.add(what, async || {
        let (router, request) = (receiving(&log, keys.clone()), sent());
        let (answer, cost) = cpu::cost(router.oneshot(request)).await;
        let status = answer.unwrap().status();
        let is_elsewhere = what.starts_with("elsewhere");
        assert!(status.is_client_error() && (status == StatusCode::NOT_FOUND) == is_elsewhere, "{what}: {status}");
        cost
    })
    .await;
}

#[tokio::test]
async fn a_callback_by_post_that_is_not_signed_is_cheap() {
    let mut bill = Bill::default();
    for (what, body) in bodies() {
        add(&mut bill, what, || request(Method::POST, "/authy/callback", FORGED, body.clone())).await;
    }
    bill.settle();
}

#[tokio::test]
async fn a_callback_by_get_that_is_not_signed_is_cheap() {
    let mut bill = Bill::default();
    for (what, query) in queries() {
        let uri = format!("/authy/callback?{query}");
        add(&mut bill, what, || request(Method::GET, &uri, FORGED, String::new())).await;
    }
    bill.settle();
}

#[tokio::test]
async fn a_callback_with_long_headers_is_cheap() {
    let mut bill = Bill::default();
    for header in [SIGNATURE_HEADER, NONCE_HEADER] {
        let long = HeaderValue::try_from("A".repeat(64_000)).unwrap();
        add(&mut bill, header, || {
            let mut request = request(Method::POST, "/authy/callback", FORGED, "{\"a\":1}");
            request.headers_mut().insert(header, long.clone());
            request
        })
        .await;
    }
    bill.settle();
}

#[tokio::test]
async fn a_signed_request_to_any_other_address_is_cheap() {
    let mut bill = Bill::default();
    for (what, path) in [
        ("elsewhere, a long path", format!("/authy/{}", "a".repeat(LONGEST_QUERY))),
        ("elsewhere, many slashes", format!("/authy{}/x", "/".repeat(LONGEST_QUERY))),
        ("elsewhere, many parts", format!("/authy{}", "/callback".repeat(LONGEST_QUERY / 9))),
        ("elsewhere, another spelling", format!("/authy{}/callback", "/".repeat(LONGEST_QUERY))),
        ("another spelling", format!("/authy{}/callback", "/".repeat(64))),
    ] {
        add(&mut bill, what, || request(Method::POST, &path, FORGED, "{\"a\":1}")).await;
    }
    bill.settle();
}

/// The server passes on at most 16 pieces of a body that are shorter than 512 bytes.
#[tokio::test]
async fn a_callback_in_many_pieces_is_cheap() {
    let mut bill = Bill::default();
    for size in [512, 1024] {
        let body = filled("{\"a\":\"", "a", "\"}");
        add(&mut bill, &format!("in pieces of {size}"), || {
            let (short, long) = body.as_bytes().split_at(16);
            let pieces: Vec<_> = short.chunks(1).chain(long.chunks(size)).map(Bytes::copy_from_slice).collect();
            let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, axum::Error>));
            request(Method::POST, "/authy/callback", FORGED, Body::from_stream(pieces))
        })
        .await;
    }
    bill.settle();
}
