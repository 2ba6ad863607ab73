//! The outcome by a long poll: who may wait, what is answered and when.

use std::time::{Duration, Instant};

use reqwest::{Response, header};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::sleep;

use crate::browser::{Browser, id};
use crate::world::World;

/// How long the server lets a poll wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A poll that knows everything, and waits as long as the server lets it.
const KNOWS_ALL: &str = "wait=30&since=99";
/// One that knows nothing, and is answered at once.
const KNOWS_NOTHING: &str = "wait=30&since=0";

async fn ask(browser: &Browser, world: &World, approval: &Value, query: &str, headers: &[(&str, &str)]) -> Response {
    let url = format!("{}/api/approvals/{}?{query}", world.url, id(approval));
    let request = world.http.get(url).header(header::COOKIE, &browser.cookie);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
}

/// A browser whose request has reached the phone.
async fn waiting(world: &World) -> (Browser, String, Value) {
    let person = Browser::default().sign_up(world, 10).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(world, &person).await;
    browser.until_is(world, &approval, |now| now["delivery"] == "sent").await;
    let sent = browser.look(world, &approval).await;
    (browser, person.cellphone, sent)
}

/// True if this server time is within the lifetime of the approval.
fn is_within(now: &Value, approval: &Value) -> bool {
    let parse = |value: &Value| OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap();
    parse(&approval["created_at"]) <= parse(now) && parse(now) < parse(&approval["expires_at"])
}

#[tokio::test]
async fn a_socket_and_a_poll_say_the_time_by_which_it_expires() {
    let world = World::start().await;
    let (mut browser, _, approval) = waiting(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    assert!(is_within(&socket.next().await.unwrap()["now"], &approval));
    let polled = browser.get(&world, &format!("/api/approvals/{}", id(&approval))).await;
    assert!(is_within(&polled.header("countersign-now").into(), &approval));
}

#[tokio::test]
async fn a_poll_that_waits_is_answered_with_the_outcome_which_no_cache_keeps() {
    let world = World::start().await;
    let (browser, cellphone, approval) = waiting(&world).await;
    let tap = async {
        world.tap(&cellphone, &approval, "approve").await;
    };
    let query = format!("wait=30&since={}", approval["version"]);
    let (answer, ()) = tokio::join!(ask(&browser, &world, &approval, &query, &[]), tap);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "approved");
}

#[tokio::test]
async fn a_poll_about_something_decided_is_answered_at_once_whatever_is_known() {
    let world = World::start().await;
    let (mut browser, cellphone, approval) = waiting(&world).await;
    world.tap(&cellphone, &approval, "deny").await;
    browser.until(&world, &approval, "denied").await;
    let answer = ask(&browser, &world, &approval, KNOWS_ALL, &[]).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "denied");
}

#[tokio::test]
async fn long_polls_for_pages_of_other_sites_are_refused() {
    let world = World::start().await;
    let (browser, _, approval) = waiting(&world).await;
    let look_alike = format!("{}.evil.example", world.url);
    for (name, value) in [
        ("origin", "null"),
        ("origin", "https://evil.example"),
        ("origin", &look_alike),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = ask(&browser, &world, &approval, KNOWS_ALL, &[(name, value)]).await;
        assert_eq!(answer.status(), 403, "{name}: {value}");
    }
    for (name, value) in [("origin", &*world.url), ("sec-fetch-site", "same-origin")] {
        let answer = ask(&browser, &world, &approval, KNOWS_NOTHING, &[(name, value)]).await;
        assert_eq!(answer.status(), 200, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_long_poll_is_for_the_session_that_owns_the_approval() {
    let world = World::start().await;
    let (_, _, approval) = waiting(&world).await;
    assert_eq!(ask(&Browser::default(), &world, &approval, KNOWS_NOTHING, &[]).await.status(), 401);
    let stranger = Browser::default().sign_up(&world, 11).await;
    let mut other = Browser::default();
    other.sign_in(&world, &stranger).await;
    assert_eq!(ask(&other, &world, &approval, KNOWS_NOTHING, &[]).await.status(), 404);
}

#[tokio::test]
async fn whoever_asks_for_events_without_a_socket_is_told_that_there_is_only_that() {
    let world = World::start().await;
    let (browser, _, approval) = waiting(&world).await;
    let events = || {
        let request = world.http.get(format!("{}/api/approvals/{}/events", world.url, id(&approval)));
        request.header(header::COOKIE, &browser.cookie).header(header::ACCEPT, "text/event-stream")
    };
    assert_eq!(events().send().await.unwrap().status(), 403, "without our own origin");
    let answer = events().header(header::ORIGIN, &world.url).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["detail"], "This address takes a WebSocket.");
}

#[tokio::test]
async fn a_stopping_process_answers_its_polls_at_once() {
    let world = World::start_with(&[("SOCKETS_PER_SESSION", "1")]).await;
    let (browser, _, approval) = waiting(&world).await;
    let begun = Instant::now();
    // There is one seat. Who has it waits; the other one is refused.
    let wait = async {
        loop {
            let answer = ask(&browser, &world, &approval, KNOWS_ALL, &[]).await;
            if answer.status() != 429 {
                return answer;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let stop = async {
        while ask(&browser, &world, &approval, "wait=1&since=99", &[]).await.status() != 429 {}
        world.serve.signal("TERM").await;
    };
    let (answer, ()) = tokio::join!(wait, stop);
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "pending");
    assert!(begun.elapsed() < LONGEST_WAIT, "{:?}", begun.elapsed());
    assert!(world.serve.ended().await.status.success());
}
