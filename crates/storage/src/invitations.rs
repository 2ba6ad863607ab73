//! Invitations to sign up. Limits for how many addresses a proven phone may learn whether they have an account.

use approval::{ProviderUserId, UserId};
use sqlx::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::rows::millis;
use crate::{Limited, LinkHash, SignUps, StorageError, WriteKey};

/// A phone may learn about this many addresses within [`ADDRESS_WINDOW`].
const ADDRESSES: i64 = 3;
/// The window of [`ADDRESSES`].
pub(crate) const ADDRESS_WINDOW: Duration = Duration::DAY;

impl SignUps<'_> {
    /// Writes an invitation for the address with this key, in place of an earlier one. `false` if the address has an
    /// account; then nothing was written.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn invite(self, email: &str, link: LinkHash, expires_at: OffsetDateTime) -> Result<bool, StorageError> {
        let (link, expires_at) = (link.0.as_slice(), millis(expires_at));
        let mut db = self.0.write(&[WriteKey::Email(email)]).await?;
        let account = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM users WHERE email_key = $1 AND active_at IS NOT NULL)
                OR EXISTS (SELECT 1 FROM users WHERE email = $1 AND active_at IS NOT NULL) AS "is!: bool""#,
            email
        );
        if account.fetch_one(&mut *db).await? {
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

    /// The key of the invited address. `None` if the invitation is used, expired, replaced or unknown.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invited_email(self, link: LinkHash) -> Result<Option<String>, StorageError> {
        let (link, now) = (link.0.as_slice(), millis(self.0.clock.now()));
        let email =
            sqlx::query_scalar!("SELECT email FROM invitations WHERE token_hash = $1 AND expires_at > $2", link, now);
        Ok(email.fetch_optional(self.0.read()).await?)
    }

    /// The invitation that a pending sign-up brought.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invitation_of(self, sign_up: UserId) -> Result<Option<LinkHash>, StorageError> {
        let user = sign_up.to_string();
        let hash = sqlx::query_scalar!("SELECT invitation FROM users WHERE id = $1 AND active_at IS NULL", user);
        let hash = hash.fetch_optional(self.0.read()).await?.flatten();
        let hash = hash.map(<[u8; 32]>::try_from).transpose();
        Ok(hash.map_err(|_| StorageError::Corrupt { table: "users" })?.map(LinkHash))
    }
}

/// True while this invitation for the address is valid. Called inside a transaction.
pub(crate) async fn is_valid(
    db: &mut SqliteConnection,
    email: &str,
    link: &[u8],
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let now = millis(now);
    let valid = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM invitations WHERE email = $1 AND token_hash = $2 AND expires_at > $3) AS "is!: bool""#,
        email,
        link,
        now
    );
    Ok(valid.fetch_one(db).await?)
}

/// Deletes the invitation of this address. Called inside a transaction.
pub(crate) async fn use_up(db: &mut SqliteConnection, email: &str) -> Result<(), StorageError> {
    sqlx::query!("DELETE FROM invitations WHERE email = $1", email).execute(db).await?;
    Ok(())
}

/// Counts an address before its proven phone learns whether it has an account. Called inside a transaction, so that
/// concurrent sign-ups share one limit. Each address counts once, with or without an account, so a refusal reveals
/// nothing.
pub(crate) async fn count_address(
    db: &mut SqliteConnection,
    phone: &ProviderUserId,
    email: &str,
    now: OffsetDateTime,
) -> Result<Result<(), Limited>, StorageError> {
    let (phone, at, since) = (phone.as_str(), millis(now), millis(now - ADDRESS_WINDOW));
    let before = ADDRESSES - 1;
    // The third newest of the other addresses. When it is a day old, another address is allowed.
    let oldest = sqlx::query_scalar!(
        "SELECT at FROM checked_addresses WHERE provider_user = $1 AND email <> $2 AND at > $3
         ORDER BY at DESC LIMIT 1 OFFSET $4",
        phone,
        email,
        since,
        before,
    );
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS
            (SELECT 1 FROM checked_addresses WHERE provider_user = $1 AND email = $2 AND at > $3) AS "is!: bool""#,
        phone,
        email,
        since
    );
    if known.fetch_one(&mut *db).await? {
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
