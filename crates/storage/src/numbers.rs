//! The numbers that requests show, by phone.

use approval::{Number, ProviderUserId};
use sqlx::SqliteConnection;

use crate::StorageError;
use crate::rows::parse;

/// The numbers of all requests that a phone may be showing now, of every account and sign-up.
pub(crate) async fn on_phone(db: &mut SqliteConnection, phone: &ProviderUserId) -> Result<Vec<Number>, StorageError> {
    let phone = phone.as_str();
    sqlx::query_scalar!("SELECT number FROM approvals WHERE provider_user = $1 AND status = 'pending'", phone)
        .fetch_all(db)
        .await?
        .iter()
        .map(|number| parse("approvals", number))
        .collect()
}
