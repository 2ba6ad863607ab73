//! Starts and ends the parts of a process. At SIGTERM or SIGINT it ends them step by step, and exits in time although
//! requests are still open. Knows nothing of what the parts do.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ending::{Ending, Schedule};

/// After the listeners close, everything else runs on for at most this long while the last requests are answered.
const LAST_REQUESTS: Duration = Duration::from_millis(1500);
/// What a shell reports for a program that a second Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// What is left to do once everything has stopped, in the time that is left for it.
pub(crate) struct Closing(Option<Close>);

type Close = Box<dyn FnOnce(Duration) -> BoxFuture<'static, anyhow::Result<()>> + Send>;

/// What every part of a process shares: the sign to stop, and the list of those who have to end first.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    /// Given once; everything that runs for long watches it.
    pub(crate) stop: CancellationToken,
    /// The steps before `stop`, for listeners. They are skipped when a part of the process fails.
    pub(crate) ending: Ending,
    /// Everything that must have ended before the process does.
    pub(crate) tasks: TaskTracker,
    /// The tasks that answer requests.
    listeners: TaskTracker,
    schedule: Schedule,
    /// When a signal asked the process to end; unset if a failed part ended it.
    asked: Arc<OnceLock<Instant>>,
}

impl Lifecycle {
    /// Begins to listen for signals. The first one begins the end, with a drain of this length; a second one ends the
    /// process at once. SIGHUP is ignored: there is no configuration to read again.
    ///
    /// # Errors
    /// When the operating system lets nobody listen for signals.
    pub(crate) fn begin(drain: Duration) -> io::Result<Self> {
        let lifecycle = Self::new(drain);
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(watch(terminate, interrupt, lifecycle.clone()));
        tokio::spawn(ignore(signal(SignalKind::hangup())?));
        Ok(lifecycle)
    }

    fn new(drain: Duration) -> Self {
        let (stop, schedule) = (CancellationToken::new(), Schedule::with_drain(drain));
        let (tasks, listeners, asked) = (TaskTracker::new(), TaskTracker::new(), Arc::default());
        Self { ending: Ending::of(&stop, schedule), stop, tasks, listeners, schedule, asked }
    }

    /// Gives the sign to stop, because somebody asked for it.
    pub(crate) fn end(&self) {
        let _ = self.asked.set(Instant::now());
        self.stop.cancel();
    }

    /// Drains, closes the listeners, and cancels `stop` when the last requests are answered.
    async fn end_in_order(self) {
        let _ = self.asked.set(Instant::now());
        self.ending.draining.cancel();
        let _ = timeout(self.schedule.drain, self.stop.cancelled()).await;
        self.ending.closing.cancel();
        self.listeners.close();
        let _ = timeout(LAST_REQUESTS, self.listeners.wait()).await;
        self.stop.cancel();
    }

    /// Runs a part that answers requests. It ends when its last request is answered.
    pub(crate) fn serve<Part: Future<Output = ()> + Send + 'static>(&self, part: Part) {
        self.spawn(self.listeners.track_future(part));
    }

    /// True once a part answers requests.
    pub(crate) fn serves(&self) -> bool {
        !self.listeners.is_empty()
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

    /// Waits for `stop`, then for all tasks to end, as long as the schedule allows. Then `closing` has the remaining
    /// time.
    ///
    /// # Errors
    /// The error of `closing`; or that a part has failed, so that the service manager starts the process again.
    pub(crate) async fn finish(self, closing: Closing) -> anyhow::Result<()> {
        self.stop.cancelled().await;
        let begun = self.asked.get().copied().unwrap_or_else(Instant::now);
        self.tasks.close();
        if timeout_at(begun + self.schedule.tasks, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "ending although not everything has stopped");
        }
        if let Some(close) = closing.0 {
            close(self.schedule.end.saturating_sub(begun.elapsed())).await?;
        }
        anyhow::ensure!(self.asked.get().is_some(), "a part of the process has failed; the log says which");
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
    tokio::spawn(lifecycle.end_in_order());
    next(&mut terminate, &mut interrupt).await;
    std::process::exit(INTERRUPTED);
}

async fn ignore(mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        tracing::info!("SIGHUP is ignored; settings are read at the start only, so restart the process to change them");
    }
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
        let lifecycle = Lifecycle::new(Duration::ZERO);
        lifecycle.tasks.spawn(std::future::pending::<()>());
        lifecycle.end();
        let begun = Instant::now();
        lifecycle.finish(Closing::nothing()).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn the_process_ends_as_soon_as_its_tasks_have() {
        let lifecycle = Lifecycle::new(Duration::ZERO);
        let stop = lifecycle.stop.clone();
        lifecycle.tasks.spawn(async move { stop.cancelled().await });
        lifecycle.end();
        let begun = Instant::now();
        lifecycle.finish(Closing::nothing()).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_of_which_a_part_has_failed_says_so_when_it_ends() {
        let lifecycle = Lifecycle::new(Duration::ZERO);
        lifecycle.stop.cancel();
        assert!(lifecycle.finish(Closing::nothing()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_ends_the_process_whether_it_is_waited_for_or_not() {
        for spawn in [Lifecycle::spawn::<BoxFuture<'static, ()>>, Lifecycle::keep::<BoxFuture<'static, ()>>] {
            let lifecycle = Lifecycle::new(Duration::ZERO);
            spawn(&lifecycle, Box::pin(async { panic!("on purpose") }));
            assert!(lifecycle.finish(Closing::nothing()).await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_needed_and_ends_before_the_process_ends_the_process() {
        let lifecycle = Lifecycle::new(Duration::ZERO);
        lifecycle.needs("a file", std::future::ready(()));
        assert!(lifecycle.finish(Closing::nothing()).await.is_err());
        let lifecycle = Lifecycle::new(Duration::ZERO);
        lifecycle.needs("a file", std::future::pending());
        lifecycle.end();
        assert!(lifecycle.finish(Closing::nothing()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_to_do_is_done_last_and_knows_how_long_it_may_take() {
        let lifecycle = Lifecycle::new(Duration::ZERO);
        let (tasks, stop) = (lifecycle.tasks.clone(), lifecycle.stop.clone());
        tasks.spawn(async move { tokio::time::sleep(Duration::from_secs(3)).await });
        stop.cancel();
        let closing = Closing::by(move |limit| async move {
            assert!(tasks.is_empty());
            anyhow::bail!("{} s are left", limit.as_secs())
        });
        assert_eq!(lifecycle.finish(closing).await.unwrap_err().to_string(), "6 s are left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_is_asked_to_end_drains_then_closes_and_stops_once_the_last_request_is_answered() {
        let lifecycle = Lifecycle::new(Duration::from_secs(3));
        let (ending, stop) = (lifecycle.ending.clone(), lifecycle.stop.clone());
        let closing = ending.closing.clone();
        lifecycle.serve(async move {
            closing.cancelled().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
        let begun = Instant::now();
        tokio::spawn(lifecycle.clone().end_in_order());
        ending.draining.cancelled().await;
        assert_eq!(begun.elapsed().as_secs(), 0);
        ending.closing.cancelled().await;
        assert_eq!(begun.elapsed().as_secs(), 3);
        stop.cancelled().await;
        assert_eq!(begun.elapsed().as_secs(), 4);
        lifecycle.finish(Closing::nothing()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_does_not_end_holds_up_the_rest_of_the_process_for_a_moment_only() {
        let lifecycle = Lifecycle::new(Duration::ZERO);
        lifecycle.serve(std::future::pending());
        let begun = Instant::now();
        tokio::spawn(lifecycle.clone().end_in_order());
        lifecycle.stop.cancelled().await;
        assert_eq!(begun.elapsed(), LAST_REQUESTS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_fails_while_the_process_drains_ends_it_without_delay() {
        let lifecycle = Lifecycle::new(Duration::from_secs(30));
        tokio::spawn(lifecycle.clone().end_in_order());
        tokio::task::yield_now().await;
        let begun = Instant::now();
        lifecycle.stop.cancel();
        lifecycle.ending.closed.cancelled().await;
        lifecycle.finish(Closing::nothing()).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
