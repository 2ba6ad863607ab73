//! Ending sessions: one, all others, or all of an account. Whatever an ended one still waited for is taken back with it.

use approval::{Approval, SessionId, UserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::rows::{millis, parse};
use crate::sessions::Session;
use crate::{PushRules, Sessions, StorageError, WriteKey, approvals, audit};

/// What is noted beside sessions that their owner ends from another one.
const BY_OWNER: &str = "ended by its owner";

/// Which sessions of an account end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// The one that asks for it: it signs out.
    Itself(SessionId),
    One(SessionId),
    /// A pending session over the cap. Only one with a request has a line in the audit trail, so a loop with a right
    /// password writes none.
    Surplus(SessionId),
    AllBut(SessionId),
    All,
}

/// What ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) sessions: usize,
    /// What they waited for, cancelled.
    pub(crate) cancelled: Vec<Approval>,
}

impl Sessions<'_> {
    /// Ends a session, and takes back what it still waits for; answers the approvals that were cancelled.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sign_out(self, session: &Session) -> Result<Vec<Approval>, StorageError> {
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        let cancelled = end_itself(&mut db, self.0.pushes, session, self.0.clock.now()).await?;
        db.commit().await?;
        Ok(cancelled)
    }

    /// Ends one live session of the account that `by` belongs to; answers the approvals that were cancelled. `None`:
    /// the account has no such session.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end(self, by: &Session, id: SessionId) -> Result<Option<Vec<Approval>>, StorageError> {
        let ended = self.end_some(by, Which::One(id), BY_OWNER).await?;
        Ok((ended.sessions > 0).then_some(ended.cancelled))
    }

    /// Ends all sessions of the account but `by`, pending ones too; answers the approvals that were cancelled.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_others(self, by: &Session) -> Result<Vec<Approval>, StorageError> {
        Ok(self.end_some(by, Which::AllBut(by.id), BY_OWNER).await?.cancelled)
    }

    async fn end_some(self, by: &Session, which: Which, note: &str) -> Result<Ended, StorageError> {
        let mut db = self.0.write(&[WriteKey::User(by.user)]).await?;
        // Whoever ends others has confirmed who they are: that says nothing about who rings.
        let ended = end_in(&mut db, None, by.user, which, self.0.clock.now(), note).await?;
        db.commit().await?;
        Ok(ended)
    }
}

/// Ends a session that signs out, inside a transaction. Whoever does may be a guesser who rings, so what is taken back with
/// it counts.
pub(crate) async fn end_itself(
    db: &mut SqliteConnection,
    rules: PushRules,
    session: &Session,
    now: OffsetDateTime,
) -> Result<Vec<Approval>, StorageError> {
    let which = Which::Itself(session.id);
    Ok(end_in(db, Some(rules), session.user, which, now, "signed out").await?.cancelled)
}

/// Ends live sessions inside a transaction.
pub(crate) async fn end_in(
    db: &mut SqliteConnection,
    rules: Option<PushRules>,
    user: UserId,
    which: Which,
    now: OffsetDateTime,
    note: &str,
) -> Result<Ended, StorageError> {
    let ids = match which {
        Which::Itself(id) | Which::One(id) | Which::Surplus(id) => end_one(db, user, id, now).await?,
        Which::AllBut(id) => end_all(db, user, Some(id), now).await?,
        Which::All => end_all(db, user, None, now).await?,
    };
    let kind = if matches!(which, Which::Itself(_)) { audit::Kind::SignedOut } else { audit::Kind::SessionEnded };
    let mut ended = Ended { sessions: ids.len(), cancelled: Vec::new() };
    for id in ids {
        let id = parse("sessions", &id)?;
        let cancelled = approvals::cancel_of_session(db, rules, id, now, note).await?;
        if !matches!(which, Which::Surplus(_)) || !cancelled.is_empty() {
            audit::write(db, now, kind, user, id, None, note).await?;
        }
        ended.cancelled.extend(cancelled);
    }
    Ok(ended)
}

/// Ends one session of the account, if it is live. Returns its id.
async fn end_one(
    db: &mut SqliteConnection,
    user: UserId,
    id: SessionId,
    now: OffsetDateTime,
) -> Result<Vec<String>, StorageError> {
    let (user, id, at) = (user.to_string(), id.to_string(), millis(now));
    let ended = sqlx::query_scalar!(
        r#"UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3
         RETURNING id AS "id!""#,
        id,
        user,
        at,
    );
    Ok(ended.fetch_all(db).await?)
}

/// Ends the live sessions of the account, except `but`. Returns their ids.
async fn end_all(
    db: &mut SqliteConnection,
    user: UserId,
    but: Option<SessionId>,
    now: OffsetDateTime,
) -> Result<Vec<String>, StorageError> {
    let (user, but, at) = (user.to_string(), but.map(|id| id.to_string()), millis(now));
    let ended = sqlx::query_scalar!(
        r#"UPDATE sessions SET ended_at = $2
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND (id <> $3 OR $3 IS NULL)
         RETURNING id AS "id!""#,
        user,
        at,
        but,
    );
    Ok(ended.fetch_all(db).await?)
}
