//! The receiver's spool: callbacks are taken while NATS is not, and none waits behind an older one.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::Value;

use crate::browser::{Browser, Person};
use crate::port::free_port;
use crate::signed::callback;
use crate::world::{Plan, World};

/// One person, and sign-ins that wait for their callbacks.
async fn waiting(world: &World, count: usize) -> (Person, Vec<(Browser, Value, Value)>) {
    let person = Browser::default().sign_up(world, 5).await;
    let mut waiting = Vec::new();
    for _ in 0..count {
        let mut browser = Browser::default();
        let approval = browser.sign_in(world, &person).await;
        let body = callback(world, &person.cellphone, &approval).await;
        waiting.push((browser, approval, body));
    }
    (person, waiting)
}

#[tokio::test]
async fn a_burst_while_nats_is_away_is_answered_and_decided_when_it_is_back() {
    let variables = Plan::patient_phones();
    let mut world = World::start_with(Plan { variables, ..Plan::default() }).await;
    let (_, mut waiting) = waiting(&world, 20).await;
    world.nats_dies();
    for (_, _, body) in &waiting {
        let begun = Instant::now();
        assert_eq!(world.post(body).await, 200);
        assert!(begun.elapsed() < Duration::from_secs(3), "the provider is not kept waiting: {:?}", begun.elapsed());
    }
    world.nats_returns();
    for (browser, approval, _) in &mut waiting {
        browser.until(&world, approval, "approved").await;
    }
}

#[tokio::test]
async fn what_is_in_the_spool_survives_the_kill_of_its_receiver() {
    let variables = Plan::patient_phones();
    let mut world = World::start_with(Plan { receivers: 1, variables, ..Plan::default() }).await;
    let (_, mut waiting) = waiting(&world, 3).await;
    world.nats_dies();
    for (_, _, body) in &waiting {
        assert_eq!(world.post(body).await, 200);
    }
    world.receivers[0].kill().await;
    world.nats_returns();
    world.receivers[0].again().await;
    for (browser, approval, _) in &mut waiting {
        browser.until(&world, approval, "approved").await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_keeps_nobody_waiting_and_what_it_took_after_all_decides_once() {
    let variables = Plan::patient_phones();
    let world = World::start_with(Plan { receivers: 1, variables, ..Plan::default() }).await;
    let (_, mut waiting) = waiting(&world, 5).await;
    let nats = world.nats.as_ref().unwrap();
    nats.signal(Signal::STOP);
    let begun = Instant::now();
    let first = join_all(waiting[..3].iter().map(|(_, _, body)| world.post(body))).await;
    assert_eq!(first, [200; 3]);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    // By now it is known that waiting is of no use, although the line is still there.
    let begun = Instant::now();
    assert_eq!(world.post(&waiting[3].2).await, 200);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    nats.signal(Signal::CONT);
    // A new one goes straight there.
    assert_eq!(world.post(&waiting[4].2).await, 200);
    for (browser, approval, _) in &mut waiting {
        browser.until(&world, approval, "approved").await;
        let trail = world.audit(approval).await;
        assert_eq!(trail.iter().filter(|line| line.starts_with("approval_decided")).count(), 1, "{trail:?}");
    }
}

#[tokio::test]
async fn a_full_spool_is_the_only_reason_for_a_503_and_readiness_says_how_things_are() {
    let admin = free_port();
    let variables = vec![("SPOOL_MB", "1".to_owned()), ("ADMIN_ADDR", format!("127.0.0.1:{admin}"))];
    let mut world = World::start_with(Plan { receivers: 1, hubs: 0, variables, ..Plan::default() }).await;
    assert_eq!(world.health(admin).await["state"], "ready");
    world.nats_dies();
    let body = |number: u32| serde_json::json!({ "authy_id": 1, "uuid": format!("{number:06}-{}", "x".repeat(1500)), "status": "approved" });
    let mut taken = 0;
    let refused = loop {
        match world.post(&body(taken)).await {
            200 => taken += 1,
            other => break other,
        }
    };
    assert_eq!(refused, 503);
    assert!(taken > 20, "{taken}");
    let health = world.health(admin).await;
    assert_eq!((&health["state"], &health["spooled"]), (&"no_spool".into(), &taken.into()));
    world.nats_returns();
    world.receivers[0].logs("connected to NATS").await;
    while world.health(admin).await["spooled"] != 0 {}
    // All of its room is there again, also for a receiver that begins on it when it is full.
    world.nats_dies();
    for number in taken..2 * taken {
        assert_eq!(world.post(&body(number)).await, 200);
    }
    world.receivers[0].kill().await;
    world.nats_returns();
    world.receivers[0].again().await;
    while world.health(admin).await["spooled"] != 0 {}
}

#[tokio::test]
async fn a_receiver_that_ends_hands_on_what_it_has_or_says_what_it_keeps() {
    let mut world = World::start_with(Plan { receivers: 1, ..Plan::default() }).await;
    let (_, mut waiting) = waiting(&world, 2).await;
    world.nats_dies();
    assert_eq!(world.post(&waiting[0].2).await, 200);
    let ended = world.receivers[0].stop().await;
    assert_eq!(ended.status.code(), Some(1));
    let told = ended.errors.last().unwrap();
    assert!(told.contains("1 callbacks stay in the spool spool-0.db"), "{told}");
    world.nats_returns();
    world.receivers[0].again().await;
    assert_eq!(world.post(&waiting[1].2).await, 200);
    assert_eq!(world.receivers[0].stop().await.status.code(), Some(0));
    for (browser, approval, _) in &mut waiting {
        browser.until(&world, approval, "approved").await;
    }
}

#[tokio::test]
async fn a_process_that_is_receiver_and_hub_spools_while_its_nats_is_away() {
    let admin = free_port();
    let variables = vec![("ADMIN_ADDR", format!("127.0.0.1:{admin}"))];
    let mut world = World::start_with(Plan { receivers: 0, hubs: 0, both: 1, variables, ..Plan::default() }).await;
    let (_, mut waiting) = waiting(&world, 1).await;
    let (browser, approval, body) = &mut waiting[0];
    world.nats_dies();
    assert_eq!(world.post(body).await, 200);
    let health = world.health(admin).await;
    assert_eq!(health["spooled"], 1, "{health}");
    world.both[0].kill().await;
    world.nats_returns();
    world.both[0].again().await;
    browser.until(&world, approval, "approved").await;
}
