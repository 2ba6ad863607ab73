//! When no callback comes: the hub asks by itself, and says so when that happens time and again.

use serde_json::json;

use crate::browser::Browser;
use crate::world::World;

#[tokio::test]
async fn three_answers_in_a_row_without_a_callback_are_said_loudly_once() {
    let world = World::start_with(&[("SIGN_IN_SECONDS", "14")]).await;
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
