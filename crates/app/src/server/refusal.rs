//! The answer to a connection for which there is no slot: 503, before its request is read. Knows no limits.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// At most this many connections are being answered 503; each holds a descriptor of the reserve meanwhile. Further ones
/// are closed without an answer.
pub(crate) const REFUSALS: usize = 16;
/// How long a refused client may take to read the answer.
const LINGER: Duration = Duration::from_millis(500);
/// How much of its request is read and discarded, in bytes, so that it is not cut off while it sends.
const PASSED_OVER: u64 = 64 * 1024;

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: 51\r\n\r\n\
    There are too many connections. Try again shortly.\n";

/// Refuses connections, a few at a time.
#[derive(Debug, Clone)]
pub(super) struct Refusals(Arc<Semaphore>);

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(REFUSALS)))
    }

    /// Answers 503 in the background.
    pub(super) fn refuse(&self, stream: TcpStream) {
        let Ok(place) = Arc::clone(&self.0).try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _ = timeout(LINGER, answer(stream)).await;
            drop(place);
        });
    }
}

async fn answer(mut stream: TcpStream) {
    let (reads, mut writes) = stream.split();
    if writes.write_all(ANSWER).await.is_ok() && writes.shutdown().await.is_ok() {
        // Closing a socket with unread bytes resets it, and the client loses the answer.
        let _ = tokio::io::copy(&mut reads.take(PASSED_OVER), &mut tokio::io::sink()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_that_is_said_is_that_of_the_text() {
        let answer = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len()))
                || head.ends_with(&format!("Content-Length: {}", body.len()))
        );
    }
}
