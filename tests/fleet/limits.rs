//! Limits hold over all hubs: they are counted in the database.

use std::time::Instant;

use serde_json::json;

use crate::browser::{Browser, signing_in};
use crate::world::World;

#[tokio::test]
async fn two_hundred_wrong_codes_at_once_over_two_hubs_are_five_for_the_provider() {
    let mut world = World::start().await;
    let (person, browser, _) = signing_in(&world).await;
    let mut other = Browser::default();
    other.sign_in(&world, &person).await;
    let before = world.phone(&person.cellphone).await["checked"].as_u64().unwrap();
    let guesses = (0..200).map(|guess| {
        let mut browser = if guess % 2 == 0 { browser.clone() } else { other.clone() };
        let world = &world;
        async move { browser.post(world, "/api/session/code", json!({ "code": format!("{guess:07}") })).await }
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 5);
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!(limited.len(), 195);
    assert!(limited.iter().all(|answer| !answer.header("retry-after").is_empty()));
    assert_eq!(world.phone(&person.cellphone).await["checked"].as_u64().unwrap() - before, 5);
    for hub in &mut world.hubs {
        hub.kill().await;
        hub.again().await;
    }
    assert_eq!(other.type_code(&world, "0000000").await.problem(), "too-many-attempts", "a restart forgets nothing");
    assert_eq!(world.phone(&person.cellphone).await["checked"].as_u64().unwrap() - before, 5);
}

#[tokio::test]
async fn passwords_guessed_at_once_over_two_hubs_share_one_delay() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 1).await;
    let guesses = (0..40).map(|guess| {
        let (world, email) = (&world, &person.email);
        let body = json!({ "email": email, "password": format!("guess {guess}") });
        async move { Browser::default().post(world, "/api/session", body).await.status }
    });
    let begun = Instant::now();
    let answers = futures_util::future::join_all(guesses).await;
    let checked = answers.iter().filter(|status| **status == 403).count();
    // A fourth when a second has passed, a fifth after two more, and so on: a slow machine leaves time for some.
    let later = (begun.elapsed().as_secs() + 1).ilog2();
    assert!((3..=3 + later as usize).contains(&checked), "{answers:?} in {:?}", begun.elapsed());
    assert!(answers.iter().all(|status| matches!(status, 403 | 429)), "{answers:?}");
}
