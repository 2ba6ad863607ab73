//! Runs slow work on threads that serve no connections: a few pieces at once, with a short queue. Knows nothing of
//! callbacks.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Pieces of work at once. Each takes a few milliseconds at most.
const AT_ONCE: usize = 2;
/// Pieces of work that run or wait. The last one waits for less than a second.
const PLACES: usize = 64;

/// A pool of a few threads with a short queue, first in, first out.
pub(crate) struct VerifyPool {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// The queue is full, or the process is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueFull;

impl VerifyPool {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Runs `work` once it has a thread.
    ///
    /// # Errors
    /// [`QueueFull`] immediately when the queue is full.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, QueueFull> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| QueueFull)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| QueueFull)?;
        // The work goes on when its client disconnects, so the work itself holds its place.
        let done = spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        });
        done.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => QueueFull,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_beyond_the_queue_is_refused_and_a_place_comes_free_again() {
        let pool = Arc::new(VerifyPool::new());
        let (ends, end) = mpsc::channel::<()>();
        let end = Arc::new(std::sync::Mutex::new(end));
        let works: Vec<_> = (0..PLACES)
            .map(|_| {
                let (pool, end) = (Arc::clone(&pool), Arc::clone(&end));
                tokio::spawn(async move { pool.run(move || end.lock().unwrap().recv().unwrap()).await })
            })
            .collect();
        while pool.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| ()).await, Err(QueueFull));
        assert_eq!(pool.turns.available_permits(), 0);
        for _ in 0..PLACES {
            ends.send(()).unwrap();
        }
        for work in works {
            assert_eq!(work.await.unwrap(), Ok(()));
        }
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }
}
