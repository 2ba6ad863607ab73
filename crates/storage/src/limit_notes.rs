//! Notes in the audit trail that a session has reached a limit.

use crate::{LimitName, RateLimits, Session, StorageError, WriteKey, audit};

impl RateLimits<'_> {
    /// Notes in the audit trail that this session reached `limit`; not each time while it lasts.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn note_reached(self, session: &Session, limit: LimitName) -> Result<(), StorageError> {
        let now = self.0.clock.now();
        if audit::says_limited(&mut *self.0.read().acquire().await?, now, session.user, limit).await? {
            return Ok(());
        }
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        audit::limited(&mut db, now, session.user, session.id, limit).await?;
        db.commit().await?;
        Ok(())
    }
}
