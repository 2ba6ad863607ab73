//! `countersign migrate`: makes ready what is kept, so that the roles themselves need no right to make or change streams
//! and consumer.

use broker::Migrated;

use crate::config::Config;
use crate::database::DatabaseUrl;
use crate::lifecycle::{Closing, Lifecycle};
use crate::say::say;
use crate::{event_log, product};

/// Brings the database up to date and, where NATS is configured, makes streams and consumer what they must be.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn migrate(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let database = config.product.database_url.clone().unwrap_or(DatabaseUrl::SERVE);
    product::open_storage(&database).await?.close().await;
    say(&format!("countersign migrate: the database {database} is up to date"));
    if let Some(migrated) = event_log::migrate_nats(&config.nats).await? {
        let consumer = match migrated {
            Migrated::Unchanged => "as it must be",
            Migrated::Made => "made",
            Migrated::Changed => "changed to what it must be",
            Migrated::MadeAnew => {
                "made anew; hubs get all events once more that NATS still keeps, which decide nothing a second time"
            }
        };
        say(&format!("countersign migrate: the streams are there; the consumer of the hubs is {consumer}"));
    }
    lifecycle.end();
    Ok(Closing::nothing())
}
