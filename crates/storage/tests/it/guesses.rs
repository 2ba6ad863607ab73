//! Passwords guessed: who guesses wrong waits, and nobody makes the owner wait for long.

use storage::{Attempt, Delay, Delays, Limited};
use time::Duration;

use crate::given::Given;

const DELAYS: Delays = Delays {
    pair: Delay { free: 3, first: Duration::SECOND, longest: Duration::minutes(5), window: Duration::HOUR },
    account: Delay { free: 5, first: Duration::SECOND, longest: Duration::minutes(1), window: Duration::HOUR },
    network: Delay { free: 10, first: Duration::SECOND, longest: Duration::minutes(1), window: Duration::HOUR },
};

async fn guess(given: &Given, email: &str, network: &str) -> Result<Attempt, Limited> {
    given.storage.count_guess(email, network, DELAYS).await.unwrap()
}

/// Guesses wrong as soon as it may be; how long that took.
async fn wrong(given: &Given, email: &str, network: &str) -> Duration {
    let mut waited = Duration::ZERO;
    loop {
        match guess(given, email, network).await {
            Ok(attempt) => {
                given.storage.guessed_wrong(&attempt).await.unwrap();
                return waited;
            }
            Err(limited) => {
                given.pass(limited.retry_after);
                waited += limited.retry_after;
            }
        }
    }
}

/// How many guesses of two hundred at the same moment may be made.
async fn two_hundred_at_once(given: &Given) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let storage = given.storage.clone();
        tasks.spawn(async move { storage.count_guess("ada@example.com", "192.0.2.1", DELAYS).await.unwrap() });
    }
    tasks.join_all().await.into_iter().flatten().count()
}

#[tokio::test]
async fn a_guesser_waits_longer_after_each_wrong_password_and_never_more_than_five_minutes() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    let mut waits = Vec::new();
    for _ in 0..14 {
        waits.push(wrong(&given, "ada@example.com", "loopback").await.whole_seconds());
    }
    assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nobody_wait_longer_than_a_wrong_password_does() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    wrong(&given, "ada@example.com", "loopback").await;
    given.pass(Duration::hours(-1));
    assert!(guess(&given, "ada@example.com", "loopback").await.is_ok());
    for _ in 0..3 {
        wrong(&given, "ada@example.com", "loopback").await;
    }
    given.pass(Duration::hours(-1));
    let wait = guess(&given, "ada@example.com", "loopback").await.unwrap_err().retry_after;
    assert!(wait <= Duration::minutes(5), "{wait}");
    given.storage.sweep().await.unwrap();
    given.pass(wait - Duration::MILLISECOND);
    assert!(guess(&given, "ada@example.com", "loopback").await.is_err());
    given.pass(Duration::MILLISECOND);
    assert!(guess(&given, "ada@example.com", "loopback").await.is_ok(), "and not for as long as it was set back");
}

#[tokio::test]
async fn two_hundred_passwords_at_once_are_three() {
    let given = Given::empty().await;
    assert_eq!(two_hundred_at_once(&given).await, 3);
}

#[tokio::test]
async fn two_hundred_passwords_at_once_are_one_when_a_delay_is_over_and_none_before() {
    let given = Given::empty().await;
    two_hundred_at_once(&given).await;
    for delay in [Duration::SECOND, Duration::seconds(2), Duration::seconds(4)] {
        given.pass(delay - Duration::MILLISECOND);
        assert_eq!(two_hundred_at_once(&given).await, 0, "before {delay}");
        given.pass(Duration::MILLISECOND);
        assert_eq!(two_hundred_at_once(&given).await, 1, "after {delay}");
    }
}

#[tokio::test]
async fn whoever_guesses_from_elsewhere_makes_himself_wait_and_not_the_owner() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    for host in 0..40 {
        wrong(&given, "ada@example.com", &format!("192.0.2.{host}")).await;
    }
    assert!(guess(&given, "ada@example.com", "192.0.2.99").await.is_err(), "all strangers together are slow");
    assert!(
        guess(&given, "ada@example.com", "loopback").await.is_ok(),
        "where she got in before, she waits for nobody"
    );
}

#[tokio::test]
async fn an_unknown_address_is_counted_exactly_as_a_known_one() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    let mut refused = 0;
    for _ in 0..24 {
        let mut answers = Vec::new();
        // Each from a network of its own, so that only the accounts are compared.
        for (email, network) in [("ada@example.com", "192.0.2.1"), ("nobody@example.com", "192.0.2.2")] {
            let answer = guess(&given, email, network).await;
            if let Ok(attempt) = &answer {
                given.storage.guessed_wrong(attempt).await.unwrap();
            }
            answers.push(answer.map(drop));
        }
        assert_eq!(answers[0], answers[1]);
        if let Err(limited) = answers[0] {
            refused += 1;
            given.pass(limited.retry_after);
        }
    }
    assert!(refused > 8, "{refused}");
}

#[tokio::test]
async fn a_right_password_forgets_the_wrong_ones_before_it_and_a_guess_that_was_cut_off_lapses() {
    let given = Given::empty().await;
    for _ in 0..2 {
        wrong(&given, "ada@example.com", "192.0.2.1").await;
    }
    let right = guess(&given, "ada@example.com", "192.0.2.1").await.unwrap();
    given.storage.guessed_right(&right, "ada@example.com", "192.0.2.1").await.unwrap();
    for _ in 0..3 {
        // A process that ends says neither right nor wrong.
        guess(&given, "ada@example.com", "192.0.2.1").await.unwrap();
    }
    let limited = guess(&given, "ada@example.com", "192.0.2.1").await.unwrap_err();
    assert_eq!(limited.retry_after, Duration::SECOND);
    given.pass(Duration::seconds(31));
    for _ in 0..3 {
        guess(&given, "ada@example.com", "192.0.2.1").await.unwrap();
    }
}

#[tokio::test]
async fn delays_hold_in_another_process_and_through_a_sweep() {
    let given = Given::empty().await;
    for _ in 0..8 {
        wrong(&given, "ada@example.com", "192.0.2.1").await;
    }
    given.storage.sweep().await.unwrap();
    given.storage.close().await;
    let storage = given.another_process().await;
    let limited = storage.count_guess("ada@example.com", "192.0.2.1", DELAYS).await.unwrap().unwrap_err();
    assert_eq!(limited.retry_after, Duration::seconds(32));
}
