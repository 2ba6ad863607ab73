//! Where somebody is signed in: listed, one ended, all others ended; and "this wasn't me". For programs, and for the
//! buttons of the account page.

use ::approval::SessionId;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use hub::{
    ConfirmedBy, LiveSession, Refusal,
    caller::{Caller, MaybeCaller},
    steps::{account, endings},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::session::Stage;
use crate::{
    answer::{
        problem::Problem,
        refusals::{ForeignOrigin, Internal, NoSession, NotFound, TooMany},
    },
    request::{body::OfSession, caller::no_cookie},
    site::Site,
};

/// The live sessions of the account: the caller's own first, then by last use; at most 100.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sessions, examples(json!({ "sessions": [{
    "id": "01935f6e-7c00-7000-8000-00000000002b",
    "state": "confirmed",
    "current": true,
    "browser": "Firefox on Linux",
    "place": "203.0.113.7",
    "confirmed_by": "approval",
    "created_at": "2026-11-24T12:00:00Z",
    "confirmed_at": "2026-11-24T12:00:07.25Z",
    "last_used_at": "2026-11-24T12:40:00Z",
    "expires_at": "2026-11-24T13:40:00Z"
}] })))]
struct SessionsView {
    #[schema(max_items = 100)]
    sessions: Vec<ListedView>,
}

/// One browser that gave the password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedSession)]
struct ListedView {
    #[schema(value_type = String, format = "uuid")]
    id: SessionId,
    state: Stage,
    /// Whether it is the one that asks.
    current: bool,
    /// As in `Firefox on Linux`.
    browser: String,
    /// The address that it was begun from.
    place: String,
    /// What confirmed it.
    #[schema(required)]
    confirmed_by: Option<ProofView>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    confirmed_at: Option<OffsetDateTime>,
    /// Written at most once a minute.
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    /// When it ends unless it is used.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// What confirmed a session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConfirmedBy)]
enum ProofView {
    /// A tap on the phone.
    Approval,
    /// A typed code.
    Code,
}

/// Lists where whoever asks is signed in, and what waits to be.
///
/// An account has at most 50 confirmed sessions. It has at most 10 pending ones, or more if the operator allows more
/// requests on its phone. One more ends the least recently used confirmed session, or the oldest pending one.
#[utoipa::path(
    get,
    path = "/api/sessions",
    operation_id = "list_sessions",
    tag = "session",
    security(("session" = [])),
    responses((status = OK, body = SessionsView, description = "All live sessions of the account."), NoSession, Internal)
)]
pub(crate) async fn list(State(site): State<Site>, caller: MaybeCaller) -> Result<Response, Problem> {
    let sessions = account::live_sessions(&site.hub, &caller.confirmed()?).await?;
    let sessions = sessions.into_iter().map(ListedView::from).collect();
    Ok(axum::Json(SessionsView { sessions }).into_response())
}

/// Signs out everywhere else.
///
/// Ends every session of the account but the one that asks, pending ones too; whatever they waited for is cancelled.
#[utoipa::path(
    delete,
    path = "/api/sessions",
    operation_id = "end_other_sessions",
    tag = "session",
    security(("session" = [])),
    responses((status = NO_CONTENT, description = "They have ended."), NoSession, ForeignOrigin, TooMany, Internal)
)]
pub(crate) async fn end_others(State(site): State<Site>, caller: MaybeCaller) -> Result<StatusCode, Problem> {
    endings::end_others(&site.hub, &caller.confirmed()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of the account.
///
/// Pending or confirmed; one's own is a sign-out. Whatever it waited for is cancelled.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}",
    operation_id = "end_session",
    tag = "session",
    security(("session" = [])),
    params(OfSession),
    responses((status = NO_CONTENT, description = "It has ended."), NoSession, ForeignOrigin, NotFound, TooMany, Internal)
)]
pub(crate) async fn end(
    State(site): State<Site>,
    OfSession(id): OfSession,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let caller = caller.confirmed()?;
    endings::end(&site.hub, &caller, id).await?;
    Ok((StatusCode::NO_CONTENT, without(&site, &caller, id)).into_response())
}

/// Says that something was not whoever is in.
///
/// Somebody else may know the password: every other session ends, pending ones too, and nothing can be asked for until
/// there is a new password, here and at every sign-in.
#[utoipa::path(
    post,
    path = "/api/session/not-me",
    operation_id = "not_me",
    tag = "session",
    security(("session" = [])),
    responses(
        (status = NO_CONTENT, description = "The others have ended, and a new password is needed."),
        NoSession, ForeignOrigin, TooMany, Internal
    )
)]
pub(crate) async fn not_me(State(site): State<Site>, caller: MaybeCaller) -> Result<StatusCode, Problem> {
    endings::not_me(&site.hub, &caller.confirmed()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The button beside one session. One that has ended meanwhile is gone from the list, as was wanted.
pub(crate) async fn submit_end(
    State(site): State<Site>,
    OfSession(id): OfSession,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let caller = caller.confirmed()?;
    match endings::end(&site.hub, &caller, id).await {
        Err(refusal) if refusal != Refusal::NotFound => Err(refusal.into()),
        _ => Ok((without(&site, &caller, id), Redirect::to("/account")).into_response()),
    }
}

/// The button below all of them.
pub(crate) async fn submit_end_others(State(site): State<Site>, caller: MaybeCaller) -> Result<Redirect, Problem> {
    endings::end_others(&site.hub, &caller.confirmed()?).await?;
    Ok(Redirect::to("/account"))
}

/// The button beside a notice.
pub(crate) async fn submit_not_me(State(site): State<Site>, caller: MaybeCaller) -> Result<Redirect, Problem> {
    endings::not_me(&site.hub, &caller.confirmed()?).await?;
    Ok(Redirect::to("/password"))
}

/// Who ends their own session keeps no cookie.
fn without(site: &Site, caller: &Caller, id: SessionId) -> CookieJar {
    if caller.session.id == id { CookieJar::new().add(no_cookie(site)) } else { CookieJar::new() }
}

impl From<LiveSession> for ListedView {
    fn from(one: LiveSession) -> Self {
        Self {
            id: one.id,
            state: Stage::of(one.confirmed_at.is_some()),
            current: one.current,
            browser: one.browser,
            place: one.place,
            confirmed_by: one.confirmed_by.map(|by| match by {
                ConfirmedBy::Approval => ProofView::Approval,
                ConfirmedBy::Code => ProofView::Code,
            }),
            created_at: one.created_at,
            confirmed_at: one.confirmed_at,
            last_used_at: one.last_used_at,
            expires_at: one.expires_at,
        }
    }
}
