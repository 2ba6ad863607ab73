//! The command line: which role, and which configuration file. Everything else is configured as config/default.toml
//! says.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Role;

/// Second-factor approvals: tap Approve on the phone, and the browser that waited is signed in.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// What to run; `demo` if nothing is said
    #[command(subcommand)]
    command: Option<Command>,
    /// Configuration file; without it, `countersign.toml` in the current folder if it is there
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Everything in one process, with a simulated provider and phone; needs nothing
    Demo,
    /// The product: takes the provider's callbacks, answers browsers; needs `AUTHY_API_KEY`
    Serve,
    /// A stand-in for the provider's API and for the phone; needs `AUTHY_API_KEY`, any text
    Simulator,
}

const AFTER_HELP: &str = "\
Environment variables go over the configuration file. The ones to begin with:
  PORT, HOST          where to listen (127.0.0.1:3000; the simulator on 3001)
  AUTHY_API_KEY       the provider's key
  AUTHY_API_URL       the provider's address; point it at a simulator to try things out
  AUTHY_CALLBACK_URL  the address that the provider calls, exactly as it is set there
  PUBLIC_URL          the address that browsers use
  DATABASE_URL        where everything is kept, as sqlite:PATH
All of them, and the keys of the file, are explained in config/default.toml.";

impl Cli {
    /// The role that was asked for.
    pub(crate) fn role(&self) -> Role {
        match self.command {
            None | Some(Command::Demo) => Role::Demo,
            Some(Command::Serve) => Role::Serve,
            Some(Command::Simulator) => Role::Simulator,
        }
    }
}
