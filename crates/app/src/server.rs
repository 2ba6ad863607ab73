//! Serves a router on a listener until it is told to stop. What a stranger may send is bounded here, before any
//! handler runs: the head of a request in size, in number of headers and in time, its body in time, and how long an
//! answer may wait to be read.
//! So are the number of open connections and the memory of their requests (`slots`); one that became a socket counts as
//! well.
//! Knows nothing of what is served; upgraded sockets are tracked by whoever upgrades them.

mod accept;
mod body;
mod connection;
mod counted;
mod kernel_buffers;
mod line;
mod presence;
mod refusal;
mod slots;
mod terms;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use approval::{Lasting, told};
use axum::Router;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use crate::ending::Ending;
use crate::listen::Listening;

use accept::{close_and_drain, concerns_one_connection};
use connection::converse;
use refusal::Refusals;

pub(crate) use refusal::REFUSALS;
pub(crate) use slots::{SlotLimits, Slots};
pub(crate) use terms::{Heads, PATIENCE, Terms};

/// How long to wait when no connection can be accepted, for instance because all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A trouble with connections counts as ended after this time without a failure.
const TROUBLE_QUIET: Duration = Duration::from_secs(10);

/// Answers what comes in on `listening` with `router` until `closing`; then takes the connections that have already come
/// in, closes the listener, lets the requests on all connections end, and returns. Handlers find the peer as
/// `ConnectInfo<SocketAddr>`, and the `WaitMark` of their request. A connection beyond the slots is answered 503.
pub(crate) async fn serve(listening: Listening, router: Router, terms: Terms) {
    let Listening { socket: listener, is_inherited } = listening;
    kernel_buffers::bound(&listener);
    let (connections, refusals) = (TaskTracker::new(), Refusals::new());
    let (slots, Ending { closing, closed, .. }) = (&terms.slots, &terms.ending);
    let (deaf, full) = (Lasting::new(TROUBLE_QUIET), Lasting::new(TROUBLE_QUIET));
    let take = |stream: TcpStream, peer: SocketAddr| {
        if let Ok(slot) = slots.admit(peer.ip()) {
            if full.worked(Instant::now()).is_some() {
                tracing::info!("there are free connection slots again");
            }
            connections.spawn(converse(stream, peer, slot, router.clone(), terms.clone()));
        } else {
            if full.failed("", Instant::now()) {
                tracing::warn!("all connection slots are taken; new connections are answered 503");
            }
            refusals.refuse(stream);
        }
    };
    while let Some(accepted) = closing.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                if deaf.worked(Instant::now()).is_some() {
                    tracing::info!("connections can be accepted again");
                }
                take(stream, peer);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                let cause = told(&error);
                if deaf.failed(&cause, Instant::now()) {
                    tracing::warn!(error = cause, "no connection can be accepted; trying again");
                }
                slots.evict_one();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // The service manager keeps its own listener open for the next process.
    if !is_inherited {
        close_and_drain(listener, take, || slots.evict_one()).await;
    }
    closed.cancel();
    connections.close();
    connections.wait().await;
}

#[cfg(test)]
mod tests;
