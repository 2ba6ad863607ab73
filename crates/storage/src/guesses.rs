//! Guesses at passwords: the more were wrong lately, the longer until the next may be made. Nobody is locked out: a
//! delay has a limit, and who guesses from elsewhere delays others who come from elsewhere, never the owner where the
//! owner has got in before. Knows no password.

use sqlx::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::rows::{count, millis};
use crate::{Attempt, AttemptKind, LimitName, RateLimits, StorageError, Subject, WriteKey, audit, rate_limits};

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

/// A network, or a wider block that contains many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkBlock {
    /// Its name in the database.
    pub name: String,
    /// The limit of the block, as a multiple of one network's.
    pub times: u32,
}

/// The networks that a guess comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guesser {
    /// The client's network, then the wider blocks around it that have limits.
    pub limited: Vec<NetworkBlock>,
    /// The block that waits as one client: its wrong guesses at an account decide how likely it is drawn.
    pub fair: NetworkBlock,
}

/// Whether others wait for the account's next guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuessTurn {
    /// The guess is counted if no delay applies.
    Now,
    /// Other guesses wait for the delay that strangers share. A guess under this delay is not counted, even if the
    /// delay has just ended.
    AfterOthers,
}

/// A guess that was not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delayed {
    /// The remaining delay of the client's own networks.
    pub own: Duration,
    /// The remaining delay of all strangers to the account. `None` if this guesser is no stranger.
    pub shared: Option<Duration>,
    /// Recent wrong guesses at this account from the guesser's fair block.
    pub wrong: u32,
}

const KIND: AttemptKind = AttemptKind::Password;
/// A guess whose outcome is not known for so long was cut off: it counts no more.
const CUT_OFF: Duration = Duration::seconds(30);

impl Delay {
    /// How long after the last of so many wrong guesses the next may be made.
    #[must_use]
    pub fn after(self, wrong: u32) -> Duration {
        match wrong.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(beyond) => (self.first * f64::from(beyond.min(30)).exp2()).min(self.longest),
        }
    }

    /// The delay of a block with `times` the limit of one network, as if each of `times` networks had made its share of
    /// the wrong guesses, and all waited at the same time.
    fn after_in(self, wrong: u32, times: u32) -> Duration {
        self.after(wrong / times.max(1)) / times.max(1)
    }

    /// The number of wrong guesses that leads to the longest delay.
    fn most(self, times: u32) -> u32 {
        let doublings = (0..30).find(|beyond| self.after(self.free + beyond) >= self.longest).unwrap_or(30);
        (self.free + doublings + 1).saturating_mul(times.max(1))
    }
}

impl RateLimits<'_> {
    /// Counts a guess at the password of `email`, or refuses it. An account that does not exist is counted like one
    /// that does.
    ///
    /// # Errors
    /// When the database cannot be read or written; the guess must then not be checked.
    pub async fn count_guess(
        self,
        email: &str,
        guesser: &Guesser,
        delays: Delays,
        turn: GuessTurn,
    ) -> Result<Result<Attempt, Delayed>, StorageError> {
        let now = self.0.clock.now();
        // A reader looks first: refused guesses, of which there may be a flood, keep nobody from writing.
        let mut reader = self.0.read().acquire().await?;
        if let Err(delayed) = check(&mut reader, email, guesser, delays, turn, now).await?
            && audit::limit_is_noted(&mut reader, now, email).await?
        {
            return Ok(Err(delayed));
        }
        drop(reader);
        let subjects = guesser.all_subjects(email);
        let keys: Vec<_> = subjects.iter().map(WriteKey::Subject).collect();
        let mut db = self.0.write(&keys).await?;
        let checked = check(&mut db, email, guesser, delays, turn, now).await?;
        let counted = match checked {
            Ok(subjects) => Ok(insert(&mut db, &subjects, now).await?),
            Err(delayed) => {
                audit::limited_by_email(&mut db, now, email, LimitName::Passwords).await?;
                Err(delayed)
            }
        };
        db.commit().await?;
        Ok(counted)
    }

    /// The guess was wrong.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_wrong_guess(self, attempt: &Attempt) -> Result<(), StorageError> {
        let mut db = self.0.write(&[]).await?;
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
    pub async fn record_right_guess(self, attempt: &Attempt, email: &str, network: &str) -> Result<(), StorageError> {
        let pair = Subject::address_from(email, network);
        let mut db = self.0.write(&[WriteKey::Subject(&pair)]).await?;
        rate_limits::forgive(&mut db, attempt).await?;
        let (kind, pair) = (KIND.word(), pair.as_str());
        sqlx::query!("DELETE FROM attempts WHERE kind = $1 AND subject = $2 AND undecided = 0", kind, pair)
            .execute(&mut *db)
            .await?;
        db.commit().await?;
        Ok(())
    }
}

impl Delayed {
    /// True while a delay applies. It does not if the guess was refused for others that wait.
    #[must_use]
    pub fn applies(&self) -> bool {
        self.own.is_positive() || self.shared.is_some_and(Duration::is_positive)
    }
}

impl Guesser {
    /// All subjects that a guess at this address reads or writes.
    fn all_subjects(&self, email: &str) -> Vec<Subject> {
        let of_block =
            |block: &NetworkBlock| [Subject::address_from(email, &block.name), Subject::network(&block.name)];
        let of_all = [Subject::address(email), Subject::noted(email), Subject::address_from(email, &self.fair.name)];
        self.limited.iter().flat_map(of_block).chain(of_all).collect()
    }

    /// The subjects of this client's own delays. In a network where the account has been used before, only the network
    /// itself counts: others in a wider block must not delay the owner.
    fn subjects(&self, email: &str, delays: Delays, is_known: bool) -> Vec<(Subject, Delay, u32)> {
        let counted = if is_known { 1 } else { self.limited.len() };
        let of_block = |block: &NetworkBlock| {
            [
                (Subject::address_from(email, &block.name), delays.pair, block.times),
                (Subject::network(&block.name), delays.network, block.times),
            ]
        };
        self.limited.iter().take(counted).flat_map(of_block).collect()
    }
}

/// What a guess is counted by, unless a delay applies.
async fn check(
    db: &mut SqliteConnection,
    email: &str,
    guesser: &Guesser,
    delays: Delays,
    turn: GuessTurn,
    now: OffsetDateTime,
) -> Result<Result<Vec<Subject>, Delayed>, StorageError> {
    let is_known = match guesser.limited.first() {
        Some(network) => is_known(db, email, &network.name).await?,
        None => false,
    };
    let own = guesser.subjects(email, delays, is_known);
    let mut wait = Duration::ZERO;
    for (subject, delay, times) in &own {
        wait = wait.max(left(db, subject, *delay, *times, now).await?.0);
    }
    let (mut shared, mut wrong, mut subjects) = (None, 0, Vec::new());
    if !is_known {
        let all = Subject::address(email);
        shared = Some(left(db, &all, delays.account, 1, now).await?.0.max(Duration::ZERO));
        let fair = Subject::address_from(email, &guesser.fair.name);
        wrong = left(db, &fair, delays.pair, guesser.fair.times, now).await?.1;
        subjects.push(all);
        if !own.iter().any(|(subject, ..)| *subject == fair) {
            subjects.push(fair);
        }
    }
    let delayed = Delayed { own: wait, shared, wrong };
    if delayed.applies() || (shared.is_some() && turn == GuessTurn::AfterOthers) {
        return Ok(Err(delayed));
    }
    subjects.extend(own.into_iter().map(|(subject, ..)| subject));
    Ok(Ok(subjects))
}

/// Counts a guess whose outcome is not known yet.
async fn insert(db: &mut SqliteConnection, subjects: &[Subject], now: OffsetDateTime) -> Result<Attempt, StorageError> {
    let mut counted = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let (kind, subject, at) = (KIND.word(), subject.as_str(), millis(now));
        let inserted = sqlx::query_scalar!(
            "INSERT INTO attempts (kind, subject, at, undecided) VALUES ($1, $2, $3, 1) RETURNING seq",
            kind,
            subject,
            at
        );
        counted.push(inserted.fetch_one(&mut *db).await?);
    }
    Ok(Attempt(counted))
}

/// Whether somebody has got into the account from this network before.
async fn is_known(db: &mut SqliteConnection, email: &str, network: &str) -> Result<bool, StorageError> {
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM users u JOIN sessions s ON s.user_id = u.id
            WHERE u.email = $1 AND u.active_at IS NOT NULL AND s.network = $2 AND s.confirmed_at IS NOT NULL) AS "is!: bool""#,
        email,
        network,
    );
    Ok(known.fetch_one(db).await?)
}

/// The subject's remaining delay, and its recent wrong guesses, at most as many as affect the delay.
async fn left(
    db: &mut SqliteConnection,
    subject: &Subject,
    delay: Delay,
    times: u32,
    now: OffsetDateTime,
) -> Result<(Duration, u32), StorageError> {
    let (subject, since, cut_off) = (subject.as_str(), millis(now - delay.window), millis(now - CUT_OFF));
    let (kind, most) = (KIND.word(), i64::from(delay.most(times)));
    let counted = sqlx::query!(
        r#"SELECT count(*) AS "wrong!", max(at) AS last FROM (
            SELECT at FROM attempts
            WHERE kind = $1 AND subject = $2 AND at > $3 AND (undecided = 0 OR at > $4) ORDER BY at DESC LIMIT $5)"#,
        kind,
        subject,
        since,
        cut_off,
        most,
    )
    .fetch_one(db)
    .await?;
    let Some(last) = counted.last else { return Ok((Duration::ZERO, 0)) };
    // A clock that was set back makes nobody wait for as long.
    let passed = Duration::milliseconds((millis(now) - last).max(0));
    let wrong = count(counted.wrong);
    Ok((delay.after_in(wrong, times) - passed, wrong))
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
    #[test]
    fn a_block_of_16_networks_may_do_16_times_what_one_may() {
        let (first, longest) = (Duration::SECOND, Duration::minutes(5));
        let delay = Delay { free: 3, first, longest, window: Duration::HOUR };
        let after = [0, 47, 48, 64, 192, 10_000].map(|wrong| delay.after_in(wrong, 16).whole_milliseconds());
        assert_eq!(after, [0, 0, 62, 125, 18_750, 18_750]);
        for times in [1, 4, 16] {
            assert_eq!(delay.after_in(delay.most(times), times), longest / times, "nothing is left uncounted");
        }
    }
}
