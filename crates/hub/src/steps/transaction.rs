//! Transactions: a person who is in has something approved on the phone, or by a code that is good for it alone.

use approval::{Approval, ApprovalId, Channel, Delivery, Purpose, Status};
use storage::{Asked, CodeApproved, Subject};

use crate::{
    answer::problem::Problem,
    hub::Hub,
    phone::{follow, sending},
    request::{caller::Caller, visitor::Visitor},
    steps::{begin::count_push, codes, draft, proof::Proof, turn::in_turn},
    text::code::typed_code,
    throttle,
    wanted::Wanted,
};

/// Asks the phone of whoever is in. The same form sent twice, by its `id`, asks once.
pub(crate) async fn begin(hub: &Hub, caller: &Caller, id: ApprovalId, wanted: Wanted) -> Result<Approval, Problem> {
    if !caller.is_confirmed() {
        return Err(Problem::no_session());
    }
    let session = &caller.session;
    if session.password_doubted {
        return Err(Problem::new_password_needed());
    }
    let draft = draft::transaction(hub, caller, id, wanted).ok_or_else(Problem::no_session)?;
    let attempt = count_push(hub, Subject::phone(&session.provider_user, caller.is_sign_up())).await?;
    let asked =
        hub.storage.begin_transaction(id, session.user, session.id, |taken| draft::numbered(draft, hub, taken)).await?;
    if !matches!(asked, Asked::Now(_)) {
        // Nothing is sent, so a form sent twice uses up one.
        hub.storage.forgive(attempt).await?;
    }
    match asked {
        Asked::Withheld(why) => Err(throttle::withheld(why, hub.clock.now())),
        Asked::Now(approval) if approval.delivery == Delivery::Unavailable => {
            follow::by_code_alone(hub, (*approval).clone());
            Ok(*approval)
        }
        Asked::Now(approval) => {
            follow::push_and_follow(hub, (*approval).clone());
            Ok(*approval)
        }
        Asked::Before(before) if before.session == session.id => Ok(*before),
        Asked::Before(_) => Err(Problem::not_found()),
        Asked::Ended => Err(Problem::no_session()),
    }
}

/// Sends a code that is good for this transaction alone.
pub(crate) async fn send_code(
    hub: &Hub,
    caller: &Caller,
    visitor: &Visitor,
    id: ApprovalId,
    channel: Channel,
) -> Result<(), Problem> {
    let approval = own(hub, caller, id).await?;
    if approval.status.is_final() {
        return Err(Problem::already_decided());
    }
    let attempt = sending::count_sending(hub, caller, visitor).await?;
    let sent = sending::deliver(hub, attempt, &approval.provider_user, channel, Some(&approval)).await;
    if let Some(now) = hub.storage.transaction_code_sent(id, channel, sent.is_ok()).await? {
        hub.changed(&now);
    }
    sent
}

/// Approves the transaction by a typed code, if the provider accepts it for this transaction and it never counted. The
/// same again, after a lost answer, finds it approved.
pub(crate) async fn approve_by_code(
    hub: &Hub,
    caller: &Caller,
    id: ApprovalId,
    text: &str,
) -> Result<Approval, Problem> {
    let before = approved_before(hub, caller, id).await?;
    let code = typed_code(text).ok_or_else(Problem::malformed_code)?;
    if let Some(approved) = before {
        return Ok(approved);
    }
    let work = Box::pin(async {
        // This may be a second click, and the first may just have approved it.
        if let Some(approved) = approved_before(hub, caller, id).await? {
            return Ok(approved);
        }
        let accepted = codes::accepted(hub, caller, &code, Some(id)).await?;
        let attempt = accepted.ok_or_else(Problem::invalid_transaction_code)?;
        match hub.storage.approve_by_code(&caller.session, id, hub.key.code_hash(code.expose())).await? {
            Some(CodeApproved::Fresh(now)) => {
                hub.changed(&now);
                codes::forgive_right(hub, attempt).await;
                if now.status == Status::Approved { Ok(*now) } else { Err(Problem::already_decided()) }
            }
            Some(CodeApproved::Used) => Err(Problem::invalid_transaction_code()),
            None => Err(Problem::not_found()),
        }
    });
    in_turn(hub, id, &Proof::by_code(hub, &code), codes::may_try(hub, caller), work).await
}

/// The transaction, if it is approved already; `None` while it is pending.
async fn approved_before(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Option<Approval>, Problem> {
    let approval = own(hub, caller, id).await?;
    match approval.status {
        Status::Pending => Ok(None),
        Status::Approved => Ok(Some(approval)),
        _ => Err(Problem::already_decided()),
    }
}

/// The transaction of this session, pending or not.
pub(crate) async fn own(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Approval, Problem> {
    let approval = caller.own(hub, id).await?;
    if approval.purpose == Purpose::Transaction { Ok(approval) } else { Err(Problem::not_found()) }
}
