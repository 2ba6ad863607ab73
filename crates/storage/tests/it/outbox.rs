//! Announcements: committed with the change, kept until they were made.

use approval::Delivery;
use storage::Heard;

use crate::given::{Given, callback};

#[tokio::test]
async fn a_change_and_its_announcement_are_there_together_after_a_restart() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    given.storage.close().await;
    let storage = given.another_process().await;
    let left = storage.outbox().read(0).await.unwrap();
    assert!(left.approvals.contains(&storage.approvals().find(waiting.approval.id).await.unwrap().unwrap()));
    storage.outbox().delete(left).await.unwrap();
    assert!(storage.outbox().read(0).await.unwrap().last().is_none());
}

#[tokio::test]
async fn a_callback_after_the_decision_announces_it_again() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    given.storage.outbox().delete(given.storage.outbox().read(0).await.unwrap()).await.unwrap();
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    assert_eq!(given.storage.outbox().read(0).await.unwrap().approvals, [given.now(&waiting).await]);
}

#[tokio::test]
async fn an_announcement_made_while_others_are_taken_out_stays() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let read = given.storage.outbox().read(0).await.unwrap();
    given.storage.approvals().record_delivery(waiting.approval.id, Delivery::NoApp, None).await.unwrap();
    given.storage.outbox().delete(read).await.unwrap();
    assert_eq!(given.storage.outbox().read(0).await.unwrap().approvals.len(), 1);
}
