//! The session for programs: who am I, a code, sign out.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::cookie::CookieJar;
use serde::Serialize;
use serde_json::json;

use super::{
    account::sign_out_of,
    code::{Typed, Wanted},
};
use crate::{
    body::Json,
    codes,
    hub::Hub,
    person::phone_ending,
    problem::Problem,
    view::ApprovalView,
    visitor::{Caller, MaybeCaller},
};

/// The JSON of a session.
#[derive(Debug, Serialize)]
struct SessionView<'a> {
    state: &'static str,
    user: UserView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalView<'a>>,
}

#[derive(Debug, Serialize)]
struct UserView<'a> {
    full_name: &'a str,
    email: &'a str,
    phone: String,
}

/// `GET /api/session`: who is asking; 404 without a session. The phone is masked while the session is pending.
pub(crate) async fn show(State(hub): State<Hub>, caller: MaybeCaller) -> Result<Response, Problem> {
    let caller = caller.current().ok_or_else(Problem::not_found)?;
    let session = &caller.session;
    let confirmed = caller.is_confirmed();
    let waiting = if confirmed { None } else { hub.storage.approval_of_session(session.id).await? };
    let phone = if confirmed {
        session.phone.expose().to_owned()
    } else {
        format!("•••• {}", phone_ending(session.phone.expose()))
    };
    let view = SessionView {
        state: if confirmed { "confirmed" } else { "pending" },
        user: UserView { full_name: &session.full_name, email: &session.email, phone },
        approval: waiting.as_ref().map(ApprovalView::from),
    };
    Ok(axum::Json(view).into_response())
}

/// `DELETE /api/session`: 204.
pub(crate) async fn end(State(hub): State<Hub>, caller: MaybeCaller) -> Result<Response, Problem> {
    sign_out_of(&hub, &caller.required()?).await?;
    Ok((StatusCode::NO_CONTENT, CookieJar::new().add(Caller::no_cookie(&hub))).into_response())
}

/// `POST /api/session/code`: 200 and the confirmed session's cookie; 401 `invalid-code`.
pub(crate) async fn code(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    Json(typed): Json<Typed>,
) -> Result<Response, Problem> {
    let jar = Caller::confirmed_cookies(&hub, &codes::check(&hub, caller, typed.code.expose()).await?);
    Ok((jar, axum::Json(json!({ "next": "done" }))).into_response())
}

/// `POST /api/session/code/send`: 202.
pub(crate) async fn send_code(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    codes::send(&hub, &caller.required()?, wanted.channel).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}
