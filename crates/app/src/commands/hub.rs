//! `countersign hub`: pages, API, sessions and deciding, with the callbacks that receivers hand to NATS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::hub::Condition;
use broker::{EventLog, JetStream};
use provider::{ApiKey, AuthySettings};
use storage::Storage;
use url::Url;

use super::keys::api_key;
use crate::capacity::Capacity;
use crate::config::{Config, ConfigError, Role};
use crate::database::DatabaseUrl;
use crate::event_log::{self, NO_NATS};
use crate::health;
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, local_url, ready};
use crate::product::{self, Plan};
use crate::server::{self, Heads};

const NO_PUBLIC_URL: ConfigError = ConfigError::Missing {
    variable: "PUBLIC_URL",
    advice: "set it to the address that browsers use, because HOST lets other machines in",
};

/// Starts a hub.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn hub(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let key = api_key(&config)?;
    event_log::needs_nats(&config.nats)?;
    let capacity = Capacity::plan(&config, Role::Hub);
    let health = health::serve(&config, capacity.admin.clone(), lifecycle).await?;
    let (listeners, address) = bind(config.listen.host, Role::Hub.port(&config.listen)).await?;
    let url = local_url(address);
    let public_url = public_url(&config, address)?;
    let storage = product::open_storage(config.product.database_url.as_ref().unwrap_or(&DatabaseUrl::SERVE)).await?;
    let nats = event_log::on_nats(&config.nats, "hub").await?.ok_or(NO_NATS)?;
    let plan = plan(&config, public_url, key, storage, nats.clone(), true, &capacity);
    health.add(|parts| {
        (parts.storage, parts.nats) = (Some(plan.storage.clone()), Some(nats.clone()));
        parts.hub = Some(plan.condition.clone());
        parts.found_at_start.extend(capacity.findings());
    });
    let router = product::hub(plan, lifecycle).await?;
    let terms = capacity.terms(&config.listen, Heads::Short, lifecycle);
    for listener in listeners {
        lifecycle.serve(server::serve(listener, router.clone(), terms.clone()));
    }
    event_log::started(&nats, &config.nats, lifecycle).await?;
    tracing::info!(url, "serving");
    capacity.report();
    health.ready().await;
    ready(&format!("countersign hub: listening on {url}"));
    Ok(closing(nats))
}

/// What a hub is made of, as it was configured.
pub(super) fn plan(
    config: &Config,
    public_url: Url,
    key: ApiKey,
    storage: Storage,
    log: Arc<dyn EventLog>,
    shared: bool,
    capacity: &Capacity,
) -> Plan {
    let timeout = Duration::from_millis(config.authy.timeout_ms.into());
    let (base_url, calls_at_once) = (config.authy.api_url.clone(), capacity.provider_calls);
    let provider = AuthySettings { base_url, api_key: key, timeout, calls_at_once };
    Plan {
        product: config.product.clone(),
        limits: config.limits,
        proxies: product::proxies(&config.listen),
        capacity: capacity.hub,
        public_url,
        storage,
        provider,
        log,
        shared,
        condition: Condition::default(),
        receives: false,
    }
}

/// What browsers use: as configured, or, on the machine itself, where we listen.
///
/// # Errors
/// When browsers of other machines are let in and nothing is configured.
pub(super) fn public_url(config: &Config, address: SocketAddr) -> anyhow::Result<Url> {
    match &config.product.public_url {
        Some(url) => Ok(url.clone()),
        None if address.ip().is_loopback() => Ok(Url::parse(&local_url(address))?),
        None => Err(NO_PUBLIC_URL.into()),
    }
}

/// What was taken and not decided goes back to the other hubs at once.
fn closing(nats: Arc<JetStream>) -> Closing {
    Closing::by(|_| async move {
        nats.close().await;
        Ok(())
    })
}
