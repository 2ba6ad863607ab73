//! What becomes of connections when the process ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream as Blocking;

use super::*;

const REQUEST: &str = "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n";

async fn is_answered_and_closed(stream: TcpStream) -> bool {
    let answer = rest(stream).await.to_lowercase();
    answer.starts_with("http/1.1 200") && answer.contains("connection: close\r\n")
}

#[tokio::test]
async fn a_listener_that_drains_goes_on_and_closes_each_connection_with_its_answer() {
    let server = start().await;
    let mut used = server.send(REQUEST).await;
    first_bytes(&mut used).await;
    server.ending.draining.cancel();
    for _ in 0..3 {
        assert!(is_answered_and_closed(server.send(REQUEST).await).await);
    }
    used.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(is_answered_and_closed(used).await);
    assert!(!server.ended.is_finished());
}

#[tokio::test]
async fn whatever_the_system_had_accepted_is_answered_when_the_listener_closes() {
    let server = start().await;
    // On one thread, and without a point to wait at: the server sees none of them before it has to close.
    let mut waiting: Vec<Blocking> = (0..100).map(|_| Blocking::connect(server.address).unwrap()).collect();
    for stream in &mut waiting[..50] {
        stream.write_all(REQUEST.as_bytes()).unwrap();
    }
    server.ending.draining.cancel();
    server.ending.closing.cancel();
    server.ending.closed.cancelled().await;
    assert!(TcpStream::connect(server.address).await.is_err(), "the listener is closed");
    // Those that had sent nothing have a moment for it.
    for stream in &mut waiting[50..] {
        stream.write_all(REQUEST.as_bytes()).unwrap();
    }
    server.ended.await.unwrap();
    for mut stream in waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_that_has_begun_is_answered_also_on_a_connection_that_was_used() {
    let server = start().await;
    let (begin, end) = REQUEST.split_at(9);
    let new = server.send(begin).await;
    let mut used = server.send(REQUEST).await;
    first_bytes(&mut used).await;
    used.write_all(begin.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    server.ending.draining.cancel();
    server.ending.closing.cancel();
    server.ending.closed.cancelled().await;
    sleep(Duration::from_millis(50)).await;
    for mut stream in [new, used] {
        stream.write_all(end.as_bytes()).await.unwrap();
        assert!(is_answered_and_closed(stream).await);
    }
    server.ended.await.unwrap();
}

#[tokio::test]
async fn connections_that_only_wait_are_closed_soon() {
    let server = start().await;
    let mut used = server.send(REQUEST).await;
    first_bytes(&mut used).await;
    let new = server.connect().await;
    let begun = Instant::now();
    server.ending.closing.cancel();
    server.ended.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((rest(used).await, rest(new).await), (String::new(), String::new()));
}
