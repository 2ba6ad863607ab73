//! Attempts that count against a limit: each is written before it is tried, so that no number of attempts at once can
//! pass it.

use sqlx::SqliteConnection;
use strum::IntoStaticStr;
use time::{Duration, OffsetDateTime};

use crate::rows::millis;
use crate::{RateLimits, StorageError, Subject, WriteKey};

/// What is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptKind {
    /// A password typed.
    Password,
    /// A code typed.
    Code,
    /// A code sent.
    CodeSent,
    /// A request sent to a phone: again, for a transaction, or for a sign-up.
    Push,
    /// A sign-up.
    SignUp,
    /// A code being asked about, of which there may be one at a time.
    Turn,
}

impl AttemptKind {
    /// The word for it in SQL.
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt(pub(crate) Vec<i64>);

/// The limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// How long until another attempt is allowed.
    pub retry_after: Duration,
}

impl Limit {
    /// The limit of a block: as many times the count, in the same window.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { count: self.count.saturating_mul(times.into()), ..self }
    }
}

impl RateLimits<'_> {
    /// Counts one attempt against several limits, or refuses it and counts it against none. It reads first, and writes
    /// nothing if an attempt is refused: strangers may try any number of times, and must not block writers.
    ///
    /// # Errors
    /// When the database cannot be read or written; the attempt must then not be made.
    pub async fn count(
        self,
        kind: AttemptKind,
        limits: &[(Subject, Limit)],
    ) -> Result<Result<Attempt, Limited>, StorageError> {
        let now = self.0.clock.now();
        if let Some(limited) = limited(&mut *self.0.read().acquire().await?, kind, limits, now).await? {
            return Ok(Err(limited));
        }
        let mut db = self.0.write(&subjects(limits)).await?;
        let counted = count(&mut db, kind, limits, now).await?;
        if counted.is_ok() {
            db.commit().await?;
        }
        Ok(counted)
    }

    /// Takes an attempt back: it was right, or never tried.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn take_back(self, attempt: Attempt) -> Result<(), StorageError> {
        let mut db = self.0.write(&[]).await?;
        forgive(&mut db, &attempt).await?;
        db.commit().await?;
        Ok(())
    }
}

/// The keys of a transaction that counts against these limits.
pub(crate) fn subjects(limits: &[(Subject, Limit)]) -> Vec<WriteKey<'_>> {
    limits.iter().map(|(subject, _)| WriteKey::Subject(subject)).collect()
}

/// Counts an attempt inside a transaction, or refuses it.
pub(crate) async fn count(
    db: &mut SqliteConnection,
    kind: AttemptKind,
    limits: &[(Subject, Limit)],
    now: OffsetDateTime,
) -> Result<Result<Attempt, Limited>, StorageError> {
    if let Some(limited) = limited(db, kind, limits, now).await? {
        return Ok(Err(limited));
    }
    let (kind, at) = (kind.word(), millis(now));
    let mut counted = Vec::with_capacity(limits.len());
    for (subject, _) in limits {
        let subject = subject.as_str();
        let inserted = sqlx::query_scalar!(
            "INSERT INTO attempts (kind, subject, at) VALUES ($1, $2, $3) RETURNING seq",
            kind,
            subject,
            at
        );
        counted.push(inserted.fetch_one(&mut *db).await?);
    }
    Ok(Ok(Attempt(counted)))
}

/// The longest wait among the limits that refuse an attempt, if any does.
pub(crate) async fn limited(
    db: &mut SqliteConnection,
    kind: AttemptKind,
    limits: &[(Subject, Limit)],
    now: OffsetDateTime,
) -> Result<Option<Limited>, StorageError> {
    let kind = kind.word();
    let mut longest = None;
    for (subject, limit) in limits {
        let (subject, since, before) = (subject.as_str(), millis(now - limit.window), limit.count - 1);
        let oldest = sqlx::query_scalar!(
            "SELECT at FROM attempts WHERE kind = $1 AND subject = $2 AND at > $3 ORDER BY at DESC LIMIT 1 OFFSET $4",
            kind,
            subject,
            since,
            before,
        )
        .fetch_optional(&mut *db)
        .await?;
        // A clock that was set back makes nobody wait for as long.
        longest = longest.max(oldest.map(|oldest| (oldest - since).min(millis(now) - since)));
    }
    Ok(longest.map(|wait| Limited { retry_after: Duration::milliseconds(wait) }))
}

/// Takes an attempt back inside a transaction.
pub(crate) async fn forgive(db: &mut SqliteConnection, attempt: &Attempt) -> Result<(), StorageError> {
    for seq in &attempt.0 {
        sqlx::query!("DELETE FROM attempts WHERE seq = $1", seq).execute(&mut *db).await?;
    }
    Ok(())
}
