//! The caps on an account's live sessions.

use approval::Status;
use storage::{CodeConfirmed, CodeHash, Completed, SessionCaps};
use time::Duration;

use crate::given::{Given, Waiting};

async fn capped(pending: u32, confirmed: u32) -> Given {
    let mut given = Given::empty().await;
    given.storage = given.storage.with_session_caps(SessionCaps { pending, confirmed });
    given
}

async fn confirmed(given: &Given, waiting: &Waiting, code: u8) -> storage::TokenHash {
    let token = given.new_token(waiting);
    let confirmed = given.storage.confirm_by_code(&waiting.session, CodeHash([code; 32]), "code", token).await;
    assert!(matches!(confirmed.unwrap(), CodeConfirmed::Fresh(Completed::Confirmed, _)));
    token.new
}

#[tokio::test]
async fn a_sign_in_beyond_the_cap_ends_the_oldest_and_cancels_its_request() {
    let given = capped(3, 50).await;
    let user = given.account("ada@example.com").await;
    let oldest = given.sign_in(user).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        given.pass(Duration::SECOND);
        others.push(given.sign_in(user).await);
    }
    given.pass(Duration::SECOND);
    let session = given.new_session(user);
    let (_, cancelled) = given.begin(&session, None).await;
    assert_eq!(cancelled.iter().map(|one| one.id).collect::<Vec<_>>(), [oldest.approval.id]);
    assert_eq!(given.now(&oldest).await.status, Status::Cancelled);
    assert!(given.storage.session(oldest.token).await.unwrap().is_none());
    for other in &others {
        assert!(given.storage.session(other.token).await.unwrap().is_some());
    }
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
        assert!(given.storage.session(tokens[0]).await.unwrap().is_some(), "the first of these is used all along");
    }
    given.pass(Duration::minutes(2));
    let waiting = given.sign_in(user).await;
    let newest = confirmed(&given, &waiting, 9).await;
    assert!(given.storage.session(tokens[1]).await.unwrap().is_none(), "this one was used longest ago");
    for token in [tokens[0], tokens[2], newest] {
        assert!(given.storage.session(token).await.unwrap().is_some());
    }
    let session = given.storage.session(newest).await.unwrap().unwrap();
    assert_eq!(given.storage.live_sessions(&session).await.unwrap().len(), 3);
    let trail = given.storage.audit_of_user(user).await.unwrap();
    assert!(trail.iter().any(|row| row.note.as_deref() == Some("too many browsers were signed in")));
}
