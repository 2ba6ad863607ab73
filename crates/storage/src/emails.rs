//! Stores email addresses with one key for all spellings, and adds keys to older accounts. The caller computes the key
//! of a spelling.

use sqlx::SqliteConnection;

use crate::rows::parse;
use crate::{Accounts, StorageError, WriteKey};

/// The canonical form of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalEmail {
    /// The key, the same for all spellings.
    pub key: String,
    /// The address, as people see it.
    pub shown: String,
}

/// An account that keeps its old spelling, and has no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsettled {
    /// The canonical address belongs to an older account.
    Shared {
        /// The spelling of the account that has the address.
        older: String,
        /// The only spelling that leads to the other account.
        younger: String,
    },
    /// The address has no canonical form.
    Irregular {
        /// Its spelling.
        email: String,
    },
}

/// Accounts that get their keys in one transaction. The writer is free between two of them, so another process that
/// starts at the same time never waits for long.
const BATCH: i64 = 500;

/// An account whose address was stored before there were keys.
struct Row {
    id: String,
    email: String,
}

impl Accounts<'_> {
    /// The stored address of the active account with this `spelling` or `key`. The exact spelling has priority.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn stored_email(self, spelling: &str, key: &str) -> Result<Option<String>, StorageError> {
        let email = sqlx::query_scalar!(
            "SELECT coalesce(
                (SELECT email FROM users WHERE email = $1 AND active_at IS NOT NULL),
                (SELECT email FROM users WHERE email_key = $2 AND active_at IS NOT NULL)) AS email",
            spelling,
            key
        );
        Ok(email.fetch_one(self.0.read()).await?)
    }

    /// Gives every account that has not been looked at since there are keys the key that `canonical` answers for its
    /// address, oldest first. Each batch is written in one transaction, and the next call goes on after the last one. Answers
    /// which accounts keep their old spelling instead; of several processes one answers each account.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn settle_emails(
        self,
        canonical: impl Fn(&str) -> Option<CanonicalEmail> + Send,
    ) -> Result<Vec<Unsettled>, StorageError> {
        let mut unsettled = Vec::new();
        loop {
            let rows = sqlx::query_as!(
                Row,
                "SELECT id, email FROM users WHERE email_settled = 0 ORDER BY created_at, id LIMIT $1",
                BATCH
            );
            let rows = rows.fetch_all(self.0.read()).await?;
            if rows.is_empty() {
                return Ok(unsettled);
            }
            // Computed before the transaction begins: a key may take long.
            let batch: Vec<_> = rows.into_iter().map(|row| (canonical(&row.email), row)).collect();
            let mut keys = Vec::with_capacity(2 * batch.len());
            for (new, row) in &batch {
                keys.push(WriteKey::User(parse("users", &row.id)?));
                keys.extend(new.iter().map(|new| WriteKey::Email(&new.key)));
            }
            let mut db = self.0.write(&keys).await?;
            for (new, row) in batch {
                unsettled.extend(settle(&mut db, row, new).await?);
            }
            db.commit().await?;
        }
    }
}

/// Settles one account, unless another process has done so since `row` was read.
async fn settle(
    db: &mut SqliteConnection,
    row: Row,
    new: Option<CanonicalEmail>,
) -> Result<Option<Unsettled>, StorageError> {
    let is_active = sqlx::query_scalar!(
        r#"SELECT active_at IS NOT NULL AS "active!: bool" FROM users WHERE id = $1 AND email_settled = 0"#,
        row.id
    );
    let Some(is_active) = is_active.fetch_optional(&mut *db).await? else { return Ok(None) };
    let Some(new) = new else {
        keep(db, &row.id).await?;
        return Ok(Some(Unsettled::Irregular { email: row.email }));
    };
    // A sign-up that is pending reserves no address, and takes none from anybody.
    let older = if is_active { holder(db, &new.key).await? } else { None };
    let Some(older) = older else {
        set(db, &row, &new).await?;
        return Ok(None);
    };
    keep(db, &row.id).await?;
    Ok(Some(Unsettled::Shared { older, younger: row.email }))
}

/// The spelling of another active account that has this key.
async fn holder(db: &mut SqliteConnection, key: &str) -> Result<Option<String>, StorageError> {
    let holder = sqlx::query_scalar!("SELECT email FROM users WHERE email_key = $1 AND active_at IS NOT NULL", key);
    Ok(holder.fetch_optional(db).await?)
}

/// Stores the canonical form. The old spelling stays if another account has the canonical one.
async fn set(db: &mut SqliteConnection, row: &Row, new: &CanonicalEmail) -> Result<(), StorageError> {
    sqlx::query!(
        "UPDATE users SET email_settled = 1, email_key = $2,
            email = CASE WHEN EXISTS (SELECT 1 FROM users other WHERE other.email = $3 AND other.active_at IS NOT NULL)
                THEN email ELSE $3 END
         WHERE id = $1",
        row.id,
        new.key,
        new.shown,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Leaves an account without a key: only its exact spelling finds it.
async fn keep(db: &mut SqliteConnection, id: &str) -> Result<(), StorageError> {
    sqlx::query!("UPDATE users SET email_settled = 1 WHERE id = $1", id).execute(db).await?;
    Ok(())
}
