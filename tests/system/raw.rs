//! Bytes as they are on a connection, for what no well-behaved client sends.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::process::PATIENCE;

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    /// What was read and is no part of an answer yet.
    read: Vec<u8>,
}

/// What was answered on it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// The lines above the body, in small letters.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Wire {
    /// Connects to where `url` is served.
    pub(crate) async fn to(url: &str) -> Self {
        Self { stream: TcpStream::connect(url.trim_start_matches("http://")).await.unwrap(), read: Vec::new() }
    }

    /// Connects, and sends these bytes.
    pub(crate) async fn sending(url: &str, bytes: impl AsRef<[u8]>) -> Self {
        let mut wire = Self::to(url).await;
        wire.send(bytes).await;
        wire
    }

    /// Sends bytes; `false` when the other end has hung up.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        // Whoever answers before it has read everything may hang up meanwhile.
        timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.is_ok_and(|sent| sent.is_ok())
    }

    /// Sends no more, and goes on reading.
    pub(crate) async fn close_half(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next answer; `None` when the connection ends without one.
    pub(crate) async fn answer(&mut self) -> Option<Answered> {
        let head = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                break String::from_utf8(head).unwrap().to_lowercase();
            }
            self.more().await?;
        };
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            self.more().await?;
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answered { status, head, body })
    }

    /// All answers until the connection ends.
    pub(crate) async fn answers(&mut self) -> Vec<Answered> {
        let mut answers = Vec::new();
        while let Some(answer) = self.answer().await {
            answers.push(answer);
        }
        answers
    }

    /// So many bytes; `None` when the connection ends before.
    pub(crate) async fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            self.more().await?;
        }
        Some(self.read.drain(..count).collect())
    }

    async fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        let read =
            timeout(2 * PATIENCE, self.stream.read(&mut buffer)).await.expect("an answer or the end comes in time");
        let read = read.ok().filter(|read| *read > 0)?;
        self.read.extend_from_slice(&buffer[..read]);
        Some(())
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
