//! Codes: each counts once for a provider user, and confirms the session that typed it.

use approval::Status;
use storage::{CodeConfirmed, CodeHash, Completed};
use time::Duration;

use crate::given::Given;

#[tokio::test]
async fn a_code_confirms_its_session_and_takes_its_pending_request_back() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let token = given.new_token(&waiting);
    let confirmed = given.storage.confirm_by_code(&waiting.session, CodeHash([1; 32]), "code", token).await.unwrap();
    assert!(matches!(confirmed, CodeConfirmed::Fresh(Completed::Confirmed, left) if left.len() == 1));
    assert_eq!(given.now(&waiting).await.status, Status::Cancelled);
    assert!(given.storage.session(token.new).await.unwrap().unwrap().confirmed_at.is_some());
}

#[tokio::test]
async fn a_code_that_counted_never_counts_again_for_this_provider_user() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    given.storage.confirm_by_code(&one.session, CodeHash([1; 32]), "code", given.new_token(&one)).await.unwrap();
    let again = given.storage.confirm_by_code(&other.session, CodeHash([1; 32]), "code", given.new_token(&other)).await;
    assert_eq!(again.unwrap(), CodeConfirmed::Used);
    assert!(given.storage.session(other.token).await.unwrap().unwrap().confirmed_at.is_none());
}

#[tokio::test]
async fn an_accepted_code_is_remembered_for_ten_minutes_through_every_sweep() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    given.storage.confirm_by_code(&one.session, CodeHash([1; 32]), "code", given.new_token(&one)).await.unwrap();
    given.pass(Duration::minutes(10));
    given.storage.sweep().await.unwrap();
    let again = given.storage.confirm_by_code(&other.session, CodeHash([1; 32]), "code", given.new_token(&other)).await;
    assert_eq!(again.unwrap(), CodeConfirmed::Used);
}
