//! Typed codes: each accepted code counts once, and confirms the session that typed it.

use approval::{Approval, ProviderUserId, UserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::rows::millis;
use crate::sessions::{ConfirmedBy, Session};
use crate::{
    CodeHash, Completed, Completion, NewToken, Storage, StorageError, WriteKey, approvals, audit, complete, pushes,
    tries,
};

/// What confirming by a code came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeConfirmed {
    /// The code was new: this is what became of the session, and the approvals it left behind were cancelled.
    Fresh(Completed, Vec<Approval>),
    /// The code had counted before.
    Used,
}

impl Storage {
    /// Confirms a pending session by a code that the provider accepted, in one transaction: the code must not have
    /// counted for this provider user before, and whatever approval the session still waits for is cancelled.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn confirm_by_code(
        &self,
        session: &Session,
        code: CodeHash,
        proof: &str,
        token: NewToken,
    ) -> Result<CodeConfirmed, StorageError> {
        let now = self.clock.now();
        let mut db = self
            .write(&[
                WriteKey::User(session.user),
                WriteKey::Phone(&session.provider_user),
                WriteKey::Email(&session.email),
            ])
            .await?;
        if !use_up(&mut db, &session.provider_user, code, now).await? {
            return Ok(CodeConfirmed::Used);
        }
        let completion = Completion { proof, by: ConfirmedBy::Code, token };
        let completed = complete::confirm(&mut db, self.caps, session, completion, now).await?;
        let mut left = Vec::new();
        if completed == Completed::Confirmed {
            audit::write(&mut db, now, audit::Kind::SignedInByCode, session.user, session.id, None, "").await?;
            left = approvals::cancel_of_session(&mut db, None, session.id, now, "a code was used").await?;
            counted(&mut db, session.user, now).await?;
        }
        db.commit().await?;
        Ok(CodeConfirmed::Fresh(completed, left))
    }
}

/// What an accepted code ends, inside a transaction: the row of wrong ones, and whatever kept the phone from being asked.
pub(crate) async fn counted(db: &mut SqliteConnection, user: UserId, now: OffsetDateTime) -> Result<(), StorageError> {
    tries::right(db, user).await?;
    pushes::switched_on(db, user, now).await
}

/// Writes that a code has counted, inside a transaction. `false`: it had before.
pub(crate) async fn use_up(
    db: &mut SqliteConnection,
    provider_user: &ProviderUserId,
    code: CodeHash,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let (user, hash, at) = (provider_user.as_str(), code.0.as_slice(), millis(now));
    let fresh = sqlx::query!(
        "INSERT INTO used_codes (provider_user, code_hash, used_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        user,
        hash,
        at,
    );
    Ok(fresh.execute(db).await?.rows_affected() == 1)
}
