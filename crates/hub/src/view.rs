//! An approval as programs and pages read it in JSON.

use approval::{Approval, ApprovalId, Delivery, Details, Purpose, Status};
use serde::Serialize;
use time::OffsetDateTime;

/// The JSON of an approval.
#[derive(Debug, Serialize)]
pub(crate) struct ApprovalView<'a> {
    id: ApprovalId,
    /// Grows with each change.
    version: i64,
    purpose: Purpose,
    status: Status,
    delivery: Delivery,
    message: &'a str,
    details: &'a Details,
    /// Two digits, as text.
    number: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    decided_at: Option<OffsetDateTime>,
    replaced_by: Option<ApprovalId>,
}

impl<'a> From<&'a Approval> for ApprovalView<'a> {
    fn from(approval: &'a Approval) -> Self {
        Self {
            id: approval.id,
            version: approval.version,
            purpose: approval.purpose,
            status: approval.status,
            delivery: approval.delivery,
            message: approval.shown.message(),
            details: approval.shown.details(),
            number: approval.number.to_string(),
            created_at: approval.created_at,
            expires_at: approval.expires_at,
            decided_at: approval.decided_at,
            replaced_by: approval.replaced_by,
        }
    }
}

/// A message to a waiting browser.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Frame<'a> {
    /// How the approval stands: on connect and at each change.
    State {
        /// The approval.
        approval: ApprovalView<'a>,
    },
    /// This hub is leaving; come again, to any hub.
    Reconnect {
        /// Milliseconds to wait before.
        after_ms: u64,
    },
}

impl<'a> Frame<'a> {
    /// The state of `approval`.
    pub(crate) fn state(approval: &'a Approval) -> Self {
        Self::State { approval: approval.into() }
    }

    /// The text that travels.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
