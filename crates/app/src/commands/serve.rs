//! `countersign serve`: receiver and hub in one process, against a provider of its own.

use std::sync::Arc;

use approval::Secret;
use broker::{EventLog, Intake, Spooled};
use provider::ApiKey;

use super::hub::{plan, public_url};
use super::{demo, receiver};
use crate::config::{Config, ConfigError};
use crate::database::DatabaseUrl;
use crate::health::{self, Health};
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, local_url, ready};
use crate::product::{self, Plan};
use crate::{event_log, server};

const PORT: u16 = 3000;
const NO_KEY: ConfigError = ConfigError::Missing {
    variable: "AUTHY_API_KEY",
    advice: "set it to the key that the provider gave to your application",
};

/// Starts the product.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn serve(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let key = api_key(&config)?;
    let (listener, address) = bind(config.listen.host, config.listen.port.unwrap_or(PORT), "PORT").await?;
    let url = local_url(address);
    let public_url = public_url(&config, address)?;
    let callback_url = receiver::callback_url(&config, Some(&public_url))?;
    let database = config.product.database_url.clone().unwrap_or(DatabaseUrl::SERVE);
    let storage = product::open_storage(&database).await?;
    let nats = event_log::on_nats(&config.nats, "hub").await?;
    let (log, spooled) = match &nats {
        Some(nats) => {
            let spooled = Spooled::new(nats.clone(), event_log::spool(&config.receiver).await?);
            (nats.clone() as Arc<dyn EventLog>, Some(Arc::new(spooled)))
        }
        None => (event_log::beside(&database).await? as Arc<dyn EventLog>, None),
    };
    let intake: Arc<dyn Intake> = match &spooled {
        Some(spooled) => spooled.clone(),
        None => log.clone(),
    };
    let health = Health { storage: Some(storage.clone()), nats: nats.clone(), spool: spooled.clone() };
    let plan = plan(&config, public_url, key.clone(), storage, log, nats.is_some());
    let router = product::hub(Plan { receives: true, ..plan }, lifecycle).await?.merge(product::receiver(
        key,
        callback_url,
        intake,
    ));
    health::serve(&config, health, lifecycle).await?;
    lifecycle.tasks.spawn(server::serve(listener, router, lifecycle.stop.clone()));
    tracing::info!(url, "serving");
    ready(&format!("countersign serve: listening on {url}"));
    Ok(spooled.map_or_else(Closing::nothing, |spooled| receiver::closing(spooled, &config)))
}

/// The provider's key.
///
/// # Errors
/// When there is none, or it is the one that everybody can read in the source of the demo.
pub(super) fn api_key(config: &Config) -> anyhow::Result<ApiKey> {
    let key: Secret = config.authy.api_key.clone().ok_or(NO_KEY)?;
    if key.expose() == demo::KEY {
        return Err(
            ConfigError::value("AUTHY_API_KEY", "must not be the key of the demo, which everybody knows").into()
        );
    }
    Ok(ApiKey::new(key)?)
}
