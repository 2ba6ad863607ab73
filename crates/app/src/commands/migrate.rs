//! `countersign migrate`: updates the database, and the streams and consumer on NATS, so that the roles need no right
//! to create or change them.

use broker::Migrated;

use crate::config::Config;
use crate::database::DatabaseUrl;
use crate::lifecycle::{Closing, Lifecycle};
use crate::say::say;
use crate::{event_log, product};

/// Brings the database up to date and, if NATS is configured, creates or repairs the streams and the consumer.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn migrate(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let database = config.product.database_url.clone().unwrap_or(DatabaseUrl::SERVE);
    product::open_storage(&database).await?.close().await;
    say(&format!("countersign migrate: the database {database} is up to date"));
    if let Some(migrated) = event_log::migrate_nats(&config.nats).await? {
        let consumer = match migrated {
            Migrated::Unchanged => "unchanged",
            Migrated::Created => "created",
            Migrated::Repaired => "repaired",
            Migrated::Recreated => {
                "created again; hubs get every event that NATS still keeps once more, and ignore the repeats"
            }
        };
        say(&format!("countersign migrate: the streams are there; the consumer of the hubs is {consumer}"));
    }
    lifecycle.end();
    Ok(Closing::nothing())
}
