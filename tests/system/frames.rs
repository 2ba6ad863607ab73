//! The socket of a waiting browser frame by frame (threats 28): what no page of ours sends closes it with the code for
//! it, and the process goes on.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use crate::browser::{Browser, id, signing_in};
use crate::raw::Wire;
use crate::raw_http::is_well;
use crate::world::World;

/// Opcodes of frames (RFC 6455, 5.2).
pub(crate) const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 0xa;
/// A frame that ends its message.
const END: u8 = 0x80;
/// What stands beside the length of a frame: that it is masked, that the length follows in two bytes.
const MASK: u8 = 0x80;
const LONG: u8 = 0x7e;

/// An open socket, byte by byte, and the first state read.
pub(crate) async fn raw(world: &World, browser: &Browser, approval: &Value) -> Wire {
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
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = if length < 126 { vec![first, MASK | low] } else { vec![first, MASK | LONG, high, low] };
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
        if first == END | CLOSE {
            return u16::from_be_bytes([payload[0], payload[1]]);
        }
    }
    1006
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
        ("a binary message", masked(END | BINARY, ping), 1003),
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
        [END | PONG, END | TEXT],
        "a ping in parts is a ping, and one of the protocol is answered beside"
    );
    is_well(&world.url, &world.serve).await;
}

#[tokio::test]
async fn a_browser_that_floods_its_socket_is_closed_and_one_that_pings_a_while_is_not() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    for flood in [masked(END | TEXT, br#"{"type":"ping"}"#), masked(END | PING, b"x"), masked(END | PONG, b"x")] {
        let mut wire = raw(&world, &browser, &approval).await;
        wire.send(flood.repeat(20)).await;
        wire.send(masked(END | PING, b"still there")).await;
        let alive = loop {
            let (first, payload) = frame(&mut wire).await.expect("twenty are no flood");
            if payload == b"still there" {
                break first;
            }
        };
        assert_eq!(alive, END | PONG);
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
    let begun = Instant::now();
    while browser.listen_from(&world, &approval, Some(&world.url)).await.err() == Some(503) {
        assert!(begun.elapsed().as_secs() < 45, "it keeps its seat");
        sleep(Duration::from_millis(50)).await;
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
