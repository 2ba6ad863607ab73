//! Checkpoints the database's write-ahead log, deletes expired rows, and logs when another program prevents that, and the end
//! of it. Knows no request.

use std::time::{Duration, Instant};

use approval::{Lasting, told};
use storage::StorageError;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{hub::Hub, metrics, wal_watch::WalWatch};

/// How often expired rows are deleted.
const SWEEP: Duration = Duration::from_mins(1);

/// The pause between two rounds of a sweep, so that others can write.
const NEXT_ROUND: Duration = Duration::from_millis(100);

/// How often the write-ahead log is checkpointed into the database.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Starts checkpoints and sweeps.
pub(crate) fn start(hub: &Hub) {
    let this = hub.clone();
    hub.spawn(async move { checkpoint(&this).await });
    let this = hub.clone();
    hub.spawn(async move { sweep(&this).await });
}

/// Checkpoints periodically, so that no decision has to wait for it.
async fn checkpoint(hub: &Hub) {
    let (trouble, mut wal) = (Lasting::default(), WalWatch::default());
    let mut tick = interval(CHECKPOINT_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match hub.storage.maintenance().checkpoint().await {
            Ok(checkpoint) => {
                note_end(&trouble, "the database is checkpointed again");
                if let Some(checkpoint) = checkpoint {
                    note_blocked(hub, wal.note(checkpoint, Instant::now()));
                }
            }
            Err(error) => note(&trouble, &error, "the database could not be checkpointed"),
        }
        if hub.condition.database().lasts() {
            note_free(hub).await;
        }
    }
}

fn note_blocked(hub: &Hub, bytes: u64) {
    let before = hub.condition.blocked_wal_bytes();
    hub.condition.set_blocked_wal_bytes(bytes);
    metrics::wal_blocked(bytes, before == 0 && bytes > 0);
    if before == 0 && bytes > 0 {
        tracing::warn!(
            bytes,
            "the write-ahead log of the database could not be checkpointed for a minute, and grows: another program reads \
             from the database without an end; end it (a sqlite3 shell, a backup)"
        );
    } else if before > 0 && bytes == 0 {
        tracing::info!("the write-ahead log of the database is checkpointed again");
    }
}

/// Logs that the database is free again, once it takes a commit and no request found it locked for a while.
async fn note_free(hub: &Hub) {
    if hub.storage.maintenance().ping().await.is_ok()
        && let Some(failures) = hub.condition.database().worked(Instant::now())
    {
        tracing::info!(failures, "the database is free again");
    }
}

async fn sweep(hub: &Hub) {
    let trouble = Lasting::default();
    loop {
        let more = match sweep_a_round(hub).await {
            Ok(more) => {
                note_end(&trouble, "the database is swept again");
                more
            }
            Err(error) => {
                note(&trouble, &error, "the database could not be swept");
                false
            }
        };
        sleep(if more { NEXT_ROUND } else { SWEEP }).await;
    }
}

/// True if another round may find more.
async fn sweep_a_round(hub: &Hub) -> Result<bool, StorageError> {
    let mut more = hub.storage.maintenance().sweep().await?;
    if let Some(age) = hub.settings.audit() {
        more |= hub.storage.maintenance().sweep_audit(age).await?;
    }
    hub.storage.maintenance().shrink().await?;
    Ok(more)
}

fn note(trouble: &Lasting, error: &StorageError, what: &'static str) {
    let cause = told(error);
    if trouble.failed(&cause, Instant::now()) {
        tracing::error!(error = cause, "{what}; trying again");
    }
}

fn note_end(trouble: &Lasting, what: &'static str) {
    if let Some(failures) = trouble.worked(Instant::now()) {
        tracing::info!(failures, "{what}");
    }
}
