//! Invariant 11 at the edge of the process: `docs/unauthenticated.md` lists every address that a client without a
//! confirmed session can reach, and input before any handler is cheap.

use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use serde_json::Value;

use crate::browser::signing_in;
use crate::described::{allowed, routes};
use crate::frames::{CONTINUATION, masked, raw};
use crate::port::free_port;
use crate::process::Process;
use crate::promised::{named, root, tests};
use crate::raw::Wire;
use crate::world::World;

/// A wrong signature of the right length, so that the body is read.
const FORGED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// The cost limit of one request, packet or frame, in nanoseconds. An unoptimised build takes about 20 times as long.
const LIMIT: u64 = if cfg!(debug_assertions) { 20 * 300_000 } else { 300_000 };

fn list() -> String {
    fs::read_to_string(root().join("docs/unauthenticated.md")).unwrap()
}

#[tokio::test]
async fn every_address_with_each_method_stands_in_the_list_and_no_other() {
    let world = World::start().await;
    let text = list();
    let of = |file, begin, before: &str| -> Vec<String> {
        routes(file, begin).iter().map(|path| format!("{before}{path}")).collect()
    };
    let mut served = BTreeSet::from(["GET /assets/{hash}/{name}".to_owned()]);
    served.extend(of("app/src/health.rs", "pub(crate) async fn serve", "GET "));
    let hub = [of("site/src/route.rs", "fn pages()", ""), of("site/src/route.rs", "fn api()", "/api")].concat();
    for path in hub.into_iter().chain(of("receiver/src/route.rs", "pub fn router", "")) {
        served.extend(allowed(&world, &path).await.iter().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let listed: BTreeSet<_> =
        named(&text).filter(|name| name.split_once(" /").is_some()).map(ToOwned::to_owned).collect();
    assert!(served.len() > 50, "{served:?}");
    assert_eq!(served.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "not listed");
    assert_eq!(listed.difference(&served).collect::<Vec<_>>(), Vec::<&String>::new(), "not served");
}

#[test]
fn every_entry_of_the_list_names_a_test_that_is_there() {
    let (text, tests) = (list(), tests());
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        let mut held = named(row).filter(|name| name.contains("::")).peekable();
        assert!(held.peek().is_some(), "{row} names no test");
        for name in held {
            assert!(tests.iter().any(|test| test == name), "{name} is not in the tree");
        }
    }
}

/// The CPU time of a process's threads so far, in nanoseconds, without its database threads.
fn used(process: &Process) -> u64 {
    let threads = fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
    let of = |thread: fs::DirEntry| {
        let read = |name| fs::read_to_string(thread.path().join(name)).ok();
        let serves = !read("comm")?.starts_with("sqlx");
        serves.then_some(read("schedstat")?.split(' ').next()?.parse::<u64>().ok()?)
    };
    threads.flatten().filter_map(of).sum()
}

/// The cost of each of the `count` units that `send` sends: the least of 16, since noise only adds.
async fn each(world: &World, count: u64, mut send: impl AsyncFnMut()) -> u64 {
    send().await;
    let mut least = u64::MAX;
    for _ in 0..16 {
        let before = used(&world.serve);
        send().await;
        least = least.min(used(&world.serve).saturating_sub(before) / count);
    }
    least
}

/// Parsing the JSON of a callback takes so many nanoseconds on the machine that the limit is stated for.
const REFERENCE: u64 = 4500;

/// The cost on that machine: a slower one is measured by the same work, the median of many.
fn scaled(cost: u64) -> u64 {
    let parse = || {
        let begun = Instant::now();
        let callback: Value = serde_json::from_slice(black_box(include_bytes!("../benches/callback.json"))).unwrap();
        black_box(callback);
        u64::try_from(begun.elapsed().as_nanos()).unwrap()
    };
    let mut times: Vec<u64> = (0..2000).map(|_| parse()).collect();
    times.sort_unstable();
    cost * REFERENCE / times[times.len() / 2].max(REFERENCE)
}

fn check(what: &str, cost: u64) {
    let cost = scaled(cost);
    eprintln!("{:>8} µs  {what}", cost / 1000);
    assert!(cost <= LIMIT, "{what}: {cost} ns");
}

#[tokio::test]
async fn what_comes_before_any_handler_is_cheap() {
    let world = World::start().await;
    let silent = async || {
        for _ in 0..50 {
            drop(Wire::to(&world.url).await);
        }
        // Connections are accepted in order: when this one is answered, the earlier ones have been handled.
        Wire::sending(&world.url, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.answer().await.unwrap();
    };
    check("a connection that says nothing", each(&world, 51, silent).await);
    for (what, lines) in [
        ("63 short headers", "x: y\r\n".repeat(62)),
        ("63 long headers", format!("x: {}\r\n", "y".repeat(1250)).repeat(62)),
        ("one long header", format!("x: {}\r\n", "y".repeat(78_000))),
        ("too many headers", "x: y\r\n".repeat(10_000)),
    ] {
        let head = format!("GET /nothing HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
        let cost = each(&world, 20, async || {
            for _ in 0..20 {
                Wire::sending(&world.url, &head).await.answer().await;
            }
        });
        check(what, cost.await);
    }
    let drops = async || {
        let mut wire = Wire::sending(&world.url, "GET /nothing HTTP/1.1\r\nHost: x\r\nx: ").await;
        for _ in 0..2000 {
            wire.send("y").await;
        }
        wire.send("\r\n\r\n").await;
        wire.answer().await.unwrap();
    };
    check("one byte of a head that comes in drops", each(&world, 2000, drops).await);
    let many = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".repeat(200) + "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    let pipelined = async || assert_eq!(Wire::sending(&world.url, &many).await.answers().await.len(), 201);
    check("one of many requests on a connection", each(&world, 201, pipelined).await);
}

#[tokio::test]
async fn a_body_in_chunks_of_one_byte_is_cheap() {
    let world = World::start().await;
    for (path, size) in [("/sign-in", 16_384), ("/authy/callback", 65_536)] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {}\r\nX-Authy-Signature: {FORGED}\r\nX-Authy-Signature-Nonce: 1\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n",
            world.url
        );
        let request = format!("{head}{}0\r\n\r\n", "1\r\nx\r\n".repeat(size));
        let mut answered = 0;
        let cost = each(&world, 5, async || {
            for _ in 0..5 {
                // The connection may be closed before everything is sent, and the answer lost with it.
                if let Some(answer) = Wire::sending(&world.url, &request).await.answer().await {
                    assert_eq!(answer.status, 400);
                    answered += 1;
                }
            }
        });
        check(path, cost.await);
        assert!(answered > 0, "{path} never answered");
    }
}

#[tokio::test]
async fn a_frame_of_a_pending_session_is_cheap() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    let pings = async || {
        let mut wire = raw(&world, &browser, &approval).await;
        wire.send(masked(0x81, br#"{"type":"ping"}"#).repeat(29)).await;
        for _ in 0..29 {
            wire.take(200).await.unwrap();
        }
    };
    check("a ping", each(&world, 30, pings).await);
    let pieces = async || {
        let mut wire = raw(&world, &browser, &approval).await;
        let pieces = [masked(1, b"{"), masked(CONTINUATION, b"").repeat(10_000), masked(0x80, b"}")].concat();
        wire.send(pieces).await;
        wire.take(2).await.unwrap();
    };
    check("an empty piece of a message", each(&world, 10_000, pieces).await);
}

#[tokio::test]
async fn what_the_operators_address_answers_is_cheap() {
    let admin = format!("127.0.0.1:{}", free_port());
    let world = World::start_with(&[("ADMIN_ADDR", &admin)]).await;
    let url = format!("http://{admin}");
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let cost = each(&world, 50, async || {
            let mut wire = Wire::to(&url).await;
            for _ in 0..50 {
                wire.send(&request).await;
                wire.answer().await.unwrap();
            }
        });
        // Each look at readiness writes to each file of the process, and this address is kept from strangers.
        check(path, cost.await / if path == "/health/live" { 1 } else { 3 });
    }
}
