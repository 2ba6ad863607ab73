//! The main road and its ends: approved, denied, expired, by code, sent again.

use serde_json::json;

use crate::browser::{Browser, id, signing_in, text};
use crate::world::World;

#[tokio::test]
async fn a_tap_on_approve_tells_the_waiting_browser_and_completing_lets_it_in() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    assert_eq!(socket.next().await.unwrap()["approval"]["status"], "pending");
    assert_eq!(browser.state(&world).await, "pending");
    world.tap(&person.cellphone, &approval, "approve").await;
    socket.until("approved").await;
    assert_eq!(socket.closed().await, 1000);
    assert_eq!(browser.state(&world).await, "pending", "deciding alone opens nothing");
    let done = browser.act(&world, &approval, "complete").await;
    assert_eq!((done.status, done.json()), (200, json!({ "next": "done" })));
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn a_tap_on_deny_tells_the_browser_and_opens_nothing() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    world.tap(&person.cellphone, &approval, "deny").await;
    socket.until("denied").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "not-approved");
    assert_eq!(browser.state(&world).await, "pending");
}

#[tokio::test]
async fn a_request_nobody_answers_expires_by_itself_and_a_late_tap_changes_nothing() {
    let world = World::start_with(&[("SIGN_IN_SECONDS", "7")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "never_call_back": true })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    let mut socket = browser.listen(&world, &approval).await;
    socket.until("expired").await;
    assert_eq!(world.tap(&person.cellphone, &approval, "approve").await, 409);
    assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "not-approved");
}

#[tokio::test]
async fn without_a_callback_the_hub_asks_the_provider_itself() {
    let world = World::start_with(&[("SIGN_IN_SECONDS", "10")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "never_call_back": true })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn a_phone_without_the_app_gets_a_code_by_itself_and_the_code_opens() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "has_app": false })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "no_app").await;
    let code = world.phone_when(&person.cellphone, |phone| Some(phone["sms"][0]["code"].as_str()?.to_owned())).await;
    let answer = browser.type_code(&world, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn a_call_and_the_authenticator_give_codes_that_open_too() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut called = Browser::default();
    let approval = called.sign_in(&world, &person).await;
    assert_eq!(called.ask_for_code(&world, "call").await.status, 202);
    let code = world.phone_when(&person.cellphone, |phone| Some(phone["calls"][0]["code"].as_str()?.to_owned())).await;
    assert_eq!(called.type_code(&world, &code).await.status, 200);
    assert_eq!(called.state(&world).await, "confirmed");
    let left = called.look(&world, &approval).await;
    assert_eq!(left["status"], "cancelled", "the request on the phone is taken back");
    let mut reading = Browser::default();
    reading.sign_in(&world, &person).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    assert_eq!(reading.type_code(&world, &code).await.status, 200);
}

#[tokio::test]
async fn whoever_taps_approve_and_asks_for_a_code_after_all_is_led_in_by_the_tap() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    assert_eq!(browser.get(&world, "/code").await.status, 200);
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.submit(&world, "/code/send", &[("channel", "sms")]).await.header("location"), "/code");
    let form = browser.get(&world, "/code").await;
    assert_eq!((form.status, form.header("location")), (303, &*format!("/approvals/{}", id(&approval))));
}

#[tokio::test]
async fn sending_again_replaces_the_request_and_the_old_one_opens_nothing() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser::default();
    let old = browser.sign_in(&world, &person).await;
    let mut socket = browser.listen(&world, &old).await;
    let answer = browser.act(&world, &old, "resend").await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let new = answer.json();
    assert_ne!(old["number"], new["number"]);
    assert_eq!(socket.until("cancelled").await["replaced_by"], new["id"]);
    world.tap(&person.cellphone, &old, "approve").await;
    assert_eq!(browser.act(&world, &old, "complete").await.problem(), "not-approved");
    world.tap(&person.cellphone, &new, "approve").await;
    browser.until(&world, &new, "approved").await;
    assert_eq!(browser.act(&world, &new, "complete").await.status, 200);
}

#[tokio::test]
async fn the_phone_shows_what_the_page_says_and_the_logo_that_was_configured() {
    let world =
        World::start_with(&[("PRODUCT_NAME", "Jarod’s Vault"), ("LOGO_URL", "https://vault.example/logo.png")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    let approval = Browser::default().sign_in(&world, &person).await;
    let request = world.request(&person.cellphone, &approval).await;
    assert_eq!((&request["message"], &request["details"]), (&json!("Sign in to Jarod’s Vault?"), &approval["details"]));
    assert_eq!(request["logos"], json!([{ "res": "default", "url": "https://vault.example/logo.png" }]));
}

#[tokio::test]
async fn a_cancelled_request_stays_cancelled_whatever_the_phone_says() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    assert_eq!(browser.act(&world, &approval, "cancel").await.json()["status"], "cancelled");
    assert_eq!(world.tap(&person.cellphone, &approval, "approve").await, 204);
    assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "not-approved");
}

#[tokio::test]
async fn with_the_provider_down_the_page_answers_at_once_and_says_so() {
    let mut world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.provider_goes_down().await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    assert_eq!(approval["delivery"], "sending");
    browser.until_is(&world, &approval, |now| now["delivery"] == "unavailable").await;
    let sent = browser.ask_for_code(&world, "sms").await;
    assert_eq!((sent.status, sent.problem()), (503, "provider-unavailable".to_owned()));
    let typed = browser.post(&world, "/api/session/code", json!({ "code": "1234567" })).await;
    assert_eq!((typed.status, typed.problem()), (503, "provider-unavailable".to_owned()));
    assert_eq!(browser.state(&world).await, "pending");
}

#[tokio::test]
async fn plain_forms_walk_the_same_road() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let fields = [
        ("full_name", "Ada Lovelace"),
        ("email", "ada@example.com"),
        ("country_code", "1"),
        ("phone", "202-555-0110"),
        ("password", "difference engine"),
    ];
    let answer = browser.submit(&world, "/sign-up", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let page = answer.header("location").to_owned();
    let shown = browser.get(&world, &page).await;
    assert!(shown.text.contains("Check your phone") && shown.text.contains("/resend"), "{}", shown.text);
    let code = text(&world.phone("+12025550110").await["authenticator"], "code").to_owned();
    let typed = browser.submit(&world, "/code", &[("code", &code)]).await;
    assert_eq!((typed.status, typed.header("location")), (303, "/account"));
    assert!(browser.get(&world, "/account").await.text.contains("Ada Lovelace"));
    assert_eq!(browser.submit(&world, "/sign-out", &[]).await.status, 303);
    assert_eq!(browser.get(&world, "/account").await.header("location"), "/sign-in?ended");
}
