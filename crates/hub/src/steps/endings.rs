//! Ending what was begun: an approval taken back; sessions, this one, another, all others; and "this wasn't me". Browsers that wait in one that ended hear it at
//! once: what they waited for is cancelled.

use approval::{Approval, ApprovalId, Change, SessionId};

use crate::{caller::Caller, hub::Hub, refusal::Refusal};

/// Cancels a pending approval of this session; one that is decided stays so. The session stays as it was.
///
/// # Errors
/// [`Refusal::NotFound`] if it is not this session's.
pub async fn cancel(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Approval, Refusal> {
    caller.own(hub, id).await?;
    let approval = hub.storage.approvals().end(id, Change::Cancel).await?.ok_or(Refusal::NotFound)?;
    hub.changed(&approval);
    Ok(approval)
}

/// Cancels what the caller's own session waits for; the session stays as it was.
///
/// # Errors
/// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
pub async fn take_back(hub: &Hub, caller: &Caller) -> Result<(), Refusal> {
    tell(hub, &hub.storage.approvals().cancel_of_session(&caller.session).await?);
    Ok(())
}

/// Ends the caller's own session; whatever it still waited for is cancelled.
///
/// # Errors
/// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
pub async fn sign_out(hub: &Hub, caller: &Caller) -> Result<(), Refusal> {
    tell(hub, &hub.storage.sessions().sign_out(&caller.session).await?);
    Ok(())
}

/// Ends a session of the same account.
///
/// # Errors
/// [`Refusal::NotFound`] if the account has no such session.
pub async fn end(hub: &Hub, caller: &Caller, id: SessionId) -> Result<(), Refusal> {
    let ended = hub.storage.sessions().end(&caller.session, id).await?;
    tell(hub, &ended.ok_or(Refusal::NotFound)?);
    Ok(())
}

/// Ends all sessions of the account but the caller's.
///
/// # Errors
/// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
pub async fn end_others(hub: &Hub, caller: &Caller) -> Result<(), Refusal> {
    tell(hub, &hub.storage.sessions().end_others(&caller.session).await?);
    Ok(())
}

/// Whoever is in says that something was not them: somebody else may know the password. All other sessions end, and
/// nothing but a new password is wanted, here and at every sign-in, until there is one.
///
/// # Errors
/// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
pub async fn not_me(hub: &Hub, caller: &Caller) -> Result<(), Refusal> {
    tell(hub, &hub.storage.accounts().doubt_password(&caller.session).await?);
    Ok(())
}

/// Tells of what was cancelled, here and at other hubs.
pub(crate) fn tell(hub: &Hub, cancelled: &[Approval]) {
    for approval in cancelled {
        hub.changed(approval);
    }
}
