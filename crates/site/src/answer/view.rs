//! An approval as programs and pages read it in JSON.

use approval::{Approval, ApprovalId, Delivery, Details, Purpose, Status};
use hub::{Notice, Withheld};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::answer::words::{DeliveryWords, PurposeWords, StatusWords};

/// One request to a phone, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval, examples(ApprovalView::example))]
pub(crate) struct ApprovalView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: ApprovalId,
    /// Grows with each change.
    #[schema(minimum = 1)]
    version: i64,
    #[schema(value_type = PurposeWords)]
    purpose: Purpose,
    #[schema(value_type = StatusWords)]
    status: Status,
    #[schema(value_type = DeliveryWords)]
    delivery: Delivery,
    /// What the phone asks.
    message: &'a str,
    /// What the phone shows below it, in this order.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    details: &'a Details,
    /// Two digits that page and phone both show, for comparison by eye.
    #[schema(pattern = "^[1-9][0-9]$")]
    number: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it ends unanswered.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When it got its final status.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    decided_at: Option<OffsetDateTime>,
    /// The approval that took its place, when it was sent again.
    #[schema(value_type = Option<String>, format = "uuid", required)]
    replaced_by: Option<ApprovalId>,
}

impl ApprovalView<'_> {
    /// One for the API's document.
    pub(crate) fn example() -> Value {
        json!({
            "id": "01935f6e-7c00-7000-8000-00000000002a",
            "version": 3,
            "purpose": "transaction",
            "status": "approved",
            "delivery": "sent",
            "message": "Send money to Jarod's vault?",
            "details": { "Number": "47", "Amount": "1,000,000", "Currency": "Galleons" },
            "number": "47",
            "created_at": "2026-11-24T12:00:00Z",
            "expires_at": "2026-11-24T12:05:00Z",
            "decided_at": "2026-11-24T12:00:07.25Z",
            "replaced_by": null
        })
    }
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

/// What the owner of an account should know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notice, examples(json!({
    "id": 7, "kind": "sign_in_denied", "at": "2026-11-24T12:00:07.25Z", "ended_at": null,
    "browser": "Firefox on Linux", "place": "203.0.113.7"
})))]
pub(crate) struct NoticeView {
    id: i64,
    /// `push_off`: the phone is not asked until a code was used. `codes_off`: no code is taken until something was
    /// approved on the phone. `codes_guessed`: somebody with the password typed many wrong codes. `sign_in_denied`, `sign_in_unanswered`: somebody with the password did not get in.
    #[schema(value_type = String, pattern = "^(push_off|codes_off|codes_guessed|sign_in_denied|sign_in_unanswered)$")]
    kind: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// When what was switched off was switched on again.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    ended_at: Option<OffsetDateTime>,
    /// The browser of the sign-in.
    #[schema(required)]
    browser: Option<String>,
    /// From where that was.
    #[schema(required)]
    place: Option<String>,
}

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id,
            kind: notice.kind.word(),
            at: notice.at,
            ended_at: notice.ended_at,
            browser: notice.browser,
            place: notice.place,
        }
    }
}

/// What comes after the password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Next, examples(
    json!({ "next": "approval", "approval": ApprovalView::example() }),
    json!({ "next": "code", "withheld": { "reason": "pending", "until": "2026-11-24T12:02:00Z" } })
))]
pub(crate) struct Onward<'a> {
    next: Step,
    /// What is to be waited for, where the phone is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approval: Option<ApprovalView<'a>>,
    /// Why the phone is not asked, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    withheld: Option<WithheldView>,
}

/// Why a phone is not asked, and until when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Withheld)]
struct WithheldView {
    reason: Reason,
    /// When a sign-in may ask the phone again; `null` when push is off until a code was used.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    until: Option<OffsetDateTime>,
}

/// Why a phone is not asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WithheldReason)]
enum Reason {
    /// Enough requests are on it.
    Pending,
    /// The last request was denied, or nobody answered it.
    Refused,
    /// Push is off until a code was used.
    Off,
}

/// There is nothing left to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!(Done::new())))]
pub(crate) struct Done {
    next: Step,
}

/// What to do next.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// Wait for the approval, or type a code.
    Approval,
    /// Type a code, or have one sent: the phone is not asked.
    Code,
    /// Nothing: it is done.
    Done,
}

impl<'a> Onward<'a> {
    /// The approval is to be waited for.
    pub(crate) fn approval(approval: &'a Approval) -> Self {
        Self { next: Step::Approval, approval: Some(approval.into()), withheld: None }
    }

    /// The phone is not asked; a code is to be typed.
    pub(crate) const fn code(why: Withheld) -> Self {
        let reason = match why {
            Withheld::Pending(_) => Reason::Pending,
            Withheld::Refused(_) => Reason::Refused,
            Withheld::Off => Reason::Off,
        };
        Self { next: Step::Code, approval: None, withheld: Some(WithheldView { reason, until: why.until() }) }
    }
}

impl Done {
    /// It is done.
    pub(crate) const fn new() -> Self {
        Self { next: Step::Done }
    }
}

/// A message to a waiting browser.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Frame<'a> {
    /// The state of the approval: sent on connect, at each change, and on request.
    State {
        /// The approval.
        approval: ApprovalView<'a>,
        /// The server's time, for comparison with `expires_at`: the browser's clock may be wrong.
        #[serde(with = "time::serde::rfc3339")]
        now: OffsetDateTime,
    },
    /// This hub is leaving; come again, to any hub.
    Reconnect {
        /// Milliseconds to wait before.
        after_ms: u64,
    },
}

impl<'a> Frame<'a> {
    /// The state of `approval`, sent at `now`.
    pub(crate) fn state(approval: &'a Approval, now: OffsetDateTime) -> Self {
        Self::State { approval: approval.into(), now }
    }

    /// The text that travels.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
