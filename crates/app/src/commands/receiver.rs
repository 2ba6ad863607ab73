//! `countersign receiver`: callback in, event out to NATS, with a spool for the time when NATS is away.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use broker::{Embedded, JetStream, Spooled};
use provider::CallbackUrl;
use url::Url;

use super::keys::api_keys;
use crate::capacity::Capacity;
use crate::config::{Config, ConfigError, Role};
use crate::event_log::{self, NO_NATS};
use crate::health;
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, local_url, ready};
use crate::product;
use crate::server::{self, Heads};

/// What letting go of spool and NATS may take.
const PARTING: Duration = Duration::from_millis(1500);
const NO_CALLBACK_URL: ConfigError = ConfigError::Missing {
    variable: "AUTHY_CALLBACK_URL",
    advice: "set it to the URL that the provider calls, exactly as it is set there, or PUBLIC_URL to what stands before \
             /authy/callback in it",
};

/// Starts a receiver.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn receiver(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let keys = api_keys(&config)?;
    let callback_url = callback_url(&config, None)?;
    event_log::needs_nats(&config.nats)?;
    let capacity = Capacity::plan(&config, Role::Receiver);
    let health = health::serve(&config, capacity.admin.clone(), lifecycle).await?;
    let (listeners, address) = bind(config.listen.host, Role::Receiver.port(&config.listen)).await?;
    let spool = event_log::spool(&config.receiver).await?;
    let nats = event_log::on_nats(&config.nats, "receiver").await?.ok_or(NO_NATS)?;
    let spooled = spooled(&nats, spool, lifecycle);
    health.add(|parts| {
        (parts.nats, parts.spool) = (Some(nats.clone()), Some(spooled.clone()));
        parts.found_at_start.extend(capacity.findings());
    });
    let router = product::receiver(keys, callback_url, spooled.clone(), None);
    let terms = capacity.terms(&config.listen, Heads::WithCallbacks, lifecycle);
    for listener in listeners {
        lifecycle.serve(server::serve(listener, router.clone(), terms.clone()));
    }
    // Callbacks are already taken here, with or without NATS.
    event_log::started(&nats, &config.nats, lifecycle).await?;
    let url = local_url(address);
    tracing::info!(url, "receiving");
    capacity.report();
    health.ready().await;
    ready(&format!("countersign receiver: listening on {url}"));
    Ok(closing(spooled, &config))
}

/// The way to NATS with a spool beside it, without which the process is of no use.
pub(super) fn spooled(nats: &Arc<JetStream>, spool: Arc<Embedded>, lifecycle: &Lifecycle) -> Arc<Spooled> {
    let spooled = Arc::new(Spooled::new(nats.clone(), spool));
    let ended = spooled.clone();
    lifecycle.needs("the spool", async move { ended.ended().await });
    spooled
}

/// Hands on what is in the spool, for as long as there is time.
pub(super) fn closing(spooled: Arc<Spooled>, config: &Config) -> Closing {
    let path = config.receiver.spool.display().to_string();
    Closing::by(move |limit| empty(spooled, path, limit))
}

/// What the signature of a callback covers.
///
/// # Errors
/// When nothing is configured that it follows from.
pub(super) fn callback_url(config: &Config, public_url: Option<&Url>) -> anyhow::Result<CallbackUrl> {
    match (&config.authy.callback_url, public_url.or(config.product.public_url.as_ref())) {
        (Some(url), _) => Ok(url.clone()),
        (None, Some(url)) => product::callback_below(url),
        (None, None) => Err(NO_CALLBACK_URL.into()),
    }
}

async fn empty(spooled: Arc<Spooled>, path: String, limit: Duration) -> anyhow::Result<()> {
    let left = spooled.emptied(limit.saturating_sub(PARTING)).await;
    spooled.close().await;
    let left = left?;
    if left > 0 {
        tracing::warn!(spooled = left, path, "callbacks stay in the spool until the next start");
        bail!(
            "{left} callbacks stay in the spool {path}, since NATS did not take them in time; start a receiver on it again"
        );
    }
    Ok(())
}
