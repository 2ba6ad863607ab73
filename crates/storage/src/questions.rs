//! Questions to the provider about approvals that no callback came for: each is asked once, whoever of several hubs
//! gets to it first, and all hubs together ask no more than so many in a second.

use approval::ApprovalId;

use crate::rows::millis;
use crate::{Claims, StorageError, WriteKey};

/// Whether a question may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// It is the caller's to ask.
    Yours,
    /// Somebody has asked it, or is asking.
    Taken,
    /// Too many were asked just now; try again a little later.
    Later,
}

impl Claims<'_> {
    /// Claims the `nth` question about an approval, unless `a_second` or more were claimed within the last second.
    ///
    /// # Errors
    /// When the database cannot be read or written; the question must then not be asked.
    pub async fn claim_question(self, approval: ApprovalId, nth: u8, a_second: i64) -> Result<Question, StorageError> {
        let (id, now) = (approval.to_string(), millis(self.0.clock.now()));
        // Questions from further in the future were asked before the clock was set back, and do not count.
        let (since, until) = (now - 1000, now + 1000);
        let mut db = self.0.write(&[WriteKey::PollRate]).await?;
        let claim = sqlx::query!(
            "INSERT INTO questions (approval_id, nth, asked_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            id,
            nth,
            now
        );
        if claim.execute(&mut *db).await?.rows_affected() == 0 {
            return Ok(Question::Taken);
        }
        let recent =
            sqlx::query_scalar!("SELECT count(*) FROM questions WHERE asked_at > $1 AND asked_at < $2", since, until);
        if recent.fetch_one(&mut *db).await? > a_second {
            return Ok(Question::Later);
        }
        db.commit().await?;
        Ok(Question::Yours)
    }
}
