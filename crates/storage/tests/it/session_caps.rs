//! The caps on an account's live sessions.

use approval::{Status, UserId};
use storage::{Begun, CodeConfirmed, CodeHash, Completed, NewSession, Push, PushRules, SessionCaps, TokenHash};
use time::Duration;

use crate::given::{Given, Waiting};

async fn capped(pending: u32, confirmed: u32) -> Given {
    let mut given = Given::empty().await;
    given.storage = given.storage.with_session_caps(SessionCaps { pending, confirmed });
    given
}

async fn confirmed(given: &Given, waiting: &Waiting, code: u8) -> storage::TokenHash {
    let token = given.new_token(waiting);
    let confirmed = given.storage.codes().confirm_by_code(&waiting.session, CodeHash([code; 32]), "code", token).await;
    assert!(matches!(confirmed.unwrap(), CodeConfirmed::Fresh(Completed::Confirmed, _)));
    token.new
}

/// So many sign-ins with the right password from a network where the account was never confirmed; their tokens.
async fn strangers(given: &Given, user: UserId, count: usize) -> Vec<TokenHash> {
    let mut tokens = Vec::new();
    for _ in 0..count {
        given.pass(Duration::SECOND);
        let session = NewSession { network: "203.0.113.9".into(), ..given.new_session(user) };
        let (begun, cancelled) = given.begin(&session, None).await;
        assert!(matches!(begun, Begun::Withheld(_)), "{begun:?}");
        assert_eq!(cancelled, []);
        tokens.push(session.token);
    }
    tokens
}

/// An account of which three sessions may wait, and one request.
async fn of_three() -> (Given, UserId) {
    let mut given = capped(3, 50).await;
    let user = given.account("ada@example.com").await;
    given.storage = given.storage.with_push_rules(PushRules { pending: 1, ..PushRules::NONE });
    (given, user)
}

async fn is_live(given: &Given, token: TokenHash) -> bool {
    given.storage.sessions().find(token).await.unwrap().is_some()
}

#[tokio::test]
async fn sign_ins_too_many_end_no_session_whose_request_may_ring() {
    let (given, user) = of_three().await;
    let elsewhere = NewSession { network: "198.51.100.7".into(), ..given.new_session(user) };
    let (Begun::Asked(asked), _) = given.begin(&elsewhere, None).await else { panic!("the phone is asked") };
    let tokens = strangers(&given, user, 5).await;
    assert!(is_live(&given, elsewhere.token).await);
    assert_eq!(given.storage.approvals().find(asked.id).await.unwrap().unwrap().status, Status::Pending);
    for (token, lives) in tokens.into_iter().zip([false, false, false, true, true]) {
        assert_eq!(is_live(&given, token).await, lives, "the oldest stranger ends");
    }
}

#[tokio::test]
async fn sign_ins_too_many_end_no_session_from_where_the_account_was_used() {
    let (given, user) = of_three().await;
    strangers_phone(&given, user).await;
    let owner = given.new_session(user);
    assert!(matches!(given.begin(&owner, None).await.0, Begun::Withheld(_)), "a stranger has the phone asked");
    let tokens = strangers(&given, user, 5).await;
    assert!(is_live(&given, owner.token).await, "the owner waits for a code");
    assert!(is_live(&given, *tokens.last().unwrap()).await, "the newest one always stays");
}

/// A stranger with the password has the phone asked.
async fn strangers_phone(given: &Given, user: UserId) {
    let session = NewSession { network: "203.0.113.9".into(), ..given.new_session(user) };
    assert!(matches!(given.begin(&session, None).await.0, Begun::Asked(_)));
}

#[tokio::test]
async fn a_request_that_ends_with_a_surplus_session_was_not_refused() {
    let mut given = capped(1, 50).await;
    let user = given.account("ada@example.com").await;
    given.storage = given.storage.with_push_rules(PushRules { refused: 1, ..PushRules::NONE });
    let oldest = given.sign_in(user).await;
    given.sent(&oldest).await;
    given.pass(Duration::SECOND);
    let (_, cancelled) = given.begin(&given.new_session(user), None).await;
    assert_eq!(cancelled.iter().map(|one| one.id).collect::<Vec<_>>(), [oldest.approval.id]);
    assert!(!is_live(&given, oldest.token).await);
    assert_eq!(given.storage.accounts().may_push(user).await.unwrap(), Push::Allowed, "push is on");
}

#[tokio::test]
async fn surplus_sessions_without_a_request_leave_no_line_in_the_trail() {
    let (given, user) = of_three().await;
    strangers_phone(&given, user).await;
    let lines = async || given.storage.audit().of_account(user).await.unwrap().len();
    strangers(&given, user, 3).await;
    let before = lines().await;
    strangers(&given, user, 20).await;
    assert_eq!(lines().await, before);
}

#[tokio::test]
async fn one_browser_too_many_ends_the_one_that_was_used_longest_ago_and_never_the_new_one() {
    let given = capped(10, 3).await;
    // The first session is the sign-up's own.
    let user = given.account("ada@example.com").await;
    let mut tokens = Vec::new();
    for code in 0..3 {
        given.pass(Duration::minutes(2));
        let waiting = given.sign_in(user).await;
        tokens.push(confirmed(&given, &waiting, code).await);
        assert!(
            given.storage.sessions().find(tokens[0]).await.unwrap().is_some(),
            "the first of these is used all along"
        );
    }
    given.pass(Duration::minutes(2));
    let waiting = given.sign_in(user).await;
    let newest = confirmed(&given, &waiting, 9).await;
    assert!(given.storage.sessions().find(tokens[1]).await.unwrap().is_none(), "this one was used longest ago");
    for token in [tokens[0], tokens[2], newest] {
        assert!(given.storage.sessions().find(token).await.unwrap().is_some());
    }
    let session = given.storage.sessions().find(newest).await.unwrap().unwrap();
    assert_eq!(given.storage.sessions().live(&session).await.unwrap().len(), 3);
    let trail = given.storage.audit().of_account(user).await.unwrap();
    assert!(trail.iter().any(|row| row.note.as_deref() == Some("too many browsers were signed in")));
}
