//! One-time codes: sending one, checking one.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{authorized::Authorized, lookup::user_mut, named::Named, refusal::Refusal};
use crate::{
    code::{Inbox, SentCode, Verdict},
    phone::Phone,
    simulator::Simulator,
};

/// How a code travels, and the provider's words for it.
struct Channel {
    inbox: Inbox,
    sent: &'static str,
    ignored: &'static str,
}

const SMS: Channel = Channel {
    inbox: Inbox::Sms,
    sent: "SMS token was sent",
    ignored: "Ignored: SMS is not needed for smartphones. Pass force=true if you want to actually send it anyway.",
};

const CALL: Channel = Channel {
    inbox: Inbox::Calls,
    sent: "Call started...",
    ignored: "Call ignored. User is using  App Tokens and this call is not necessary. \
              Pass force=true if you still want to call users that are using the App.",
};

pub(super) async fn sms(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    params: Authorized,
) -> Result<Json<Value>, Refusal> {
    send(&simulator, &id, &params, &SMS)
}

pub(super) async fn call(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    params: Authorized,
) -> Result<Json<Value>, Refusal> {
    send(&simulator, &id, &params, &CALL)
}

/// By email a code is always sent.
pub(super) async fn email(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    params: Authorized,
) -> Result<Json<Value>, Refusal> {
    simulator.store.change(|state, now| {
        let phone = user_mut(state, &id)?;
        let code = SentCode::new(&simulator.entropy, now, params.text("action"), params.text("action_message"));
        phone.receive(Inbox::Mail, code);
        let to = phone.emails.last();
        Ok(Json(json!({ "message": "Email token was sent", "email": to, "success": true })))
    })
}

/// Without `force=true`, until the user has the app or typed a code once, every token is taken: the provider locks
/// nobody out who is still setting up. A client that forgets `force=true` is caught here.
pub(super) async fn verify(
    State(simulator): State<Simulator>,
    Named((token, id)): Named<(String, String)>,
    params: Authorized,
) -> Result<Json<Value>, Refusal> {
    let action = params.text("action");
    simulator.store.change(|state, now| {
        let phone = user_mut(state, &id)?;
        phone.checked += 1;
        let known = phone.confirmed || phone.switches.has_app;
        if !known && !params.flag("force") {
            return Ok(valid(phone));
        }
        match phone.check(&token, action.as_deref(), now) {
            Verdict::Valid => Ok(valid(phone)),
            Verdict::Reused => Err(Refusal::TokenReused),
            Verdict::Invalid => Err(Refusal::TokenInvalid),
        }
    })
}

fn send(simulator: &Simulator, id: &str, params: &Authorized, channel: &Channel) -> Result<Json<Value>, Refusal> {
    simulator.store.change(|state, now| {
        let phone = user_mut(state, id)?;
        let cellphone = phone.number.ending_in_two();
        if phone.switches.has_app && !params.flag("force") {
            return Ok(Json(json!({
                "message": channel.ignored, "cellphone": cellphone, "device": "android", "ignored": true,
                "success": true,
            })));
        }
        let code = SentCode::new(&simulator.entropy, now, params.text("action"), params.text("action_message"));
        phone.receive(channel.inbox, code);
        Ok(Json(json!({ "success": true, "message": channel.sent, "cellphone": cellphone })))
    })
}

/// `success` is a text here, and here only.
fn valid(phone: &Phone) -> Json<Value> {
    Json(json!({
        "message": "Token is valid.",
        "token": "is valid",
        "success": "true",
        "device": {
            "id": null,
            "os_type": "sms",
            "registration_date": phone.registered_at.unix_timestamp(),
            "registration_method": null,
            "registration_country": null,
            "registration_region": null,
            "registration_city": null,
            "country": null,
            "region": null,
            "city": null,
            "ip": null,
            "last_account_recovery_at": null,
            "last_sync_date": null,
        },
    }))
}
