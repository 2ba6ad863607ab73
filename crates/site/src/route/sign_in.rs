//! Signing in as far as the password goes: a form, or `POST /api/session`.

use approval::Secret;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use hub::{
    Visitor,
    caller::{Caller, MaybeCaller},
    steps::begin::{self, Begun, PushOutcome},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::frame::{refused, shell};
use crate::{
    answer::{
        problem::{NO_COOKIES, Problem},
        refusals::{Body, Busy, Internal, InvalidCredentials, TooMany},
        view::Onward,
    },
    page::{self, SignIn},
    request::{
        body::{Form, Json},
        caller::session_cookie,
        cookie_support::{CHECKED, CookieCheck, CookieSupport},
    },
    site::Site,
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

/// The empty form; a confirmed session goes on to the account. With `?ended` it shows the reason, unless there is a
/// session after all.
pub(crate) async fn page(
    State(site): State<Site>,
    caller: MaybeCaller,
    cookies: CookieSupport,
    RawQuery(query): RawQuery,
) -> Response {
    let caller = caller.current();
    if caller.as_ref().is_some_and(Caller::is_confirmed) {
        return Redirect::to("/account").into_response();
    }
    let ended = caller.is_none() && query.as_deref() == Some("ended");
    let page = SignIn { shell: shell(&site, None), email: String::new(), error: None, ended };
    (cookies.check(&site), page::respond(StatusCode::OK, &page)).into_response()
}

/// The form, filled in.
pub(crate) async fn submit(
    State(site): State<Site>,
    caller: MaybeCaller,
    visitor: Visitor,
    cookies: CookieSupport,
    Form(input): Form<Input>,
) -> Result<Response, Problem> {
    let form = |error: &str, email| SignIn {
        shell: shell(&site, None),
        email: page::shown_again(email),
        error: Some(error.to_owned()),
        ended: false,
    };
    match cookies.verdict() {
        CookieCheck::Kept => {}
        CookieCheck::Unproven => return Ok(send_again(&site, cookies, "/sign-in")),
        CookieCheck::Blocked => return Ok(page::respond(StatusCode::FORBIDDEN, &form(NO_COOKIES, input.email))),
    }
    match begin::sign_in(&site.hub, &input.email, input.password, caller, &visitor).await.map_err(Problem::from) {
        Ok(begun) => Ok(go_and_wait(&site, &begun)),
        Err(problem) if problem.status.is_client_error() || problem.status == StatusCode::SERVICE_UNAVAILABLE => {
            Ok(refused(&problem, &form(&problem.detail, input.email)))
        }
        Err(problem) => Err(problem),
    }
}

/// Signs in as far as the password goes.
///
/// The session is pending until a proof confirms it: the approval is to be completed, or a code to be typed. Whatever
/// session the cookie named before ends. The phone is not asked while it has as many requests as the operator allows, for
/// a while after one that was denied or that nobody answered, and after several of these in a row until a code was used:
/// then `next` is `code`, and `withheld` says why and until when. After a few wrong passwords the next is checked only
/// after a wait, which grows with each; `Retry-After` says how long it is. While others guess at the same account, an
/// answer may take 10 seconds.
#[utoipa::path(
    post,
    path = "/api/session",
    operation_id = "sign_in",
    tag = "session",
    request_body = Input,
    responses(
        (
            status = CREATED,
            body = Onward,
            description = "The password is right, and the phone is being asked, unless it has a rest.",
            headers(("set-cookie" = String, description = "The pending session."))
        ),
        Body, InvalidCredentials, TooMany, Internal, Busy
    )
)]
pub(crate) async fn create(
    State(site): State<Site>,
    caller: MaybeCaller,
    visitor: Visitor,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    let begun = begin::sign_in(&site.hub, &input.email, input.password, caller, &visitor).await?;
    Ok(answer(&site, &begun))
}

/// Has the browser send its form to `path` again, with the check cookie if it keeps cookies.
pub(super) fn send_again(site: &Site, cookies: CookieSupport, path: &str) -> Response {
    (cookies.check(site), Redirect::temporary(&format!("{path}?{CHECKED}"))).into_response()
}

/// The waiting page is next, or the code form; the cookie is set.
pub(super) fn go_and_wait(site: &Site, begun: &Begun) -> Response {
    let next = match &begun.phone {
        PushOutcome::Asked(approval) => format!("/approvals/{}", approval.id),
        PushOutcome::Left(_) => "/code".to_owned(),
    };
    (cookie(site, begun), Redirect::to(&next)).into_response()
}

/// The same for a program.
pub(super) fn answer(site: &Site, begun: &Begun) -> Response {
    let next = match &begun.phone {
        PushOutcome::Asked(approval) => Onward::approval(approval),
        PushOutcome::Left(why) => Onward::code(*why),
    };
    (StatusCode::CREATED, cookie(site, begun), axum::Json(next)).into_response()
}

/// The cookie of the new session takes the place of the one before, whose session has ended: nobody could use it again but
/// who copied or planted it.
fn cookie(site: &Site, begun: &Begun) -> CookieJar {
    CookieJar::new().add(session_cookie(site, &begun.token, false))
}
