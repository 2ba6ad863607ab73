//! `countersign dead-letters`: lists, shows and replays what was given up on. With `NATS_URL` while everything runs;
//! without, on the file beside the database, while `serve` does not; or on the spool of a receiver that does not run.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use broker::{DeadLetter, EventLog};
use time::format_description::well_known::Rfc3339;

use crate::cli::Letters;
use crate::config::Config;
use crate::database::DatabaseUrl;
use crate::event_log;
use crate::lifecycle::{Closing, Lifecycle};
use crate::say::say;

/// Does what was asked for.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn dead_letters(
    spool: Option<PathBuf>,
    what: Option<Letters>,
    config: Config,
    lifecycle: &Lifecycle,
) -> anyhow::Result<Closing> {
    let nats = if spool.is_none() { event_log::reached(&config.nats).await? } else { None };
    let log: Arc<dyn EventLog> = match (&nats, spool) {
        (Some(nats), _) => nats.clone(),
        (None, Some(path)) => event_log::left_spool(&path).await?,
        (None, None) => event_log::beside(config.product.database_url.as_ref().unwrap_or(&DatabaseUrl::SERVE)).await?,
    };
    match what.unwrap_or(Letters::List) {
        Letters::List => list(log.as_ref()).await?,
        Letters::Show { number } => show(log.as_ref(), number).await?,
        Letters::Replay { number } => replay(log.as_ref(), number).await?,
    }
    if let Some(nats) = nats {
        nats.close().await;
    }
    lifecycle.end();
    Ok(Closing::nothing())
}

async fn list(log: &dyn EventLog) -> anyhow::Result<()> {
    let letters = log.dead_letters().await?;
    if letters.is_empty() {
        say("There are no dead letters.");
    }
    for letter in letters {
        say(&format!("{:>6}  {}  {}  {}", letter.number, when(&letter), letter.schema, letter.reason));
    }
    Ok(())
}

async fn show(log: &dyn EventLog, number: u64) -> anyhow::Result<()> {
    let letters = log.dead_letters().await?;
    let Some(letter) = letters.into_iter().find(|letter| letter.number == number) else {
        bail!("there is no dead letter {number}; `countersign dead-letters` lists them")
    };
    say(&format!("number     {}", letter.number));
    say(&format!("message    {}", letter.id.as_str()));
    say(&format!("published  {}", when(&letter)));
    say(&format!("subject    {}", letter.subject));
    say(&format!("schema     {}", letter.schema));
    say(&format!("reason     {}", letter.reason));
    say("");
    say(&String::from_utf8_lossy(&letter.payload));
    Ok(())
}

async fn replay(log: &dyn EventLog, number: Option<u64>) -> anyhow::Result<()> {
    let numbers = match number {
        Some(number) => vec![number],
        None => log.dead_letters().await?.into_iter().map(|letter| letter.number).collect(),
    };
    for number in numbers {
        if !log.replay(number).await? {
            bail!("there is no dead letter {number}; `countersign dead-letters` lists them")
        }
        say(&format!("Dead letter {number} is on its way again."));
    }
    Ok(())
}

fn when(letter: &DeadLetter) -> String {
    letter.published_at.format(&Rfc3339).unwrap_or_default()
}
