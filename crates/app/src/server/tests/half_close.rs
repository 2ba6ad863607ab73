//! Clients that close their half of the connection, and clients that are gone.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use hub::client::WaitMark;
use hyper::header::CONTENT_TYPE;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::*;

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(30);

/// Notifies when it is dropped.
struct Left(Arc<Notify>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A server whose `/waits` and `/stream` wait for `news`, and tell `left` when they end before.
struct Waits {
    server: Server,
    news: Arc<Notify>,
    left: Arc<Notify>,
}

async fn waits() -> Waits {
    let (news, left) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (of_wait, of_stream) = ((Arc::clone(&news), Arc::clone(&left)), (Arc::clone(&news), Arc::clone(&left)));
    let wait = move |Extension(mark): Extension<WaitMark>| async move {
        let (_mark, _left) = (mark.set(), Left(of_wait.1));
        of_wait.0.notified().await;
        "news"
    };
    let events = move || async move {
        let events = stream::unfold((of_stream.0, Left(of_stream.1)), |(news, left)| async move {
            news.notified().await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"data: news\n\n")), (news, left)))
        });
        Response::builder().header(CONTENT_TYPE, "text/event-stream").body(Body::from_stream(events)).unwrap()
    };
    let router = router().route("/waits", get(wait)).route("/stream", get(events));
    Waits { server: start_serving(router, Heads::Short, 100).await, news, left }
}

async fn half_closed(server: &Server, request: &str) -> TcpStream {
    let mut stream = server.send(request).await;
    stream.shutdown().await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_closes_its_half_after_a_whole_request_gets_its_answer() {
    let server = start().await;
    let body = "x".repeat(5000);
    let post = format!("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let chunks = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    for _ in 0..20 {
        for (request, end) in [
            ("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", ""),
            ("GET /peer HTTP/1.0\r\n\r\n", ""),
            (&*post, &*body),
            (chunks, "hi"),
        ] {
            let answer = rest(half_closed(&server, request).await).await;
            assert!(answer.starts_with("HTTP/1.") && answer.contains(" 200 OK") && answer.ends_with(end), "{answer}");
        }
    }
}

#[tokio::test]
async fn requests_behind_each_other_are_all_answered_to_a_client_that_closed_its_half() {
    let server = start().await;
    let requests = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /peer HTTP/1.1\r\nHost: x\r\n\r\n";
    let answers = rest(half_closed(&server, requests).await).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
}

#[tokio::test]
async fn a_client_that_goes_while_its_request_waits_is_noticed() {
    let waits = waits().await;
    for request in [
        "GET /waits HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /waits HTTP/1.0\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        for half_before in [false, true] {
            let mut stream = waits.server.send(request).await;
            sleep(Duration::from_millis(50)).await;
            if half_before {
                stream.shutdown().await.unwrap();
                sleep(Duration::from_millis(50)).await;
            }
            drop(stream);
            let begun = Instant::now();
            timeout(LONG, waits.left.notified()).await.unwrap_or_else(|_| panic!("{request}"));
            assert!(begun.elapsed() < Duration::from_millis(1800), "{request}: {:?}", begun.elapsed());
        }
    }
}

#[tokio::test]
async fn a_client_that_resets_the_connection_while_its_request_waits_is_noticed() {
    let waits = waits().await;
    let stream = waits.server.send("GET /waits HTTP/1.1\r\nHost: x\r\n\r\n").await;
    sleep(Duration::from_millis(50)).await;
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
    timeout(LONG, waits.left.notified()).await.unwrap();
}

#[tokio::test]
async fn a_client_that_waits_with_its_half_closed_hears_its_news() {
    let waits = waits().await;
    let mut stream = half_closed(&waits.server, "GET /waits HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // It is looked for, in a way that an HTTP client passes over.
    assert_eq!(first_bytes(&mut stream).await, "HTTP/1.1 100 Continue\r\n\r\n");
    waits.news.notify_one();
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("news"), "{answer}");

    let mut stream = half_closed(&waits.server, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await;
    waits.news.notify_one();
    let mut heard = String::new();
    while !heard.contains("data: news") {
        heard.push_str(&first_bytes(&mut stream).await);
    }
    assert!(heard.contains("\r\n:\n\n\r\n"), "{heard}");
}

#[tokio::test]
async fn a_request_that_does_not_only_wait_is_finished_although_its_client_has_gone() {
    let done = Arc::new(Notify::new());
    let of_work = Arc::clone(&done);
    let work = post(move |_body: String| async move {
        sleep(Duration::from_millis(200)).await;
        of_work.notify_one();
    });
    let server = start_serving(Router::new().route("/work", work), Heads::Short, 10).await;
    drop(server.send("POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi").await);
    timeout(LONG, done.notified()).await.unwrap();
}
