//! Between rows and types: times, words, approvals.

use std::str::FromStr;

use approval::{Approval, Details, Logo, Logos, Shown};
use time::{Duration, OffsetDateTime};

use crate::StorageError;

/// A row of `approvals`, column for column.
pub(crate) struct ApprovalRow {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) user_id: String,
    pub(crate) session_id: String,
    pub(crate) provider_user: String,
    pub(crate) request: Option<String>,
    pub(crate) purpose: String,
    pub(crate) status: String,
    pub(crate) delivery: String,
    pub(crate) message: String,
    pub(crate) details: String,
    pub(crate) number: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) decided_at: Option<i64>,
    pub(crate) replaced_by: Option<String>,
    pub(crate) completed_at: Option<i64>,
    pub(crate) logos: String,
    pub(crate) code_sent_by: Option<String>,
    #[expect(dead_code, reason = "it is for the audit trail, and a trigger passes it on")]
    pub(crate) decided_how: Option<String>,
}

impl TryFrom<ApprovalRow> for Approval {
    type Error = StorageError;

    fn try_from(row: ApprovalRow) -> Result<Self, StorageError> {
        const TABLE: &str = "approvals";
        let corrupt = || StorageError::Corrupt { table: TABLE };
        let details: Details = serde_json::from_str(&row.details).map_err(|_| corrupt())?;
        let logos: Vec<Logo> = serde_json::from_str(&row.logos).map_err(|_| corrupt())?;
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            version: row.version,
            user: parse(TABLE, &row.user_id)?,
            session: parse(TABLE, &row.session_id)?,
            provider_user: parse(TABLE, &row.provider_user)?,
            request: row.request.map(|id| parse(TABLE, &id)).transpose()?,
            purpose: parse(TABLE, &row.purpose)?,
            status: parse(TABLE, &row.status)?,
            delivery: parse(TABLE, &row.delivery)?,
            shown: Shown::new(row.message, details).map_err(|_| corrupt())?,
            logos: Logos::new(logos).map_err(|_| corrupt())?,
            number: parse(TABLE, &row.number)?,
            created_at: from_millis(TABLE, row.created_at)?,
            expires_at: from_millis(TABLE, row.expires_at)?,
            decided_at: row.decided_at.map(|at| from_millis(TABLE, at)).transpose()?,
            replaced_by: row.replaced_by.map(|id| parse(TABLE, &id)).transpose()?,
            completed_at: row.completed_at.map(|at| from_millis(TABLE, at)).transpose()?,
            code_sent_by: row.code_sent_by.map(|word| parse(TABLE, &word)).transpose()?,
        })
    }
}

/// Unix milliseconds.
pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// A length of time in milliseconds.
pub(crate) fn in_millis(length: Duration) -> i64 {
    i64::try_from(length.whole_milliseconds()).unwrap_or(i64::MAX)
}

/// Converts a count, which is at least 0, and saturates.
pub(crate) fn count(rows: i64) -> u32 {
    u32::try_from(rows.max(0)).unwrap_or(u32::MAX)
}

pub(crate) fn from_millis(table: &'static str, millis: i64) -> Result<OffsetDateTime, StorageError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .map_err(|_| StorageError::Corrupt { table })
}

pub(crate) fn parse<T: FromStr>(table: &'static str, text: &str) -> Result<T, StorageError> {
    text.parse().map_err(|_| StorageError::Corrupt { table })
}
