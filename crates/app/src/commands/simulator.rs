//! `countersign simulator`: a stand-in for the provider's API and for the phone.

use anyhow::anyhow;
use approval::{Clock, Entropy, told};
use simulator::{Settings, Simulator};

use super::keys::any_key;
use crate::capacity::Capacity;
use crate::config::Config;
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, local_url, ready};
use crate::server::{self, Heads};

const PORT: u16 = 3001;

/// Starts the simulated provider and phone.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn simulator(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let api_key = any_key(&config)?;
    let capacity = Capacity::plan(&config.listen, &config.sockets);
    let settings = Settings {
        name: config.product.name,
        api_key,
        callback_url: config.authy.callback_url,
        callback_method: config.simulator.callback_method,
        state_file: config.simulator.state,
        hosts: config.simulator.hosts.unwrap_or_default(),
    };
    let (listener, address) = bind(config.listen.host, config.listen.port.unwrap_or(PORT), "PORT").await?;
    let simulator = open(settings, "SIMULATOR_STATE", lifecycle)?;
    lifecycle.spawn(server::serve(
        listener,
        simulator.router(),
        Heads::Short,
        capacity.slots.clone(),
        lifecycle.stop.clone(),
    ));
    let url = local_url(address);
    tracing::info!(url, "simulating");
    capacity.report();
    ready(&format!("countersign simulator: listening on {url}"));
    Ok(Closing::nothing())
}

/// A simulator that ends with this process; `setting` names the variable that says where its state is kept.
///
/// # Errors
/// When its state cannot be kept.
pub(super) fn open(settings: Settings, setting: &str, lifecycle: &Lifecycle) -> anyhow::Result<Simulator> {
    let (tasks, stop) = (lifecycle.tasks.clone(), lifecycle.stop.clone());
    Simulator::open(settings, Clock::system(), Entropy::system(), tasks, stop).map_err(|error| {
        let told = told(&error);
        anyhow!("the simulated phones cannot be kept ({told}); mend that or set {setting} to another place")
    })
}
