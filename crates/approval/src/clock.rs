//! The clock, passed to whatever needs the time, so that expiry is tested exactly.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use time::OffsetDateTime;

/// Tells the time, in UTC. Cheap to clone; clones tell the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
        Self(Arc::new(OffsetDateTime::now_utc))
    }

    /// A clock that tells whatever `now` answers: for tests.
    #[must_use]
    pub fn telling(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that follows this one but never goes back. When this clock is set back, the new clock advances by
    /// `elapsed`, a monotonic clock, until this one is ahead again. For leases and retries within one process, which
    /// must not be late.
    #[must_use]
    pub fn never_back(self, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let last = Mutex::new((self.now(), elapsed()));
        Self::telling(move || {
            let (wall, at) = (self.now(), elapsed());
            // Nothing between lock and unlock can leave the pair half changed.
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let now = wall.max(last.0 + at.saturating_sub(last.1));
            *last = (now, last.1.max(at));
            now
        })
    }

    /// The time now, cut to whole milliseconds, the precision of every time we store or show.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let now = (self.0)();
        now.replace_millisecond(now.millisecond()).unwrap_or(now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn a_clock_that_never_goes_back_follows_steps_forward_and_goes_on_after_steps_back() {
        let (wall, monotonic) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let (hand, beat) = (Arc::clone(&wall), Arc::clone(&monotonic));
        let clock = Clock::telling(move || {
            OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(hand.load(Ordering::SeqCst))
        });
        let clock = clock.never_back(move || Duration::from_millis(beat.load(Ordering::SeqCst).unsigned_abs()));
        let pass = |by_wall: i64, millis: i64| {
            wall.fetch_add(by_wall, Ordering::SeqCst);
            monotonic.fetch_add(millis, Ordering::SeqCst);
            (clock.now() - OffsetDateTime::UNIX_EPOCH).whole_milliseconds()
        };
        assert_eq!(pass(1_000, 1_000), 1_000);
        assert_eq!(pass(61_000, 1_000), 62_000, "it is put forward");
        assert_eq!(pass(-3_600_000, 1_000), 63_000, "it is set back");
        assert_eq!(pass(5_000, 5_000), 68_000);
        assert_eq!(pass(-500, 500), 68_500, "again, and less");
        assert_eq!(pass(4_000_000, 500), 466_500, "it is ahead again");
    }
}
