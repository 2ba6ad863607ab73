//! Signing in as far as the password goes: a form, or `POST /api/session`.

use approval::Secret;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{refused, shell};
use crate::{
    begin::{self, Begun},
    body::{Form, Json},
    caller::{Caller, MaybeCaller},
    hub::Hub,
    page::{self, SignIn},
    problem::Problem,
    refusals::{Body, Busy, Internal, InvalidCredentials, TooMany},
    view::Next,
    visitor::Visitor,
};

/// Email and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn, examples(json!({ "email": "ada@example.com", "password": "difference engine" })))]
pub(crate) struct Input {
    email: String,
    #[schema(value_type = String, format = Password, write_only)]
    password: Secret,
}

/// The empty form; whoever is in goes on to the account.
pub(crate) async fn page(State(hub): State<Hub>, caller: MaybeCaller) -> Response {
    if caller.current().is_some_and(|caller| caller.is_confirmed()) {
        return Redirect::to("/account").into_response();
    }
    page::respond(StatusCode::OK, &SignIn { shell: shell(&hub, None), email: String::new(), error: None })
}

/// The form, filled in.
pub(crate) async fn submit(
    State(hub): State<Hub>,
    visitor: Visitor,
    Form(input): Form<Input>,
) -> Result<Response, Problem> {
    match begin::sign_in(&hub, &input.email, input.password, &visitor).await {
        Ok(begun) => Ok(go_and_wait(&hub, &begun)),
        Err(problem) if problem.status.is_client_error() => {
            let error = Some(problem.detail.clone());
            Ok(refused(&problem, &SignIn { shell: shell(&hub, None), email: input.email, error }))
        }
        Err(problem) => Err(problem),
    }
}

/// Signs in as far as the password goes.
///
/// The session is pending until a proof confirms it: the approval is to be completed, or a code to be typed. After 10
/// wrong passwords for one address within 10 minutes, no other is tried.
#[utoipa::path(
    post,
    path = "/api/session",
    operation_id = "sign_in",
    tag = "session",
    request_body = Input,
    responses(
        (
            status = CREATED,
            body = Next,
            description = "The password is right, and the phone is being asked.",
            headers(("set-cookie" = String, description = "The pending session."))
        ),
        Body, InvalidCredentials, TooMany, Internal, Busy
    )
)]
pub(crate) async fn create(
    State(hub): State<Hub>,
    visitor: Visitor,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    let begun = begin::sign_in(&hub, &input.email, input.password, &visitor).await?;
    Ok(answer(&hub, &begun))
}

/// The waiting page is next; the cookie is set.
pub(super) fn go_and_wait(hub: &Hub, begun: &Begun) -> Response {
    let jar = CookieJar::new().add(Caller::cookie(hub, &begun.token, false));
    (jar, Redirect::to(&format!("/approvals/{}", begun.approval.id))).into_response()
}

/// The same for a program.
pub(super) fn answer(hub: &Hub, begun: &Begun) -> Response {
    let jar = CookieJar::new().add(Caller::cookie(hub, &begun.token, false));
    (StatusCode::CREATED, jar, axum::Json(Next::approval(&begun.approval))).into_response()
}
