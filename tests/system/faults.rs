//! Something fails at each step of the second factor, in the provider or in the database: nobody gets in by it.

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::browser::{Browser, signing_in};
use crate::port::free_port;
use crate::stand_in::Wrong::{HangsUp, Says, SendsElsewhere, Silent};
use crate::stand_in::{StandIn, Step, VALID, Wrong, signing_up};
use crate::world::World;

/// A world around such a provider, with somebody for each of its answers who waits.
async fn waiting(step: Step, answers: &[Wrong]) -> (World, Vec<(Browser, Value)>) {
    let provider = StandIn::wrong_at(step, answers).await;
    let short = [("AUTHY_API_URL", &*provider.url), ("AUTHY_TIMEOUT_MS", "1000"), ("SIGN_IN_SECONDS", "7")];
    let world = World::start_with(&short).await;
    let mut all = Vec::new();
    for phone in 0..answers.len() {
        let (browser, _, approval) = signing_up(&world, &format!("ada{phone}"), phone).await;
        all.push((browser, approval));
    }
    (world, all)
}

/// Whoever waits is not in, and cannot get in.
async fn is_out(world: &World, browser: &mut Browser, approval: &Value) {
    let refused = browser.act(world, approval, "complete").await;
    assert_eq!((refused.problem(), refused.header("set-cookie")), ("not-approved".to_owned(), ""));
    assert_eq!(browser.state(world).await, "pending");
}

#[tokio::test]
async fn whatever_the_provider_answers_about_a_code_but_that_it_is_valid_lets_nobody_in() {
    let answers = [
        Says(200, VALID),
        Says(200, r#"{"token":"is invalid","success":true}"#),
        Says(200, r#"{"token":true,"success":true}"#),
        Says(200, r#"{"success":true,"message":"SMS token was sent"}"#),
        Says(200, "is valid"),
        Says(401, VALID),
        Says(500, VALID),
        SendsElsewhere,
        HangsUp,
        Silent,
    ];
    let (world, all) = waiting(Step::Check, &answers).await;
    for (answer, (mut browser, approval)) in answers.into_iter().zip(all) {
        let typed = browser.type_code(&world, "0123456").await;
        if answer == Says(200, VALID) {
            assert_eq!((typed.status, &*browser.state(&world).await), (200, "confirmed"));
            continue;
        }
        let refused =
            matches!((typed.status, &*typed.problem()), (401, "invalid-code") | (503, "provider-unavailable"));
        assert!(refused, "{answer:?}: {}", typed.text);
        assert_eq!(typed.header("set-cookie"), "", "{answer:?}");
        is_out(&world, &mut browser, &approval).await;
    }
}

#[tokio::test]
async fn a_provider_whose_limit_is_reached_is_told_with_the_time_to_wait_and_costs_no_try() {
    let over = Says(429, r#"{"message":"DoS protection","success":false,"error_code":"60003"}"#);
    let (world, mut all) = waiting(Step::Check, &[over]).await;
    let browser = &mut all[0].0;
    for _ in 0..6 {
        let told = browser.type_code(&world, "0123456").await;
        assert_eq!((told.status, told.problem()), (503, "provider-unavailable".into()));
        assert_eq!(told.header("retry-after"), "60");
        assert!(told.text.contains("takes no more from us") && told.text.contains("in a minute"), "{}", told.text);
    }
}

#[tokio::test]
async fn whatever_the_provider_answers_about_a_request_but_exactly_approved_approves_nothing() {
    let approved = r#"{"approval_request":{"uuid":"0","_authy_id":0,"status":"approved"},"success":true}"#;
    let answers = [
        Says(200, approved),
        Says(200, r#"{"approval_request":{"uuid":"1","_authy_id":1234,"status":"approved"},"success":true}"#),
        Says(200, r#"{"approval_request":{"uuid":"2","_authy_id":2,"status":"Approved"},"success":true}"#),
        Says(200, approved), // of the first
        Says(200, r#"{"success":true,"status":"approved"}"#),
        Says(200, "approved"),
        Says(500, approved),
        SendsElsewhere,
        HangsUp,
        Silent,
    ];
    let (world, mut all) = waiting(Step::Question, &answers).await;
    for (at, (browser, approval)) in all.iter_mut().enumerate() {
        let end = browser.until_is(&world, approval, |now| now["status"] != "pending").await;
        assert_eq!(end["status"], if at == 0 { "approved" } else { "expired" }, "{:?}", answers[at]);
        if at > 0 {
            is_out(&world, browser, approval).await;
        }
    }
    for (at, doubt) in [(1, "names another user"), (2, "has an unknown status")] {
        let trail = world.audit(&all[at].1).await;
        assert!(trail.contains(&format!("callback_refused: {doubt}")), "{trail:?}");
    }
}

#[tokio::test]
async fn whatever_fails_at_the_push_approves_nothing() {
    let created = r#"{"approval_request":{"uuid":"0"},"success":true}"#;
    let answers = [
        Says(500, created),
        Says(200, r#"{"success":true}"#),
        Says(200, r#"{"approval_request":{"uuid":"","status":"approved"},"success":true}"#),
        Says(200, "approved"),
        SendsElsewhere,
        HangsUp,
        Silent,
    ];
    let (world, all) = waiting(Step::Push, &answers).await;
    for (answer, (mut browser, approval)) in answers.into_iter().zip(all) {
        let now = browser.until_is(&world, &approval, |now| now["delivery"] != "sending").await;
        assert!(["unavailable", "unknown"].contains(&now["delivery"].as_str().unwrap()), "{answer:?}: {now}");
        assert_eq!(now["status"], "pending", "{answer:?}");
        is_out(&world, &mut browser, &approval).await;
    }
}

#[tokio::test]
async fn a_provider_that_took_the_request_and_sent_a_code_has_approved_nothing() {
    let provider = StandIn::well().await;
    let world = World::start_with(&[("AUTHY_API_URL", &provider.url)]).await;
    let (mut browser, _, approval) = signing_up(&world, "ada", 10).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    is_out(&world, &mut browser, &approval).await;
    assert_eq!(browser.ask_for_code(&world, "sms").await.status, 202);
    is_out(&world, &mut browser, &approval).await;
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
}

#[tokio::test]
async fn a_database_that_is_locked_decides_nothing_and_lets_nobody_in_until_it_is_free() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    let path = world.folder.path().join("data/countersign.db");
    let mut holder = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    holder.execute("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(world.tap(&person.cellphone, &approval, "approve").await, 204);
    let callback = &world.phone(&person.cellphone).await["callback"];
    assert_eq!(callback["consecutive_errors"], json!(0), "it was answered 200 all the same");
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    holder.execute("ROLLBACK").await.unwrap();
    browser.until(&world, &approval, "approved").await;

    holder.execute("BEGIN IMMEDIATE").await.unwrap();
    let refused = browser.act(&world, &approval, "complete").await;
    assert_eq!(
        (refused.status, refused.problem(), refused.header("set-cookie")),
        (503, "database-busy".to_owned(), "")
    );
    assert_eq!(browser.state(&world).await, "pending");
    holder.execute("ROLLBACK").await.unwrap();
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn a_process_whose_database_can_be_read_and_not_written_is_not_ready() {
    let admin = format!("127.0.0.1:{}", free_port());
    let world = World::start_with(&[("ADMIN_ADDR", &admin)]).await;
    let path = world.folder.path().join("data/countersign.db");
    let mut holder = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let ready = async || {
        let answer = world.http.get(format!("http://{admin}/health/ready")).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(ready().await, (200, json!({ "state": "ready", "findings": [] })));
    holder.execute("BEGIN IMMEDIATE").await.unwrap();
    let (status, answer) = ready().await;
    assert_eq!((status, &answer["state"]), (503, &json!("no_database")));
    assert_eq!(
        (&answer["findings"][0]["part"], &answer["findings"][0]["level"]),
        (&json!("database"), &json!("error"))
    );
    holder.execute("ROLLBACK").await.unwrap();
    assert_eq!(ready().await, (200, json!({ "state": "ready", "findings": [] })));
}

#[tokio::test]
async fn what_the_provider_answered_to_a_push_is_written_as_soon_as_the_database_takes_it() {
    let mut world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let path = world.folder.path().join("data/countersign.db");
    let mut disk = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let full =
        "CREATE TRIGGER full BEFORE UPDATE OF delivery ON approvals BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END";
    disk.execute(full).await.unwrap();
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    while !world.serve.error_line().await.contains("the delivery could not be written") {}
    disk.execute("DROP TRIGGER full").await.unwrap();
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
}
