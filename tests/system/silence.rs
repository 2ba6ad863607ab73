//! When no callback comes: the hub asks by itself, and says so when that happens time and again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::browser::{Browser, id, signing_in, text};
use crate::metrics::counted;
use crate::port::free_port;
use crate::stand_in::Wrong::Silent;
use crate::stand_in::{StandIn, Step, signing_up};
use crate::world::World;

/// An end that is no later than this is in time, on the slowest machine.
const IN_TIME: time::Duration = time::Duration::seconds(3);

#[tokio::test]
async fn an_answer_that_nobody_called_back_about_is_asked_for_long_before_the_end_and_counted_apart() {
    let admin = format!("127.0.0.1:{}", free_port());
    let world = World::start_with(&[("ADMIN_ADDR", &admin)]).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.switch(&person.cellphone, json!({ "never_call_back": true })).await;
    let begun = Instant::now();
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?} of 120 s", begun.elapsed());
    world.audited(&approval, "approval_decided: approved, by asking the provider").await;
    let text = counted(&world, &admin).await;
    for heard in ["callback", "asked"] {
        let line = format!(r#"countersign_decisions_total{{heard="{heard}",status="approved"}} 1"#);
        assert!(text.contains(&line), "{text}");
    }
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_ordinary_and_no_warning() {
    let admin = format!("127.0.0.1:{}", free_port());
    let world = World::start_with(&[("ADMIN_ADDR", &admin), ("SIGN_IN_SECONDS", "12")]).await;
    let (_, mut browser, approval) = signing_in(&world).await;
    browser.until(&world, &approval, "expired").await;
    let text = counted(&world, &admin).await;
    assert!(text.contains(r#"countersign_decisions_total{heard="asked",status="expired"} 1"#), "{text}");
    world.serve.signal("TERM").await;
    let said = world.serve.ended().await.errors;
    assert!(said.iter().all(|line| !line.contains("WARN") && !line.contains("ERROR")), "{said:?}");
    assert!(said.iter().any(|line| line.contains("decided by asking: nobody answered")), "{said:?}");
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_asked_about_twice_in_its_short_life_and_then_expires() {
    let provider = StandIn::well().await;
    let world = World::start_with(&[("AUTHY_API_URL", &provider.url), ("SIGN_IN_SECONDS", "16")]).await;
    let person = json!({ "full_name": "Ada", "email": "ada@example.com", "country_code": "1", "phone": "2025550110",
        "password": "difference engine" });
    let mut browser = Browser::default();
    let approval = browser.post(&world, "/api/users", person).await.json()["approval"].clone();
    browser.until(&world, &approval, "expired").await;
    assert_eq!(provider.questions(), 2, "after 10 s, and once more before the end");
}

#[tokio::test]
async fn three_answers_in_a_row_without_a_callback_are_said_loudly_once() {
    let world = World::start_with(&[("SIGN_IN_SECONDS", "14"), ("PENDING_PUSHES", "4")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "never_call_back": true })).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        world.tap(&person.cellphone, &approval, "approve").await;
        waiting.push((browser, approval));
    }
    for (browser, approval) in &mut waiting {
        browser.until(&world, approval, "approved").await;
    }
    world.serve.signal("TERM").await;
    let said = world.serve.ended().await.errors;
    let loud: Vec<_> = said.iter().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(loud.len(), 1, "{said:?}");
    assert!(loud[0].contains("the callback URL is probably disabled at the provider"), "{loud:?}");
    assert_eq!(said.iter().filter(|line| line.contains("decided by asking")).count(), 4);
}

#[tokio::test]
async fn approvals_end_in_time_however_many_questions_about_them_hang_at_the_provider() {
    const ALL: usize = 24;
    let provider = StandIn::wrong_at(Step::Question, &[Silent; ALL]).await;
    let slow = [("AUTHY_API_URL", &*provider.url), ("AUTHY_TIMEOUT_MS", "30000")];
    let world =
        World::start_with(&[&slow[..], &[("SIGN_IN_SECONDS", "7"), ("SIGN_UPS_PER_ADDRESS", "50")]].concat()).await;
    let mut waiting = Vec::new();
    for phone in 0..ALL {
        let (browser, _, approval) = signing_up(&world, &format!("ada{phone}"), phone).await;
        waiting.push((browser, approval));
    }
    for (browser, approval) in &mut waiting {
        let ended = browser.until(&world, approval, "expired").await;
        assert!(late(&ended) < IN_TIME, "{} late", late(&ended));
    }
    assert!(provider.questions() > 0);
}

#[tokio::test]
async fn of_the_questions_after_a_restart_only_those_that_have_a_place_are_claimed_in_the_database() {
    const ALL: usize = 10;
    let provider = StandIn::wrong_at(Step::Question, &[Silent; 2 * ALL]).await;
    let slow = [("AUTHY_API_URL", &*provider.url), ("AUTHY_TIMEOUT_MS", "30000"), ("SIGN_UPS_PER_ADDRESS", "50")];
    let mut world = World::start_with(&slow).await;
    for phone in 0..ALL {
        signing_up(&world, &format!("ada{phone}"), phone).await;
    }
    world.restart().await;
    while !world.serve.error_line().await.contains("an early one is left out") {}
    let path = world.folder.path().join("data/countersign.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    // Numbered after the twelve that are planned.
    let claimed = sqlx::query_scalar("SELECT count(*) FROM questions WHERE nth >= 12").fetch_one(&mut db);
    let claimed: i64 = claimed.await.unwrap();
    assert!((1..=6).contains(&claimed), "{claimed}");
}

#[tokio::test]
async fn an_approval_ends_in_time_though_its_push_still_hangs_at_the_provider() {
    let provider = StandIn::wrong_at(Step::Push, &[Silent]).await;
    let slow = [("AUTHY_API_URL", &*provider.url), ("AUTHY_TIMEOUT_MS", "60000"), ("SIGN_IN_SECONDS", "7")];
    let world = World::start_with(&slow).await;
    let (mut browser, _, approval) = signing_up(&world, "ada", 0).await;
    let ended = browser.until(&world, &approval, "expired").await;
    assert!(late(&ended) < IN_TIME, "{} late", late(&ended));
}

#[tokio::test]
async fn a_tap_while_the_process_restarts_is_asked_for_as_soon_as_it_is_back() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    world.kill().await;
    assert_eq!(world.tap(&person.cellphone, &approval, "approve").await, 204);
    // As if 75 of its 120 s had passed, and with them every question but the last, which comes 41 s from now.
    let path = world.folder.path().join("data/countersign.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let older = sqlx::query(
        "UPDATE approvals SET created_at = created_at - 75000, expires_at = expires_at - 75000 WHERE id = ?",
    );
    assert_eq!(older.bind(id(&approval)).execute(&mut db).await.unwrap().rows_affected(), 1);
    db.close().await.unwrap();
    world.restart().await;
    let decided = browser.until(&world, &approval, "approved").await;
    let left = moment(&decided, "expires_at") - moment(&decided, "decided_at");
    assert!(left > time::Duration::seconds(10), "{left} before its end");
}

/// How much later than it should an approval ended.
fn late(ended: &Value) -> time::Duration {
    moment(ended, "decided_at") - moment(ended, "expires_at")
}

fn moment(approval: &Value, name: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text(approval, name), &Rfc3339).unwrap()
}
