//! Sign-ups: an account is pending until its phone is proven.

use approval::{Approval, Number, ProviderUserId, Secret, UserId};

use crate::rows::millis;
use crate::sessions::{self, NewSession};
use crate::{Begun, LimitName, LinkHash, Push, SignUps, StorageError, WriteKey, approvals, audit, sign_up_phones};

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

impl SignUps<'_> {
    /// Whether a sign-up may send a request to this phone now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn may_push(self, phone: &ProviderUserId) -> Result<Push, StorageError> {
        let mut db = self.0.read().acquire().await?;
        Ok(sign_up_phones::may_ask_showing(&mut db, self.0.pushes, phone, self.0.clock.now()).await?.0)
    }

    /// Writes a pending sign-up: account, pending session, and, if the phone may get the request, the approval that
    /// `approval` makes from the taken numbers.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin(
        self,
        user: &NewUser,
        session: &NewSession,
        approval: impl FnOnce(&[Number]) -> Approval + Send,
    ) -> Result<Begun, StorageError> {
        let now = self.0.clock.now();
        let mut db = self.0.write(&[WriteKey::Phone(&user.provider_user)]).await?;
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
        let (push, taken) = sign_up_phones::may_ask_showing(&mut db, self.0.pushes, &user.provider_user, now).await?;
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
}
