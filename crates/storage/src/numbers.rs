//! The requests that a phone may be showing, and their numbers.

use approval::{ApprovalId, Number, ProviderUserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::StorageError;
use crate::rows::{from_millis, parse};

/// A request that a phone may be showing.
pub(crate) struct OnPhone {
    pub(crate) id: ApprovalId,
    pub(crate) number: Number,
    pub(crate) expires_at: OffsetDateTime,
}

/// All requests that a phone may be showing now, of every account and sign-up.
pub(crate) async fn on_phone(db: &mut SqliteConnection, phone: &ProviderUserId) -> Result<Vec<OnPhone>, StorageError> {
    const TABLE: &str = "approvals";
    let phone = phone.as_str();
    let rows = sqlx::query!(
        "SELECT id, number, expires_at FROM approvals WHERE provider_user = $1 AND status = 'pending'",
        phone
    );
    rows.fetch_all(db)
        .await?
        .into_iter()
        .map(|row| {
            Ok(OnPhone {
                id: parse(TABLE, &row.id)?,
                number: parse(TABLE, &row.number)?,
                expires_at: from_millis(TABLE, row.expires_at)?,
            })
        })
        .collect()
}
