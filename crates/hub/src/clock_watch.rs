//! Notices when the wall clock is set back, and has storage correct the limits. Knows no limit.

use std::time::Duration;

use approval::{Clock, told};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::hub::Hub;

/// How often the wall clock is compared with the monotonic one.
const LOOK: Duration = Duration::from_secs(1);
/// Smaller steps are left to the sweep, which moves rows from the future to now once a minute.
const SMALLEST_STEP: time::Duration = time::Duration::milliseconds(500);
/// The clocks are read within this time of each other.
const BETWEEN: Duration = Duration::from_millis(50);

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
struct Moment {
    wall: OffsetDateTime,
    monotonic: Instant,
}

impl Moment {
    /// Reads both clocks, again if the thread was interrupted between them.
    fn now(clock: &Clock) -> Self {
        loop {
            let begun = Instant::now();
            let (wall, monotonic) = (clock.now(), Instant::now());
            if monotonic - begun < BETWEEN {
                return Self { wall, monotonic };
            }
        }
    }

    /// How far the wall clock was set back from `earlier` to this moment; `None` for a step that is too small to count.
    fn set_back_since(self, earlier: Self) -> Option<time::Duration> {
        let by = earlier.wall + (self.monotonic - earlier.monotonic) - self.wall;
        (by >= SMALLEST_STEP).then_some(by)
    }
}

/// Starts the watch.
pub(crate) fn start(hub: &Hub) {
    let this = hub.clone();
    hub.spawn(async move {
        let mut seen = Moment::now(&this.clock);
        loop {
            sleep(LOOK).await;
            let now = Moment::now(&this.clock);
            if let Some(by) = now.set_back_since(seen) {
                set_back(&this, by).await;
            }
            seen = now;
        }
    });
}

async fn set_back(hub: &Hub, by: time::Duration) {
    let seconds = by.as_seconds_f64();
    tracing::warn!(seconds, "the clock of this machine was set back; approvals still end in time");
    if let Err(error) = hub.storage.maintenance().clock_set_back(by, hub.settings.shared).await {
        tracing::error!(error = %told(&error), "limits may count for longer than they should: the database failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_step_back_is_noticed_and_by_its_whole_length() {
        let begun = Moment { wall: OffsetDateTime::UNIX_EPOCH, monotonic: Instant::now() };
        let after = |wall_millis: i64, millis: u64| {
            let wall = begun.wall + time::Duration::milliseconds(wall_millis);
            Moment { wall, monotonic: begun.monotonic + Duration::from_millis(millis) }.set_back_since(begun)
        };
        assert_eq!(after(1_000, 1_000), None);
        assert_eq!(after(3_600_000, 1_000), None, "it was put forward");
        assert_eq!(after(900, 1_000), None, "it drifts");
        assert_eq!(after(-59_000, 1_000), Some(time::Duration::MINUTE));
        assert_eq!(after(-86_399_000, 1_000), Some(time::Duration::DAY));
    }
}
