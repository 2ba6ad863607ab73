//! Puts the product together: database, event log, provider, hub and receiver, as one router. The only place that
//! knows both hub and receiver, who know nothing of each other.

use std::sync::Arc;

use anyhow::anyhow;
use approval::{Clock, Entropy};
use axum::Router;
use broker::{Embedded, EmbeddedSettings, EventLog};
use provider::{ApiKey, Authy, AuthySettings, CallbackUrl};
use receiver::Receiver;
use storage::Storage;
use url::Url;

use crate::causes::told;
use crate::config::Product;
use crate::database::DatabaseUrl;
use crate::lifecycle::Lifecycle;

/// What the product has to be told.
pub(crate) struct Plan {
    /// What was configured about it.
    pub(crate) product: Product,
    /// Where it listens; what browsers use, unless something else was configured.
    pub(crate) local_url: Url,
    /// Where everything is kept.
    pub(crate) database: DatabaseUrl,
    /// The provider's API.
    pub(crate) provider: AuthySettings,
    /// Proves the provider's callbacks.
    pub(crate) key: ApiKey,
    /// What the signature of a callback covers; if nothing else was configured, it follows from what browsers use.
    pub(crate) callback_url: Option<CallbackUrl>,
}

/// Opens what the product needs and starts its tasks; the router answers pages, the API, assets and callbacks. The
/// provider is not asked, so that it may be down.
///
/// # Errors
/// A sentence that says what could not be opened.
pub(crate) async fn open(plan: Plan, lifecycle: &Lifecycle) -> anyhow::Result<Router> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let storage = open_storage(&plan.database, clock.clone()).await?;
    let log = open_log(&plan.database, clock.clone()).await?;
    let public_url = plan.product.public_url.unwrap_or(plan.local_url);
    let callback_url = plan.callback_url.map_or_else(|| callback_below(&public_url), Ok)?;
    let settings = hub::Settings {
        product: plan.product.name,
        logo_url: plan.product.logo_url,
        public_url,
        sign_in_seconds: plan.product.sign_in_seconds,
        transaction_seconds: plan.product.transaction_seconds,
    };
    let provider = Authy::new(plan.provider)?;
    let parts = hub::Parts {
        settings,
        storage,
        log: Arc::clone(&log),
        provider,
        clock: clock.clone(),
        entropy,
        others: receiver::document,
    };
    // Starting holds much that running does not: on the heap, it is gone afterwards.
    let hub = Box::pin(hub::start(parts, &lifecycle.tasks, lifecycle.stop.clone())).await?;
    Ok(hub.merge(receiver::router(Receiver { key: plan.key, callback_url, log, clock })))
}

/// Where the receiver answers, seen from outside at `public_url`.
///
/// # Errors
/// Never for a URL that the configuration let through.
pub(crate) fn callback_below(public_url: &Url) -> anyhow::Result<CallbackUrl> {
    Ok(format!("{}/authy/callback", public_url.as_str().trim_end_matches('/')).parse()?)
}

async fn open_storage(database: &DatabaseUrl, clock: Clock) -> anyhow::Result<Storage> {
    Storage::open(database.as_str(), clock).await.map_err(|error| {
        let told = told(&error);
        anyhow!("the database {database} cannot be used ({told}); mend that or set DATABASE_URL to another file")
    })
}

async fn open_log(database: &DatabaseUrl, clock: Clock) -> anyhow::Result<Arc<dyn EventLog>> {
    let path = database.broker();
    let log = Embedded::open(&path, clock, EmbeddedSettings::default()).await.map_err(|error| {
        let (path, told) = (path.display(), told(&error));
        anyhow!("the event log {path} cannot be used ({told}); mend that or set DATABASE_URL to another folder")
    })?;
    Ok(Arc::new(log))
}
