//! Processes and lines end at each step of a callback's way; nothing of what was answered 200 is lost.

use futures_util::future::join_all;
use serde_json::Value;

use crate::browser::{Browser, signing_in};
use crate::role::Role;
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

/// Sends a callback in the background, as a provider does who waits for the answer.
fn calling(world: &World, body: &Value) -> tokio::task::JoinHandle<Option<u16>> {
    let (http, url) = (world.http.clone(), world.callback_url());
    let (signature, body) = (sign(world, KEY, body), body.to_string());
    tokio::spawn(async move {
        let request = http.post(url).body(body).header("x-authy-signature", signature);
        let answer = request.header("x-authy-signature-nonce", "1795000000").send().await.ok()?;
        Some(answer.status().as_u16())
    })
}

/// A callback whose receivers died after it was verified and before it was answered. `None` if the machine was so slow
/// that the spool took it first, and it was answered.
async fn unanswered() -> Option<(World, Browser, Value, Value)> {
    let mut world = World::start().await;
    let (person, browser, approval) = signing_in(&world).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    // NATS takes nothing any more, so the receivers wait for it; then they die.
    world.nats.as_ref().unwrap().signal(rustix::process::Signal::STOP);
    let published = world.line.carries();
    let called = calling(&world, &body);
    published.await;
    join_all(world.receivers.iter_mut().map(Role::kill)).await;
    let answer = called.await.unwrap();
    world.nats.as_ref().unwrap().signal(rustix::process::Signal::CONT);
    answer.is_none().then_some((world, browser, approval, body))
}

#[tokio::test]
async fn a_receiver_that_dies_after_it_verified_answered_nothing_and_the_next_one_is_asked() {
    let mut tries = 0;
    let (mut world, mut browser, approval, body) = loop {
        tries += 1;
        assert!(tries <= 5, "a callback is answered before it is stored");
        if let Some(unanswered) = unanswered().await {
            break unanswered;
        }
    };
    for receiver in &mut world.receivers {
        receiver.again().await;
    }
    assert_eq!(world.post(&body).await, 200);
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn a_callback_that_was_published_and_never_answered_decides_once_with_its_repeat() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    // What is published gets there, and no acknowledgement comes back; the spool takes it as well.
    world.line.mute();
    let published = world.line.carries();
    let called = calling(&world, &body);
    published.await;
    for receiver in &mut world.receivers {
        receiver.kill().await;
    }
    let _ = called.await.unwrap();
    world.line.mend();
    for receiver in &mut world.receivers {
        receiver.again().await;
    }
    assert_eq!(world.post(&body).await, 200);
    browser.until(&world, &approval, "approved").await;
    let decided = world.audit(&approval).await.into_iter().filter(|line| line.starts_with("approval_decided"));
    assert_eq!(decided.count(), 1);
}

#[tokio::test]
async fn what_was_answered_while_no_hub_ran_is_decided_when_one_is_back() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    for hub in &mut world.hubs {
        hub.kill().await;
    }
    assert_eq!(world.post(&body).await, 200);
    for hub in &mut world.hubs {
        hub.again().await;
    }
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn what_was_decided_and_never_reached_the_browser_is_told_when_it_comes_again() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    socket.until("pending").await;
    // From now on nothing gets to the browser.
    world.front.mute();
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    world.decided(&approval).await;
    for hub in &mut world.hubs {
        hub.kill().await;
    }
    world.front.mend();
    for hub in &mut world.hubs {
        hub.again().await;
    }
    browser.listen(&world, &approval).await.until("approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn whoever_was_told_gets_in_although_all_hubs_died_before_he_could() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    socket.until("approved").await;
    for hub in &mut world.hubs {
        hub.kill().await;
    }
    for hub in &mut world.hubs {
        hub.again().await;
    }
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn a_callback_that_comes_through_only_after_the_end_leaves_it_expired_and_is_written_down() {
    let variables = vec![("SIGN_IN_SECONDS", "6".to_owned())];
    let mut world = World::start_with(crate::world::Plan { variables, ..Default::default() }).await;
    let person = Browser::default().sign_up(&world, 4).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    world.nats_dies();
    assert_eq!(send_callback(&world, &body, Some(&sign(&world, KEY, &body))).await, 200);
    browser.until(&world, &approval, "expired").await;
    world.nats_returns();
    world.audited(&approval, "callback_refused: is expired already; approved changes nothing").await;
    assert_eq!(browser.look(&world, &approval).await["status"], "expired");
}
