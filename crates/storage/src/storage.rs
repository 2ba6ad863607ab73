//! The handle of the database: reads, writes, and the rules that writes follow. Knows no table.

use approval::Clock;
use sqlx::SqlitePool;

use crate::file::DatabaseFile;
use crate::lives::Lives;
use crate::write::{WriteKey, WriteTransaction};
use crate::{OpenError, PushRules, SessionCaps, StorageError};

/// The database of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(crate) file: DatabaseFile,
    pub(crate) clock: Clock,
    pub(crate) pushes: PushRules,
    pub(crate) caps: SessionCaps,
    pub(crate) lives: Lives,
}

impl Storage {
    /// Opens the database at `url` (`sqlite:PATH`, relative or absolute), makes it when it is not there, and brings
    /// its tables up to date.
    ///
    /// # Errors
    /// [`OpenError`] says what an operator has to mend.
    pub async fn open(url: &str, clock: Clock) -> Result<Self, OpenError> {
        let file = DatabaseFile::open(url).await?;
        Ok(Self { file, clock, pushes: PushRules::NONE, caps: SessionCaps::NONE, lives: Lives::default() })
    }

    /// Sets the rules about asking phones.
    #[must_use]
    pub fn with_push_rules(self, pushes: PushRules) -> Self {
        Self { pushes, ..self }
    }

    /// Sets the limits of live sessions of one account.
    #[must_use]
    pub fn with_session_caps(self, caps: SessionCaps) -> Self {
        Self { caps, ..self }
    }

    /// Closes all connections, and checkpoints the write-ahead log.
    pub async fn close(&self) {
        self.file.close().await;
    }

    /// The connections for reads, which never wait for a write.
    pub(crate) const fn read(&self) -> &SqlitePool {
        &self.file.reader
    }

    /// The connection for one statement that writes, and commits by itself.
    pub(crate) const fn once(&self) -> &SqlitePool {
        &self.file.writer
    }

    /// Begins a transaction that writes. Transactions that share one of `_keys` must not run at the same time: SQLite
    /// has one writer and needs no keys; an engine with several locks them in order.
    pub(crate) async fn write(&self, _keys: &[WriteKey<'_>]) -> Result<WriteTransaction, StorageError> {
        Ok(WriteTransaction::new(self.file.begin().await?))
    }
}
