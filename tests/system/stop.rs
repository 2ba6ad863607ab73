//! How a process ends: at once when idle, in time when not, with the right status.

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::process::Process;

/// Far below the 7 s that somebody who is still sending is given, and long for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(5);
const SERVE: &[(&str, &str)] = &[("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("LOG", "warn"), ("DRAIN_SECONDS", "0")];

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// A connection that has asked once and is kept open, as browsers do.
async fn kept_open(url: &str) -> TcpStream {
    let mut stream = connect(url).await;
    stream.write_all(b"GET /phones HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(stream.read(&mut [0; 256]).await.unwrap() > 0);
    stream
}

#[tokio::test]
async fn a_signal_ends_every_role_at_once_although_connections_are_open() {
    let folder = tempdir().unwrap();
    for role in ["serve", "simulator"] {
        for signal in ["TERM", "INT"] {
            let mut process = Process::start(folder.path(), &[role], SERVE);
            let url = process.url().await;
            let (used, unused) = (kept_open(&url).await, connect(&url).await);
            let begun = Instant::now();
            process.signal(signal).await;
            let ended = process.ended().await;
            assert!(begun.elapsed() < AT_ONCE, "{role} on {signal}: {:?}", begun.elapsed());
            assert_eq!((ended.status.code(), ended.errors), (Some(0), vec![]), "{role} on {signal}");
            drop((used, unused));
        }
    }
}

/// A simulator that is stopping and cannot end yet: somebody is still sending a request.
async fn stopping(folder: &Path) -> (Process, TcpStream) {
    let variables = [("AUTHY_API_KEY", "12345"), ("PORT", "0")];
    let mut process = Process::start(folder, &["simulator"], &variables);
    let mut stream = connect(&process.url().await).await;
    let head = "POST /protected/json/users/new HTTP/1.1\r\nHost: localhost\r\nX-Authy-API-Key: 12345\r\n\
                Content-Type: application/json\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100", "somebody waits for the body now");
    process.signal("TERM").await;
    while !process.error_line().await.contains("stopping") {}
    (process, stream)
}

#[tokio::test]
async fn who_is_still_sending_a_request_cannot_hold_up_the_end() {
    let folder = tempdir().unwrap();
    let (process, stream) = stopping(folder.path()).await;
    let begun = Instant::now();
    assert_eq!(process.ended().await.status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    drop(stream);
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let folder = tempdir().unwrap();
    let (process, stream) = stopping(folder.path()).await;
    let begun = Instant::now();
    process.signal("INT").await;
    assert_eq!(process.ended().await.status.code(), Some(130));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    drop(stream);
}
