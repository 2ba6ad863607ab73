//! Several people and several browsers at once: each gets its own outcome and nobody else's.

use crate::browser::{Browser, text};
use crate::world::World;

#[tokio::test]
async fn two_browsers_of_one_person_with_crossed_taps_each_get_their_own_outcome() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (mut one, mut other) = (Browser::default(), Browser::default());
    let (first, second) = (one.sign_in(&world, &person).await, other.sign_in(&world, &person).await);
    assert_ne!(first["number"], second["number"]);
    let (mut of_first, mut of_second) = (one.listen(&world, &first).await, other.listen(&world, &second).await);
    world.tap(&person.cellphone, &second, "approve").await;
    of_second.until("approved").await;
    assert_eq!(one.act(&world, &first, "complete").await.problem(), "not-approved");
    world.tap(&person.cellphone, &first, "deny").await;
    of_first.until("denied").await;
    assert_eq!(other.act(&world, &second, "complete").await.status, 200);
    assert_eq!((one.state(&world).await, other.state(&world).await), ("pending".to_owned(), "confirmed".to_owned()));
}

#[tokio::test]
async fn two_people_and_four_browsers_get_in_in_any_order() {
    let world = World::start().await;
    let ada = Browser::default().sign_up(&world, 10).await;
    let grace = Browser::default().sign_up(&world, 11).await;
    let mut waiting = Vec::new();
    for person in [&ada, &grace, &ada, &grace] {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, person).await;
        let socket = browser.listen(&world, &approval).await;
        waiting.push((person, browser, approval, socket));
    }
    for turn in [2, 1, 3, 0] {
        let (person, browser, approval, socket) = &mut waiting[turn];
        world.tap(&person.cellphone, approval, "approve").await;
        socket.until("approved").await;
        assert_eq!(browser.act(&world, approval, "complete").await.status, 200);
    }
    for (_, browser, _, _) in &mut waiting {
        assert_eq!(browser.state(&world).await, "confirmed");
    }
}

#[tokio::test]
async fn somebody_elses_approval_is_nowhere_to_be_found() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (mut owner, mut other) = (Browser::default(), Browser::default());
    let approval = owner.sign_in(&world, &person).await;
    let own = other.sign_in(&world, &person).await;
    let path = format!("/api/approvals/{}", text(&approval, "id"));
    assert_eq!(other.get(&world, &path).await.problem(), "not-found");
    for what in ["complete", "cancel", "resend"] {
        assert_eq!(other.act(&world, &approval, what).await.problem(), "not-found", "{what}");
    }
    assert_eq!(other.listen_from(&world, &approval, Some(&world.url)).await.err(), Some(404));
    world.tap(&person.cellphone, &approval, "approve").await;
    owner.until(&world, &approval, "approved").await;
    assert_eq!(other.act(&world, &approval, "complete").await.problem(), "not-found");
    assert_eq!(other.act(&world, &own, "complete").await.problem(), "not-approved");
}

#[tokio::test]
async fn sign_ins_begun_at_the_same_moment_share_nothing_and_one_opens_nothing_for_the_other() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (mut owner, mut thief) = (Browser::default(), Browser::default());
    let (own, thiefs) = tokio::join!(owner.sign_in(&world, &person), thief.sign_in(&world, &person));
    for what in ["id", "number"] {
        assert_ne!(own[what], thiefs[what]);
    }
    assert_ne!(owner.cookie, thief.cookie);
    let (of_owner, of_thief) =
        (world.request(&person.cellphone, &own).await, world.request(&person.cellphone, &thiefs).await);
    assert_ne!(of_owner["uuid"], of_thief["uuid"]);
    world.tap(&person.cellphone, &own, "approve").await;
    owner.until(&world, &own, "approved").await;
    for approval in [&own, &thiefs] {
        assert_ne!(thief.act(&world, approval, "complete").await.status, 200);
    }
    assert_eq!((thief.state(&world).await, owner.act(&world, &own, "complete").await.status), ("pending".into(), 200));
}

#[tokio::test]
async fn being_in_already_lends_nothing_to_another_sign_in() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    let (mut in_already, mut browser) = (browser, Browser::default());
    let again = browser.sign_in(&world, &person).await;
    assert_eq!((in_already.state(&world).await, browser.state(&world).await), ("confirmed".into(), "pending".into()));
    assert_eq!(browser.act(&world, &again, "complete").await.problem(), "not-approved");
    assert_eq!(in_already.act(&world, &again, "complete").await.problem(), "not-found");
    assert_eq!(browser.state(&world).await, "pending");
}
