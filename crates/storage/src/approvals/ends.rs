//! How an approval gets its final status, inside a transaction or in one statement. Whether it may, [`transition`] says.

use approval::{Approval, Change, RequestId, SessionId, Status, transition};
use sqlx::{SqliteConnection, SqliteExecutor};
use time::OffsetDateTime;

use crate::rows::{ApprovalRow, millis};
use crate::{PushRules, StorageError, pushes};

/// Cancels whatever a session still waits for, inside a transaction. Without rules it is the owner of the account who
/// takes it back, which says nothing about who rings.
pub(crate) async fn cancel_of_session(
    db: &mut SqliteConnection,
    rules: Option<PushRules>,
    session: SessionId,
    now: OffsetDateTime,
    note: &str,
) -> Result<Vec<Approval>, StorageError> {
    let id = session.to_string();
    let rows = sqlx::query_as!(ApprovalRow, "SELECT * FROM approvals WHERE session_id = $1 AND status = 'pending'", id);
    let mut cancelled = Vec::new();
    for row in rows.fetch_all(&mut *db).await? {
        let mut approval = Approval::try_from(row)?;
        end_in(db, rules, &mut approval, Change::Cancel, now, note).await?;
        cancelled.push(approval);
    }
    Ok(cancelled)
}

/// Ends a pending approval inside a transaction. `false`: it had its final status already. Without rules the end says
/// nothing about who rings the phone, and does not count.
pub(crate) async fn end_in(
    db: &mut SqliteConnection,
    rules: Option<PushRules>,
    approval: &mut Approval,
    change: Change,
    now: OffsetDateTime,
    how: &str,
) -> Result<bool, StorageError> {
    let status = match transition(approval.status, change, now, approval.expires_at) {
        Ok(status) => status,
        Err(approval::Refused::TooLate) => Status::Expired,
        Err(approval::Refused::AlreadyFinal(_)) => return Ok(false),
    };
    let (id, word, at) = (approval.id.to_string(), status.word(), millis(now));
    let request = approval.request.as_ref().map(RequestId::as_str);
    let replaced_by = approval.replaced_by.map(|id| id.to_string());
    // A trigger writes the audit row.
    sqlx::query!(
        "UPDATE approvals
         SET version = version + 1, status = $2, decided_at = $3, decided_how = $4, request = $5, replaced_by = $6
         WHERE id = $1",
        id,
        word,
        at,
        how,
        request,
        replaced_by,
    )
    .execute(&mut *db)
    .await?;
    ended(approval, status, now);
    if let Some(rules) = rules {
        pushes::ended(db, rules, approval, now).await?;
    }
    Ok(true)
}

/// Approves in one statement, with which triggers write the audit row and the announcement: a pending approval that has
/// not changed since it was read, of an account that never had trouble with a factor or is over it. `false`: it is not as
/// simple as that, and nothing has happened.
pub(crate) async fn approve_at_once(
    db: impl SqliteExecutor<'_>,
    approval: &mut Approval,
    now: OffsetDateTime,
    how: &str,
) -> Result<bool, StorageError> {
    let (id, word, at) = (approval.id.to_string(), Status::Approved.word(), millis(now));
    let request = approval.request.as_ref().map(RequestId::as_str);
    let done = sqlx::query!(
        "UPDATE approvals
         SET version = version + 1, status = $3, decided_at = $4, decided_how = $5, request = $6
         WHERE id = $1 AND version = $2 AND status = 'pending' AND NOT EXISTS (
            SELECT 1 FROM factors WHERE factors.user_id = approvals.user_id
                AND (wrong_codes > 0 OR codes_off_at IS NOT NULL
                    OR refused_pushes > 0 OR push_refused_at IS NOT NULL OR push_off_at IS NOT NULL))",
        id,
        approval.version,
        word,
        at,
        how,
        request,
    );
    let done = done.execute(db).await?.rows_affected() > 0;
    if done {
        ended(approval, Status::Approved, now);
    }
    Ok(done)
}

/// The same in memory.
fn ended(approval: &mut Approval, status: Status, now: OffsetDateTime) {
    approval.version += 1;
    approval.status = status;
    approval.decided_at = Some(now);
}
