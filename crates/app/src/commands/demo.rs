//! `countersign demo`: the product, the simulated provider and the simulated phone in one process, to be tried out by
//! clicking. Needs nothing; is nothing to let strangers in.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use approval::Secret;
use hub::Condition;
use provider::{ApiKey, AuthySettings};
use simulator::Settings;
use url::Url;

use super::keys::DEMO_KEY;
use super::simulator::open as open_simulator;
use crate::capacity::Capacity;
use crate::config::{Config, Role};
use crate::database::DatabaseUrl;
use crate::event_log;
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, bind_one, local_url, ready};
use crate::product::{self, Plan, callback_below};
use crate::server::{self, Heads};

const STATE: &str = "simulator.json";

/// Starts everything, then says in four lines where to click.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn demo(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let host = config.listen.host;
    let (listeners, address) = bind(host, Role::Demo.port(&config.listen)).await?;
    // Only this machine may use the phones and the API: everybody knows this simulator's API key.
    let own = if host.is_loopback() { host } else { Ipv4Addr::LOCALHOST.into() };
    let (provider, provider_address) = bind_one(own, config.simulator.port, "SIMULATOR_PORT").await?;
    if !host.is_loopback() {
        tracing::warn!(
            "HOST lets other machines use this demo, and everybody knows its key: any client that reaches it can sign in \
             as anyone; set HOST=127.0.0.1, or run `countersign serve`"
        );
    }
    let (url, phone) = (local_url(address), local_url(provider_address));
    let database = config.product.database_url.clone().unwrap_or(DatabaseUrl::DEMO);
    let folder = database.folder().to_owned();
    let key = ApiKey::new(Secret::new(DEMO_KEY))?;
    let callback_url = callback_below(&Url::parse(&url)?)?;
    let timeout = Duration::from_millis(config.authy.timeout_ms.into());
    let log = event_log::relied_on(&database, lifecycle).await?;
    let capacity = Capacity::plan(&config, Role::Demo);
    let plan = Plan {
        limits: config.limits,
        product: config.product.clone(),
        proxies: product::proxies(&config.listen),
        capacity: capacity.hub,
        public_url: config.product.public_url.clone().map_or_else(|| Url::parse(&url), Ok)?,
        storage: product::open_storage(&database).await?,
        provider: AuthySettings {
            base_url: Url::parse(&phone)?,
            api_key: key.clone(),
            timeout,
            calls_at_once: capacity.provider_calls,
        },
        log: log.clone(),
        shared: false,
        condition: Condition::default(),
        receives: true,
    };
    let hub = product::hub(plan, lifecycle).await?;
    let router = product::receiver(key.into(), callback_url.clone(), log, Some(hub));
    let settings = Settings {
        name: config.product.name,
        api_key: Secret::new(DEMO_KEY),
        callback_url: Some(callback_url),
        callback_method: config.simulator.callback_method,
        state_file: Some(folder.join(STATE)),
        hosts: Vec::new(),
    };
    let simulator = open_simulator(settings, "DATABASE_URL", lifecycle)?;
    capacity.report();
    let terms = |heads| capacity.terms(&config.listen, heads, lifecycle);
    lifecycle.serve(server::serve(provider, simulator.router(), terms(Heads::Short)));
    for listener in listeners {
        lifecycle.serve(server::serve(listener, router.clone(), terms(Heads::WithCallbacks)));
    }
    ready(&welcome(&url, &phone, &folder));
    Ok(Closing::nothing())
}

fn welcome(url: &str, phone: &str, folder: &Path) -> String {
    let folder = Path::new(".").join(folder);
    format!(
        "Countersign is running. Open {url} and sign up: any name, any email, a made-up phone such as +1 202 555 0143.\n\
         The phone is simulated: open {phone} beside it, that is where codes and requests arrive.\n\
         Tap Approve on the phone, and the browser that waited is in at once, now and at every sign-in.\n\
         Everything is kept in {} for the next start; Ctrl-C stops it.",
        folder.display()
    )
}
