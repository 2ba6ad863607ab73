//! `countersign simulator`: a stand-in for the provider's API and for the phone.

use anyhow::anyhow;
use approval::{Clock, Entropy, told};
use simulator::{OpenError, Settings, Simulator};

use super::keys::any_key;
use crate::capacity::Capacity;
use crate::config::{Config, Role};
use crate::lifecycle::{Closing, Lifecycle};
use crate::listen::{bind, local_url, ready};
use crate::server::{self, Heads};

/// Starts the simulated provider and phone.
///
/// # Errors
/// A sentence that says what is missing or in the way.
pub(crate) async fn simulator(config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    let api_key = any_key(&config)?;
    let capacity = Capacity::plan(&config, Role::Simulator);
    let settings = Settings {
        name: config.product.name,
        api_key,
        callback_url: config.authy.callback_url,
        callback_method: config.simulator.callback_method,
        state_file: config.simulator.state,
        hosts: config.simulator.hosts.unwrap_or_default(),
    };
    let (listeners, address) = bind(config.listen.host, Role::Simulator.port(&config.listen)).await?;
    let simulator = open(settings, "SIMULATOR_STATE", lifecycle)?;
    let terms = capacity.terms(&config.listen, Heads::Short, lifecycle);
    for listener in listeners {
        lifecycle.serve(server::serve(listener, simulator.router(), terms.clone()));
    }
    let url = local_url(address);
    tracing::info!(url, "simulating");
    capacity.report();
    ready(&format!("countersign simulator: listening on {url}"));
    Ok(Closing::nothing())
}

/// A simulator that ends with this process; `setting` names the variable that says where its state is kept.
///
/// # Errors
/// When its state cannot be kept, or it cannot send callbacks.
pub(super) fn open(settings: Settings, setting: &str, lifecycle: &Lifecycle) -> anyhow::Result<Simulator> {
    let (tasks, stop) = (lifecycle.tasks.clone(), lifecycle.stop.clone());
    Simulator::open(settings, Clock::system(), Entropy::system(), tasks, stop).map_err(|error| {
        let told = told(&error);
        match error {
            // These errors say what to do themselves; another path for the state would not help.
            OpenError::Client(_) | OpenError::Key(_) => anyhow!("the simulator cannot start: {told}"),
            OpenError::Read { .. } | OpenError::Broken { .. } | OpenError::Write { .. } => {
                anyhow!("the simulated phones cannot be kept ({told}); mend that or set {setting} to another place")
            }
        }
    })
}
