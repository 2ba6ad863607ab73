//! Runs slow work on threads that serve no connections: one or two pieces at once, first come, first served. Knows
//! nothing of callbacks.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// At most this many pieces of work run at once, and no more than there are cores. Each takes a few milliseconds.
const MOST_TURNS: usize = 2;
/// How long work waits for its turn. The queue has no other limit: all that waits in it is in memory already, and the
/// connections that it came by are limited.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// A pool of one or two threads with a fair queue.
pub(crate) struct VerifyPool {
    turns: Arc<Semaphore>,
}

/// No turn came in time, or the process is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoTurn;

impl VerifyPool {
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(cores.min(MOST_TURNS))) }
    }

    /// Runs `work` once it has a thread.
    ///
    /// # Errors
    /// [`NoTurn`] after [`LONGEST_WAIT`].
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, NoTurn> {
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| NoTurn)?.map_err(|_| NoTurn)?;
        // The work goes on when its client disconnects, so the work itself holds its turn.
        let done = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => NoTurn,
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_waits_for_its_turn_and_gives_up_after_four_seconds() {
        let pool = VerifyPool::new();
        let all = u32::try_from(pool.turns.available_permits()).unwrap();
        let busy = Arc::clone(&pool.turns).acquire_many_owned(all).await.unwrap();
        let begun = Instant::now();
        assert_eq!(pool.run(|| ()).await, Err(NoTurn));
        assert_eq!(begun.elapsed().as_secs(), 4);
        let waiting = tokio::join!(pool.run(|| 7), async { drop(busy) });
        assert_eq!(waiting.0, Ok(7));
        assert_eq!(pool.turns.available_permits(), all as usize, "each turn is given back");
    }
}
