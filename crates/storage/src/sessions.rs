//! Sessions: pending after the password, confirmed by a proof, ended by time, or as `ending` has it.

mod session;

use approval::{Secret, SessionId, UserId};
use session::SessionRow;
pub use session::{Confirmation, Invitation, Session, Via};
use sqlx::SqliteConnection;
use strum::{EnumString, IntoStaticStr};
use time::{Duration, OffsetDateTime};

use crate::rows::{in_millis, millis};
use crate::{Sessions, StorageError, TokenHash};

/// How much older than it is the last use of a session may look.
const USE: Duration = Duration::MINUTE;

/// A session to begin, pending.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The hash of its token.
    pub token: TokenHash,
    /// The browser, in words.
    pub browser: String,
    /// Where it was begun, in words.
    pub place: String,
    /// The network it was begun from: what of a browser's address counts.
    pub network: String,
    /// When it ends unless it is confirmed.
    pub expires_at: OffsetDateTime,
}

/// What confirmed a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ConfirmedBy {
    /// A tap on the phone.
    Approval,
    /// A typed code.
    Code,
}

impl Sessions<'_> {
    /// The live session that this token opens. Using the current token ends the validity of the previous one, and
    /// counts as a use of the session. A use is written at most once a minute, and skipped if the database cannot be
    /// written. An expired session is marked as ended, so that a clock that is set back does not revive it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn find(self, token: TokenHash) -> Result<Option<Session>, StorageError> {
        let now = millis(self.0.clock.now());
        let token = token.0.as_slice();
        let row = sqlx::query_as!(
            SessionRow,
            r#"SELECT s.id, s.user_id, u.full_name, u.email, u.phone, u.provider_user, s.confirmed_at, s.proof,
                s.expires_at, s.code_sent_by, s.code_trouble, s.replaced_until,
                s.last_used_at, u.password_set_at, (u.password_doubted_at IS NOT NULL) AS "password_doubted!: bool",
                (s.token_hash = $1) AS "current!: bool", u.invitation,
                (u.active_at IS NOT NULL) AS "active!: bool"
             FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE (s.token_hash = $1 OR (s.replaced_token_hash = $1 AND s.replaced_until > $2))
                AND s.ended_at IS NULL"#,
            token,
            now,
        )
        .fetch_optional(self.0.read())
        .await?;
        let Some(mut row) = row else { return Ok(None) };
        if row.expires_at <= now {
            // If nothing can be written now, the sweep marks it.
            let _ = self.write_end(&row.id, now).await;
            return Ok(None);
        }
        let used = row.confirmed_at.is_some() && row.last_used_at <= now - in_millis(USE);
        if row.current && (used || row.replaced_until.is_some()) {
            // Who may read is not turned away because nothing can be written; the next look writes it.
            row.expires_at = self.write_use(&row.id, now).await.ok().flatten().unwrap_or(row.expires_at);
        }
        row.try_into().map(Some)
    }

    /// Marks an expired session as ended.
    async fn write_end(self, id: &str, now: i64) -> Result<(), StorageError> {
        sqlx::query!(
            "UPDATE sessions SET ended_at = expires_at WHERE id = $1 AND ended_at IS NULL AND expires_at <= $2",
            id,
            now
        )
        .execute(self.0.once())
        .await?;
        Ok(())
    }

    /// Writes that a session is used; answers when it ends now, unless somebody else has just written it.
    async fn write_use(self, id: &str, now: i64) -> Result<Option<i64>, StorageError> {
        let before = now - in_millis(USE);
        let ends = sqlx::query_scalar!(
            "UPDATE sessions SET replaced_token_hash = NULL, replaced_until = NULL, last_used_at = $2,
                expires_at = CASE WHEN idle_for IS NULL THEN expires_at WHEN ends_at < $2 + idle_for THEN ends_at
                    ELSE $2 + idle_for END
             WHERE id = $1 AND ended_at IS NULL AND (last_used_at <= $3 OR replaced_until IS NOT NULL)
             RETURNING expires_at",
            id,
            now,
            before,
        );
        Ok(ends.fetch_optional(self.0.once()).await?)
    }

    /// Whether a session is live and confirmed, whichever token opens it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_confirmed(self, id: SessionId) -> Result<bool, StorageError> {
        let (id, now) = (id.to_string(), millis(self.0.clock.now()));
        let confirmed = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM sessions
                WHERE id = $1 AND confirmed_at IS NOT NULL AND ended_at IS NULL AND expires_at > $2) AS "is!: bool""#,
            id,
            now,
        );
        Ok(confirmed.fetch_one(self.0.read()).await?)
    }

    /// The phone of a session's account, in E.164, and the network the session was begun from.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn origin(self, id: SessionId) -> Result<Option<(Secret, Option<String>)>, StorageError> {
        let id = id.to_string();
        let row = sqlx::query!(
            "SELECT u.phone, s.network FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1",
            id
        );
        Ok(row.fetch_optional(self.0.read()).await?.map(|row| (Secret::new(row.phone), row.network)))
    }
}

impl ConfirmedBy {
    /// The word for it in SQL.
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }

    pub(crate) fn read(word: &str) -> Result<Self, StorageError> {
        word.parse().map_err(|_| StorageError::Corrupt { table: "sessions" })
    }
}

pub(crate) async fn insert(
    db: &mut SqliteConnection,
    session: &NewSession,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (id, user, token) = (session.id.to_string(), session.user.to_string(), session.token.0.as_slice());
    let (created_at, expires_at) = (millis(now), millis(session.expires_at));
    sqlx::query!(
        "INSERT INTO sessions (id, user_id, token_hash, browser, place, network, created_at, expires_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7)",
        id,
        user,
        token,
        session.browser,
        session.place,
        session.network,
        created_at,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a session may still have something that it asks, or asked, for at `asked_at`: it has not ended, and the
/// password is the one of then. A password set in the future was set before the clock was set back. It does not count:
/// setting it has already cancelled everything pending.
pub(crate) async fn may_have(
    db: &mut SqliteConnection,
    session: SessionId,
    asked_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let (id, asked_at, now) = (session.to_string(), millis(asked_at), millis(now));
    let live = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
            WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $3
                AND (u.password_set_at IS NULL OR u.password_set_at <= $2 OR u.password_set_at > $3)) AS "is!: bool""#,
        id,
        asked_at,
        now,
    );
    Ok(live.fetch_one(db).await?)
}
