//! Limits that networks share.

use storage::{AttemptKind, Limit, Limited, Share, Subject};
use time::Duration;

use crate::given::Given;

const ALL: Limit = Limit { count: 200, window: Duration::HOUR };

async fn sends(given: &Given, network: &str) -> Result<(), Limited> {
    let of = Subject::all_sign_ups();
    let share = Share { own: Subject::share(&of, network), of, limit: ALL };
    given.storage.limits().count_shared(AttemptKind::CodeSent, &[], &[share]).await.unwrap().map(|_| ())
}

/// Sends until the network's share is used up; returns how many.
async fn all_it_may(given: &Given, network: &str) -> u32 {
    let mut sent = 0;
    while sends(given, network).await.is_ok() {
        sent += 1;
    }
    sent
}

#[tokio::test]
async fn one_network_gets_a_small_share_and_the_less_is_left_the_smaller() {
    let given = Given::empty().await;
    let first = all_it_may(&given, "one").await;
    assert_eq!(first, 9, "a twentieth of what is left");
    let mut shares = Vec::new();
    for number in 0..10 {
        shares.push(all_it_may(&given, &format!("network {number}")).await);
    }
    assert!(shares.iter().all(|share| *share >= 5), "{shares:?}");
    assert!(shares[9] < first, "{shares:?}");
}

#[tokio::test]
async fn a_new_network_gets_its_share_until_the_limit_and_again_after_the_hour() {
    let given = Given::empty().await;
    let (mut sent, mut networks) = (0, 0);
    while sent < 200 {
        let share = all_it_may(&given, &format!("network {networks}")).await;
        assert!(share > 0, "{sent} were sent");
        (sent, networks) = (sent + share, networks + 1);
    }
    assert_eq!(sent, 200);
    assert!(networks > 25, "only {networks} networks used all of it up");
    let limited = sends(&given, "late").await.unwrap_err();
    assert_eq!(limited.retry_after, Duration::HOUR);
    assert!(given.storage.limits().is_used_up(AttemptKind::CodeSent, &Subject::all_sign_ups(), ALL).await.unwrap());
    given.pass(Duration::HOUR);
    assert_eq!(sends(&given, "late").await, Ok(()));
}
