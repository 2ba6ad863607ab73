//! Hubs and receivers that leave in good order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::browser::{Browser, signing_in};
use crate::chaos::{load, people};
use crate::signed::callback;
use crate::world::{Plan, World};

#[tokio::test]
async fn a_hub_that_leaves_sends_its_browsers_to_another_and_nobody_notices() {
    let mut world = World::start().await;
    let person = Browser::default().sign_up(&world, 6).await;
    for leaving in 0..2 {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        let mut socket = browser.listen(&world, &approval).await;
        socket.until("pending").await;
        // One of the two has the socket; both leave in turn, and each is back before the other leaves.
        let ended = world.hubs[leaving].stop().await;
        assert_eq!(ended.status.code(), Some(0), "{:?}", ended.errors);
        let begun = Instant::now();
        assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
        let heard = async {
            loop {
                match socket.next().await {
                    Ok(frame) if frame["approval"]["status"] == "approved" => return,
                    Ok(frame) if frame["type"] == "reconnect" => assert!(frame["after_ms"].as_u64().unwrap() <= 1000),
                    Ok(_) => {}
                    Err(_) => socket = browser.listen(&world, &approval).await,
                }
            }
        };
        heard.await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
        world.hubs[leaving].again().await;
    }
}

#[tokio::test]
async fn a_callback_under_way_is_finished_by_the_receiver_that_leaves() {
    let mut world = World::start_with(Plan { receivers: 1, ..Plan::default() }).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    // NATS lets the receiver wait for its acknowledgement.
    world.nats.as_ref().unwrap().signal(Signal::STOP);
    let published = world.line.carries();
    let body = callback(&world, &person.cellphone, &approval).await;
    let (answered, ()) = tokio::join!(world.post(&body), async {
        published.await;
        world.receivers[0].signal("TERM").await;
        world.nats.as_ref().unwrap().signal(Signal::CONT);
    });
    assert_eq!(answered, 200);
    browser.until(&world, &approval, "approved").await;
    assert_eq!(world.receivers[0].ended().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_push_under_way_is_finished_by_the_hub_that_leaves_so_that_its_tap_finds_the_approval() {
    let mut world = World::start_with(Plan { hubs: 1, ..Plan::default() }).await;
    let person = Browser::default().sign_up(&world, 7).await;
    world.provider.mute();
    let asked = world.provider.carries();
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    asked.await;
    world.hubs[0].signal("TERM").await;
    world.hubs[0].logs("stopping").await;
    world.provider.mend();
    assert_eq!(world.hubs[0].ended().await.status.code(), Some(0));

    let trail = world.audit(&approval).await;
    assert!(trail.iter().any(|line| line == "approval_delivered: sent"), "{trail:?}");
    world.hubs[0].again().await;
    assert_eq!(world.call_back(&person, &approval, "approved").await, 200);
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_all_hubs_are_exchanged_one_after_the_other_under_load_nobody_waits_longer_than_two_seconds() {
    let variables = Plan::patient_phones();
    let mut world = World::start_with(Plan { hubs: 3, variables, ..Plan::default() }).await;
    let people = people(&world).await;
    let mut hubs = std::mem::take(&mut world.hubs);
    let world = Arc::new(world);
    let exchanging = tokio::spawn(async move {
        for hub in &mut hubs {
            assert_eq!(hub.stop().await.status.code(), Some(0));
            hub.again().await;
        }
        hubs
    });
    let end = exchanging.abort_handle();

    let told = load(&world, &people, 0, move |begun| begun >= 40 && end.is_finished()).await;

    exchanging.await.unwrap();
    let longest = told.iter().map(|told| told.2).max().unwrap();
    assert!(longest < Duration::from_secs(2), "{longest:?} of {} sign-ins", told.len());
}
