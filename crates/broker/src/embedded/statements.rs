//! Every statement on the file. Each is one round trip, and each that settles names the hand-out it settles, so that
//! a consumer whose lease ran out changes nothing.

use approval::MessageId;
use bytes::Bytes;
use sqlx::{SqliteConnection, query, query_as, query_scalar};
use time::OffsetDateTime;

use crate::{DeadLetter, Message};

/// A message as it is handed out.
pub(super) struct Taken {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) schema: String,
    pub(super) payload: Bytes,
    pub(super) attempt: u32,
    pub(super) published_at: i64,
}

/// Begins a transaction. Like its two ends a statement about no table, which no table can check.
pub(super) async fn begin(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN").execute(db).await?;
    Ok(())
}

/// From `Ok` on, the transaction is on the disk.
pub(super) async fn commit(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("COMMIT").execute(db).await?;
    Ok(())
}

/// Takes the transaction back; an error when there is none.
pub(super) async fn roll_back(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("ROLLBACK").execute(db).await?;
    Ok(())
}

/// Commits a page as it was, to see whether the disk takes a commit. The file has no version but those of its migrations.
pub(super) async fn try_commit(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("PRAGMA user_version = 0").execute(db).await?;
    Ok(())
}

/// How many pages the file can still fill: those it may grow by, and those that were emptied.
pub(super) async fn room(db: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let limit: i64 = query_scalar("PRAGMA max_page_count").fetch_one(&mut *db).await?;
    let pages: i64 = query_scalar("PRAGMA page_count").fetch_one(&mut *db).await?;
    let empty: i64 = query_scalar("PRAGMA freelist_count").fetch_one(db).await?;
    Ok(limit - pages + empty)
}

/// Stores a message with the hand-outs it has had so far. Its place in the log; `None` when its id is known.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    message: &Message,
    now: i64,
    due_at: i64,
    attempts: u32,
) -> Result<Option<i64>, sqlx::Error> {
    let (id, payload) = (message.id.as_str(), &message.payload[..]);
    let stored = query!(
        "INSERT INTO messages (id, subject, schema, payload, attempts, published_at, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
        id,
        message.subject,
        message.schema,
        payload,
        attempts,
        now,
        due_at
    )
    .execute(db)
    .await?;
    Ok((stored.rows_affected() == 1).then(|| stored.last_insert_rowid()))
}

/// Stores a message as a dead letter.
pub(super) async fn bury(
    db: &mut SqliteConnection,
    message: &Message,
    now: i64,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let (id, payload) = (message.id.as_str(), &message.payload[..]);
    let stored = query!(
        "INSERT INTO messages (id, subject, schema, payload, attempts, published_at, due_at, settled_at, reason)
         VALUES ($1, $2, $3, $4, 0, $5, $5, $5, $6) ON CONFLICT (id) DO NOTHING",
        id,
        message.subject,
        message.schema,
        payload,
        now,
        reason
    )
    .execute(db)
    .await?;
    Ok(stored.rows_affected() == 1)
}

/// Takes the message that is due first: counts the hand-out and keeps the message from others until `lease_end`.
pub(super) async fn take(db: &mut SqliteConnection, now: i64, lease_end: i64) -> Result<Option<Taken>, sqlx::Error> {
    query_as!(
        Taken,
        r#"UPDATE messages SET attempts = attempts + 1, due_at = $2
           WHERE seq = (SELECT seq FROM messages
                        WHERE settled_at IS NULL AND due_at <= $1 ORDER BY due_at, seq LIMIT 1)
           RETURNING seq, id, subject, schema, payload AS "payload: Vec<u8>", attempts AS "attempt: u32", published_at"#,
        now,
        lease_end
    )
    .fetch_optional(db)
    .await
}

/// When the next unsettled message is due.
pub(super) async fn next_due(db: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
    query_scalar!("SELECT due_at FROM messages WHERE settled_at IS NULL ORDER BY due_at LIMIT 1")
        .fetch_optional(db)
        .await
}

/// Undoes a hand-out that reached nobody.
pub(super) async fn untake(db: &mut SqliteConnection, seq: i64, attempt: u32, now: i64) -> Result<bool, sqlx::Error> {
    let changed = query!(
        "UPDATE messages SET attempts = attempts - 1, due_at = $3
         WHERE seq = $1 AND attempts = $2 AND settled_at IS NULL",
        seq,
        attempt,
        now
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Puts a message back, to be due at `due_at`.
pub(super) async fn postpone(
    db: &mut SqliteConnection,
    seq: i64,
    attempt: u32,
    due_at: i64,
) -> Result<bool, sqlx::Error> {
    let changed = query!(
        "UPDATE messages SET due_at = $3 WHERE seq = $1 AND attempts = $2 AND settled_at IS NULL",
        seq,
        attempt,
        due_at
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// A message is dealt with: only its id stays.
pub(super) async fn finish(db: &mut SqliteConnection, seq: i64, attempt: u32, now: i64) -> Result<bool, sqlx::Error> {
    let changed = query!(
        "UPDATE messages SET settled_at = $3, payload = x'' WHERE seq = $1 AND attempts = $2 AND settled_at IS NULL",
        seq,
        attempt,
        now
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// A message becomes a dead letter.
pub(super) async fn park(
    db: &mut SqliteConnection,
    seq: i64,
    attempt: u32,
    now: i64,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let changed = query!(
        "UPDATE messages SET settled_at = $3, reason = $4 WHERE seq = $1 AND attempts = $2 AND settled_at IS NULL",
        seq,
        attempt,
        now,
        reason
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// A message is dealt with, and not even its id stays.
pub(super) async fn delete(db: &mut SqliteConnection, seq: i64, attempt: u32) -> Result<bool, sqlx::Error> {
    let changed = query!("DELETE FROM messages WHERE seq = $1 AND attempts = $2 AND settled_at IS NULL", seq, attempt)
        .execute(db)
        .await?;
    Ok(changed.rows_affected() == 1)
}

/// The dead letters, oldest first.
pub(super) async fn dead_letters(db: &mut SqliteConnection) -> Result<Vec<DeadLetter>, sqlx::Error> {
    let rows = query!(
        r#"SELECT seq, id, subject, schema, payload, reason AS "reason!", published_at
           FROM messages WHERE reason IS NOT NULL ORDER BY seq"#
    )
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| DeadLetter {
            number: row.seq.unsigned_abs(),
            id: named(&row.id),
            subject: row.subject,
            schema: row.schema,
            payload: row.payload.into(),
            reason: row.reason,
            published_at: time(row.published_at),
        })
        .collect())
}

/// A dead letter is delivered again, as if it were new.
pub(super) async fn revive(db: &mut SqliteConnection, seq: i64, now: i64) -> Result<bool, sqlx::Error> {
    let changed = query!(
        "UPDATE messages SET settled_at = NULL, reason = NULL, attempts = 0, due_at = $2
         WHERE seq = $1 AND reason IS NOT NULL",
        seq,
        now
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// A dead letter is kept elsewhere.
pub(super) async fn drop_letter(db: &mut SqliteConnection, seq: i64) -> Result<bool, sqlx::Error> {
    let changed = query!("DELETE FROM messages WHERE seq = $1 AND reason IS NOT NULL", seq).execute(db).await?;
    Ok(changed.rows_affected() == 1)
}

/// How many messages are neither dealt with nor dead, and how many are dead.
pub(super) async fn count(db: &mut SqliteConnection) -> Result<(u64, u64), sqlx::Error> {
    let row = query!(
        r#"SELECT (SELECT count(*) FROM messages WHERE settled_at IS NULL) AS "waiting!: i64",
                  (SELECT count(*) FROM messages WHERE reason IS NOT NULL) AS "dead!: i64""#
    )
    .fetch_one(db)
    .await?;
    Ok((row.waiting.unsigned_abs(), row.dead.unsigned_abs()))
}

/// Forgets at most `limit` messages that were dealt with before `before`. Dead letters are never forgotten.
pub(super) async fn forget(db: &mut SqliteConnection, before: i64, limit: u32) -> Result<(), sqlx::Error> {
    query!(
        "DELETE FROM messages WHERE seq IN (SELECT seq FROM messages
         WHERE settled_at < $1 AND reason IS NULL ORDER BY settled_at LIMIT $2)",
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes everything unsettled due at once, in the order of the log: whoever had it is gone with the last process.
pub(super) async fn release_all(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    query!("UPDATE messages SET due_at = 0 WHERE settled_at IS NULL").execute(db).await?;
    Ok(())
}

/// The id of a row. Only ids are ever written there; of anything else the name would be as good as any.
pub(super) fn named(id: &str) -> MessageId {
    id.parse().unwrap_or_else(|_| MessageId::of(id.as_bytes()))
}

/// Unix milliseconds.
pub(super) fn millis(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The time of Unix milliseconds.
pub(super) fn time(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
