//! Passwords set anew: by who knows the old one, or by an operator's link. Nothing that began with the old one is of use
//! afterwards: every other session ends, pending ones too, and whatever was asked for and not used yet.

use approval::{Approval, Secret, UserId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::ending::{Which, end_in};
use crate::rows::{millis, parse};
use crate::sessions::Session;
use crate::{Accounts, LinkHash, StorageError, TokenHash, WriteKey, approvals, audit, pushes};

/// A password changed by who knows the old one.
#[derive(Debug, Clone, Copy)]
pub struct PasswordChange<'a> {
    /// The hash that the old password was checked against.
    pub old: &'a Secret,
    /// The argon2id hash of the new one, a PHC string.
    pub new: &'a Secret,
    /// The hash of the token that asks.
    pub shown: TokenHash,
    /// The hash of the token that its session has afterwards.
    pub next: TokenHash,
}

/// Whether an account's address is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressProof {
    /// An invitation proved it.
    Proven,
    /// A person typed it at sign-up; it may be another person's address.
    Unproven,
}

/// Whose password a link sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOwner {
    /// The account.
    pub user: UserId,
    /// The account's name.
    pub full_name: String,
    /// The account's address.
    pub email: String,
}

impl Accounts<'_> {
    /// Changes the password of a confirmed session's account, in one transaction: ends every other session, gives this
    /// one another token, and takes back what it waits for. Answers the approvals that were cancelled. `None`: the
    /// password or the session is another by now, and nothing was done.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn change_password(
        self,
        session: &Session,
        change: PasswordChange<'_>,
    ) -> Result<Option<Vec<Approval>>, StorageError> {
        let now = self.0.clock.now();
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        if !replace_token(&mut db, session, change, now).await?
            || !is_password(&mut db, session.user, change.old).await?
        {
            return Ok(None);
        }
        set_in(&mut db, session.user, change.new, now).await?;
        audit::write(&mut db, now, audit::Kind::PasswordChanged, session.user, session.id, None, "").await?;
        let note = "the password was changed";
        let mut cancelled = end_in(&mut db, None, session.user, Which::AllBut(session.id), now, note).await?.cancelled;
        cancelled.extend(approvals::cancel_of_session(&mut db, None, session.id, now, note).await?);
        db.commit().await?;
        Ok(Some(cancelled))
    }

    /// Marks the password of the account as doubtful, because whoever is in says that something was not them: every other
    /// session ends, pending ones too, and what this one waits for is taken back. Answers the approvals that were cancelled.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn doubt_password(self, session: &Session) -> Result<Vec<Approval>, StorageError> {
        let now = self.0.clock.now();
        let (user, at) = (session.user.to_string(), millis(now));
        let mut db = self.0.write(&[WriteKey::User(session.user)]).await?;
        sqlx::query!("UPDATE users SET password_doubted_at = $2 WHERE id = $1", user, at).execute(&mut *db).await?;
        audit::write(&mut db, now, audit::Kind::NotMe, session.user, session.id, None, "").await?;
        let note = "its owner said: not me";
        let mut cancelled = end_in(&mut db, None, session.user, Which::AllBut(session.id), now, note).await?.cancelled;
        cancelled.extend(approvals::cancel_of_session(&mut db, None, session.id, now, note).await?);
        db.commit().await?;
        Ok(cancelled)
    }

    /// Writes a link that sets the password of the active account with this address; one that was there before is of no
    /// use any more. Returns whether the address is proven; `None` if there is no such account.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn issue_reset_link(
        self,
        email: &str,
        link: LinkHash,
        expires_at: OffsetDateTime,
    ) -> Result<Option<AddressProof>, StorageError> {
        let Some(account) = self.0.accounts().find(email).await? else { return Ok(None) };
        let (user, link, expires_at) = (account.id.to_string(), link.0.as_slice(), millis(expires_at));
        let mut db = self.0.write(&[WriteKey::User(account.id)]).await?;
        sqlx::query!(
            "INSERT INTO reset_links (user_id, token_hash, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at",
            user,
            link,
            expires_at,
        )
        .execute(&mut *db)
        .await?;
        audit::of_account(&mut db, self.0.clock.now(), audit::Kind::ResetLinkMade, account.id).await?;
        db.commit().await?;
        Ok(Some(account.address))
    }

    /// Whose password this link sets, while it does.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reset_link_owner(self, link: LinkHash) -> Result<Option<LinkOwner>, StorageError> {
        let (link, now) = (link.0.as_slice(), millis(self.0.clock.now()));
        let owner = sqlx::query!(
            "SELECT u.id, u.full_name, u.email FROM reset_links l JOIN users u ON u.id = l.user_id
             WHERE l.token_hash = $1 AND l.expires_at > $2",
            link,
            now,
        );
        let Some(owner) = owner.fetch_optional(self.0.read()).await? else { return Ok(None) };
        let user = parse("users", &owner.id)?;
        Ok(Some(LinkOwner { user, full_name: owner.full_name, email: owner.email }))
    }

    /// Uses a link up and sets the password (its argon2id hash, a PHC string), in one transaction: every session of the
    /// account ends. Answers the approvals that were cancelled. `None`: the link is used, expired or unknown.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn reset_password(self, link: LinkHash, new: &Secret) -> Result<Option<Vec<Approval>>, StorageError> {
        let now = self.0.clock.now();
        let mut db = self.0.write(&[WriteKey::ResetLink(link)]).await?;
        let (link, at) = (link.0.as_slice(), millis(now));
        let link = sqlx::query!("DELETE FROM reset_links WHERE token_hash = $1 RETURNING user_id, expires_at", link);
        let Some(link) = link.fetch_optional(&mut *db).await? else { return Ok(None) };
        if link.expires_at <= at {
            // Deleted, so that a clock that is set back does not revive it.
            db.commit().await?;
            return Ok(None);
        }
        let user = parse("reset_links", &link.user_id)?;
        set_in(&mut db, user, new, now).await?;
        audit::of_account(&mut db, now, audit::Kind::PasswordReset, user).await?;
        let ended = end_in(&mut db, None, user, Which::All, now, "the password was reset").await?;
        // Whoever kept the phone from being asked did so with the old password.
        pushes::switched_on(&mut db, user, now).await?;
        db.commit().await?;
        Ok(Some(ended.cancelled))
    }
}

/// Whether this hash is still the one of the account's password, inside a transaction.
pub(crate) async fn is_password(db: &mut SqliteConnection, user: UserId, hash: &Secret) -> Result<bool, StorageError> {
    let (id, hash) = (user.to_string(), hash.expose());
    let same = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND password_hash = $2) AS "is!: bool""#,
        id,
        hash
    );
    Ok(same.fetch_one(db).await?)
}

/// Sets a password: doubts about the one before and links to set it are of no use any more.
async fn set_in(
    db: &mut SqliteConnection,
    user: UserId,
    hash: &Secret,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let (id, hash, at) = (user.to_string(), hash.expose(), millis(now));
    sqlx::query!(
        "UPDATE users SET password_hash = $2, password_set_at = $3, password_doubted_at = NULL WHERE id = $1",
        id,
        hash,
        at
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("DELETE FROM reset_links WHERE user_id = $1", id).execute(db).await?;
    Ok(())
}

/// Puts the next token of a live, confirmed session in force, if the one that was shown still is.
async fn replace_token(
    db: &mut SqliteConnection,
    session: &Session,
    change: PasswordChange<'_>,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let (id, shown, next) = (session.id.to_string(), change.shown.0.as_slice(), change.next.0.as_slice());
    let at = millis(now);
    let replaced = sqlx::query!(
        "UPDATE sessions SET token_hash = $3, replaced_token_hash = NULL, replaced_until = NULL
         WHERE id = $1 AND token_hash = $2 AND confirmed_at IS NOT NULL AND ended_at IS NULL AND expires_at > $4",
        id,
        shown,
        next,
        at,
    );
    Ok(replaced.execute(db).await?.rows_affected() == 1)
}
