//! Empties the outbox: every committed change is told to the browsers that wait for it, also those whose telling a
//! crash cut off.

use std::time::Duration;

use storage::StorageError;

use crate::hub::Hub;

/// Changes within this time are read together.
const SHARED: Duration = Duration::from_millis(100);

/// Starts emptying the outbox, now and after each change.
pub(crate) fn start(hub: &Hub) {
    let this = hub.clone();
    hub.spawn(async move {
        loop {
            if let Err(error) = empty(&this).await {
                tracing::error!(%error, "the outbox could not be emptied");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            this.outbox.notified().await;
            // Whoever waits here has been told already; the rest may share a look.
            tokio::time::sleep(SHARED).await;
        }
    });
}

async fn empty(hub: &Hub) -> Result<(), StorageError> {
    loop {
        let (approvals, mark) = hub.storage.unannounced().await?;
        if mark == 0 {
            return Ok(());
        }
        for approval in &approvals {
            hub.waiters.tell(approval);
        }
        hub.storage.announced(mark).await?;
    }
}
