//! Completing an approval: the row is read again, the session confirmed, its token replaced. May be repeated.

use approval::{ApprovalId, Purpose};
use storage::{Completed, LimitName};

use crate::{
    caller::MaybeCaller,
    hub::Hub,
    refusal::Refusal,
    steps::{
        invitations,
        proof::{Confirmed, Proof},
    },
    throttle,
};

/// Completes the approval for its session.
///
/// # Errors
/// [`Refusal::NoSession`], [`Refusal::NotFound`], [`Refusal::NotApproved`], [`Refusal::AlreadyRegistered`], [`Refusal::InvalidInvitation`], or a limit that is reached.
pub async fn complete(hub: &Hub, caller: MaybeCaller, id: ApprovalId) -> Result<Confirmed, Refusal> {
    let caller = caller.0.ok_or(Refusal::NoSession)?;
    let proof = Proof::by_approval(id);
    if let Some(confirmed) = proof.shown_before(hub, &caller)? {
        return Ok(confirmed);
    }
    invitations::still_allowed(hub, &caller.session)?;
    let (next, tokens) = proof.new_token(hub, &caller);
    match hub.storage.sessions().complete(&caller.session, id, proof.as_str(), tokens).await? {
        Completed::Confirmed => Ok(Confirmed::With(next)),
        Completed::Consumed => Ok(Confirmed::Already),
        Completed::AlreadyRegistered => Err(Refusal::AlreadyRegistered),
        Completed::AddressesLimited(limited) => Err(throttle::reached(LimitName::Addresses, limited)),
        Completed::InvitationUsedUp => Err(Refusal::InvalidInvitation),
        Completed::NotApproved => {
            if let Some(confirmed) = proof.shown_meanwhile(hub, &caller).await? {
                return Ok(confirmed);
            }
            let approval = caller.own(hub, id).await?;
            // A code may have confirmed the session before its approval could.
            let by_code = caller.is_confirmed() && approval.purpose != Purpose::Transaction;
            if by_code { Ok(Confirmed::Already) } else { Err(Refusal::NotApproved) }
        }
    }
}
