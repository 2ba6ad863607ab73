//! The socket of a waiting browser: who may open it, what may be said on it, how it ends.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::browser::{Browser, id, signing_in};
use crate::raw_http::is_well;
use crate::wire::Wire;
use crate::world::World;

/// Opcodes of frames (RFC 6455, 5.2).
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const PING: u8 = 9;
/// A frame that ends its message.
const END: u8 = 0x80;

/// An open socket, byte by byte, and the first state read.
async fn raw(world: &World, browser: &Browser, approval: &Value) -> Wire {
    let mut wire = Wire::sending(&world.url, handshake(world, browser, approval, "")).await;
    let answer = wire.answer().await.unwrap();
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(frame(&mut wire).await.unwrap().0, END | TEXT);
    wire
}

fn handshake(world: &World, browser: &Browser, approval: &Value, more: &str) -> String {
    format!(
        "GET /api/approvals/{}/events HTTP/1.1\r\nHost: x\r\nOrigin: {}\r\nCookie: {}\r\nConnection: upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
        id(approval),
        world.url,
        browser.cookie
    )
}

/// A frame as a browser sends it, masked with zeros.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = if length < 126 { vec![first, 0x80 | low] } else { vec![first, 0x80 | 126, high, low] };
    [&head, &[0; 4][..], payload].concat()
}

/// The next frame of the server: its first byte and what it holds; `None` at the end.
async fn frame(wire: &mut Wire) -> Option<(u8, Vec<u8>)> {
    let head = wire.take(2).await?;
    let length = match head[1] {
        126 => wire.take(2).await.map(|more| u16::from_be_bytes([more[0], more[1]]).into())?,
        short => usize::from(short),
    };
    Some((head[0], wire.take(length).await?))
}

/// The code that the socket is closed with; 1006 without one.
async fn closed(wire: &mut Wire) -> u16 {
    while let Some((first, payload)) = frame(wire).await {
        if first == END | 8 {
            return u16::from_be_bytes([payload[0], payload[1]]);
        }
    }
    1006
}

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
    assert_eq!(socket.next().await.unwrap(), first);
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
async fn frames_that_no_page_of_ours_sends_close_the_socket_with_the_code_for_it() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    let ping = br#"{"type":"ping"}"#;
    let half = [masked(TEXT, b"{\"type\":"), masked(END | CONTINUATION, b"\"pong\"}")].concat();
    let many = masked(CONTINUATION, &[b'x'; 100]).repeat(50);
    for (what, bytes, code) in [
        ("a text that is no UTF-8", masked(END | TEXT, b"\xff\xfe"), 1007),
        ("no UTF-8 in parts", [masked(TEXT, b"\xf0\x9f"), masked(END | CONTINUATION, b"x")].concat(), 1007),
        ("a binary message", masked(END | 2, ping), 1003),
        ("something else in parts", half, 1008),
        ("a ping twice", masked(END | TEXT, br#"{"type":"ping","type":"ping"}"#), 1008),
        ("a ping with more", masked(END | TEXT, br#"{"type":"ping","to":"me"}"#), 1008),
        ("nothing", masked(END | TEXT, b""), 1008),
        ("a long message", masked(END | TEXT, &[b'x'; 4097]), 1009),
        ("a long message in parts", [masked(TEXT, b"x"), many].concat(), 1009),
        (
            "the promise of an endless message",
            vec![END | TEXT, 0x80 | 127, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
            1009,
        ),
        ("a frame without a mask", [&[END | TEXT, 15][..], ping].concat(), 1002),
        ("a compressed frame", masked(END | 0x40 | TEXT, ping), 1002),
        ("a frame of no kind", masked(END | 3, b""), 1002),
        ("a part without a beginning", masked(END | CONTINUATION, b"x"), 1002),
        ("a ping of the protocol in parts", masked(PING, b"x"), 1002),
        ("a ping of the protocol that is too long", masked(END | PING, &[b'x'; 126]), 1002),
    ] {
        let mut wire = raw(&world, &browser, &approval).await;
        wire.send(bytes).await;
        assert_eq!(closed(&mut wire).await, code, "{what}");
    }
    let mut wire = raw(&world, &browser, &approval).await;
    let parts = [masked(TEXT, &ping[..5]), masked(END | PING, b"x"), masked(END | CONTINUATION, &ping[5..])].concat();
    wire.send(parts).await;
    let answers = [frame(&mut wire).await.unwrap().0, frame(&mut wire).await.unwrap().0];
    assert_eq!(
        answers,
        [END | 10, END | TEXT],
        "a ping in parts is a ping, and one of the protocol is answered beside"
    );
    is_well(&world.url, &world.serve).await;
}

#[tokio::test]
async fn a_browser_that_floods_its_socket_is_closed_and_one_that_pings_a_while_is_not() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    for flood in [masked(END | TEXT, br#"{"type":"ping"}"#), masked(END | PING, b"x"), masked(END | 10, b"x")] {
        let mut wire = raw(&world, &browser, &approval).await;
        wire.send(flood.repeat(20)).await;
        wire.send(masked(END | PING, b"still there")).await;
        let alive = loop {
            let (first, payload) = frame(&mut wire).await.expect("twenty are no flood");
            if payload == b"still there" {
                break first;
            }
        };
        assert_eq!(alive, END | 10);
        wire.send(flood.repeat(500)).await;
        assert_eq!(closed(&mut wire).await, 1008);
    }
    is_well(&world.url, &world.serve).await;
}

/// Reads nothing and so answers no ping, though its connection is well.
#[tokio::test]
async fn a_browser_that_never_reads_is_closed() {
    let world = World::start_with(&[("SOCKETS", "1")]).await;
    let (_, browser, approval) = signing_in(&world).await;
    let mut wire = raw(&world, &browser, &approval).await;
    let begun = std::time::Instant::now();
    while browser.listen_from(&world, &approval, Some(&world.url)).await.err() == Some(503) {
        assert!(begun.elapsed().as_secs() < 45, "it keeps its seat");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert_eq!(closed(&mut wire).await, 1008);
}

#[tokio::test]
async fn no_compression_is_agreed_on() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    let more = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nAccept-Encoding: gzip, br\r\n";
    let mut wire = Wire::sending(&world.url, handshake(&world, &browser, &approval, more)).await;
    let answer = wire.answer().await.unwrap();
    assert_eq!(answer.status, 101);
    assert!(!answer.head.contains("extensions") && !answer.head.contains("encoding"), "{}", answer.head);
}

#[tokio::test]
async fn handshakes_that_are_none_are_refused() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    let good = handshake(&world, &browser, &approval, "");
    for (old, new) in [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
        ("Upgrade: websocket\r\n", ""),
        ("Connection: upgrade\r\n", ""),
        ("GET ", "POST "),
        ("HTTP/1.1", "HTTP/1.0"),
    ] {
        let answer = Wire::sending(&world.url, good.replace(old, new)).await.answer().await.unwrap();
        assert!((400..500).contains(&answer.status), "{new}: {answer:?}");
    }
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
