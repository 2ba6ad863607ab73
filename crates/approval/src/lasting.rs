//! Decides which failures of a lasting trouble are logged: the first, each new cause, and the end. Knows no log and no
//! clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// At most this many causes of one trouble are logged. Further causes are only counted, so causes with changing values
/// cannot fill the log.
const STATED_CAUSES: usize = 8;

/// A trouble that may last, such as a disk that is full.
#[derive(Debug, Default)]
pub struct Lasting {
    quiet: Duration,
    trouble: Mutex<Option<Trouble>>,
}

#[derive(Debug)]
struct Trouble {
    causes: Vec<String>,
    failures: u64,
    last: Instant,
}

impl Lasting {
    /// A trouble that ends with the first success at least `quiet` after the last failure.
    #[must_use]
    pub const fn new(quiet: Duration) -> Self {
        Self { quiet, trouble: Mutex::new(None) }
    }

    /// Notes a failure. True if it must be logged: it begins a trouble, or has a new cause.
    #[must_use]
    pub fn failed(&self, cause: &str, now: Instant) -> bool {
        let mut known = self.trouble();
        let trouble = known.get_or_insert_with(|| Trouble { causes: Vec::new(), failures: 0, last: now });
        trouble.failures += 1;
        trouble.last = now;
        let is_new = trouble.causes.len() < STATED_CAUSES && !trouble.causes.iter().any(|known| known == cause);
        if is_new {
            trouble.causes.push(cause.to_owned());
        }
        is_new
    }

    /// Notes a success. If that ends a trouble, returns its number of failures, and the end must be logged.
    #[must_use]
    pub fn worked(&self, now: Instant) -> Option<u64> {
        let mut known = self.trouble();
        let ended = known.take_if(|trouble| now.saturating_duration_since(trouble.last) >= self.quiet);
        ended.map(|trouble| trouble.failures)
    }

    /// True from the first failure to the end of the trouble.
    #[must_use]
    pub fn lasts(&self) -> bool {
        self.trouble().is_some()
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        // The trouble is consistent after each statement.
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_failure_each_new_cause_and_the_end_are_stated() {
        let (trouble, now) = (Lasting::default(), Instant::now());
        assert_eq!(trouble.worked(now), None);
        assert_eq!(
            ["full", "full", "gone", "full", "gone"].map(|cause| trouble.failed(cause, now)),
            [true, false, true, false, false]
        );
        assert!(trouble.lasts());
        assert_eq!((trouble.worked(now), trouble.worked(now)), (Some(5), None));
        assert!(!trouble.lasts());
        assert!(trouble.failed("full", now), "a new trouble");
    }

    #[test]
    fn a_success_between_failures_ends_nothing_before_it_was_quiet() {
        let (trouble, begun) = (Lasting::new(Duration::from_secs(10)), Instant::now());
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert!(trouble.failed("full", begun));
        for second in 1..60 {
            assert_eq!(trouble.worked(after(second)), None);
            assert!(!trouble.failed("full", after(second)));
        }
        assert_eq!(trouble.worked(after(68)), None);
        assert_eq!(trouble.worked(after(69)), Some(60));
    }

    #[test]
    fn causes_without_end_are_not_all_stated() {
        let (trouble, now) = (Lasting::default(), Instant::now());
        let stated = (0..1000).filter(|cause| trouble.failed(&cause.to_string(), now)).count();
        assert_eq!(stated, STATED_CAUSES);
    }
}
