//! Invitations to sign up: created by an operator, each for one address, used once. Only an invitation proves an
//! address.

use approval::{Clock, Entropy, Secret};
use storage::{Invitation, LinkHash, Session, Storage, StorageError};
use time::OffsetDateTime;
use url::{Url, form_urlencoded};

use crate::{
    caller::{Caller, MaybeCaller},
    hub::Hub,
    refusal::Refusal,
    settings::{INVITATION, SignUpMode},
    text::address::Email,
    token::LinkToken,
};

/// The page of an invitation. Its token follows a `#`, so browsers send it to no server, and it is in no log.
const PATH: &str = "/invitation";

/// The outcome of inviting an address.
#[derive(Debug)]
pub enum Invited {
    /// The new link; an earlier one no longer works.
    Link(InvitationLink),
    /// The address has an account.
    HasAccount,
    /// It is not an email address.
    NoAddress,
}

/// A link that opens one account, once.
#[derive(Debug)]
pub struct InvitationLink {
    /// The link, with its token and the address.
    pub url: Secret,
    /// The address, as it is shown to people.
    pub email: String,
    /// The end of its validity.
    pub expires_at: OffsetDateTime,
}

/// Creates an invitation for this address, and replaces an earlier one.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn invite(
    storage: &Storage,
    public_url: &Url,
    email: &str,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<Invited, StorageError> {
    let Ok(email) = Email::parse(email) else { return Ok(Invited::NoAddress) };
    let (token, expires_at) = (LinkToken::random(entropy), clock.now() + INVITATION);
    if !storage.sign_ups().invite(email.as_str(), token.hash(), expires_at).await? {
        return Ok(Invited::HasAccount);
    }
    let address: String = form_urlencoded::byte_serialize(email.shown().as_bytes()).collect();
    let url = format!("{}{PATH}#{}:{address}", public_url.as_str().trim_end_matches('/'), token.expose());
    Ok(Invited::Link(InvitationLink { url: Secret::new(url), email: email.shown().to_owned(), expires_at }))
}

/// Refuses a sign-up that the operator does not allow, before anything is done or counted.
///
/// # Errors
/// [`Refusal::SignUpClosed`] or [`Refusal::InvitationNeeded`].
pub fn allowed(hub: &Hub, has_invitation: bool) -> Result<(), Refusal> {
    match hub.settings.sign_up {
        SignUpMode::Closed => Err(Refusal::SignUpClosed),
        SignUpMode::Invited if !has_invitation => Err(Refusal::InvitationNeeded),
        SignUpMode::Open | SignUpMode::Invited => Ok(()),
    }
}

/// Refuses to go on with a sign-up that was begun while the operator still allowed it. Sessions of active accounts go on.
pub(crate) fn still_allowed(hub: &Hub, session: &Session) -> Result<(), Refusal> {
    if session.active { Ok(()) } else { allowed(hub, session.invitation == Invitation::Brought) }
}

/// The invitation of a sign-up, if it brought one, which must be for its address. One answer for an invitation that is
/// used, expired, replaced or unknown.
pub(crate) async fn checked(
    hub: &Hub,
    invitation: Option<LinkHash>,
    email: &Email,
) -> Result<Option<LinkHash>, Refusal> {
    allowed(hub, invitation.is_some())?;
    let Some(invitation) = invitation else { return Ok(None) };
    let invited = hub.storage.sign_ups().invited_email(invitation).await?.ok_or(Refusal::InvalidInvitation)?;
    if invited != email.as_str() {
        let error = "Your invitation is for another address. Please use the one that it was made for.";
        return Err(Refusal::Fields(vec![("email", error.to_owned())]));
    }
    Ok(Some(invitation))
}

/// The invitation of a sign-up: the typed one, or the one that this browser's pending sign-up brought.
pub(crate) async fn of_request(
    hub: &Hub,
    typed: Option<&Secret>,
    email: &str,
    before: &MaybeCaller,
) -> Result<Option<LinkHash>, Refusal> {
    if let Some(typed) = typed {
        return Ok(Some(LinkToken::shown(typed.expose()).hash()));
    }
    // By the token in force alone, as everything but a repeated proof.
    match before.clone().current() {
        Some(before) => brought_before(hub, &before.session, email).await,
        None => Ok(None),
    }
}

/// True if the pending sign-up of this browser brought an invitation for `email`, so that none has to be typed.
///
/// # Errors
/// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
pub async fn is_carried(hub: &Hub, email: &str, before: &MaybeCaller) -> Result<bool, Refusal> {
    Ok(of_request(hub, None, email, before).await?.is_some())
}

/// True if the caller's pending sign-up brought an invitation.
#[must_use]
pub fn has_brought(caller: &Caller) -> bool {
    caller.session.invitation == Invitation::Brought
}

/// The invitation that a pending sign-up of the same browser brought for the same address: a person who only changes the
/// number need not open it again.
async fn brought_before(hub: &Hub, session: &Session, email: &str) -> Result<Option<LinkHash>, Refusal> {
    let address = |text: &str| Email::parse(text).ok().map(|email| email.as_str().to_owned());
    if session.active || session.invitation == Invitation::Missing || address(&session.email) != address(email) {
        return Ok(None);
    }
    Ok(hub.storage.sign_ups().invitation_of(session.user).await?)
}
