//! What a `serve` of an earlier version left behind goes on.

use std::fs;

use crate::browser::Browser;
use crate::fixture::{approval_of, facts, restore};
use crate::world::World;

#[tokio::test]
async fn an_old_embedded_event_log_goes_on() {
    let mut world = World::start().await;
    world.kill().await;
    let data = world.folder.path().join("data");
    fs::remove_dir_all(&data).unwrap();
    fs::create_dir(&data).unwrap();
    restore(include_str!("../fixtures/fa8701f/serve_database.sql"), &data.join("countersign.db")).await;
    restore(include_str!("../fixtures/fa8701f/serve_events.sql"), &data.join("countersign-broker.db")).await;
    world.restart().await;

    let browser = |name| Browser { cookie: facts()[name]["cookie"].as_str().unwrap().to_owned() };
    let (mut tapped, mut home) = (browser("serve_tapped"), browser("serve_home"));
    let approval = approval_of("serve_tapped");
    tapped.until(&world, &approval, "approved").await;
    world.audited(&approval, "approval_decided: approved, by a callback").await;
    assert_eq!(tapped.act(&world, &approval, "complete").await.status, 200);
    assert_eq!((&*tapped.state(&world).await, &*home.state(&world).await), ("confirmed", "confirmed"));
}
