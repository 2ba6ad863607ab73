//! An approval's live outcome, by WebSocket or as server-sent events. Only for the session that owns the approval.

use ::approval::ApprovalId;
use axum::{
    extract::{FromRequestParts as _, Request, State, WebSocketUpgrade},
    http::{HeaderMap, header, request::Parts},
    response::Response,
};

use crate::{
    body::OfApproval,
    hub::Hub,
    problem::Problem,
    refusals::{ForeignOrigin, Internal, NoSession, NoUpgrade, NotFound},
    socket, stream,
    visitor::MaybeCaller,
};

/// Tells each change of an approval, until it is decided.
///
/// Server-sent events for `Accept: text/event-stream`, else a WebSocket, with the subprotocol `countersign.v1` if one is
/// asked for. The messages are described in AsyncAPI, in `docs/asyncapi.yaml` of the source. A WebSocket is opened for
/// our own `Origin` alone, and one without a session is closed with 4401. Server-sent events are for our own pages and
/// for programs, which send neither `Origin` nor `Sec-Fetch-Site`.
#[utoipa::path(
    get,
    path = "/api/approvals/{id}/events",
    operation_id = "listen",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval),
    responses(
        (status = SWITCHING_PROTOCOLS, description = "Messages follow on the WebSocket."),
        (
            status = OK,
            body = stream::Described,
            content_type = "text/event-stream",
            description = "Messages follow, one in the data of each event."
        ),
        NoUpgrade, NoSession, ForeignOrigin, NotFound, Internal
    )
)]
pub(crate) async fn events(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    if wants_stream(&parts.headers) {
        by_stream(&hub, id, caller, &parts).await
    } else {
        by_socket(hub, id, caller, parts).await
    }
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.contains(stream::CONTENT_TYPE) && !headers.contains_key(header::UPGRADE)
}

async fn by_stream(hub: &Hub, id: ApprovalId, caller: MaybeCaller, parts: &Parts) -> Result<Response, Problem> {
    if !hub.origins.may_listen(&parts.headers) {
        return Err(Problem::foreign_origin());
    }
    let caller = caller.required()?;
    caller.own(hub, id).await?;
    Ok(stream::answer(hub, id, caller.token))
}

async fn by_socket(hub: Hub, id: ApprovalId, caller: MaybeCaller, mut parts: Parts) -> Result<Response, Problem> {
    if !hub.origins.has_own(&parts.headers) {
        return Err(Problem::foreign_origin());
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &hub).await;
    let upgrade =
        upgrade.map_err(|_| Problem::bad_request("This address takes a WebSocket or sends text/event-stream."))?;
    let upgrade = upgrade
        .protocols([socket::PROTOCOL])
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_message_size(socket::LONGEST_MESSAGE)
        .max_frame_size(socket::LONGEST_MESSAGE);
    let Some(caller) = caller.current() else {
        return Ok(upgrade.on_upgrade(socket::refuse));
    };
    caller.own(&hub, id).await?;
    let tasks = hub.tasks.clone();
    Ok(upgrade.on_upgrade(move |socket| tasks.track_future(socket::run(hub, socket, id, caller.token))))
}
