//! What is completed at several hubs at the same moment is completed once.

use futures_util::future::join_all;
use serde_json::json;

use crate::browser::{Browser, signing_in};
use crate::world::World;

const CLICKS: usize = 50;

#[tokio::test]
async fn fifty_completions_at_once_at_two_hubs_make_one_session_with_one_cookie() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    browser.until(&world, &approval, "approved").await;
    let clicks = join_all((0..CLICKS).map(|_| {
        let (mut browser, world, approval) = (browser.clone(), &world, &approval);
        async move { (browser.act(world, approval, "complete").await.status, browser.cookie) }
    }));
    let answers = clicks.await;
    assert!(answers.iter().all(|answer| *answer == (200, answers[0].1.clone())), "{:?}", answers[0].0);
    assert_ne!(answers[0].1, browser.cookie);
    let trail = world.audit(&approval).await;
    assert_eq!(trail.iter().filter(|line| line.starts_with("approval_completed")).count(), 1, "{trail:?}");
    let mut now = Browser { cookie: answers[0].1.clone() };
    assert_eq!((now.state(&world).await, browser.state(&world).await), ("confirmed".to_owned(), "404".to_owned()));
}

#[tokio::test]
async fn a_transaction_completed_fifty_times_at_once_at_two_hubs_is_used_up_once() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 2).await;
    let asked = browser.post(&world, "/api/approvals", json!({ "message": "Send 7 Galleons" })).await;
    let approval = asked.json();
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    browser.until(&world, &approval, "approved").await;
    let clicks = join_all((0..CLICKS).map(|_| {
        let (mut browser, world, approval) = (browser.clone(), &world, &approval);
        async move { browser.act(world, approval, "complete").await }
    }));
    for answer in clicks.await {
        assert_eq!((answer.status, answer.header("set-cookie")), (200, ""));
    }
    let trail = world.audit(&approval).await;
    assert_eq!(trail.iter().filter(|line| line.starts_with("approval_completed")).count(), 1, "{trail:?}");
}
