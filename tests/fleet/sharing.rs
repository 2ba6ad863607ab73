//! Several hubs and receivers share the work.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::browser::{Browser, id, signing_in};
use crate::signed::callback;
use crate::world::{Plan, World};

#[tokio::test]
async fn whichever_hub_decides_the_one_with_the_socket_tells_its_browser() {
    let variables = Plan::patient_phones();
    let world = World::start_with(Plan { hubs: 3, variables, ..Plan::default() }).await;
    let person = Browser::default().sign_up(&world, 1).await;
    // Sockets go round the hubs, and so do the callbacks: some are decided elsewhere.
    let mut waiting = Vec::new();
    for _ in 0..12 {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        let mut socket = browser.listen(&world, &approval).await;
        socket.until("pending").await;
        waiting.push((browser, approval, socket));
    }
    for (at, (mut browser, approval, mut socket)) in waiting.into_iter().enumerate() {
        let status = if at % 3 == 0 { "denied" } else { "approved" };
        assert_eq!(world.call_back(&person, &approval, status).await, 200);
        assert_eq!(id(&socket.until(status).await), id(&approval));
        let completed = browser.act(&world, &approval, "complete").await.status;
        assert_eq!(completed, if at % 3 == 0 { 409 } else { 200 });
    }
}

#[tokio::test]
async fn a_callback_repeated_to_every_receiver_decides_once() {
    let world = World::start_with(Plan { receivers: 3, ..Plan::default() }).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let body = callback(&world, &person.cellphone, &approval).await;
    for _ in 0..6 {
        assert_eq!(world.post(&body).await, 200);
    }
    browser.until(&world, &approval, "approved").await;
    let decisions = world.audit(&approval).await.into_iter().filter(|line| line.starts_with("approval_decided"));
    assert_eq!(decisions.count(), 1);
}

#[tokio::test]
async fn a_browser_whose_session_is_ended_hears_it_at_whichever_hub_it_waits() {
    let variables = Plan::patient_phones();
    let world = World::start_with(Plan { hubs: 3, variables, ..Plan::default() }).await;
    let mut owner = Browser::default();
    let person = owner.sign_up(&world, 1).await;
    let mut sockets = Vec::new();
    for _ in 0..6 {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        let mut socket = browser.listen(&world, &approval).await;
        socket.until("pending").await;
        sockets.push(socket);
    }
    assert_eq!(owner.send(&world, Method::DELETE, "/api/sessions", None).await.status, 204);
    let begun = Instant::now();
    for mut socket in sockets {
        assert_eq!(socket.closed().await, 4401);
    }
    // Rows are read again every 20 s; this is the announcement.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn several_hubs_may_begin_at_once_on_a_database_that_is_not_there() {
    let mut world = World::start_with(Plan { hubs: 3, ..Plan::default() }).await;
    for hub in &mut world.hubs {
        hub.kill().await;
    }
    std::fs::remove_dir_all(world.path().join("data")).unwrap();
    for hub in &mut world.hubs {
        hub.begin();
    }
    for hub in &mut world.hubs {
        hub.serves().await;
    }
    Browser::default().sign_up(&world, 2).await;
}

#[tokio::test]
async fn what_a_dead_hub_left_is_followed_by_another_to_its_end() {
    let variables = vec![("SIGN_IN_SECONDS", "30".to_owned())];
    let mut world = World::start_with(Plan { variables, ..Plan::default() }).await;
    let person = Browser::default().sign_up(&world, 3).await;
    // One of the two was begun by the hub that dies.
    let mut browsers = Vec::new();
    for _ in 0..2 {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        world.request(&person.cellphone, &approval).await;
        browsers.push((browser, approval));
    }
    world.hubs[0].kill().await;
    for (mut browser, approval) in browsers {
        browser.until(&world, &approval, "expired").await;
    }
}

#[tokio::test]
async fn a_callback_nobody_can_read_an_event_of_an_unknown_schema_and_nobodys_request_hold_up_nothing() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut nobodys = callback(&world, &person.cellphone, &approval).await;
    nobodys["uuid"] = json!("nobodys");
    nobodys["approval_request"]["transaction"]["hidden_details"] = json!({});
    assert_eq!(world.post(&nobodys).await, 200);
    assert_eq!(world.post(&json!({ "authy_id": 1234 })).await, 200);
    let nats = async_nats::connect(format!("127.0.0.1:{}", world.line.port)).await.unwrap();
    let (jetstream, event) = (async_nats::jetstream::new(nats), r#"{"schema":"callback.v2"}"#);
    let stored = jetstream.publish("countersign.callback.authy", event.into()).await.unwrap();
    stored.await.unwrap();
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    browser.until(&world, &approval, "approved").await;
    let letters = loop {
        let (_, letters) = world.countersign(&["dead-letters"]).await;
        if letters.len() == 2 {
            break letters.concat();
        }
    };
    assert!(letters.contains("uuid") && letters.contains("its schema is not known here"), "{letters}");
}
