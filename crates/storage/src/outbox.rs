//! Announcements: which approvals changed, written with the change and taken out once they were made.

use approval::{Approval, ApprovalId};
use sqlx::SqliteConnection;

use crate::rows::ApprovalRow;
use crate::{Storage, StorageError};

/// Announces an approval again. Its changes are announced by a trigger, with the transaction that makes them.
pub(crate) async fn announce(db: &mut SqliteConnection, approval: ApprovalId) -> Result<(), StorageError> {
    let id = approval.to_string();
    sqlx::query!("INSERT INTO outbox (approval_id) VALUES ($1)", id).execute(db).await?;
    Ok(())
}

impl Storage {
    /// The approvals with announcements not made yet, and the mark up to which they were read.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unannounced(&self) -> Result<(Vec<Approval>, i64), StorageError> {
        let mark = sqlx::query_scalar!("SELECT max(seq) AS mark FROM outbox").fetch_one(self.read()).await?;
        let mark = mark.unwrap_or_default();
        let rows = sqlx::query_as!(
            ApprovalRow,
            "SELECT * FROM approvals WHERE id IN (SELECT approval_id FROM outbox WHERE seq <= $1)",
            mark
        );
        let rows = rows.fetch_all(self.read()).await?;
        Ok((rows.into_iter().map(Approval::try_from).collect::<Result<_, _>>()?, mark))
    }

    /// Takes out the announcements up to `mark`: they were made.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn announced(&self, mark: i64) -> Result<(), StorageError> {
        sqlx::query!("DELETE FROM outbox WHERE seq <= $1", mark).execute(self.once()).await?;
        Ok(())
    }
}
