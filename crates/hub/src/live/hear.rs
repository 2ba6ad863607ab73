//! Hears what other hubs announce: reads the rows that browsers here wait for. When something may have been missed, it
//! reads all of them.

use std::time::Instant;

use approval::{Announcement, ApprovalId, Lasting, told};
use broker::Announced;

use crate::hub::Hub;

/// Starts listening.
pub(crate) fn start(hub: &Hub) {
    let this = hub.clone();
    hub.spawn(async move {
        let trouble = Lasting::default();
        loop {
            let approvals = match this.log.announced().await {
                Announced::This(said) => match Announcement::from_bytes(&said) {
                    Some(Announcement::Changed { approvals }) => approvals,
                    // A newer hub says something that is not known here.
                    None => this.waiters.approvals(),
                },
                Announced::Missed => this.waiters.approvals(),
            };
            read(&this, approvals, &trouble).await;
        }
    });
}

async fn read(hub: &Hub, approvals: Vec<ApprovalId>, trouble: &Lasting) {
    for id in approvals {
        if !hub.waiters.has(id) {
            continue;
        }
        match hub.storage.approvals().find(id).await {
            Ok(row) => {
                if let Some(row) = row {
                    hub.waiters.tell(&row);
                }
                if let Some(failures) = trouble.worked(Instant::now()) {
                    tracing::info!(failures, "approvals that changed are read again");
                }
            }
            Err(error) => {
                let cause = told(&error);
                if trouble.failed(&cause, Instant::now()) {
                    tracing::error!(approval.id = %id, error = cause, "an approval that changed could not be read");
                }
            }
        }
    }
}
