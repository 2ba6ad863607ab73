//! One waiting browser on its WebSocket. Fed from rows: registered first, then the row is read, then it is told of each
//! change, until the outcome.

use std::time::Duration;

use approval::{Approval, ApprovalId};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::time::{Instant, interval_at, timeout};

use crate::{hub::Hub, problem::Problem, token::Token, view::Frame, visitor::MaybeCaller};

/// Subprotocol a browser may ask for.
pub(crate) const PROTOCOL: &str = "countersign.v1";
/// The longest message a browser may send; it has nothing to say but "ping".
pub(crate) const LONGEST_MESSAGE: usize = 4096;
/// There is no such session (application-defined, RFC 6455 7.4.2).
const NO_SESSION: u16 = 4401;
/// The hub is leaving; come again (IANA WebSocket close code registry).
const LEAVING: u16 = 1012;
/// How often the row is read again though nobody announced a change. Keeps proxies from closing a silent socket, too.
const REREAD: Duration = Duration::from_secs(20);
/// A browser that takes nothing for this long is gone.
const SLOWEST_SEND: Duration = Duration::from_secs(10);
/// Browsers that leave a hub come again within this many milliseconds, each at another moment.
const RECONNECT_WITHIN_MS: u64 = 1000;

/// Why a socket ends.
enum End {
    Close(u16, &'static str),
    Gone,
}

/// Tells a browser without a session so, in the way a page can read.
pub(crate) async fn refuse(mut socket: WebSocket) {
    close(&mut socket, NO_SESSION, "no session").await;
}

/// Keeps a browser informed about its approval until the outcome.
pub(crate) async fn run(hub: Hub, mut socket: WebSocket, id: ApprovalId, token: Token) {
    if let End::Close(code, reason) = inform(&hub, &mut socket, id, token).await {
        close(&mut socket, code, reason).await;
    }
}

async fn inform(hub: &Hub, socket: &mut WebSocket, id: ApprovalId, token: Token) -> End {
    let mut waiter = hub.waiters.register(id);
    let mut told = 0;
    if let Err(end) = tell_row(hub, socket, id, &token, &mut told).await {
        return end;
    }
    let mut reread = interval_at(Instant::now() + REREAD, REREAD);
    loop {
        let step = tokio::select! {
            approval = waiter.news() => tell(socket, &approval, &mut told).await,
            message = socket.recv() => match said(message) {
                Ok(true) => { told = 0; tell_row(hub, socket, id, &token, &mut told).await }
                Ok(false) => Ok(()),
                Err(end) => Err(end),
            },
            _ = reread.tick() => match send(socket, Message::Ping("".into())).await {
                Ok(()) => tell_row(hub, socket, id, &token, &mut told).await,
                gone => gone,
            },
            () = hub.stop.cancelled() => Err(leave(hub, socket).await),
        };
        if let Err(end) = step {
            return end;
        }
    }
}

/// Reads the row and tells it, if the session is still the one that may know.
async fn tell_row(hub: &Hub, socket: &mut WebSocket, id: ApprovalId, token: &Token, told: &mut i64) -> Result<(), End> {
    match row(hub, id, token).await {
        Ok(Some(approval)) => tell(socket, &approval, told).await,
        Ok(None) => Err(End::Close(NO_SESSION, "no session")),
        Err(_) => Err(End::Close(close_code::ERROR, "try again")),
    }
}

async fn row(hub: &Hub, id: ApprovalId, token: &Token) -> Result<Option<Approval>, Problem> {
    let Some(caller) = MaybeCaller::of(hub, token.clone()).await?.0 else { return Ok(None) };
    caller.own(hub, id).await.map(Some)
}

async fn tell(socket: &mut WebSocket, approval: &Approval, told: &mut i64) -> Result<(), End> {
    if approval.version > *told {
        *told = approval.version;
        send(socket, Message::Text(Frame::state(approval).to_json().into())).await?;
    }
    if approval.status.is_final() { Err(End::Close(close_code::NORMAL, "decided")) } else { Ok(()) }
}

/// `Ok(true)`: the browser asks for the state.
fn said(message: Option<Result<Message, axum::Error>>) -> Result<bool, End> {
    match message {
        Some(Ok(Message::Text(text))) if is_ping(&text) => Ok(true),
        Some(Ok(Message::Text(_))) => Err(End::Close(close_code::POLICY, "only pings are taken")),
        Some(Ok(Message::Binary(_))) => Err(End::Close(close_code::UNSUPPORTED, "no binary messages")),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(false),
        Some(Ok(Message::Close(_))) | None => Err(End::Gone),
        Some(Err(error)) => Err(broken(&error)),
    }
}

fn broken(error: &axum::Error) -> End {
    let too_big = std::error::Error::source(error).is_some_and(|source| source.to_string().contains("too long"));
    if too_big { End::Close(close_code::SIZE, "too big") } else { End::Gone }
}

fn is_ping(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value == serde_json::json!({ "type": "ping" }))
}

async fn leave(hub: &Hub, socket: &mut WebSocket) -> End {
    let after_ms = u64::from_le_bytes(hub.entropy.bytes()) % RECONNECT_WITHIN_MS;
    let _ = send(socket, Message::Text(Frame::Reconnect { after_ms }.to_json().into())).await;
    End::Close(LEAVING, "restarting")
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(SLOWEST_SEND, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Gone),
    }
}

/// Closes and waits for the browser to agree, so that the close frame is not cut off with the connection.
async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    if send(socket, Message::Close(Some(frame))).await.is_ok() {
        let _ = timeout(Duration::from_secs(2), async { while let Some(Ok(_)) = socket.recv().await {} }).await;
    }
}
