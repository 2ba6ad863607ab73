//! What is completed at several hubs at the same moment is completed once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::browser::{Answer, Browser, signing_in};
use crate::world::World;

const CLICKS: usize = 50;

/// Completes an approval so many times at once: nobody can write until all hubs have read what there was before.
async fn complete_at_once(world: &World, browser: &Browser, approval: &Value) -> Vec<(Answer, String)> {
    let path = world.path().join("data/countersign.db");
    let mut holder = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    holder.execute("BEGIN IMMEDIATE").await.unwrap();
    let clicks = (0..CLICKS).map(async |_| {
        let mut browser = browser.clone();
        (browser.act(world, approval, "complete").await, browser.cookie)
    });
    let released = async {
        // Whatever was sent before has been read when as many questions that came after it are answered.
        for _ in 0..CLICKS {
            browser.clone().look(world, approval).await;
        }
        holder.execute("ROLLBACK").await.unwrap();
    };
    tokio::join!(join_all(clicks), released).0
}

async fn completions(world: &World, approval: &Value) -> usize {
    let trail = world.audit(approval).await;
    trail.iter().filter(|line| line.starts_with("approval_completed")).count()
}

#[tokio::test]
async fn fifty_completions_at_once_at_two_hubs_make_one_session_with_one_cookie() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    browser.until(&world, &approval, "approved").await;
    let answers = complete_at_once(&world, &browser, &approval).await;
    let cookie = answers[0].1.clone();
    for (answer, own) in answers {
        assert_eq!((answer.status, own), (200, cookie.clone()), "{}", answer.text);
    }
    assert_eq!(completions(&world, &approval).await, 1);
    let mut confirmed = Browser { cookie };
    assert_eq!(confirmed.state(&world).await, "confirmed");
    assert_eq!(browser.state(&world).await, "404", "the cookie before opens nothing");
}

#[tokio::test]
async fn a_transaction_completed_fifty_times_at_once_at_two_hubs_is_used_up_once() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 2).await;
    let approval = browser.post(&world, "/api/approvals", json!({ "message": "Send 7 Galleons" })).await.json();
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    browser.until(&world, &approval, "approved").await;
    for (answer, _) in complete_at_once(&world, &browser, &approval).await {
        assert_eq!((answer.status, answer.header("set-cookie")), (200, ""));
    }
    assert_eq!(completions(&world, &approval).await, 1);
}
