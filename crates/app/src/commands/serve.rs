//! `countersign serve`: receiver and hub in one process, against a provider of its own.

use std::sync::Arc;

use broker::{EventLog, Intake};

use super::hub::{plan, public_url};
use super::{keys, receiver};
use crate::capacity::Capacity;
use crate::config::Config;
use crate::database::DatabaseUrl;
use crate::event_log;
use crate::health::{self, Health};
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, local_url, ready};
use crate::product::{self, Plan};
use crate::server::{self, Heads};

const PORT: u16 = 3000;

/// Starts the product.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn serve(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let keys = keys::api_keys(&config)?;
    let (listener, address) = bind(config.listen.host, config.listen.port.unwrap_or(PORT), "PORT").await?;
    let url = local_url(address);
    let public_url = public_url(&config, address)?;
    let callback_url = receiver::callback_url(&config, Some(&public_url))?;
    let database = config.product.database_url.clone().unwrap_or(DatabaseUrl::SERVE);
    let storage = product::open_storage(&database).await?;
    let nats = event_log::on_nats(&config.nats, "hub").await?;
    let mut health = Health { storage: Some(storage.clone()), events: None, nats: nats.clone(), spool: None };
    let (log, intake): (Arc<dyn EventLog>, Arc<dyn Intake>) = if let Some(nats) = nats {
        let spooled = receiver::spooled(&nats, event_log::spool(&config.receiver).await?, lifecycle);
        health.spool = Some(spooled.clone());
        (nats, spooled)
    } else {
        let log = event_log::relied_on(&database, lifecycle).await?;
        health.events = Some(log.clone());
        (log.clone(), log)
    };
    let (shared, spooled) = (health.nats.is_some(), health.spool.clone());
    let capacity = Capacity::plan(&config.listen, &config.sockets);
    let plan = plan(&config, public_url, keys.current().clone(), storage, log, shared, capacity.seats);
    let router = product::hub(Plan { receives: true, ..plan }, lifecycle).await?.merge(product::receiver(
        keys,
        callback_url,
        intake,
    ));
    health::serve(&config, health, capacity.admin.clone(), lifecycle).await?;
    lifecycle.spawn(server::serve(
        listener,
        router,
        Heads::WithCallbacks,
        capacity.slots.clone(),
        lifecycle.stop.clone(),
    ));
    tracing::info!(url, "serving");
    capacity.report();
    ready(&format!("countersign serve: listening on {url}"));
    Ok(spooled.map_or_else(Closing::nothing, |spooled| receiver::closing(spooled, &config)))
}
