//! One waiting browser on its WebSocket: tells it what its feed has, until the outcome, and answers its pings.

use std::sync::Arc;
use std::time::Duration;

use approval::{Approval, Status};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use hub::{
    Seat,
    live::feed::{Feed, News},
};
use serde::Deserialize;
use tokio::time::{Instant, interval_at, timeout};
use tungstenite::Error;

use crate::{answer::view::Frame, live::manners::Manners};

/// Subprotocol a browser may ask for.
pub(crate) const PROTOCOL: &str = "countersign.v1";
/// The longest message a browser may send; it has nothing to say but "ping".
pub(crate) const LONGEST_MESSAGE: usize = 4096;
/// There is no such session (application-defined, RFC 6455 7.4.2).
const NO_SESSION: u16 = 4401;
/// The hub is leaving; come again (IANA WebSocket close code registry).
const LEAVING: u16 = 1012;
/// How often something is sent though there is no news: proxies close sockets that are silent, and who is gone is
/// noticed.
const BEAT: Duration = Duration::from_secs(15);
/// A browser that takes nothing for this long is gone.
const SLOWEST_SEND: Duration = Duration::from_secs(10);

/// All that a browser may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(rename = "type")]
    _kind: Ping,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ping {
    Ping,
}

/// Why a socket ends.
enum End {
    Close(u16, &'static str),
    Gone,
}

/// Tells a browser without a session so, in the way a page can read. Nothing is read for it, so it is not coming in.
pub(crate) async fn refuse(mut socket: WebSocket, seat: Seat) {
    let _seat = seat.settled();
    close(&mut socket, NO_SESSION, "no session").await;
}

/// Keeps a browser informed about its approval until the outcome.
pub(crate) async fn run(mut feed: Feed, mut socket: WebSocket) {
    if let End::Close(code, reason) = inform(&mut feed, &mut socket).await {
        close(&mut socket, code, reason).await;
    }
}

async fn inform(feed: &mut Feed, socket: &mut WebSocket) -> End {
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    let mut manners = Manners::new(Instant::now());
    loop {
        let step = tokio::select! {
            news = feed.next() => pass_on(feed, socket, news).await,
            message = socket.recv() => match (said(message, &mut manners), feed.newest()) {
                (Ok(true), Some(approval)) => tell(feed, socket, approval).await,
                // Before the first state, which answers as well.
                (Ok(true), None) | (Ok(false), _) => Ok(()),
                (Err(end), _) => Err(end),
            },
            _ = beat.tick() => ask_for_life(socket, &mut manners).await,
        };
        if let Err(end) = step {
            return end;
        }
    }
}

/// Whoever gave no sign since the last beat is gone, or reads nothing.
async fn ask_for_life(socket: &mut WebSocket, manners: &mut Manners) -> Result<(), End> {
    if manners.was_alive() {
        write(socket, Message::Ping("".into())).await
    } else {
        Err(End::Close(close_code::POLICY, "no sign of life"))
    }
}

async fn pass_on(feed: &Feed, socket: &mut WebSocket, news: News) -> Result<(), End> {
    match news {
        News::State(approval) => match tell(feed, socket, &approval).await {
            Err(End::Close(..)) if approval.status == Status::Cancelled && feed.has_ended().await => {
                Err(End::Close(NO_SESSION, "the session has ended"))
            }
            told => told,
        },
        News::Leaving(after_ms) => {
            send(socket, &Frame::Reconnect { after_ms }).await?;
            Err(End::Close(LEAVING, "restarting"))
        }
        News::NoSession => Err(End::Close(NO_SESSION, "no session")),
        News::Trouble => Err(End::Close(close_code::ERROR, "try again")),
    }
}

async fn tell(feed: &Feed, socket: &mut WebSocket, approval: &Arc<Approval>) -> Result<(), End> {
    send(socket, &Frame::state(approval, feed.now())).await?;
    if approval.status.is_final() { Err(End::Close(close_code::NORMAL, "decided")) } else { Ok(()) }
}

/// `Ok(true)`: the browser asks for the state.
fn said(message: Option<Result<Message, axum::Error>>, manners: &mut Manners) -> Result<bool, End> {
    match message {
        Some(Ok(_)) if !manners.hear(Instant::now()) => Err(End::Close(close_code::POLICY, "too many messages")),
        Some(Ok(Message::Text(text))) if is_ping(&text) => Ok(true),
        Some(Ok(Message::Text(_))) => Err(End::Close(close_code::POLICY, "only pings are taken")),
        Some(Ok(Message::Binary(_))) => Err(End::Close(close_code::UNSUPPORTED, "no binary messages")),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(false),
        Some(Ok(Message::Close(_))) | None => Err(End::Gone),
        Some(Err(error)) => Err(broken(error)),
    }
}

fn broken(error: axum::Error) -> End {
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => End::Close(close_code::SIZE, "too big"),
        Some(Error::Utf8(_)) => End::Close(close_code::INVALID, "not UTF-8"),
        Some(Error::Protocol(_)) => End::Close(close_code::PROTOCOL, "no WebSocket"),
        _ => End::Gone,
    }
}

fn is_ping(text: &str) -> bool {
    serde_json::from_str::<Said>(text).is_ok()
}

async fn send(socket: &mut WebSocket, frame: &Frame<'_>) -> Result<(), End> {
    write(socket, Message::Text(frame.to_json().into())).await
}

async fn write(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(SLOWEST_SEND, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Gone),
    }
}

/// Closes and waits for the browser to agree, so that the close frame is not cut off with the connection.
async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    if write(socket, Message::Close(Some(frame))).await.is_ok() {
        let _ = timeout(Duration::from_secs(2), async { while let Some(Ok(_)) = socket.recv().await {} }).await;
    }
}
