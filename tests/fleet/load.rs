//! Requests at a steady rate, whatever becomes of them. Written by hand on connections that are kept open, so that they
//! need little of the processors that the processes under load run on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Requests under way at once.
const HANDS: usize = 128;

/// A load.
pub(crate) struct Load {
    port: u16,
    pause: Duration,
    requests: Vec<String>,
    next: AtomicU32,
    /// Each request was sent.
    pub(crate) has_sent_all: AtomicBool,
    /// Set to end the load, once each request was sent. Until then, the first is sent again and again.
    pub(crate) ends: AtomicBool,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) good: usize,
    pub(crate) bad: Vec<String>,
    pub(crate) slowest: Duration,
}

impl Load {
    /// Sends these to `port`.
    pub(crate) fn new(port: u16, per_second: u32, requests: Vec<String>) -> Self {
        let (has_sent_all, ends) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { port, pause: Duration::from_secs(1) / per_second, requests, next: AtomicU32::new(0), has_sent_all, ends }
    }

    /// Sends requests until it shall end.
    pub(crate) async fn run(self: Arc<Self>) -> Told {
        let begun = Instant::now();
        let mut hands = JoinSet::new();
        for _ in 0..HANDS {
            hands.spawn(Arc::clone(&self).hand(begun));
        }
        let mut all = Told::default();
        for told in hands.join_all().await {
            all.good += told.good;
            all.bad.extend(told.bad);
            all.slowest = all.slowest.max(told.slowest);
        }
        all
    }

    async fn hand(self: Arc<Self>, begun: Instant) -> Told {
        let (mut told, mut line) = (Told::default(), None);
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            sleep_until(begun + self.pause * number).await;
            let request = self.requests.get(number as usize);
            if request.is_none() {
                self.has_sent_all.store(true, Ordering::Relaxed);
                if self.ends.load(Ordering::Relaxed) {
                    return told;
                }
            }
            let sent = Instant::now();
            match ask(&mut line, self.port, request.unwrap_or(&self.requests[0])).await {
                Ok(200) => told.good += 1,
                Ok(status) => told.bad.push(status.to_string()),
                Err(error) => told.bad.push(error.to_string()),
            }
            told.slowest = told.slowest.max(sent.elapsed());
        }
    }
}

/// Sends a request on `line`, opened if need be, and reads its answer; the status.
async fn ask(line: &mut Option<TcpStream>, port: u16, request: &str) -> std::io::Result<u16> {
    let mut stream = match line.take() {
        Some(stream) => stream,
        None => TcpStream::connect(("127.0.0.1", port)).await?,
    };
    stream.write_all(request.as_bytes()).await?;
    let (mut read, mut end) = (Vec::new(), None);
    while end.is_none_or(|end| read.len() < end) {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        end = end.or_else(|| end_of_answer(&read));
    }
    let head = String::from_utf8_lossy(&read).to_lowercase();
    if !head.contains("connection: close") {
        *line = Some(stream);
    }
    Ok(head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default())
}

/// How long the answer is that begins with these bytes, once its head is there.
fn end_of_answer(read: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(read).to_lowercase();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    Some(head.len() + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap()))
}
