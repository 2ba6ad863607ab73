//! Transactions: a person who is in has something approved on the phone, or by a code that is good for it alone.

use approval::{Approval, ApprovalId, Channel, Delivery, Purpose, Status};
use storage::{Asked, CodeApproved, Subject};

use crate::{
    caller::Caller,
    hub::Hub,
    phone::{follow, sending},
    refusal::Refusal,
    steps::{begin::count_push, codes, draft, proof::Proof, turn::in_turn},
    text::code::typed_code,
    throttle,
    visitor::Visitor,
    wanted::Wanted,
};

/// Asks the phone of whoever is in. The same form sent twice, by its `id`, asks once.
///
/// # Errors
/// [`Refusal::NoSession`], [`Refusal::NotFound`], [`Refusal::NewPasswordNeeded`], [`Refusal::Withheld`], or a limit that is reached.
pub async fn begin(hub: &Hub, caller: &Caller, id: ApprovalId, wanted: Wanted) -> Result<Approval, Refusal> {
    if !caller.is_confirmed() {
        return Err(Refusal::NoSession);
    }
    let session = &caller.session;
    if session.password_doubted {
        return Err(Refusal::NewPasswordNeeded);
    }
    let draft = draft::transaction(hub, caller, id, wanted).ok_or(Refusal::NoSession)?;
    let attempt = count_push(hub, Subject::phone(&session.provider_user, caller.is_sign_up())).await?;
    let asked = hub
        .storage
        .transactions()
        .begin(id, session.user, session.id, |taken| draft::numbered(draft, hub, taken))
        .await?;
    if !matches!(asked, Asked::Now(_)) {
        // Nothing is sent, so a form sent twice uses up one.
        hub.storage.limits().take_back(attempt).await?;
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
        Asked::Before(_) => Err(Refusal::NotFound),
        Asked::Ended => Err(Refusal::NoSession),
    }
}

/// Asks the phone for what a form says. The same form sent twice asks once; a form that comes back with other content
/// asks anew. `id` is that of the form.
///
/// # Errors
/// As [`begin`].
pub async fn begin_by_form(
    hub: &Hub,
    caller: &Caller,
    id: Option<ApprovalId>,
    wanted: Wanted,
) -> Result<Approval, Refusal> {
    let id = match id {
        Some(id) => match hub.storage.approvals().find(id).await? {
            Some(before) if !wanted.is_shown_by(&before) => hub.new_approval_id(),
            _ => id,
        },
        None => hub.new_approval_id(),
    };
    begin(hub, caller, id, wanted).await
}

/// Sends a code that is good for this transaction alone.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::AlreadyDecided`], a limit that is reached, or the provider does not send it.
pub async fn send_code(
    hub: &Hub,
    caller: &Caller,
    visitor: &Visitor,
    id: ApprovalId,
    channel: Channel,
) -> Result<(), Refusal> {
    let approval = own(hub, caller, id).await?;
    if approval.status.is_final() {
        return Err(Refusal::AlreadyDecided);
    }
    let attempt = sending::count_sending(hub, caller, visitor).await?;
    let sent = sending::deliver(hub, attempt, &approval.provider_user, channel, Some(&approval)).await;
    if let Some(now) = hub.storage.transactions().record_code_sent(id, channel, sent.is_ok()).await? {
        hub.changed(&now);
    }
    sent
}

/// Approves the transaction by a typed code, if the provider accepts it for this transaction and it never counted. The
/// same again, after a lost answer, finds it approved.
///
/// # Errors
/// [`Refusal::InvalidTransactionCode`], [`Refusal::MalformedCode`], [`Refusal::AlreadyDecided`], or a limit that is reached.
pub async fn approve_by_code(hub: &Hub, caller: &Caller, id: ApprovalId, text: &str) -> Result<Approval, Refusal> {
    let before = approved_before(hub, caller, id).await?;
    let code = typed_code(text).ok_or(Refusal::MalformedCode)?;
    if let Some(approved) = before {
        return Ok(approved);
    }
    let work = Box::pin(async {
        // This may be a second click, and the first may just have approved it.
        if let Some(approved) = approved_before(hub, caller, id).await? {
            return Ok(approved);
        }
        let accepted = codes::accepted(hub, caller, &code, Some(id)).await?;
        let attempt = accepted.ok_or(Refusal::InvalidTransactionCode)?;
        match hub.storage.codes().approve_by_code(&caller.session, id, hub.key.code_hash(code.expose())).await? {
            Some(CodeApproved::Fresh(now)) => {
                hub.changed(&now);
                codes::forgive_right(hub, attempt).await;
                if now.status == Status::Approved { Ok(*now) } else { Err(Refusal::AlreadyDecided) }
            }
            Some(CodeApproved::Used) => Err(Refusal::InvalidTransactionCode),
            None => Err(Refusal::NotFound),
        }
    });
    in_turn(hub, id, &Proof::by_code(hub, &code), codes::may_try(hub, caller), work).await
}

/// The transaction, if it is approved already; `None` while it is pending.
async fn approved_before(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Option<Approval>, Refusal> {
    let approval = own(hub, caller, id).await?;
    match approval.status {
        Status::Pending => Ok(None),
        Status::Approved => Ok(Some(approval)),
        _ => Err(Refusal::AlreadyDecided),
    }
}

/// The transaction of this session, pending or not.
///
/// # Errors
/// [`Refusal::NotFound`] if it is not.
pub async fn own(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Approval, Refusal> {
    let approval = caller.own(hub, id).await?;
    if approval.purpose == Purpose::Transaction { Ok(approval) } else { Err(Refusal::NotFound) }
}
