//! `countersign serve`: the product against a provider of its own.

use std::time::Duration;

use approval::Secret;
use provider::{ApiKey, AuthySettings};
use url::Url;

use super::demo;
use crate::config::{Config, ConfigError};
use crate::database::DatabaseUrl;
use crate::lifecycle::Lifecycle;
use crate::listen::{bind, local_url, say};
use crate::product::{Plan, open};
use crate::server;

const PORT: u16 = 3000;
const NO_KEY: ConfigError = ConfigError::Missing {
    variable: "AUTHY_API_KEY",
    advice: "set it to the key that the provider gave to your application",
};
const NO_PUBLIC_URL: ConfigError = ConfigError::Missing {
    variable: "PUBLIC_URL",
    advice: "set it to the address that browsers use, because HOST lets other machines in",
};

/// Starts the product.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn serve(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let key = api_key(config.authy.api_key)?;
    if config.product.public_url.is_none() && !config.listen.host.is_loopback() {
        return Err(NO_PUBLIC_URL.into());
    }
    let (listener, address) = bind(config.listen.host, config.listen.port.unwrap_or(PORT), "PORT").await?;
    let url = local_url(address);
    let timeout = Duration::from_millis(config.authy.timeout_ms.into());
    let plan = Plan {
        local_url: Url::parse(&url)?,
        database: config.product.database_url.clone().unwrap_or(DatabaseUrl::SERVE),
        product: config.product,
        provider: AuthySettings { base_url: config.authy.api_url, api_key: key.clone(), timeout },
        key,
        callback_url: config.authy.callback_url,
    };
    let router = open(plan, lifecycle).await?;
    lifecycle.tasks.spawn(server::serve(listener, router, lifecycle.stop.clone()));
    tracing::info!(url, "serving");
    say(&format!("countersign serve: listening on {url}"));
    Ok(())
}

fn api_key(key: Option<Secret>) -> anyhow::Result<ApiKey> {
    let key = key.ok_or(NO_KEY)?;
    if key.expose() == demo::KEY {
        return Err(
            ConfigError::value("AUTHY_API_KEY", "must not be the key of the demo, which everybody knows").into()
        );
    }
    Ok(ApiKey::new(key)?)
}
