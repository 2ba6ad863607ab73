//! Accounts: a sign-up is pending until the phone is proven.

use approval::{Approval, Number, ProviderUserId, Secret, UserId};

use crate::rows::{millis, parse};
use crate::sessions::{self, NewSession, Session};
use crate::{
    AddressProof, LimitName, LinkHash, Push, Storage, StorageError, Withheld, WriteKey, approvals, audit, ending,
    passwords, pushes, sign_up_phones, surplus,
};

/// Somebody who signs up.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The account's id.
    pub id: UserId,
    /// As the person writes it.
    pub full_name: String,
    /// As people are shown it.
    pub email: String,
    /// The key that finds the account, the same for all spellings of its address.
    pub email_key: String,
    /// E.164.
    pub phone: Secret,
    /// The argon2id hash, a PHC string.
    pub password_hash: Secret,
    /// Whom the provider knows by this phone.
    pub provider_user: ProviderUserId,
    /// The invitation of this sign-up; it is used up when the phone is proven.
    pub invitation: Option<LinkHash>,
}

/// An active account, as sign-in needs it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Its address, as people are shown it.
    pub email: String,
    /// Whether the address is proven.
    pub address: AddressProof,
    /// The argon2id hash, a PHC string.
    pub password_hash: Secret,
    /// Whom the provider knows by its phone.
    pub provider_user: ProviderUserId,
}

/// What a right password came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The session is pending, and so is its approval.
    Asked(Box<Approval>),
    /// The session is pending, and the phone is not asked: it waits for a code.
    Withheld(Withheld),
}

impl Storage {
    /// The active account whose address is stored as `email`: see [`Storage::email_of_account`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn account(&self, email: &str) -> Result<Option<Account>, StorageError> {
        let row = sqlx::query!(
            "SELECT id, email, email_proven_at, password_hash, provider_user FROM users
             WHERE email = $1 AND active_at IS NOT NULL",
            email
        )
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Account {
            id: parse("users", &row.id)?,
            email: row.email,
            address: if row.email_proven_at.is_some() { AddressProof::Proven } else { AddressProof::Unproven },
            password_hash: Secret::new(row.password_hash),
            provider_user: parse("users", &row.provider_user)?,
        }))
    }

    /// Whether the phone of a user may be asked now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn may_ask(&self, user: UserId) -> Result<Push, StorageError> {
        let mut db = self.read().acquire().await?;
        Ok(pushes::may_ask_showing(&mut db, self.pushes, user, self.clock.now()).await?.0)
    }

    /// Whether a sign-up may send a request to this phone now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn may_ask_for_sign_up(&self, phone: &ProviderUserId) -> Result<Push, StorageError> {
        let mut db = self.read().acquire().await?;
        Ok(sign_up_phones::may_ask_showing(&mut db, self.pushes, phone, self.clock.now()).await?.0)
    }

    /// Writes a pending sign-up: account, pending session, and, if the phone may get the request, the approval that
    /// `approval` makes from the taken numbers.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_sign_up(
        &self,
        user: &NewUser,
        session: &NewSession,
        approval: impl FnOnce(&[Number]) -> Approval + Send,
    ) -> Result<Begun, StorageError> {
        let now = self.clock.now();
        let mut db = self.write(&[WriteKey::Phone(&user.provider_user)]).await?;
        let (id, created_at) = (user.id.to_string(), millis(now));
        let (phone, password_hash) = (user.phone.expose(), user.password_hash.expose());
        let provider_user = user.provider_user.as_str();
        let invitation = user.invitation.as_ref().map(|invitation| invitation.0.as_slice());
        sqlx::query!(
            "INSERT INTO users (id, full_name, email, email_key, email_settled, phone, password_hash, provider_user,
                created_at, invitation)
             VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9)",
            id,
            user.full_name,
            user.email,
            user.email_key,
            phone,
            password_hash,
            provider_user,
            created_at,
            invitation,
        )
        .execute(&mut *db)
        .await?;
        sessions::insert(&mut db, session, now).await?;
        let (push, taken) = sign_up_phones::may_ask_showing(&mut db, self.pushes, &user.provider_user, now).await?;
        if let Push::Withheld(why) = push {
            audit::limited(&mut db, now, user.id, session.id, LimitName::Pushes).await?;
            db.commit().await?;
            return Ok(Begun::Withheld(why));
        }
        let approval = approval(&taken);
        approvals::insert(&mut db, &approval).await?;
        audit::about(&mut db, now, audit::Kind::ApprovalRequested, &approval, "sign-up").await?;
        db.commit().await?;
        Ok(Begun::Asked(Box::new(approval)))
    }

    /// Writes a sign-in whose password was right: pending session, and, if the phone may be asked, the approval that
    /// `approval` makes from the numbers taken. `password` is the hash that it was right for. `None`: that is the
    /// account's no more. `before` is the session that the browser had, which ends first, so that a request that is taken
    /// back with it counts before it is seen whether there may be another; what was taken back stands beside the answer.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_sign_in(
        &self,
        session: &NewSession,
        before: Option<&Session>,
        password: &Secret,
        approval: impl FnOnce(&[Number]) -> Approval + Send,
    ) -> Result<Option<(Begun, Vec<Approval>)>, StorageError> {
        let now = self.clock.now();
        let mut db = self.write(&[WriteKey::User(session.user)]).await?;
        if !passwords::is_password(&mut db, session.user, password).await? {
            return Ok(None);
        }
        let mut cancelled = match before {
            Some(before) => ending::end_itself(&mut db, self.pushes, before, now).await?,
            None => Vec::new(),
        };
        sessions::insert(&mut db, session, now).await?;
        cancelled.extend(surplus::end_pending(&mut db, self.caps, session.user, session.id, now).await?);
        let (push, taken) = pushes::may_ask_showing(&mut db, self.pushes, session.user, now).await?;
        if let Push::Withheld(why) = push {
            audit::limited(&mut db, now, session.user, session.id, LimitName::Pushes).await?;
            db.commit().await?;
            return Ok(Some((Begun::Withheld(why), cancelled)));
        }
        let approval = approval(&taken);
        approvals::insert(&mut db, &approval).await?;
        audit::about(&mut db, now, audit::Kind::ApprovalRequested, &approval, "sign-in").await?;
        db.commit().await?;
        Ok(Some((Begun::Asked(Box::new(approval)), cancelled)))
    }
}
