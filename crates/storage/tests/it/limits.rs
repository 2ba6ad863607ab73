//! Limits: counted before the attempt, so that no number of attempts at once passes them.

use storage::{AttemptKind, Limit};
use time::Duration;

use crate::given::Given;

const FIVE: Limit = Limit { count: 5, window: Duration::minutes(10) };

#[tokio::test]
async fn two_hundred_attempts_at_once_are_five() {
    let given = Given::empty().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let storage = given.storage.clone();
        tasks.spawn(async move { storage.count_attempt(AttemptKind::Code, "ada", FIVE).await.unwrap() });
    }
    let allowed = tasks.join_all().await.into_iter().flatten().count();
    assert_eq!(allowed, 5);
}

#[tokio::test]
async fn a_limit_opens_again_exactly_when_it_said() {
    let given = Given::empty().await;
    let attempt = || given.storage.count_attempt(AttemptKind::Code, "ada", FIVE);
    attempt().await.unwrap().unwrap();
    given.pass(Duration::minutes(1));
    for _ in 0..4 {
        attempt().await.unwrap().unwrap();
    }
    let limited = attempt().await.unwrap().unwrap_err();
    assert_eq!(limited.retry_after, Duration::minutes(9));
    given.pass(limited.retry_after - Duration::milliseconds(1));
    assert!(attempt().await.unwrap().is_err());
    given.pass(Duration::milliseconds(1));
    assert!(attempt().await.unwrap().is_ok());
}

#[tokio::test]
async fn limits_count_each_subject_and_kind_apart_and_forget_the_forgiven() {
    let given = Given::empty().await;
    for _ in 0..5 {
        given.storage.count_attempt(AttemptKind::Code, "ada", FIVE).await.unwrap().unwrap();
    }
    assert!(given.storage.count_attempt(AttemptKind::Code, "grace", FIVE).await.unwrap().is_ok());
    let other = given.storage.count_attempt(AttemptKind::Push, "ada", FIVE).await.unwrap().unwrap();
    given.storage.forgive(other).await.unwrap();
    for _ in 0..5 {
        assert!(given.storage.count_attempt(AttemptKind::Push, "ada", FIVE).await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_limit_holds_through_a_sweep_and_a_restart() {
    let given = Given::empty().await;
    for _ in 0..5 {
        given.storage.count_attempt(AttemptKind::Code, "ada", FIVE).await.unwrap().unwrap();
    }
    given.storage.sweep().await.unwrap();
    given.storage.close().await;
    let storage = given.another_process().await;
    assert!(storage.count_attempt(AttemptKind::Code, "ada", FIVE).await.unwrap().is_err());
}
