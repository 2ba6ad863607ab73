//! Corrects limits after the wall clock was set back: their rows then seem too young, and would count for too long.

use time::Duration;

use crate::rows::{in_millis, millis};
use crate::{Storage, StorageError, WriteKey};

impl Storage {
    /// Moves the rows that limits count back by `by`, as the wall clock was, so that each wait ends when it would have
    /// ended. If other processes use the database, only rows from the future are moved: these were certainly written
    /// before, and no second process moves them again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn clock_set_back(&self, by: Duration, is_shared: bool) -> Result<(), StorageError> {
        let (by, after) = (in_millis(by), if is_shared { millis(self.clock.now()) } else { i64::MIN });
        let mut db = self.write(&[WriteKey::Sweep]).await?;
        sqlx::query!("UPDATE attempts SET at = at - $1 WHERE at > $2", by, after).execute(&mut *db).await?;
        sqlx::query!("UPDATE checked_addresses SET at = at - $1 WHERE at > $2", by, after).execute(&mut *db).await?;
        sqlx::query!(
            "UPDATE sign_up_phones SET changed_at = changed_at - $1, push_refused_at = push_refused_at - $1,
                texted_at = texted_at - $1
             WHERE changed_at > $2",
            by,
            after
        )
        .execute(&mut *db)
        .await?;
        db.commit().await?;
        Ok(())
    }
}
