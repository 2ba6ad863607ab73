//! Gives old accounts the canonical form of their address, when a process opens the database.

use storage::{CanonicalEmail, Storage, StorageError, Unsettled};

use crate::text::address::Email;

/// Gives each account without a canonical address its canonical form. Logs the accounts that keep their old spelling:
/// the younger of two accounts with the same address, and accounts whose address has no canonical form.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn settle_emails(storage: &Storage) -> Result<(), StorageError> {
    let canonical = |email: &str| {
        let email = Email::parse(email).ok()?;
        Some(CanonicalEmail { key: email.as_str().to_owned(), shown: email.shown().to_owned() })
    };
    for unsettled in storage.accounts().settle_emails(canonical).await? {
        match unsettled {
            Unsettled::Shared { older, younger } => tracing::warn!(
                ?older,
                ?younger,
                "two accounts have one address; each signs in with its own spelling, any other leads to the older one"
            ),
            Unsettled::Irregular { email } => {
                tracing::warn!(
                    ?email,
                    "an account has an address that is not allowed any more; it can sign in with exactly this spelling"
                );
            }
        }
    }
    Ok(())
}
