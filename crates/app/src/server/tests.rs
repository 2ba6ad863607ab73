//! The server under what strangers send, over real sockets.

mod ending;
mod half_close;
mod silence;

use std::time::Instant;

use axum::extract::{ConnectInfo, WebSocketUpgrade};
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connection::{HEADERS, UNREAD, give_up_unread};
use super::terms::URL_BYTES;
use super::*;
use crate::ending::Schedule;

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    ending: Ending,
    ended: JoinHandle<()>,
}

async fn start() -> Server {
    start_with(Heads::Short).await
}

async fn start_with(heads: Heads) -> Server {
    start_with_slots(heads, 1000).await
}

async fn start_with_slots(heads: Heads, all: usize) -> Server {
    start_serving(router(), heads, all).await
}

/// A server whose connections may hold so many bytes of large requests together, and those of one address half of them.
async fn start_with_limits(heads: Heads, all: usize, request_bytes: usize) -> Server {
    let limits = SlotLimits { request_bytes, ..limits(all) };
    start_limited(router(), heads, limits, PATIENCE, Duration::from_secs(137)).await
}

fn limits(all: usize) -> SlotLimits {
    SlotLimits { all, per_network: all, exempt: "192.0.2.1".parse().unwrap(), request_bytes: 16 << 20 }
}

fn router() -> Router {
    Router::new()
        .route("/peer", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
        .route("/slow", get(|| async { sleep(Duration::from_millis(200)).await }))
        .route("/endless", get(std::future::pending::<()>))
        .route(
            "/socket",
            get(|upgrade: WebSocketUpgrade| async move {
                upgrade.on_upgrade(|mut socket| async move { while socket.recv().await.is_some() {} })
            }),
        )
        .route("/echo", post(|body: String| async move { body }))
}

async fn start_serving(router: Router, heads: Heads, all: usize) -> Server {
    start_patient(router, heads, all, PATIENCE, Duration::from_secs(137)).await
}

async fn start_patient(router: Router, heads: Heads, all: usize, patience: Duration, keep_alive: Duration) -> Server {
    start_limited(router, heads, limits(all), patience, keep_alive).await
}

async fn start_limited(
    router: Router,
    heads: Heads,
    limits: SlotLimits,
    patience: Duration,
    keep_alive: Duration,
) -> Server {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slots = Slots::new(limits);
    let (address, stop) = (socket.local_addr().unwrap(), CancellationToken::new());
    let listening = Listening { socket, is_inherited: false };
    let ending = Ending::of(&stop, Schedule::with_drain(Duration::ZERO));
    let terms = Terms { heads, slots, patience, keep_alive, ending: ending.clone() };
    Server { address, stop, ending, ended: tokio::spawn(serve(listening, router, terms)) }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

async fn first_bytes(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 1024];
    let length = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_handler_is_told_who_asks() {
    let server = start().await;
    let stream = server.send("GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let peer = stream.local_addr().unwrap().to_string();
    assert!(rest(stream).await.ends_with(&peer));
}

#[tokio::test]
async fn too_many_headers_are_answered_431() {
    let server = start().await;
    let headers = "X: y\r\n".repeat(HEADERS + 1);
    let mut stream = server.send(&format!("GET /peer HTTP/1.1\r\n{headers}\r\n")).await;
    assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_head_that_is_too_long_is_answered_431() {
    for heads in [Heads::Short, Heads::WithCallbacks] {
        let server = start_with(heads).await;
        let mut stream = server.send(&format!("GET /peer HTTP/1.1\r\nX: {}", "y".repeat(heads.bytes()))).await;
        assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 431"), "{heads:?}");
    }
}

#[tokio::test]
async fn a_url_as_long_as_any_can_be_is_taken_where_callbacks_come_and_a_longer_one_is_answered_414() {
    let server = start_with(Heads::WithCallbacks).await;
    for (length, status) in [(URL_BYTES, "200"), (URL_BYTES + 1, "414")] {
        let url = format!("/peer?{}", "y".repeat(length - "/peer?".len()));
        let mut stream =
            server.send(&format!("GET {url} HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(8192))).await;
        let answer = first_bytes(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{length}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_given_up() {
    let server = start().await;
    let begun = tokio::time::Instant::now();
    let stream = server.send("GET /peer HTTP/1.1\r\nX: y").await;
    rest(stream).await;
    assert!(begun.elapsed() < 2 * PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let server = start().await;
    let mut stream = server.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
    let begun = tokio::time::Instant::now();
    assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 4"));
    assert!(begun.elapsed() < 2 * PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_in_drops_is_given_up() {
    let server = start().await;
    let mut stream = server.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n").await;
    let begun = tokio::time::Instant::now();
    let (mut reads, mut writes) = stream.split();
    let drops = async {
        while writes.write_all(b"x").await.is_ok() {
            sleep(PATIENCE / 4).await;
        }
    };
    let mut answer = [0; 10];
    tokio::select! {
        () = drops => panic!("the connection ended without an answer"),
        read = reads.read_exact(&mut answer) => drop(read.unwrap()),
    }
    assert_eq!(&answer, b"HTTP/1.1 4");
    assert!(begun.elapsed() < 2 * PATIENCE);
}

#[tokio::test]
async fn who_sends_what_nobody_reads_can_read_the_answer() {
    let server = start().await;
    let sent = "x".repeat(1 << 20);
    let head = format!("POST /peer HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", sent.len());
    for _ in 0..20 {
        let mut stream = server.send(&head).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 405"));
        stream.write_all(b"GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 200"), "the connection is still of use");
    }
}

#[tokio::test]
async fn who_waits_to_be_asked_for_a_body_is_not() {
    let server = start().await;
    let head = "POST /peer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    let mut stream = server.send(head).await;
    assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 405"));
}

#[tokio::test]
async fn what_nobody_reads_is_given_up() {
    let server = start().await;
    let stream = server.connect().await;
    assert_eq!(rustix::net::sockopt::tcp_user_timeout(&stream).unwrap(), 0, "the client's end has none");
    drop(stream);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    give_up_unread(&accepted);
    assert_eq!(u128::from(rustix::net::sockopt::tcp_user_timeout(&accepted).unwrap()), UNREAD.as_millis());
}

#[tokio::test]
async fn a_stop_waits_for_no_idle_connection() {
    let server = start().await;
    let mut kept_alive = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
    first_bytes(&mut kept_alive).await;
    let unused = server.connect().await;
    sleep(Duration::from_millis(600)).await;
    let begun = Instant::now();
    server.stop.cancel();
    server.ended.await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(400), "{:?}", begun.elapsed());
    drop((kept_alive, unused));
}

#[tokio::test]
async fn a_stop_waits_for_the_request_that_is_being_answered() {
    let server = start().await;
    let mut first = server.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.connect().await.write_all(b"GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::task::yield_now().await;
    let mut second = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
    first_bytes(&mut second).await;
    server.stop.cancel();
    assert!(first_bytes(&mut first).await.starts_with("HTTP/1.1 200"));
    server.ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_no_request_for_ever() {
    let server = start().await;
    let stream = server.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut other = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
    first_bytes(&mut other).await;
    let begun = tokio::time::Instant::now();
    server.stop.cancel();
    server.ended.await.unwrap();
    assert!(begun.elapsed() <= server.ending.grace + Duration::from_secs(1));
    drop(stream);
}

#[tokio::test]
async fn a_connection_without_a_slot_is_answered_503_with_retry_after() {
    let server = start_with_slots(Heads::Short, 2).await;
    let busy = [
        server.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await,
        server.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await,
    ];
    // Until both are being answered, a new connection may still evict one.
    let mut refused = loop {
        let mut stream = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let answer = first_bytes(&mut stream).await;
        if answer.starts_with("HTTP/1.1 503") {
            break answer;
        }
    };
    refused.make_ascii_lowercase();
    assert!(refused.contains("retry-after: 5") && refused.contains("connection: close"), "{refused}");
    drop(busy);
}

#[tokio::test]
async fn a_large_request_without_memory_is_answered_503_and_short_ones_are_taken() {
    let server = start_with_limits(Heads::WithCallbacks, 100, 2 * 40 * 1024).await;
    for request in [
        format!("GET /peer?{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(50_000)),
        format!("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{}", "y".repeat(60_000)),
    ] {
        let mut refused = first_bytes(&mut server.send(&request).await).await;
        refused.make_ascii_lowercase();
        assert!(refused.starts_with("http/1.1 503") && refused.contains("retry-after: 5"), "{refused}");
        let mut short = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(first_bytes(&mut short).await.starts_with("HTTP/1.1 200"));
    }
    let mut large = server.send(&format!("GET /peer?{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(30_000))).await;
    assert!(first_bytes(&mut large).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_large_request_takes_the_memory_of_one_that_does_not_end() {
    let server = start_with_limits(Heads::WithCallbacks, 100, 2 * 80 * 1024).await;
    let mut unfinished = Vec::new();
    for _ in 0..20 {
        unfinished.push(server.send(&format!("GET /peer?{}", "y".repeat(60_000))).await);
    }
    let mut stream = server.send(&format!("GET /peer?{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(60_000))).await;
    assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_that_send_nothing_or_too_little_give_way() {
    let server = start_with_slots(Heads::Short, 3).await;
    for sent in ["", "GET /pe", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"] {
        let mut open = Vec::new();
        for _ in 0..10 {
            open.push(server.send(sent).await);
        }
        let mut stream = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(first_bytes(&mut stream).await.starts_with("HTTP/1.1 200"), "{sent:?}");
    }
}

#[tokio::test]
async fn a_socket_keeps_its_slot_until_it_ends() {
    let server = start_with_slots(Heads::Short, 1).await;
    let mut socket = server
        .send(
            "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await;
    assert!(first_bytes(&mut socket).await.starts_with("HTTP/1.1 101"));
    let mut other = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(first_bytes(&mut other).await.starts_with("HTTP/1.1 503"));
    drop(socket);
    loop {
        let mut other = server.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
        if first_bytes(&mut other).await.starts_with("HTTP/1.1 200") {
            break;
        }
    }
}
