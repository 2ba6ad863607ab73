//! Pings, checkpoints and shrinks the database, and corrects its limits after the wall clock was set back: their rows then
//! seem too young and would count for too long.

use time::Duration;

use crate::rows::{in_millis, millis};
use crate::{Checkpoint, Maintenance, StorageError, WriteKey};

impl Maintenance<'_> {
    /// Reads something and commits a page as it was, to see whether the database can be read and written.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn ping(self) -> Result<(), StorageError> {
        self.0.file.touch().await
    }

    /// Writes the write-ahead log back into the file (a checkpoint), as far as nobody still reads from it. Waits for the disk, but makes
    /// nobody else wait. `None` if another process does it right now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn checkpoint(self) -> Result<Option<Checkpoint>, StorageError> {
        self.0.file.checkpoint().await
    }

    /// Gives free pages of the file back to the disk, a few at a time, while it has more than `SPARE_PAGES`. The rest
    /// serve new rows: the file does not grow while it has free pages.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn shrink(self) -> Result<(), StorageError> {
        self.0.file.shrink().await
    }

    /// Moves the rows that limits count back by `by`, as the wall clock was, so that each wait ends when it would have
    /// ended. If other processes use the database, only rows from the future are moved: these were certainly written
    /// before, and no second process moves them again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn clock_set_back(self, by: Duration, is_shared: bool) -> Result<(), StorageError> {
        let (by, after) = (in_millis(by), if is_shared { millis(self.0.clock.now()) } else { i64::MIN });
        let mut db = self.0.write(&[WriteKey::Sweep]).await?;
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
