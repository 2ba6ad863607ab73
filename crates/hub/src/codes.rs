//! Codes instead of a tap: sent by SMS or call, or read from the authenticator; typed once.

use approval::{Approval, Channel, Purpose};
use provider::{Code, CodeCheck, ProviderError};
use storage::{Attempt, AttemptKind, CodeConfirmed, Completed, Limit};
use time::Duration;

use crate::{
    hub::Hub,
    problem::Problem,
    proof::{Confirmed, Proof},
    visitor::{Caller, MaybeCaller, attempts_on},
};

/// Wrong codes for one phone, over all sessions and channels.
const WRONG_CODES: Limit = Limit { count: 5, window: Duration::minutes(10) };
/// Codes sent to one phone.
const SENT_CODES: Limit = Limit { count: 5, window: Duration::minutes(10) };

/// Sends a code because somebody asked for it: forced, also to a phone with the app.
pub(crate) async fn send(hub: &Hub, caller: &Caller, channel: Channel) -> Result<(), Problem> {
    if caller.is_confirmed() {
        return Err(Problem::already_signed_in());
    }
    let session = &caller.session;
    let counted = hub.storage.count_attempt(AttemptKind::CodeSent, &caller.attempts(), SENT_CODES).await?;
    let attempt = counted.map_err(|limited| Problem::too_many("codes were sent", limited))?;
    let sent = hub.provider.send_code(&session.provider_user, channel, None).await;
    let arrived = sent.as_ref().is_ok_and(|sent| !sent.ignored);
    hub.storage.code_sent(session.id, session.user, channel, arrived).await?;
    if !arrived && !matches!(sent, Err(ProviderError::Slow(_))) {
        hub.storage.forgive(attempt).await?;
    }
    if sent?.ignored { Err(Problem::provider_unavailable()) } else { Ok(()) }
}

/// Sends a code by itself when the push cannot reach the phone, so that the code form has something to wait for.
pub(crate) async fn send_unasked(hub: &Hub, approval: &Approval) {
    let attempts = attempts_on(&approval.provider_user, approval.purpose == Purpose::SignUp);
    let sent = match hub.storage.count_attempt(AttemptKind::CodeSent, &attempts, SENT_CODES).await {
        Ok(Ok(_)) => {
            hub.provider.send_code(&approval.provider_user, Channel::Sms, None).await.is_ok_and(|sent| !sent.ignored)
        }
        Ok(Err(_)) => false,
        Err(error) => return tracing::error!(%error, "the codes sent could not be counted"),
    };
    if let Err(error) = hub.storage.code_sent(approval.session, approval.user, Channel::Sms, sent).await {
        tracing::error!(%error, "a sent code could not be written down");
    }
}

/// Checks a typed code and, if the provider accepts it and it never counted before, confirms the session. A lost
/// answer may be asked for again with the same code.
pub(crate) async fn check(hub: &Hub, caller: MaybeCaller, text: &str) -> Result<Confirmed, Problem> {
    let caller = caller.0.ok_or_else(Problem::no_session)?;
    let code = text.trim().parse::<Code>().map_err(|_| Problem::invalid_code())?;
    let proof = Proof::by_code(hub, &code);
    if let Some(confirmed) = proof.shown_before(hub, &caller)? {
        return Ok(confirmed);
    }
    if caller.is_confirmed() {
        return Ok(Confirmed::Already);
    }
    let confirmed = match accepted(hub, &caller, &code).await? {
        Some(attempt) => confirm(hub, &caller, &code, &proof, attempt).await?,
        None => None,
    };
    match confirmed {
        Some(confirmed) => Ok(confirmed),
        // A second click has asked about the code that the first one has just used.
        None => proof.shown_meanwhile(hub, &caller).await?.ok_or_else(Problem::invalid_code),
    }
}

/// Asks the provider about a code. Counted before, so that no number of codes at once passes the limit.
async fn accepted(hub: &Hub, caller: &Caller, code: &Code) -> Result<Option<Attempt>, Problem> {
    let counted = hub.storage.count_attempt(AttemptKind::Code, &caller.attempts(), WRONG_CODES).await?;
    let attempt = counted.map_err(|limited| Problem::too_many("wrong codes", limited))?;
    match hub.provider.check_code(&caller.session.provider_user, code, None).await {
        Ok(CodeCheck::Accepted) => Ok(Some(attempt)),
        Ok(CodeCheck::Refused) => {
            hub.storage.code_wrong(&caller.session).await?;
            Ok(None)
        }
        // Without an answer the code may have been tried: the attempt stays counted.
        Err(error @ (ProviderError::Slow(_) | ProviderError::Unexpected { .. })) => Err(error.into()),
        Err(error) => {
            hub.storage.forgive(attempt).await?;
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
) -> Result<Option<Confirmed>, Problem> {
    let (next, tokens) = proof.new_token(hub, caller);
    let hash = hub.key.code_hash(code.expose());
    match hub.storage.confirm_by_code(&caller.session, hash, proof.as_str(), tokens).await? {
        CodeConfirmed::Fresh(Completed::Confirmed, left) => {
            for approval in &left {
                hub.changed(approval);
            }
            if let Err(error) = hub.storage.forgive(attempt).await {
                tracing::warn!(%error, "a right code stays counted");
            }
            Ok(Some(Confirmed::With(next)))
        }
        CodeConfirmed::Fresh(Completed::AlreadyRegistered, _) => Err(Problem::already_registered()),
        CodeConfirmed::Fresh(_, _) => Err(Problem::no_session()),
        CodeConfirmed::Used => Ok(None),
    }
}
