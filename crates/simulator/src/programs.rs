//! The phones as JSON, for tests and scripts. What stands here is relied on: fields are added, never changed.

use std::convert::Infallible;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use approval::Status;

use crate::{
    answer::NotAnswered,
    code::SentCode,
    guard,
    param::{Fields, Param},
    phone::{Phone, Switches, SwitchesPatch},
    request::{Logo, Request},
    settings::Settings,
    simulator::Simulator,
    state::CallbackHealth,
};

pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/phones", get(list))
        .route("/phones/{authy_id}", get(show).patch(switch))
        .route("/phones/{authy_id}/requests/{uuid}/approve", post(approve))
        .route("/phones/{authy_id}/requests/{uuid}/deny", post(deny))
        .route("/callback/enable", post(enable_callback))
        .layer(middleware::from_fn(guard::own_origin))
}

#[derive(Serialize)]
struct PhoneView {
    authy_id: u32,
    cellphone: String,
    emails: Vec<String>,
    has_app: bool,
    switches: Switches,
    requests: Vec<RequestView>,
    sms: Vec<CodeView>,
    calls: Vec<CodeView>,
    mail: Vec<CodeView>,
    authenticator: AuthenticatorView,
    checked: u64,
    callback: CallbackView,
}

#[derive(Serialize)]
struct RequestView {
    uuid: Uuid,
    message: String,
    details: Param,
    hidden_details: Param,
    logos: Vec<Logo>,
    status: Status,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

#[derive(Serialize)]
struct CodeView {
    code: String,
    #[serde(with = "time::serde::rfc3339")]
    sent_at: OffsetDateTime,
    action: Option<String>,
    action_message: Option<String>,
    used: bool,
}

#[derive(Serialize)]
struct AuthenticatorView {
    code: String,
    seconds_left: i64,
}

#[derive(Serialize)]
struct CallbackView {
    url: Option<String>,
    method: &'static str,
    disabled: bool,
    consecutive_errors: u32,
}

/// Why a program does not get what it asks for.
enum Refused {
    NotFound,
    NotPending,
    NoApp,
    BadRequest(serde_json::Error),
}

async fn list(State(simulator): State<Simulator>) -> Json<Vec<PhoneView>> {
    Json(simulator.store.read(|state, now| {
        state.phones.iter().map(|phone| view(phone, state.callback, &simulator.settings, now)).collect()
    }))
}

async fn show(State(simulator): State<Simulator>, Path(authy_id): Path<u32>) -> Result<Json<PhoneView>, Refused> {
    let phone = simulator.store.read(|state, now| {
        let phone = state.phones.iter().find(|phone| phone.authy_id == authy_id)?;
        Some(view(phone, state.callback, &simulator.settings, now))
    });
    phone.map(Json).ok_or(Refused::NotFound)
}

async fn switch(
    State(simulator): State<Simulator>,
    Path(authy_id): Path<u32>,
    body: Bytes,
) -> Result<Json<PhoneView>, Refused> {
    let patch: SwitchesPatch = serde_json::from_slice(&body).map_err(Refused::BadRequest)?;
    simulator.store.change(|state, now| {
        let health = state.callback;
        let phone = state.phone(authy_id).ok_or(Refused::NotFound)?;
        phone.switches.apply(&patch);
        Ok(Json(view(phone, health, &simulator.settings, now)))
    })
}

async fn approve(
    State(simulator): State<Simulator>,
    Path((authy_id, uuid)): Path<(u32, Uuid)>,
) -> Result<StatusCode, Refused> {
    answer(&simulator, authy_id, uuid, Status::Approved).await
}

async fn deny(
    State(simulator): State<Simulator>,
    Path((authy_id, uuid)): Path<(u32, Uuid)>,
) -> Result<StatusCode, Refused> {
    answer(&simulator, authy_id, uuid, Status::Denied).await
}

async fn answer(simulator: &Simulator, authy_id: u32, uuid: Uuid, status: Status) -> Result<StatusCode, Refused> {
    let first_attempt = simulator.answer(authy_id, uuid, status).map_err(|reason| match reason {
        NotAnswered::NoSuchRequest => Refused::NotFound,
        NotAnswered::NotPending => Refused::NotPending,
        NotAnswered::NoApp => Refused::NoApp,
    })?;
    // A task that was ended has made no attempt, and the tap counts all the same.
    let _ = first_attempt.await;
    Ok(StatusCode::NO_CONTENT)
}

async fn enable_callback(State(simulator): State<Simulator>) -> StatusCode {
    let Ok(()) = simulator.store.change(|state, _| {
        state.callback = CallbackHealth::default();
        Ok::<_, Infallible>(())
    });
    StatusCode::NO_CONTENT
}

fn view(phone: &Phone, health: CallbackHealth, settings: &Settings, now: OffsetDateTime) -> PhoneView {
    let (code, ends_at) = phone.authenticator.shown(now);
    PhoneView {
        authy_id: phone.authy_id,
        cellphone: phone.number.e164(),
        emails: phone.emails.clone(),
        has_app: phone.switches.has_app,
        switches: phone.switches,
        requests: phone.requests.iter().map(|request| request_view(request, now)).collect(),
        sms: phone.sms.iter().map(code_view).collect(),
        calls: phone.calls.iter().map(code_view).collect(),
        mail: phone.mail.iter().map(code_view).collect(),
        authenticator: AuthenticatorView { code, seconds_left: (ends_at - now).whole_seconds() },
        checked: phone.checked,
        callback: CallbackView {
            url: settings.callback_url.as_ref().map(|url| url.target().to_string()),
            method: settings.callback_method.as_str(),
            disabled: health.disabled,
            consecutive_errors: health.consecutive_errors,
        },
    }
}

fn request_view(request: &Request, now: OffsetDateTime) -> RequestView {
    let map = |param: &Param| if param.is_empty() { Param::Map(Fields::new()) } else { param.clone() };
    RequestView {
        uuid: request.uuid,
        message: request.message.clone(),
        details: map(&request.details),
        hidden_details: map(&request.hidden_details),
        logos: request.logos.clone(),
        status: request.status(now),
        created_at: request.created_at,
        expires_at: request.expires_at(),
    }
}

fn code_view(sent: &SentCode) -> CodeView {
    CodeView {
        code: sent.code.clone(),
        sent_at: sent.sent_at,
        action: sent.action.clone(),
        action_message: sent.action_message.clone(),
        used: sent.used,
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "There is no such phone or request.\n").into_response(),
            Self::NotPending => (StatusCode::CONFLICT, "The request is not pending any more.\n").into_response(),
            Self::NoApp => (StatusCode::CONFLICT, "The app is not on this phone.\n").into_response(),
            Self::BadRequest(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
        }
    }
}
