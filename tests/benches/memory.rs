//! Memory of each role, as docs/running.md states it: `cargo bench --bench memory`. At start, with the first buffer for
//! hashing; for each idle connection; for each waiting browser with its approval. Resident memory of the process; the
//! system's own buffers come on top.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed, and prints")]

#[path = "../system/nats.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod nats;
#[path = "../system/port.rs"]
mod port;
#[path = "../system/process.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod process;
#[path = "waiting.rs"]
#[expect(dead_code, reason = "shared with other benches, which use more of it")]
mod waiting;

use std::path::Path;

use nats::{NEWEST, Server};
use process::Process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONNECTIONS: u16 = 5000;
const BROWSERS: u16 = 2000;
const KEY: &str = "a-key-of-the-bench";

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    println!("resident memory; {CONNECTIONS} idle connections, {BROWSERS} waiting browsers");
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let nats = [("NATS_URL", &*server.url), ("PUBLIC_URL", "https://login.example.com")];
    measure("serve", &[]).await;
    measure("hub", &nats[..1]).await;
    measure("receiver", &nats).await;
}

async fn measure(role: &str, more: &[(&str, &str)]) {
    let own = [
        ("PORT", "0"),
        ("AUTHY_API_KEY", KEY),
        ("AUTHY_API_URL", "http://127.0.0.1:9"),
        ("LOG", "error"),
        ("CONNECTIONS_PER_ADDRESS", "1000000"),
    ];
    let variables = [&own[..], more].concat();
    let folder = tempfile::tempdir().unwrap();
    let (process, url) = start(folder.path(), role, &variables).await;
    let base = memory(&process, "VmRSS");
    let of_file = memory(&process, "RssFile");
    println!(
        "{role:9} at start                {:8.1} MB, {:.1} MB of it pages of its file",
        base / 1024.0,
        of_file / 1024.0
    );
    let _idle = idle_connections(&url).await;
    println!("{role:9} each idle connection    {:8.1} kB", (memory(&process, "VmRSS") - base) / f64::from(CONNECTIONS));
    drop(process);
    if role != "receiver" {
        let folder = tempfile::tempdir().unwrap();
        let approvals = waiting::fill(folder.path(), BROWSERS.into()).await;
        let (process, url) = start(folder.path(), role, &variables).await;
        let mut open = Vec::new();
        for (approval, token) in &approvals {
            open.push(waiting::listen(&url, approval, token).await);
        }
        let each = (memory(&process, "VmRSS") - base) / f64::from(BROWSERS);
        println!("{role:9} each waiting browser    {each:8.1} kB");
    }
}

async fn start(folder: &Path, role: &str, variables: &[(&str, &str)]) -> (Process, String) {
    let mut process = Process::start(folder, &[role], variables);
    let url = process.url().await;
    (process, url)
}

/// A number of `/proc/PID/status`, in kB.
fn memory(process: &Process, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// Connections that were answered once, as a browser's request is, and are kept.
async fn idle_connections(url: &str) -> Vec<TcpStream> {
    let address = url.trim_start_matches("http://");
    let request = format!("GET /nothing HTTP/1.1\r\nHost: {address}\r\nCookie: x={}\r\n\r\n", "y".repeat(600));
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        open.push(stream);
    }
    open
}
