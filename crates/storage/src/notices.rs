//! Notices: what the owner of an account should know, until it is dismissed.

use approval::{SessionId, UserId};
use sqlx::SqliteConnection;
use strum::{EnumString, IntoStaticStr};
use time::OffsetDateTime;

use crate::rows::{from_millis, millis};
use crate::{Notices, StorageError};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum NoticeKind {
    /// Several requests in a row were denied or not answered: the phone is not asked any more.
    PushOff,
    /// Many codes in a row were wrong: none is taken any more.
    CodesOff,
    /// Somebody with the password typed so many wrong codes that no more were tried for a while.
    CodesGuessed,
    /// Somebody with the password was denied on the phone.
    SignInDenied,
    /// Nobody answered somebody with the password.
    SignInUnanswered,
}

impl NoticeKind {
    /// The word for it in SQL and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// What the owner of an account should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// What it is about.
    pub kind: NoticeKind,
    /// When it happened.
    pub at: OffsetDateTime,
    /// When it was over: what was switched off is on again.
    pub ended_at: Option<OffsetDateTime>,
    /// The browser of the sign-in, in words.
    pub browser: Option<String>,
    /// Where that was, in words.
    pub place: Option<String>,
}

/// How many are shown, newest first.
const SHOWN: i64 = 10;

impl Notices<'_> {
    /// What the owner of an account should know, newest first. A sign-in that nobody answered and that got in after all,
    /// by a code, is nothing to tell; one that was denied is, above all then.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list(self, user: UserId) -> Result<Vec<Notice>, StorageError> {
        const TABLE: &str = "notices";
        let user = user.to_string();
        let rows = sqlx::query!(
            "SELECT id, kind, at, ended_at, browser, place FROM notices
             WHERE user_id = $1 AND dismissed_at IS NULL AND NOT (kind = 'sign_in_unanswered' AND EXISTS
                (SELECT 1 FROM sessions WHERE sessions.id = notices.session_id AND confirmed_at IS NOT NULL))
             ORDER BY id DESC LIMIT $2",
            user,
            SHOWN,
        );
        let read = |word: &str| word.parse().ok();
        rows.fetch_all(self.0.read())
            .await?
            .into_iter()
            .map(|row| {
                Ok(Notice {
                    id: row.id,
                    kind: read(&row.kind).ok_or(StorageError::Corrupt { table: TABLE })?,
                    at: from_millis(TABLE, row.at)?,
                    ended_at: row.ended_at.map(|at| from_millis(TABLE, at)).transpose()?,
                    browser: row.browser,
                    place: row.place,
                })
            })
            .collect()
    }

    /// Shows a notice of this account no more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn dismiss(self, user: UserId, id: i64) -> Result<(), StorageError> {
        let (user, now) = (user.to_string(), millis(self.0.clock.now()));
        sqlx::query!("UPDATE notices SET dismissed_at = $3 WHERE id = $2 AND user_id = $1", user, id, now)
            .execute(self.0.once())
            .await?;
        Ok(())
    }
}

/// Writes a notice, with the browser and the place of the session it is about.
pub(crate) async fn write(
    db: &mut SqliteConnection,
    kind: NoticeKind,
    user: UserId,
    session: Option<SessionId>,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (kind, user, at, session) = (kind.word(), user.to_string(), millis(now), session.map(|id| id.to_string()));
    sqlx::query!(
        "INSERT INTO notices (user_id, kind, at, session_id, browser, place) VALUES ($1, $2, $3, $4,
            (SELECT browser FROM sessions WHERE id = $4), (SELECT place FROM sessions WHERE id = $4))",
        user,
        kind,
        at,
        session,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes that what notices of this kind told is over.
pub(crate) async fn end(
    db: &mut SqliteConnection,
    kind: NoticeKind,
    user: UserId,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (kind, user, at) = (kind.word(), user.to_string(), millis(now));
    sqlx::query!(
        "UPDATE notices SET ended_at = $3 WHERE user_id = $1 AND kind = $2 AND ended_at IS NULL",
        user,
        kind,
        at
    )
    .execute(db)
    .await?;
    Ok(())
}
