//! The frame around every page, and problems as pages for whoever asked for a page. Notes a locked database.

use approval::Secret;
use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::{
    Session, SignUpMode,
    caller::Caller,
    person::{grouped, phone_ending},
};

use crate::{
    answer::problem::{Kind, Problem},
    page::{self, Shell, ShownPhone},
    site::Site,
};

/// The sign-in page with the reason: the requested page needs a session. The flag is fixed, and reveals nothing about
/// the person.
pub(super) const SIGN_IN_ENDED: &str = "/sign-in?ended";

/// The phone of a session: in full only on pages of the pending sign-up for which it was typed.
pub(super) fn phone(session: &Session) -> ShownPhone {
    let (e164, is_pending) = (session.phone.expose(), session.confirmed.is_none());
    if is_pending && !session.active {
        ShownPhone::InFull(Secret::new(grouped(e164)))
    } else {
        ShownPhone::Ending(phone_ending(e164))
    }
}

/// Redirects a request without a session to the sign-in page.
pub(super) fn to_sign_in() -> Response {
    Redirect::to(SIGN_IN_ENDED).into_response()
}

/// What the frame around a page shows to `caller`.
pub(super) fn shell(site: &Site, caller: Option<&Caller>) -> Shell {
    Shell {
        product: site.hub.product().to_owned(),
        signed_in_as: caller.map(|caller| caller.session.email.clone()),
        is_in: caller.is_some_and(Caller::is_confirmed),
        offers_sign_up: site.hub.sign_up_mode() != SignUpMode::Closed,
    }
}

/// Shows a problem as a page to whoever asked for a page.
pub(super) async fn problems_as_pages(State(site): State<Site>, request: Request, next: Next) -> Response {
    let for_programs = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    let kind = problem.as_ref().map(|problem| problem.kind).or_else(|| response.extensions().get::<Kind>().copied());
    if kind == Some(Kind::DatabaseBusy) {
        site.hub.note_locked();
    }
    match problem {
        Some(problem) if !for_programs => problem_page(&site, &problem),
        _ => response,
    }
}

fn problem_page(site: &Site, problem: &Problem) -> Response {
    let (next, next_label) = match problem.status {
        StatusCode::UNAUTHORIZED => (SIGN_IN_ENDED, "Sign in"),
        StatusCode::CONFLICT if problem.kind == Kind::AlreadyRegistered => ("/sign-in", "Sign in"),
        StatusCode::FORBIDDEN if problem.kind == Kind::SignUpClosed => ("/sign-in", "Sign in"),
        StatusCode::FORBIDDEN if problem.kind == Kind::PushOff => ("/code", "Use a code"),
        StatusCode::FORBIDDEN if problem.kind == Kind::NewPasswordNeeded => ("/password", "Choose a new password"),
        // It leads a session that waits to its waiting page.
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => ("/account", "Go back"),
        _ => ("/", "Go to the start page"),
    };
    let page = page::Problem {
        shell: shell(site, None),
        title: problem.title.to_owned(),
        sentence: problem.detail.clone(),
        next,
        next_label,
    };
    refused(problem, &page)
}

/// Answers with a page that tells of `problem`, with its status and how long to wait.
pub(super) fn refused(problem: &Problem, page: &impl Template) -> Response {
    let retry_after = problem.retry_after.map(|seconds| [(header::RETRY_AFTER, HeaderValue::from(seconds))]);
    let mut response = (retry_after, page::respond(problem.status, page)).into_response();
    response.extensions_mut().insert(problem.kind);
    response
}
