//! Codes on their way to the phone, by text message or call: because somebody asked for one, or by itself where no push
//! gets through. Knows nothing of what is typed.

use approval::{Approval, Channel, ProviderUserId, Purpose, Shown, told};
use provider::{Action, ProviderError};
use storage::{Attempt, AttemptKind, CallWait, LimitName, Limited, StorageError, Subject};

use crate::{
    caller::Caller,
    hub::Hub,
    network::Network,
    person::calling_code,
    refusal::Refusal,
    throttle::{self, ALARM, Sending, WRONG_CODES_IN_A_ROW},
    visitor::Visitor,
};

/// Characters that the provider takes beside a code.
const ACTION_MESSAGE: usize = 255;

/// Sends a code because somebody asked for it: forced, also to a phone with the app.
///
/// # Errors
/// [`Refusal::AlreadySignedIn`], [`Refusal::TextFirst`], [`Refusal::CodesOff`], a limit that is reached, or the provider does not send it.
pub async fn send(hub: &Hub, caller: &Caller, visitor: &Visitor, channel: Channel) -> Result<(), Refusal> {
    if caller.is_confirmed() {
        return Err(Refusal::AlreadySignedIn);
    }
    let session = &caller.session;
    if caller.is_sign_up() && channel == Channel::Call {
        may_call(hub, &session.provider_user).await?;
    }
    let attempt = count_sending(hub, caller, visitor).await?;
    if caller.is_sign_up() && channel == Channel::Sms {
        hub.storage.sign_ups().record_text(&session.provider_user).await?;
    }
    let sent = deliver(hub, attempt, &session.provider_user, channel, None).await;
    hub.storage.codes().record_sent(session.id, session.user, channel, sent.is_ok()).await?;
    sent
}

/// An unproven phone is called only a minute after a text message: a call costs more, and rings.
async fn may_call(hub: &Hub, phone: &ProviderUserId) -> Result<(), Refusal> {
    match hub.storage.sign_ups().call_wait(phone).await? {
        CallWait::Over => Ok(()),
        CallWait::Until(until) => Err(Refusal::TextFirst(Some(Limited { retry_after: until - hub.clock.now() }))),
        CallWait::TextFirst => Err(Refusal::TextFirst(None)),
    }
}

/// Sends a code by itself when the push cannot reach the phone, so that the code form has something to wait for.
pub(crate) async fn send_unasked(hub: &Hub, approval: &Approval) {
    let transaction = (approval.purpose == Purpose::Transaction).then_some(approval);
    let sent = match count_unasked(hub, approval).await {
        Ok(attempt) => {
            note_text(hub, approval).await;
            deliver(hub, attempt, &approval.provider_user, Channel::Sms, transaction).await.is_ok()
        }
        Err(_) => false,
    };
    let written = if transaction.is_some() {
        let now = hub.storage.transactions().record_code_sent(approval.id, Channel::Sms, sent).await;
        now.map(|now| now.iter().for_each(|now| hub.changed(now)))
    } else {
        hub.storage.codes().record_sent(approval.session, approval.user, Channel::Sms, sent).await
    };
    if let Err(error) = written {
        tracing::error!(error = %told(&error), "a sent code could not be written down");
    }
}

/// A text message of a sign-up makes a call possible.
async fn note_text(hub: &Hub, approval: &Approval) {
    if approval.purpose == Purpose::SignUp
        && let Err(error) = hub.storage.sign_ups().record_text(&approval.provider_user).await
    {
        tracing::error!(error = %told(&error), "a text message was not recorded; a call is possible only after another");
    }
}

/// Counts a code that will be sent because whoever has this session asked for it.
pub(crate) async fn count_sending(hub: &Hub, caller: &Caller, visitor: &Visitor) -> Result<Attempt, Refusal> {
    let session = &caller.session;
    let sending = Sending {
        user: session.user,
        provider_user: &session.provider_user,
        sign_up: caller.is_sign_up(),
        network: visitor.network,
        country: calling_code(session.phone.expose()),
    };
    let counted = count(hub, &sending).await;
    if counted.is_err() {
        hub.storage.limits().note_reached(session, LimitName::SentCodes).await?;
    }
    counted
}

/// Counts one that will be sent by itself: against the network that the session was begun from.
async fn count_unasked(hub: &Hub, approval: &Approval) -> Result<Attempt, Refusal> {
    let known = hub.storage.sessions().origin(approval.session).await?;
    let (phone, network) = known.ok_or(Refusal::NoSession)?;
    let sending = Sending {
        user: approval.user,
        provider_user: &approval.provider_user,
        sign_up: approval.purpose == Purpose::SignUp,
        network: network.as_deref().and_then(Network::named),
        country: calling_code(phone.expose()),
    };
    count(hub, &sending).await
}

/// No code is sent that would not be taken.
async fn count(hub: &Hub, sending: &Sending<'_>) -> Result<Attempt, Refusal> {
    if hub.storage.codes().are_off(sending.user, WRONG_CODES_IN_A_ROW).await? {
        return Err(throttle::codes_off());
    }
    let (limits, shares) = throttle::sent_codes(&hub.settings.limits, sending);
    let counted = hub.storage.limits().count_shared(AttemptKind::CodeSent, &limits, &shares).await?;
    if counted.is_err() && sending.sign_up {
        raise_alarm(hub).await?;
    }
    counted.map_err(|limited| throttle::reached(LimitName::SentCodes, limited))
}

/// Logs an error, at most once an hour, when all codes for sign-ups are used up.
async fn raise_alarm(hub: &Hub) -> Result<(), StorageError> {
    let (subject, limit) = throttle::all_sign_up_codes(&hub.settings.limits);
    if !hub.storage.limits().is_used_up(AttemptKind::CodeSent, &subject, limit).await? {
        return Ok(());
    }
    let alarm = hub.storage.limits().count(AttemptKind::CodeSent, &[(Subject::alarm(&subject), ALARM)]).await?;
    if alarm.is_ok() {
        tracing::error!(
            codes_per_hour = hub.settings.limits.codes_per_hour,
            "all codes for sign-ups of this hour are sent, so people can sign up only with the app; if strangers used \
             them up, set SIGN_UP to invited; if the sign-ups are genuine, raise CODES_PER_HOUR"
        );
    }
    Ok(())
}

/// Has the provider send a code, for one transaction alone if there is one. What surely was not sent does not count.
pub(crate) async fn deliver(
    hub: &Hub,
    attempt: Attempt,
    to: &ProviderUserId,
    channel: Channel,
    transaction: Option<&Approval>,
) -> Result<(), Refusal> {
    let named = transaction.map(|approval| (approval.id.to_string(), spoken(&approval.shown)));
    let action = named.as_ref().map(|(name, message)| Action { name, message });
    let sent = hub.provider.send_code(to, channel, action.as_ref()).await;
    let arrived = sent.as_ref().is_ok_and(|sent| !sent.ignored);
    if !arrived && !matches!(sent, Err(ProviderError::Slow(_))) {
        hub.storage.limits().take_back(attempt).await?;
    }
    if sent?.ignored { Err(Refusal::ProviderUnavailable) } else { Ok(()) }
}

/// What stands beside a code: what it approves, with the details if they fit.
fn spoken(shown: &Shown) -> String {
    let details = shown.details().iter().fold(String::new(), |all, (label, value)| format!("{all} {label}: {value}."));
    let stop = if shown.message().ends_with(['.', '?', '!', ':', '…']) { "" } else { "." };
    let whole = format!("{}{stop}{details}", shown.message());
    if whole.chars().count() <= ACTION_MESSAGE { whole } else { shown.message().to_owned() }
}

#[cfg(test)]
mod tests {
    use approval::Details;

    use super::*;

    fn shown(message: &str, value: &str) -> Shown {
        let details = Details::new([("Amount".to_owned(), value.to_owned())]);
        Shown::new(message.to_owned(), details).unwrap()
    }

    #[test]
    fn what_is_read_beside_a_code_is_made_of_sentences() {
        assert_eq!(spoken(&shown("Send money to Jarod", "7")), "Send money to Jarod. Amount: 7.");
        assert_eq!(spoken(&shown("Send money?", "7")), "Send money? Amount: 7.");
    }

    #[test]
    fn details_that_do_not_fit_are_left_out_whole() {
        let message = "m".repeat(140);
        assert_eq!(spoken(&shown(&message, &"1".repeat(200))), message);
    }
}
