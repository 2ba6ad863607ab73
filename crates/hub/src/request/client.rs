//! Whether the client of a request is still there. A request that changes something runs on when its client hangs up, so
//! whatever only waits, and has begun nothing yet, looks here. Knows no request.

use std::future::pending;

use tokio_util::sync::{CancellationToken, DropGuard};

tokio::task_local! {
    /// Cancelled when the client of the request that this task works for has left.
    static LEFT: CancellationToken;
}

/// Stands for the client: when it is dropped, the client has left.
pub(crate) struct Client(DropGuard);

impl Client {
    /// A client, and `work` that is done for it.
    pub(crate) fn with<T>(work: impl Future<Output = T>) -> (Self, impl Future<Output = T>) {
        let left = CancellationToken::new();
        (Self(left.clone().drop_guard()), LEFT.scope(left, work))
    }

    /// It was answered.
    pub(crate) fn answered(self) {
        self.0.disarm();
    }
}

/// Waits until the client of this request has left; for ever outside of a request.
pub(crate) async fn has_left() {
    match LEFT.try_with(CancellationToken::clone) {
        Ok(left) => left.cancelled().await,
        Err(_) => pending().await,
    }
}
