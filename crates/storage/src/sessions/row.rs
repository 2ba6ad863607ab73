//! A session as it is read: the row of its table and what belongs to it of the account's.

use approval::{ProviderUserId, Secret};

use super::{Confirmation, Session, Via};
use crate::StorageError;
use crate::rows::{from_millis, parse};

/// What [`crate::Storage::session`] selects.
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) full_name: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) provider_user: String,
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
            provider_user: ProviderUserId(row.provider_user),
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
