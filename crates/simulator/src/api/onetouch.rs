//! Approval requests: asking a phone, and reading what it said.

use std::time::Duration;

use axum::{Json, extract::State};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::timeout;
use uuid::Uuid;

use super::{authorized::Authorized, lookup::user_mut, named::Named, refusal::Refusal};
use crate::{
    param::Param,
    phone::Phone,
    request::{Logo, Request, Wanted},
    simulator::Simulator,
    state::App,
};

/// How long an answer is held for the switch "out of order".
const HOLD: Duration = Duration::from_secs(30);

pub(super) async fn create(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    params: Authorized,
) -> Result<Json<Value>, Refusal> {
    let wanted = wanted(&params)?;
    let (uuid, out_of_order) = simulator.store.change(|state, now| {
        let phone = user_mut(state, &id)?;
        if !phone.switches.has_app {
            return Err(Refusal::NoDevice);
        }
        Ok((phone.ask(wanted, now, &simulator.entropy), phone.switches.out_of_order))
    })?;
    if out_of_order {
        let _ = timeout(HOLD, simulator.shutdown.run_until_cancelled(called_back(&simulator, uuid))).await;
    }
    Ok(Json(json!({ "approval_request": { "uuid": uuid }, "success": true })))
}

pub(super) async fn read(
    State(simulator): State<Simulator>,
    Named(uuid): Named<String>,
    _: Authorized,
) -> Result<Json<Value>, Refusal> {
    simulator.store.change(|state, now| {
        let app = state.app.clone();
        let known = Uuid::parse_str(&uuid).ok().and_then(|uuid| Some((uuid, state.phone_asked(uuid)?)));
        let (uuid, phone) = known.ok_or(Refusal::RequestNotFound(uuid))?;
        if phone.switches.provider_down {
            return Err(Refusal::Down);
        }
        if let Some(request) = phone.request(uuid) {
            request.settle(now);
        }
        let request = phone.requests.iter().find(|request| request.uuid == uuid);
        let request = request.map(|request| report(&simulator.settings.name, &app, phone, request, now));
        Ok(Json(json!({ "approval_request": request, "success": true })))
    })
}

fn wanted(params: &Authorized) -> Result<Wanted, Refusal> {
    let any = |name| params.get(name).cloned().unwrap_or(Param::Null);
    Ok(Wanted {
        message: params.text("message").ok_or(Refusal::Missing("message"))?,
        details: any("details"),
        hidden_details: any("hidden_details"),
        logos: logos(params)?,
        seconds_to_expire: match params.text("seconds_to_expire") {
            None => Request::DEFAULT_SECONDS,
            Some(text) => text.parse().map_err(|_| Refusal::NotAnInteger { name: "seconds_to_expire", value: text })?,
        },
    })
}

/// Where there are logos, one must be for the resolution `default`.
fn logos(params: &Authorized) -> Result<Vec<Logo>, Refusal> {
    let elements = params.get("logos").map(Param::elements).unwrap_or_default();
    let logo = |element: &Param| Some(Logo { res: element.get("res")?.text()?, url: element.get("url")?.text()? });
    let logos: Option<Vec<Logo>> = elements.into_iter().map(logo).collect();
    let logos = logos.ok_or(Refusal::Missing("logos[][res] and logos[][url]"))?;
    if logos.is_empty() || logos.iter().any(|logo| logo.res == "default") {
        Ok(logos)
    } else {
        Err(Refusal::Missing("logos[][res]=default"))
    }
}

async fn called_back(simulator: &Simulator, uuid: Uuid) {
    let mut changes = simulator.store.watch();
    let over = || {
        simulator.store.read(|state, _| {
            let request = state.phones.iter().flat_map(|phone| &phone.requests).find(|request| request.uuid == uuid);
            request.is_none_or(|request| request.notified)
        })
    };
    while !over() && changes.changed().await.is_ok() {}
}

fn report(app_name: &str, app: &App, phone: &Phone, request: &Request, now: OffsetDateTime) -> Value {
    let updated_at = request.processed_at.unwrap_or(request.created_at);
    json!({
        "_app_name": app_name,
        "_app_serial_id": app.serial,
        "_authy_id": phone.authy_id,
        "_id": format!("{:.24}", request.uuid.simple().to_string()),
        "_user_email": phone.emails.last(),
        "app_id": app.id,
        "created_at": seconds(request.created_at),
        "notified": request.notified,
        "processed_at": request.processed_at.map(seconds),
        "seconds_to_expire": request.seconds_to_expire,
        "status": request.status(now),
        "updated_at": seconds(updated_at),
        "user_id": format!("{:024x}", phone.authy_id),
        "uuid": request.uuid,
    })
}

/// RFC 3339 without a fraction.
fn seconds(at: OffsetDateTime) -> String {
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    whole.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
