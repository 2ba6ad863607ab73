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
    let published_at = received.published_at;
    log.settle(received, Outcome::Park("its schema is not known".to_owned())).await.unwrap();
    log.bury(message("b"), "no json").await.unwrap();

    let harness = harness.restart().await;

    let letters = harness.log().dead_letters().await.unwrap();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    assert_eq!(reasons, ["its schema is not known", "no json"]);
    assert_eq!(letters[0].published_at, published_at);
    assert_eq!((&letters[0].id, &*letters[0].subject), (&message("a").id, message("a").subject));
    nothing_is_left(harness.log().as_ref()).await;
}

#[tokio::test]
async fn a_dead_letter_that_is_replayed_is_delivered_once_more_as_if_it_were_new() {
    let harness = Harness::start().await;
    let log = harness.log();
    for round in 0..2 {
        if round == 0 {
            log.publish(message("a")).await.unwrap();
        }
        log.settle(next(log.as_ref()).await, Outcome::Park("not now".to_owned())).await.unwrap();
        let letters = log.dead_letters().await.unwrap();
        assert_eq!(letters.len(), 1, "round {round}");

        assert!(log.replay(letters[0].number).await.unwrap());

        assert_eq!(log.dead_letters().await.unwrap(), []);
        assert!(!log.replay(letters[0].number).await.unwrap());
    }
    let again = next(log.as_ref()).await;
    assert_eq!((&again.payload[..], again.attempt, again.id.clone()), (&b"a"[..], 1, message("a").id));
    log.settle(again, Outcome::Done).await.unwrap();
    nothing_is_left(log.as_ref()).await;
}

#[tokio::test]
async fn what_nobody_could_read_is_delivered_when_it_is_replayed() {
    let harness = Harness::start().await;
    let log = harness.log();
    log.bury(message("a"), "nobody can read it").await.unwrap();
    let letters = log.dead_letters().await.unwrap();

    assert!(log.replay(letters[0].number).await.unwrap());

    assert_eq!(&next(log.as_ref()).await.payload[..], b"a");
    assert!(!log.replay(4711).await.unwrap());
}
