//! Passwords guessed: who guesses wrong waits, and nobody makes the owner wait for long.

use storage::{Attempt, Delay, Delayed, Delays, GuessTurn, Guesser, NetworkBlock};
use time::Duration;

use crate::given::Given;

const DELAYS: Delays = Delays {
    pair: Delay { free: 3, first: Duration::SECOND, longest: Duration::minutes(5), window: Duration::HOUR },
    account: Delay { free: 5, first: Duration::SECOND, longest: Duration::minutes(1), window: Duration::HOUR },
    network: Delay { free: 10, first: Duration::SECOND, longest: Duration::minutes(1), window: Duration::HOUR },
};

/// A client of one IPv4 address.
fn from(network: &str) -> Guesser {
    let one = NetworkBlock { name: network.into(), times: 1 };
    let fair =
        NetworkBlock { name: format!("{}.0/24", network.rsplit_once('.').map_or(network, |(net, _)| net)), times: 256 };
    Guesser { limited: vec![one], fair }
}

/// A client in one of the 65,536 /64s of a /48.
fn from_ipv6(block: u16, network: u16) -> Guesser {
    let limited = [
        (format!("2001:db8:{block:x}:{network:x}::/64"), 1),
        (format!("2001:db8:{block:x}:{:x}::/56", network & 0xff00), 4),
        (format!("2001:db8:{block:x}::/48"), 16),
    ];
    let [network, wider, widest] = limited.map(|(name, times)| NetworkBlock { name, times });
    Guesser { limited: vec![network, wider, widest.clone()], fair: widest }
}

async fn guess(given: &Given, email: &str, network: &str) -> Result<Attempt, Delayed> {
    given.storage.limits().count_guess(email, &from(network), DELAYS, GuessTurn::Now).await.unwrap()
}

/// The longest that a refused guess must wait.
fn wait(delayed: Delayed) -> Duration {
    delayed.own.max(delayed.shared.unwrap_or_default())
}

/// Guesses wrong as soon as it may be; how long that took.
async fn wrong(given: &Given, email: &str, network: &str) -> Duration {
    let mut waited = Duration::ZERO;
    loop {
        match guess(given, email, network).await {
            Ok(attempt) => {
                given.storage.limits().record_wrong_guess(&attempt).await.unwrap();
                return waited;
            }
            Err(limited) => {
                given.pass(wait(limited));
                waited += wait(limited);
            }
        }
    }
}

/// How many guesses of two hundred at the same moment may be made.
async fn two_hundred_at_once(given: &Given) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let storage = given.storage.clone();
        tasks.spawn(async move {
            storage.limits().count_guess("ada@example.com", &from("192.0.2.1"), DELAYS, GuessTurn::Now).await.unwrap()
        });
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
    let wait = wait(guess(&given, "ada@example.com", "loopback").await.unwrap_err());
    assert!(wait <= Duration::minutes(5), "{wait}");
    given.storage.maintenance().sweep().await.unwrap();
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
                given.storage.limits().record_wrong_guess(attempt).await.unwrap();
            }
            answers.push(answer.map(drop));
        }
        assert_eq!(answers[0], answers[1]);
        if let Err(limited) = answers[0] {
            refused += 1;
            given.pass(wait(limited));
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
    given.storage.limits().record_right_guess(&right, "ada@example.com", "192.0.2.1").await.unwrap();
    for _ in 0..3 {
        // A process that ends says neither right nor wrong.
        guess(&given, "ada@example.com", "192.0.2.1").await.unwrap();
    }
    let limited = guess(&given, "ada@example.com", "192.0.2.1").await.unwrap_err();
    assert_eq!(wait(limited), Duration::SECOND);
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
    given.storage.maintenance().sweep().await.unwrap();
    given.storage.close().await;
    let storage = given.another_process().await;
    let limited =
        storage.limits().count_guess("ada@example.com", &from("192.0.2.1"), DELAYS, GuessTurn::Now).await.unwrap();
    assert_eq!(wait(limited.unwrap_err()), Duration::seconds(32));
}

#[tokio::test]
async fn rotating_networks_of_a_block_guess_sixteen_times_as_often_as_one_does() {
    let given = Given::empty().await;
    let mut free = 0;
    // Each guess comes from another /64, at another account: only the block's own delay can apply.
    for network in 0..=u16::MAX {
        let guesser = from_ipv6(1, network.rotate_left(8));
        let email = format!("{network}@example.com");
        match given.storage.limits().count_guess(&email, &guesser, DELAYS, GuessTurn::Now).await.unwrap() {
            Ok(attempt) => given.storage.limits().record_wrong_guess(&attempt).await.unwrap(),
            Err(delayed) => {
                assert!(delayed.own.is_positive() && delayed.shared == Some(Duration::ZERO), "{delayed:?}");
                break;
            }
        }
        free += 1;
    }
    assert_eq!(free, 16 * DELAYS.network.free, "a /48");
    let elsewhere =
        given.storage.limits().count_guess("new@example.com", &from_ipv6(2, 1), DELAYS, GuessTurn::Now).await;
    assert!(elsewhere.unwrap().is_ok(), "another /48 does not wait");
    free = 0;
    for network in 0..=u16::MAX {
        let email = format!("{network}@example.org");
        match given.storage.limits().count_guess(&email, &from_ipv6(2, network), DELAYS, GuessTurn::Now).await.unwrap()
        {
            Ok(attempt) => given.storage.limits().record_wrong_guess(&attempt).await.unwrap(),
            Err(_) => break,
        }
        free += 1;
    }
    // One guess of this /56 was counted above, still without an outcome.
    assert_eq!(free + 1, 4 * DELAYS.network.free, "a /56");
}

#[tokio::test]
async fn neighbours_in_a_block_delay_no_owner_in_a_known_network() {
    let given = Given::empty().await;
    let mut home = from_ipv6(1, 7);
    home.limited[0].name = "loopback".into();
    given.account("ada@example.com").await;
    for network in 0..64 {
        // Guesses from the owner's /48, at her account and at others.
        for email in ["ada@example.com", &format!("{network}@example.com")] {
            let neighbour = from_ipv6(1, 256 + network * 256);
            let counted = given.storage.limits().count_guess(email, &neighbour, DELAYS, GuessTurn::Now).await.unwrap();
            match counted {
                Ok(attempt) => given.storage.limits().record_wrong_guess(&attempt).await.unwrap(),
                Err(delayed) => given.pass(wait(delayed)),
            }
        }
    }
    for turn in [GuessTurn::AfterOthers, GuessTurn::Now] {
        let counted = given.storage.limits().count_guess("ada@example.com", &home, DELAYS, turn).await.unwrap();
        assert!(counted.is_ok(), "{counted:?}");
    }
}

#[tokio::test]
async fn a_stranger_does_not_overtake_guesses_that_wait() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    let guess = async |turn| {
        given.storage.limits().count_guess("ada@example.com", &from("192.0.2.1"), DELAYS, turn).await.unwrap()
    };
    let refused = guess(GuessTurn::AfterOthers).await.unwrap_err();
    assert_eq!(refused, Delayed { own: Duration::ZERO, shared: Some(Duration::ZERO), wrong: 0 });
    let attempt = guess(GuessTurn::Now).await.unwrap();
    given.storage.limits().record_wrong_guess(&attempt).await.unwrap();
    assert_eq!(guess(GuessTurn::AfterOthers).await.unwrap_err().wrong, 1);
}

#[tokio::test]
async fn a_network_is_known_for_90_days_after_any_account_was_confirmed_there() {
    let given = Given::empty().await;
    given.sign_up("pending@example.com").await;
    assert!(!given.storage.sessions().is_known_network("loopback").await.unwrap(), "nothing was proven yet");
    given.account("ada@example.com").await;
    assert!(given.storage.sessions().is_known_network("loopback").await.unwrap());
    assert!(!given.storage.sessions().is_known_network("192.0.2.1").await.unwrap());
    given.pass(Duration::days(90) - Duration::MILLISECOND);
    assert!(given.storage.sessions().is_known_network("loopback").await.unwrap());
    given.pass(Duration::MILLISECOND);
    assert!(!given.storage.sessions().is_known_network("loopback").await.unwrap());
}
