//! An approval for programs and for the page's script: its state, complete, cancel, send again.

use std::time::Duration;

use ::approval::Status;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::waiting::take_back;
use crate::{
    begin,
    body::OfApproval,
    complete,
    hub::Hub,
    problem::Problem,
    view::ApprovalView,
    visitor::{Caller, MaybeCaller},
};

/// How long to wait for news, and what is known already.
#[derive(Debug, Deserialize)]
pub(crate) struct Wait {
    /// Seconds, 0 to 30.
    #[serde(default)]
    wait: u64,
    /// The version that the client knows.
    #[serde(default)]
    since: i64,
}

const LONGEST_WAIT: u64 = 30;

/// `GET /api/approvals/{id}`. With `wait` and `since` it answers at the first version after `since`, or after `wait`
/// seconds with what there is.
pub(crate) async fn show(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    query: Result<Query<Wait>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wait { wait, since }) = query.map_err(|_| Problem::bad_request("wait and since are whole numbers."))?;
    if wait > LONGEST_WAIT {
        return Err(Problem::bad_request("wait is 0 to 30 seconds."));
    }
    let mut waiter = hub.waiters.register(id);
    let caller = caller.required()?;
    let approval = caller.sees(&hub, id).await?;
    let elsewhere = approval.session != caller.session.id;
    if elsewhere || wait == 0 || approval.version > since || approval.status.is_final() {
        return Ok(axum::Json(ApprovalView::from(&approval)).into_response());
    }
    let news = async {
        loop {
            let news = waiter.news().await;
            if news.version > since {
                return news;
            }
        }
    };
    let ended = hub.stop.run_until_cancelled(tokio::time::timeout(Duration::from_secs(wait), news)).await;
    let newest = match &ended {
        Some(Ok(news)) => news,
        _ => &approval,
    };
    Ok(axum::Json(ApprovalView::from(newest)).into_response())
}

/// `POST /api/approvals/{id}/complete`: 200 `{next: "done"}` and the confirmed session's cookie; 409 while not approved.
pub(crate) async fn complete(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let jar = Caller::confirmed_cookies(&hub, &complete::complete(&hub, caller, id).await?);
    Ok((jar, axum::Json(json!({ "next": "done" }))).into_response())
}

/// `POST /api/approvals/{id}/cancel`: 200 and the cancelled approval; 409 when it was decided before.
pub(crate) async fn cancel(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let approval = take_back(&hub, &caller.required()?, id).await?;
    if approval.status != Status::Cancelled {
        return Err(Problem::already_decided());
    }
    Ok(axum::Json(ApprovalView::from(&approval)).into_response())
}

/// `POST /api/approvals/{id}/resend`: 201 and the approval that takes its place.
pub(crate) async fn resend(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let approval = begin::again(&hub, &caller.required()?, id).await?;
    Ok((StatusCode::CREATED, axum::Json(ApprovalView::from(&approval))).into_response())
}
