//! Completing an approval: the row is read again, the session confirmed, its token replaced. May be repeated.

use approval::{ApprovalId, Purpose};
use storage::Completed;

use crate::{
    answer::problem::Problem,
    hub::Hub,
    request::caller::MaybeCaller,
    steps::{
        invitations,
        proof::{Confirmed, Proof},
    },
    throttle,
};

/// Completes the approval for its session.
pub(crate) async fn complete(hub: &Hub, caller: MaybeCaller, id: ApprovalId) -> Result<Confirmed, Problem> {
    let caller = caller.0.ok_or_else(Problem::no_session)?;
    let proof = Proof::by_approval(id);
    if let Some(confirmed) = proof.shown_before(hub, &caller)? {
        return Ok(confirmed);
    }
    invitations::still_allowed(hub, &caller.session)?;
    let (next, tokens) = proof.new_token(hub, &caller);
    match hub.storage.complete(&caller.session, id, proof.as_str(), tokens).await? {
        Completed::Confirmed => Ok(Confirmed::With(next)),
        Completed::Consumed => Ok(Confirmed::Already),
        Completed::AlreadyRegistered => Err(Problem::already_registered()),
        Completed::AddressesLimited(limited) => Err(throttle::addresses(limited)),
        Completed::InvitationUsedUp => Err(Problem::invalid_invitation()),
        Completed::NotApproved => {
            if let Some(confirmed) = proof.shown_meanwhile(hub, &caller).await? {
                return Ok(confirmed);
            }
            let approval = caller.own(hub, id).await?;
            // A code may have confirmed the session before its approval could.
            let by_code = caller.is_confirmed() && approval.purpose != Purpose::Transaction;
            if by_code { Ok(Confirmed::Already) } else { Err(Problem::not_approved()) }
        }
    }
}
