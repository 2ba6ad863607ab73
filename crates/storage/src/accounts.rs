//! Active accounts, found by their address. Checks no password, and knows no session.

use approval::{ProviderUserId, Secret, UserId};

use crate::rows::parse;
use crate::{Accounts, AddressProof, Push, StorageError, pushes};

/// An active account, as sign-in needs it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Its address, as people are shown it.
    pub email: String,
    /// Whether the address is proven.
    pub address: AddressProof,
    /// The argon2id hash, a PHC string.
    pub password_hash: Secret,
    /// Whom the provider knows by its phone.
    pub provider_user: ProviderUserId,
}

impl Accounts<'_> {
    /// The active account whose address is stored as `email`: see [`Accounts::stored_email`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn find(self, email: &str) -> Result<Option<Account>, StorageError> {
        let row = sqlx::query!(
            "SELECT id, email, email_proven_at, password_hash, provider_user FROM users
             WHERE email = $1 AND active_at IS NOT NULL",
            email
        )
        .fetch_optional(self.0.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Account {
            id: parse("users", &row.id)?,
            email: row.email,
            address: if row.email_proven_at.is_some() { AddressProof::Proven } else { AddressProof::Unproven },
            password_hash: Secret::new(row.password_hash),
            provider_user: parse("users", &row.provider_user)?,
        }))
    }

    /// Whether the phone of a user may be asked now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn may_push(self, user: UserId) -> Result<Push, StorageError> {
        let mut db = self.0.read().acquire().await?;
        Ok(pushes::may_ask_showing(&mut db, self.0.pushes, user, self.0.clock.now()).await?.0)
    }
}
