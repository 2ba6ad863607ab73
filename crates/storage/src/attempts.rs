//! Attempts that count against a limit: each is written before it is tried, so that no number of attempts at once can
//! pass it.

use time::Duration;

use crate::rows::millis;
use crate::{Storage, StorageError};

/// What is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptKind {
    /// A password.
    Password,
    /// A code typed.
    Code,
    /// A code sent.
    CodeSent,
    /// A push asked for again.
    Push,
}

/// How many attempts are allowed in how long.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// This many…
    pub count: i64,
    /// …in this long.
    pub window: Duration,
}

/// An attempt that was counted and may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt(i64);

/// The limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// How long until another attempt is allowed; a second at least.
    pub retry_after: Duration,
}

impl AttemptKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::CodeSent => "code_sent",
            Self::Push => "push",
        }
    }
}

impl Storage {
    /// Counts an attempt of `subject`, or refuses it.
    ///
    /// # Errors
    /// When the database cannot be read or written; the attempt must then not be made.
    pub async fn count_attempt(
        &self,
        kind: AttemptKind,
        subject: &str,
        limit: Limit,
    ) -> Result<Result<Attempt, Limited>, StorageError> {
        let now = self.clock.now();
        let (kind, at, since) = (kind.word(), millis(now), millis(now - limit.window));
        let mut db = self.write().await?;
        let oldest = sqlx::query_scalar!(
            "SELECT at FROM attempts WHERE kind = $1 AND subject = $2 AND at > $3 ORDER BY at DESC LIMIT 1 OFFSET $4",
            kind,
            subject,
            since,
            limit.count - 1,
        )
        .fetch_optional(&mut *db)
        .await?;
        if let Some(oldest) = oldest {
            let wait = Duration::milliseconds(oldest - since).max(Duration::SECOND);
            return Ok(Err(Limited { retry_after: wait }));
        }
        let inserted = sqlx::query!("INSERT INTO attempts (kind, subject, at) VALUES ($1, $2, $3)", kind, subject, at)
            .execute(&mut *db)
            .await?;
        db.commit().await?;
        Ok(Ok(Attempt(inserted.last_insert_rowid())))
    }

    /// Takes an attempt back: it was right, or never tried.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forgive(&self, attempt: Attempt) -> Result<(), StorageError> {
        sqlx::query!("DELETE FROM attempts WHERE seq = $1", attempt.0).execute(&self.writer).await?;
        Ok(())
    }
}
