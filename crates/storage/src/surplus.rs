//! Ends the sessions of an account beyond its cap, inside the transaction that adds one.

use approval::{Approval, SessionId, UserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::ending::{Which, end_in};
use crate::rows::{millis, parse};
use crate::{PushRules, SessionCaps, StorageError};

/// Ends the oldest pending sessions of `user` beyond the cap; returns the approvals that were cancelled with them. A
/// cancelled request counts as refused, because it may come from somebody who knows only the password.
pub(crate) async fn end_pending(
    db: &mut SqliteConnection,
    caps: SessionCaps,
    rules: PushRules,
    user: UserId,
    now: OffsetDateTime,
) -> Result<Vec<Approval>, StorageError> {
    let (of, at) = (user.to_string(), millis(now));
    let surplus = sqlx::query_scalar!(
        "SELECT id FROM sessions WHERE user_id = $1 AND confirmed_at IS NULL AND ended_at IS NULL AND expires_at > $2
         ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET $3",
        of,
        at,
        caps.pending,
    );
    let surplus = surplus.fetch_all(&mut *db).await?;
    end(db, Some(rules), user, &surplus, now, "too many sign-ins were waiting").await
}

/// Ends the least recently used confirmed sessions of `user` beyond the cap, but not `but`.
pub(crate) async fn end_confirmed(
    db: &mut SqliteConnection,
    caps: SessionCaps,
    user: UserId,
    but: SessionId,
    now: OffsetDateTime,
) -> Result<Vec<Approval>, StorageError> {
    let (of, but, at) = (user.to_string(), but.to_string(), millis(now));
    let surplus = sqlx::query_scalar!(
        "SELECT id FROM sessions
         WHERE user_id = $1 AND confirmed_at IS NOT NULL AND ended_at IS NULL AND expires_at > $3
         ORDER BY (id = $2) DESC, last_used_at DESC, id DESC LIMIT -1 OFFSET $4",
        of,
        but,
        at,
        caps.confirmed,
    );
    let surplus = surplus.fetch_all(&mut *db).await?;
    end(db, None, user, &surplus, now, "too many browsers were signed in").await
}

async fn end(
    db: &mut SqliteConnection,
    rules: Option<PushRules>,
    user: UserId,
    surplus: &[String],
    now: OffsetDateTime,
    note: &str,
) -> Result<Vec<Approval>, StorageError> {
    let mut cancelled = Vec::new();
    for id in surplus {
        let one = Which::One(parse("sessions", id)?);
        cancelled.extend(end_in(db, rules, user, one, now, note).await?.cancelled);
    }
    Ok(cancelled)
}
