//! What the code form says beside its field: why a code is asked for, and how one can be sent. Checks no code.

use storage::{CallWait, Push};

use crate::{caller::Caller, hub::Hub, refusal::Refusal, throttle::WRONG_CODES_IN_A_ROW};

/// How codes and push stand for a session.
#[derive(Debug)]
pub struct CodeForm {
    /// True if no code is taken until something is approved on the phone.
    pub codes_off: bool,
    /// Whether the phone may be asked now, for a session whose phone was not asked.
    pub push: Option<Push>,
    /// When an unproven phone may be called; `None` for a proven one, which may be called now.
    pub call: Option<CallWait>,
}

/// How codes and push stand for the caller's session. `phone_was_asked`: it has an approval.
///
/// # Errors
/// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
pub async fn code_form(hub: &Hub, caller: &Caller, phone_was_asked: bool) -> Result<CodeForm, Refusal> {
    let (session, sign_up) = (&caller.session, caller.is_sign_up());
    let push = match phone_was_asked {
        true => None,
        false if sign_up => Some(hub.storage.sign_ups().may_push(&session.provider_user).await?),
        false => Some(hub.storage.accounts().may_push(session.user).await?),
    };
    let call = if sign_up { Some(hub.storage.sign_ups().call_wait(&session.provider_user).await?) } else { None };
    Ok(CodeForm { codes_off: hub.storage.codes().are_off(session.user, WRONG_CODES_IN_A_ROW).await?, push, call })
}
