//! Drafts the approvals that the hub asks for: what the phone will show, and until when.

use approval::{
    Approval, ApprovalId, Delivery, Details, Number, ProviderUserId, Purpose, SessionId, Shown, ShownError, Status,
    UserId,
};
use time::{Duration, OffsetDateTime};

use crate::{hub::Hub, settings::Settings, visitor::Visitor};

/// Everything an approval is made from, but its number: that depends on the numbers the phone shows already.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    id: ApprovalId,
    user: UserId,
    session: SessionId,
    provider_user: ProviderUserId,
    purpose: Purpose,
    shown: Shown,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

/// Whose approval it will be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose<'a> {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) provider_user: &'a ProviderUserId,
    pub(crate) email: &'a str,
}

impl Draft {
    /// A draft for a sign-in or a sign-up.
    ///
    /// # Errors
    /// When something is too long for a phone to show.
    pub(crate) fn new(hub: &Hub, purpose: Purpose, whose: Whose<'_>, visitor: &Visitor) -> Result<Self, ShownError> {
        let [_, of_email, of_place, of_browser] = Shown::RESERVED.map(str::to_owned);
        let details = [
            (of_email, whose.email.to_owned()),
            (of_place, visitor.place.clone()),
            (of_browser, visitor.browser.clone()),
        ];
        let shown = Shown::new(message(purpose, &hub.settings.product), Details::new(details))?;
        let created_at = hub.clock.now();
        Ok(Self {
            id: ApprovalId::new(&hub.clock, &hub.entropy),
            user: whose.user,
            session: whose.session,
            provider_user: whose.provider_user.clone(),
            purpose,
            shown,
            created_at,
            expires_at: created_at + Duration::seconds(hub.settings.sign_in_seconds.into()),
        })
    }

    /// A draft that asks the same again, for as long, but not beyond the end of its session. `None`: that is too near.
    pub(crate) fn again(hub: &Hub, old: &Approval, session_ends: OffsetDateTime) -> Option<Self> {
        let created_at = hub.clock.now();
        let expires_at = (created_at + (old.expires_at - old.created_at)).min(session_ends);
        let long_enough = expires_at - created_at >= Duration::seconds(Settings::SHORTEST.into());
        long_enough.then(|| Self {
            id: ApprovalId::new(&hub.clock, &hub.entropy),
            user: old.user,
            session: old.session,
            provider_user: old.provider_user.clone(),
            purpose: old.purpose,
            shown: old.shown.clone(),
            created_at,
            expires_at,
        })
    }

    /// The approval, with a number that is none of `taken`.
    pub(crate) fn numbered(self, hub: &Hub, taken: &[Number]) -> Approval {
        let number = Number::random(&hub.entropy, taken);
        Approval {
            id: self.id,
            version: 1,
            user: self.user,
            session: self.session,
            provider_user: self.provider_user,
            request: None,
            purpose: self.purpose,
            status: Status::Pending,
            delivery: Delivery::Sending,
            shown: self.shown.numbered(number),
            number,
            created_at: self.created_at,
            expires_at: self.expires_at,
            decided_at: None,
            replaced_by: None,
            completed_at: None,
        }
    }
}

/// The sentence that the phone asks for a sign-up or a sign-in.
pub(crate) fn message(purpose: Purpose, product: &str) -> String {
    match purpose {
        Purpose::SignUp => format!("Open your account at {product}?"),
        Purpose::SignIn | Purpose::Transaction => format!("Sign in to {product}?"),
    }
}
