//! Ends the sessions of an account beyond its cap, inside the transaction that adds one.

use approval::{Approval, SessionId, UserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::ending::{Which, end_in};
use crate::rows::{millis, parse};
use crate::{SessionCaps, StorageError};

/// SQLite needs a limit before an offset; this one never applies.
const ALL: i64 = i64::MAX;

/// Ends the pending sessions of `user` beyond the cap, but not `but`; answers the approvals that were cancelled with
/// them. Somebody who knows only the password can begin many sessions, so a session whose request may ring stays first,
/// then one from a network where the account was confirmed, then the newest. No cancelled request counts as refused:
/// the client that waits for it did nothing.
pub(crate) async fn end_pending(
    db: &mut SqliteConnection,
    caps: SessionCaps,
    user: UserId,
    but: SessionId,
    now: OffsetDateTime,
) -> Result<Vec<Approval>, StorageError> {
    let (of, but, at, most) = (user.to_string(), but.to_string(), millis(now), i64::from(caps.pending));
    // The words of `Delivery::may_ring`. `INDEXED BY` is SQLite's own: without it, SQLite reads the sessions of all accounts
    // from the network.
    let surplus = sqlx::query_scalar!(
        "SELECT s.id FROM sessions s
         WHERE s.user_id = $1 AND s.confirmed_at IS NULL AND s.ended_at IS NULL AND s.expires_at > $2
         ORDER BY (s.id = $3) DESC,
            EXISTS (SELECT 1 FROM approvals a WHERE a.session_id = s.id AND a.status = 'pending'
                AND a.delivery IN ('sending', 'sent', 'unknown')) DESC,
            EXISTS (SELECT 1 FROM sessions k INDEXED BY sessions_by_network WHERE k.user_id = s.user_id AND k.network = s.network
                AND k.confirmed_at IS NOT NULL) DESC,
            s.created_at DESC, s.id DESC LIMIT $5 OFFSET $4",
        of,
        at,
        but,
        most,
        ALL,
    );
    let surplus = surplus.fetch_all(&mut *db).await?;
    end(db, user, &surplus, Which::Surplus, now, "too many sign-ins were waiting").await
}

/// Ends the least recently used confirmed sessions of `user` beyond the cap, but not `but`. A trigger announces what is
/// cancelled with them.
pub(crate) async fn end_confirmed(
    db: &mut SqliteConnection,
    caps: SessionCaps,
    user: UserId,
    but: SessionId,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (of, but, at, most) = (user.to_string(), but.to_string(), millis(now), i64::from(caps.confirmed));
    let surplus = sqlx::query_scalar!(
        "SELECT id FROM sessions
         WHERE user_id = $1 AND confirmed_at IS NOT NULL AND ended_at IS NULL AND expires_at > $3
         ORDER BY (id = $2) DESC, last_used_at DESC, id DESC LIMIT $5 OFFSET $4",
        of,
        but,
        at,
        most,
        ALL,
    );
    let surplus = surplus.fetch_all(&mut *db).await?;
    end(db, user, &surplus, Which::One, now, "too many browsers were signed in").await?;
    Ok(())
}

async fn end(
    db: &mut SqliteConnection,
    user: UserId,
    surplus: &[String],
    which: fn(SessionId) -> Which,
    now: OffsetDateTime,
    note: &str,
) -> Result<Vec<Approval>, StorageError> {
    let mut cancelled = Vec::new();
    for id in surplus {
        let one = which(parse("sessions", id)?);
        cancelled.extend(end_in(db, None, user, one, now, note).await?.cancelled);
    }
    Ok(cancelled)
}
