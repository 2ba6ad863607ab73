//! Queues for guesses at one account that wait for its delay to end. The next guess is drawn at random among the
//! waiting blocks, so that a script that retries often has no advantage. Knows no password and no database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use approval::Entropy;
use storage::Delayed;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::request::network::Block;

/// The longest wait of a guess.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// `Retry-After` ends this long before the delay, so that the client waits here when the next guess is drawn.
const COME_BACK_BEFORE: Duration = Duration::from_secs(8);

/// The queues of this process, one for each address. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct GuessQueues(Arc<Mutex<State>>);

/// A waiting guess. It leaves the queue when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    queues: GuessQueues,
    email: String,
    id: u64,
    wake: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    places: usize,
    last_id: u64,
    accounts: HashMap<String, Account>,
}

#[derive(Debug)]
struct Account {
    /// When the delay that all strangers share ends.
    opens_at: Instant,
    /// The id of the drawn place, until its guess is counted or delayed again.
    drawn: Option<u64>,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    block: Option<Block>,
    /// When the delay of the client's own networks ends.
    ready_at: Instant,
    /// Recent wrong guesses of the block at this account.
    wrong: u32,
    wake: Arc<Notify>,
}

impl GuessQueues {
    /// Places in all queues of this process: invented addresses have queues too, and a waiting request takes some
    /// kilobytes.
    const PLACES: usize = 1024;
    /// Places in one queue.
    const IN_ONE_QUEUE: usize = 128;
    /// Places of one block in a queue: people who share a block with a guesser still have a chance.
    const OF_ONE_BLOCK: usize = 4;

    /// True while guesses at this account wait.
    pub(crate) fn any_wait(&self, email: &str) -> bool {
        self.state().accounts.contains_key(email)
    }

    /// A place for a guess that was delayed. `None` if waiting cannot help or there is no room: the guess is refused.
    pub(crate) fn join(&self, email: &str, block: Option<Block>, delayed: &Delayed) -> Option<Place> {
        let (now, own, shared) = (Instant::now(), std_duration(delayed.own), std_duration(delayed.shared?));
        let mut state = self.state();
        let others_wait = state.accounts.contains_key(email);
        if own > LONGEST_WAIT || shared > LONGEST_WAIT || (shared.is_zero() && !others_wait) {
            return None;
        }
        if state.places >= Self::PLACES {
            return None;
        }
        let id = state.last_id + 1;
        let account = state.accounts.get(email);
        let of_block = |account: &Account| account.waiting.iter().filter(|one| one.block == block).count();
        if account.is_some_and(|account| {
            account.waiting.len() >= Self::IN_ONE_QUEUE || of_block(account) >= Self::OF_ONE_BLOCK
        }) {
            return None;
        }
        (state.places, state.last_id) = (state.places + 1, id);
        let wake = Arc::new(Notify::new());
        let new = || Account { opens_at: now + shared, drawn: None, waiting: Vec::new() };
        let account = state.accounts.entry(email.to_owned()).or_insert_with(new);
        account.waiting.push(Waiting { id, block, ready_at: now + own, wrong: delayed.wrong, wake: wake.clone() });
        Some(Place { queues: self.clone(), email: email.to_owned(), id, wake })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing between lock and unlock can leave the queues half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until this place is drawn: then its guess may be counted, and no other of this queue. `false` if it is not
    /// drawn by `until`.
    pub(crate) async fn drawn(&self, until: Instant, entropy: &Entropy) -> bool {
        loop {
            let Some(wake_at) = self.draw(until, entropy) else { return true };
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
        let mut state = self.queues.state();
        let Some(account) = state.accounts.get_mut(&self.email) else { return };
        account.opens_at = now + std_duration(delayed.shared.unwrap_or_default());
        account.drawn = None;
        if let Some(own) = account.waiting.iter_mut().find(|one| one.id == self.id) {
            (own.ready_at, own.wrong) = (now + std_duration(delayed.own), delayed.wrong);
        }
        account.wake_all();
    }

    /// The rest of the delay that all strangers to the account share.
    pub(crate) fn shared_delay(&self) -> time::Duration {
        let opens_at = self.queues.state().accounts.get(&self.email).map(|account| account.opens_at);
        let left = opens_at.map(|opens_at| opens_at.saturating_duration_since(Instant::now()));
        time::Duration::try_from(left.unwrap_or_default()).unwrap_or(time::Duration::MAX)
    }

    /// Draws a place if none is drawn and the delay has ended. `None` if this one is drawn, otherwise the time to try
    /// again.
    fn draw(&self, until: Instant, entropy: &Entropy) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.queues.state();
        let Some(account) = state.accounts.get_mut(&self.email) else { return Some(until) };
        if account.drawn.is_none() && account.opens_at <= now {
            account.drawn = draw(&account.waiting, now, entropy);
            if let Some(drawn) = account.waiting.iter().find(|one| Some(one.id) == account.drawn) {
                drawn.wake.notify_one();
            }
        }
        match account.drawn {
            Some(drawn) if drawn == self.id => None,
            Some(_) => Some(until),
            None => {
                let own = account.waiting.iter().find(|one| one.id == self.id).map(|one| one.ready_at);
                Some(own.unwrap_or(until).max(account.opens_at))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.queues.state();
        state.places -= 1;
        let Some(account) = state.accounts.get_mut(&self.email) else { return };
        account.waiting.retain(|one| one.id != self.id);
        if account.drawn == Some(self.id) {
            account.drawn = None;
            account.wake_all();
        }
        if account.waiting.is_empty() {
            state.accounts.remove(&self.email);
        }
    }
}

impl Account {
    fn wake_all(&self) {
        self.waiting.iter().for_each(|one| one.wake.notify_one());
    }
}

/// The `Retry-After` of a refused guess.
pub(crate) fn come_back_in(own: time::Duration, shared: time::Duration) -> time::Duration {
    let early = time::Duration::try_from(COME_BACK_BEFORE).unwrap_or_default();
    own.max(shared - early).max(time::Duration::SECOND)
}

/// One of the places whose own delay has ended: a block at random, and one of its places at random. The weight of a
/// block is 1 / (1 + wrong guesses)³, so that a constant guesser rarely keeps out a client with few guesses.
fn draw(waiting: &[Waiting], now: Instant, entropy: &Entropy) -> Option<u64> {
    const ONE: u64 = 1 << 40;
    let ready: Vec<&Waiting> = waiting.iter().filter(|one| one.ready_at <= now).collect();
    let mut blocks: Vec<(Option<Block>, u64)> = Vec::new();
    for one in &ready {
        let tries = u64::from(one.wrong.min(1 << 10)) + 1;
        let weight = ONE / (tries * tries * tries);
        match blocks.iter_mut().find(|(block, _)| *block == one.block) {
            Some((_, least)) => *least = weight.min(*least),
            None => blocks.push((one.block, weight)),
        }
    }
    let total: u64 = blocks.iter().map(|(_, weight)| weight).sum();
    let mut at = u64::from_le_bytes(entropy.bytes()).checked_rem(total)?;
    let (block, _) = blocks.into_iter().find(|(_, weight)| match at.checked_sub(*weight) {
        Some(rest) => {
            at = rest;
            false
        }
        None => true,
    })?;
    let of_block: Vec<&&Waiting> = ready.iter().filter(|one| one.block == block).collect();
    let count = u64::try_from(of_block.len()).ok()?;
    let nth = usize::try_from(u64::from_le_bytes(entropy.bytes()).checked_rem(count)?).ok()?;
    of_block.get(nth).map(|one| one.id)
}

fn std_duration(duration: time::Duration) -> Duration {
    Duration::try_from(duration.max(time::Duration::ZERO)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
