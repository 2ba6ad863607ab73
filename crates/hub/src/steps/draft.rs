//! Drafts the approvals that the hub asks for: what the phone will show, and until when.

use approval::{
    Approval, ApprovalId, Details, Draft, Number, ProviderUserId, Purpose, SessionId, Shown, ShownError, UserId,
};
use time::{Duration, OffsetDateTime};

use crate::{
    caller::Caller,
    hub::Hub,
    settings::Settings,
    text::label::{sign_in_message, sign_up_message},
    visitor::Visitor,
    wanted::Wanted,
};

/// Whose approval it will be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose<'a> {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) provider_user: &'a ProviderUserId,
    pub(crate) email: &'a str,
}

/// A draft for a sign-up.
///
/// # Errors
/// When something is too long for a phone to show.
pub(crate) fn sign_up(hub: &Hub, whose: Whose<'_>, visitor: &Visitor) -> Result<Draft, ShownError> {
    of_session(hub, Purpose::SignUp, sign_up_message(&hub.settings.product), whose, visitor)
}

/// A draft for a sign-in.
///
/// # Errors
/// When something is too long for a phone to show.
pub(crate) fn sign_in(hub: &Hub, whose: Whose<'_>, visitor: &Visitor) -> Result<Draft, ShownError> {
    of_session(hub, Purpose::SignIn, sign_in_message(&hub.settings.product), whose, visitor)
}

/// A draft for a transaction of whoever is in, not beyond the end of the session. `None`: that is too near.
pub(crate) fn transaction(hub: &Hub, caller: &Caller, id: ApprovalId, wanted: Wanted) -> Option<Draft> {
    let session = &caller.session;
    let created_at = hub.clock.now();
    let seconds = wanted.seconds.unwrap_or(hub.settings.transaction_seconds);
    Some(Draft {
        id,
        user: session.user,
        session: session.id,
        provider_user: session.provider_user.clone(),
        purpose: Purpose::Transaction,
        shown: wanted.shown,
        logos: if wanted.logos.as_slice().is_empty() { hub.logos.clone() } else { wanted.logos },
        created_at,
        expires_at: end(created_at, Duration::seconds(seconds.into()), session.expires_at)?,
    })
}

/// A draft that asks the same again, for as long, but not beyond the end of its session. `None`: that is too near.
pub(crate) fn again(hub: &Hub, old: &Approval, session_ends: OffsetDateTime) -> Option<Draft> {
    let created_at = hub.clock.now();
    Some(Draft {
        id: ApprovalId::new(&hub.clock, &hub.entropy),
        user: old.user,
        session: old.session,
        provider_user: old.provider_user.clone(),
        purpose: old.purpose,
        shown: old.shown.clone(),
        logos: old.logos.clone(),
        created_at,
        expires_at: end(created_at, old.expires_at - old.created_at, session_ends)?,
    })
}

/// The approval, with a number that is none of `taken`.
pub(crate) fn numbered(draft: Draft, hub: &Hub, taken: &[Number]) -> Approval {
    Approval::pending(draft, Number::random(&hub.entropy, taken))
}

fn of_session(
    hub: &Hub,
    purpose: Purpose,
    message: String,
    whose: Whose<'_>,
    visitor: &Visitor,
) -> Result<Draft, ShownError> {
    let details = [
        (Shown::EMAIL, whose.email),
        (Shown::PLACE, visitor.place.as_str()),
        (Shown::BROWSER, visitor.browser.as_str()),
    ];
    let details = details.map(|(label, value)| (label.to_owned(), value.to_owned()));
    let created_at = hub.clock.now();
    Ok(Draft {
        id: ApprovalId::new(&hub.clock, &hub.entropy),
        user: whose.user,
        session: whose.session,
        provider_user: whose.provider_user.clone(),
        purpose,
        shown: Shown::new(message, Details::new(details))?,
        logos: hub.logos.clone(),
        created_at,
        expires_at: created_at + Duration::seconds(hub.settings.sign_in_seconds.into()),
    })
}

/// When an approval of this length ends, in a session that ends too. `None`: that is too near.
fn end(created_at: OffsetDateTime, length: Duration, session_ends: OffsetDateTime) -> Option<OffsetDateTime> {
    let end = (created_at + length).min(session_ends);
    (end - created_at >= Duration::seconds(Settings::SHORTEST.into())).then_some(end)
}
