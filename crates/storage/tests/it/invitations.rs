//! Invitations, and the limit on addresses of one phone.

use storage::{AddressProof, CodeConfirmed, CodeHash, Completed, Heard, LinkHash};
use time::Duration;

use crate::given::{Given, Waiting, callback};

const LINK: LinkHash = LinkHash([7; 32]);
const OTHER: LinkHash = LinkHash([8; 32]);

/// The sign-up is approved on the phone and completed.
async fn prove(given: &Given, waiting: &Waiting) -> Completed {
    let request = given.sent(waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    given.complete(waiting, given.new_token(waiting)).await
}

/// The sign-up is confirmed by a new code.
async fn by_code(given: &Given, waiting: &Waiting, code: u8) -> Completed {
    let token = given.new_token(waiting);
    let code = given.storage.codes().confirm_by_code(&waiting.session, CodeHash([code; 32]), "code", token).await;
    let CodeConfirmed::Fresh(completed, _) = code.unwrap() else { panic!("the code is new") };
    completed
}

async fn invite(given: &Given, email: &str, link: LinkHash) -> bool {
    given.storage.sign_ups().invite(email, link, given.clock.now() + Duration::days(7)).await.unwrap()
}

/// True if the phone has reached its limit of addresses.
async fn is_limited(given: &Given, email: &str) -> bool {
    let waiting = given.sign_up(email).await;
    matches!(prove(given, &waiting).await, Completed::AddressesLimited(_))
}

#[tokio::test]
async fn a_phone_learns_about_three_addresses_a_day_and_then_nothing_more() {
    let given = Given::empty().await;
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        assert!(!is_limited(&given, email).await, "{email}");
    }
    assert!(!is_limited(&given, "a@example.com").await, "about this one it knows already");
    for email in ["a2@example.com", "unknown@example.com"] {
        assert!(is_limited(&given, email).await, "{email}");
    }
    given.pass(Duration::days(1) - Duration::MINUTE);
    assert!(is_limited(&given, "d@example.com").await);
    given.pass(Duration::MINUTE);
    assert!(!is_limited(&given, "d@example.com").await);
}

#[tokio::test]
async fn the_limit_is_said_alike_of_a_known_and_an_unknown_address() {
    let given = Given::empty().await;
    given.account("known@example.com").await;
    for email in ["b@example.com", "c@example.com"] {
        assert!(!is_limited(&given, email).await);
    }
    // This address counted today. It is tried again tomorrow, after three others.
    given.pass(Duration::days(1));
    for email in ["d@example.com", "e@example.com", "f@example.com"] {
        assert!(!is_limited(&given, email).await);
    }
    let (known, unknown) = (given.sign_up("known@example.com").await, given.sign_up("g@example.com").await);
    let (known, unknown) = (prove(&given, &known).await, prove(&given, &unknown).await);
    assert_eq!(known, unknown);
    assert!(matches!(known, Completed::AddressesLimited(limited) if limited.retry_after == Duration::DAY), "{known:?}");
}

#[tokio::test]
async fn sign_ups_that_wait_at_once_share_the_limit_by_tap_and_by_code() {
    let given = Given::empty().await;
    let mut waiting = Vec::new();
    for number in 0..6 {
        waiting.push(given.sign_up(&format!("a{number}@example.com")).await);
    }
    let mut limited = 0;
    for (number, one) in (0..).zip(&waiting) {
        let completed = if number % 2 == 0 { prove(&given, one).await } else { by_code(&given, one, number).await };
        limited += u8::from(matches!(completed, Completed::AddressesLimited(_)));
    }
    assert_eq!(limited, 3);
}

#[tokio::test]
async fn an_invitation_opens_one_account_and_proves_its_address() {
    let given = Given::empty().await;
    assert!(invite(&given, "ada@example.com", LINK).await);
    assert_eq!(given.storage.sign_ups().invited_email(LINK).await.unwrap().as_deref(), Some("ada@example.com"));
    let waiting = given.try_sign_up("ada@example.com", Some(LINK)).await.unwrap();
    let second = given.try_sign_up("ada@example.com", Some(LINK)).await.unwrap();
    assert_eq!(prove(&given, &waiting).await, Completed::Confirmed);
    assert_eq!(given.storage.accounts().find("ada@example.com").await.unwrap().unwrap().address, AddressProof::Proven);
    assert!(given.storage.sign_ups().invited_email(LINK).await.unwrap().is_none(), "it is used");
    assert_eq!(prove(&given, &second).await, Completed::AlreadyRegistered);
    assert!(!invite(&given, "ada@example.com", OTHER).await, "there is an account");
}

#[tokio::test]
async fn without_an_invitation_an_address_stays_unproven() {
    let given = Given::empty().await;
    given.account("ada@example.com").await;
    assert_eq!(
        given.storage.accounts().find("ada@example.com").await.unwrap().unwrap().address,
        AddressProof::Unproven
    );
}

#[tokio::test]
async fn a_replaced_or_expired_invitation_opens_no_account() {
    let given = Given::empty().await;
    invite(&given, "ada@example.com", LINK).await;
    let waiting = given.try_sign_up("ada@example.com", Some(LINK)).await.unwrap();
    invite(&given, "ada@example.com", OTHER).await;
    assert!(given.storage.sign_ups().invited_email(LINK).await.unwrap().is_none(), "another took its place");
    assert_eq!(prove(&given, &waiting).await, Completed::InvitationUsedUp);
    given.pass(Duration::days(7));
    assert!(given.storage.sign_ups().invited_email(OTHER).await.unwrap().is_none(), "its time is over");
    let late = given.try_sign_up("ada@example.com", Some(OTHER)).await.unwrap();
    assert_eq!(prove(&given, &late).await, Completed::InvitationUsedUp);
    assert!(given.storage.accounts().find("ada@example.com").await.unwrap().is_none());
}

#[tokio::test]
async fn addresses_that_a_clock_ahead_has_counted_count_for_a_day_and_no_longer() {
    let given = Given::empty().await;
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        assert!(!is_limited(&given, email).await, "{email}");
    }
    given.pass(-Duration::days(30));
    assert!(is_limited(&given, "d@example.com").await);
    given.storage.maintenance().sweep().await.unwrap();
    given.pass(Duration::DAY - Duration::MILLISECOND);
    assert!(is_limited(&given, "d@example.com").await);
    given.pass(Duration::MILLISECOND);
    assert!(!is_limited(&given, "d@example.com").await);
}

#[tokio::test]
async fn an_invited_sign_up_passes_a_phone_at_its_limit_and_so_does_a_second_click() {
    let given = Given::empty().await;
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        assert!(!is_limited(&given, email).await, "{email}");
    }
    invite(&given, "ada@example.com", LINK).await;
    let waiting = given.try_sign_up("ada@example.com", Some(LINK)).await.unwrap();
    assert_eq!(prove(&given, &waiting).await, Completed::Confirmed);
    // This request began while the account was pending, so it brings the session of then.
    assert_eq!(given.complete(&waiting, given.new_token(&waiting)).await, Completed::NotApproved);
    assert_eq!(by_code(&given, &waiting, 1).await, Completed::NotApproved);
    given.pass(Duration::DAY);
    for email in ["d@example.com", "e@example.com", "f@example.com"] {
        assert!(!is_limited(&given, email).await, "the second click used up no address");
    }
}

#[tokio::test]
async fn a_code_opens_no_account_with_an_invitation_that_was_replaced() {
    let given = Given::empty().await;
    invite(&given, "ada@example.com", LINK).await;
    let waiting = given.try_sign_up("ada@example.com", Some(LINK)).await.unwrap();
    invite(&given, "ada@example.com", OTHER).await;
    assert_eq!(by_code(&given, &waiting, 1).await, Completed::InvitationUsedUp);
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().unwrap().confirmed.is_none());
    assert!(given.storage.accounts().find("ada@example.com").await.unwrap().is_none());
    let good = given.try_sign_up("ada@example.com", Some(OTHER)).await.unwrap();
    assert_eq!(by_code(&given, &good, 2).await, Completed::Confirmed);
}
