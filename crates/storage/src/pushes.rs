//! Whether a phone may be asked: not while enough requests are on it, not too soon after one that was denied or that
//! nobody answered, and not at all after several of these in a row, until a code was accepted. Knows no provider.

use approval::{Approval, ApprovalId, Number, Purpose, Status, UserId};
use sqlx::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::notices::{self, NoticeKind};
use crate::rows::{count, from_millis, millis, parse};
use crate::{Push, PushRules, StorageError, Withheld, audit, numbers, sign_up_phones};

/// Whether the phone of `user` may be asked now, `leaving` being an approval that will not be on it any more.
pub(crate) async fn may_ask(
    db: &mut SqliteConnection,
    rules: PushRules,
    user: UserId,
    leaving: Option<ApprovalId>,
    now: OffsetDateTime,
) -> Result<Push, StorageError> {
    let (user, leaving) = (user.to_string(), leaving.map(|id| id.to_string()).unwrap_or_default());
    let factors = sqlx::query!(
        "SELECT refused_pushes, push_refused_at, push_off_at, codes_off_at FROM factors WHERE user_id = $1",
        user
    );
    if let Some(factors) = factors.fetch_optional(&mut *db).await? {
        if let Some(off_at) = factors.push_off_at {
            let until = from_millis("factors", off_at)? + rules.off_without_codes;
            match factors.codes_off_at {
                None => return Ok(Push::Withheld(Withheld::Off)),
                // A time in the future is from before the clock was set back, nobody knows how long ago.
                Some(_) if off_at <= millis(now) && now < until => return Ok(Push::Withheld(Withheld::Refused(until))),
                Some(_) => {}
            }
        } else if let Some(asked_at) = factors.push_refused_at {
            let asked_at = from_millis("factors", asked_at)?;
            let until = asked_at + rules.wait(count(factors.refused_pushes));
            // The same.
            if asked_at <= now && now < until {
                return Ok(Push::Withheld(Withheld::Refused(until)));
            }
        }
    }
    // The words of `Delivery::may_ring`.
    let pending = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(expires_at) AS first FROM approvals
         WHERE user_id = $1 AND status = 'pending' AND delivery IN ('sending', 'sent', 'unknown') AND id <> $2"#,
        user,
        leaving
    );
    let pending = pending.fetch_one(db).await?;
    let first = pending.first.map(|first| from_millis("approvals", first)).transpose()?;
    Ok(Push::beside(count(pending.count), first, rules.pending, now))
}

/// Whether the phone of `user` may be asked now, and the numbers that its requests show.
pub(crate) async fn may_ask_showing(
    db: &mut SqliteConnection,
    rules: PushRules,
    user: UserId,
    now: OffsetDateTime,
) -> Result<(Push, Vec<Number>), StorageError> {
    let push = may_ask(db, rules, user, None, now).await?;
    let user = user.to_string();
    let phone = sqlx::query_scalar!("SELECT provider_user FROM users WHERE id = $1", user).fetch_one(&mut *db).await?;
    numbers::showing(db, rules, &parse("users", &phone)?, push, None, now).await
}

/// Whether the phone may be asked again in the place of `old`. Taking back a request that the phone shows is no answer to
/// it, so the last of a row cannot be sent again before its time is up.
pub(crate) async fn may_replace(
    db: &mut SqliteConnection,
    rules: PushRules,
    old: &Approval,
    now: OffsetDateTime,
) -> Result<Push, StorageError> {
    let push = may_ask(db, rules, old.user, Some(old.id), now).await?;
    if push != Push::Allowed || old.status != Status::Pending || !old.delivery.may_ring() {
        return Ok(push);
    }
    let user = old.user.to_string();
    let refused = sqlx::query_scalar!("SELECT refused_pushes FROM factors WHERE user_id = $1", user);
    let refused = refused.fetch_optional(db).await?.unwrap_or_default();
    let last = count(refused).saturating_add(1) >= rules.refused;
    let until = old.expires_at.max(now + Duration::SECOND);
    Ok(if last { Push::Withheld(Withheld::Pending(until)) } else { Push::Allowed })
}

/// Whether push is off, and nothing that is tapped may count.
pub(crate) async fn is_off(
    db: &mut SqliteConnection,
    rules: PushRules,
    user: UserId,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let push = may_ask(db, PushRules { pending: u32::MAX, ..rules }, user, None, now).await?;
    let user = user.to_string();
    let off = sqlx::query_scalar!("SELECT push_off_at FROM factors WHERE user_id = $1", user);
    let off = off.fetch_optional(db).await?.flatten();
    Ok(off.is_some() && push != Push::Allowed)
}

/// Takes note of the end of an approval: what was approved ends the row of refused ones, anything else adds to it, once
/// the phone has rung. One that was taken back adds as well, or a guesser could ring for ever, but makes nobody wait.
pub(crate) async fn ended(
    db: &mut SqliteConnection,
    rules: PushRules,
    approval: &Approval,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let user = approval.user.to_string();
    // A request from before the clock was set back counts as one of now.
    let created_at = approval.created_at.min(now);
    let asked_at = match approval.status {
        Status::Approved => {
            sqlx::query!(
                "UPDATE factors SET refused_pushes = 0, push_refused_at = NULL WHERE user_id = $1 AND push_off_at IS NULL",
                user
            )
            .execute(db)
            .await?;
            return Ok(());
        }
        Status::Denied => Some(created_at),
        Status::Expired if approval.delivery.may_ring() => Some(created_at),
        Status::Cancelled if approval.delivery.may_ring() => None,
        _ => return Ok(()),
    };
    if approval.purpose == Purpose::SignUp {
        sign_up_phones::ended(db, approval, asked_at, now).await?;
    }
    if approval.purpose == Purpose::SignIn {
        let kind = match approval.status {
            Status::Denied => Some(NoticeKind::SignInDenied),
            Status::Expired => Some(NoticeKind::SignInUnanswered),
            _ => None,
        };
        if let Some(kind) = kind {
            notices::write(db, kind, approval.user, Some(approval.session), now).await?;
        }
    }
    let (asked_at, at) = (asked_at.map(millis), millis(now));
    let row = sqlx::query!(
        "INSERT INTO factors (user_id, refused_pushes, push_refused_at) VALUES ($1, 1, $2)
         ON CONFLICT (user_id) DO UPDATE SET refused_pushes = factors.refused_pushes + 1,
            push_refused_at = CASE WHEN $2 IS NULL THEN factors.push_refused_at WHEN factors.push_refused_at > $3 THEN $3
                WHEN factors.push_refused_at > $2 THEN factors.push_refused_at ELSE $2 END
         RETURNING refused_pushes, push_off_at",
        user,
        asked_at,
        at
    )
    .fetch_one(&mut *db)
    .await?;
    if count(row.refused_pushes) < rules.refused {
        return Ok(());
    }
    sqlx::query!("UPDATE factors SET push_off_at = $2 WHERE user_id = $1", user, at).execute(&mut *db).await?;
    if row.push_off_at.is_none() {
        notices::write(db, NoticeKind::PushOff, approval.user, None, now).await?;
        audit::about(db, now, audit::Kind::FactorSwitchedOff, approval, "push").await?;
    }
    Ok(())
}

/// Push is on again: a code was accepted, so whoever has the phone has answered; or the password is another.
pub(crate) async fn switched_on(
    db: &mut SqliteConnection,
    user: UserId,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    notices::end(db, NoticeKind::PushOff, user, now).await?;
    let user = user.to_string();
    sqlx::query!(
        "UPDATE factors SET refused_pushes = 0, push_refused_at = NULL, push_off_at = NULL WHERE user_id = $1",
        user
    )
    .execute(db)
    .await?;
    Ok(())
}
