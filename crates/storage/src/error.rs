//! What can go wrong with the database.

use thiserror::Error;

/// The database did not do what it was asked. Not found is never an error.
#[derive(Debug, Error)]
pub enum StorageError {
    /// It could not be read or written.
    #[error("the database could not be read or written")]
    Database(#[from] sqlx::Error),
    /// A row holds something no version of this program wrote.
    #[error("a row of table {table} cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
    },
}
