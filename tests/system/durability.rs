//! Killed at any moment, the system goes on as if nothing had been.

use approval::Change;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use tokio::time::{Duration, timeout};

use crate::browser::{Browser, id, signing_in};
use crate::world::World;

/// Long for a process, and shorter than the 20 s after which sockets read their rows again.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_callback_answered_200_is_decided_after_a_kill_before_the_decision() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    // While this lock is held nothing can be decided; the receiver does not need that database.
    let path = world.folder.path().join("data/countersign.db");
    let mut lock = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let held = lock.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(world.tap(&person.cellphone, &approval, "approve").await, 204);
    assert_eq!(world.phone(&person.cellphone).await["callback"]["consecutive_errors"], 0);
    let before = browser.look(&world, &approval).await;
    assert_eq!(before["status"], "pending");
    world.kill().await;
    held.rollback().await.unwrap();
    lock.close().await.unwrap();
    world.restart().await;
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn a_browser_that_waits_through_a_kill_hears_the_outcome_when_it_comes_again() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    let mut socket = browser.listen(&world, &approval).await;
    socket.next().await.unwrap();
    world.restart().await;
    socket.closed().await;
    let mut socket = browser.listen(&world, &approval).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    socket.until("approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn a_push_cut_off_by_a_kill_is_not_repeated_and_the_page_says_it_does_not_know() {
    let mut world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    // The provider holds its answer until somebody taps, so the kill comes while the push is under way.
    world.switch(&person.cellphone, json!({ "out_of_order": true })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    let asked = |phone: &serde_json::Value| phone["requests"].as_array().unwrap().len() == 2;
    world.phone_when(&person.cellphone, |phone| asked(phone).then_some(())).await;
    world.restart().await;
    let now = browser.look(&world, &approval).await;
    assert_eq!((&now["status"], &now["delivery"]), (&json!("pending"), &json!("unknown")));
    assert!(asked(&world.phone(&person.cellphone).await));
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn a_callback_that_comes_before_the_request_id_is_stored_decides() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "out_of_order": true })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn a_lost_reply_of_complete_leaves_nobody_with_a_dead_cookie() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    let (mut lost, mut again) = (browser.clone(), browser.clone());
    assert_eq!(lost.act(&world, &approval, "complete").await.status, 200);
    world.restart().await;
    assert_eq!(again.state(&world).await, "404", "the token before opens nothing by itself");
    assert_eq!(again.act(&world, &approval, "complete").await.status, 200);
    assert_eq!(again.cookie, lost.cookie);
    assert_eq!(again.state(&world).await, "confirmed");
    let refused = browser.act(&world, &approval, "complete").await;
    assert_eq!((refused.problem(), refused.header("set-cookie")), ("no-session".to_owned(), ""));
}

#[tokio::test]
async fn double_clicks_and_two_tabs_complete_once_and_all_get_in() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    let (mut one, mut two, mut three) = (browser.clone(), browser.clone(), browser.clone());
    let (first, second, third) = tokio::join!(
        one.act(&world, &approval, "complete"),
        two.act(&world, &approval, "complete"),
        three.act(&world, &approval, "complete"),
    );
    assert_eq!([first.status, second.status, third.status], [200; 3]);
    assert_eq!((&one.cookie, &two.cookie), (&two.cookie, &three.cookie));
    let audit = world.audit(&approval).await;
    assert_eq!(audit.iter().filter(|line| line.starts_with("approval_completed")).count(), 1, "{audit:?}");
}

#[tokio::test]
async fn accounts_and_sessions_are_there_after_a_restart() {
    let mut world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    world.restart().await;
    assert_eq!(browser.state(&world).await, "confirmed");
    Browser::default().sign_in(&world, &person).await;
}

#[tokio::test]
async fn what_a_process_committed_and_died_before_telling_is_told_after_the_restart() {
    let mut world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    world.kill().await;
    let storage = world.storage().await;
    storage.approvals().end(id(&approval).parse().unwrap(), Change::Deny).await.unwrap();
    let left = storage.outbox().read(0).await.unwrap();
    assert!(left.approvals.iter().any(|left| left.id.to_string() == id(&approval)), "{left:?}");
    world.restart().await;
    let mut socket = browser.listen(&world, &approval).await;
    socket.until("denied").await;
    assert_eq!(socket.closed().await, 1000);
    let emptied = async { while storage.outbox().read(0).await.unwrap().last().is_some() {} };
    timeout(SOON, emptied).await.expect("what was told is taken out");
}

#[tokio::test]
async fn an_announcement_that_somebody_left_behind_is_made_with_the_next_one() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    assert_eq!(socket.next().await.unwrap()["approval"]["status"], "pending");
    world.storage().await.approvals().end(id(&approval).parse().unwrap(), Change::Deny).await.unwrap();
    // Another account: the phone of the first has a rest after the denial, so nothing would be announced.
    Browser::default().sign_up(&world, 11).await;
    timeout(SOON, socket.until("denied")).await.expect("it is told before the row is read again");
}

#[tokio::test]
async fn a_row_changed_by_another_process_reaches_the_socket_though_nobody_told() {
    let world = World::start().await;
    let (_, mut browser, approval) = signing_in(&world).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    let mut socket = browser.listen(&world, &approval).await;
    assert_eq!(socket.next().await.unwrap()["approval"]["status"], "pending");
    world.storage().await.approvals().end(id(&approval).parse().unwrap(), Change::Deny).await.unwrap();
    socket.until("denied").await;
}
