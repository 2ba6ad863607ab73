//! Hears what other hubs announce: reads the rows that browsers here wait for. When something may have been missed, it
//! reads all of them.

use approval::{Announcement, ApprovalId, told};
use broker::Announced;

use crate::hub::Hub;

/// Starts listening.
pub(crate) fn start(hub: &Hub) {
    let this = hub.clone();
    hub.spawn(async move {
        loop {
            match this.log.announced().await {
                Announced::This(said) => match Announcement::from_bytes(&said) {
                    Some(Announcement::Changed { approvals }) => read(&this, approvals).await,
                    // A newer hub says something that is not known here.
                    None => read(&this, this.waiters.approvals()).await,
                },
                Announced::Missed => read(&this, this.waiters.approvals()).await,
            }
        }
    });
}

async fn read(hub: &Hub, approvals: Vec<ApprovalId>) {
    for id in approvals {
        if !hub.waiters.has(id) {
            continue;
        }
        match hub.storage.approval(id).await {
            Ok(row) => row.iter().for_each(|row| hub.waiters.tell(row)),
            Err(error) => tracing::error!(approval.id = %id, error = %told(&error), "an approval could not be read"),
        }
    }
}
