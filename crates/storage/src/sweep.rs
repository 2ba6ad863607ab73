//! Sweeping out what has served its time.

use time::Duration;

use crate::rows::millis;
use crate::{Storage, StorageError};

/// A sign-up whose phone was not proven within this time ends.
const SIGN_UP: Duration = Duration::minutes(15);
/// An accepted code is remembered this long; the provider accepts none for longer.
const USED_CODE: Duration = Duration::minutes(10);
/// No limit looks further back than this.
const ATTEMPT: Duration = Duration::hours(1);
/// Ended sessions stay this long in the list of recent sign-ins.
const SESSION: Duration = Duration::days(90);
/// Notices stay as long.
const NOTICE: Duration = Duration::days(90);
/// Sessions that never were confirmed stay this long, for late callbacks to find their approvals.
const UNCONFIRMED: Duration = Duration::days(1);

/// How many rows of one kind go in one round. Whoever wants to write meanwhile waits for a round to end.
const ROUND: u32 = 100;

impl Storage {
    /// Takes attempts of the future for attempts of now: the clock was set back, and they would count for as long as it
    /// was. Marks sessions as ended whose time is over, for a clock that is set back must not bring them back. Deletes pending sign-ups, used codes, reset links, attempts, notices and sessions whose time is over: one round,
    /// each kind in a transaction of its own. Answers whether another round may find more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sweep(&self) -> Result<bool, StorageError> {
        let now = self.clock.now();
        let before = |age| millis(now - age);
        let (at, sign_up, used_code, attempt) = (millis(now), before(SIGN_UP), before(USED_CODE), before(ATTEMPT));
        let (session, unconfirmed, notice) = (before(SESSION), before(UNCONFIRMED), before(NOTICE));
        let db = &self.writer;
        sqlx::query!("UPDATE attempts SET at = $1 WHERE at > $1", at).execute(db).await?;
        // Of these two there are never many.
        sqlx::query!("DELETE FROM used_codes WHERE used_at < $1", used_code).execute(db).await?;
        sqlx::query!("DELETE FROM reset_links WHERE expires_at < $1", at).execute(db).await?;
        let rounds = [
            sqlx::query!(
                "UPDATE sessions SET ended_at = expires_at WHERE id IN
                    (SELECT id FROM sessions WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                at,
                ROUND
            )
            .execute(db)
            .await?,
            sqlx::query!(
                "UPDATE sessions SET replaced_token_hash = NULL, replaced_until = NULL WHERE id IN
                    (SELECT id FROM sessions WHERE replaced_until <= $1 LIMIT $2)",
                at,
                ROUND
            )
            .execute(db)
            .await?,
            sqlx::query!(
                "DELETE FROM users WHERE id IN
                    (SELECT id FROM users WHERE active_at IS NULL AND created_at < $1 LIMIT $2)",
                sign_up,
                ROUND
            )
            .execute(db)
            .await?,
            sqlx::query!(
                "DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts WHERE at < $1 LIMIT $2)",
                attempt,
                ROUND
            )
            .execute(db)
            .await?,
            sqlx::query!(
                "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE at < $1 LIMIT $2)",
                notice,
                ROUND
            )
            .execute(db)
            .await?,
            sqlx::query!(
                "DELETE FROM sessions WHERE id IN
                    (SELECT id FROM sessions WHERE confirmed_at IS NULL AND expires_at < $1 ORDER BY expires_at LIMIT $2)",
                unconfirmed,
                ROUND
            )
            .execute(db)
            .await?,
            sqlx::query!(
                "DELETE FROM sessions WHERE id IN
                    (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
                session,
                ROUND
            )
            .execute(db)
            .await?,
        ];
        Ok(rounds.iter().any(|round| round.rows_affected() >= ROUND.into()))
    }

    /// Deletes lines of the audit trail that are older than `age`: one round. Answers whether another may find more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sweep_audit(&self, age: Duration) -> Result<bool, StorageError> {
        let before = millis(self.clock.now() - age);
        let round = sqlx::query!(
            "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < $1 ORDER BY at LIMIT $2)",
            before,
            ROUND
        );
        Ok(round.execute(&self.writer).await?.rows_affected() >= ROUND.into())
    }
}
