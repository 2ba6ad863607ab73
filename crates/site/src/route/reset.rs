//! `/reset`: a password by an operator's link. The link's token comes in a body, never in an address that is sent.

use ::approval::Secret;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::{LinkToken, Visitor, steps::new_password};
use serde::Deserialize;
use utoipa::ToSchema;

use super::frame::{refused, shell};
use crate::{
    answer::{
        problem::{Kind, Problem},
        refusals::{Body, Busy, Internal, InvalidInput, InvalidLink, TooMany},
        schemas,
        view::Done,
    },
    page::{self, Field, Reset, ResetDone},
    request::body::{Form, Json},
    site::Site,
};

/// What stands behind `#` in the link, and the new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResetPassword, examples(json!({
    "token": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
    "password": "analytical engine"
})))]
pub(crate) struct Input {
    #[schema(value_type = String, write_only)]
    token: Secret,
    #[schema(schema_with = schemas::new_password)]
    password: Secret,
}

/// The form; its script takes the token out of the address.
pub(crate) async fn page(State(site): State<Site>) -> Response {
    page::respond(StatusCode::OK, &form(&site))
}

/// What a used link leads to.
pub(crate) async fn done(State(site): State<Site>) -> Response {
    page::respond(StatusCode::OK, &ResetDone { shell: shell(&site, None) })
}

/// The form, filled in.
pub(crate) async fn submit(
    State(site): State<Site>,
    visitor: Visitor,
    Form(input): Form<Input>,
) -> Result<Response, Problem> {
    let token = LinkToken::shown(input.token.expose());
    match new_password::reset(&site.hub, &visitor, &token, &input.password).await.map_err(Problem::from) {
        Ok(()) => Ok(Redirect::to("/reset/done").into_response()),
        Err(problem) if problem.kind == Kind::InvalidLink => {
            let page = Reset { error: Some(problem.detail.clone()), ..form(&site) };
            Ok(refused(&problem, &page))
        }
        Err(problem) if problem.kind == Kind::InvalidInput => {
            let error = problem.errors.first().map(|(_, error)| error.clone());
            let new = Field { error, ..Field::default() };
            // The link works still; nobody has to look for it again.
            Ok(refused(&problem, &Reset { token: input.token, new, ..form(&site) }))
        }
        // The link still works: the form keeps its token.
        Err(problem) if matches!(problem.kind, Kind::TooManyAttempts | Kind::Busy | Kind::DatabaseBusy) => {
            let error = Some(problem.detail.clone());
            Ok(refused(&problem, &Reset { token: input.token, error, ..form(&site) }))
        }
        Err(problem) => Err(problem),
    }
}

/// Sets a password by an operator's link.
///
/// Every session of the account ends. Opens none: whoever did it signs in as always, with the new password and the
/// phone. A token that is used, expired or unknown is answered alike.
#[utoipa::path(
    post,
    path = "/api/password/reset",
    operation_id = "reset_password",
    tag = "session",
    request_body = Input,
    responses(
        (status = OK, body = Done, description = "The new password counts from now on."),
        Body, InvalidLink, InvalidInput, TooMany, Internal, Busy
    )
)]
pub(crate) async fn reset(
    State(site): State<Site>,
    visitor: Visitor,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    new_password::reset(&site.hub, &visitor, &LinkToken::shown(input.token.expose()), &input.password).await?;
    Ok(axum::Json(Done::new()).into_response())
}

fn form(site: &Site) -> Reset {
    Reset { shell: shell(site, None), token: Secret::new(""), new: Field::default(), error: None }
}
