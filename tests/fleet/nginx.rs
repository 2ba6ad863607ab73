//! A real nginx in front of processes of the fleet.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::{TempDir, tempdir};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::port::free_port;
use crate::process::PATIENCE;

/// A running nginx; killed when dropped.
pub(crate) struct Nginx {
    pub(crate) port: u16,
    folder: TempDir,
    _process: Child,
}

/// What stands in front of its upstream servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// nginx keeps connections open, and speaks HTTP/1.1.
    KeptAlive,
    /// A connection for each request, as nginx does by itself.
    OneByOne,
}

/// Where Debian keeps it, which is not in everybody's path.
const PLACES: [&str; 3] = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];

/// Where nginx is, if it is installed; says so if not.
pub(crate) fn nginx() -> Option<&'static str> {
    let found = PLACES.into_iter().find(|place| Path::new(place).exists());
    if found.is_none() {
        println!("SKIPPED: nginx is not installed");
    }
    found
}

impl Nginx {
    /// Starts `program` on `port` in front of these.
    pub(crate) async fn start(program: &str, port: u16, servers: &[u16], upstream: Upstream) -> Self {
        let folder = tempdir().unwrap();
        // A server that refuses a connection is tried again with the next request; another one takes it meanwhile.
        let servers =
            servers.iter().map(|port| format!("server 127.0.0.1:{port} max_fails=0; ")).collect::<Vec<_>>().concat();
        let (keepalive, version) = match upstream {
            Upstream::KeptAlive => ("keepalive 32;", "1.1"),
            Upstream::OneByOne => ("", "1.0"),
        };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", folder.path().join(kind).display()))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; events {{ worker_connections 8192; }}\n\
             http {{\n{temporary}access_log off; error_log error.log;\n\
             map $http_upgrade $connection_header {{ default upgrade; '' ''; }}\n\
             upstream countersign {{ {servers} {keepalive} }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://countersign;\n\
             proxy_http_version {version}; proxy_buffering off; proxy_set_header Host $http_host;\n\
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_header; }} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let process = Command::new(program)
            .args(["-p", folder.path().to_str().unwrap(), "-c", file.to_str().unwrap()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let nginx = Self { port, folder, _process: process };
        let answers = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, answers).await.unwrap_or_else(|_| panic!("nginx does not start: {}", nginx.errors()));
        nginx
    }

    /// Starts it on a port that is free.
    pub(crate) async fn before(program: &str, servers: &[u16], upstream: Upstream) -> Self {
        Self::start(program, free_port(), servers, upstream).await
    }

    /// The end of what it logged.
    pub(crate) fn errors(&self) -> String {
        let logged = fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default();
        logged.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }
}
