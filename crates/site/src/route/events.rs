//! An approval's live outcome, by WebSocket. Only for the session that owns the approval.

use ::approval::ApprovalId;
use axum::{
    extract::{FromRequestParts as _, Request, State, WebSocketUpgrade},
    http::request::Parts,
    response::Response,
};
use hub::{
    Seat, Visitor,
    caller::{Caller, MaybeCaller},
    live::feed::Feed,
};

use crate::{
    answer::{
        problem::Problem,
        refusals::{Busy, ForeignOrigin, Internal, NoUpgrade, NotFound, TooManySockets},
    },
    live::socket,
    request::body::OfApproval,
    site::Site,
};

/// Tells each change of an approval, until it is decided.
///
/// A WebSocket, with the subprotocol `countersign.v1` if one is asked for. The messages are described in AsyncAPI, in
/// `docs/asyncapi.yaml` of the source. It is opened for our own `Origin` alone, and one without a session is closed with
/// 4401. Where no WebSocket gets through, `GET /api/approvals/{id}` waits for the same news.
#[utoipa::path(
    get,
    path = "/api/approvals/{id}/events",
    operation_id = "listen",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval),
    responses(
        (status = SWITCHING_PROTOCOLS, description = "Messages follow on the WebSocket."),
        NoUpgrade, ForeignOrigin, NotFound, TooManySockets, Internal, Busy
    )
)]
pub(crate) async fn events(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller.current();
    if !site.origins.has_own(&parts.headers) {
        return Err(Problem::foreign_origin());
    }
    let upgrade = upgrade(&site, parts).await?;
    let seat = site.hub.seat(caller.as_ref().map(|caller| caller.session.id), visitor.network)?;
    let Some(caller) = caller else {
        return Ok(upgrade.on_upgrade(|socket| socket::refuse(socket, seat)));
    };
    let feed = feed(&site, id, caller, seat).await?;
    let tasks = site.hub.tasks().clone();
    Ok(upgrade.on_upgrade(move |socket| tasks.track_future(socket::run(feed, socket))))
}

/// The news of an approval, for the session that owns it.
async fn feed(site: &Site, id: ApprovalId, caller: Caller, seat: Seat) -> Result<Feed, Problem> {
    caller.own(&site.hub, id).await?;
    Ok(Feed::open(&site.hub, id, caller.token, seat))
}

/// No message may be longer than what a browser has to say, and none is compressed: what is small on the way may be
/// huge when it has arrived.
async fn upgrade(site: &Site, mut parts: Parts) -> Result<WebSocketUpgrade, Problem> {
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, site).await;
    let upgrade = upgrade.map_err(|_| Problem::bad_request("This address takes a WebSocket."))?;
    Ok(upgrade
        .protocols([socket::PROTOCOL])
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_message_size(socket::LONGEST_MESSAGE)
        .max_frame_size(socket::LONGEST_MESSAGE))
}
