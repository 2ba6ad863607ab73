//! Parked: what is given up on is kept, with its payload and the reason, and never delivered.

use std::time::Duration;

use broker::{Outcome, Receipt};

use super::{Harness, message, next, nothing_is_left};

#[tokio::test]
async fn a_message_is_parked_after_the_limit_of_attempts() {
    let harness = Harness::start().await;
    let log = harness.log();
    log.publish(message("a")).await.unwrap();

    for attempt in 1..=Harness::MAX_ATTEMPTS {
        let received = next(log.as_ref()).await;
        assert_eq!(received.attempt, attempt);
        log.settle(received, Outcome::Retry(Duration::ZERO)).await.unwrap();
    }

    nothing_is_left(log.as_ref()).await;
    let letters = log.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(&letters[0].payload[..], b"a");
    assert_eq!(letters[0].reason, format!("given up on after {} attempts", Harness::MAX_ATTEMPTS));
}

#[tokio::test]
async fn a_buried_message_is_listed_and_never_delivered() {
    let harness = Harness::start().await;
    let log = harness.log();
    assert_eq!(log.bury(message("a"), "nobody can read it").await.unwrap(), Receipt::Stored);
    assert_eq!(log.bury(message("a"), "nobody can read it").await.unwrap(), Receipt::Duplicate);
    assert_eq!(log.publish(message("a")).await.unwrap(), Receipt::Duplicate);

    nothing_is_left(log.as_ref()).await;

    let letters = log.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0].payload[..], &letters[0].reason[..]), (&b"a"[..], "nobody can read it"));
}

#[tokio::test]
async fn dead_letters_are_listed_oldest_first_and_outlive_a_restart() {
    let harness = Harness::start().await;
    let log = harness.log();
    log.publish(message("a")).await.unwrap();
    let received = next(log.as_ref()).await;
    let (seq, published_at) = (received.seq, received.published_at);
    log.settle(received, Outcome::Park("its schema is not known".to_owned())).await.unwrap();
    log.bury(message("b"), "no json").await.unwrap();

    let harness = harness.restart().await;

    let letters = harness.log().dead_letters().await.unwrap();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    assert_eq!(reasons, ["its schema is not known", "no json"]);
    assert_eq!((letters[0].seq, letters[0].published_at), (seq, published_at));
    nothing_is_left(harness.log().as_ref()).await;
}
