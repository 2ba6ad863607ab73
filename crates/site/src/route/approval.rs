//! An approval for programs and for the page's script: its state, complete, cancel, send again.

use std::time::Duration;

use ::approval::{Approval, Status};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use hub::{
    Visitor,
    caller::MaybeCaller,
    live::poll,
    steps::{begin, complete, endings},
};
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;
use utoipa::IntoParams;

use crate::{
    answer::{
        problem::Problem,
        refusals::{
            AlreadyDecided, Busy, ForeignOrigin, Internal, InvalidInvitation, NoSession, NotApproved, NotFound,
            PushOff, TooMany, TooManySockets, UnreadableQuery,
        },
        view::{ApprovalView, Done},
    },
    request::{
        body::OfApproval,
        caller::confirmed_cookies,
        query::{self, ShortQuery},
    },
    site::Site,
};

/// How long to wait for news, and what is known already.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// Seconds to wait for news; 0 without it.
    #[serde(default)]
    #[param(maximum = 30)]
    wait: u64,
    /// The version that is known already; 0 without it.
    #[serde(default)]
    since: i64,
}

const LONGEST_WAIT: u64 = 30;
/// The header with the server's time. `Date` will not do: a proxy may write its own.
const NOW: &str = "countersign-now";

/// Tells how an approval stands.
///
/// With `wait` and `since` it answers at the first version after `since`, or after `wait` seconds with what there is; at
/// once when the approval is decided, belongs to another session of the same person, or the server is about to stop.
#[utoipa::path(
    get,
    path = "/api/approvals/{id}",
    operation_id = "show_approval",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval, Wait),
    responses(
        (
            status = OK,
            body = ApprovalView,
            description = "How it stands.",
            headers(("countersign-now" = String, description = "The time of the server (RFC 3339)."))
        ),
        UnreadableQuery, NoSession, ForeignOrigin, NotFound, TooManySockets, Internal, Busy
    )
)]
pub(crate) async fn show(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    visitor: Visitor,
    headers: HeaderMap,
    query: Result<ShortQuery<Wait>, query::QueryRejection>,
) -> Result<Response, Problem> {
    if !site.origins.may_listen(&headers) {
        return Err(Problem::foreign_origin());
    }
    let ShortQuery(Wait { wait, since }) =
        query.map_err(|_| Problem::bad_request("There is only wait and since, each a whole number."))?;
    if wait > LONGEST_WAIT {
        return Err(Problem::bad_request("wait is 0 to 30 seconds."));
    }
    let caller = caller.required()?;
    let newest = poll::newest(&site.hub, &caller, &visitor, id, since, Duration::from_secs(wait)).await?;
    Ok(shown(&site, &newest))
}

/// The approval, with the server's time for comparison with `expires_at`: the client's clock may be wrong.
fn shown(site: &Site, approval: &Approval) -> Response {
    let now = site.hub.now().format(&Rfc3339).unwrap_or_default();
    ([(NOW, now)], axum::Json(ApprovalView::from(approval))).into_response()
}

/// Makes use of an approved approval, once.
///
/// One of a sign-up or sign-in confirms its session. May be repeated when the answer was lost. A phone can be used with
/// three addresses a day, whether they have an account or not.
#[utoipa::path(
    post,
    path = "/api/approvals/{id}/complete",
    operation_id = "complete_approval",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval),
    responses(
        (
            status = OK,
            body = Done,
            description = "It is done.",
            headers(("set-cookie" = String, description = "The confirmed session, unless it was confirmed before."))
        ),
        NoSession, InvalidInvitation, NotFound, NotApproved, TooMany, Internal
    )
)]
pub(crate) async fn complete(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let jar = confirmed_cookies(&site, &complete::complete(&site.hub, caller, id).await?);
    Ok((jar, axum::Json(Done::new())).into_response())
}

/// Takes a pending approval back.
///
/// The session it waited for stays as it is.
#[utoipa::path(
    post,
    path = "/api/approvals/{id}/cancel",
    operation_id = "cancel_approval",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval),
    responses(
        (status = OK, body = ApprovalView, description = "It is cancelled."),
        NoSession, ForeignOrigin, NotFound, AlreadyDecided, TooMany, Internal
    )
)]
pub(crate) async fn cancel(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let approval = endings::cancel(&site.hub, &caller.required()?, id).await?;
    if approval.status != Status::Cancelled {
        return Err(Problem::already_decided());
    }
    Ok(axum::Json(ApprovalView::from(&approval)).into_response())
}

/// Asks the phone again, by another approval with a number of its own.
///
/// At most 10 requests are sent to one phone within 10 minutes; after one that was denied or that nobody answered, it has
/// a rest, longer each time, and after 3 of these in a row none is sent until a code was used.
#[utoipa::path(
    post,
    path = "/api/approvals/{id}/resend",
    operation_id = "resend_approval",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval),
    responses(
        (status = CREATED, body = ApprovalView, description = "What takes its place; the same when repeated."),
        NoSession, PushOff, NotFound, AlreadyDecided, TooMany, Internal
    )
)]
pub(crate) async fn resend(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let approval = begin::again(&site.hub, &caller.required()?, id).await?;
    Ok((StatusCode::CREATED, axum::Json(ApprovalView::from(&approval))).into_response())
}
