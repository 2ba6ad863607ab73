//! The answer to a connection for which there is no slot, or to a request for which there is no memory: 503. Knows no
//! limits.

use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep, timeout};

/// At most this many connections are being answered 503; each holds a descriptor of the reserve meanwhile. Further ones
/// are closed without an answer.
pub(crate) const REFUSALS: usize = 16;
/// How long a refused client may take to read the answer.
const LINGER: Duration = Duration::from_millis(500);
/// How much of its request is read and discarded, in bytes, so that it is not cut off while it sends.
const PASSED_OVER: usize = 64 * 1024;

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: 51\r\n\r\n\
    There are too many connections. Try again shortly.\n";

/// Refuses connections, a few at a time.
#[derive(Debug)]
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
        let _ = tokio::io::copy(&mut reads.take(PASSED_OVER as u64), &mut tokio::io::sink()).await;
    }
}

/// Refuses a request that was read in part. The owner of the connection closes it afterwards.
#[derive(Debug)]
pub(super) struct LateRefusal {
    deadline: Pin<Box<Sleep>>,
    /// Bytes that are still read and discarded.
    left: usize,
}

impl LateRefusal {
    /// Answers 503, unless the request has its answer and only the rest of its body comes. No part of another answer may
    /// have been sent.
    pub(super) fn begin(stream: &TcpStream, is_answered: bool) -> Self {
        tracing::warn!("the memory for large requests is in use; a large request is answered 503");
        if !is_answered {
            // The buffer has room: nothing else is being sent on this connection.
            let _ = stream.try_write(ANSWER);
        }
        let _ = shutdown(stream, Shutdown::Write);
        Self { deadline: Box::pin(sleep(LINGER)), left: PASSED_OVER }
    }

    /// Discards received bytes. Ready when the client has gone, or had time to read the answer.
    pub(super) fn poll_end(&mut self, stream: &TcpStream, context: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [0; 4096];
        while self.left > 0 && self.deadline.as_mut().poll(context).is_pending() {
            if ready!(stream.poll_read_ready(context)).is_err() {
                break;
            }
            match stream.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.left = self.left.saturating_sub(read),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        Poll::Ready(())
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
