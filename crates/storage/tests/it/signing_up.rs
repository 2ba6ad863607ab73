//! Signing up: nothing is reserved and nobody is in before the phone is proven.

use storage::{Completed, Heard};
use time::Duration;

use crate::given::{Given, callback};

#[tokio::test]
async fn a_pending_sign_up_cannot_sign_in_and_reserves_no_address() {
    let given = Given::empty().await;
    given.sign_up("ada@example.com").await;
    assert!(given.storage.accounts().find("ada@example.com").await.unwrap().is_none());
    given.sign_up("ada@example.com").await;
    given.account("ada@example.com").await;
    assert!(given.storage.accounts().find("ada@example.com").await.unwrap().is_some());
}

#[tokio::test]
async fn the_second_of_two_sign_ups_with_one_address_is_told_after_its_phone_is_proven() {
    let given = Given::empty().await;
    let second = given.sign_up("ada@example.com").await;
    given.account("ada@example.com").await;
    let request = given.sent(&second).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    for _ in 0..2 {
        assert_eq!(given.complete(&second, given.new_token(&second)).await, Completed::AlreadyRegistered);
    }
    assert!(given.storage.sessions().find(second.token).await.unwrap().unwrap().confirmed.is_none());
    assert_eq!(given.storage.accounts().find("ada@example.com").await.unwrap().unwrap().email, "ada@example.com");
}

#[tokio::test]
async fn an_abandoned_sign_up_is_swept_out_after_a_day_and_an_account_never() {
    let given = Given::empty().await;
    given.account("grace@example.com").await;
    let abandoned = given.sign_up("ada@example.com").await;
    given.pass(Duration::DAY);
    given.storage.maintenance().sweep().await.unwrap();
    assert!(given.storage.approvals().find(abandoned.approval.id).await.unwrap().is_some());
    given.pass(Duration::milliseconds(1));
    given.storage.maintenance().sweep().await.unwrap();
    assert!(given.storage.approvals().find(abandoned.approval.id).await.unwrap().is_none());
    assert!(given.storage.accounts().find("grace@example.com").await.unwrap().is_some());
}
