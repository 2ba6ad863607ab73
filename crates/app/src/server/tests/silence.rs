//! How long a connection may be silent. Time is real here: a paused clock would run on while bytes are on their way.

use std::ops::Range;

use super::*;

const REQUEST: &str = "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n";
const HEAD: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(4);
/// Closed as one that is slow with a head, long before an idle one.
const AS_SLOW: Range<Duration> = Duration::from_millis(990)..Duration::from_millis(3500);
/// Closed as an idle one, in any time that a busy machine may need.
const AS_IDLE: Range<Duration> = Duration::from_millis(3990)..Duration::from_secs(30);

async fn start_impatient() -> Server {
    let late = get(|| async { sleep(IDLE + HEAD).await });
    start_patient(router().route("/late", late), Heads::Short, 10, HEAD, IDLE).await
}

async fn answered(stream: &mut TcpStream) {
    let answer = first_bytes(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
}

/// Waits until the server closes the connection.
async fn is_closed(stream: TcpStream, begun: Instant, when: Range<Duration>) {
    rest(stream).await;
    assert!(when.contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_new_connection_that_sends_nothing_is_closed_as_one_that_is_slow_with_a_head() {
    let server = start_impatient().await;
    let begun = Instant::now();
    is_closed(server.connect().await, begun, AS_SLOW).await;
}

#[tokio::test]
async fn an_idle_connection_is_kept_as_long_as_is_configured_and_can_be_used_until_then() {
    let server = start_impatient().await;
    let mut stream = server.connect().await;
    for pause in [0, 1500, 0, 2000] {
        sleep(Duration::from_millis(pause)).await;
        stream.write_all(REQUEST.as_bytes()).await.unwrap();
        answered(&mut stream).await;
    }
    is_closed(stream, Instant::now(), AS_IDLE).await;
}

#[tokio::test]
async fn a_head_has_its_time_from_its_first_byte_on_however_its_bytes_come() {
    let server = start_impatient().await;
    for pause in [None, Some(2000)] {
        let mut stream = server.connect().await;
        if let Some(pause) = pause {
            stream.write_all(REQUEST.as_bytes()).await.unwrap();
            answered(&mut stream).await;
            sleep(Duration::from_millis(pause)).await;
        }
        let begun = Instant::now();
        let (mut reads, mut writes) = stream.split();
        let mut buffer = [0; 16];
        let bytes = async {
            loop {
                let _ = writes.write_all(b"X").await;
                sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            () = bytes => {}
            read = reads.read(&mut buffer) => assert!(read.is_err() || read.unwrap() == 0),
        }
        assert!(AS_SLOW.contains(&begun.elapsed()), "after {pause:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_head_in_time_is_answered_although_each_byte_comes_alone() {
    let server = start().await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        for byte in REQUEST.as_bytes() {
            stream.write_all(&[*byte]).await.unwrap();
            sleep(Duration::from_millis(5)).await;
        }
        answered(&mut stream).await;
    }
}

#[tokio::test]
async fn what_was_sent_behind_a_request_counts_as_the_head_that_it_begins() {
    let server = start_impatient().await;
    let begun = Instant::now();
    let half = server.send(&format!("{REQUEST}{REQUEST}GET /pe")).await;
    let whole = server.send(&REQUEST.repeat(3)).await;
    tokio::join!(is_closed(half, begun, AS_SLOW), is_closed(whole, begun, AS_IDLE));
}

#[tokio::test]
async fn a_request_may_be_answered_as_late_as_it_takes() {
    let server = start_impatient().await;
    let mut stream = server.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n").await;
    answered(&mut stream).await;
    is_closed(stream, Instant::now(), AS_IDLE).await;
}

#[tokio::test]
async fn an_idle_connection_that_begins_another_head_gives_way_first() {
    let server = start_with_slots(Heads::Short, 2).await;
    let mut slow = server.send(REQUEST).await;
    answered(&mut slow).await;
    // Idle for longer than the other, which has begun a head.
    let mut idle = server.send(REQUEST).await;
    answered(&mut idle).await;
    slow.write_all(REQUEST.as_bytes()).await.unwrap();
    answered(&mut slow).await;
    slow.write_all(b"GET /pe").await.unwrap();
    // Long enough to be slow.
    sleep(Duration::from_millis(1200)).await;
    let mut third = server.send(REQUEST).await;
    answered(&mut third).await;
    idle.write_all(REQUEST.as_bytes()).await.unwrap();
    answered(&mut idle).await;
}
