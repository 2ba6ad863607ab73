//! Tells at each moment whether NATS can be used, and waits for it. The checks run in a task of their own.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Context;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::checks::Checks;
use super::connect::ConnectError;
use super::line::Line;
use super::settings::{Credentials, JetStreamSettings};
use super::standing::{Acknowledged, Standing};

/// How long the first check may take after the time for the start is over.
const FIRST_CHECK: Duration = Duration::from_secs(8);
/// The current standing, and the task that checks it. The task ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    standing: watch::Receiver<Standing>,
    line: Line,
    recheck: Arc<Notify>,
    acknowledged: Arc<Acknowledged>,
    credentials: Credentials,
    task: AbortOnDropHandle<()>,
}

impl Keeper {
    /// Starts the task.
    pub(super) fn start(line: Line, context: Context, settings: JetStreamSettings) -> Self {
        let (sender, standing) = watch::channel(Standing::Unchecked);
        let (recheck, acknowledged) = (Arc::<Notify>::default(), Arc::<Acknowledged>::default());
        let credentials = settings.credentials.clone();
        let checks =
            Checks::new(line.clone(), context, settings, sender, Arc::clone(&recheck), Arc::clone(&acknowledged));
        let task = tokio::spawn(checks.run());
        Self { standing, line, recheck, acknowledged, credentials, task: AbortOnDropHandle::new(task) }
    }

    /// True while there is a connection, on which server and streams were found safe.
    pub(super) fn is_usable(&self) -> bool {
        let safe = matches!(&*self.standing.borrow(), Standing::Usable(at) if *at == self.line.generation());
        safe && self.line.is_connected()
    }

    /// Waits until NATS can be used.
    pub(super) async fn usable(&self) {
        let mut standing = self.standing.clone();
        while !self.is_usable() {
            // The sender lives as long as the task.
            if standing.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Waits until NATS can be used, or a fault is found.
    ///
    /// # Errors
    /// The fault. A server that cannot be reached is waited for instead.
    pub(super) async fn usable_or_fault(&self) -> Result<(), ConnectError> {
        let mut standing = self.standing.clone();
        loop {
            if self.is_usable() {
                return Ok(());
            }
            if let Some(error) = self.error().filter(|error| !matches!(error, ConnectError::Unreachable(_))) {
                return Err(error);
            }
            if standing.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Waits until NATS can be used, until `deadline` at most. Faults that no retry can repair return at once.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) async fn usable_by(&self, deadline: Instant) -> Result<(), ConnectError> {
        self.first_check(deadline).await?;
        let mut standing = self.standing.clone();
        while !self.is_usable() {
            if let Some(error) = self.error().filter(|error| !error.may_pass()) {
                return Err(error);
            }
            if !matches!(timeout_at(deadline, standing.changed()).await, Ok(Ok(()))) {
                return if self.is_usable() { Ok(()) } else { self.error().map_or(Ok(()), Err) };
            }
        }
        Ok(())
    }

    /// Waits for the first result of a check, until [`FIRST_CHECK`] after `deadline` at most.
    ///
    /// # Errors
    /// [`ConnectError::Unreachable`] if there is no result by then.
    pub(super) async fn first_check(&self, deadline: Instant) -> Result<(), ConnectError> {
        let mut standing = self.standing.clone();
        let known = standing.wait_for(|standing| !matches!(standing, Standing::Unchecked));
        let known = timeout_at(deadline + FIRST_CHECK, known).await;
        known.map(|_| ()).map_err(|elapsed| ConnectError::Unreachable(Arc::new(elapsed)))
    }

    /// Why NATS cannot be used, as far as is known.
    pub(super) fn error(&self) -> Option<ConnectError> {
        match &*self.standing.borrow() {
            Standing::Unusable(error) => Some(error.clone()),
            Standing::Unchecked | Standing::Usable(_) => None,
        }
    }

    /// The error as a sentence for an operator; `None` for a server that cannot be reached, which is no fault of a
    /// setting.
    pub(super) fn fault(&self) -> Option<String> {
        let error = self.error().filter(|error| !matches!(error, ConnectError::Unreachable(_)))?;
        Some(error.sentence(&self.credentials))
    }

    /// Notes that a stream is not the one that was checked. Streams are not used until they are checked again.
    pub(super) fn invalidate(&self) {
        self.line.begin_generation();
        self.recheck.notify_one();
    }

    /// The highest known sequence numbers.
    pub(super) fn acknowledged(&self) -> &Acknowledged {
        &self.acknowledged
    }

    /// Ends the task before this process closes the connection.
    pub(super) fn stop(&self) {
        self.line.closes();
        self.task.abort();
    }
}
