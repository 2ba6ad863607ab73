//! `/password`: another password for whoever is in.

use ::approval::Secret;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use hub::{
    Token, Visitor,
    caller::{Caller, MaybeCaller},
    steps::new_password,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::frame::{refused, shell, to_sign_in};
use crate::{
    answer::{
        problem::{Kind, Problem},
        refusals::{Body, Busy, Internal, InvalidInput, NoSession, TooMany, WrongPassword},
        schemas,
        view::Done,
    },
    page::{self, Field, Password},
    request::{
        body::{Form, Json},
        caller::session_cookie,
        confirmed::ConfirmedCaller,
    },
    site::Site,
};

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangePassword, examples(json!({ "old_password": "difference engine", "password": "analytical engine" })))]
pub(crate) struct Input {
    #[schema(value_type = String, format = Password, write_only)]
    old_password: Secret,
    #[schema(schema_with = schemas::new_password)]
    password: Secret,
}

/// The empty form; for whoever is in.
pub(crate) async fn page(State(site): State<Site>, caller: MaybeCaller) -> Response {
    match caller.current() {
        None => to_sign_in(),
        Some(caller) if caller.is_confirmed() => page::respond(StatusCode::OK, &form(&site, &caller)),
        // It leads to what the session waits for.
        Some(_) => Redirect::to("/account").into_response(),
    }
}

/// The form, filled in.
pub(crate) async fn submit(
    State(site): State<Site>,
    ConfirmedCaller(caller): ConfirmedCaller,
    visitor: Visitor,
    Form(input): Form<Input>,
) -> Result<Response, Problem> {
    let changed = new_password::change(&site.hub, &caller, &visitor, input.old_password, &input.password).await;
    match changed.map_err(Problem::from) {
        Ok(token) => Ok((cookies(&site, &token), Redirect::to("/account")).into_response()),
        Err(problem) if problem.kind == Kind::NoSession || problem.status.is_server_error() => Err(problem),
        Err(problem) => Ok(refused(&problem, &corrected(form(&site, &caller), &problem))),
    }
}

/// Changes the password.
///
/// Every other session of the account ends, pending ones too, and whatever was asked for and not used yet is cancelled;
/// the session that asks gets another cookie. A wrong old password counts as one at a sign-in does.
/// No schema can say which passwords many people use: these are refused with 422.
#[utoipa::path(
    post,
    path = "/api/password",
    operation_id = "change_password",
    tag = "session",
    security(("session" = [])),
    request_body = Input,
    responses(
        (
            status = OK,
            body = Done,
            description = "The new password counts from now on.",
            headers(("set-cookie" = String, description = "The session, under another token."))
        ),
        Body, NoSession, WrongPassword, InvalidInput, TooMany, Internal, Busy
    )
)]
pub(crate) async fn change(
    State(site): State<Site>,
    ConfirmedCaller(caller): ConfirmedCaller,
    visitor: Visitor,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    let token = new_password::change(&site.hub, &caller, &visitor, input.old_password, &input.password).await?;
    Ok((cookies(&site, &token), axum::Json(Done::new())).into_response())
}

fn cookies(site: &Site, token: &Token) -> CookieJar {
    CookieJar::new().add(session_cookie(site, token, true))
}

fn form(site: &Site, caller: &Caller) -> Password {
    Password {
        shell: shell(site, Some(caller)),
        email: caller.session.email.clone(),
        doubted: caller.session.password_doubted,
        old: Field::default(),
        new: Field::default(),
        error: None,
    }
}

/// What is wrong stands beside its field, or above all of them.
fn corrected(form: Password, problem: &Problem) -> Password {
    let told = Some(problem.detail.clone());
    let new = problem.errors.iter().find(|(field, _)| *field == "password").map(|(_, error)| error.clone());
    match problem.kind {
        Kind::WrongPassword => Password { old: Field { error: told, ..form.old }, ..form },
        Kind::InvalidInput => Password { new: Field { error: new, ..form.new }, ..form },
        _ => Password { error: told, ..form },
    }
}
