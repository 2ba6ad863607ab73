//! A hub under a wall clock that jumps, creeps or runs backwards: every approval ends in time, and the provider is asked
//! in time. The hubs run side by side, because each takes the whole life of an approval.

use std::time::Duration;

use approval::Status;

use crate::hub::{Drift, Hub, LIFE};
use futures_util::future::join_all;

/// Longer than any approval here may take on the slowest machine, and far shorter than the smallest jump.
const IN_TIME: Duration = Duration::from_secs(30);

const DRIFTS: [Drift; 6] = [
    Drift::Jump(-60_000),
    Drift::Jump(-3_600_000),
    Drift::Jump(-3 * 86_400_000),
    Drift::Steps { every_ms: 100, by_ms: -95 },
    Drift::Steps { every_ms: 500, by_ms: -700 },
    Drift::Steps { every_ms: 1_000, by_ms: -10_000 },
];

/// The final status of an approval under each of these clocks, if it has one in time, and how often the provider was
/// asked. The provider says `word`.
async fn outcomes(word: &'static str, drifts: &[Drift]) -> Vec<(Status, u32)> {
    let each = drifts.iter().map(|drift| async move {
        let hub = Hub::start(word).await;
        let approval = hub.sign_up().await;
        hub.drift(*drift);
        let status = tokio::time::timeout(IN_TIME, hub.final_status(&approval)).await;
        (status.unwrap_or_else(|_| panic!("{drift:?}: it is still pending")), hub.questions())
    });
    join_all(each).await
}

#[tokio::test]
async fn an_approval_that_is_not_tapped_expires_after_its_life_however_the_clock_is_set_back() {
    let begun = std::time::Instant::now();
    for (drift, (status, questions)) in DRIFTS.iter().zip(outcomes("pending", &DRIFTS).await) {
        assert_eq!(status, Status::Expired, "{drift:?}");
        assert!(questions >= 1, "{drift:?}: the provider was asked before the end");
    }
    assert!(begun.elapsed() >= LIFE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_tap_whose_callback_was_lost_is_asked_for_in_time_however_the_clock_is_set_back() {
    for (drift, (status, _)) in DRIFTS.iter().zip(outcomes("approved", &DRIFTS).await) {
        // A question after the end could not approve it any more.
        assert_eq!(status, Status::Approved, "{drift:?}");
    }
}

#[tokio::test]
async fn an_approval_expires_within_seconds_when_the_clock_is_put_forward() {
    let drifts = [Drift::Jump(60_000), Drift::Jump(600_000)];
    for (drift, (status, _)) in drifts.iter().zip(outcomes("pending", &drifts).await) {
        assert_eq!(status, Status::Expired, "{drift:?}");
    }
}
