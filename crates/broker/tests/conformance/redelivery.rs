//! Again and Apart: what is not settled comes again, and what waits for its time holds up no other.

use std::time::{Duration, Instant};

use broker::Outcome;

use super::{Harness, finish_next, message, next, nothing_is_left};

#[tokio::test]
async fn a_message_that_is_dropped_unsettled_comes_again() {
    let harness = Harness::start().await;
    let log = harness.log();
    log.publish(message("a")).await.unwrap();

    drop(next(log.as_ref()).await);

    let again = next(log.as_ref()).await;
    assert_eq!((&again.payload[..], again.attempt), (&b"a"[..], 2));
}

#[tokio::test]
async fn what_was_not_settled_before_the_end_comes_again_after_it() {
    let harness = Harness::start().await;
    for payload in ["taken", "retried", "untouched"] {
        harness.log().publish(message(payload)).await.unwrap();
    }
    let taken = next(harness.log().as_ref()).await;
    let retried = next(harness.log().as_ref()).await;
    harness.log().settle(retried, Outcome::Retry(Duration::from_millis(200))).await.unwrap();

    let harness = harness.restart().await;
    drop(taken);

    let mut carried = Vec::new();
    for _ in 0..3 {
        carried.push(finish_next(harness.log().as_ref()).await);
    }
    carried.sort();
    assert_eq!(carried, [b"retried".to_vec(), b"taken".to_vec(), b"untouched".to_vec()]);
    nothing_is_left(harness.log().as_ref()).await;
}

#[tokio::test]
async fn what_was_settled_does_not_come_again_after_a_restart() {
    let harness = Harness::start().await;
    harness.log().publish(message("a")).await.unwrap();
    finish_next(harness.log().as_ref()).await;

    let harness = harness.restart().await;

    nothing_is_left(harness.log().as_ref()).await;
}

#[tokio::test]
async fn a_retried_message_waits_for_its_delay_and_holds_up_no_other() {
    const DELAY: Duration = Duration::from_millis(300);
    let harness = Harness::start().await;
    let log = harness.log();
    log.publish(message("a")).await.unwrap();
    let received = next(log.as_ref()).await;

    let retried = Instant::now();
    log.settle(received, Outcome::Retry(DELAY)).await.unwrap();
    log.publish(message("b")).await.unwrap();

    assert_eq!(finish_next(log.as_ref()).await, b"b");
    let again = next(log.as_ref()).await;
    assert!(retried.elapsed() >= DELAY, "came after {:?}", retried.elapsed());
    assert_eq!((&again.payload[..], again.attempt), (&b"a"[..], 2));
}

#[tokio::test]
async fn the_sooner_of_two_retries_comes_first() {
    let harness = Harness::start().await;
    let log = harness.log();
    for (payload, millis) in [("later", 400), ("sooner", 100)] {
        log.publish(message(payload)).await.unwrap();
        let received = next(log.as_ref()).await;
        log.settle(received, Outcome::Retry(Duration::from_millis(millis))).await.unwrap();
    }

    assert_eq!(finish_next(log.as_ref()).await, b"sooner");
    assert_eq!(finish_next(log.as_ref()).await, b"later");
}
