//! `countersign migrate`: makes ready what is kept, so that the roles themselves need no right to make streams.

use crate::config::Config;
use crate::database::DatabaseUrl;
use crate::lifecycle::{Closing, Lifecycle};
use crate::say::say;
use crate::{event_log, product};

/// Brings the database up to date and, where NATS is configured, makes the streams that are missing.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn migrate(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let database = config.product.database_url.clone().unwrap_or(DatabaseUrl::SERVE);
    product::open_storage(&database).await?.close().await;
    say(&format!("countersign migrate: the database {database} is up to date"));
    if let Some(nats) = event_log::on_nats(&config.nats, "operator").await? {
        nats.close().await;
        say("countersign migrate: the streams are there");
    }
    lifecycle.end();
    Ok(Closing::nothing())
}
