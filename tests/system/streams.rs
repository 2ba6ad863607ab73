//! The outcome as server-sent events: who may listen, what is told, how it ends.

use reqwest::{Response, header};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::{Duration, timeout};

use crate::browser::{Browser, id};
use crate::world::World;

/// A stream that is open.
struct Stream {
    answer: Response,
    read: String,
}

impl Stream {
    /// What the next event says; `None` at the end. Comments are passed over.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let event: String = self.read.drain(..end + 2).collect();
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
                if !data.is_empty() {
                    return Some(serde_json::from_str(&data).unwrap());
                }
            } else {
                let chunk =
                    timeout(Duration::from_secs(20), self.answer.chunk()).await.expect("something comes in time");
                self.read.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
            }
        }
    }
}

async fn ask(browser: &Browser, world: &World, approval: &Value, headers: &[(&str, &str)]) -> Response {
    let mut request = world.http.get(format!("{}/api/approvals/{}/events", world.url, id(approval)));
    for (name, value) in [("accept", "text/event-stream"), ("cookie", &browser.cookie)].iter().chain(headers) {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn listen(browser: &Browser, world: &World, approval: &Value) -> Stream {
    let answer = ask(browser, world, approval, &[]).await;
    assert_eq!(answer.status(), 200);
    Stream { answer, read: String::new() }
}

/// A browser whose request has reached the phone.
async fn waiting(world: &World) -> (Browser, String, Value) {
    let person = Browser::default().sign_up(world, 10).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(world, &person).await;
    browser.until_is(world, &approval, |now| now["delivery"] == "sent").await;
    (browser, person.cellphone, approval)
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
async fn a_stream_tells_the_state_at_once_and_the_outcome_and_ends() {
    let world = World::start().await;
    let (browser, cellphone, approval) = waiting(&world).await;
    let mut stream = listen(&browser, &world, &approval).await;
    assert_eq!(stream.answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(stream.answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(stream.answer.headers()["x-accel-buffering"], "no");
    let first = stream.next().await.unwrap();
    assert_eq!((&first["type"], &first["approval"]["status"]), (&"state".into(), &"pending".into()));
    assert!(is_within(&first["now"], &approval), "{first}");
    world.tap(&cellphone, &approval, "approve").await;
    assert_eq!(stream.next().await.unwrap()["approval"]["status"], "approved");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_of_something_decided_tells_it_and_ends() {
    let world = World::start().await;
    let (mut browser, cellphone, approval) = waiting(&world).await;
    world.tap(&cellphone, &approval, "deny").await;
    browser.until(&world, &approval, "denied").await;
    let mut stream = listen(&browser, &world, &approval).await;
    assert_eq!(stream.next().await.unwrap()["approval"]["status"], "denied");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_without_news_repeats_its_state_so_that_silence_means_it_is_dead() {
    let world = World::start().await;
    let (browser, _, approval) = waiting(&world).await;
    let mut stream = listen(&browser, &world, &approval).await;
    let (first, second) = (stream.next().await.unwrap(), stream.next().await.unwrap());
    assert_eq!((&second["type"], &second["approval"]), (&first["type"], &first["approval"]));
    assert_ne!(second["now"], first["now"], "each says the time by which it was sent");
}

#[tokio::test]
async fn streams_and_long_polls_for_pages_of_other_sites_are_refused() {
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
        assert_eq!(ask(&browser, &world, &approval, &[(name, value)]).await.status(), 403, "{name}: {value}");
        let poll = world.http.get(format!("{}/api/approvals/{}?wait=1&since=99", world.url, id(&approval)));
        let poll = poll.header("cookie", &browser.cookie).header(name, value);
        assert_eq!(poll.send().await.unwrap().status(), 403, "{name}: {value}");
    }
    for (name, value) in [("origin", &*world.url), ("sec-fetch-site", "same-origin")] {
        assert_eq!(ask(&browser, &world, &approval, &[(name, value)]).await.status(), 200, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_stream_is_for_the_session_that_owns_the_approval() {
    let world = World::start().await;
    let (_, _, approval) = waiting(&world).await;
    assert_eq!(ask(&Browser::default(), &world, &approval, &[]).await.status(), 401);
    let stranger = Browser::default().sign_up(&world, 11).await;
    let mut other = Browser::default();
    other.sign_in(&world, &stranger).await;
    assert_eq!(ask(&other, &world, &approval, &[]).await.status(), 404);
}

#[tokio::test]
async fn a_stopping_process_asks_its_streams_to_come_again() {
    let world = World::start().await;
    let (browser, _, approval) = waiting(&world).await;
    let mut stream = listen(&browser, &world, &approval).await;
    stream.next().await.unwrap();
    world.serve.signal("TERM").await;
    let goodbye = stream.next().await.unwrap();
    assert_eq!(goodbye["type"], "reconnect");
    assert!(goodbye["after_ms"].as_u64().unwrap() < 1000);
    assert_eq!(stream.next().await, None);
    assert!(world.serve.ended().await.status.success());
}
