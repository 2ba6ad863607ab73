//! Invitations to sign up, and what a proven phone may learn: whether an address has an account, for few addresses a day.

use approval::ProviderUserId;
use sqlx::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::rows::millis;
use crate::{Limited, LinkHash, Storage, StorageError};

/// A phone may learn about so many addresses …
const ADDRESSES: i64 = 3;
/// … in this time.
pub(crate) const ADDRESS_WINDOW: Duration = Duration::DAY;

impl Storage {
    /// Writes an invitation for the address with this key; the one before is of no use any more. `false`: the address has an account,
    /// and nothing was written.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn invite(&self, email: &str, link: LinkHash, expires_at: OffsetDateTime) -> Result<bool, StorageError> {
        let (link, expires_at) = (link.0.as_slice(), millis(expires_at));
        let mut db = self.write().await?;
        let account = sqlx::query_scalar!(
            "SELECT 1 AS one FROM users WHERE (email_key = $1 OR email = $1) AND active_at IS NOT NULL",
            email
        );
        if account.fetch_optional(&mut *db).await?.is_some() {
            return Ok(false);
        }
        sqlx::query!(
            "INSERT INTO invitations (email, token_hash, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (email) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at",
            email,
            link,
            expires_at,
        )
        .execute(&mut *db)
        .await?;
        db.commit().await?;
        Ok(true)
    }

    /// The key of the address that this invitation is for. `None`: it is used, expired, replaced or unknown.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invited(&self, link: LinkHash) -> Result<Option<String>, StorageError> {
        let (link, now) = (link.0.as_slice(), millis(self.clock.now()));
        let email =
            sqlx::query_scalar!("SELECT email FROM invitations WHERE token_hash = $1 AND expires_at > $2", link, now);
        Ok(email.fetch_optional(&self.reader).await?)
    }
}

/// True while this invitation for the address may be used, inside a transaction.
pub(crate) async fn is_valid(
    db: &mut SqliteConnection,
    email: &str,
    link: &[u8],
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let now = millis(now);
    let valid = sqlx::query_scalar!(
        "SELECT 1 AS one FROM invitations WHERE email = $1 AND token_hash = $2 AND expires_at > $3",
        email,
        link,
        now
    );
    Ok(valid.fetch_optional(db).await?.is_some())
}

/// Uses up the invitation of this address, inside a transaction.
pub(crate) async fn use_up(db: &mut SqliteConnection, email: &str) -> Result<(), StorageError> {
    sqlx::query!("DELETE FROM invitations WHERE email = $1", email).execute(db).await?;
    Ok(())
}

/// Counts that a proven phone learns about this address, inside a transaction, before it does. Every address counts alike,
/// known or not, and each once: so nothing is learned from the refusal, and sign-ups that were begun at the same time
/// share one limit.
pub(crate) async fn count_address(
    db: &mut SqliteConnection,
    phone: &ProviderUserId,
    email: &str,
    now: OffsetDateTime,
) -> Result<Result<(), Limited>, StorageError> {
    let (phone, at, since) = (phone.as_str(), millis(now), millis(now - ADDRESS_WINDOW));
    let before = ADDRESSES - 1;
    // The third newest of the other addresses: when it is a day old, another one may be asked about.
    let oldest = sqlx::query_scalar!(
        "SELECT at FROM checked_addresses WHERE provider_user = $1 AND email <> $2 AND at > $3
         ORDER BY at DESC LIMIT 1 OFFSET $4",
        phone,
        email,
        since,
        before,
    );
    let known = sqlx::query_scalar!(
        "SELECT 1 AS one FROM checked_addresses WHERE provider_user = $1 AND email = $2 AND at > $3",
        phone,
        email,
        since
    );
    if known.fetch_optional(&mut *db).await?.is_some() {
        return Ok(Ok(()));
    }
    if let Some(oldest) = oldest.fetch_optional(&mut *db).await? {
        let wait = (oldest - since).min(at - since);
        return Ok(Err(Limited { retry_after: Duration::milliseconds(wait) }));
    }
    sqlx::query!(
        "INSERT INTO checked_addresses (provider_user, email, at) VALUES ($1, $2, $3)
         ON CONFLICT (provider_user, email) DO UPDATE SET at = excluded.at",
        phone,
        email,
        at,
    )
    .execute(db)
    .await?;
    Ok(Ok(()))
}
