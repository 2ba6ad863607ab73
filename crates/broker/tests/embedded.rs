//! The conformance suite on the embedded log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;

use std::path::Path;
use std::sync::Arc;

use approval::Clock;
use broker::{Embedded, EmbeddedSettings, EventLog};
use tempfile::TempDir;

/// An embedded log in a folder that outlives it.
struct Harness {
    folder: TempDir,
    log: Arc<Embedded>,
}

/// What an embedded log stands on beside its folder.
struct Ground;

impl Harness {
    /// Hand-outs before a message is parked.
    const MAX_ATTEMPTS: u32 = 3;

    async fn start() -> Self {
        Self::reopen(TempDir::new().unwrap()).await
    }

    /// Ends the log and leaves what it stored.
    async fn stop(self) -> TempDir {
        self.log.close().await;
        self.folder
    }

    /// Ends the log and opens it again, as a new process would.
    async fn restart(self) -> Self {
        Self::reopen(self.stop().await).await
    }

    /// Opens what was left in `folder`.
    async fn reopen(folder: TempDir) -> Self {
        let log = Self::open(folder.path()).await;
        Self { folder, log }
    }

    /// Opens the log in a folder that belongs to another process, a test's parent.
    async fn open(folder: &Path) -> Arc<Embedded> {
        let settings = EmbeddedSettings { max_attempts: Self::MAX_ATTEMPTS, ..EmbeddedSettings::default() };
        Arc::new(Embedded::open(&folder.join("events.db"), Clock::system(), settings).await.unwrap())
    }

    /// Nothing: the folder is enough.
    #[expect(clippy::unused_async, reason = "other logs stand on a server that has to be started")]
    async fn ground(_folder: &Path) -> Ground {
        Ground
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::clone(&self.log) as Arc<dyn EventLog>
    }
}
