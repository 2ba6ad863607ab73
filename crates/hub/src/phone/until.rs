//! Waiting for a time of day. Knows nothing of what it is waited for.

use std::time::Duration;

use approval::Clock;
use time::OffsetDateTime;
use tokio::time::sleep;

/// The longest sleep without a look at the clock: while the machine sleeps, or when its clock is put right, the two part.
const LOOK: Duration = Duration::from_secs(5);

/// Waits until the clock says `at`.
pub(crate) async fn until(clock: &Clock, at: OffsetDateTime) {
    // Without an answer: the time is over.
    while let Some(left) = Duration::try_from(at - clock.now()).ok().filter(|left| !left.is_zero()) {
        sleep(left.min(LOOK)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_put_forward_is_noticed_within_seconds() {
        let ahead = Arc::new(AtomicI64::new(0));
        let (hand, begun) = (Arc::clone(&ahead), Instant::now());
        let clock = Clock::telling(move || {
            OffsetDateTime::UNIX_EPOCH + begun.elapsed() + time::Duration::seconds(hand.load(Ordering::SeqCst))
        });
        let jump = async {
            sleep(Duration::from_secs(3)).await;
            ahead.store(70, Ordering::SeqCst);
        };
        tokio::join!(until(&clock, OffsetDateTime::UNIX_EPOCH + Duration::from_mins(1)), jump);
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_goes_right_is_waited_for_exactly() {
        let begun = Instant::now();
        let clock = Clock::telling(move || OffsetDateTime::UNIX_EPOCH + begun.elapsed());
        until(&clock, OffsetDateTime::UNIX_EPOCH + Duration::from_secs(12)).await;
        assert_eq!(begun.elapsed().as_secs(), 12);
        until(&clock, OffsetDateTime::UNIX_EPOCH).await;
        assert_eq!(begun.elapsed().as_secs(), 12);
    }
}
