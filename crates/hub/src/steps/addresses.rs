//! Accounts from before addresses had a canonical form get theirs, when a process opens the database.

use storage::{CanonicalEmail, Storage, StorageError, Unsettled};

use crate::text::address::Email;

/// Gives each account that has none yet the canonical form of its address. An operator reads in the log which accounts
/// keep their old spelling: of two with one address the younger, and those whose address has no canonical form.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn settle_emails(storage: &Storage) -> Result<(), StorageError> {
    let canonical = |email: &str| {
        let email = Email::parse(email).ok()?;
        Some(CanonicalEmail { key: email.as_str().to_owned(), shown: email.shown().to_owned() })
    };
    for unsettled in storage.settle_emails(canonical).await? {
        match unsettled {
            Unsettled::Shared { older, younger } => tracing::warn!(
                ?older,
                ?younger,
                "two accounts have the same address; each can sign in by its own spelling, every other leads to the older"
            ),
            Unsettled::Irregular { email } => {
                tracing::warn!(
                    ?email,
                    "no account can have this address any more; this one can sign in by exactly this spelling"
                );
            }
        }
    }
    Ok(())
}
