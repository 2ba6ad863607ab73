//! The executable: reads the command line and the configuration, runs one role, and ends it cleanly. The roles are in
//! `commands`, one file each.

mod causes;
mod cli;
mod commands;
mod config;
mod database;
mod lifecycle;
mod listen;
mod machine;
mod product;
mod server;
mod telemetry;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use cli::Cli;
use config::{Config, ConfigError, Role};
use lifecycle::Lifecycle;

/// The exit status for a mistake in the configuration, as for one on the command line.
const MISCONFIGURED: u8 = 2;

fn main() -> ExitCode {
    match start(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign: {}", causes::told(error.as_ref()));
            if error.is::<ConfigError>() { ExitCode::from(MISCONFIGURED) } else { ExitCode::FAILURE }
        }
    }
}

fn start(cli: &Cli) -> anyhow::Result<()> {
    let role = cli.role();
    let config = config::load(role, cli.config.as_deref(), |name| std::env::var_os(name))?;
    let quiet = if role == Role::Demo { "warn" } else { "info" };
    telemetry::start(config.log.filter.as_deref().unwrap_or(quiet), config.log.format)?;
    machine::prepare();
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(run(role, config));
    // Nothing that still computes, such as a password's hash, may hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

async fn run(role: Role, config: Config) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::begin()?;
    let started = async {
        match role {
            Role::Demo => commands::demo(config, &lifecycle).await,
            Role::Serve => commands::serve(config, &lifecycle).await,
            Role::Simulator => commands::simulator(config, &lifecycle).await,
        }
    };
    lifecycle.stop.run_until_cancelled(started).await.transpose()?;
    lifecycle.finish().await;
    Ok(())
}
