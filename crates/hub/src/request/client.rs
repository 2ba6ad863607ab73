//! Notices that the client of a request has disconnected. A request that changes something runs to its end without its
//! client, so work that only waits, and has begun nothing yet, ends by this signal. Knows no request.

use std::future::pending;

use tokio_util::sync::{CancellationToken, DropGuard};

tokio::task_local! {
    /// Cancelled when the client of this task's request has disconnected.
    static LEFT: CancellationToken;
}

/// Represents the client; dropping it signals that the client has disconnected.
pub(crate) struct DisconnectGuard(DropGuard);

impl DisconnectGuard {
    /// A client, and `work` with its signal in scope.
    pub(crate) fn with<T>(work: impl Future<Output = T>) -> (Self, impl Future<Output = T>) {
        let left = CancellationToken::new();
        (Self(left.clone().drop_guard()), LEFT.scope(left, work))
    }

    /// The answer is ready: dropping the client signals nothing any more.
    pub(crate) fn answered(self) {
        self.0.disarm();
    }
}

/// Waits until the client of this request has disconnected; for ever outside of a request.
pub(crate) async fn has_left() {
    match LEFT.try_with(CancellationToken::clone) {
        Ok(left) => left.cancelled().await,
        Err(_) => pending().await,
    }
}
