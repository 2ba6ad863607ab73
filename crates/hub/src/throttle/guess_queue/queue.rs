//! The guesses that wait: who gets a place, who makes room, and which place is drawn. Knows no task and no database.

use std::collections::HashMap;
use std::sync::Arc;

use approval::Entropy;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::network::Block;

/// Places in one queue, each of another block.
pub(super) const IN_ONE_QUEUE: usize = 128;
/// Places of one block in all queues. People of one office rarely sign in at so many attacked accounts at once.
pub(super) const OF_ONE_BLOCK: usize = 16;

/// All queues, by address.
#[derive(Debug)]
pub(super) struct Queues {
    /// The most places in all queues: made-up addresses have queues too, and each waiting request takes a connection.
    pub(super) most: usize,
    pub(super) accounts: HashMap<String, Account>,
    last_id: u64,
}

/// The queue of one address. It has one waiter at least.
#[derive(Debug)]
pub(super) struct Account {
    /// When the delay that all strangers share ends.
    pub(super) opens_at: Instant,
    /// The place that was drawn, until its guess is counted or delayed again.
    pub(super) drawn: Option<u64>,
    pub(super) waiting: Vec<Waiting>,
}

/// One guess that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Newer places have greater ones.
    pub(super) id: u64,
    pub(super) block: Option<Block>,
    /// When the delay of the client's own networks ends.
    pub(super) ready_at: Instant,
    /// Wrong guesses of the block at this account lately.
    pub(super) wrong: u32,
    /// Wakes the waiter: it was drawn, evicted, or has to look again.
    pub(super) wake: Arc<Notify>,
}

/// A guess that asks for a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer {
    pub(super) block: Option<Block>,
    pub(super) ready_at: Instant,
    pub(super) wrong: u32,
}

impl Queues {
    pub(super) fn new(most: usize) -> Self {
        Self { most, accounts: HashMap::new(), last_id: 0 }
    }

    /// Gives `newcomer` a place in the queue of `email`, which opens at `opens_at` if it is new. Another guess is evicted
    /// if need be. `None` if the newcomer has to go instead.
    pub(super) fn push(&mut self, email: &str, newcomer: Newcomer, opens_at: Instant) -> Option<(u64, Arc<Notify>)> {
        self.make_room(email, newcomer)?;
        self.last_id += 1;
        let (id, wake) = (self.last_id, Arc::new(Notify::new()));
        let new = || Account { opens_at, drawn: None, waiting: Vec::new() };
        let Newcomer { block, ready_at, wrong } = newcomer;
        let account = self.accounts.entry(email.to_owned()).or_insert_with(new);
        account.waiting.push(Waiting { id, block, ready_at, wrong, wake: wake.clone() });
        Some((id, wake))
    }

    /// Takes a place away, and the queue with its last one. The waiter is woken.
    pub(super) fn remove(&mut self, email: &str, id: u64) {
        let Some(account) = self.accounts.get_mut(email) else { return };
        account.waiting.retain(|one| {
            if one.id == id {
                one.wake.notify_one();
            }
            one.id != id
        });
        if account.drawn == Some(id) {
            account.drawn = None;
            account.wake_all();
        }
        if account.waiting.is_empty() {
            self.accounts.remove(email);
        }
    }

    /// Makes sure that there is a place for `newcomer`. A drawn place stays: its guess is being counted.
    fn make_room(&mut self, email: &str, newcomer: Newcomer) -> Option<()> {
        let account = self.accounts.get(email);
        if let Some(held) = account.and_then(|account| account.waiting.iter().find(|one| one.block == newcomer.block)) {
            // One place for each block, and the older guess keeps it: if the newer one did, a script that sends a guess
            // every few milliseconds would push out everybody behind the same block. A guess whose own delay lasts
            // longer gives way, though: it comes from a guesser.
            let gives_way = newcomer.ready_at < held.ready_at && account.is_some_and(|all| all.drawn != Some(held.id));
            return gives_way.then_some(held.id).map(|id| self.remove(email, id));
        }
        let own = self.places().filter(|(_, place)| place.block == newcomer.block).count();
        if own >= OF_ONE_BLOCK {
            return None;
        }
        if let Some(full) = account.filter(|account| account.waiting.len() >= IN_ONE_QUEUE) {
            let evicted = full.not_drawn().max_by_key(|place| (place.wrong, place.id))?;
            return (evicted.wrong > newcomer.wrong).then_some(evicted.id).map(|id| self.remove(email, id));
        }
        if self.places().count() >= self.most {
            let (email, id) = self.newest_of_greatest_block(own + 1)?;
            self.remove(&email, id);
        }
        Some(())
    }

    /// The newest place of the block with most places, if these are more than `least`.
    fn newest_of_greatest_block(&self, least: usize) -> Option<(String, u64)> {
        let mut of_blocks = HashMap::new();
        for (_, place) in self.places() {
            *of_blocks.entry(place.block).or_insert(0) += 1;
        }
        let (greatest, count) = of_blocks.into_iter().max_by_key(|(_, count)| *count)?;
        let places = self.accounts.iter().flat_map(|(email, account)| account.not_drawn().map(move |one| (email, one)));
        let newest = places.filter(|(_, place)| place.block == greatest).max_by_key(|(_, place)| place.id)?;
        (count > least).then(|| (newest.0.clone(), newest.1.id))
    }

    /// All places, with the address at which each waits.
    pub(super) fn places(&self) -> impl Iterator<Item = (&String, &Waiting)> {
        self.accounts.iter().flat_map(|(email, account)| account.waiting.iter().map(move |place| (email, place)))
    }
}

impl Account {
    pub(super) fn wake_all(&self) {
        self.waiting.iter().for_each(|one| one.wake.notify_one());
    }

    fn not_drawn(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().filter(|one| Some(one.id) != self.drawn)
    }

    /// One of the places whose own delay has ended, at random. The weight of a block, which has one place, is
    /// 1 / (1 + wrong guesses)³, so that a guesser who tries all the time rarely keeps out a client who did not.
    pub(super) fn draw(&self, now: Instant, entropy: &Entropy) -> Option<&Waiting> {
        const ONE: u64 = 1 << 40;
        let weight = |one: &Waiting| {
            let tries = u64::from(one.wrong.min(1 << 10)) + 1;
            ONE / (tries * tries * tries)
        };
        let ready = || self.waiting.iter().filter(|one| one.ready_at <= now);
        let total: u64 = ready().map(weight).sum();
        let mut at = u64::from_le_bytes(entropy.bytes()).checked_rem(total)?;
        ready().find(|one| match at.checked_sub(weight(one)) {
            Some(rest) => {
                at = rest;
                false
            }
            None => true,
        })
    }
}
