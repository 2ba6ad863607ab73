//! The audit trail: what happened to whom, in words that hold no secret.

use approval::{Approval, ApprovalId, SessionId, UserId};
use sqlx::SqliteConnection;
use strum::IntoStaticStr;
use time::{Duration, OffsetDateTime};

use crate::rows::{from_millis, millis};
use crate::{AttemptKind, AuditTrail, Limit, LimitName, StorageError, Subject, rate_limits};

/// One line of the audit trail, as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: OffsetDateTime,
    /// What happened, in one of a few words.
    pub kind: String,
    /// More about it.
    pub note: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Kind {
    ApprovalRequested,
    ApprovalReplaced,
    ApprovalDelivered,
    CallbackRefused,
    ApprovalCompleted,
    SignedInByCode,
    SignedOut,
    SessionEnded,
    PasswordChanged,
    PasswordReset,
    ResetLinkMade,
    NotMe,
    CodeSent,
    CodeWrong,
    FactorSwitchedOff,
    LimitReached,
}

impl Kind {
    /// The word for it in the table.
    fn word(self) -> &'static str {
        self.into()
    }
}

/// Writes a line about an approval.
pub(crate) async fn about(
    db: &mut SqliteConnection,
    at: OffsetDateTime,
    kind: Kind,
    approval: &Approval,
    note: &str,
) -> Result<(), StorageError> {
    write(db, at, kind, approval.user, approval.session, Some(approval.id), note).await
}

/// Writes a line about a session.
pub(crate) async fn write(
    db: &mut SqliteConnection,
    at: OffsetDateTime,
    kind: Kind,
    user: UserId,
    session: SessionId,
    approval: Option<ApprovalId>,
    note: &str,
) -> Result<(), StorageError> {
    let (at, kind) = (millis(at), kind.word());
    let (user, session, approval) = (user.to_string(), session.to_string(), approval.map(|id| id.to_string()));
    sqlx::query!(
        "INSERT INTO audit (at, kind, user_id, session_id, approval_id, note) VALUES ($1, $2, $3, $4, $5, $6)",
        at,
        kind,
        user,
        session,
        approval,
        note,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// While a limit is reached, one line in so long says so: a stranger's tries shall not fill the disk.
const LIMIT_AGAIN: Duration = Duration::minutes(10);

/// Writes a line about a limit that a session has reached; `false`: there is one already.
pub(crate) async fn limited(
    db: &mut SqliteConnection,
    now: OffsetDateTime,
    user: UserId,
    session: SessionId,
    limit: LimitName,
) -> Result<bool, StorageError> {
    let (kind, limit) = (Kind::LimitReached.word(), limit.word());
    let (at, since) = (millis(now), millis(now - LIMIT_AGAIN));
    let (user, session) = (user.to_string(), session.to_string());
    let written = sqlx::query!(
        "INSERT INTO audit (at, kind, user_id, session_id, note) SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS
            (SELECT 1 FROM audit WHERE user_id = $3 AND kind = $2 AND note = $5 AND at > $6)",
        at,
        kind,
        user,
        session,
        limit,
        since,
    );
    Ok(written.execute(db).await?.rows_affected() == 1)
}

/// True if the trail already has an entry that this limit was reached.
pub(crate) async fn says_limited(
    db: &mut SqliteConnection,
    now: OffsetDateTime,
    user: UserId,
    limit: LimitName,
) -> Result<bool, StorageError> {
    let (kind, limit) = (Kind::LimitReached.word(), limit.word());
    let (user, since) = (user.to_string(), millis(now - LIMIT_AGAIN));
    let written = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM audit WHERE user_id = $1 AND kind = $2 AND note = $3 AND at > $4) AS "is!: bool""#,
        user,
        kind,
        limit,
        since,
    );
    Ok(written.fetch_one(db).await?)
}

/// The same for an account of which only the address is known, if there is one: the work is the same if there is none.
/// So the limit is noted for the address as well, and not the audit trail but [`limit_is_noted`] says whether a refused
/// guess has to write.
pub(crate) async fn limited_by_email(
    db: &mut SqliteConnection,
    now: OffsetDateTime,
    email: &str,
    limit: LimitName,
) -> Result<(), StorageError> {
    let noted = rate_limits::count(db, AttemptKind::Password, &[noted(email)], now).await?;
    if noted.is_err() {
        return Ok(());
    }
    let (kind, limit, at) = (Kind::LimitReached.word(), limit.word(), millis(now));
    sqlx::query!(
        "INSERT INTO audit (at, kind, user_id, note) SELECT $1, $2, id, $4 FROM users
         WHERE email = $3 AND active_at IS NOT NULL",
        at,
        kind,
        email,
        limit,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// True if a refused guess at this address was noted lately, whether there is an account or not.
pub(crate) async fn limit_is_noted(
    db: &mut SqliteConnection,
    now: OffsetDateTime,
    email: &str,
) -> Result<bool, StorageError> {
    Ok(rate_limits::limited(db, AttemptKind::Password, &[noted(email)], now).await?.is_some())
}

fn noted(email: &str) -> (Subject, Limit) {
    (Subject::noted(email), Limit { count: 1, window: LIMIT_AGAIN })
}

/// Writes a line about an account, where no session is there to name.
pub(crate) async fn of_account(
    db: &mut SqliteConnection,
    at: OffsetDateTime,
    kind: Kind,
    user: UserId,
) -> Result<(), StorageError> {
    let (at, kind, user) = (millis(at), kind.word(), user.to_string());
    sqlx::query!("INSERT INTO audit (at, kind, user_id) VALUES ($1, $2, $3)", at, kind, user).execute(db).await?;
    Ok(())
}

impl AuditTrail<'_> {
    /// The audit trail of one account, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn of_account(self, user: UserId) -> Result<Vec<AuditRow>, StorageError> {
        let id = user.to_string();
        let rows = sqlx::query_as!(Line, "SELECT at, kind, note FROM audit WHERE user_id = $1 ORDER BY seq", id);
        rows.fetch_all(self.0.read()).await?.into_iter().map(AuditRow::try_from).collect()
    }

    /// The audit trail of one approval, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn of_approval(self, approval: ApprovalId) -> Result<Vec<AuditRow>, StorageError> {
        let id = approval.to_string();
        let rows = sqlx::query_as!(Line, "SELECT at, kind, note FROM audit WHERE approval_id = $1 ORDER BY seq", id);
        rows.fetch_all(self.0.read()).await?.into_iter().map(AuditRow::try_from).collect()
    }
}

/// A row of `audit`, as far as it is read back.
struct Line {
    at: i64,
    kind: String,
    note: Option<String>,
}

impl TryFrom<Line> for AuditRow {
    type Error = StorageError;

    fn try_from(line: Line) -> Result<Self, StorageError> {
        Ok(Self { at: from_millis("audit", line.at)?, kind: line.kind, note: line.note })
    }
}
