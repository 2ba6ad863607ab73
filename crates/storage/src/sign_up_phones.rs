//! Limits on sign-ups with one phone: when it may get a request, and when a call. A denial counts for the next sign-ups
//! with that phone, never for its owner's sign-ins, which `pushes` limits. Knows no provider.

use approval::{Approval, ApprovalId, Number, ProviderUserId};
use sqlx::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::rows::{count, from_millis, millis};
use crate::{Push, PushRules, SignUps, StorageError, Withheld, numbers};

/// After a denied or unanswered request the phone gets no requests from sign-ups for a minute. Each further one
/// multiplies the wait by 10, up to a day. A wait starts when the request was sent.
const FIRST_WAIT: Duration = Duration::MINUTE;
const GROWTH: i32 = 10;
const LONGEST_WAIT: Duration = Duration::DAY;
/// From this many refused or cancelled requests in a row, a cancelled one starts the wait as well.
const CANCELLED_PUSHES: i64 = 3;

/// The time from a text message to the first call.
const CALL_AFTER_TEXT: Duration = Duration::MINUTE;
/// A text message makes calls possible for this long.
const TEXT_ALLOWS_CALLS_FOR: Duration = Duration::HOUR;

/// When a phone that is not proven may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallWait {
    /// Now, since a text message was sent long enough ago.
    Over,
    /// At this time, since a text message was sent recently.
    Until(OffsetDateTime),
    /// Not before a text message, since none was sent.
    TextFirst,
}

impl SignUps<'_> {
    /// When this phone may be called for a sign-up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn call_wait(self, phone: &ProviderUserId) -> Result<CallWait, StorageError> {
        let (phone, now) = (phone.as_str(), self.0.clock.now());
        let row = sqlx::query_scalar!("SELECT texted_at FROM sign_up_phones WHERE provider_user = $1", phone);
        let Some(texted_at) = row.fetch_optional(self.0.read()).await?.flatten() else {
            return Ok(CallWait::TextFirst);
        };
        let texted_at = from_millis("sign_up_phones", texted_at)?;
        // A text message in the future was sent before the clock was set back.
        if texted_at > now || now - texted_at >= TEXT_ALLOWS_CALLS_FOR {
            return Ok(CallWait::TextFirst);
        }
        let until = texted_at + CALL_AFTER_TEXT;
        Ok(if now < until { CallWait::Until(until) } else { CallWait::Over })
    }

    /// Records that a text message was sent to this phone for a sign-up. The first of an hour counts: further ones do
    /// not delay a call.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_text(self, phone: &ProviderUserId) -> Result<(), StorageError> {
        let now = self.0.clock.now();
        let (phone, at, before) = (phone.as_str(), millis(now), millis(now - TEXT_ALLOWS_CALLS_FOR));
        sqlx::query!(
            "INSERT INTO sign_up_phones (provider_user, texted_at, changed_at) VALUES ($1, $2, $2)
             ON CONFLICT (provider_user) DO UPDATE SET changed_at = $2,
                texted_at = CASE WHEN sign_up_phones.texted_at > $3 AND sign_up_phones.texted_at <= $2
                    THEN sign_up_phones.texted_at ELSE $2 END",
            phone,
            at,
            before,
        )
        .execute(self.0.once())
        .await?;
        Ok(())
    }
}

/// Whether a sign-up may send a request to this phone now. `leaving` is a request that the new one replaces.
pub(crate) async fn may_ask(
    db: &mut SqliteConnection,
    rules: PushRules,
    phone: &ProviderUserId,
    leaving: Option<ApprovalId>,
    now: OffsetDateTime,
) -> Result<Push, StorageError> {
    let (phone, leaving) = (phone.as_str(), leaving.map(|id| id.to_string()).unwrap_or_default());
    let row =
        sqlx::query!("SELECT refused_pushes, push_refused_at FROM sign_up_phones WHERE provider_user = $1", phone);
    if let Some(row) = row.fetch_optional(&mut *db).await?
        && let Some(asked_at) = row.push_refused_at
        && !rules.first_wait.is_zero()
    {
        let asked_at = from_millis("sign_up_phones", asked_at)?;
        let until = asked_at + PushRules::growing(FIRST_WAIT, GROWTH, LONGEST_WAIT, count(row.refused_pushes));
        if asked_at <= now && now < until {
            return Ok(Push::Withheld(Withheld::Refused(until)));
        }
    }
    // These words match `Delivery::may_ring`.
    let pending = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(expires_at) AS first FROM approvals
         WHERE provider_user = $1 AND status = 'pending' AND purpose = 'sign_up'
            AND delivery IN ('sending', 'sent', 'unknown') AND id <> $2"#,
        phone,
        leaving
    );
    let pending = pending.fetch_one(db).await?;
    let first = pending.first.map(|first| from_millis("approvals", first)).transpose()?;
    Ok(Push::beside(count(pending.count), first, rules.pending, now))
}

/// Whether a sign-up may send a request to this phone now, and the numbers that the phone's requests show.
pub(crate) async fn may_ask_showing(
    db: &mut SqliteConnection,
    rules: PushRules,
    phone: &ProviderUserId,
    now: OffsetDateTime,
) -> Result<(Push, Vec<Number>), StorageError> {
    let push = may_ask(db, rules, phone, None, now).await?;
    numbers::showing(db, rules, phone, push, None, now).await
}

/// Records the end of a sign-up's request that the phone may have shown. `asked_at` starts a rest; a cancelled request
/// has none. [`proven`] deletes the record.
pub(crate) async fn ended(
    db: &mut SqliteConnection,
    approval: &Approval,
    asked_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (phone, created_at) = (approval.provider_user.as_str(), millis(approval.created_at.min(now)));
    let (asked_at, now) = (asked_at.map(millis), millis(now));
    sqlx::query!(
        "INSERT INTO sign_up_phones (provider_user, refused_pushes, push_refused_at, changed_at) VALUES ($1, 1, $2, $3)
         ON CONFLICT (provider_user) DO UPDATE SET refused_pushes = sign_up_phones.refused_pushes + 1, changed_at = $3,
            push_refused_at = CASE
                WHEN $2 IS NULL AND sign_up_phones.refused_pushes + 1 < $4 THEN sign_up_phones.push_refused_at
                WHEN sign_up_phones.push_refused_at > $3 THEN $3
                WHEN sign_up_phones.push_refused_at > $5 THEN sign_up_phones.push_refused_at ELSE $5 END",
        phone,
        asked_at,
        now,
        CANCELLED_PUSHES,
        created_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A sign-up proved the phone: earlier refused requests no longer count.
pub(crate) async fn proven(db: &mut SqliteConnection, phone: &ProviderUserId) -> Result<(), StorageError> {
    let phone = phone.as_str();
    sqlx::query!("DELETE FROM sign_up_phones WHERE provider_user = $1", phone).execute(db).await?;
    Ok(())
}
