//! Users: registering, their status, deleting them.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{
    authorized::Authorized,
    lookup::{user, user_mut},
    named::Named,
    refusal::Refusal,
    slow::hold,
};
use crate::{
    number::PhoneNumber,
    param::{Fields, Param},
    phone::Phone,
    simulator::Simulator,
};

pub(super) async fn create(State(simulator): State<Simulator>, params: Authorized) -> Result<Json<Value>, Refusal> {
    let none = Param::Map(Fields::new());
    let user = params.get("user").unwrap_or(&none);
    let text = |name| user.get(name).and_then(Param::text).unwrap_or_default();
    let email = text("email");
    let number = PhoneNumber::parse(&text("country_code"), &text("cellphone"));
    let (number, email) = match (number, is_email(&email)) {
        (Some(number), true) => (number, email),
        (Some(_), false) => return Err(Refusal::InvalidUser(&["email"])),
        (None, true) => return Err(Refusal::InvalidUser(&["cellphone"])),
        (None, false) => return Err(Refusal::InvalidUser(&["cellphone", "email"])),
    };
    let (id, slow_ms) = simulator.store.change(|state, now| {
        let phone = state.phone_of(&number, now, &simulator.entropy);
        if phone.switches.provider_down {
            return Err(Refusal::Down);
        }
        phone.add_email(email);
        Ok((phone.authy_id, phone.switches.slow_ms))
    })?;
    hold(&simulator, slow_ms).await;
    Ok(Json(json!({ "message": "User created successfully.", "user": { "id": id }, "success": true })))
}

pub(super) async fn status(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    _: Authorized,
) -> Result<Json<Value>, Refusal> {
    let status = simulator.store.read(|state, _| user(state, &id).map(status_of))?;
    Ok(Json(json!({ "status": status, "message": "User status.", "success": true })))
}

pub(super) async fn update(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    params: Authorized,
) -> Result<Json<Value>, Refusal> {
    let email = params.get("user").and_then(|user| user.get("email")).or(params.get("email")).and_then(Param::text);
    let email = email.filter(|email| is_email(email)).ok_or(Refusal::InvalidUser(&["email"]))?;
    simulator.store.change(|state, _| user_mut(state, &id).map(|phone| phone.add_email(email)))?;
    Ok(Json(json!({ "message": "User was updated successfully.", "success": true })))
}

pub(super) async fn register_activity(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    _: Authorized,
) -> Result<Json<Value>, Refusal> {
    simulator.store.read(|state, _| user(state, &id).map(|_| ()))?;
    Ok(Json(json!({ "message": "Activity was created.", "success": true })))
}

/// The newer spelling, which has words of its own.
pub(super) async fn remove(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    _: Authorized,
) -> Result<Json<Value>, Refusal> {
    forget(&simulator, &id)?;
    Ok(Json(json!({ "message": "User was added to remove.", "success": true })))
}

pub(super) async fn delete(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    _: Authorized,
) -> Result<Json<Value>, Refusal> {
    forget(&simulator, &id)?;
    Ok(Json(json!({ "message": "User removed from application", "success": true })))
}

fn forget(simulator: &Simulator, id: &str) -> Result<(), Refusal> {
    simulator.store.change(|state, _| {
        let authy_id = user(state, id)?.authy_id;
        state.phones.retain(|phone| phone.authy_id != authy_id);
        Ok(())
    })
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !text.contains(' '))
}

fn status_of(phone: &Phone) -> Value {
    let has_app = phone.switches.has_app;
    let device = json!({
        "os_type": "android", "device_type": "authy", "creation_date": phone.registered_at.unix_timestamp(),
    });
    json!({
        "authy_id": phone.authy_id,
        "confirmed": phone.confirmed,
        "registered": has_app,
        "country_code": phone.number.country_code,
        "phone_number": phone.number.ending_in_four(),
        "devices": if has_app { vec!["android"] } else { vec![] },
        "has_hard_token": false,
        "account_disabled": false,
        "detailed_devices": if has_app { vec![device] } else { vec![] },
    })
}
