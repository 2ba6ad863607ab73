//! Guesses at passwords: the more were wrong lately, the longer until the next may be made. Nobody is locked out: a
//! delay has a limit, and who guesses from elsewhere delays others who come from elsewhere, never the owner where the
//! owner has got in before. Knows no password.

use sqlx::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::rows::millis;
use crate::{Attempt, AttemptKind, LimitName, Limited, Storage, StorageError, Subject, attempts, audit};

/// How the delay grows for one subject.
#[derive(Debug, Clone, Copy)]
pub struct Delay {
    /// Wrong guesses after which there is none yet.
    pub free: u32,
    /// The first delay; each further wrong guess doubles it.
    pub first: Duration,
    /// It grows no longer than this.
    pub longest: Duration,
    /// Wrong guesses are forgotten after this long.
    pub window: Duration,
}

/// How guesses are delayed: those at one account from one network, at one account from all networks it has not been
/// used from, and from one network at all accounts.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// One account from one network.
    pub pair: Delay,
    /// One account from everywhere it has never been used.
    pub account: Delay,
    /// All accounts from one network.
    pub network: Delay,
}

const KIND: &str = AttemptKind::Password.word();
/// A guess whose outcome is not known for so long was cut off: it counts no more.
const CUT_OFF: Duration = Duration::seconds(30);

impl Delay {
    /// How long after the last of so many wrong guesses the next may be made.
    fn after(self, wrong: u32) -> Duration {
        match wrong.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(beyond) => (self.first * f64::from(beyond.min(30)).exp2()).min(self.longest),
        }
    }
}

impl Storage {
    /// Counts a guess at the password of `email` from `network`, or refuses it. An account that does not exist is
    /// counted like one that does.
    ///
    /// # Errors
    /// When the database cannot be read or written; the guess must then not be checked.
    pub async fn count_guess(
        &self,
        email: &str,
        network: &str,
        delays: Delays,
    ) -> Result<Result<Attempt, Limited>, StorageError> {
        let now = self.clock.now();
        let mut db = self.write().await?;
        let mut subjects =
            vec![(Subject::address_from(email, network), delays.pair), (Subject::network(network), delays.network)];
        if !is_known(&mut db, email, network).await? {
            subjects.push((Subject::address(email), delays.account));
        }
        let mut wait = Duration::ZERO;
        for (subject, delay) in &subjects {
            wait = wait.max(left(&mut db, subject, *delay, now).await?);
        }
        if wait.is_positive() {
            audit::limited_by_email(&mut db, now, email, LimitName::Passwords).await?;
            db.commit().await?;
            return Ok(Err(Limited { retry_after: wait }));
        }
        let mut counted = Vec::with_capacity(subjects.len());
        for (subject, _) in &subjects {
            let (subject, at) = (subject.as_str(), millis(now));
            let inserted = sqlx::query!(
                "INSERT INTO attempts (kind, subject, at, undecided) VALUES ($1, $2, $3, 1)",
                KIND,
                subject,
                at
            );
            counted.push(inserted.execute(&mut *db).await?.last_insert_rowid());
        }
        db.commit().await?;
        Ok(Ok(Attempt(counted)))
    }

    /// The guess was wrong.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn guessed_wrong(&self, attempt: &Attempt) -> Result<(), StorageError> {
        let mut db = self.write().await?;
        for seq in &attempt.0 {
            sqlx::query!("UPDATE attempts SET undecided = 0 WHERE seq = $1", seq).execute(&mut *db).await?;
        }
        db.commit().await?;
        Ok(())
    }

    /// The guess was right: it counts no more, and neither do the wrong ones before it from the same network at the
    /// same account.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn guessed_right(&self, attempt: &Attempt, email: &str, network: &str) -> Result<(), StorageError> {
        let mut db = self.write().await?;
        attempts::forgive(&mut db, attempt).await?;
        let pair = Subject::address_from(email, network);
        let pair = pair.as_str();
        sqlx::query!("DELETE FROM attempts WHERE kind = $1 AND subject = $2 AND undecided = 0", KIND, pair)
            .execute(&mut *db)
            .await?;
        db.commit().await?;
        Ok(())
    }
}

/// Whether somebody has got into the account from this network before.
async fn is_known(db: &mut SqliteConnection, email: &str, network: &str) -> Result<bool, StorageError> {
    let known = sqlx::query_scalar!(
        "SELECT 1 AS one FROM users u JOIN sessions s ON s.user_id = u.id
         WHERE u.email = $1 AND u.active_at IS NOT NULL AND s.network = $2 AND s.confirmed_at IS NOT NULL LIMIT 1",
        email,
        network,
    );
    Ok(known.fetch_optional(db).await?.is_some())
}

/// How long this subject has still to wait.
async fn left(
    db: &mut SqliteConnection,
    subject: &Subject,
    delay: Delay,
    now: OffsetDateTime,
) -> Result<Duration, StorageError> {
    let (subject, since, cut_off) = (subject.as_str(), millis(now - delay.window), millis(now - CUT_OFF));
    let counted = sqlx::query!(
        r#"SELECT count(*) AS "wrong!: u32", max(at) AS "last: i64" FROM attempts
         WHERE kind = $1 AND subject = $2 AND at > $3 AND (undecided = 0 OR at > $4)"#,
        KIND,
        subject,
        since,
        cut_off,
    )
    .fetch_one(db)
    .await?;
    let Some(last) = counted.last else { return Ok(Duration::ZERO) };
    // A clock that was set back makes nobody wait for as long.
    Ok(delay.after(counted.wrong) - Duration::milliseconds((millis(now) - last).max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_begins_late_doubles_and_has_an_end() {
        let (first, longest) = (Duration::SECOND, Duration::minutes(5));
        let delay = Delay { free: 3, first, longest, window: Duration::HOUR };
        let after = [0, 1, 2, 3, 4, 5, 6, 11, 12, 1000].map(|wrong| delay.after(wrong).whole_seconds());
        assert_eq!(after, [0, 0, 0, 1, 2, 4, 8, 256, 300, 300]);
    }
}
