//! The executable: reads the command line and the configuration, runs one role, and ends it cleanly. The roles are in
//! `commands`, one file each.

mod capacity;
mod cli;
mod commands;
mod config;
mod database;
mod ending;
mod event_log;
mod finding;
mod health;
mod lifecycle;
mod listen;
mod machine;
mod nats_url;
mod product;
mod readiness;
mod report;
mod say;
mod server;
mod service_manager;
mod telemetry;

use std::process::ExitCode;
use std::time::Duration;

use approval::told;
use clap::Parser as _;
use cli::{Cli, Command};
use config::{Config, ConfigError, Role};
use lifecycle::{Closing, Lifecycle};

/// The exit status for a mistake in the configuration, as for one on the command line.
const MISCONFIGURED: u8 = 2;

fn main() -> ExitCode {
    match start(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign: {}", told(error.as_ref()));
            if error.is::<ConfigError>() { ExitCode::from(MISCONFIGURED) } else { ExitCode::FAILURE }
        }
    }
}

fn start(cli: &Cli) -> anyhow::Result<()> {
    let role = cli.command().role();
    let config = config::load(role, cli.config.as_deref(), |name| std::env::var_os(name))?;
    let quiet = if role == Role::Demo { "warn" } else { "info" };
    let sampler = telemetry::start(config.log.filter.as_deref().unwrap_or(quiet), config.log.format)?;
    machine::prepare();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.spawn(telemetry::report_periodically(sampler.clone()));
    let outcome = runtime.block_on(run(cli.command(), role, config));
    // Nothing that still computes, such as a password's hash, may hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    telemetry::report_left_out(&sampler);
    outcome
}

async fn run(command: Command, role: Role, config: Config) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::begin(role.drain(&config.listen))?;
    service_manager::keep_informed(&lifecycle);
    match started(command, config, &lifecycle).await {
        Ok(Some(closing)) => lifecycle.finish(closing).await,
        Ok(None) => {
            // Nothing is served yet, so there is nothing to drain.
            lifecycle.stop.cancel();
            lifecycle.finish(Closing::nothing()).await
        }
        Err(error) => {
            // Requests may be under way: a port is served before NATS is known.
            lifecycle.stop.cancel();
            let _ = lifecycle.finish(Closing::nothing()).await;
            Err(error)
        }
    }
}

/// Starts the role, and returns the work that is left for the end. `None` if the process was asked to end before it
/// served a request. Once it serves, its start is completed first, so that it ends like any other process.
async fn started(command: Command, config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Option<Closing>> {
    let mut begin = Box::pin(begin(command, config, lifecycle));
    tokio::select! {
        biased;
        closing = &mut begin => return closing.map(Some),
        () = lifecycle.ending.draining.cancelled() => {}
    }
    if lifecycle.serves() { begin.await.map(Some) } else { Ok(None) }
}

/// Starts what was asked for; answers what is left to do at the end. A command that only looks or mends something stops
/// the process by itself.
async fn begin(command: Command, config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    match command {
        Command::Demo => commands::demo(config, lifecycle).await,
        Command::Serve => commands::serve(config, lifecycle).await,
        Command::Receiver => commands::receiver(config, lifecycle).await,
        Command::Hub => commands::hub(config, lifecycle).await,
        Command::Simulator => commands::simulator(config, lifecycle).await,
        Command::Migrate => commands::migrate(config, lifecycle).await,
        Command::DeadLetters { spool, what } => commands::dead_letters(spool, what, config, lifecycle).await,
        Command::User { what } => commands::user(what, config, lifecycle).await,
    }
}
