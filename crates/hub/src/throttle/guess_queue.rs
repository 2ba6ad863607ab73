//! Queues for guesses at one account that wait for its delay to end. The next guess is drawn at random among the
//! waiting blocks, so that a script that retries often has no advantage. Knows no password and no database.

mod queue;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use approval::Entropy;
use queue::{Newcomer, Queues};
use storage::Delayed;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::network::Block;

/// The longest wait of a guess.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// `Retry-After` ends this long before the delay, so that the client waits here when the next guess is drawn.
const COME_BACK_BEFORE: Duration = Duration::from_secs(8);

/// The queues of this process, one for each address. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct GuessQueues(Arc<Mutex<Queues>>);

/// A waiting guess. It leaves the queue when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    queues: GuessQueues,
    email: String,
    id: u64,
    wake: Arc<Notify>,
}

/// Why a guess does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// No delay applies, and nobody waits any more: the guess may be counted now.
    NotNeeded,
    /// Waiting cannot help, or there is no room.
    Refused,
}

/// What a look at the queue shows to one place.
enum Look {
    /// It is drawn.
    Drawn,
    /// It has to look again, by then at the latest.
    Again(Instant),
    /// It had to make room.
    Evicted,
}

impl GuessQueues {
    /// Queues in which `most` guesses may wait together.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Queues::new(most))))
    }

    /// True while guesses at this account wait.
    pub(crate) fn any_wait(&self, email: &str) -> bool {
        self.queues().accounts.contains_key(email)
    }

    /// A place for a guess that was delayed.
    ///
    /// # Errors
    /// [`NoPlace`] says whether the guess is refused.
    pub(crate) fn join(&self, email: &str, block: Option<Block>, delayed: &Delayed) -> Result<Place, NoPlace> {
        let (now, own) = (Instant::now(), std_duration(delayed.own));
        let shared = std_duration(delayed.shared.ok_or(NoPlace::Refused)?);
        let mut queues = self.queues();
        let others_wait = queues.accounts.contains_key(email);
        if !others_wait && !delayed.applies() {
            return Err(NoPlace::NotNeeded);
        }
        if own > LONGEST_WAIT || shared > LONGEST_WAIT || (shared.is_zero() && !others_wait) {
            return Err(NoPlace::Refused);
        }
        let newcomer = Newcomer { block, ready_at: now + own, wrong: delayed.wrong };
        let (id, wake) = queues.push(email, newcomer, now + shared).ok_or(NoPlace::Refused)?;
        Ok(Place { queues: self.clone(), email: email.to_owned(), id, wake })
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        // Nothing between lock and unlock can leave the queues half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until this place is drawn: its guess may be counted now, and nobody else's is meanwhile. `false` if it is
    /// not drawn by `until`, cannot be, or had to make room for another.
    pub(crate) async fn drawn(&self, until: Instant, entropy: &Entropy) -> bool {
        loop {
            let wake_at = match self.look(until, entropy) {
                Look::Drawn => return true,
                Look::Evicted => return false,
                Look::Again(at) => at,
            };
            if Instant::now() >= until || wake_at > until {
                return false;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep_until(wake_at) => {}
            }
        }
    }

    /// The drawn guess was delayed again, so the place goes on waiting.
    pub(crate) fn put_back(&self, delayed: &Delayed) {
        let now = Instant::now();
        let mut queues = self.queues.queues();
        let Some(account) = queues.accounts.get_mut(&self.email) else { return };
        account.opens_at = now + std_duration(delayed.shared.unwrap_or_default());
        account.drawn = None;
        if let Some(own) = account.waiting.iter_mut().find(|one| one.id == self.id) {
            (own.ready_at, own.wrong) = (now + std_duration(delayed.own), delayed.wrong);
        }
        account.wake_all();
    }

    /// The rest of the delay that all strangers to the account share.
    pub(crate) fn shared_delay(&self) -> time::Duration {
        let opens_at = self.queues.queues().accounts.get(&self.email).map(|account| account.opens_at);
        let left = opens_at.map(|opens_at| opens_at.saturating_duration_since(Instant::now()));
        time::Duration::try_from(left.unwrap_or_default()).unwrap_or(time::Duration::MAX)
    }

    /// Draws a place if none is drawn and the delay has ended.
    fn look(&self, until: Instant, entropy: &Entropy) -> Look {
        let now = Instant::now();
        let mut queues = self.queues.queues();
        let Some(account) = queues.accounts.get_mut(&self.email) else { return Look::Evicted };
        let Some(own) = account.waiting.iter().find(|one| one.id == self.id) else { return Look::Evicted };
        let ready_at = own.ready_at;
        if account.drawn.is_none() && account.opens_at <= now {
            let drawn = account.draw(now, entropy);
            account.drawn = drawn.map(|drawn| {
                drawn.wake.notify_one();
                drawn.id
            });
        }
        match account.drawn {
            Some(drawn) if drawn == self.id => Look::Drawn,
            Some(_) => Look::Again(until),
            None => Look::Again(ready_at.max(account.opens_at)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queues.queues().remove(&self.email, self.id);
    }
}

/// The `Retry-After` of a refused guess.
pub(crate) fn come_back_in(own: time::Duration, shared: time::Duration) -> time::Duration {
    let early = time::Duration::try_from(COME_BACK_BEFORE).unwrap_or_default();
    own.max(shared - early).max(time::Duration::SECOND)
}

fn std_duration(duration: time::Duration) -> Duration {
    Duration::try_from(duration.max(time::Duration::ZERO)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
