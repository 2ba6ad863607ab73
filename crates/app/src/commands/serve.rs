//! `countersign serve`: receiver and hub in one process, against a provider of its own.

use std::sync::Arc;

use broker::{EventLog, Intake};

use super::hub::{plan, public_url};
use super::{keys, receiver};
use crate::capacity::Capacity;
use crate::config::{Config, Role};
use crate::database::DatabaseUrl;
use crate::event_log;
use crate::health;
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, local_url, ready};
use crate::product::{self, Plan};
use crate::server::{self, Heads};

/// Starts the product.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn serve(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let keys = keys::api_keys(&config)?;
    let capacity = Capacity::plan(&config, Role::Serve);
    let health = health::serve(&config, capacity.admin.clone(), lifecycle).await?;
    let (listeners, address) = bind(config.listen.host, Role::Serve.port(&config.listen)).await?;
    let url = local_url(address);
    let public_url = public_url(&config, address)?;
    let callback_url = receiver::callback_url(&config, Some(&public_url))?;
    let database = config.product.database_url.clone().unwrap_or(DatabaseUrl::SERVE);
    let storage = product::open_storage(&database).await?;
    let nats = event_log::on_nats(&config.nats, "hub").await?;
    let mut spool = None;
    let (log, intake): (Arc<dyn EventLog>, Arc<dyn Intake>) = if let Some(nats) = nats.clone() {
        let spooled = receiver::spooled(&nats, event_log::spool(&config.receiver).await?, lifecycle);
        spool = Some(spooled.clone());
        (nats, spooled)
    } else {
        let log = event_log::relied_on(&database, lifecycle).await?;
        health.add(|parts| parts.events = Some(log.clone()));
        (log.clone(), log)
    };
    let plan = plan(&config, public_url, keys.current().clone(), storage, log, nats.is_some(), &capacity);
    health.add(|parts| {
        (parts.storage, parts.nats, parts.spool) = (Some(plan.storage.clone()), nats.clone(), spool.clone());
        parts.hub = Some(plan.condition.clone());
        parts.found_at_start.extend(capacity.findings());
    });
    let hub = product::hub(Plan { receives: true, ..plan }, lifecycle).await?;
    let router = product::receiver(keys, callback_url, intake, Some(hub));
    let terms = capacity.terms(&config.listen, Heads::WithCallbacks, lifecycle);
    for listener in listeners {
        lifecycle.serve(server::serve(listener, router.clone(), terms.clone()));
    }
    if let Some(nats) = nats {
        event_log::started(&nats, &config.nats, lifecycle).await?;
    }
    tracing::info!(url, "serving");
    capacity.report();
    health.ready().await;
    ready(&format!("countersign serve: listening on {url}"));
    Ok(spool.map_or_else(Closing::nothing, |spooled| receiver::closing(spooled, &config)))
}
