//! The sessions of an account as its owner is shown them: those that are live, and the sign-ins of the past.

use approval::SessionId;
use time::OffsetDateTime;

use crate::rows::{from_millis, millis, parse};
use crate::sessions::{ConfirmedBy, Session};
use crate::{Sessions, StorageError};

/// A live session, pending or confirmed.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// Its id.
    pub id: SessionId,
    /// The browser, in words.
    pub browser: String,
    /// Where it was begun, in words.
    pub place: String,
    /// When it was begun.
    pub created_at: OffsetDateTime,
    /// When it was confirmed; `None` while pending.
    pub confirmed_at: Option<OffsetDateTime>,
    /// By what kind of proof.
    pub confirmed_by: Option<ConfirmedBy>,
    /// When it was used last, to the minute.
    pub last_used_at: OffsetDateTime,
    /// When it ends unless it is used.
    pub expires_at: OffsetDateTime,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// A past sign-in, for the account page.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// When it was confirmed.
    pub at: OffsetDateTime,
    /// The browser, in words.
    pub browser: String,
    /// Where, in words.
    pub place: String,
    /// How.
    pub by: ConfirmedBy,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// At most this many sessions are listed. An account has fewer, unless an operator allows very many requests on a
/// phone.
pub const LISTED_SESSIONS: u32 = 100;

impl Sessions<'_> {
    /// The live sessions of the account that `session` belongs to: itself first, then by last use, newest first;
    /// at most [`LISTED_SESSIONS`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn live(self, session: &Session) -> Result<Vec<LiveSession>, StorageError> {
        const TABLE: &str = "sessions";
        let (user, id, now) = (session.user.to_string(), session.id.to_string(), millis(self.0.clock.now()));
        let most = i64::from(LISTED_SESSIONS);
        let rows = sqlx::query!(
            r#"SELECT id, browser, place, created_at, confirmed_at, confirmed_by, last_used_at, expires_at, (id = $2) AS "current!: bool"
             FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3
             ORDER BY (id = $2) DESC, last_used_at DESC, id DESC LIMIT $4"#,
            user,
            id,
            now,
            most,
        )
        .fetch_all(self.0.read())
        .await?;
        let listed = rows.into_iter().map(|row| {
            Ok(LiveSession {
                id: parse(TABLE, &row.id)?,
                browser: row.browser,
                place: row.place,
                created_at: from_millis(TABLE, row.created_at)?,
                confirmed_at: row.confirmed_at.map(|at| from_millis(TABLE, at)).transpose()?,
                confirmed_by: row.confirmed_by.map(|word| ConfirmedBy::read(&word)).transpose()?,
                last_used_at: from_millis(TABLE, row.last_used_at)?,
                expires_at: from_millis(TABLE, row.expires_at)?,
                current: row.current,
            })
        });
        listed.collect()
    }

    /// The last confirmed sign-ins of the account that `session` belongs to, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recent_sign_ins(self, session: &Session) -> Result<Vec<SignIn>, StorageError> {
        let (user, id) = (session.user.to_string(), session.id.to_string());
        let rows = sqlx::query!(
            r#"SELECT confirmed_at AS "confirmed_at!", confirmed_by AS "confirmed_by!", browser, place, (id = $2) AS "current!: bool"
             FROM sessions WHERE user_id = $1 AND confirmed_at IS NOT NULL ORDER BY confirmed_at DESC LIMIT 10"#,
            user,
            id,
        )
        .fetch_all(self.0.read())
        .await?;
        rows.into_iter()
            .map(|row| {
                let by = ConfirmedBy::read(&row.confirmed_by)?;
                let at = from_millis("sessions", row.confirmed_at)?;
                Ok(SignIn { at, browser: row.browser, place: row.place, by, current: row.current })
            })
            .collect()
    }
}
