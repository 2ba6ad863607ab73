//! Waiting for a time of day. Knows nothing of what it is waited for.

use std::time::Duration;

use approval::Clock;
use time::OffsetDateTime;
use tokio::time::sleep;

/// Waits until the clock says `at`.
pub(crate) async fn until(clock: &Clock, at: OffsetDateTime) {
    // Without an answer: the time is over.
    if let Ok(left) = Duration::try_from(at - clock.now()) {
        sleep(left).await;
    }
}
