//! Asking the provider about requests that it did not call back about: how many at once, and what it means when only
//! asking helps. Knows no approval.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Questions to the provider under way at once: with no callbacks at all, every pending approval would ask.
const AT_ONCE: usize = 8;
/// How many of these may be about an approval that will be asked about once more: the last questions find a place however
/// long the provider takes.
const EARLY: usize = 6;
/// The provider turns its callbacks off after as many HTTP errors in a row, and nobody is told.
const SUSPICIOUS: u32 = 3;

/// What asking takes: turns, and an eye on whether callbacks come at all.
#[derive(Debug)]
pub(crate) struct Repairs {
    in_a_row: AtomicU32,
    questions: Semaphore,
    early: Semaphore,
}

/// The turn of one question, until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _place: SemaphorePermit<'a>,
    _early: Option<SemaphorePermit<'a>>,
}

impl Repairs {
    /// None yet.
    pub(crate) const fn new() -> Self {
        let (questions, early) = (Semaphore::const_new(AT_ONCE), Semaphore::const_new(EARLY));
        Self { in_a_row: AtomicU32::new(0), questions, early }
    }

    /// Waits for the turn of the last question about an approval.
    pub(crate) async fn turn(&self) -> Option<Turn<'_>> {
        Some(Turn { _place: self.questions.acquire().await.ok()?, _early: None })
    }

    /// Waits for the turn of a question that is not the last about its approval.
    pub(crate) async fn early_turn(&self) -> Option<Turn<'_>> {
        let early = self.early.acquire().await.ok()?;
        Some(Turn { _place: self.questions.acquire().await.ok()?, _early: Some(early) })
    }

    /// A callback arrived: callbacks work.
    pub(crate) fn called_back(&self) {
        self.in_a_row.store(0, Ordering::Relaxed);
    }

    /// Notes that an approval was decided by asking. True for the one that makes [`SUSPICIOUS`] in a row, without a
    /// callback between them.
    pub(crate) fn repaired(&self) -> bool {
        self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 == SUSPICIOUS
    }

    /// True from [`SUSPICIOUS`] repairs in a row on, until a callback comes.
    pub(crate) fn are_suspicious(&self) -> bool {
        self.in_a_row.load(Ordering::Relaxed) >= SUSPICIOUS
    }
}

/// Logs an error that callbacks are missing, and what to do. With receivers elsewhere (`apart`) an operator must check
/// them first.
pub(crate) fn state_missing_callbacks(apart: bool) {
    const REMEDY: &str = "the callback URL is probably disabled at the provider, which does so after 3 HTTP errors. Enable \
                          it again in the provider's console (Push Authentication, Webhooks), and check that it is \
                          AUTHY_CALLBACK_URL and can be reached from outside. Until then answers take 10 seconds and more.";
    if apart {
        tracing::error!(
            "{SUSPICIOUS} approvals in a row were answered on the phone and no callback reached this hub. Look at \
             /health/ready of each receiver first: one that is not ready, or does not run, keeps callbacks back. If all \
             are ready, {REMEDY}"
        );
    } else {
        tracing::error!("{SUSPICIOUS} approvals in a row were answered on the phone and no callback came: {REMEDY}");
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn three_repairs_in_a_row_are_suspicious_until_a_callback_comes() {
        let repairs = Repairs::new();
        let three = || [repairs.repaired(), repairs.repaired(), repairs.repaired()];
        assert_eq!(three(), [false, false, true]);
        assert_eq!(three(), [false, false, false]);
        assert!(repairs.are_suspicious());
        repairs.called_back();
        assert!(!repairs.are_suspicious());
        assert_eq!([repairs.repaired(), repairs.repaired()], [false, false]);
        repairs.called_back();
        assert_eq!([repairs.repaired(), repairs.repaired(), repairs.repaired()], [false, false, true]);
    }

    #[tokio::test]
    async fn no_more_than_eight_questions_are_asked_at_once() {
        let repairs = Repairs::new();
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(repairs.turn().await);
        }
        assert_eq!(repairs.questions.available_permits(), 0);
        turns.pop();
        assert!(repairs.turn().await.is_some());
    }

    #[tokio::test]
    async fn early_questions_leave_places_for_the_last_ones() {
        let repairs = Repairs::new();
        let early: Vec<_> = (0..AT_ONCE).map(|_| repairs.early_turn().now_or_never()).collect();
        assert_eq!(early.iter().flatten().count(), EARLY);
        assert!(repairs.turn().now_or_never().is_some());
    }
}
