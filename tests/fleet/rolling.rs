//! Processes behind a real nginx are exchanged one after the other, and no client notices.
//!
//! `ROLLING_CALLBACKS` and `ROLLING_PAGES` make it longer; `./test rolling` is the long form.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::header;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::browser::{Browser, id};
use crate::chaos::number;
use crate::load::Load;
use crate::nginx::{Nginx, Upstream, nginx};
use crate::port::free_port;
use crate::role::Role;
use crate::signed::sign;
use crate::world::{KEY, Plan, World};

/// An open page is live again within this time.
const LIVE_AGAIN: Duration = Duration::from_secs(3);
/// Browsers with an open page.
const OPEN_PAGES: usize = 40;

/// Stops and starts each of `roles` in turn until `enough` says so, and each once at least; how often.
async fn exchange(roles: &mut [Role], enough: &AtomicBool) -> usize {
    let mut exchanged = 0;
    loop {
        for role in &mut *roles {
            let ended = role.stop().await;
            // What NATS takes too slowly on a busy machine is handed on at the next start.
            let is_left = ended.errors.last().is_some_and(|line| line.contains("stay in the spool"));
            assert_eq!(ended.status.code(), Some(i32::from(is_left)), "{:?}", ended.errors);
            role.again().await;
            exchanged += 1;
        }
        if enough.load(Ordering::Relaxed) {
            return exchanged;
        }
    }
}

fn drain(seconds: u32) -> Vec<(&'static str, String)> {
    let warn = ("LOG", "error".to_owned());
    [vec![("DRAIN_SECONDS", seconds.to_string()), warn], Plan::patient_phones()].concat()
}

async fn callbacks(program: &str, upstream: Upstream, callbacks: u64, per_second: u32, seconds: u32) {
    let variables = drain(seconds);
    let mut world = World::start_with(Plan { hubs: 0, variables, ..Plan::default() }).await;
    let ports: Vec<_> = world.receivers.iter().map(Role::port).collect();
    let proxy = Nginx::before(program, &ports, upstream).await;
    let mut receivers = std::mem::take(&mut world.receivers);
    let requests = (0..callbacks).map(|number| posted(&world, number)).collect();
    let load = Arc::new(Load::new(proxy.port, per_second, requests));
    let sending = tokio::spawn(Arc::clone(&load).run());
    let exchanged = exchange(&mut receivers, &load.has_sent_all).await;
    load.ends.store(true, Ordering::Relaxed);
    let told = sending.await.unwrap();
    println!(
        "{upstream:?}: {} callbacks at {per_second}/s while receivers were exchanged {exchanged} times: {} with an error, the slowest {:?}",
        told.good + told.bad.len(),
        told.bad.len(),
        told.slowest
    );
    assert!(told.bad.is_empty(), "{:?}\n{}", told.bad, proxy.errors());
}

/// A genuine callback for an approval that nobody asked for.
fn made_up(number: u64) -> Value {
    let transaction = json!({ "message": "Sign in?", "details": {}, "hidden_details": {}, "status": "approved" });
    json!({ "authy_id": 1234, "uuid": format!("00000000-0000-0000-0000-{number:012}"), "status": "approved",
        "callback_action": "approval_request_status", "approval_request": { "transaction": transaction, "logos": null } })
}

/// The request that brings it.
fn posted(world: &World, number: u64) -> String {
    let body = made_up(number);
    let (signature, body) = (sign(world, KEY, &body), body.to_string());
    let length = body.len();
    format!(
        "POST /authy/callback HTTP/1.1\r\nHost: localhost\r\nX-Authy-Signature: {signature}\r\n\
         X-Authy-Signature-Nonce: 1795000000\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_behind_nginx_are_exchanged_under_load_and_no_callback_is_answered_with_an_error() {
    let Some(program) = nginx() else { return };
    let (all, per_second) =
        (number("ROLLING_CALLBACKS", 500), u32::try_from(number("ROLLING_PER_SECOND", 200)).unwrap());
    let seconds = if all > 500 { 2 } else { 1 };
    for upstream in [Upstream::KeptAlive, Upstream::OneByOne] {
        callbacks(program, upstream, all, per_second, seconds).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hubs_behind_nginx_are_exchanged_and_every_page_loads_and_is_live_again_soon() {
    let Some(program) = nginx() else { return };
    let all = number("ROLLING_PAGES", 200);
    let port = free_port();
    let public = ("PUBLIC_URL", format!("http://127.0.0.1:{port}"));
    let variables = [drain(1), vec![public, ("SIGN_IN_SECONDS", "600".to_owned())]].concat();
    let mut world = World::start_with(Plan { receivers: 1, variables, ..Plan::default() }).await;
    let ports: Vec<_> = world.hubs.iter().map(Role::port).collect();
    let proxy = Nginx::start(program, port, &ports, Upstream::KeptAlive).await;
    world.url = format!("http://127.0.0.1:{port}");
    let mut hubs = std::mem::take(&mut world.hubs);
    let world = Arc::new(world);
    let person = Browser::default().sign_up(&world, 6).await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        sessions.push((browser, approval));
    }
    let goes_on = Arc::new(AtomicBool::new(true));
    // One page of four polls. Every other one loses its socket; a poll may end before its hub does.
    let polls = |at: usize| at.is_multiple_of(4);
    let pages: Vec<_> = (0..OPEN_PAGES)
        .map(|at| {
            let (browser, approval) = sessions[at % sessions.len()].clone();
            tokio::spawn(stay_open(Arc::clone(&world), browser, approval, polls(at), Arc::clone(&goes_on)))
        })
        .collect();
    let page = "GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned();
    let requests = (0..all).map(|_| page.clone()).collect();
    let load = Arc::new(Load::new(port, 60, requests));
    let sending = tokio::spawn(Arc::clone(&load).run());
    let exchanged = exchange(&mut hubs, &load.has_sent_all).await;
    sleep(LIVE_AGAIN).await;
    load.ends.store(true, Ordering::Relaxed);
    goes_on.store(false, Ordering::Relaxed);
    let told = sending.await.unwrap();
    let gaps: Vec<Vec<Duration>> = join_all(pages).await.into_iter().map(Result::unwrap).collect();
    let stayed = gaps.iter().enumerate().filter(|(at, gaps)| !polls(*at) && gaps.is_empty()).count();
    let gaps: Vec<_> = gaps.into_iter().flatten().collect();
    let longest = gaps.iter().max().copied().unwrap_or_default();
    println!(
        "{} page loads while hubs were exchanged {exchanged} times: {} with an error, the slowest {:?}; {} times one of {OPEN_PAGES} \
         open pages came again, the longest after {longest:?}",
        told.good + told.bad.len(),
        told.bad.len(),
        told.slowest,
        gaps.len()
    );
    assert!(told.bad.is_empty(), "{:?}\n{}", told.bad, proxy.errors());
    assert_eq!(stayed, 0, "each with a socket came again");
    assert!(longest < LIVE_AGAIN, "{longest:?}");
}

/// A page that waits, by a socket or by polls, and comes again as our own page does; how long it was not live each time.
async fn stay_open(
    world: Arc<World>,
    browser: Browser,
    approval: Value,
    polls: bool,
    goes_on: Arc<AtomicBool>,
) -> Vec<Duration> {
    let (mut gaps, mut lost) = (Vec::new(), None);
    while goes_on.load(Ordering::Relaxed) {
        let after = if polls {
            by_polls(&world, &browser, &approval, &mut lost, &mut gaps, &goes_on).await
        } else {
            by_socket(&world, &browser, &approval, &mut lost, &mut gaps, &goes_on).await
        };
        if goes_on.load(Ordering::Relaxed) {
            lost.get_or_insert_with(Instant::now);
            sleep(after).await;
        }
    }
    // One that is still lost counts as well.
    is_live(&mut lost, &mut gaps);
    gaps
}

/// How long a poll of a page waits.
const POLL_WAIT: Duration = Duration::from_secs(4);
/// A page without a connection tries again after this time.
const AGAIN: Duration = Duration::from_millis(500);

fn is_live(lost: &mut Option<Instant>, gaps: &mut Vec<Duration>) {
    gaps.extend(lost.take().map(|lost| lost.elapsed()));
}

fn reconnect(frame: &Value) -> Option<Duration> {
    (frame["type"] == "reconnect").then(|| Duration::from_millis(frame["after_ms"].as_u64().unwrap()))
}

async fn by_socket(
    world: &World,
    browser: &Browser,
    approval: &Value,
    lost: &mut Option<Instant>,
    gaps: &mut Vec<Duration>,
    goes_on: &AtomicBool,
) -> Duration {
    let Some(mut socket) = browser.try_listen(world, approval).await else { return AGAIN };
    let mut after = AGAIN;
    while goes_on.load(Ordering::Relaxed) {
        match tokio::time::timeout(AGAIN, socket.heard()).await {
            Ok(Ok(frame)) if frame["type"] == "state" => is_live(lost, gaps),
            Ok(Ok(frame)) => after = reconnect(&frame).unwrap_or(after),
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    after
}

/// Ends when a poll fails, or is answered before its time: then its hub leaves.
async fn by_polls(
    world: &World,
    browser: &Browser,
    approval: &Value,
    lost: &mut Option<Instant>,
    gaps: &mut Vec<Duration>,
    goes_on: &AtomicBool,
) -> Duration {
    let ask = async |wait: Duration| {
        let query = format!("wait={}&since=99", wait.as_secs());
        let request = world.http.get(format!("{}/api/approvals/{}?{query}", world.url, id(approval)));
        let asked = Instant::now();
        let answer = request.header(header::COOKIE, &browser.cookie).send().await;
        answer.is_ok_and(|answer| answer.status().is_success()) && asked.elapsed() >= wait
    };
    let mut wait = Duration::ZERO;
    while goes_on.load(Ordering::Relaxed) && ask(wait).await {
        is_live(lost, gaps);
        wait = POLL_WAIT;
    }
    AGAIN
}
