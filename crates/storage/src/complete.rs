//! Completing: the one place where an approved approval opens something, once, and a lost reply can be asked for again.

use approval::{Approval, ApprovalId, Purpose, Status};
use sqlx::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::rows::{in_millis, millis};
use crate::sessions::{self, ConfirmedBy, Session};
use crate::{
    Limited, SessionCaps, Sessions, StorageError, TokenHash, WriteKey, approvals, audit, invitations, sign_up_phones,
    surplus,
};

/// The token a session gets when it is confirmed.
#[derive(Debug, Clone, Copy)]
pub struct NewToken {
    /// The hash of the token that asks.
    pub old: TokenHash,
    /// The hash of the token it gets.
    pub new: TokenHash,
    /// When the confirmed session ends, however much it is used.
    pub ends_at: OffsetDateTime,
    /// How long it lives without being used.
    pub idle_for: Duration,
}

/// What completing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completed {
    /// The session is confirmed, and the new token in force.
    Confirmed,
    /// The transaction's one use was made of its approval.
    Consumed,
    /// Another account with this address is active already; the sign-up stays pending until it is swept out.
    AlreadyRegistered,
    /// The phone reached its daily limit of addresses. The outcome is the same for every further address, with or
    /// without an account.
    AddressesLimited(Limited),
    /// The sign-up's invitation was used, replaced, or has expired.
    InvitationUsedUp,
    /// The approval is not approved, not of this session, or was asked for before the session ended or the password was
    /// set.
    NotApproved,
}

/// How a session is confirmed.
#[derive(Debug, Clone, Copy)]
pub struct Completion<'a> {
    /// What stands as its proof, so that the same proof may be repeated.
    pub proof: &'a str,
    /// By what kind of proof.
    pub by: ConfirmedBy,
    /// The tokens.
    pub token: NewToken,
}

/// How long the token before may repeat its proof.
const REPEAT: Duration = Duration::seconds(60);

impl Sessions<'_> {
    /// Completes an approval for its session: reads the row again, confirms the session and replaces its token, in one
    /// transaction; `proof` is what may be shown again. Only for an approved approval of this very session.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn complete(
        self,
        session: &Session,
        id: ApprovalId,
        proof: &str,
        token: NewToken,
    ) -> Result<Completed, StorageError> {
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        let approval = approvals::load(&mut db, id).await?;
        let approved =
            approval.filter(|approval| approval.session == session.id && approval.status == Status::Approved);
        let Some(mut approval) = approved else { return Ok(Completed::NotApproved) };
        let now = self.0.clock.now();
        if !sessions::may_have(&mut db, session.id, approval.created_at, now).await? {
            return Ok(Completed::NotApproved);
        }
        if approval.purpose == Purpose::Transaction {
            consume(&mut db, &mut approval, now).await?;
            db.commit().await?;
            return Ok(Completed::Consumed);
        }
        let completion = Completion { proof, by: ConfirmedBy::Approval, token };
        let completed = confirm(&mut db, self.0.caps, session, completion, now).await?;
        if completed == Completed::Confirmed {
            consume(&mut db, &mut approval, now).await?;
        }
        db.commit().await?;
        Ok(completed)
    }
}

/// Confirms a pending session inside a transaction, activating the account of a sign-up.
pub(crate) async fn confirm(
    db: &mut SqliteConnection,
    caps: SessionCaps,
    session: &Session,
    completion: Completion<'_>,
    now: OffsetDateTime,
) -> Result<Completed, StorageError> {
    let invited = match may_open(db, session, now).await? {
        Ok(invited) => invited,
        Err(completed) => return Ok(completed),
    };
    let (id, at, until) = (session.id.to_string(), millis(now), millis(now + REPEAT));
    let (old, new) = (completion.token.old.0.as_slice(), completion.token.new.0.as_slice());
    let NewToken { ends_at, idle_for, .. } = completion.token;
    let expires_at = millis(ends_at.min(now + idle_for));
    let (by, ends_at, idle_for) = (completion.by.word(), millis(ends_at), in_millis(idle_for));
    let confirmed = sqlx::query!(
        "UPDATE sessions SET token_hash = $3, replaced_token_hash = $2, replaced_until = $4, proof = $5, confirmed_by = $6,
            confirmed_at = $7, last_used_at = $7, expires_at = $8, ends_at = $9, idle_for = $10
         WHERE id = $1 AND token_hash = $2 AND confirmed_at IS NULL AND ended_at IS NULL AND expires_at > $7",
        id,
        old,
        new,
        until,
        completion.proof,
        by,
        at,
        expires_at,
        ends_at,
        idle_for,
    )
    .execute(&mut *db)
    .await?;
    if confirmed.rows_affected() != 1 {
        return Ok(Completed::NotApproved);
    }
    if !session.active {
        activate(db, session, invited.as_deref(), now).await?;
    }
    surplus::end_confirmed(db, caps, session.user, session.id, now).await?;
    Ok(Completed::Confirmed)
}

/// Whether a session may be confirmed, as far as its account says. `Some` is the key of the address that an invitation
/// proves. A sign-up with an invitation may learn whether its address has an account. Any other is counted before the
/// check.
async fn may_open(
    db: &mut SqliteConnection,
    session: &Session,
    now: OffsetDateTime,
) -> Result<Result<Option<String>, Completed>, StorageError> {
    if session.active {
        return Ok(Ok(None));
    }
    let user = session.user.to_string();
    // Of two requests that complete a sign-up at once, the second finds its account active.
    let own = sqlx::query!(
        r#"SELECT invitation, coalesce(email_key, email) AS "key!" FROM users
         WHERE id = $1 AND active_at IS NULL"#,
        user
    );
    let Some(own) = own.fetch_optional(&mut *db).await? else { return Ok(Err(Completed::NotApproved)) };
    if own.invitation.is_none()
        && let Err(limited) = invitations::count_address(db, &session.provider_user, &own.key, now).await?
    {
        return Ok(Err(Completed::AddressesLimited(limited)));
    }
    if address_taken(db, session).await? {
        return Ok(Err(Completed::AlreadyRegistered));
    }
    let Some(invitation) = own.invitation else { return Ok(Ok(None)) };
    let valid = invitations::is_valid(db, &own.key, &invitation, now).await?;
    Ok(if valid { Ok(Some(own.key)) } else { Err(Completed::InvitationUsedUp) })
}

/// Activates the account, uses up its invitation, and resets the sign-up limits of its phone. `invited` is the key of
/// the address that the invitation proves.
async fn activate(
    db: &mut SqliteConnection,
    session: &Session,
    invited: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (user, at) = (session.user.to_string(), millis(now));
    let proven_at = invited.map(|_| at);
    sqlx::query!(
        "UPDATE users SET active_at = $2, email_proven_at = $3, invitation = NULL WHERE id = $1 AND active_at IS NULL",
        user,
        at,
        proven_at
    )
    .execute(&mut *db)
    .await?;
    if let Some(key) = invited {
        invitations::use_up(db, key).await?;
    }
    sign_up_phones::proven(db, &session.provider_user).await
}

async fn consume(db: &mut SqliteConnection, approval: &mut Approval, now: OffsetDateTime) -> Result<(), StorageError> {
    if approval.completed_at.is_some() {
        return Ok(());
    }
    approval.completed_at = Some(now);
    approvals::save(db, approval).await?;
    audit::about(db, now, audit::Kind::ApprovalCompleted, approval, approval.purpose.word()).await
}

/// True if another account with this address, in any spelling, became active first.
async fn address_taken(db: &mut SqliteConnection, session: &Session) -> Result<bool, StorageError> {
    let user = session.user.to_string();
    let taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM users own WHERE own.id = $1 AND
            (EXISTS (SELECT 1 FROM users other WHERE other.email = own.email AND other.active_at IS NOT NULL AND other.id <> $1)
            OR EXISTS
                (SELECT 1 FROM users other
                 WHERE other.email_key = own.email_key AND other.active_at IS NOT NULL AND other.id <> $1)))
            AS "is!: bool""#,
        user
    );
    Ok(taken.fetch_one(db).await?)
}
