//! A provider that is down, slow or silent, and a phone that loses its app: the page always answers, and a code leads in.

use serde_json::json;
use tempfile::tempdir;

use crate::browser::{Browser, id, signing_in, text};
use crate::client::client;
use crate::port::free_port;
use crate::process::Process;
use crate::world::{KEY, World};

/// Longer than any test, and than any provider may take.
const FOR_EVER: u32 = 86_400_000;

#[tokio::test]
async fn a_provider_down_at_sign_in_is_said_on_the_page_and_a_code_leads_in_once_it_is_back() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "provider_down": true })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "unavailable").await;
    let page = browser.get(&world, &format!("/approvals/{}", id(&approval))).await.text;
    assert!(page.contains(r#"data-state="unavailable""#) && page.contains(r#"href="/code""#), "{page}");
    let form = browser.get(&world, "/code").await.text;
    assert!(form.contains("We cannot reach your phone") && form.contains("Text me a code"), "{form}");
    world.switch(&person.cellphone, json!({ "provider_down": false })).await;
    assert_eq!(browser.ask_for_code(&world, "sms").await.status, 202);
    let code = newest_sms(&world, &person.cellphone).await;
    assert_eq!(browser.type_code(&world, &code).await.status, 200);
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn a_refused_connection_to_the_provider_is_told_with_its_cause_in_either_log() {
    for format in ["text", "json"] {
        let (folder, nobody) = (tempdir().unwrap(), format!("http://127.0.0.1:{}", free_port()));
        let variables = [("AUTHY_API_KEY", KEY), ("AUTHY_API_URL", &*nobody), ("PORT", "0"), ("LOG_FORMAT", format)];
        let mut serve = Process::start(folder.path(), &["serve"], &variables);
        let users = format!("{}/api/users", serve.url().await);
        let person = json!({ "full_name": "Ada", "email": "ada@example.com", "country_code": "1",
            "phone": "2015550123", "password": "difference engine" });
        assert_eq!(client().post(users).json(&person).send().await.unwrap().status(), 503);
        let mut line = String::new();
        while !line.contains("the provider did not do what it was asked") {
            line = serve.error_line().await;
        }
        assert!(line.contains("the provider is down: ") && line.contains("Connection refused"), "{line}");
    }
}

#[tokio::test]
async fn a_provider_down_at_code_sending_is_said_and_costs_no_try() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    world.switch(&person.cellphone, json!({ "provider_down": true })).await;
    for channel in ["sms", "call", "sms", "call", "sms", "call"] {
        let refused = browser.ask_for_code(&world, channel).await;
        assert_eq!((refused.status, refused.problem()), (503, "provider-unavailable".into()));
    }
    assert!(browser.get(&world, "/code").await.text.contains("could not be sent"));
    world.switch(&person.cellphone, json!({ "provider_down": false })).await;
    assert_eq!(browser.ask_for_code(&world, "call").await.status, 202);
    assert!(browser.get(&world, "/code").await.text.contains("We called"));
}

#[tokio::test]
async fn a_provider_down_at_code_checking_is_said_and_costs_neither_try_nor_code() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    browser.ask_for_code(&world, "sms").await;
    let code = newest_sms(&world, &person.cellphone).await;
    world.switch(&person.cellphone, json!({ "provider_down": true })).await;
    for _ in 0..6 {
        let refused = browser.type_code(&world, &code).await;
        assert_eq!((refused.status, refused.problem()), (503, "provider-unavailable".into()));
    }
    assert_eq!(browser.state(&world).await, "pending");
    world.switch(&person.cellphone, json!({ "provider_down": false })).await;
    assert_eq!(browser.type_code(&world, &code).await.status, 200);
}

#[tokio::test]
async fn a_provider_down_while_a_transaction_waits_costs_nothing_and_its_code_approves_it_afterwards() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    let down = async |down: bool| world.switch(&person.cellphone, json!({ "provider_down": down })).await;
    down(true).await;
    let approval = browser.post(&world, "/api/approvals", json!({ "message": "Send 7 Galleons" })).await.json();
    browser.until_is(&world, &approval, |now| now["delivery"] == "unavailable").await;
    let page = format!("/approvals/{}", id(&approval));
    assert!(browser.get(&world, &page).await.text.contains(r#"data-state="unavailable""#));
    let code = format!("/api{page}/code");
    for _ in 0..6 {
        let unsent = browser.post(&world, &format!("{code}/send"), json!({ "channel": "sms" })).await;
        assert_eq!((unsent.status, unsent.problem()), (503, "provider-unavailable".into()));
    }
    down(false).await;
    assert_eq!(browser.post(&world, &format!("{code}/send"), json!({ "channel": "sms" })).await.status, 202);
    let typed = json!({ "code": newest_sms(&world, &person.cellphone).await });
    down(true).await;
    for _ in 0..6 {
        let unchecked = browser.post(&world, &code, typed.clone()).await;
        assert_eq!((unchecked.status, unchecked.problem()), (503, "provider-unavailable".into()));
    }
    let form = browser.submit(&world, &format!("{page}/code"), &[("code", typed["code"].as_str().unwrap())]).await;
    assert!(
        form.text.contains("We cannot reach the phone service") && !form.text.contains("aria-invalid"),
        "{}",
        form.text
    );
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    down(false).await;
    assert_eq!(browser.post(&world, &code, typed).await.json()["status"], "approved");
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn a_code_that_the_provider_never_answered_about_stays_good_and_the_try_stays_counted() {
    let mut world = World::start_with(&[("AUTHY_TIMEOUT_MS", "2000")]).await;
    let (person, mut browser, _) = signing_in(&world).await;
    browser.ask_for_code(&world, "sms").await;
    let code = newest_sms(&world, &person.cellphone).await;
    world.provider_hangs().await;
    let unanswered = browser.type_code(&world, &code).await;
    assert_eq!((unanswered.status, unanswered.problem()), (503, "provider-unavailable".into()));
    world.provider_comes_back().await;
    for _ in 0..3 {
        assert_eq!(browser.type_code(&world, &wrong(&code)).await.problem(), "invalid-code");
    }
    assert_eq!(browser.type_code(&world, &code).await.status, 200);
    let mut other = Browser::default();
    other.sign_in(&world, &person).await;
    assert_eq!(other.type_code(&world, &wrong(&code)).await.problem(), "invalid-code", "the fifth try");
    assert_eq!(other.type_code(&world, &wrong(&code)).await.problem(), "too-many-attempts");
}

#[tokio::test]
async fn a_slow_provider_delays_no_page_and_the_page_says_what_is_known() {
    let world = World::start_with(&[("AUTHY_TIMEOUT_MS", "30000")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "slow_ms": 6000 })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    let page = browser.get(&world, &format!("/approvals/{}", id(&approval))).await.text;
    assert_eq!(approval["delivery"], "sending");
    assert!(page.contains(r#"data-state="sending""#), "{page}");
    world.request(&person.cellphone, &approval).await;
    assert_eq!(browser.look(&world, &approval).await["delivery"], "sending", "it is there and nobody said so yet");
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn a_request_the_provider_took_without_saying_so_is_not_repeated_and_a_tap_on_it_counts() {
    let world = World::start_with(&[("AUTHY_TIMEOUT_MS", "2000")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    world.switch(&person.cellphone, json!({ "slow_ms": FOR_EVER })).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    let unknown = browser.until_is(&world, &approval, |now| now["delivery"] != "sending").await;
    assert_eq!((&unknown["delivery"], &unknown["status"]), (&json!("unknown"), &json!("pending")));
    let page = browser.get(&world, &format!("/approvals/{}", id(&approval))).await.text;
    assert!(page.contains(r#"data-state="unknown""#) && page.contains(r#"href="/code""#), "{page}");
    let requests = world.phone(&person.cellphone).await["requests"].as_array().unwrap().len();
    assert_eq!(requests, 2, "one for the sign-up and one for the sign-in");
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
}

#[tokio::test]
async fn with_the_app_removed_while_the_request_waits_a_code_leads_in() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    world.switch(&person.cellphone, json!({ "has_app": false })).await;
    for tap in ["approve", "deny"] {
        assert_eq!(world.tap(&person.cellphone, &approval, tap).await, 409, "{tap}");
    }
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    browser.ask_for_code(&world, "sms").await;
    let code = newest_sms(&world, &person.cellphone).await;
    assert_eq!(browser.type_code(&world, &code).await.status, 200);
    assert_eq!(browser.state(&world).await, "confirmed");
    assert_eq!(browser.look(&world, &approval).await["status"], "cancelled");
}

async fn newest_sms(world: &World, cellphone: &str) -> String {
    world
        .phone_when(cellphone, |phone| phone["sms"].as_array().unwrap().last().map(|sms| text(sms, "code").to_owned()))
        .await
}

/// A code that is not `code`.
fn wrong(code: &str) -> String {
    code.chars().rev().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}
