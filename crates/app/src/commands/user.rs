//! `countersign user`: what an operator does for one person.

use anyhow::bail;
use approval::{Clock, Entropy};
use time::macros::format_description;

use super::hub::{PORT, public_url};
use crate::cli::User;
use crate::config::Config;
use crate::database::DatabaseUrl;
use crate::lifecycle::{Closing, Lifecycle};
use crate::product;
use crate::say::say;

/// Does what was asked for.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn user(what: User, config: Config, lifecycle: &Lifecycle) -> anyhow::Result<Closing> {
    match what {
        User::ResetLink { email } => reset_link(&email, &config).await?,
    }
    lifecycle.end();
    Ok(Closing::nothing())
}

/// Prints a link, alone on its line. It is in no log: whoever runs this hands it over.
async fn reset_link(email: &str, config: &Config) -> anyhow::Result<()> {
    let address = (config.listen.host, config.listen.port.unwrap_or(PORT)).into();
    let public_url = public_url(config, address)?;
    let database = config.product.database_url.as_ref().unwrap_or(&DatabaseUrl::SERVE);
    let storage = product::open_storage(database).await?;
    let made = hub::reset_link(&storage, &public_url, email, &Clock::system(), &Entropy::system()).await;
    storage.close().await;
    let Some(link) = made? else {
        // What cannot be seen is spelled out: it may be why nobody is found.
        let email = email.escape_debug();
        bail!("nobody has an account with the address {email} in the database {database}; check both")
    };
    let until = link.expires_at.format(format_description!("[hour]:[minute] UTC"))?;
    say(link.url.expose());
    let email = link.email;
    say(&format!("It sets the password of {email} once, until {until}; then they sign in with it and their phone."));
    Ok(())
}
