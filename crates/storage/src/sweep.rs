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

impl Storage {
    /// Deletes pending sign-ups, used codes, reset links, attempts, notices and sessions whose time is over.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sweep(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let before = |age| millis(now - age);
        let (sign_up, used_code, attempt) = (before(SIGN_UP), before(USED_CODE), before(ATTEMPT));
        let (session, unconfirmed, notice) = (before(SESSION), before(UNCONFIRMED), before(NOTICE));
        let mut db = self.write().await?;
        sqlx::query!("DELETE FROM users WHERE active_at IS NULL AND created_at < $1", sign_up)
            .execute(&mut *db)
            .await?;
        sqlx::query!("DELETE FROM used_codes WHERE used_at < $1", used_code).execute(&mut *db).await?;
        let at = millis(now);
        sqlx::query!("DELETE FROM reset_links WHERE expires_at < $1", at).execute(&mut *db).await?;
        sqlx::query!("DELETE FROM attempts WHERE at < $1", attempt).execute(&mut *db).await?;
        sqlx::query!("DELETE FROM notices WHERE at < $1", notice).execute(&mut *db).await?;
        sqlx::query!(
            "DELETE FROM sessions WHERE expires_at < $1 OR (confirmed_at IS NULL AND expires_at < $2)",
            session,
            unconfirmed
        )
        .execute(&mut *db)
        .await?;
        db.commit().await?;
        Ok(())
    }
}
