//! The cost of refusing an unsigned callback: strangers may send any number, and genuine callbacks use the same
//! threads.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../tests/cost/cpu.rs"]
#[expect(dead_code, reason = "shared with other suites, which use more of it")]
mod cpu;

use std::time::Duration;

use approval::Secret;
use cpu::Bill;
use provider::{ApiKey, ApiKeys, CallbackUrl, Method, SignedRequest, verify};

/// A wrong signature: 32 bytes in Base64.
const SIGNATURE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// An unoptimised build takes this many times as long.
const SLOWER: u64 = if cfg!(debug_assertions) { 40 } else { 1 };
/// The cost limit of a request that is verified in the pool.
const POOL: Duration = Duration::from_micros(4000 * SLOWER);
/// The cost limit of a request whose headers no signature can match.
const HEADERS: Duration = Duration::from_micros(20 * SLOWER);

/// Adds the cost of refusing this request.
async fn add(bill: &mut Bill, what: impl Into<String>, request: &SignedRequest<'_>) {
    let key = |text: &str| ApiKey::new(Secret::new(text)).unwrap();
    let keys = ApiKeys::new(key("the key in force"), Some(key("the key before it")));
    let url: CallbackUrl = "https://app.example.com/authy/callback".parse().unwrap();
    bill.add(what, async || {
        let (refused, cost) = cpu::cost(async { verify(&keys, &url, request) }).await;
        assert!(refused.is_err(), "nobody signed it");
        cost
    })
    .await;
}

/// The most expensive bodies of about this many bytes, each in another way.
fn bodies(length: usize) -> Vec<(&'static str, String)> {
    let filled = |before: &str, piece: &str, after: &str, most: usize| {
        let count = (length.saturating_sub(before.len() + after.len()) / (piece.len() + 1)).clamp(1, most);
        format!("{before}{}{after}", vec![piece; count].join(","))
    };
    let deep = |piece: &str, most| {
        let (open, close) = ("{\"~\":".repeat(14) + "[", "]".to_owned() + &"}".repeat(14));
        filled(&open, piece, &close, most)
    };
    let named = |count: usize| {
        let members =
            |width: usize| (0..count).rev().map(|n| format!("\"{n:0width$}~\":\"~\"")).collect::<Vec<_>>().join(",");
        let width = (length / count).saturating_sub(7).max(3);
        format!("{{\"~\":{{{}}}}}", members(width))
    };
    vec![
        ("tildes below a deep name", deep("\"~\"", 490)),
        ("lists in lists", filled("{\"a\":[", "[[[[[[[[\"~\"]]]]]]]]", "]}", 55)),
        ("short lists", filled("{\"a\":[", "[\"~\"]", "]}", 250)),
        ("too many lists", filled("{\"a\":[", "[[~]]", "]}", 100_000)),
        ("too deep", "{\"~\":".repeat(length / 5)),
        ("few long names in reverse", named(40)),
        ("many names in reverse", named(400)),
        ("one long name over many values", {
            let name = "~".repeat(length / 2);
            filled(&format!("{{\"{name}\":{{\"a\":["), "\"~\"", "]}}", 480)
        }),
        // The longest accepted canonical form.
        ("a name that grows", {
            let after = format!("]{}}}", " ".repeat(length * 7 / 10));
            filled(&format!("{{\"{}\":[", "*".repeat(length * 3 / 320)), "\"~\"", &after, 230)
        }),
        ("a name that stands twice", filled("{", "\"~~~~\":\"~\"", "}", 500)),
        ("a text of escapes", format!("{{\"a\":\"{}\"}}", "\\u007e".repeat(length / 6))),
        ("a text of what is encoded", format!("{{\"a\":\"{}~\"}}", "*".repeat(length))),
        ("one long number", format!("{{\"a\":{}}}", "9".repeat(length))),
        ("one long fraction", format!("{{\"a\":0.{}}}", "1".repeat(length))),
        ("long fractions", filled("{\"a\":[", "2.22507385850720138309023271733240406421921598046e-308", "]}", 63)),
        ("fractions", filled("{\"a\":[", "2.225073858507201383e-308", "]}", 63)),
        ("short fractions", filled("{\"a\":[", "1.7976931348623157e308", "]}", 63)),
        ("white space", format!("{{\"a\":1{}}}", " ".repeat(length))),
    ]
}

#[tokio::test]
async fn no_unsigned_body_costs_more_than_300_microseconds_where_connections_are_served() {
    let mut bill = Bill::default();
    for (what, body) in bodies(4_000) {
        let body = &body.as_bytes()[..body.len().min(4_096)];
        let request =
            SignedRequest { method: Method::Post, nonce: Some("1"), signature: Some(SIGNATURE), query: "", body };
        assert!(!request.is_costly());
        add(&mut bill, what, &request).await;
    }
    bill.settle();
}

#[tokio::test]
async fn the_largest_unsigned_bodies_cost_a_few_milliseconds_in_the_pool() {
    let mut bill = Bill::default();
    for (what, body) in bodies(65_000) {
        let body = &body.as_bytes()[..body.len().min(65_536)];
        let request =
            SignedRequest { method: Method::Post, nonce: Some("1"), signature: Some(SIGNATURE), query: "", body };
        add(&mut bill, what, &request).await;
    }
    bill.settle_within(POOL);
}

/// The costs of refusing the most expensive queries of about this many bytes.
async fn queries(length: usize) -> Bill {
    let pairs = |count: usize| {
        let width = length / count - 1;
        (0..count).rev().map(|n| format!("{n:0width$}")).collect::<Vec<_>>().join("&")
    };
    let mut bill = Bill::default();
    // Each of these has another sorted form, and another spelling for either Ruby.
    let respelled = |count: usize| {
        let width = length / count - 1;
        (0..count)
            .rev()
            .map(|n| format!("{n:03}{}", "*~".repeat(width.saturating_sub(3) / 2)))
            .collect::<Vec<_>>()
            .join("&")
    };
    for query in [
        pairs(500),
        pairs(40),
        "&".repeat(length),
        "%7e".repeat(length / 3),
        "*".repeat(length),
        respelled(500),
        respelled(100),
        respelled(2),
        "~&".repeat(255),
    ] {
        let request = SignedRequest {
            method: Method::Get,
            nonce: Some("1"),
            signature: Some(SIGNATURE),
            query: &query,
            body: b"",
        };
        add(&mut bill, &query[..20], &request).await;
    }
    bill
}

#[tokio::test]
async fn no_unsigned_query_costs_more() {
    queries(4_000).await.settle();
    queries(65_000).await.settle_within(POOL);
}

#[tokio::test]
async fn headers_that_no_signature_can_match_are_refused_before_the_body() {
    let long = "1".repeat(60_000);
    let body = bodies(65_000).remove(0).1;
    let mut bill = Bill::default();
    for (nonce, signature) in [(Some(&*long), SIGNATURE), (Some("1"), &*long), (None, SIGNATURE), (Some("1"), "AAAA")] {
        let body = body.as_bytes();
        let request = SignedRequest { method: Method::Post, nonce, signature: Some(signature), query: "", body };
        assert!(request.check_headers().is_err());
        add(&mut bill, format!("a signature of {} characters", signature.len()), &request).await;
    }
    bill.settle_within(HEADERS);
}
