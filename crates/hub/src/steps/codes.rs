//! Codes instead of a tap, from a text message, a call or the authenticator: typed, and good for once.

use approval::{ApprovalId, told};
use provider::{Code, CodeCheck, ProviderError};
use storage::{Attempt, CodeConfirmed, CodeLimits, Completed, LimitName, NotTried};

use crate::{
    caller::{Caller, MaybeCaller},
    hub::Hub,
    refusal::Refusal,
    steps::{
        invitations,
        proof::{Confirmed, Proof},
        turn::in_turn,
    },
    text::code::typed_code,
    throttle::{self, WRONG_CODES_IN_A_ROW},
};

/// Checks a typed code and, if the provider accepts it and it never counted before, confirms the session. A lost
/// answer may be asked for again with the same code.
///
/// # Errors
/// [`Refusal::InvalidCode`], [`Refusal::MalformedCode`], [`Refusal::CodeInWork`], [`Refusal::NoSession`],
/// [`Refusal::AlreadyRegistered`], [`Refusal::InvalidInvitation`], or a limit that is reached.
pub async fn check(hub: &Hub, caller: MaybeCaller, text: &str) -> Result<Confirmed, Refusal> {
    let caller = caller.0.ok_or(Refusal::NoSession)?;
    let code = typed_code(text).ok_or(Refusal::MalformedCode)?;
    let proof = Proof::by_code(hub, &code);
    if let Some(confirmed) = proof.shown_before(hub, &caller)? {
        return Ok(confirmed);
    }
    if caller.is_confirmed() {
        return Ok(Confirmed::Already);
    }
    invitations::still_allowed(hub, &caller.session)?;
    let may_begin = may_try(hub, &caller);
    let work = Box::pin(async {
        // This may be a second click, and the first may just have got in.
        if let Some(confirmed) = proof.shown_meanwhile(hub, &caller).await? {
            return Ok(confirmed);
        }
        let attempt = accepted(hub, &caller, &code, None).await?.ok_or(Refusal::InvalidCode)?;
        confirm(hub, &caller, &code, &proof, attempt).await?.ok_or(Refusal::InvalidCode)
    });
    let confirmed = in_turn(hub, caller.session.id, &proof, may_begin, work).await;
    // A tap may have been quicker, and another tab of this browser has the new token. That may be in use by now, so that
    // ours leads nowhere any more: the session itself is asked.
    if confirmed.is_err() && is_in_meanwhile(hub, &caller).await { Ok(Confirmed::Already) } else { confirmed }
}

async fn is_in_meanwhile(hub: &Hub, caller: &Caller) -> bool {
    hub.storage.sessions().is_confirmed(caller.session.id).await.unwrap_or_else(|error| {
        tracing::error!(error = %told(&error), "a session could not be read");
        false
    })
}

/// Checks whether a code may be tried at all, so that a reached limit refuses without waiting.
///
/// # Errors
/// The refusal by the limit that is reached.
pub(crate) async fn may_try(hub: &Hub, caller: &Caller) -> Result<(), Refusal> {
    let refused = hub.storage.codes().refusal(&caller.session, &limits(caller)).await?;
    refused.map_or(Ok(()), |refused| Err(not_tried(refused)))
}

fn limits(caller: &Caller) -> CodeLimits {
    throttle::wrong_codes(caller.session.user, &caller.session.provider_user, caller.is_sign_up())
}

fn not_tried(refused: NotTried) -> Refusal {
    match refused {
        NotTried::Limited(limited) => throttle::reached(LimitName::WrongCodes, limited),
        NotTried::Off => throttle::codes_off(),
    }
}

/// Asks the provider about a code, for one transaction alone if there is one. Counted before, so that no number of
/// codes at once passes the limit.
pub(crate) async fn accepted(
    hub: &Hub,
    caller: &Caller,
    code: &Code,
    transaction: Option<ApprovalId>,
) -> Result<Option<Attempt>, Refusal> {
    let session = &caller.session;
    let attempt = hub.storage.codes().count_try(session, &limits(caller)).await?.map_err(not_tried)?;
    let action = transaction.map(|id| id.to_string());
    match hub.provider.check_code(&session.provider_user, code, action.as_deref()).await {
        Ok(CodeCheck::Accepted) => Ok(Some(attempt)),
        Ok(CodeCheck::Refused) => {
            hub.storage.codes().code_wrong(session, WRONG_CODES_IN_A_ROW).await?;
            Ok(None)
        }
        // Without an answer the code may have been tried: the attempt stays counted.
        Err(error @ (ProviderError::Slow(_) | ProviderError::Unexpected { .. })) => Err(error.into()),
        Err(error) => {
            hub.storage.codes().not_tried(session, &attempt).await?;
            Err(error.into())
        }
    }
}

/// Confirms the session by an accepted code. `None`: the code had counted before.
async fn confirm(
    hub: &Hub,
    caller: &Caller,
    code: &Code,
    proof: &Proof,
    attempt: Attempt,
) -> Result<Option<Confirmed>, Refusal> {
    let (next, tokens) = proof.new_token(hub, caller);
    let hash = hub.key.code_hash(code.expose());
    match hub.storage.codes().confirm_by_code(&caller.session, hash, proof.as_str(), tokens).await? {
        CodeConfirmed::Fresh(Completed::Confirmed, left) => {
            for approval in &left {
                hub.changed(approval);
            }
            forgive_right(hub, attempt).await;
            Ok(Some(Confirmed::With(next)))
        }
        CodeConfirmed::Fresh(completed, _) => {
            // It was right, whatever else was in the way.
            if let Err(error) = hub.storage.codes().not_tried(&caller.session, &attempt).await {
                tracing::warn!(error = %told(&error), "a right code stays counted");
            }
            Err(match completed {
                Completed::AlreadyRegistered => Refusal::AlreadyRegistered,
                Completed::AddressesLimited(limited) => throttle::reached(LimitName::Addresses, limited),
                Completed::InvitationUsedUp => Refusal::InvalidInvitation,
                Completed::Confirmed | Completed::Consumed | Completed::NotApproved => Refusal::NoSession,
            })
        }
        CodeConfirmed::Used => Ok(None),
    }
}

/// A right code is no attempt.
pub(crate) async fn forgive_right(hub: &Hub, attempt: Attempt) {
    if let Err(error) = hub.storage.limits().take_back(attempt).await {
        tracing::warn!(error = %told(&error), "a right code stays counted");
    }
}
