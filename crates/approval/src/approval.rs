//! One approval: as it is drafted, and as it is stored.

use time::OffsetDateTime;

use crate::{
    ApprovalId, Channel, Delivery, Digest, Flat, Hidden, Logos, Number, ProviderUserId, Purpose, RequestId, SessionId,
    Shown, Status, UserId,
};

/// One request to a phone, for one session or one transaction, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Grows by one with each change, from 1.
    pub version: i64,
    /// Whose it is.
    pub user: UserId,
    /// The one session it belongs to.
    pub session: SessionId,
    /// Whom the provider must name in its answer.
    pub provider_user: ProviderUserId,
    /// The provider's id of the request, once it is known.
    pub request: Option<RequestId>,
    /// What it is for.
    pub purpose: Purpose,
    /// Where it stands.
    pub status: Status,
    /// How far its request came.
    pub delivery: Delivery,
    /// What the phone shows.
    pub shown: Shown,
    /// The pictures beside it.
    pub logos: Logos,
    /// The number to compare by eye.
    pub number: Number,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it ends unanswered.
    pub expires_at: OffsetDateTime,
    /// When it got its final status.
    pub decided_at: Option<OffsetDateTime>,
    /// The approval that took its place after "send again".
    pub replaced_by: Option<ApprovalId>,
    /// When its one use was made of it.
    pub completed_at: Option<OffsetDateTime>,
    /// How a code for it alone was last sent: for a transaction that is approved without the app.
    pub code_sent_by: Option<Channel>,
}

/// Everything that a new approval is made from, but its number: that depends on the numbers the phone shows already.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The id it will have.
    pub id: ApprovalId,
    /// Whose it will be.
    pub user: UserId,
    /// The one session it will belong to.
    pub session: SessionId,
    /// Whom the provider will have to name.
    pub provider_user: ProviderUserId,
    /// What it is for.
    pub purpose: Purpose,
    /// What the phone will show beside the number.
    pub shown: Shown,
    /// The pictures beside it.
    pub logos: Logos,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it ends unanswered.
    pub expires_at: OffsetDateTime,
}

impl Approval {
    const HIDDEN_APPROVAL: &str = "approval";
    const HIDDEN_DIGEST: &str = "digest";
    const HIDDEN_USER: &str = "user";

    /// A new one, of which nobody has heard yet.
    #[must_use]
    pub fn pending(draft: Draft, number: Number) -> Self {
        Self {
            id: draft.id,
            version: 1,
            user: draft.user,
            session: draft.session,
            provider_user: draft.provider_user,
            request: None,
            purpose: draft.purpose,
            status: Status::Pending,
            delivery: Delivery::Sending,
            shown: draft.shown.numbered(number),
            logos: draft.logos,
            number,
            created_at: draft.created_at,
            expires_at: draft.expires_at,
            decided_at: None,
            replaced_by: None,
            completed_at: None,
            code_sent_by: None,
        }
    }

    /// The digest of what it shows.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.id, self.user, self.session, &self.shown)
    }

    /// What the provider keeps for us beside the request: approval id, digest, user id.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        Flat::from([
            (Self::HIDDEN_APPROVAL.into(), self.id.to_string()),
            (Self::HIDDEN_DIGEST.into(), self.digest().to_string()),
            (Self::HIDDEN_USER.into(), self.user.to_string()),
        ])
    }

    /// The approval that `hidden` claims to be of. A claim only: compare with [`Approval::hidden`] before use.
    #[must_use]
    pub fn claimed_by(hidden: &Hidden) -> Option<ApprovalId> {
        hidden.get(Self::HIDDEN_APPROVAL)?.parse().ok()
    }
}
