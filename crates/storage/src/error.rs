//! What can go wrong with the database.

use thiserror::Error;

/// The database did not do what it was asked. Not found is never an error.
#[derive(Debug, Error)]
pub enum StorageError {
    /// Another connection kept it locked for longer than a statement waits; the statement may be tried again.
    #[error("the database was locked for too long")]
    Busy(#[source] sqlx::Error),
    /// It could not be read or written.
    #[error("the database could not be read or written")]
    Database(#[source] sqlx::Error),
    /// A row holds something no version of this program wrote.
    #[error("a row of table {table} cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
    },
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        if is_busy(&error) { Self::Busy(error) } else { Self::Database(error) }
    }
}

/// True if the file was locked, or no connection came free because all wait for the file's lock.
fn is_busy(error: &sqlx::Error) -> bool {
    // https://sqlite.org/rescode.html: the low byte of an extended code is the primary one.
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return true;
    }
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, BUSY | LOCKED))
}
