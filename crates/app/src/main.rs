//! The executable: reads the command line and the configuration, runs one role, and ends it cleanly. The roles are in
//! `commands`, one file each.

mod capacity;
mod cli;
mod commands;
mod config;
mod database;
mod event_log;
mod health;
mod lifecycle;
mod listen;
mod machine;
mod product;
mod say;
mod server;
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
    let outcome = runtime.block_on(run(cli.command(), config));
    // Nothing that still computes, such as a password's hash, may hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    telemetry::report_left_out(&sampler);
    outcome
}

async fn run(command: Command, config: Config) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::begin()?;
    let started = lifecycle.stop.run_until_cancelled(Box::pin(begin(command, config, &lifecycle))).await;
    let closing = started.transpose()?.unwrap_or(Closing::nothing());
    lifecycle.finish(closing).await
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
        Command::DeadLetters { what } => commands::dead_letters(what, config, lifecycle).await,
        Command::User { what } => commands::user(what, config, lifecycle).await,
    }
}
