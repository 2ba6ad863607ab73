//! The connection to NATS as the client library reports it: whether it is up, and whether something may have changed or
//! been lost. Knows no stream.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{Client, Event, ServerError};
use tokio::sync::{Notify, watch};

/// This many different errors of the server are remembered, so that each is logged once.
const REMEMBERED_ERRORS: usize = 32;
/// The beginning of the server's error for a missing permission. The error names a subject and no secret.
const DENIED: &str = "permissions violation";
/// The subjects on which the server reports changes of a stream. Logins with older permissions work without them.
const ADVISORY: &str = "$JS.EVENT.ADVISORY.";

/// A connection that the client library makes again whenever it breaks.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) client: Client,
    state: Arc<State>,
}

/// What the client library reported about a connection.
#[derive(Debug)]
pub(super) struct State {
    connected: watch::Sender<bool>,
    generation: Arc<AtomicU64>,
    missed: Notify,
    logged: Mutex<BTreeSet<String>>,
    /// True once this process ends the connection itself.
    closing: AtomicBool,
}

impl Line {
    pub(super) const fn new(client: Client, state: Arc<State>) -> Self {
        Self { client, state }
    }

    pub(super) fn is_connected(&self) -> bool {
        *self.state.connected.borrow()
    }

    /// Waits until there is a connection.
    pub(super) async fn connected(&self) {
        self.state.becomes(true).await;
    }

    /// Waits until there is no connection.
    pub(super) async fn disconnected(&self) {
        self.state.becomes(false).await;
    }

    /// Reports each connection and each loss of one from now on.
    pub(super) fn changes(&self) -> watch::Receiver<bool> {
        self.state.connected.subscribe()
    }

    /// Grows with each connection and each reported change of a stream. Results of checks hold for one generation.
    pub(super) fn generation(&self) -> u64 {
        self.state.generation.load(Ordering::Relaxed)
    }

    /// The shared counter behind [`Self::generation`].
    pub(super) fn generations(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.state.generation)
    }

    /// Invalidates the results of all checks so far.
    pub(super) fn begin_generation(&self) {
        self.state.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until an announcement may have been lost: announcements are not stored.
    pub(super) async fn missed(&self) {
        self.state.missed.notified().await;
    }

    /// Notes that this process closes the connection itself, so that its end is no warning.
    pub(super) fn closes(&self) {
        self.state.closing.store(true, Ordering::Relaxed);
    }
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            connected: watch::Sender::new(false),
            generation: Arc::default(),
            missed: Notify::new(),
            logged: Mutex::default(),
            closing: AtomicBool::new(false),
        }
    }

    pub(super) fn hear(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.generation.fetch_add(1, Ordering::Relaxed);
                self.connected.send_replace(true);
                self.missed.notify_one();
                tracing::info!("connected to NATS");
            }
            Event::SlowConsumer(_) => {
                self.missed.notify_one();
                tracing::warn!("NATS sends more than is taken; what was dropped is read again");
            }
            Event::Disconnected | Event::Closed => {
                self.connected.send_replace(false);
                if !self.closing.load(Ordering::Relaxed) {
                    tracing::warn!("the connection to NATS is lost");
                }
            }
            Event::ServerError(ServerError::Other(text)) => self.report(text),
            // `checks` finds and logs the reason for a missing connection.
            Event::ServerError(_) | Event::ClientError(_) | Event::Draining => {}
            Event::LameDuckMode => tracing::info!("the NATS server is about to stop"),
        }
    }

    /// Logs an error of the server once. Its text may quote what was sent, unless it is about permissions.
    fn report(&self, text: &str) {
        let denied = text.to_lowercase().contains(DENIED);
        if denied && text.contains(ADVISORY) {
            return;
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= REMEMBERED_ERRORS {
            logged.clear();
        }
        if !logged.insert(text.to_owned()) {
            return;
        }
        if denied {
            tracing::warn!(error = text, "NATS denied a permission to this login");
        } else {
            tracing::warn!("NATS reports an error");
        }
    }

    async fn becomes(&self, connected: bool) {
        let mut changes = self.connected.subscribe();
        // The sender lives as long as this state.
        let _ = changes.wait_for(|now| *now == connected).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn whatever_may_have_been_lost_is_told_once_and_a_line_that_is_down_counts_as_down() {
        let state = State::new();
        for event in [Event::SlowConsumer(7), Event::Connected] {
            state.hear(&event);
            state.missed.notified().await;
        }
        state.hear(&Event::Disconnected);
        assert!(!*state.connected.borrow());
        assert!(state.missed.notified().now_or_never().is_none());
    }

    #[test]
    fn an_error_of_the_server_is_remembered_as_logged_and_there_is_a_limit_to_that() {
        let state = State::new();
        for number in 0..1000 {
            state.hear(&Event::ServerError(ServerError::Other(format!("an error {number}"))));
            state.hear(&Event::ServerError(ServerError::Other("the same error".to_owned())));
        }
        assert!(state.logged.lock().unwrap().len() <= REMEMBERED_ERRORS);
    }
}
