//! Waiting for a time of day, by two clocks: the wall clock, and the monotonic clock, which runs on when the wall clock
//! is set back. Does not know what a wait is for.

use std::time::Duration;

use approval::Clock;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

/// The longest sleep between two checks of the wall clock: a suspend of the machine, or a clock that was put forward,
/// is noticed within this time.
const LOOK: Duration = Duration::from_secs(5);

/// A period that began at a known time of both clocks. It turns times of day into deadlines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    began_at: OffsetDateTime,
    began: Instant,
}

/// A time of day, and the monotonic limit after which it has passed whatever the wall clock says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: OffsetDateTime,
    limit: Instant,
}

impl Period {
    /// Begins now, for a row that was written at `written_at`. If the wall clock shows an earlier time, it was set back
    /// since, and the period counts as if it were `written_at` now.
    pub(crate) fn begin(clock: &Clock, written_at: OffsetDateTime) -> Self {
        Self { began_at: clock.now().max(written_at), began: Instant::now() }
    }

    /// When it began by the wall clock; never before the row was written.
    pub(crate) const fn began_at(&self) -> OffsetDateTime {
        self.began_at
    }

    /// The deadline `at`.
    pub(crate) fn deadline(&self, at: OffsetDateTime) -> Deadline {
        Deadline { at, limit: self.began + length(at - self.began_at) }
    }
}

impl Deadline {
    /// The monotonic limit.
    pub(crate) const fn limit(&self) -> Instant {
        self.limit
    }

    /// The remaining time, by the clock that shows less.
    pub(crate) fn left(&self, clock: &Clock) -> Duration {
        length(self.at - clock.now()).min(self.limit.saturating_duration_since(Instant::now()))
    }

    /// True once the deadline has passed by either clock.
    pub(crate) fn has_passed(&self, clock: &Clock) -> bool {
        self.left(clock).is_zero()
    }
}

/// Waits for the deadline.
pub(crate) async fn until(clock: &Clock, deadline: Deadline) {
    loop {
        let left = deadline.left(clock);
        if left.is_zero() {
            return;
        }
        sleep(left.min(LOOK)).await;
    }
}

/// A negative time is zero.
fn length(time: time::Duration) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests;
