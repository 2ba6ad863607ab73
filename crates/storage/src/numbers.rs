//! The requests that a phone may be showing, and their numbers.

use approval::{ApprovalId, Number, ProviderUserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::rows::{from_millis, parse};
use crate::{Push, PushRules, StorageError};

/// Withholds `push` if the phone has too many requests, of all accounts and sign-ups. Also returns the numbers that
/// they show. From nearly all numbers, a person could guess those of other people's requests.
pub(crate) async fn showing(
    db: &mut SqliteConnection,
    rules: PushRules,
    phone: &ProviderUserId,
    push: Push,
    leaving: Option<ApprovalId>,
    now: OffsetDateTime,
) -> Result<(Push, Vec<Number>), StorageError> {
    let shown = on_phone(db, phone).await?;
    let push = if push == Push::Allowed {
        let staying = shown.iter().filter(|one| Some(one.id) != leaving).map(|one| one.expires_at);
        let pending = u32::try_from(staying.clone().count()).unwrap_or(u32::MAX);
        Push::beside(pending, staying.min(), rules.on_phone, now)
    } else {
        push
    };
    Ok((push, shown.into_iter().map(|one| one.number).collect()))
}

/// A request that a phone may be showing.
struct OnPhone {
    id: ApprovalId,
    number: Number,
    expires_at: OffsetDateTime,
}

/// All requests that a phone may be showing now, of every account and sign-up.
async fn on_phone(db: &mut SqliteConnection, phone: &ProviderUserId) -> Result<Vec<OnPhone>, StorageError> {
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
