//! Phone verification: a code for a number, whoever has it, and what is known of the number. It makes nobody a user.

use axum::{Json, extract::State};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::format_description};

use super::{authorized::Authorized, refusal::Refusal, slow::hold};
use crate::{
    code::{Inbox, SentCode},
    number::PhoneNumber,
    phone::Phone,
    request::new_uuid,
    simulator::Simulator,
};

/// How long a code is waited for: the provider says 599 s when it has just sent one.
const LIFETIME: Duration = Duration::seconds(599);
/// Digits of a code when the client does not say.
const DIGITS: u8 = 4;
/// Nobody provides the numbers here.
const PROVIDER: &str = "Simulated";

/// Sends a code. It takes the place of one that was sent before.
pub(super) async fn start(State(simulator): State<Simulator>, params: Authorized) -> Result<Json<Value>, Refusal> {
    let (number, digits) = (number(&params)?, digits(&params)?);
    let (inbox, message) = match params.text("via").ok_or(Refusal::Missing("via"))?.as_str() {
        "sms" => (Inbox::Sms, format!("Text message sent to {}.", number.dashed())),
        "call" => (Inbox::Calls, format!("Call to {} was started.", number.dashed())),
        _ => return Err(Refusal::InvalidRequest),
    };
    let (uuid, slow_ms) = simulator.store.change(|state, now| {
        let phone = state.phone_of(&number, now, &simulator.entropy);
        reachable(phone)?;
        let uuid = new_uuid(now, &simulator.entropy);
        phone.receive(inbox, SentCode::verifying(uuid, digits, &simulator.entropy, now));
        Ok((uuid, phone.switches.slow_ms))
    })?;
    hold(&simulator, slow_ms).await;
    Ok(Json(json!({
        "carrier": PROVIDER, "is_cellphone": true, "is_ported": false, "message": message,
        "seconds_to_expire": LIFETIME.whole_seconds(), "uuid": uuid, "success": true,
    })))
}

/// Takes the newest code once, in its time.
pub(super) async fn check(State(simulator): State<Simulator>, params: Authorized) -> Result<Json<Value>, Refusal> {
    let number = number(&params)?;
    let code = params.text("verification_code").ok_or(Refusal::Missing("verification_code"))?;
    let slow_ms = simulator.store.change(|state, now| {
        let none = || Refusal::NothingToVerify(number.dashed());
        let phone = state.phone_with(&number).ok_or_else(none)?;
        reachable(phone)?;
        let slow_ms = phone.switches.slow_ms;
        let sent = phone.verification().filter(|sent| !sent.used && left(sent, now).is_positive()).ok_or_else(none)?;
        if sent.code != code {
            return Err(Refusal::NotVerified);
        }
        sent.used = true;
        Ok(slow_ms)
    })?;
    hold(&simulator, slow_ms).await;
    Ok(Json(json!({ "message": "Verification code is correct.", "success": true })))
}

/// How the newest verification stands.
pub(super) async fn status(State(simulator): State<Simulator>, params: Authorized) -> Result<Json<Value>, Refusal> {
    let number = number(&params)?;
    simulator.store.change(|state, now| {
        let none = || Refusal::NothingToVerify(number.dashed());
        let phone = state.phone_with(&number).ok_or_else(none)?;
        reachable(phone)?;
        let sent = phone.verification().ok_or_else(none)?;
        let left = left(sent, now).whole_seconds().max(0);
        let status = match left {
            _ if sent.used => "verified",
            0 => "expired",
            _ => "pending",
        };
        let message = "Phone Verification status.";
        Ok(Json(json!({ "message": message, "status": status, "seconds_to_expire": left, "success": true })))
    })
}

/// What is known of a number.
pub(super) async fn info(State(simulator): State<Simulator>, params: Authorized) -> Result<Json<Value>, Refusal> {
    number(&params)?;
    let second = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let now = simulator.store.read(|_, now| now).format(second).unwrap_or_default();
    let message = format!("Phone number information as of {now} UTC");
    Ok(Json(json!({
        "message": message, "type": "cellphone", "provider": PROVIDER, "ported": false, "success": true,
    })))
}

fn number(params: &Authorized) -> Result<PhoneNumber, Refusal> {
    let required = |name| params.text(name).ok_or(Refusal::Missing(name));
    let (country_code, phone_number) = (required("country_code")?, required("phone_number")?);
    PhoneNumber::parse(&country_code, &phone_number).ok_or(Refusal::PhoneRefused)
}

fn digits(params: &Authorized) -> Result<u8, Refusal> {
    let name = "code_length";
    let Some(value) = params.text(name) else { return Ok(DIGITS) };
    match value.parse() {
        Ok(digits @ 4..=10) => Ok(digits),
        Ok(_) => Err(Refusal::InvalidRequest),
        Err(_) => Err(Refusal::NotAnInteger { name, value }),
    }
}

const fn reachable(phone: &Phone) -> Result<(), Refusal> {
    if phone.switches.provider_down { Err(Refusal::Down) } else { Ok(()) }
}

fn left(sent: &SentCode, now: OffsetDateTime) -> Duration {
    sent.sent_at + LIFETIME - now
}
