//! Transactions: what is written is what the phone shows, and nothing else is approved.

use serde_json::{Value, json};
use sqlx::SqlitePool;

use crate::browser::{Browser, Person, id};
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

fn transfer() -> Value {
    json!({ "message": "Request to send money to Jarod's vault",
        "details": { "From": "Jarod", "Amount": "1,000,000", "Currency": "Galleons" },
        "logos": [{ "res": "default", "url": "https://bank.example/logo.png" }] })
}

/// Somebody who is in and asks for the transfer.
async fn asking(world: &World) -> (Browser, Person, Value) {
    let mut browser = Browser::default();
    let person = browser.sign_up(world, 10).await;
    let asked = browser.post(world, "/api/approvals", transfer()).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    (browser, person, asked.json())
}

/// The newest code sent by text message, with what stands beside it.
async fn text_message(world: &World, person: &Person) -> Value {
    world.phone_when(&person.cellphone, |phone| phone["sms"].as_array().unwrap().last().cloned()).await
}

#[tokio::test]
async fn the_phone_shows_exactly_what_was_written_and_a_tap_approves_it_once() {
    let world = World::start().await;
    let (mut browser, person, approval) = asking(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    let request = world.request(&person.cellphone, &approval).await;
    assert_eq!(request["message"], transfer()["message"]);
    assert_eq!(request["logos"], transfer()["logos"]);
    let mut shown = request["details"].as_object().unwrap().clone();
    assert_eq!(shown.remove("Number"), Some(approval["number"].clone()));
    assert_eq!(Value::from(shown), transfer()["details"]);
    assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "not-approved");
    world.tap(&person.cellphone, &approval, "approve").await;
    socket.until("approved").await;
    for _ in 0..2 {
        let done = browser.act(&world, &approval, "complete").await;
        assert_eq!((done.status, done.json()), (200, json!({ "next": "done" })));
        assert!(done.headers.get("set-cookie").is_none(), "a transaction changes no session");
    }
    let path = format!("/approvals/{}", id(&approval));
    let listed = browser.get(&world, "/account").await.text;
    let entry = listed.split(&path).nth(1).and_then(|rest| rest.split("</li>").next()).expect("it is listed");
    assert!(
        entry.contains("Amount: 1,000,000 · Currency: Galleons · From: Jarod") && entry.contains("<time"),
        "{entry}"
    );
    assert!(entry.contains("<b>Approved</b>"), "{entry}");
    assert!(browser.get(&world, &path).await.text.contains("Amount"));
}

#[tokio::test]
async fn a_callback_that_shows_another_amount_or_payee_approves_nothing() {
    let world = World::start().await;
    let (mut browser, person, approval) = asking(&world).await;
    let good = callback(&world, &person.cellphone, &approval).await;
    for (label, value) in [("Amount", json!("1,000,001")), ("From", json!("Mallory")), ("To", json!("Mallory"))] {
        let mut changed = good.clone();
        changed["approval_request"]["transaction"]["details"][label] = value;
        assert_eq!(send_callback(&world, &changed, Some(&sign(&world, KEY, &changed))).await, 200);
    }
    let refused =
        |trail: &[String]| trail.iter().filter(|line| *line == "callback_refused: shows other content").count();
    world.audit_when(&approval, |trail| refused(trail) == 3).await;
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    send_callback(&world, &good, Some(&sign(&world, KEY, &good))).await;
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn without_the_app_a_code_that_was_sent_for_it_approves_it_and_an_authenticators_does_not() {
    let world = World::start().await;
    let (mut browser, person, approval) = asking(&world).await;
    let path = format!("/api/approvals/{}/code", id(&approval));
    let authenticator = world.phone(&person.cellphone).await["authenticator"]["code"].clone();
    let refused = browser.post(&world, &path, json!({ "code": authenticator })).await;
    assert_eq!((refused.status, refused.problem()), (401, "invalid-code".into()));
    assert!(refused.text.contains("do not say what they approve"));
    assert_eq!(browser.post(&world, &format!("{path}/send"), json!({ "channel": "sms" })).await.status, 202);
    let sent = text_message(&world, &person).await;
    assert_eq!(sent["action"], approval["id"]);
    let beside = sent["action_message"].as_str().unwrap();
    assert!(beside.contains("Jarod's vault") && beside.contains("Amount: 1,000,000"), "{beside}");
    let approved = browser.post(&world, &path, json!({ "code": sent["code"] })).await;
    assert_eq!((approved.status, &approved.json()["status"]), (200, &json!("approved")));
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    assert_eq!(world.tap(&person.cellphone, &approval, "deny").await, 204);
    assert_eq!(browser.until(&world, &approval, "approved").await["status"], "approved");
}

#[tokio::test]
async fn a_code_for_one_transaction_approves_no_other_and_counts_once() {
    let world = World::start().await;
    let (mut browser, person, one) = asking(&world).await;
    let other = browser.post(&world, "/api/approvals", transfer()).await.json();
    let path = |approval: &Value| format!("/api/approvals/{}/code", id(approval));
    browser.post(&world, &format!("{}/send", path(&one)), json!({ "channel": "call" })).await;
    let call = |phone: &Value| phone["calls"].as_array().unwrap().last().cloned();
    let code = json!({ "code": world.phone_when(&person.cellphone, call).await["code"] });
    assert_eq!(browser.post(&world, &path(&other), code.clone()).await.problem(), "invalid-code");
    assert_eq!(browser.post(&world, &path(&one), code.clone()).await.status, 200);
    assert_eq!(browser.post(&world, &path(&one), code.clone()).await.status, 200, "a lost answer may be asked again");
    assert_eq!(browser.post(&world, &path(&other), code).await.problem(), "invalid-code");
    assert_eq!(browser.look(&world, &other).await["status"], "pending");
}

#[tokio::test]
async fn a_second_click_while_the_provider_answers_about_the_first_finds_it_approved() {
    let world = World::start().await;
    let (mut browser, person, approval) = asking(&world).await;
    let path = format!("/api/approvals/{}/code", id(&approval));
    assert_eq!(browser.post(&world, &format!("{path}/send"), json!({ "channel": "sms" })).await.status, 202);
    let code = json!({ "code": text_message(&world, &person).await["code"] });
    let mut again = browser.clone();
    world.switch(&person.cellphone, json!({ "slow_ms": 2000 })).await;
    let (first, second) = tokio::join!(browser.post(&world, &path, code.clone()), async {
        let used = |phone: &Value| phone["sms"].as_array().unwrap().iter().any(|sms| sms["used"] == true).then_some(());
        world.phone_when(&person.cellphone, used).await;
        world.switch(&person.cellphone, json!({ "slow_ms": 0 })).await;
        again.post(&world, &path, code.clone()).await
    });
    assert_eq!((first.status, second.status), (200, 200), "{} {}", first.text, second.text);
}

#[tokio::test]
async fn a_phone_without_the_app_gets_the_code_for_a_transaction_by_itself() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "has_app": false })).await;
    let approval = browser.post(&world, "/api/approvals", transfer()).await.json();
    browser.until_is(&world, &approval, |now| now["delivery"] == "no_app").await;
    assert_eq!(text_message(&world, &person).await["action"], approval["id"]);
}

#[tokio::test]
async fn only_whoever_is_in_asks_and_only_the_browser_that_asked_acts() {
    let world = World::start().await;
    let (_, person, approval) = asking(&world).await;
    let mut pending = Browser::default();
    let sign_in = pending.sign_in(&world, &person).await;
    for browser in [&mut pending, &mut Browser::default()] {
        assert_eq!(browser.post(&world, "/api/approvals", transfer()).await.problem(), "no-session");
    }
    let path = format!("/api/approvals/{}", id(&approval));
    assert_eq!(pending.get(&world, &path).await.status, 404);
    world.tap(&person.cellphone, &sign_in, "approve").await;
    pending.until(&world, &sign_in, "approved").await;
    pending.act(&world, &sign_in, "complete").await;
    let mut elsewhere = pending;
    assert_eq!(elsewhere.get(&world, &path).await.json()["status"], "pending", "it can be looked at again");
    let page = elsewhere.get(&world, &format!("/approvals/{}", id(&approval))).await;
    assert!(page.text.contains("asked for in another sign-in"), "{}", page.text);
    assert_eq!(elsewhere.listen_from(&world, &approval, Some(&world.url)).await.err(), Some(404));
    for what in ["complete", "cancel", "resend"] {
        assert_eq!(elsewhere.act(&world, &approval, what).await.status, 404, "{what}");
    }
    let code = json!({ "code": "1234567" });
    assert_eq!(elsewhere.post(&world, &format!("{path}/code"), code).await.status, 404);
    let mut stranger = Browser::default();
    stranger.sign_up(&world, 11).await;
    assert_eq!(stranger.get(&world, &path).await.status, 404);
}

#[tokio::test]
async fn what_a_phone_cannot_show_is_refused_beside_its_field() {
    let world = World::start().await;
    let mut browser = Browser::default();
    browser.sign_up(&world, 10).await;
    let long = "m".repeat(145);
    for (field, body) in [
        ("message", json!({ "message": "" })),
        ("message", json!({ "message": long })),
        ("details", json!({ "message": "m", "details": { "Number": "47" } })),
        ("details", json!({ "message": "m", "details": { "Amount": "1\u{202e}000" } })),
        ("logos", json!({ "message": "m", "logos": [{ "res": "default", "url": "javascript:alert(1)" }] })),
        ("expires_in", json!({ "message": "m", "expires_in": 601 })),
    ] {
        let refused = browser.post(&world, "/api/approvals", body).await;
        assert_eq!((refused.status, refused.problem()), (422, "invalid-input".into()));
        assert!(refused.json()["errors"][field].is_string(), "{}", refused.text);
    }
    for body in [json!({}), json!([]), json!({ "message": 1 }), json!({ "message": "m", "amount": "1" })] {
        let refused = browser.post(&world, "/api/approvals", body).await;
        assert!((400..423).contains(&refused.status), "{}", refused.text);
    }
}

#[tokio::test]
async fn the_form_on_the_account_page_asks_once_however_often_it_is_sent() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    let page = browser.get(&world, "/account").await.text;
    let once = page.split(r#"name="id" value=""#).nth(1).unwrap().split('"').next().unwrap();
    let form = |amount| {
        [
            ("id", once),
            ("message", "Request to send money"),
            ("label", "Amount"),
            ("value", amount),
            ("label", ""),
            ("value", ""),
            ("logo", ""),
        ]
    };
    let first = browser.submit(&world, "/approvals", &form("1,000,000")).await;
    let again = browser.submit(&world, "/approvals", &form("1,000,000")).await;
    assert_eq!((first.status, first.header("location")), (303, again.header("location")));
    let changed = browser.submit(&world, "/approvals", &form("2")).await;
    assert_ne!(changed.header("location"), first.header("location"), "another amount is another request");
    let is_there = |phone: &Value| (phone["requests"].as_array().unwrap().len() == 3).then_some(());
    world.phone_when(&person.cellphone, is_there).await;
    let wrong = browser.submit(&world, "/approvals", &[("message", ""), ("label", "Amount"), ("value", "7")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Please write a message") && wrong.text.contains(r#"value="7""#), "{}", wrong.text);
}

#[tokio::test]
async fn the_account_page_leads_to_every_approval_there_ever_was() {
    let world = World::start().await;
    let (mut browser, _, approval) = asking(&world).await;
    assert_eq!(browser.act(&world, &approval, "cancel").await.status, 200);
    let database = format!("sqlite:{}", world.folder.path().join("data/countersign.db").display());
    let more = "WITH RECURSIVE nth (n) AS (SELECT 11 UNION ALL SELECT n + 1 FROM nth WHERE n < 50)
        INSERT INTO approvals (id, version, user_id, session_id, provider_user, purpose, status, delivery, message, details,
            number, created_at, expires_at, decided_at)
        SELECT '01935f6e-7c00-7000-8000-0000000000' || n, 1, user_id, session_id, provider_user, purpose, status, delivery,
            'Transfer ' || n, details, number, created_at - 100 + n, expires_at, decided_at
        FROM approvals, nth WHERE approvals.id = $1";
    let pool = SqlitePool::connect(&database).await.unwrap();
    sqlx::query(more).bind(id(&approval)).execute(&pool).await.unwrap();
    let (mut path, mut seen) = ("/account".to_owned(), Vec::new());
    loop {
        let page = browser.get(&world, &path).await.text;
        seen.extend(page.split(">Transfer ").skip(1).map(|rest| rest[..2].parse::<u8>().unwrap()));
        assert_eq!(page.contains("Newest approvals"), path != "/account");
        let Some(older) = page.split(r#"<a href="/account?before="#).nth(1) else { break };
        path = format!("/account?before={}", older.split('#').next().unwrap());
    }
    assert_eq!(seen, (11..=50).rev().collect::<Vec<_>>());
    assert_eq!(browser.get(&world, "/account?before=1").await.status, 400);
}
