//! Shares the machine's cores fairly: half of the pool is reserved for known networks, and in each half the /24s and
//! /48s with waiters take turns. Knows no password.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::{network::Block, settings::HashLimits};

/// The client whose work waits for a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolClient {
    /// The /24 or /48, whose clients share one place in the rotation. Clients without an address share `None`.
    pub(crate) block: Option<Block>,
    /// True if an account was recently confirmed from the client's network.
    pub(crate) is_known: bool,
}

/// A pool of cores. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HashPool(Arc<Shared>);

/// The right to use one core, until dropped.
#[derive(Debug)]
pub(crate) struct CorePermit {
    pool: HashPool,
    lane: usize,
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolFull;

#[derive(Debug)]
struct Shared {
    /// Concurrent turns.
    width: usize,
    /// Concurrent turns for unknown networks, which never get the others: a known client waits for no stranger's hash.
    /// Known clients may use free turns of strangers, so a stranger waits for at most one hash of theirs.
    strangers: usize,
    /// Waiters in each half.
    queue: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lanes: [Lane; 2],
    /// The lane that had the last turn: with a single core they alternate.
    last: usize,
}

const KNOWN: usize = 0;
const STRANGERS: usize = 1;

/// The waiters in one half of the pool.
#[derive(Debug, Default)]
struct Lane {
    running: usize,
    /// The blocks with waiters; the first one is next.
    order: VecDeque<Option<Block>>,
    waiting: HashMap<Option<Block>, VecDeque<oneshot::Sender<CorePermit>>>,
    count: usize,
}

impl HashPool {
    /// The longest wait; by then the client has given up.
    const LONGEST_WAIT: Duration = Duration::from_secs(10);

    /// A pool with these limits; of 0, each counts as 1.
    pub(crate) fn new(limits: HashLimits) -> Self {
        let (width, queue) = (limits.threads.max(1), limits.queue.max(1));
        let strangers = if width == 1 { 1 } else { width - width / 2 };
        Self(Arc::new(Shared { width, strangers, queue, state: Mutex::default() }))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`PoolFull`] if too many wait already. The block with most waiters loses one to a block with fewer.
    pub(crate) async fn turn(&self, client: PoolClient) -> Result<CorePermit, PoolFull> {
        let (sender, receiver) = oneshot::channel();
        let lane = if client.is_known { KNOWN } else { STRANGERS };
        self.state().lanes[lane].push(client.block, sender, self.0.queue)?;
        self.give_turns();
        match tokio::time::timeout(Self::LONGEST_WAIT, receiver).await {
            Ok(Ok(turn)) => Ok(turn),
            // A waiter of another block replaced this one, or the wait was too long.
            Ok(Err(_)) | Err(_) => Err(PoolFull),
        }
    }

    /// Gives every free turn to the next waiter.
    fn give_turns(&self) {
        loop {
            let Some((lane, waiter)) = self.state().next(self.0.width, self.0.strangers) else { return };
            // If the waiter has gone, sending returns the turn; dropping it frees it for the next waiter.
            drop(waiter.send(CorePermit { pool: self.clone(), lane }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing between lock and unlock can leave the queues half changed.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CorePermit {
    fn drop(&mut self) {
        self.pool.state().lanes[self.lane].running -= 1;
        self.pool.give_turns();
    }
}

impl State {
    /// Takes the next waiter out of its queue, if a turn is free for it.
    fn next(&mut self, width: usize, strangers: usize) -> Option<(usize, oneshot::Sender<CorePermit>)> {
        if self.lanes[KNOWN].running + self.lanes[STRANGERS].running >= width {
            return None;
        }
        let first = match width {
            1 => 1 - self.last,
            // Strangers come first for free turns of their own half.
            _ => STRANGERS,
        };
        for lane in [first, 1 - first] {
            if lane == STRANGERS && self.lanes[lane].running >= strangers {
                continue;
            }
            if let Some(waiter) = self.lanes[lane].pop() {
                self.lanes[lane].running += 1;
                self.last = lane;
                return Some((lane, waiter));
            }
        }
        None
    }
}

impl Lane {
    fn push(&mut self, block: Option<Block>, waiter: oneshot::Sender<CorePermit>, most: usize) -> Result<(), PoolFull> {
        if self.count >= most {
            self.forget_the_gone();
        }
        if self.count >= most {
            self.make_room(block)?;
        }
        let waiting = self.waiting.entry(block).or_default();
        if waiting.is_empty() {
            self.order.push_back(block);
        }
        waiting.push_back(waiter);
        self.count += 1;
        Ok(())
    }

    /// Takes the first waiter of the next block, and moves the block to the end of the order.
    fn pop(&mut self) -> Option<oneshot::Sender<CorePermit>> {
        while let Some(block) = self.order.pop_front() {
            let Some(waiting) = self.waiting.get_mut(&block) else { continue };
            let before = waiting.len();
            let waiter = std::iter::from_fn(|| waiting.pop_front()).find(|waiter| !waiter.is_closed());
            self.count -= before - waiting.len();
            if waiting.is_empty() {
                self.waiting.remove(&block);
            } else {
                self.order.push_back(block);
            }
            if waiter.is_some() {
                return waiter;
            }
        }
        None
    }

    /// Removes the newest waiter of the block with most waiters, unless `block` would then have as many.
    fn make_room(&mut self, block: Option<Block>) -> Result<(), PoolFull> {
        let own = self.waiting.get(&block).map_or(0, VecDeque::len);
        let longest = self.waiting.values_mut().max_by_key(|waiting| waiting.len()).ok_or(PoolFull)?;
        if longest.len() <= own + 1 {
            return Err(PoolFull);
        }
        longest.pop_back();
        self.count -= 1;
        Ok(())
    }

    fn forget_the_gone(&mut self) {
        for waiting in self.waiting.values_mut() {
            waiting.retain(|waiter| !waiter.is_closed());
        }
        self.waiting.retain(|_, waiting| !waiting.is_empty());
        self.order.retain(|block| self.waiting.contains_key(block));
        self.count = self.waiting.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests;
