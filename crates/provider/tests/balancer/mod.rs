//! A balancer at a distance that closes idle connections, in front of a provider that takes every request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// Such a balancer.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Balancer {
    /// Closes a connection `idle` after its last answer, and is `distance` away: what is sent arrives that much later, in
    /// either direction.
    pub(crate) async fn start(idle: Duration, distance: Duration, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, idle, distance, answer));
            }
        });
        Self { address, connections }
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, idle: Duration, distance: Duration, answer: &str) {
    let mut closes_at = Instant::now() + Duration::from_mins(1);
    loop {
        // The client sees the end as late as it sees all else.
        let Ok(true) = timeout_at(closes_at + distance, read_request(&mut stream)).await else { return };
        if Instant::now() + distance >= closes_at {
            // It arrives where nothing listens any more. The answer to it is a reset.
            sleep_until(closes_at + 2 * distance).await;
            let _ = stream.set_zero_linger();
            return;
        }
        sleep(2 * distance).await;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all((head + answer).as_bytes()).await.is_err() {
            return;
        }
        closes_at = Instant::now() - distance + idle;
    }
}

/// Reads a request with its body, whose length it tells. `false`: there is none any more.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let Ok(length @ 1..) = stream.read(&mut piece).await else { return false };
        read.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap_or("0");
            if body.len() >= length.trim().parse().unwrap() {
                return true;
            }
        }
    }
}
