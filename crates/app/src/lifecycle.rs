//! The life of a process: it runs until SIGTERM or SIGINT, then ends within ten seconds whatever is still open.
//! Knows nothing of what runs.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the tasks may take to end once it is time to stop.
const LIMIT: Duration = Duration::from_secs(8);
/// How long everything may take together.
const END: Duration = Duration::from_secs(9);
/// What a shell reports for a program that a second Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// What is left to do once everything has stopped, in the time that is left for it.
pub(crate) struct Closing(Option<Close>);

type Close = Box<dyn FnOnce(Duration) -> BoxFuture<'static, anyhow::Result<()>> + Send>;

/// What every part of a process shares: the sign to stop, and the list of those who have to end first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lifecycle {
    /// Given once; everything that runs for long watches it.
    pub(crate) stop: CancellationToken,
    /// Everything that must have ended before the process does.
    pub(crate) tasks: TaskTracker,
    /// Whether somebody asked the process to end; else a part of it gave the sign because it failed.
    asked: Arc<AtomicBool>,
}

impl Lifecycle {
    /// Begins to listen for signals: the first gives the sign to stop, a second one ends the process at once.
    ///
    /// # Errors
    /// When the operating system lets nobody listen for signals.
    pub(crate) fn begin() -> io::Result<Self> {
        let lifecycle = Self::default();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(watch(terminate, interrupt, lifecycle.clone()));
        Ok(lifecycle)
    }

    /// Gives the sign to stop, because somebody asked for it.
    pub(crate) fn end(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.stop.cancel();
    }

    /// Runs a part of the process, which ends at the sign to stop. Should it panic, it gives the sign itself: better ended,
    /// and started again, than alive and deaf.
    pub(crate) fn spawn<Part: Future<Output = ()> + Send + 'static>(&self, part: Part) {
        self.tasks.spawn(guarded(part, self.stop.clone()));
    }

    /// The same for a part that goes on to the very end.
    pub(crate) fn keep<Part: Future<Output = ()> + Send + 'static>(&self, part: Part) {
        tokio::spawn(guarded(part, self.stop.clone()));
    }

    /// Gives the sign to stop should `ended` come before it: without what has ended, called `name`, the process is of no
    /// use.
    pub(crate) fn needs(&self, name: &'static str, ended: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.spawn(async move {
            if stop.run_until_cancelled(ended).await.is_some() {
                tracing::error!("{name} has failed; the process stops");
                stop.cancel();
            }
        });
    }

    /// Waits for the sign to stop and for all tasks to end, for eight seconds at most; then `closing` has what is left
    /// of nine.
    ///
    /// # Errors
    /// What `closing` says could not be brought to its end, or that nobody had asked for the end: whoever starts processes
    /// shall start this one again.
    pub(crate) async fn finish(self, closing: Closing) -> anyhow::Result<()> {
        self.stop.cancelled().await;
        let stopped = Instant::now();
        self.tasks.close();
        if tokio::time::timeout(LIMIT, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "ending although not everything has stopped");
        }
        if let Some(close) = closing.0 {
            close(END.saturating_sub(stopped.elapsed())).await?;
        }
        anyhow::ensure!(self.asked.load(Ordering::Relaxed), "a part of the process has failed; the log says which");
        Ok(())
    }
}

impl Closing {
    /// Nothing is left to do.
    pub(crate) const fn nothing() -> Self {
        Self(None)
    }

    /// `close` is told how long it may take.
    pub(crate) fn by<Done>(close: impl FnOnce(Duration) -> Done + Send + 'static) -> Self
    where
        Done: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        Self(Some(Box::new(|limit| Box::pin(close(limit)))))
    }
}

async fn guarded(part: impl Future<Output = ()> + Send + 'static, stop: CancellationToken) {
    if AssertUnwindSafe(part).catch_unwind().await.is_err() {
        tracing::error!("a part of the process panicked; it stops");
        stop.cancel();
    }
}

async fn watch(mut terminate: Signal, mut interrupt: Signal, lifecycle: Lifecycle) {
    next(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping");
    lifecycle.end();
    next(&mut terminate, &mut interrupt).await;
    std::process::exit(INTERRUPTED);
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_not_waited_for_longer_than_the_limit() {
        let lifecycle = Lifecycle::default();
        lifecycle.tasks.spawn(std::future::pending::<()>());
        lifecycle.end();
        let begun = Instant::now();
        lifecycle.finish(Closing::nothing()).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), LIMIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn the_process_ends_as_soon_as_its_tasks_have() {
        let lifecycle = Lifecycle::default();
        let stop = lifecycle.stop.clone();
        lifecycle.tasks.spawn(async move { stop.cancelled().await });
        lifecycle.end();
        let begun = Instant::now();
        lifecycle.finish(Closing::nothing()).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_of_which_a_part_has_failed_says_so_when_it_ends() {
        let lifecycle = Lifecycle::default();
        lifecycle.stop.cancel();
        assert!(lifecycle.finish(Closing::nothing()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_ends_the_process_whether_it_is_waited_for_or_not() {
        for spawn in [Lifecycle::spawn::<BoxFuture<'static, ()>>, Lifecycle::keep::<BoxFuture<'static, ()>>] {
            let lifecycle = Lifecycle::default();
            spawn(&lifecycle, Box::pin(async { panic!("on purpose") }));
            assert!(lifecycle.finish(Closing::nothing()).await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_needed_and_ends_before_the_process_ends_the_process() {
        let lifecycle = Lifecycle::default();
        lifecycle.needs("a file", std::future::ready(()));
        assert!(lifecycle.finish(Closing::nothing()).await.is_err());
        let lifecycle = Lifecycle::default();
        lifecycle.needs("a file", std::future::pending());
        lifecycle.end();
        assert!(lifecycle.finish(Closing::nothing()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_to_do_is_done_last_and_knows_how_long_it_may_take() {
        let lifecycle = Lifecycle::default();
        let (tasks, stop) = (lifecycle.tasks.clone(), lifecycle.stop.clone());
        tasks.spawn(async move { tokio::time::sleep(Duration::from_secs(3)).await });
        stop.cancel();
        let closing = Closing::by(move |limit| async move {
            assert!(tasks.is_empty());
            anyhow::bail!("{} s are left", limit.as_secs())
        });
        assert_eq!(lifecycle.finish(closing).await.unwrap_err().to_string(), "6 s are left");
    }
}
