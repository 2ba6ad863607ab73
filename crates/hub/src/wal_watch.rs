//! Notices that pages of the database's write-ahead log cannot be checkpointed, because a reader stays open. Knows no
//! database.

use std::time::{Duration, Instant};

use storage::Checkpoint;

/// Pages that are not checkpointed for this long are held by another program's reader; our own readers take milliseconds.
const HELD_AFTER: Duration = Duration::from_mins(1);

/// Watches how far the log is checkpointed.
#[derive(Debug, Default)]
pub(crate) struct WalWatch {
    /// The pages that must be checkpointed next: the length of the log in pages, and when it had that length.
    awaited: Option<(u64, Instant)>,
}

impl WalWatch {
    /// Notes the result of a checkpoint. Returns the bytes that are still only in the log, if that lasts for a minute; else 0.
    pub(crate) fn note(&mut self, checkpoint: Checkpoint, now: Instant) -> u64 {
        if checkpoint.log_pages <= checkpoint.checkpointed_pages {
            self.awaited = None;
            return 0;
        }
        // A shorter log was begun anew, so all awaited pages are in the file.
        let is_done =
            |(pages, _): &(u64, Instant)| checkpoint.checkpointed_pages >= *pages || checkpoint.log_pages < *pages;
        let (_, since) = match self.awaited.take_if(|awaited| !is_done(awaited)) {
            Some(awaited) => *self.awaited.insert(awaited),
            None => *self.awaited.insert((checkpoint.log_pages, now)),
        };
        if now.saturating_duration_since(since) >= HELD_AFTER { checkpoint.blocked_wal_bytes() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers for each `(log_pages, checkpointed_pages)`, one every ten seconds.
    fn answers(looks: &[(u64, u64)]) -> Vec<u64> {
        let (mut wal, begun) = (WalWatch::default(), Instant::now());
        let at = |nth: usize| begun + Duration::from_secs(10) * u32::try_from(nth).unwrap();
        let looks = looks.iter().enumerate();
        looks
            .map(|(nth, &(log_pages, checkpointed_pages))| {
                wal.note(Checkpoint { log_pages, checkpointed_pages }, at(nth))
            })
            .collect()
    }

    #[test]
    fn pages_that_a_reader_holds_are_counted_after_a_minute_until_they_are_checkpointed() {
        let looks = [(5, 2), (6, 2), (7, 2), (8, 2), (9, 2), (10, 2), (11, 2), (12, 2), (12, 12), (13, 12)];
        assert_eq!(answers(&looks), [0, 0, 0, 0, 0, 0, 9 * 4096, 10 * 4096, 0, 0]);
    }

    #[test]
    fn a_log_that_grows_while_it_is_checkpointed_is_ordinary() {
        let growing: Vec<_> = (1..60).map(|nth| (nth * 10, nth * 10 - 5)).collect();
        assert!(answers(&growing).iter().all(|bytes| *bytes == 0));
    }

    #[test]
    fn a_log_that_was_begun_anew_is_awaited_anew() {
        let anew = [(9, 2), (3, 1), (9, 8)].repeat(20);
        assert!(answers(&anew).iter().all(|bytes| *bytes == 0));
    }
}
