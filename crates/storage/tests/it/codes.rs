//! Codes: each counts once for a provider user, and confirms the session that typed it.

use approval::Status;
use storage::{CodeConfirmed, CodeHash, Completed, Storage};
use time::Duration;

use crate::given::{Given, Waiting};

#[tokio::test]
async fn a_code_confirms_its_session_and_takes_its_pending_request_back() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let token = given.new_token(&waiting);
    let confirmed =
        given.storage.codes().confirm_by_code(&waiting.session, CodeHash([1; 32]), "code", token).await.unwrap();
    assert!(matches!(confirmed, CodeConfirmed::Fresh(Completed::Confirmed, left) if left.len() == 1));
    assert_eq!(given.now(&waiting).await.status, Status::Cancelled);
    assert!(given.storage.sessions().find(token.new).await.unwrap().unwrap().confirmed.is_some());
}

#[tokio::test]
async fn a_code_that_counted_never_counts_again_for_this_provider_user() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    given
        .storage
        .codes()
        .confirm_by_code(&one.session, CodeHash([1; 32]), "code", given.new_token(&one))
        .await
        .unwrap();
    let again =
        given.storage.codes().confirm_by_code(&other.session, CodeHash([1; 32]), "code", given.new_token(&other)).await;
    assert_eq!(again.unwrap(), CodeConfirmed::Used);
    assert!(given.storage.sessions().find(other.token).await.unwrap().unwrap().confirmed.is_none());
}

#[tokio::test]
async fn an_accepted_code_is_remembered_for_ten_minutes_through_every_sweep() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    given
        .storage
        .codes()
        .confirm_by_code(&one.session, CodeHash([1; 32]), "code", given.new_token(&one))
        .await
        .unwrap();
    given.pass(Duration::minutes(10));
    given.storage.maintenance().sweep().await.unwrap();
    let again =
        given.storage.codes().confirm_by_code(&other.session, CodeHash([1; 32]), "code", given.new_token(&other)).await;
    assert_eq!(again.unwrap(), CodeConfirmed::Used);
}

#[tokio::test]
async fn the_memory_of_a_code_ends_a_millisecond_after_its_ten_minutes_and_not_before() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    let confirm = async |waiting: &Waiting| {
        let token = given.new_token(waiting);
        given.storage.codes().confirm_by_code(&waiting.session, CodeHash([1; 32]), "code", token).await.unwrap()
    };
    assert!(matches!(confirm(&one).await, CodeConfirmed::Fresh(Completed::Confirmed, _)));
    given.pass(Duration::minutes(10));
    given.storage.maintenance().sweep().await.unwrap();
    assert_eq!(confirm(&other).await, CodeConfirmed::Used);
    given.pass(Duration::MILLISECOND);
    given.storage.maintenance().sweep().await.unwrap();
    assert!(matches!(confirm(&other).await, CodeConfirmed::Fresh(Completed::Confirmed, _)));
}

#[tokio::test]
async fn a_code_that_proved_a_phone_at_sign_up_counts_neither_for_another_account_on_it_nor_at_sign_in() {
    let given = Given::empty().await;
    let (ada, grace) = (given.sign_up("ada@example.com").await, given.sign_up("grace@example.com").await);
    let confirm = async |storage: &Storage, waiting: &Waiting| {
        let token = given.new_token(waiting);
        storage.codes().confirm_by_code(&waiting.session, CodeHash([1; 32]), "code", token).await.unwrap()
    };
    assert!(matches!(confirm(&given.storage, &ada).await, CodeConfirmed::Fresh(Completed::Confirmed, _)));
    let signing_in = given.sign_in(ada.session.user).await;
    let other_process = given.another_process().await;
    for storage in [&given.storage, &other_process] {
        for waiting in [&grace, &signing_in] {
            assert_eq!(confirm(storage, waiting).await, CodeConfirmed::Used);
            assert!(given.storage.sessions().find(waiting.token).await.unwrap().unwrap().confirmed.is_none());
        }
    }
}

#[tokio::test]
async fn of_fifty_sessions_that_show_one_code_at_once_one_is_confirmed() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let stores = [given.storage.clone(), given.another_process().await];
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..50 {
        let (waiting, storage) = (given.sign_in(user).await, stores[at % 2].clone());
        let token = given.new_token(&waiting);
        tasks.spawn(async move {
            storage.codes().confirm_by_code(&waiting.session, CodeHash([1; 32]), "code", token).await.unwrap()
        });
    }
    let fresh = tasks.join_all().await.into_iter().filter(|confirmed| *confirmed != CodeConfirmed::Used);
    assert_eq!(fresh.count(), 1);
}
