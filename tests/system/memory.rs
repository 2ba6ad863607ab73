//! Memory of a process: fixed for hashing, bounded for whatever strangers send, and within the limit of a small container.

use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::browser::{Browser, Person};
use crate::cgroup::Cgroup;
use crate::client::get;
use crate::process::{PATIENCE, Process};
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

/// Each hash works in this much memory.
const HASH_KB: u64 = 19 * 1024;
/// What a process may hold beside its buffers for hashing.
const REST_KB: u64 = 64 * 1024;
const PASSWORD: &str = "difference engine";
/// No limit of attempts is reached with these, except for wrong passwords.
const PATIENT: [(&str, &str); 4] = [
    ("PENDING_PUSHES", "1000"),
    ("SIGN_UPS_PER_ADDRESS", "1000000"),
    ("CONNECTIONS_PER_ADDRESS", "1000000"),
    ("LOG", "info"),
];

/// The most memory that the process ever had, in kilobytes.
fn peak(process: &Process) -> u64 {
    status(process, "VmHWM:")
}

/// The same with its limit beside the hashing. An unoptimised program is larger than a release, so of its peak the pages of
/// the program's file are left out, and of its limit as much as a release has of them.
fn peak_and_rest(process: &Process) -> (u64, u64) {
    if cfg!(debug_assertions) {
        (peak(process) - status(process, "RssFile:"), REST_KB - 24 * 1024)
    } else {
        (peak(process), REST_KB)
    }
}

fn status(process: &Process, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let number = status.lines().find_map(|line| line.strip_prefix(name)).expect("the process runs");
    number.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The number behind `field=` in the line of the plan.
async fn planned(process: &mut Process, field: &str) -> u64 {
    loop {
        let line = process.error_line().await;
        if line.contains("planned the capacity") {
            let (_, rest) = line.split_once(&format!("{field}=")).unwrap_or_else(|| panic!("{field} in {line}"));
            return rest.split(' ').next().unwrap().parse().unwrap();
        }
    }
}

async fn sign_up(world: &World, count: u8) -> Vec<Person> {
    let mut people = Vec::new();
    for line in 10..10 + count {
        people.push(Browser::default().sign_up(world, line).await);
    }
    people
}

/// Gives a password; the status of the answer.
async fn give(world: &World, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password });
    Browser::default().post(world, "/api/session", body).await.status
}

/// So many right passwords, at most two of one person at once, because more would be delayed; all are let in to the
/// second factor.
async fn sign_in(world: &World, people: &[Person], times: usize) {
    let emails: Vec<_> = people.iter().map(|person| &*person.email).cycle().take(times).collect();
    for emails in emails.chunks(2 * people.len()) {
        let statuses = join_all(emails.iter().map(|email| give(world, email, PASSWORD))).await;
        assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    }
}

#[tokio::test]
async fn five_hundred_sign_ins_take_no_more_memory_than_a_few() {
    let mut world = World::start_with(&PATIENT).await;
    let threads = planned(&mut world.serve, "hashing_threads").await;
    assert!(threads <= available_parallelism().unwrap().get() as u64);
    let people = sign_up(&world, 16).await;
    sign_in(&world, &people, 500).await;
    for person in &people[..3] {
        assert_eq!(give(&world, &person.email, PASSWORD).await, 201, "one after the other as well");
        assert_eq!(give(&world, &person.email, "a wrong password").await, 403);
    }
    let wrong: Vec<_> = (0..30).map(|guess| format!("guess {guess}")).collect();
    let guessed = join_all(wrong.iter().map(|guess| give(&world, &people[4].email, guess))).await;
    assert!(guessed.iter().all(|status| [403, 429].contains(status)));
    let begun = join_all((0..30).map(|number| begin_sign_up(&world, number))).await;
    // On a busy machine the simulated provider is too slow for some.
    assert!(begun.iter().all(|status| [201, 503].contains(status)) && begun.contains(&201), "{begun:?}");
    change_passwords(&world, &people[5..8]).await;
    let (peak, rest) = peak_and_rest(&world.serve);
    let most = rest + threads * HASH_KB;
    eprintln!("peak after 500 sign-ins with {threads} hashing threads: {peak} kB of {most} kB");
    assert!(peak < most, "{peak} kB of {most} kB");
}

/// A sign-up that is never proven; the status of the answer.
async fn begin_sign_up(world: &World, number: u8) -> u16 {
    let body = json!({ "full_name": "Ada", "email": format!("more{number}@example.com"), "country_code": "1",
        "phone": format!("20255502{number:02}"), "password": PASSWORD });
    Browser::default().post(world, "/api/users", body).await.status
}

async fn change_passwords(world: &World, people: &[Person]) {
    for person in people {
        let mut browser = Browser::default();
        let approval = browser.sign_in(world, person).await;
        let body = callback(world, &person.cellphone, &approval).await;
        assert_eq!(send_callback(world, &body, Some(&sign(world, KEY, &body))).await, 200);
        browser.until(world, &approval, "approved").await;
        assert_eq!(browser.act(world, &approval, "complete").await.status, 200);
        let change = json!({ "old_password": PASSWORD, "password": "analytical engine" });
        let changed = browser.post(world, "/api/password", change).await;
        assert!(changed.status < 300, "{}", changed.text);
    }
}

#[tokio::test]
async fn one_hashing_thread_is_enough_for_many_at_once() {
    let mut world = World::start_with(&[&PATIENT[..], &[("HASHING_THREADS", "1")]].concat()).await;
    assert_eq!(planned(&mut world.serve, "hashing_threads").await, 1);
    let people = sign_up(&world, 6).await;
    sign_in(&world, &people, 48).await;
    let (peak, rest) = peak_and_rest(&world.serve);
    assert!(peak < rest + HASH_KB, "{peak} kB");
}

/// Opens connections, each with this beginning of a request; the process may close some at any time.
async fn flood(world: &World, connections: usize, sent: &str) -> Vec<TcpStream> {
    let address = world.url.trim_start_matches("http://");
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(sent.as_bytes()).await;
        open.push(stream);
    }
    open
}

#[tokio::test]
async fn large_requests_on_all_connections_stay_within_the_memory_and_keep_nobody_out() {
    const MEMORY_KB: u64 = 128 * 1024;
    let mut world = World::start_with(&[&PATIENT[..], &[("MEMORY_MB", "128")]].concat()).await;
    let connections = usize::try_from(planned(&mut world.serve, "connections").await).unwrap();
    let person = Browser::default().sign_up(&world, 16).await;
    let head = format!("GET /authy/callback?{}", "x".repeat(79_000));
    let answered = format!("GET /nothing?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(60_000));
    let body =
        format!("POST /authy/callback HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n{}", "x".repeat(64_000));
    let signed = "POST /authy/callback HTTP/1.1\r\nHost: x\r\nX-Authy-Signature: x\r\nX-Authy-Signature-Nonce: 1\r\n";
    let waited_for = format!("{signed}Content-Length: 65000\r\n\r\n{}", "x".repeat(64_000));
    for sent in [&head, &answered, &body, &waited_for] {
        let open = flood(&world, connections + 200, sent).await;
        let begun = Instant::now();
        assert_eq!(get(&format!("{}/sign-in", world.url)).await.0, 200);
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        let body = callback(&world, &person.cellphone, &approval).await;
        assert_eq!(send_callback(&world, &body, Some(&sign(&world, KEY, &body))).await, 200);
        browser.until(&world, &approval, "approved").await;
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        let peak = peak(&world.serve);
        eprintln!("peak with {connections} connections of {}…: {peak} kB", &sent[..20]);
        assert!(peak < MEMORY_KB, "{peak} kB after {}", &sent[..40]);
        drop(open);
    }
}

#[tokio::test]
async fn a_container_of_128_mb_survives_sign_ins_and_large_requests() {
    let Some(cgroup) = Cgroup::with_memory(128 << 20) else {
        return eprintln!("skipped: this user may make no cgroup with a limit of memory here");
    };
    let mut world = World::start_with(&PATIENT).await;
    world.restart_within(&cgroup).await;
    assert_eq!(planned(&mut world.serve, "memory_mb").await, 128);
    let people = sign_up(&world, 6).await;
    sign_in(&world, &people, 50).await;
    let open = flood(&world, 1500, &format!("GET /authy/callback?{}", "x".repeat(79_000))).await;
    sign_in(&world, &people, 20).await;
    drop(open);
    assert_eq!(get(&format!("{}/sign-in", world.url)).await.0, 200);
    eprintln!("peak in 128 MB: {} kB", peak(&world.serve));
}

#[tokio::test]
async fn a_setting_that_the_limits_do_not_allow_is_named_with_both_figures() {
    let mut world = World::start_limited(256).await;
    let warning = async {
        loop {
            let line = world.serve.error_line().await;
            if line.contains("cannot be held") {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(Duration::from_secs(30), warning).await.expect("a warning at start");
    assert!(line.contains("WARN") && line.contains("SOCKETS=20000") && line.contains("256 open files"), "{line}");
}
