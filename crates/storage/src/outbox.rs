//! Announcements: which approvals changed, written with the change and deleted once they were made.

use approval::{Approval, ApprovalId};
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::rows::ApprovalRow;
use crate::{Outbox, StorageError};

/// Announces an approval again. Its changes are announced by a trigger, with the transaction that makes them.
pub(crate) async fn announce(db: &mut SqliteConnection, approval: ApprovalId) -> Result<(), StorageError> {
    let id = approval.to_string();
    sqlx::query!("INSERT INTO outbox (approval_id) VALUES ($1)", id).execute(db).await?;
    Ok(())
}

/// Announcements that were read, and the approvals that they are about, each as it stands now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unannounced {
    /// The approvals.
    pub approvals: Vec<Approval>,
    /// The announcements.
    seqs: Vec<i64>,
}

impl Unannounced {
    /// The most announcements that are read at once.
    pub const MOST: usize = 256;

    /// The number of the newest of them; `None` if no announcement was left.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.seqs.last().copied()
    }
}

impl Outbox<'_> {
    /// The oldest announcements after the one with the number `after` that are not made yet, at most
    /// [`Unannounced::MOST`]; 0 for the oldest of all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read(self, after: i64) -> Result<Unannounced, StorageError> {
        let most = i64::try_from(Unannounced::MOST).unwrap_or(i64::MAX);
        let rows =
            sqlx::query!("SELECT seq, approval_id FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2", after, most);
        let rows = rows.fetch_all(self.0.read()).await?;
        if rows.is_empty() {
            return Ok(Unannounced::default());
        }
        let ids = json(rows.iter().map(|row| row.approval_id.as_str()));
        let approvals =
            sqlx::query_as!(ApprovalRow, "SELECT * FROM approvals WHERE id IN (SELECT value FROM json_each($1))", ids);
        let approvals = approvals.fetch_all(self.0.read()).await?.into_iter().map(Approval::try_from);
        let approvals = approvals.collect::<Result<_, _>>()?;
        Ok(Unannounced { approvals, seqs: rows.into_iter().map(|row| row.seq).collect() })
    }

    /// Deletes the announcements that were read: they were made.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete(self, made: Unannounced) -> Result<(), StorageError> {
        let seqs = json(made.seqs);
        sqlx::query!("DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each($1))", seqs)
            .execute(self.0.once())
            .await?;
        Ok(())
    }
}

/// A list that one parameter of a statement holds.
fn json<T: Into<Value>>(values: impl IntoIterator<Item = T>) -> String {
    Value::from_iter(values).to_string()
}
