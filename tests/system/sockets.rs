//! The socket of a waiting browser: who may open it, what may be said on it, how it ends.

use tokio_tungstenite::tungstenite::Message;

use crate::browser::{Browser, id, signing_in};
use crate::world::World;

#[tokio::test]
async fn cross_site_sockets_are_refused_and_so_are_those_without_an_origin() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    let look_alike = format!("{}.evil.example", world.url);
    let userinfo = world.url.replace("://", "://evil@");
    let scheme = world.url.replace("http:", "https:");
    let others = ["null", "", "https://evil.example", &look_alike, "http://127.0.0.1:1", &userinfo, &scheme];
    for origin in others.map(Some).into_iter().chain([None]) {
        assert_eq!(browser.listen_from(&world, &approval, origin).await.err(), Some(403), "{origin:?}");
    }
}

#[tokio::test]
async fn a_socket_without_a_session_is_told_so() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let approval = Browser::default().sign_in(&world, &person).await;
    let mut socket = Browser::default().listen(&world, &approval).await;
    assert_eq!(socket.closed().await, 4401);
}

#[tokio::test]
async fn only_pings_may_be_said_and_each_gets_the_state() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    let mut socket = browser.listen(&world, &approval).await;
    let first = socket.next().await.unwrap();
    socket.say(Message::text(r#"{"type":"ping"}"#)).await;
    assert_eq!(socket.next().await.unwrap()["approval"], first["approval"]);
    for (message, code) in [
        (Message::text(r#"{"type":"approve"}"#), 1008),
        (Message::text("not json"), 1008),
        (Message::binary(vec![1, 2, 3]), 1003),
        (Message::text("x".repeat(5000)), 1009),
    ] {
        let mut socket = browser.listen(&world, &approval).await;
        socket.next().await.unwrap();
        socket.say(message).await;
        assert_eq!(socket.closed().await, code);
    }
    assert_eq!(browser.state(&world).await, "pending", "the process goes on");
}

#[tokio::test]
async fn a_socket_opened_after_the_outcome_hears_it_and_ends() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    world.tap(&person.cellphone, &approval, "deny").await;
    browser.until(&world, &approval, "denied").await;
    let mut socket = browser.listen(&world, &approval).await;
    assert_eq!(socket.next().await.unwrap()["approval"]["status"], "denied");
    assert_eq!(socket.closed().await, 1000);
}

#[tokio::test]
async fn a_stopping_process_asks_its_sockets_to_come_again() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser::default();
    let approval = browser.sign_in(&world, &person).await;
    browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    let mut socket = browser.listen(&world, &approval).await;
    socket.next().await.unwrap();
    world.serve.signal("TERM").await;
    let goodbye = socket.next().await.unwrap();
    assert_eq!(goodbye["type"], "reconnect");
    assert!(goodbye["after_ms"].as_u64().unwrap() < 1000);
    assert_eq!(socket.closed().await, 1012);
    assert!(world.serve.ended().await.status.success());
}

#[tokio::test]
async fn sockets_are_for_the_session_that_owns_the_approval() {
    let world = World::start().await;
    let (person, _, approval) = signing_in(&world).await;
    let mut same_person = Browser::default();
    same_person.sign_in(&world, &person).await;
    let mut stranger = Browser::default();
    stranger.sign_up(&world, 11).await;
    for mut browser in [same_person, stranger] {
        assert_eq!(browser.listen_from(&world, &approval, Some(&world.url)).await.err(), Some(404));
        assert_eq!(browser.get(&world, &format!("/api/approvals/{}?wait=1", id(&approval))).await.status, 404);
    }
}
