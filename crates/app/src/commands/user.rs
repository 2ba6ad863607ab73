//! `countersign user`: what an operator does for one person.

use anyhow::bail;
use approval::{Clock, Entropy};
use hub::{Invited, SignUpMode};
use storage::{AddressProof, Storage};
use time::macros::format_description;
use url::Url;

use super::hub::public_url;
use crate::cli::User;
use crate::config::{Config, Role};
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
        User::Invite { email } => invite(&email, &config).await?,
    }
    lifecycle.end();
    Ok(Closing::nothing())
}

/// Prints a link, alone on its line. It is in no log: the operator hands it over.
async fn reset_link(email: &str, config: &Config) -> anyhow::Result<()> {
    let (storage, database, public_url) = open(config).await?;
    let made = hub::reset_link(&storage, &public_url, email, &Clock::system(), &Entropy::system()).await;
    storage.close().await;
    let Some(link) = made? else {
        // Invisible characters are escaped: they may be why no account is found.
        let email = email.escape_debug();
        bail!("nobody has an account with the address {email} in the database {database}; check both")
    };
    let until = link.expires_at.format(format_description!("[hour]:[minute] UTC"))?;
    say(link.url.expose());
    let email = link.email;
    say(&format!("It sets the password of {email} once, until {until}; then they sign in with it and their phone."));
    if link.address == AddressProof::Unproven {
        say(&format!(
            "Warning: this address was never proven. A person typed it at sign-up, and nobody checked it. The account \
             may belong to somebody other than {email}. Make sure of the owner before you hand the link over."
        ));
    }
    Ok(())
}

/// Prints a link, alone on its line. It is in no log: the operator hands it over.
async fn invite(email: &str, config: &Config) -> anyhow::Result<()> {
    if config.product.sign_up == SignUpMode::Closed {
        bail!("SIGN_UP is closed, so no invitation works; set it to invited, or to open")
    }
    let (storage, database, public_url) = open(config).await?;
    let made = hub::invite(&storage, &public_url, email, &Clock::system(), &Entropy::system()).await;
    storage.close().await;
    let email = email.escape_debug();
    let link = match made? {
        Invited::Link(link) => link,
        Invited::HasAccount => bail!("{email} has an account already in the database {database}"),
        Invited::NoAddress => bail!("{email} is no email address"),
    };
    let until = link.expires_at.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))?;
    say(link.url.expose());
    say(&format!("It opens an account for {} once, until {until}; an earlier invitation no longer works.", link.email));
    Ok(())
}

/// The database, its name, and the address that browsers use.
async fn open(config: &Config) -> anyhow::Result<(Storage, DatabaseUrl, Url)> {
    let address = (config.listen.host, Role::Hub.port(&config.listen)).into();
    let public_url = public_url(config, address)?;
    let database = config.product.database_url.as_ref().unwrap_or(&DatabaseUrl::SERVE);
    Ok((product::open_storage(database).await?, database.clone(), public_url))
}
