//! Typed codes: each accepted code counts once, and confirms the session that typed it.

use approval::{Approval, ApprovalId, Change, Channel, ProviderUserId, Purpose, SessionId, UserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::rows::millis;
use crate::sessions::{ConfirmedBy, Session};
use crate::{
    CodeHash, Codes, Completed, Completion, NewToken, StorageError, WriteKey, approvals, audit, complete, pushes, tries,
};

/// What confirming by a code came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeConfirmed {
    /// The code was new: this is what became of the session, and the approvals it left behind were cancelled.
    Fresh(Completed, Vec<Approval>),
    /// The code had counted before.
    Used,
}

/// What approving by a code came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeApproved {
    /// The code was new: this is how the approval stands now. It is not approved if it had ended meanwhile.
    Fresh(Box<Approval>),
    /// The code had counted before.
    Used,
}

impl Codes<'_> {
    /// Confirms a pending session by a code that the provider accepted, in one transaction: the code must not have
    /// counted for this provider user before, and whatever approval the session still waits for is cancelled.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn confirm_by_code(
        self,
        session: &Session,
        code: CodeHash,
        proof: &str,
        token: NewToken,
    ) -> Result<CodeConfirmed, StorageError> {
        let now = self.0.clock.now();
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        if !use_up(&mut db, &session.provider_user, code, now).await? {
            return Ok(CodeConfirmed::Used);
        }
        let completion = Completion { proof, by: ConfirmedBy::Code, token };
        let completed = complete::confirm(&mut db, self.0.caps, session, completion, now).await?;
        let mut left = Vec::new();
        if completed == Completed::Confirmed {
            audit::write(&mut db, now, audit::Kind::SignedInByCode, session.user, session.id, None, "").await?;
            left = approvals::cancel_of_session(&mut db, None, session.id, now, "a code was used").await?;
            counted(&mut db, session.user, now).await?;
        }
        db.commit().await?;
        Ok(CodeConfirmed::Fresh(completed, left))
    }

    /// Approves a pending, unexpired transaction of this session by a code that the provider accepted for it alone, in
    /// one transaction: the code must not have counted before. `None`: this session has no such transaction.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn approve_by_code(
        self,
        session: &Session,
        id: ApprovalId,
        code: CodeHash,
    ) -> Result<Option<CodeApproved>, StorageError> {
        let now = self.0.clock.now();
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        let found = approvals::load(&mut db, id).await?;
        let own = found.filter(|one| one.session == session.id && one.purpose == Purpose::Transaction);
        let Some(mut approval) = own else { return Ok(None) };
        if !use_up(&mut db, &session.provider_user, code, now).await? {
            return Ok(Some(CodeApproved::Used));
        }
        approval.expires_at = self.0.lives.end_of(&approval, now);
        approvals::end_in(&mut db, Some(self.0.pushes), &mut approval, Change::Approve, now, "by a code").await?;
        counted(&mut db, session.user, now).await?;
        db.commit().await?;
        Ok(Some(CodeApproved::Fresh(Box::new(approval))))
    }

    /// Writes that a code was sent for a session, or could not be.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_sent(self, id: SessionId, user: UserId, by: Channel, sent: bool) -> Result<(), StorageError> {
        let (session, word, trouble) = (id.to_string(), by.word(), i64::from(!sent));
        let mut db = self.0.write(&[WriteKey::User(user)]).await?;
        sqlx::query!("UPDATE sessions SET code_sent_by = $2, code_trouble = $3 WHERE id = $1", session, word, trouble)
            .execute(&mut *db)
            .await?;
        let note = if sent { word } else { "not sent" };
        audit::write(&mut db, self.0.clock.now(), audit::Kind::CodeSent, user, id, None, note).await?;
        db.commit().await?;
        Ok(())
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
