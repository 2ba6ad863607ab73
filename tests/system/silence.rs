//! When no callback comes: the hub asks by itself, and says so when that happens time and again.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::{Browser, signing_in};
use crate::metrics::counted;
use crate::port::free_port;
use crate::stand_in::StandIn;
use crate::world::World;

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
