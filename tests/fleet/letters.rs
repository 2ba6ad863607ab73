//! Dead letters, as an operator lists, shows and replays them.

use crate::browser::{Browser, signing_in};
use crate::signed::callback;
use crate::world::World;

#[tokio::test]
async fn a_dead_letter_is_listed_shown_and_replayed() {
    let world = World::start().await;
    assert_eq!(world.countersign(&["dead-letters"]).await, (0, vec!["There are no dead letters.".to_owned()]));
    assert_eq!(world.post(&serde_json::json!({ "authy_id": 1234, "canary": "x" })).await, 200);

    let (_, listed) = world.countersign(&["dead-letters", "list"]).await;
    assert!(listed[0].trim_start().starts_with("1  ") && listed[0].contains("raw"), "{listed:?}");
    let (_, shown) = world.countersign(&["dead-letters", "show", "1"]).await;
    assert!(shown.last().unwrap().contains("canary"), "{shown:?}");
    // Nobody can read it any better now: a hub puts it back.
    assert_eq!(world.countersign(&["dead-letters", "replay"]).await.0, 0);
    let again = loop {
        let (_, listed) = world.countersign(&["dead-letters"]).await;
        if listed[0].contains("schema") {
            break listed;
        }
    };
    assert!(again[0].trim_start().starts_with("2  "), "{again:?}");
    assert_eq!(world.countersign(&["dead-letters", "show", "1"]).await.0, 1);
}

#[tokio::test]
async fn what_a_replayed_dead_letter_says_decides() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    let nats = async_nats::connect(format!("127.0.0.1:{}", world.line.port)).await.unwrap();
    // As a receiver of a later version might have written it.
    let event = serde_json::json!({ "schema": "callback.v1", "request": body["uuid"], "status": "approved",
        "provider_user": body["authy_id"].to_string(), "received_at": "2026-11-22T12:00:00Z" });
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Countersign-Reason", "its schema is not known here");
    headers.insert("Countersign-Subject", "countersign.callback.authy");
    let jetstream = async_nats::jetstream::new(nats);
    let stored = jetstream.publish_with_headers("countersign.dead_letter", headers, event.to_string().into()).await;
    stored.unwrap().await.unwrap();

    assert_eq!(world.countersign(&["dead-letters", "replay", "1"]).await.0, 0);

    browser.until(&world, &approval, "approved").await;
    assert_eq!(Browser::default().look(&world, &approval).await["status"], 401);
}
