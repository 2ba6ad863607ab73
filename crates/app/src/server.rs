//! Serves a router on a listener until it is told to stop. What a stranger may send is bounded here, before any
//! handler runs: the head of a request in size, in number of headers and in time, its body in time, and how long an
//! answer may wait to be read.
//! So is the number of open connections (`slots`); one that became a socket counts as well.
//! Knows nothing of what is served; upgraded sockets are tracked by whoever upgrades them.

mod body;
mod counted;
mod refusal;
mod slots;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use approval::told;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use body::bounded;
use counted::{Counted, counted};
use refusal::Refusals;
use slots::{Phase, Slot};

pub(crate) use refusal::REFUSALS;
pub(crate) use slots::{SlotLimits, Slots};

/// How long the head of a request may be; a longer one is answered 431.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Heads {
    /// As browsers and programs send it.
    Short,
    /// As long as the provider may send it where it calls back by GET: all of a callback is its query then.
    WithCallbacks,
}

/// The longest URL that can be read at all (`http::Uri`); a longer one is answered 414. The longest callback that can
/// be asked for is shorter: all of it but a few thousand bytes comes out of one body of 16 KiB, each byte of which takes
/// up three at most.
const URL_BYTES: usize = u16::MAX as usize - 1;
/// A request with more headers is answered 431.
const HEADERS: usize = 64;
/// A head that takes longer ends the connection, and so does a body, or a pause between two requests.
const PATIENCE: Duration = Duration::from_secs(10);
/// A peer that takes nothing of what was sent for this long is gone, or reads nothing.
const UNREAD: Duration = Duration::from_secs(30);
/// How long to wait when no connection can be accepted, for instance because all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a request may go on once it was time to stop.
const GRACE: Duration = Duration::from_secs(7);

/// Answers what comes in on `listener` with `router` until `stop`; then takes no more connections, lets the requests
/// that are being answered end, for [`GRACE`] at most, and returns. Handlers find the peer as
/// [`ConnectInfo<SocketAddr>`]. A connection beyond `slots` is answered 503.
pub(crate) async fn serve(listener: TcpListener, router: Router, heads: Heads, slots: Slots, stop: CancellationToken) {
    let (connections, refusals) = (TaskTracker::new(), Refusals::new());
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                if let Ok(slot) = slots.admit(peer.ip()) {
                    connections.spawn(converse(stream, peer, router.clone(), heads, slot, stop.clone()));
                } else {
                    tracing::warn!("all connection slots are taken; a new connection is answered 503");
                    refusals.refuse(stream);
                }
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(error = %told(&error), "no connection can be accepted; trying again");
                slots.evict_one();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// One connection, from its first byte to its end. When it fails, its peer is gone or sent no HTTP; neither is worth
/// a line in the log.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    heads: Heads,
    slot: Slot,
    stop: CancellationToken,
) {
    // A frame of a few bytes shall not wait for the acknowledgement of the one before it.
    let _ = stream.set_nodelay(true);
    give_up_unread(&stream);
    let counted_stream = Counted::new(stream, slot.clone());
    let of_request = slot.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let slot = of_request.clone();
        slot.enter(if request.body().is_end_stream() { Phase::Serving } else { Phase::Arriving });
        let mut request = bounded(request, PATIENCE, slot.clone());
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().call(request);
        async move { answer.await.map(|answer| counted(answer, &slot)) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(heads.bytes())
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(counted_stream), service)
            .with_upgrades()
    );
    tokio::select! {
        _ = connection.as_mut() => {}
        () = slot.evicted() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(GRACE, connection).await;
        }
    }
}

/// Has the system end the connection when its peer does not take what it is sent, so that it holds neither a task nor a
/// file descriptor for longer. Without it a peer may have the system ask for a quarter of an hour, or for ever.
fn give_up_unread(stream: &TcpStream) {
    let limit = u32::try_from(UNREAD.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, limit) {
        tracing::debug!(error = %told(&error), "a connection has no limit to how long it may be unread");
    }
}

impl Heads {
    /// Of what a connection keeps until a head has ended, which is before anybody knows what address it is for.
    const fn bytes(self) -> usize {
        match self {
            Self::Short => 16 * 1024,
            Self::WithCallbacks => URL_BYTES + Self::Short.bytes(),
        }
    }
}

/// Whether an error is the fault of the peer that was about to be accepted, not of the listener.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests;
