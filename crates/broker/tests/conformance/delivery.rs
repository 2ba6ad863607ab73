//! Once, Alone, Whole and Calm: each message reaches one consumer, as it was published.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use broker::{Outcome, Receipt};
use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::{Harness, finish_next, message, next, nothing_is_left, soon};

#[tokio::test]
async fn a_message_published_twice_is_stored_and_delivered_once() {
    let harness = Harness::start().await;
    assert_eq!(harness.log().publish(message("a")).await.unwrap(), Receipt::Stored);
    assert_eq!(harness.log().publish(message("a")).await.unwrap(), Receipt::Duplicate);

    assert_eq!(finish_next(harness.log().as_ref()).await, b"a");

    let harness = harness.restart().await;
    assert_eq!(harness.log().publish(message("a")).await.unwrap(), Receipt::Duplicate);
    nothing_is_left(harness.log().as_ref()).await;
}

#[tokio::test]
async fn a_publish_wakes_the_consumer_that_waits() {
    let harness = Harness::start().await;
    let log = harness.log();
    let waiting = tokio::spawn(async move { finish_next(log.as_ref()).await });
    tokio::task::yield_now().await;

    harness.log().publish(message("a")).await.unwrap();

    assert_eq!(soon(waiting).await.unwrap(), b"a");
}

#[tokio::test]
async fn a_message_goes_to_one_of_the_consumers_that_wait() {
    let harness = Harness::start().await;
    let log = harness.log();
    let (mut first, mut second) = (log.next(), log.next());

    let publish = async {
        log.publish(message("a")).await.unwrap();
        log.publish(message("b")).await.unwrap();
    };
    let (one, other, ()) = soon(async { tokio::join!(&mut first, &mut second, publish) }).await;

    let (one, other) = (one.unwrap(), other.unwrap());
    let carried = HashSet::from([one.payload.to_vec(), other.payload.to_vec()]);
    assert_eq!(carried, HashSet::from([b"a".to_vec(), b"b".to_vec()]));
    assert_eq!((one.attempt, other.attempt), (1, 1));
}

#[tokio::test]
async fn messages_may_be_settled_in_any_order() {
    let harness = Harness::start().await;
    let log = harness.log();
    for payload in ["a", "b", "c"] {
        log.publish(message(payload)).await.unwrap();
    }
    let (first, second, third) = (next(log.as_ref()).await, next(log.as_ref()).await, next(log.as_ref()).await);

    for received in [third, first, second] {
        log.settle(received, Outcome::Done).await.unwrap();
    }

    nothing_is_left(log.as_ref()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_messages_among_several_consumers_are_each_dealt_with_once() {
    const PUBLISHERS: u32 = 8;
    const EACH: u32 = 500;
    let harness = Harness::start().await;
    let publishers = (0..PUBLISHERS).map(|publisher| {
        let log = harness.log();
        tokio::spawn(async move {
            for number in 0..EACH {
                log.publish(message((publisher * EACH + number).to_be_bytes())).await.unwrap();
            }
        })
    });
    let consumers = (0..4).map(|_| {
        let log = harness.log();
        tokio::spawn(async move {
            let mut carried = Vec::new();
            for _ in 0..PUBLISHERS * EACH / 4 {
                carried.push(finish_next(log.as_ref()).await);
            }
            carried
        })
    });
    let (publishers, consumers): (Vec<_>, Vec<_>) = (publishers.collect(), consumers.collect());

    let mut times = BTreeMap::<Vec<u8>, u32>::new();
    for consumer in consumers {
        for payload in consumer.await.unwrap() {
            *times.entry(payload).or_default() += 1;
        }
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }

    assert_eq!(times.len(), (PUBLISHERS * EACH) as usize);
    assert!(times.values().all(|times| *times == 1));
    nothing_is_left(harness.log().as_ref()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_stops_waiting_loses_nothing() {
    const COUNT: usize = 300;
    let harness = Harness::start().await;
    let log = harness.log();
    let mut carried = HashSet::new();
    for number in 0..COUNT {
        let waiting = Arc::clone(&log);
        let consumer = tokio::spawn(async move { waiting.next().await });
        let publish = log.publish(message(number.to_be_bytes()));
        // Gives up at another point each time: before, while and after the message is handed out.
        let (published, ()) = tokio::join!(publish, async {
            for _ in 0..number {
                tokio::task::yield_now().await;
            }
            consumer.abort();
        });
        published.unwrap();
        if let Ok(received) = consumer.await {
            let received = received.unwrap();
            carried.insert(received.payload.to_vec());
            log.settle(received, Outcome::Done).await.unwrap();
        }
    }

    while carried.len() < COUNT {
        assert!(carried.insert(finish_next(log.as_ref()).await), "a settled message came again");
    }
    nothing_is_left(log.as_ref()).await;
}

#[tokio::test]
async fn a_publish_that_nobody_waits_for_may_be_repeated() {
    let harness = Harness::start().await;
    let log = harness.log();
    // Polled once and dropped: asked for, and given up.
    assert!(log.publish(message("a")).now_or_never().is_none());

    log.publish(message("a")).await.unwrap();

    assert_eq!(finish_next(log.as_ref()).await, b"a");
    nothing_is_left(log.as_ref()).await;
}

#[test]
fn a_payload_arrives_as_it_was_published() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let harness = runtime.block_on(Harness::start());
    let log = harness.log();
    let payloads = proptest::collection::vec(any::<u8>(), 0..4096);
    proptest!(ProptestConfig::with_cases(64), |(payload in payloads, early in any::<bool>())| {
        let carried = runtime.block_on(async {
            let first = async { if early { log.publish(message(&payload)).await.unwrap(); } };
            let later = async { if !early { log.publish(message(&payload)).await.unwrap(); } };
            first.await;
            tokio::join!(finish_next(log.as_ref()), later).0
        });
        prop_assert_eq!(carried, payload);
    });
}
