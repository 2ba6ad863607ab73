//! A pending session can queue little work, and none outlives its client by long.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reqwest::header;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use tokio::time::timeout;

use crate::browser::{Browser, signing_in, text};
use crate::process::PATIENCE;
use crate::raw::Wire;
use crate::world::World;

/// Rows of this kind of attempt.
async fn attempts(world: &World, kind: &str) -> i64 {
    let path = world.folder.path().join("data/countersign.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let count = sqlx::query_scalar::<sqlx::Sqlite, i64>("SELECT count(*) FROM attempts WHERE kind = $1");
    count.bind(kind).fetch_one(&mut db).await.unwrap()
}

/// A request that types a code.
fn typed(browser: &Browser, code: &str) -> String {
    let body = json!({ "code": code }).to_string();
    let (cookie, length) = (&browser.cookie, body.len());
    format!(
        "POST /api/session/code HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn of_sixty_with_one_code_three_wait_and_those_that_leave_are_never_tried() {
    let mut world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    world.provider_hangs().await;
    let mut typing: FuturesUnordered<_> = (0..60)
        .map(|_| {
            let request = world.http.post(format!("{}/api/session/code", world.url));
            request.header(header::COOKIE, &browser.cookie).json(&json!({ "code": "0000000" })).send()
        })
        .collect();
    for _ in 0..57 {
        let answer = timeout(PATIENCE, typing.next()).await.expect("an answer while three wait").unwrap().unwrap();
        assert_eq!(answer.status(), 429);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
    }
    // The code that is being checked goes on; the two waiting requests have begun nothing.
    drop(typing);
    world.provider_comes_back().await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let answer = browser.type_code(&world, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tries = attempts(&world, "code").await;
    assert!(tries <= 2, "one try, counted for the account and for the phone, and not {tries} rows");
}

#[tokio::test]
async fn thousands_of_codes_from_clients_that_hang_up_leave_nothing_behind() {
    let world = World::start().await;
    let (person, stranger, _) = signing_in(&world).await;
    let request = typed(&stranger, "0000000");
    for _ in 0..3_000 {
        Wire::sending(&world.url, &request).await;
    }
    let mut owner = Browser::default();
    let approval = owner.sign_in(&world, &person).await;
    assert_eq!(world.tap(&person.cellphone, &approval, "approve").await, 204);
    owner.until(&world, &approval, "approved").await;
    assert_eq!(owner.act(&world, &approval, "complete").await.status, 200);
    assert!(attempts(&world, "code").await <= 10, "five tries, each counted twice");
    assert_eq!(attempts(&world, "turn").await, 0, "no turn is held");
}

#[tokio::test]
async fn a_reached_limit_refuses_a_code_although_another_is_being_checked() {
    let world = World::start().await;
    let (person, browser, _) = signing_in(&world).await;
    let mut other = Browser::default();
    other.sign_in(&world, &person).await;
    let mut guesser = browser.clone();
    for guess in 0..4 {
        assert_eq!(guesser.type_code(&world, &format!("{guess:07}")).await.status, 401);
    }
    world.provider_hangs().await;
    let _hanging = Wire::sending(&world.url, typed(&browser, "0000009")).await;
    let counted = async {
        while attempts(&world, "code").await < 10 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counted).await.expect("the fifth is counted before the provider answers");
    assert_eq!(other.type_code(&world, "0000010").await.status, 429);
}

#[tokio::test]
async fn a_cookie_has_thirty_two_changes_in_work_at_once_and_others_have_theirs() {
    let world = World::start().await;
    let (_, browser, _) = signing_in(&world).await;
    let person = Browser::default().sign_up(&world, 11).await;
    let mut other = Browser::default();
    other.sign_in(&world, &person).await;
    let whole = typed(&browser, "0000000");
    let first = &whole[..whole.len() - 1];
    let mut halves = Vec::new();
    for _ in 0..40 {
        halves.push(Wire::sending(&world.url, first).await);
    }
    let mut refused: FuturesUnordered<_> =
        halves.iter_mut().map(|half| async { half.answer().await.unwrap().status }).collect();
    for _ in 0..8 {
        assert_eq!(timeout(PATIENCE, refused.next()).await.expect("those beyond are answered"), Some(429));
    }
    drop(refused);
    assert_eq!(other.type_code(&world, "0000000").await.status, 401, "another session is served");
}
