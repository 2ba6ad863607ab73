//! Invariant 11 over the whole system: callbacks keep their latency while strangers repeat the most expensive known
//! inputs (`docs/unauthenticated.md`), each on a connection of its own.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::{JoinSet, spawn_blocking};

use crate::browser::signing_in;
use crate::raw::Wire;
use crate::signed::{callback, sign};
use crate::world::{KEY, World};

/// Quiet and loaded rounds alternate, so that other load on the machine affects both.
const ROUNDS: usize = 3;
/// Callbacks of one round.
const CALLBACKS: usize = 100;
/// A round ends after this long, if some callbacks are left.
const ROUND: Duration = Duration::from_secs(4);
/// The longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Concurrent strangers.
const STRANGERS: usize = 8;
/// Under load a callback may take this many times as long, at the 99th percentile.
const FACTOR: u32 = 3;

/// Different callbacks of the provider about one approval: the first decides it, and all others are recorded.
fn genuine(world: &World, body: &Value) -> Vec<Vec<u8>> {
    let one = |count: usize| {
        let mut body = body.clone();
        body["device_uuid"] = json!(count);
        let (signature, text) = (sign(world, KEY, &body), body.to_string());
        let head = format!(
            "POST /authy/callback HTTP/1.1\r\nHost: x\r\nX-Authy-Signature: {signature}\r\n\
             X-Authy-Signature-Nonce: 1795000000\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        (head + &text).into_bytes()
    };
    (0..2 * ROUNDS * CALLBACKS).map(one).collect()
}

/// Sends callbacks one after the other on one connection; returns the time of each answer.
fn round(url: &str, callbacks: &[Vec<u8>]) -> Vec<Duration> {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let (begun, mut took) = (Instant::now(), Vec::new());
    for callback in callbacks {
        let sent = Instant::now();
        (&stream).write_all(callback).unwrap();
        assert_eq!(answer(&mut answers), Some(200), "callback {} after {:?}", took.len(), sent.elapsed());
        took.push(sent.elapsed());
        if begun.elapsed() > ROUND {
            break;
        }
    }
    took
}

/// Reads one answer; `None` when none came in time.
fn answer(answers: &mut BufReader<TcpStream>) -> Option<u16> {
    let (mut status, mut length) = (0, 0);
    for count in 0.. {
        let mut line = String::new();
        answers.read_line(&mut line).ok()?;
        let line = line.trim_end().to_lowercase();
        if count == 0 {
            status = line.split(' ').nth(1)?.parse().ok()?;
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        } else if line.is_empty() {
            break;
        }
    }
    answers.read_exact(&mut vec![0; length]).ok()?;
    Some(status)
}

/// The strangers' requests: heads without their last lines, and bodies.
fn dearest(url: &str) -> Vec<(String, String)> {
    let filled = |unit: &str, size: usize| unit.repeat(size / unit.len());
    let post = |path: &str, kind: &str, body: String| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {url}\r\nContent-Type: {kind}\r\n");
        (head, body)
    };
    let form = |path: &str, body: String| post(path, "application/x-www-form-urlencoded", body);
    let json = |path: &str, body: String| post(path, "application/json", body);
    let forged = |body: String| {
        let (head, body) = json("/authy/callback", body);
        let signature = format!("X-Authy-Signature: {}=\r\nX-Authy-Signature-Nonce: 1\r\n", "A".repeat(43));
        (head + &signature, body)
    };
    let signs = filled("4@8({[</369&#!1/|0$5+7%2/", 64);
    let person = json!({ "full_name": "", "email": "", "country_code": "", "phone": "", "password": signs });
    let tildes = format!("[{}1]", "\"~\",".repeat(1000));
    let nested = format!("{}{tildes}{}", "{\"a\":".repeat(98), "}".repeat(98));
    let lists = format!("{{\"a\":[{}1]}}", filled(&format!("{}{},", "[".repeat(40), "]".repeat(40)), 59_000));
    let shuffled: Vec<_> = (0..10_000).map(|at| format!("{:04x}", at * 40_503 % 65_536)).collect();
    let cookies = format!("GET /code HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n", filled("a=%41;", 78_000));
    let country = format!("{{\"full_name\":\"\",\"email\":\"\",\"country_code\":[{}1]}}", filled("[],", 16_000));
    let callback = format!("GET /authy/callback?{} HTTP/1.1\r\nHost: x\r\n", shuffled.join("&"));
    let signature = format!("X-Authy-Signature: {}=\r\nX-Authy-Signature-Nonce: 1\r\n", "A".repeat(43));
    vec![
        json("/api/users", person.to_string()),
        forged(nested),
        (cookies, String::new()),
        form("/approvals", filled("a=&", 16_384)),
        forged(lists),
        json("/api/users", country),
        (callback + &signature, String::new()),
        form("/sign-in", format!("email={}&password=", filled("%C3%BC", 16_000))),
        form("/sign-up", format!("full_name={}&email=&country_code=&phone=&password=", filled("<", 16_000))),
        json("/api/session", json!({ "email": "nobody@example.com", "password": "not the password" }).to_string()),
        ("GET /sign-up HTTP/1.1\r\nHost: x\r\n".to_owned(), String::new()),
    ]
}

/// Sends `inputs` in a loop, from index `first`, until `stop` is set and the last one is answered. Every other stranger
/// comes by a trusted proxy, each time from another network, so that no limit of a network reduces the load.
async fn stranger(url: Arc<str>, inputs: Arc<Vec<(String, String)>>, first: usize, stop: Arc<AtomicBool>) {
    let mut wire = Wire::to(&url).await;
    for count in first.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (head, body) = &inputs[count % inputs.len()];
        let mut request = head.clone();
        if first.is_multiple_of(2) {
            write!(request, "X-Forwarded-For: 2001:db8:{first:x}:{:x}::1\r\n", count % 0x1_0000).unwrap();
        }
        write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        if !wire.send(request).await || wire.answer().await.is_none() {
            wire = Wire::to(&url).await;
        }
    }
}

/// The duration that 99 of 100 do not exceed.
fn p99(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    took[(took.len() * 99).div_ceil(100) - 1]
}

#[tokio::test]
async fn callbacks_stay_quick_while_strangers_do_their_worst() {
    let world = World::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let (person, _, approval) = signing_in(&world).await;
    let callbacks = genuine(&world, &callback(&world, &person.cellphone, &approval).await);
    let (url, inputs): (Arc<str>, _) = (world.url.as_str().into(), Arc::new(dearest(&world.url)));
    let (mut quiet, mut loaded) = (Vec::new(), Vec::new());
    for (nth, batch) in callbacks.chunks(CALLBACKS).enumerate() {
        let (mut strangers, stop) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for first in (0..STRANGERS).filter(|_| nth % 2 == 1) {
            strangers.spawn(stranger(Arc::clone(&url), Arc::clone(&inputs), first, Arc::clone(&stop)));
        }
        let (url, batch) = (Arc::clone(&url), batch.to_vec());
        let took = spawn_blocking(move || round(&url, &batch)).await.unwrap();
        stop.store(true, Ordering::Relaxed);
        // Their work must end before the next quiet round.
        strangers.join_all().await;
        if nth.is_multiple_of(2) { quiet.extend(took) } else { loaded.extend(took) }
    }
    let counts = (quiet.len(), loaded.len());
    assert!(counts.0 > 99 && counts.1 > 99, "{counts:?} are too few for a percentile");
    let (quiet, loaded) = (p99(&mut quiet), p99(&mut loaded));
    eprintln!("callbacks at the 99th percentile: {quiet:?} quiet, {loaded:?} loaded, of {counts:?}");
    assert!(loaded <= FACTOR * quiet, "{loaded:?} is more than {FACTOR} times {quiet:?}, of {counts:?}");
}
