//! Waits under clocks that jump, drift and creep. Tokio's time is paused, so each wait takes no real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::*;

const BEGIN: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// A wall clock that a test moves, in milliseconds, beside the monotonic one.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn move_by(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let (hand, begun) = (self.clone(), Instant::now());
        Clock::telling(move || BEGIN + begun.elapsed() + time::Duration::milliseconds(hand.0.load(Ordering::SeqCst)))
    }
}

/// How many seconds a wait of `wait` seconds takes while the wall clock makes these steps: after so many milliseconds,
/// by so many.
async fn waited(wait: u64, steps: &[(u64, i64)]) -> Duration {
    let (hand, begun) = (Hand::default(), Instant::now());
    let clock = hand.clock();
    let deadline = Period::begin(&clock, BEGIN).deadline(BEGIN + Duration::from_secs(wait));
    let steps = async {
        for (after, by) in steps {
            sleep(Duration::from_millis(*after)).await;
            hand.move_by(*by);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = until(&clock, deadline) => begun.elapsed(),
        () = steps => unreachable!("the steps never end"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_right_is_waited_for_exactly() {
    assert_eq!(waited(12, &[]).await, Duration::from_secs(12));
    assert_eq!(waited(0, &[]).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_forward_is_noticed_within_seconds() {
    assert_eq!(waited(60, &[(3_000, 70_000)]).await, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_prolongs_no_wait() {
    const DAY: i64 = 86_400_000;
    for back in [1, 60_000, 3_600_000, DAY, 400 * DAY] {
        assert_eq!(waited(20, &[(3_000, -back)]).await, Duration::from_secs(20), "by {back} ms");
    }
    let creeping: Vec<_> = (0..1_000).map(|_| (20, -19)).collect();
    assert_eq!(waited(20, &creeping).await, Duration::from_secs(20), "a clock that nearly stands");
    let stepping: Vec<_> = (0..40).map(|_| (500, -700)).collect();
    assert_eq!(waited(20, &stepping).await, Duration::from_secs(20), "a clock that runs backwards");
}

#[tokio::test(start_paused = true)]
async fn a_row_from_the_future_counts_as_one_of_now() {
    let (clock, begun) = (Hand::default().clock(), Instant::now());
    let written_at = BEGIN + Duration::from_hours(5);
    let period = Period::begin(&clock, written_at);
    assert_eq!(period.began_at(), written_at);
    until(&clock, period.deadline(written_at + Duration::from_secs(20))).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(20));
}

proptest! {
    #[test]
    fn whatever_the_wall_clock_does_a_wait_ends_by_its_monotonic_limit_and_not_before_both_clocks(
        wait in 1u64..120,
        steps in prop::collection::vec((1u64..10_000, -90_000i64..90_000), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let took = runtime.block_on(waited(wait, &steps));
        let limit = Duration::from_secs(wait);
        prop_assert!(took <= limit + Duration::from_millis(1), "{took:?}");
        // The furthest that the wall clock ever was ahead of the monotonic one.
        let ahead = steps.iter().scan(0, |sum, (_, by)| { *sum += by; Some(*sum) }).max().unwrap_or_default().max(0);
        let earliest = limit.saturating_sub(Duration::from_millis(ahead.unsigned_abs()));
        prop_assert!(took >= earliest, "{took:?} of {limit:?}, {ahead} ms ahead");
    }
}
