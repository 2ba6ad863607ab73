//! Sessions: pending after the password, confirmed by a proof, ended by sign-out or time.

use std::fmt;

use approval::{Approval, Channel, ProviderUserId, Secret, SessionId, UserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::rows::{from_millis, millis, parse};
use crate::{Storage, StorageError, approvals, audit};

/// SHA-256 of a session's token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

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

/// A live session and its account.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The account's name.
    pub full_name: String,
    /// The account's address.
    pub email: String,
    /// The account's phone, E.164.
    pub phone: Secret,
    /// Whom the provider knows by this phone.
    pub provider_user: ProviderUserId,
    /// Whether the account is active; while it is not, the session is a sign-up's.
    pub active: bool,
    /// When it was confirmed; `None` while pending.
    pub confirmed_at: Option<OffsetDateTime>,
    /// What confirmed it.
    pub proof: Option<String>,
    /// By what kind of proof.
    pub confirmed_by: Option<ConfirmedBy>,
    /// The browser, in words.
    pub browser: String,
    /// Where it was begun, in words.
    pub place: String,
    /// When it was begun.
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    pub expires_at: OffsetDateTime,
    /// How the last code was sent.
    pub code_sent_by: Option<Channel>,
    /// Whether the last code could not be sent.
    pub code_trouble: bool,
    /// Which token was shown for it.
    pub via: Via,
}

/// Which token of a session was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The one in force.
    Current,
    /// The one before, within its minute: it may only repeat the proof that replaced it.
    Replaced,
}

/// What confirmed a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmedBy {
    /// A tap on the phone.
    Approval,
    /// A typed code.
    Code,
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

impl Storage {
    /// The live session that this token opens. Showing the token in force ends the minute of the one before.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn session(&self, token: TokenHash) -> Result<Option<Session>, StorageError> {
        let now = millis(self.clock.now());
        let token = token.0.as_slice();
        let row = sqlx::query_as!(
            SessionRow,
            r#"SELECT s.id, s.user_id, u.full_name, u.email, u.phone, u.provider_user, s.confirmed_at, s.proof, s.confirmed_by,
                s.browser, s.place, s.created_at, s.expires_at, s.code_sent_by, s.code_trouble, s.replaced_until,
                (s.token_hash = $1) AS "current!: bool",
                (u.active_at IS NOT NULL) AS "active!: bool"
             FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE (s.token_hash = $1 OR (s.replaced_token_hash = $1 AND s.replaced_until > $2))
                AND s.ended_at IS NULL AND s.expires_at > $2"#,
            token,
            now,
        )
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.current && row.replaced_until.is_some() {
            sqlx::query!("UPDATE sessions SET replaced_token_hash = NULL, replaced_until = NULL WHERE id = $1", row.id)
                .execute(&self.writer)
                .await?;
        }
        row.try_into().map(Some)
    }

    /// Ends a session, and takes back what it still waits for; answers the approvals that were cancelled.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sign_out(&self, session: &Session) -> Result<Vec<Approval>, StorageError> {
        let now = self.clock.now();
        let (id, at) = (session.id.to_string(), millis(now));
        let mut db = self.write().await?;
        sqlx::query!("UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", id, at)
            .execute(&mut *db)
            .await?;
        audit::write(&mut db, now, audit::Kind::SignedOut, session.user, session.id, None, "").await?;
        let cancelled = approvals::cancel_of_session(&mut db, self.pushes, session.id, now, "signed out").await?;
        db.commit().await?;
        Ok(cancelled)
    }

    /// The phone of a session's account, in E.164, and the network the session was begun from.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn phone_and_network(&self, id: SessionId) -> Result<Option<(Secret, Option<String>)>, StorageError> {
        let id = id.to_string();
        let row = sqlx::query!(
            "SELECT u.phone, s.network FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1",
            id
        );
        Ok(row.fetch_optional(&self.reader).await?.map(|row| (Secret::new(row.phone), row.network)))
    }

    /// Writes that a code was sent for a session, or could not be.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn code_sent(&self, id: SessionId, user: UserId, by: Channel, sent: bool) -> Result<(), StorageError> {
        let (session, word, trouble) = (id.to_string(), by.word(), i64::from(!sent));
        let mut db = self.write().await?;
        sqlx::query!("UPDATE sessions SET code_sent_by = $2, code_trouble = $3 WHERE id = $1", session, word, trouble)
            .execute(&mut *db)
            .await?;
        let note = if sent { word } else { "not sent" };
        audit::write(&mut db, self.clock.now(), audit::Kind::CodeSent, user, id, None, note).await?;
        db.commit().await?;
        Ok(())
    }

    /// The last confirmed sign-ins of the account that `session` belongs to, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recent_sign_ins(&self, session: &Session) -> Result<Vec<SignIn>, StorageError> {
        let (user, id) = (session.user.to_string(), session.id.to_string());
        let rows = sqlx::query!(
            r#"SELECT confirmed_at AS "confirmed_at!", confirmed_by AS "confirmed_by!", browser, place, (id = $2) AS "current!: bool"
             FROM sessions WHERE user_id = $1 AND confirmed_at IS NOT NULL ORDER BY confirmed_at DESC LIMIT 10"#,
            user,
            id,
        )
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter()
            .map(|row| {
                let by = ConfirmedBy::from_word(&row.confirmed_by);
                let at = from_millis("sessions", row.confirmed_at)?;
                Ok(SignIn { at, browser: row.browser, place: row.place, by, current: row.current })
            })
            .collect()
    }
}

struct SessionRow {
    id: String,
    user_id: String,
    full_name: String,
    email: String,
    phone: String,
    provider_user: String,
    confirmed_at: Option<i64>,
    proof: Option<String>,
    confirmed_by: Option<String>,
    browser: String,
    place: String,
    created_at: i64,
    expires_at: i64,
    code_sent_by: Option<String>,
    code_trouble: i64,
    replaced_until: Option<i64>,
    current: bool,
    active: bool,
}

impl TryFrom<SessionRow> for Session {
    type Error = StorageError;

    fn try_from(row: SessionRow) -> Result<Self, StorageError> {
        const TABLE: &str = "sessions";
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            user: parse(TABLE, &row.user_id)?,
            full_name: row.full_name,
            email: row.email,
            phone: Secret::new(row.phone),
            active: row.active,
            provider_user: ProviderUserId(row.provider_user),
            confirmed_at: row.confirmed_at.map(|at| from_millis(TABLE, at)).transpose()?,
            proof: row.proof,
            confirmed_by: row.confirmed_by.map(|word| ConfirmedBy::from_word(&word)),
            browser: row.browser,
            place: row.place,
            created_at: from_millis(TABLE, row.created_at)?,
            expires_at: from_millis(TABLE, row.expires_at)?,
            code_sent_by: row.code_sent_by.map(|word| parse(TABLE, &word)).transpose()?,
            code_trouble: row.code_trouble != 0,
            via: if row.current { Via::Current } else { Via::Replaced },
        })
    }
}

impl ConfirmedBy {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Code => "code",
        }
    }

    /// The column takes no third word.
    fn from_word(word: &str) -> Self {
        if word == "code" { Self::Code } else { Self::Approval }
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
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
        "INSERT INTO sessions (id, user_id, token_hash, browser, place, network, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
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
