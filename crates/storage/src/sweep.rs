//! Sweeping out what has served its time.

use time::{Duration, OffsetDateTime};

use crate::invitations::ADDRESS_WINDOW;
use crate::rows::millis;
use crate::{Maintenance, StorageError, WriteKey};

/// An unproven sign-up is deleted after this time, with its audit rows. Its session ends much earlier.
const SIGN_UP: Duration = Duration::DAY;
/// The record of a phone's sign-ups is deleted this long after its last change.
const PHONE: Duration = Duration::DAY;
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
const ROUND: i64 = 100;

impl Maintenance<'_> {
    /// Sweeps one round, each kind of row in a transaction of its own, and returns whether another round may find more.
    /// Deletes expired sign-ups with their audit rows, used codes, links, attempts, notices and sessions. Attempts,
    /// addresses and records of phones in the future, from before the clock was set back, are moved to now: otherwise
    /// they would count for too long.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sweep(self) -> Result<bool, StorageError> {
        let now = self.0.clock.now();
        let (at, attempt, notice) = (millis(now), millis(now - ATTEMPT), millis(now - NOTICE));
        let used_code = millis(now - USED_CODE);
        let db = self.0.once();
        sqlx::query!("UPDATE attempts SET at = $1 WHERE at > $1", at).execute(db).await?;
        sqlx::query!("UPDATE checked_addresses SET at = $1 WHERE at > $1", at).execute(db).await?;
        sqlx::query!("UPDATE sign_up_phones SET changed_at = $1 WHERE changed_at > $1", at).execute(db).await?;
        // These kinds never have many rows.
        sqlx::query!("DELETE FROM used_codes WHERE used_at < $1", used_code).execute(db).await?;
        sqlx::query!("DELETE FROM reset_links WHERE expires_at < $1", at).execute(db).await?;
        sqlx::query!("DELETE FROM invitations WHERE expires_at < $1", at).execute(db).await?;
        let rounds = [
            sqlx::query!(
                "DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts WHERE at < $1 LIMIT $2)",
                attempt,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
            sqlx::query!(
                "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE at < $1 LIMIT $2)",
                notice,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
        ];
        let more = [
            is_full(&rounds),
            self.sweep_sign_ups(millis(now - SIGN_UP)).await?,
            self.sweep_phones(now).await?,
            self.end_sessions(now).await?,
            self.sweep_sessions(now).await?,
        ];
        Ok(more.contains(&true))
    }

    /// Deletes unproven sign-ups with their audit rows.
    async fn sweep_sign_ups(self, before: i64) -> Result<bool, StorageError> {
        let mut db = self.0.write(&[WriteKey::Sweep]).await?;
        let users = sqlx::query_scalar!(
            "SELECT id FROM users WHERE active_at IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2",
            before,
            ROUND
        );
        let users = users.fetch_all(&mut *db).await?;
        for user in &users {
            sqlx::query!("DELETE FROM audit WHERE user_id = $1", user).execute(&mut *db).await?;
            sqlx::query!("DELETE FROM users WHERE id = $1", user).execute(&mut *db).await?;
        }
        db.commit().await?;
        Ok(is_full(&[users.len().try_into().unwrap_or(u64::MAX)]))
    }

    /// Deletes old records of a phone's sign-ups and of its addresses.
    async fn sweep_phones(self, now: OffsetDateTime) -> Result<bool, StorageError> {
        let (phone, address) = (millis(now - PHONE), millis(now - ADDRESS_WINDOW));
        let db = self.0.once();
        Ok(is_full(&[
            sqlx::query!(
                "DELETE FROM sign_up_phones WHERE provider_user IN
                    (SELECT provider_user FROM sign_up_phones WHERE changed_at < $1 LIMIT $2)",
                phone,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
            sqlx::query!(
                "DELETE FROM checked_addresses WHERE (provider_user, email) IN
                    (SELECT provider_user, email FROM checked_addresses WHERE at < $1 LIMIT $2)",
                address,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
        ]))
    }

    /// Marks expired sessions as ended, and deletes expired previous tokens: a clock that is set back must not revive
    /// them.
    async fn end_sessions(self, now: OffsetDateTime) -> Result<bool, StorageError> {
        let (at, db) = (millis(now), self.0.once());
        Ok(is_full(&[
            sqlx::query!(
                "UPDATE sessions SET ended_at = expires_at WHERE id IN
                    (SELECT id FROM sessions WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                at,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
            sqlx::query!(
                "UPDATE sessions SET replaced_token_hash = NULL, replaced_until = NULL WHERE id IN
                    (SELECT id FROM sessions WHERE replaced_until <= $1 LIMIT $2)",
                at,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
        ]))
    }

    async fn sweep_sessions(self, now: OffsetDateTime) -> Result<bool, StorageError> {
        let (session, unconfirmed) = (millis(now - SESSION), millis(now - UNCONFIRMED));
        let db = self.0.once();
        Ok(is_full(&[
            sqlx::query!(
                "DELETE FROM sessions WHERE id IN
                    (SELECT id FROM sessions WHERE confirmed_at IS NULL AND expires_at < $1 ORDER BY expires_at LIMIT $2)",
                unconfirmed,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
            sqlx::query!(
                "DELETE FROM sessions WHERE id IN
                    (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
                session,
                ROUND
            )
            .execute(db)
            .await?
            .rows_affected(),
        ]))
    }

    /// Deletes lines of the audit trail that are older than `age`: one round. Answers whether another may find more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sweep_audit(self, age: Duration) -> Result<bool, StorageError> {
        let before = millis(self.0.clock.now() - age);
        let round = sqlx::query!(
            "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < $1 ORDER BY at LIMIT $2)",
            before,
            ROUND
        );
        Ok(is_full(&[round.execute(self.0.once()).await?.rows_affected()]))
    }
}

/// True if a round changed its full number of rows, so that another may find more.
fn is_full(rounds: &[u64]) -> bool {
    rounds.iter().any(|rows| *rows >= ROUND.unsigned_abs())
}
