//! SQLite's file: opening it, its connections and its pragmas. Another engine takes the place of this file. Knows no table but that of the
//! server's keys.

use std::fs::File;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, SqliteConnection, Transaction};
use thiserror::Error;

use crate::StorageError;

/// Pages of the write-ahead log, 4 kB each, from which on a commit checkpoints them itself, if nobody else has.
const AUTOCHECKPOINT: &str = "20000";

/// The write-ahead log is cut to this many bytes once all of it is checkpointed. While a reader holds it, it grows beyond.
const LOG_BYTES: &str = "67108864";
/// The size of a page: SQLite's own default.
const PAGE_BYTES: u64 = 4096;

/// How long a statement waits for the lock of the file.
const BUSY_AFTER: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection: longer, so that the error of opening the file names the lock.
const NO_CONNECTION_AFTER: Duration = Duration::from_secs(6);
/// The page cache of each reading connection, in SQLite's notation for KiB: enough for the upper pages of the indexes.
/// All other pages are in the system's cache, once for all connections.
const READ_CACHE: &str = "-512";

/// Free pages, 4 kB each, that stay in the file for the next rows.
const SPARE_PAGES: i64 = 2_000;
/// Frees 200 pages, for which other writers wait a few milliseconds.
const INCREMENTAL_VACUUM: &str = "PRAGMA incremental_vacuum(200)";

/// The connections to the file. Cheap to clone.
///
/// Writes go through one connection, each in a `BEGIN IMMEDIATE` transaction, so none fails for having read first;
/// reads have connections of their own and never wait for a write (WAL). With `synchronous=NORMAL` what was
/// committed survives the end of this process at any moment; a power loss may take back the last commits, never
/// their order. The write-ahead log is written back into the file beside the writer: a commit never waits for the disk.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseFile {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
    checkpointer: SqlitePool,
}

/// The result of a checkpoint: how far the write-ahead log is written back into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Pages in the log.
    pub log_pages: u64,
    /// Pages of the log that are in the file already. The rest waits for a reader that still needs the older state.
    pub checkpointed_pages: u64,
}

/// Why the database could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The URL is not `sqlite:PATH`.
    #[error("it must be sqlite: followed by a path")]
    Url,
    /// The folder of the file cannot be made.
    #[error("its folder cannot be made")]
    Folder(#[source] std::io::Error),
    /// The folder of the file cannot be locked.
    #[error("its folder cannot be locked")]
    Lock(#[source] std::io::Error),
    /// The file cannot be opened.
    #[error("the file cannot be opened for writing")]
    File(#[source] sqlx::Error),
    /// The file is no database of this service, or of a newer version.
    #[error("its tables cannot be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

impl Checkpoint {
    /// Bytes of the log that are not in the file yet.
    #[must_use]
    pub const fn blocked_wal_bytes(self) -> u64 {
        self.log_pages.saturating_sub(self.checkpointed_pages).saturating_mul(PAGE_BYTES)
    }
}

impl DatabaseFile {
    /// Opens the database at `url` (`sqlite:PATH`), makes it when it is not there, and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        let path = path.filter(|path| !path.is_empty() && !path.starts_with(":memory:")).ok_or(OpenError::Url)?;
        if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(OpenError::Folder)?;
        }
        let options = SqliteConnectOptions::from_str("sqlite:")
            .map_err(|_| OpenError::Url)?
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_AFTER)
            .pragma("journal_size_limit", LOG_BYTES)
            .optimize_on_close(true, None);
        let alone = alone_in(Path::new(path)).await?;
        // Only a new file takes this vacuum mode, which `shrink` needs to give back free pages.
        let writing =
            options.clone().auto_vacuum(SqliteAutoVacuum::Incremental).pragma("wal_autocheckpoint", AUTOCHECKPOINT);
        let writer = pool(1).connect_with(writing);
        let writer = writer.await.map_err(OpenError::File)?;
        sqlx::migrate!("../../migrations/storage").run(&writer).await.map_err(OpenError::Migrate)?;
        drop(alone);
        let checkpointer = pool(1).connect_with(options.clone()).await.map_err(OpenError::File)?;
        let reader = pool(4).connect_with(options.read_only(true).pragma("cache_size", READ_CACHE));
        let reader = reader.await.map_err(OpenError::File)?;
        Ok(Self { writer, reader, checkpointer })
    }

    /// Begins a transaction that holds the only writer.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Reads something and commits a page as it was.
    pub(crate) async fn touch(&self) -> Result<(), StorageError> {
        sqlx::query_scalar!("SELECT count(*) FROM server_keys").fetch_one(&self.reader).await?;
        // A statement about the file, which no table can check. It has no version but those of its migrations.
        sqlx::raw_sql("PRAGMA user_version = 0").execute(&self.writer).await?;
        Ok(())
    }

    /// As [`crate::Maintenance::checkpoint`].
    pub(crate) async fn checkpoint(&self) -> Result<Option<Checkpoint>, StorageError> {
        // A statement about the file, which no table can check. https://sqlite.org/pragma.html#pragma_wal_checkpoint
        let checkpoint = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)");
        let (_, log, checkpointed) = checkpoint.fetch_one(&self.checkpointer).await?;
        let pages = (u64::try_from(log).ok(), u64::try_from(checkpointed).ok());
        let (Some(log_pages), Some(checkpointed_pages)) = pages else { return Ok(None) };
        Ok(Some(Checkpoint { log_pages, checkpointed_pages }))
    }

    /// Gives a few free pages back to the disk, while there are more than `SPARE_PAGES`.
    pub(crate) async fn shrink(&self) -> Result<(), StorageError> {
        // Pragmas, which the macros cannot check against tables.
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&self.reader).await?;
        if free > SPARE_PAGES {
            sqlx::raw_sql(INCREMENTAL_VACUUM).execute(&self.writer).await?;
        }
        Ok(())
    }

    /// Closes all connections, and checkpoints the write-ahead log.
    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.checkpointer.close().await;
        self.writer.close().await;
    }
}

/// Waits until no other process makes a database in this folder ready: of several that begin at once, one does, and the
/// others find it done. The lock is the folder's, and ends with what is returned, or with the process.
async fn alone_in(path: &Path) -> Result<File, OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = File::open(folder).map_err(OpenError::Lock)?;
    let locked = tokio::task::spawn_blocking(move || folder.lock().map(|()| folder)).await;
    locked.map_err(std::io::Error::other).flatten().map_err(OpenError::Lock)
}

/// Connections that stay open and are not asked whether they still are: a file does not hang up.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(connections)
        .max_connections(connections)
        .acquire_timeout(NO_CONNECTION_AFTER)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(is_out_of_transactions(connection)))
}

/// Whether a connection that comes back is of use to the next. When the disk is full or fails, SQLite ends the
/// transaction by itself; the connection then finds none to roll back, thinks for ever that it is in one, and would
/// refuse every other. It is closed, and opened anew.
async fn is_out_of_transactions(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // A rollback may be on its way; what is asked after it is answered after it. What was committed needs no asking.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}
