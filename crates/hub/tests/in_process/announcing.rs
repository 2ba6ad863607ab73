//! Changes of other processes reach the browsers here, whether or not this hub can announce anything.

use std::sync::Arc;
use std::time::Duration;

use approval::{Change, Delivery, Status};
use tokio::time::timeout;

use crate::deaf::Deaf;
use crate::hub::Hub;

/// More than are read at once.
const MANY: usize = storage::Unannounced::MOST + 4;

#[tokio::test]
async fn a_change_behind_many_that_cannot_be_announced_reaches_the_browser_here() {
    let hub = Hub::start_on("pending", |log| Arc::new(Deaf(log))).await;
    let (before, waiting) = (hub.sign_up_as("ada@example.com").await, hub.sign_up_as("bea@example.com").await);
    let other = hub.other_process().await;
    // The announcements of the pushes are made.
    for approval in [before.id, waiting.id] {
        while other.approvals().find(approval).await.unwrap().unwrap().delivery == Delivery::Sending {}
    }
    other.outbox().delete(other.outbox().read(0).await.unwrap()).await.unwrap();
    let changes = async {
        for _ in 0..MANY {
            other.approvals().record_delivery(before.id, Delivery::Unknown, None).await.unwrap();
        }
        other.approvals().end(waiting.id, Change::Cancel).await.unwrap();
    };
    // A poll reads the row again after 10 s by itself.
    let outcome = timeout(Duration::from_secs(8), hub.final_status(&waiting));
    let (status, ()) = tokio::join!(outcome, changes);
    assert_eq!(status.expect("the browser hears of it"), Status::Cancelled);
}
