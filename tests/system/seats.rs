//! How many browsers may wait at once: who comes too many is told so, and everybody else goes on waiting.

use std::time::Instant;

use reqwest::Response;
use serde_json::Value;

use crate::browser::{Browser, id, signing_in};
use crate::process::PATIENCE;
use crate::world::World;

async fn poll(world: &World, browser: &Browser, approval: &Value, wait: u32) -> Response {
    let request = world.http.get(format!("{}/api/approvals/{}?wait={wait}&since=99", world.url, id(approval)));
    request.header("cookie", &browser.cookie).send().await.unwrap()
}

/// A refusal with its name, in words, and when to come again.
async fn is_refused(answer: Response, status: u16, kind: &str) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["retry-after"], "5");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], kind);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{problem}");
}

#[tokio::test]
async fn one_session_waits_in_so_many_places_by_whatever_way_and_those_go_on() {
    let world = World::start_with(&[("SOCKETS_PER_SESSION", "3")]).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut tabs = [browser.listen(&world, &approval).await, browser.listen(&world, &approval).await];
    let one_more = browser.listen(&world, &approval).await;
    assert_eq!(browser.listen_from(&world, &approval, Some(&world.url)).await.err(), Some(429));
    is_refused(poll(&world, &browser, &approval, 20).await, 429, "too-many-sockets").await;
    assert_eq!(poll(&world, &browser, &approval, 0).await.status(), 200, "asking without waiting is always answered");
    let mut other = Browser::default();
    let others = other.sign_in(&world, &person).await;
    let _other = other.listen(&world, &others).await;
    drop(one_more);
    let begun = Instant::now();
    let mut third = loop {
        match browser.listen_from(&world, &approval, Some(&world.url)).await {
            Ok(socket) => break socket,
            Err(status) => assert_eq!(status, 429),
        }
        assert!(begun.elapsed() < PATIENCE, "the seat of the socket that is gone stays taken");
    };
    world.tap(&person.cellphone, &approval, "approve").await;
    for tab in &mut tabs {
        tab.until("approved").await;
    }
    third.until("approved").await;
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn a_process_that_is_full_sends_who_comes_next_away_for_a_moment() {
    let world = World::start_with(&[("SOCKETS", "1")]).await;
    let (person, browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    assert_eq!(browser.listen_from(&world, &approval, Some(&world.url)).await.err(), Some(503));
    is_refused(poll(&world, &browser, &approval, 20).await, 503, "busy").await;
    assert_eq!(Browser::default().listen_from(&world, &approval, Some(&world.url)).await.err(), Some(503));
    world.tap(&person.cellphone, &approval, "deny").await;
    socket.until("denied").await;
}

#[tokio::test]
async fn who_is_refused_without_a_session_keeps_nobody_from_coming_in_though_it_goes_slowly() {
    let world = World::start_with(&[("SOCKETS_OPENING", "1")]).await;
    let (_, browser, approval) = signing_in(&world).await;
    // It is told, and does not hang up.
    let mut stranger = Browser::default().listen_from(&world, &approval, Some(&world.url)).await.unwrap();
    assert_eq!(stranger.closed().await, 4401);
    assert!(browser.listen_from(&world, &approval, Some(&world.url)).await.is_ok());
}
