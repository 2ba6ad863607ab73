//! Stores email addresses with one key for all spellings, and adds keys to older accounts. The caller computes the key
//! of a spelling.

use sqlx::SqliteConnection;

use crate::{Storage, StorageError};

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

/// An account that is older than keys.
struct Row {
    id: String,
    email: String,
    active: bool,
}

impl Storage {
    /// The stored address of the active account with this `spelling` or `key`. The exact spelling has priority.
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

    /// Gives each account that is older than keys the key that `canonical` computes from its address. Starts with the
    /// oldest account. All happens in one transaction, so a crash changes nothing. Returns the accounts that keep their
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

/// The spelling of another active account with this key. Pending sign-ups are ignored: they reserve no address.
async fn holder(db: &mut SqliteConnection, row: &Row, key: &str) -> Result<Option<String>, StorageError> {
    if !row.active {
        return Ok(None);
    }
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
