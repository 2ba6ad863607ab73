//! Notices that the client of a request has disconnected. A request that changes something runs to its end without its
//! client, so work that only waits, and has begun nothing yet, ends by this signal. Knows no request.

use std::future::pending;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

tokio::task_local! {
    /// The client of this task's request.
    static CLIENT: Client;
}

/// Set while the handler of a request only waits. A server puts one into the extensions of each request. It checks for
/// a client that has gone only while the mark is set, because all other work is finished without its client as well.
#[derive(Debug, Clone)]
pub struct WaitMark(watch::Sender<bool>);

/// Represents the client; dropping it signals that the client has disconnected.
pub struct DisconnectGuard(DropGuard);

/// Unsets the mark when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Waiting(WaitMark);

#[derive(Clone)]
struct Client {
    /// Cancelled when the client has disconnected.
    left: CancellationToken,
    mark: Option<WaitMark>,
}

impl Default for WaitMark {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl WaitMark {
    /// Sets the mark until the value is dropped.
    pub fn set(&self) -> Waiting {
        self.0.send_replace(true);
        Waiting(self.clone())
    }

    /// Returns when the mark is set (`true`) or not set (`false`).
    pub async fn is(&self, set: bool) {
        // The sender is held here, so the channel cannot be closed.
        let _ = self.0.subscribe().wait_for(|now| *now == set).await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.send_replace(false);
    }
}

impl DisconnectGuard {
    /// A client, and `work` with its signal in scope. `mark` is that of the request.
    pub fn with<T>(mark: Option<WaitMark>, work: impl Future<Output = T>) -> (Self, impl Future<Output = T>) {
        let left = CancellationToken::new();
        (Self(left.clone().drop_guard()), CLIENT.scope(Client { left, mark }, work))
    }

    /// The answer is ready: dropping the client signals nothing any more.
    pub fn answered(self) {
        self.0.disarm();
    }
}

/// Marks this request as waiting, until the value is dropped. `None` outside of a request.
pub(crate) fn waiting() -> Option<Waiting> {
    CLIENT.try_with(|client| client.mark.as_ref().map(WaitMark::set)).ok().flatten()
}

/// Waits until the client of this request has disconnected; for ever outside of a request. Marks the request as waiting
/// meanwhile.
pub(crate) async fn has_left() {
    let _waiting = waiting();
    match CLIENT.try_with(|client| client.left.clone()) {
        Ok(left) => left.cancelled().await,
        Err(_) => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_request_is_marked_while_it_waits_and_only_then() {
        let mark = WaitMark::default();
        let (guard, work) = DisconnectGuard::with(Some(mark.clone()), async {
            has_left().now_or_never();
            assert!(mark.is(true).now_or_never().is_none(), "it waits no more");
            has_left().await;
        });
        let mut work = Box::pin(work);
        assert!(work.as_mut().now_or_never().is_none());
        mark.is(true).await;
        drop(guard);
        work.await;
        mark.is(false).await;
    }
}
