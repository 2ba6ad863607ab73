//! Logs on a real nats-server, for the suites that run on them.

#[path = "../../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
pub(crate) mod server;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::{EventLog, JetStream, JetStreamSettings};
use server::Server;
use tempfile::TempDir;

use super::VERSION;

/// A log on a server whose folder outlives both.
pub(crate) struct Harness {
    folder: TempDir,
    server: Server,
    log: Arc<JetStream>,
}

impl Harness {
    /// Hand-outs before a message is parked.
    pub(crate) const MAX_ATTEMPTS: u32 = 3;

    pub(crate) async fn start() -> Self {
        Self::reopen(TempDir::new().unwrap()).await
    }

    /// Ends log and server and leaves what they stored.
    pub(crate) async fn stop(self) -> TempDir {
        self.log.close().await;
        drop(self.server);
        self.folder
    }

    /// Ends log and server and starts both again, as new processes would.
    pub(crate) async fn restart(self) -> Self {
        Self::reopen(self.stop().await).await
    }

    /// Opens what was left in `folder`.
    pub(crate) async fn reopen(folder: TempDir) -> Self {
        let server = Self::ground(folder.path()).await;
        let log = Self::open(folder.path()).await;
        Self { folder, server, log }
    }

    /// Connects to the server of a folder that belongs to another process, a test's parent.
    pub(crate) async fn open(folder: &Path) -> Arc<JetStream> {
        let url = fs::read_to_string(folder.join("url")).unwrap();
        let settings = JetStreamSettings {
            max_attempts: Self::MAX_ATTEMPTS,
            lease: Duration::from_secs(1),
            ..JetStreamSettings::at(url)
        };
        Arc::new(JetStream::connect(settings).await.unwrap())
    }

    /// The server.
    #[expect(clippy::unused_async, reason = "the suite waits for whatever a log stands on")]
    pub(crate) async fn ground(folder: &Path) -> Server {
        let server = Server::start(VERSION, folder, &[]);
        fs::write(folder.join("url"), &server.url).unwrap();
        server
    }

    pub(crate) fn log(&self) -> Arc<dyn EventLog> {
        Arc::clone(&self.log) as Arc<dyn EventLog>
    }
}
