//! Email addresses as they are stored: one key for all spellings of an address, and accounts from before there was one.
//! The caller says what the key of a spelling is.

use sqlx::SqliteConnection;

use crate::{Storage, StorageError};

/// The canonical form of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalEmail {
    /// The same for all spellings.
    pub key: String,
    /// As people are shown it.
    pub shown: String,
}

/// An account that keeps its old spelling, and has no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsettled {
    /// The canonical address belongs to an older account.
    Shared {
        /// The spelling of the account that has the address.
        older: String,
        /// The spelling that leads to the other account, and to no more than it.
        younger: String,
    },
    /// The address has no canonical form.
    Irregular {
        /// Its spelling.
        email: String,
    },
}

/// An account whose address was stored before there were keys.
struct Row {
    id: String,
    email: String,
    active: bool,
}

impl Storage {
    /// The address, as it is stored, of the active account that `spelling` or `key` leads to. An exact spelling goes
    /// before a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn email_of_account(&self, spelling: &str, key: &str) -> Result<Option<String>, StorageError> {
        let email = sqlx::query_scalar!(
            "SELECT coalesce(
                (SELECT email FROM users WHERE email = $1 AND active_at IS NOT NULL),
                (SELECT email FROM users WHERE email_key = $2 AND active_at IS NOT NULL)) AS email",
            spelling,
            key
        );
        Ok(email.fetch_one(&self.reader).await?)
    }

    /// Gives every account that has not been looked at since there are keys the key that `canonical` answers for its
    /// address: oldest first, all in one transaction, so that it is done or begins anew. Answers which accounts keep their
    /// old spelling instead.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn settle_emails(
        &self,
        canonical: impl Fn(&str) -> Option<CanonicalEmail> + Send,
    ) -> Result<Vec<Unsettled>, StorageError> {
        let waiting = sqlx::query_scalar!("SELECT 1 AS one FROM users WHERE email_settled = 0 LIMIT 1");
        if waiting.fetch_optional(&self.reader).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut db = self.write().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id, email, active_at IS NOT NULL AS "active!: bool" FROM users
               WHERE email_settled = 0 ORDER BY created_at, id"#
        );
        let rows = rows.fetch_all(&mut *db).await?;
        let mut unsettled = Vec::new();
        for row in rows {
            match canonical(&row.email) {
                Some(new) => match holder(&mut db, &row, &new.key).await? {
                    Some(older) => {
                        keep(&mut db, &row.id).await?;
                        unsettled.push(Unsettled::Shared { older, younger: row.email });
                    }
                    None => set(&mut db, &row, &new).await?,
                },
                None => {
                    keep(&mut db, &row.id).await?;
                    unsettled.push(Unsettled::Irregular { email: row.email });
                }
            }
        }
        db.commit().await?;
        Ok(unsettled)
    }
}

/// The spelling of another active account that has this key. A sign-up that is pending reserves no address, and takes
/// none from anybody.
async fn holder(db: &mut SqliteConnection, row: &Row, key: &str) -> Result<Option<String>, StorageError> {
    if !row.active {
        return Ok(None);
    }
    let holder = sqlx::query_scalar!("SELECT email FROM users WHERE email_key = $1 AND active_at IS NOT NULL", key);
    Ok(holder.fetch_optional(db).await?)
}

/// Stores the canonical form. The spelling stays if another account has what people would be shown.
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

/// Leaves an account as it is, found by its exact spelling alone.
async fn keep(db: &mut SqliteConnection, id: &str) -> Result<(), StorageError> {
    sqlx::query!("UPDATE users SET email_settled = 1 WHERE id = $1", id).execute(db).await?;
    Ok(())
}
