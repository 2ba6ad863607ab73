//! Announces changes: to the browsers that wait here, and to all other hubs. At once when they are made; and once more
//! out of the outbox, so that also those are told whose telling a crash cut off.

use std::time::{Duration, Instant};

use approval::{Announcement, ApprovalId, Lasting, told};
use broker::ConsumeError;
use storage::{StorageError, Unannounced};
use thiserror::Error;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout};

use crate::hub::Hub;

/// Changes within this time are read together.
const SHARED: Duration = Duration::from_millis(100);
/// How long to wait after a failure.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest that a hub that leaves takes for its last announcements.
const LAST: Duration = Duration::from_secs(1);
/// The most that one announcement names.
const TOGETHER: usize = Unannounced::MOST;

/// Why the outbox still holds something.
#[derive(Debug, Error)]
enum Unemptied {
    /// It could not be read, or what was announced not taken out.
    #[error("the announcements could not be read or taken out")]
    Storage(#[from] StorageError),
    /// The other hubs could not be told.
    #[error("the other hubs could not be told")]
    Broker(#[from] ConsumeError),
}

/// Starts announcing what comes by `news`, and emptying the outbox, now and after each change.
pub(crate) fn start(hub: &Hub, mut news: UnboundedReceiver<ApprovalId>) {
    let this = hub.clone();
    hub.spawn(async move {
        let mut approvals = Vec::new();
        while news.recv_many(&mut approvals, TOGETHER).await > 0 {
            // What is not sent now stays in the outbox.
            let _ = tell_others(&this, std::mem::take(&mut approvals)).await;
        }
    });
    let this = hub.clone();
    hub.spawn(async move {
        let trouble = Lasting::default();
        loop {
            if let Err(error) = empty(&this).await {
                let cause = told(&error);
                if trouble.failed(&cause, Instant::now()) {
                    tracing::error!(error = cause, "the outbox could not be emptied; trying again");
                }
                sleep(AGAIN).await;
                continue;
            }
            if let Some(failures) = trouble.worked(Instant::now()) {
                tracing::info!(failures, "the outbox is emptied again");
            }
            this.outbox.notified().await;
            // Whoever waits here has been told already; the rest may share a look.
            sleep(SHARED).await;
        }
    });
    let this = hub.clone();
    hub.finish(async move {
        this.stop.cancelled().await;
        // What this hub has still to tell, another one would find only by chance.
        if !matches!(timeout(LAST, empty(&this)).await, Ok(Ok(()))) {
            tracing::warn!("what changed last may reach the browsers of other hubs late");
        }
    });
}

/// Makes all announcements. Those that other hubs did not get stay in the outbox, but the browsers here hear of all.
async fn empty(hub: &Hub) -> Result<(), Unemptied> {
    let (mut after, mut told) = (0, Ok(()));
    loop {
        let left = hub.storage.outbox().read(after).await?;
        let Some(last) = left.last() else { return told };
        after = last;
        for approval in &left.approvals {
            hub.waiters.tell(approval);
        }
        if told.is_ok() {
            told = tell_others(hub, left.approvals.iter().map(|approval| approval.id).collect())
                .await
                .map_err(Unemptied::from);
        }
        if told.is_ok() {
            hub.storage.outbox().delete(left).await?;
        }
    }
}

async fn tell_others(hub: &Hub, approvals: Vec<ApprovalId>) -> Result<(), ConsumeError> {
    // The approvals of announcements may have been swept meanwhile.
    if approvals.is_empty() {
        return Ok(());
    }
    hub.log.announce(Announcement::Changed { approvals }.to_bytes().into()).await
}
