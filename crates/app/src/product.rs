//! Puts the product together: database, event log, provider, hub, site and receiver, as routers. The only place that knows
//! both hub and receiver, who know nothing of each other.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use approval::{Clock, Entropy, told};
use axum::Router;
use broker::{EventLog, Intake};
use hub::Condition;
use provider::{ApiKeys, Authy, AuthySettings, CallbackUrl};
use receiver::Receiver;
use site::{Proxies, SiteSettings};
use storage::Storage;
use url::Url;

use crate::capacity::HubCapacity;
use crate::config::{Limits, Listen, Product};
use crate::database::DatabaseUrl;
use crate::lifecycle::Lifecycle;

/// What a hub has to be told.
pub(crate) struct Plan {
    /// What was configured about the product.
    pub(crate) product: Product,
    /// What was configured about its limits.
    pub(crate) limits: Limits,
    /// Which proxies are believed about who asks.
    pub(crate) proxies: Proxies,
    /// How much it accepts at once.
    pub(crate) capacity: HubCapacity,
    /// What browsers use.
    pub(crate) public_url: Url,
    /// Where everything is kept.
    pub(crate) storage: Storage,
    /// The provider's API.
    pub(crate) provider: AuthySettings,
    /// Where verified callbacks come from.
    pub(crate) log: Arc<dyn EventLog>,
    /// Whether other hubs may run on the same database.
    pub(crate) shared: bool,
    /// The troubles that the hub notes.
    pub(crate) condition: Condition,
    /// Whether a receiver answers at the same address.
    pub(crate) receives: bool,
}

/// Starts a hub; its router answers pages, the API and assets. The provider is not asked, so that it may be down.
///
/// # Errors
/// A sentence that says what will not do.
pub(crate) async fn hub(plan: Plan, lifecycle: &Lifecycle) -> anyhow::Result<Router> {
    let settings = hub::Settings {
        product: plan.product.name,
        logo_url: plan.product.logo_url,
        seats: plan.capacity.seats,
        hashing: plan.capacity.hashing,
        waiting_guesses: plan.capacity.waiting_guesses,
        sign_up: plan.product.sign_up,
        sign_in_seconds: plan.product.sign_in_seconds,
        transaction_seconds: plan.product.transaction_seconds,
        limits: hub::Limits {
            pending_pushes: plan.limits.pending_pushes,
            refused_pushes: plan.limits.refused_pushes,
            push_wait_seconds: plan.limits.push_wait_seconds,
            sign_ups_per_address: plan.limits.sign_ups_per_address,
            codes_per_country: plan.limits.codes_per_country,
            codes_per_hour: plan.limits.codes_per_hour,
        },
        session_seconds: plan.product.session_seconds,
        session_idle_seconds: plan.product.session_idle_seconds,
        audit_days: plan.product.audit_days,
        shared: plan.shared,
    };
    let provider = Authy::new(plan.provider)?;
    let parts = hub::Parts {
        settings,
        storage: plan.storage,
        log: plan.log,
        provider,
        clock: Clock::system(),
        entropy: Entropy::system(),
        condition: plan.condition,
    };
    // Starting holds much that running does not: on the heap, it is gone afterwards.
    let (leaving, stop) = (lifecycle.ending.closed.clone(), lifecycle.stop.clone());
    let hub = Box::pin(hub::start(parts, &lifecycle.tasks, leaving, stop)).await?;
    let others = plan.receives.then_some(receiver::document as fn() -> _);
    let settings = SiteSettings { public_url: plan.public_url, proxies: plan.proxies, others };
    site::router(hub, settings).context("the description of the API cannot be written")
}

/// A receiver. Its router answers callbacks; `rest` answers all other requests.
pub(crate) fn receiver(keys: ApiKeys, callback_url: CallbackUrl, log: Arc<dyn Intake>, rest: Option<Router>) -> Router {
    let receiver = Receiver { keys, callback_url, log, clock: Clock::system() };
    receiver.report();
    receiver::router(receiver, rest)
}

/// Which proxies are believed about who asks.
pub(crate) fn proxies(listen: &Listen) -> Proxies {
    Proxies { trusted: listen.trusted_proxies.clone().unwrap_or_default(), header: listen.forwarded_header }
}

/// Where the receiver answers, seen from outside at `public_url`.
///
/// # Errors
/// Never for a URL that the configuration let through.
pub(crate) fn callback_below(public_url: &Url) -> anyhow::Result<CallbackUrl> {
    Ok(format!("{}/authy/callback", public_url.as_str().trim_end_matches('/')).parse()?)
}

/// The service's database, ready to be used.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn open_storage(database: &DatabaseUrl) -> anyhow::Result<Storage> {
    let unusable = |told: String| {
        anyhow!("the database {database} cannot be used ({told}); mend that or set DATABASE_URL to another file")
    };
    let storage = Storage::open(database.as_str(), Clock::system()).await;
    let storage = storage.map_err(|error| unusable(told(&error)))?;
    hub::settle_emails(&storage).await.map_err(|error| unusable(told(&error)))?;
    Ok(storage)
}
