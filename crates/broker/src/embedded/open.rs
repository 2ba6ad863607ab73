//! Makes the file ready: folder, lock, tables, and everything unsettled due again. Knows nothing of the task that
//! will write it.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection, migrate::MigrateError};
use thiserror::Error;

use super::settings::EmbeddedSettings;
use super::statements;

/// Bytes that the file grows by: SQLite's own default.
const PAGE: u64 = 4096;

/// The write-ahead log is cut to this many bytes once all of it is written back into the file.
const LOG_BYTES: &str = "67108864";

/// Why the event log could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder of the file cannot be made.
    #[error("its folder cannot be made")]
    Folder(#[source] std::io::Error),
    /// Another process, or another log in this one, has the file open.
    #[error("the file is in use by another process")]
    InUse,
    /// The file cannot be opened.
    #[error("the file cannot be opened for writing")]
    File(#[source] sqlx::Error),
    /// The file is no event log, or of a newer version.
    #[error("its tables cannot be brought up to date")]
    Migrate(#[source] MigrateError),
}

pub(super) async fn open(path: &Path, settings: &EmbeddedSettings) -> Result<SqliteConnection, OpenError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(OpenError::Folder)?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("journal_size_limit", LOG_BYTES)
        .synchronous(if settings.survives_power_loss { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
        // The lock of the file is the lock of the log. The kernel drops it with the process, however that ends.
        .locking_mode(SqliteLockingMode::Exclusive)
        .busy_timeout(Duration::ZERO);
    let mut connection = options.connect().await.map_err(refused)?;
    sqlx::migrate!("../../migrations/broker").run(&mut connection).await.map_err(OpenError::Migrate)?;
    statements::release_all(&mut connection).await.map_err(refused)?;
    // Not before: a file that is full must still be opened.
    if let Some(bytes) = settings.max_bytes {
        let pages = format!("PRAGMA max_page_count = {}", (bytes / PAGE).max(1));
        sqlx::raw_sql(AssertSqlSafe(pages)).execute(&mut connection).await.map_err(refused)?;
    }
    Ok(connection)
}

fn refused(error: sqlx::Error) -> OpenError {
    // https://sqlite.org/rescode.html: the low byte of an extended code is the primary one.
    const BUSY: i32 = 5;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    if code.is_some_and(|code| code & 0xff == BUSY) { OpenError::InUse } else { OpenError::File(error) }
}
