//! The steps in which a process ends, and how long each may take. Knows nothing of what runs.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The whole end takes at most this long, with a drain of up to [`ORDINARY_DRAIN`].
const END: Duration = Duration::from_secs(9);
/// The part of a drain beyond this prolongs the end.
const ORDINARY_DRAIN: Duration = Duration::from_secs(5);
/// The last part of the end, for closing files and NATS after the tasks have ended.
const LAST: Duration = Duration::from_secs(1);
/// The time that tasks have to end after the last request was cut off.
const AFTER_REQUESTS: Duration = Duration::from_secs(1);

/// The steps of the end that listeners and waiting clients take. Each token is cancelled when its step begins.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    /// Readiness answers 503, and each answer closes its connection. Everything else goes on.
    pub(crate) draining: CancellationToken,
    /// Listeners take what has already arrived, and close.
    pub(crate) closing: CancellationToken,
    /// A listener has closed, so a client that connects again reaches another process: waiting clients are sent away.
    pub(crate) closed: CancellationToken,
    /// How long requests may go on once closing began.
    pub(crate) grace: Duration,
}

/// When each step ends at the latest, counted from the signal to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Listeners close after this time.
    pub(crate) drain: Duration,
    /// Tasks are waited for until this time.
    pub(crate) tasks: Duration,
    /// The process ends.
    pub(crate) end: Duration,
}

impl Schedule {
    /// The schedule with a drain of this length.
    pub(crate) fn with_drain(drain: Duration) -> Self {
        let end = END + drain.saturating_sub(ORDINARY_DRAIN);
        Self { drain, tasks: end.saturating_sub(LAST), end }
    }
}

impl Ending {
    /// The steps of a process that ends by `schedule`. All of them are taken at once when `stop` is cancelled.
    pub(crate) fn of(stop: &CancellationToken, schedule: Schedule) -> Self {
        let grace = schedule.tasks.saturating_sub(schedule.drain + AFTER_REQUESTS);
        let (draining, closing, closed) = (stop.child_token(), stop.child_token(), stop.child_token());
        Self { draining, closing, closed, grace }
    }

    /// For a listener that goes on to the very end of the process.
    pub(crate) fn never() -> Self {
        Self::of(&CancellationToken::new(), Schedule::with_drain(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_is_part_of_ten_seconds_and_a_long_one_lengthens_them() {
        for (drain, grace, tasks, end) in [(0, 7, 8, 9), (2, 5, 8, 9), (5, 2, 8, 9), (6, 2, 9, 10), (30, 2, 33, 34)] {
            let schedule = Schedule::with_drain(Duration::from_secs(drain));
            let ending = Ending::of(&CancellationToken::new(), schedule);
            let seconds = [ending.grace, schedule.tasks, schedule.end].map(|time| time.as_secs());
            assert_eq!(seconds, [grace, tasks, end], "{drain}");
        }
    }
}
