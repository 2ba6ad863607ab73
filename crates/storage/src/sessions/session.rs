//! A session as it is read: what the row of its table says, and what belongs to it of the account's.

use approval::{Channel, ProviderUserId, Secret, SessionId, UserId};
use time::OffsetDateTime;

use crate::StorageError;
use crate::rows::{from_millis, parse};

/// A live session and its account.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The account's name.
    pub full_name: String,
    /// The account's address.
    pub email: String,
    /// The account's phone, E.164.
    pub phone: Secret,
    /// Whom the provider knows by this phone.
    pub provider_user: ProviderUserId,
    /// Whether the account is active; while it is not, the session is a sign-up's.
    pub active: bool,
    /// Whether a pending sign-up brought an invitation.
    pub invitation: Invitation,
    /// What confirmed it, and when; `None` while pending.
    pub confirmed: Option<Confirmation>,
    /// When it ends by itself, unless it is used.
    pub expires_at: OffsetDateTime,
    /// When the account's password was set; `None`: with the sign-up.
    pub password_set_at: Option<OffsetDateTime>,
    /// Whether nothing but a new password is wanted of this account, because its owner said "this wasn't me".
    pub password_doubted: bool,
    /// How the last code was sent.
    pub code_sent_by: Option<Channel>,
    /// Whether the last code could not be sent.
    pub code_trouble: bool,
    /// Which token was shown for it.
    pub via: Via,
}

/// Whether a pending sign-up brought an invitation; an active account has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invitation {
    /// It did.
    Brought,
    /// It did not.
    Missing,
}

/// How a session came to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// When.
    pub at: OffsetDateTime,
    /// By what, as it was written down: the same proof may be shown again.
    pub proof: String,
}

/// Which token of a session was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The one in force.
    Current,
    /// The one before, within its minute: it may only repeat the proof that replaced it.
    Replaced,
}

/// What [`crate::Sessions::find`] selects.
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) full_name: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) provider_user: String,
    pub(super) invitation: Option<Vec<u8>>,
    pub(super) confirmed_at: Option<i64>,
    pub(super) proof: Option<String>,
    pub(super) expires_at: i64,
    pub(super) code_sent_by: Option<String>,
    pub(super) code_trouble: i64,
    pub(super) replaced_until: Option<i64>,
    pub(super) last_used_at: i64,
    pub(super) password_set_at: Option<i64>,
    pub(super) password_doubted: bool,
    pub(super) current: bool,
    pub(super) active: bool,
}

impl TryFrom<SessionRow> for Session {
    type Error = StorageError;

    fn try_from(row: SessionRow) -> Result<Self, StorageError> {
        const TABLE: &str = "sessions";
        let confirmed = match (row.confirmed_at, row.proof) {
            (Some(at), Some(proof)) => Some(Confirmation { at: from_millis(TABLE, at)?, proof }),
            (None, None) => None,
            _ => return Err(StorageError::Corrupt { table: TABLE }),
        };
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            user: parse(TABLE, &row.user_id)?,
            full_name: row.full_name,
            email: row.email,
            phone: Secret::new(row.phone),
            active: row.active,
            provider_user: parse(TABLE, &row.provider_user)?,
            invitation: if row.invitation.is_some() { Invitation::Brought } else { Invitation::Missing },
            confirmed,
            expires_at: from_millis(TABLE, row.expires_at)?,
            password_set_at: row.password_set_at.map(|at| from_millis(TABLE, at)).transpose()?,
            password_doubted: row.password_doubted,
            code_sent_by: row.code_sent_by.map(|word| parse(TABLE, &word)).transpose()?,
            code_trouble: row.code_trouble != 0,
            via: if row.current { Via::Current } else { Via::Replaced },
        })
    }
}
