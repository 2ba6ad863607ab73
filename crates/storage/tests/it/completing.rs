//! Completing: a password alone opens nothing, and a lost reply leaves nobody with a dead cookie.

use approval::{Change, UserId};
use storage::{Completed, Heard, NewToken, Via};
use time::Duration;

use crate::given::{Given, Waiting, callback};

async fn approved(given: &Given, user: UserId) -> Waiting {
    let waiting = given.sign_in(user).await;
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    waiting
}

#[tokio::test]
async fn an_approval_marks_and_only_completing_opens() {
    let given = Given::empty().await;
    let waiting = approved(&given, given.account("ada@example.com").await).await;
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().unwrap().confirmed.is_none());
    let token = given.new_token(&waiting);
    let completed = given.complete(&waiting, token).await;
    assert_eq!(completed, Completed::Confirmed);
    let session = given.storage.sessions().find(token.new).await.unwrap().unwrap();
    assert_eq!((session.confirmed.unwrap().at, session.via), (given.clock.now(), Via::Current));
}

#[tokio::test]
async fn nothing_but_an_approved_approval_of_this_session_completes() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (pending, denied, cancelled) =
        (given.sign_in(user).await, given.sign_in(user).await, given.sign_in(user).await);
    let request = given.sent(&denied).await;
    given.storage.approvals().decide(&callback(&request, "denied"), Heard::Callback).await.unwrap();
    given.storage.approvals().end(cancelled.approval.id, Change::Cancel).await.unwrap();
    let other = approved(&given, user).await;
    for (waiting, id) in [
        (&pending, pending.approval.id),
        (&denied, denied.approval.id),
        (&cancelled, cancelled.approval.id),
        (&pending, other.approval.id),
    ] {
        let completed =
            given.storage.sessions().complete(&waiting.session, id, "proof", given.new_token(waiting)).await.unwrap();
        assert_eq!(completed, Completed::NotApproved);
        assert!(given.storage.sessions().find(waiting.token).await.unwrap().unwrap().confirmed.is_none());
    }
}

#[tokio::test]
async fn the_token_before_lives_a_minute_and_no_longer() {
    let given = Given::empty().await;
    let waiting = approved(&given, given.account("ada@example.com").await).await;
    given.complete(&waiting, given.new_token(&waiting)).await;
    given.pass(Duration::milliseconds(59_999));
    assert_eq!(given.storage.sessions().find(waiting.token).await.unwrap().unwrap().via, Via::Replaced);
    given.pass(Duration::milliseconds(1));
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_none());
}

#[tokio::test]
async fn the_first_use_of_the_new_token_ends_the_one_before() {
    let given = Given::empty().await;
    let waiting = approved(&given, given.account("ada@example.com").await).await;
    let token = given.new_token(&waiting);
    given.complete(&waiting, token).await;
    assert!(given.storage.sessions().find(token.new).await.unwrap().is_some());
    assert!(given.storage.sessions().find(waiting.token).await.unwrap().is_none());
}

#[tokio::test]
async fn of_two_completions_at_once_one_confirms() {
    let given = Given::empty().await;
    let waiting = approved(&given, given.account("ada@example.com").await).await;
    let tokens = [given.new_token(&waiting), given.new_token(&waiting)];
    let complete = |token: NewToken| given.complete(&waiting, token);
    let (one, other) = tokio::join!(complete(tokens[0]), complete(tokens[1]));
    let mut both = [one, other];
    both.sort_by_key(|completed| *completed != Completed::Confirmed);
    assert_eq!(both, [Completed::Confirmed, Completed::NotApproved]);
}

#[tokio::test]
async fn a_confirmed_session_ends_at_its_time() {
    let given = Given::empty().await;
    let waiting = approved(&given, given.account("ada@example.com").await).await;
    let token = given.new_token(&waiting);
    given.complete(&waiting, token).await;
    given.pass(Duration::hours(12));
    assert!(given.storage.sessions().find(token.new).await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_that_expired_meanwhile_is_not_confirmed_by_anything() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (tapped, typed) = (approved(&given, user).await, given.sign_in(user).await);
    given.pass(Duration::minutes(15));
    assert_eq!(given.complete(&tapped, given.new_token(&tapped)).await, Completed::NotApproved);
    let code = storage::CodeHash([1; 32]);
    let confirmed =
        given.storage.codes().confirm_by_code(&typed.session, code, "code", given.new_token(&typed)).await.unwrap();
    assert!(matches!(confirmed, storage::CodeConfirmed::Fresh(Completed::NotApproved, _)));
}
