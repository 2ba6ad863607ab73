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

/// What to run.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Everything in one process, with a simulated provider and phone; needs nothing
    Demo,
    /// The product: takes the provider's callbacks, answers browsers; needs `AUTHY_API_KEY`
    Serve,
    /// Takes the provider's callbacks and hands them to NATS; run as many as you like; needs `NATS_URL`, `AUTHY_API_KEY`
    Receiver,
    /// Pages, sessions, deciding; needs `NATS_URL`, `AUTHY_API_KEY`
    Hub,
    /// A stand-in for the provider's API and for the phone; needs `AUTHY_API_KEY`, any text
    Simulator,
    /// Brings the database up to date and, with `NATS_URL`, creates or repairs the streams and the consumer
    Migrate,
    /// What was given up on: signed callbacks nobody could read, and events that nothing could be made of
    DeadLetters {
        /// Reads the dead letters in this spool of a stopped receiver, which are too long for NATS
        #[arg(long, value_name = "FILE", global = true)]
        spool: Option<PathBuf>,
        /// What to do with them; lists them if nothing is said
        #[command(subcommand)]
        what: Option<Letters>,
    },
    /// What an operator does for one person
    User {
        /// What to do for them
        #[command(subcommand)]
        what: User,
    },
}

/// What to do for one person.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum User {
    #[command(about = reset_link())]
    ResetLink {
        /// The address of their account
        email: String,
    },
    #[command(about = invite())]
    Invite {
        /// The address that their account will have
        email: String,
    },
}

fn invite() -> String {
    let days = hub::INVITATION.whole_days();
    format!("A link for a person who has no account: opens one for this address, once, within {days} days")
}

fn reset_link() -> String {
    let minutes = hub::RESET_LINK.whole_minutes();
    format!("A link for whoever forgot their password: sets a new one, once, within {minutes} minutes")
}

/// What to do with dead letters.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Letters {
    /// One line for each, oldest first
    List,
    /// Everything about one; it may hold what is private
    Show {
        /// Its number in the list
        number: u64,
    },
    /// Hands one to the hubs again, or all
    Replay {
        /// Its number in the list; without it, all of them
        number: Option<u64>,
    },
}

const AFTER_HELP: &str = "\
Environment variables go over the configuration file. The ones to begin with:
  PORT, HOST          where to listen (127.0.0.1:3000; the simulator on 3001)
  AUTHY_API_KEY       the provider's key
  AUTHY_API_URL       the provider's address; point it at a simulator to try things out
  AUTHY_CALLBACK_URL  the address that the provider calls, exactly as it is set there
  PUBLIC_URL          the address that browsers use
  DATABASE_URL        where everything is kept, as sqlite:PATH
  NATS_URL            where NATS is, when receivers and hubs are processes of their own
All of them, and the keys of the file, are explained in config/default.toml.";

impl Cli {
    /// What was asked for.
    pub(crate) fn command(&self) -> Command {
        self.command.clone().unwrap_or(Command::Demo)
    }
}

impl Command {
    /// The role that a process plays with it.
    pub(crate) const fn role(&self) -> Role {
        match self {
            Self::Demo => Role::Demo,
            Self::Serve => Role::Serve,
            Self::Receiver => Role::Receiver,
            Self::Hub => Role::Hub,
            Self::Simulator => Role::Simulator,
            Self::Migrate | Self::DeadLetters { .. } | Self::User { .. } => Role::Operator,
        }
    }
}
