//! One connection, from its first byte to its end: its requests, how long it may be silent, and how it ends with the
//! process. Knows no listener.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use approval::told;
use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hub::client::WaitMark;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tower::Service as _;

use super::body::bounded;
use super::counted::{Counted, counted};
use super::line::{OpenConnection, Stage};
use super::presence::client_gone_while_waiting;
use super::slots::Slot;
use super::terms::Terms;

/// A request with more headers is answered 431.
pub(super) const HEADERS: usize = 64;
/// A peer that acknowledges no sent data for this long is disconnected.
pub(super) const UNREAD: Duration = Duration::from_secs(30);
/// While the process ends, a new connection may take this long to send its first byte.
const FIRST_BYTE: Duration = Duration::from_millis(500);
/// While the process ends, how often a connection that still sends its request is checked.
const LOOK: Duration = Duration::from_millis(10);

/// One connection, from its first byte to its end. When it fails, its peer is gone or sent no HTTP; neither is worth
/// a line in the log.
pub(super) async fn converse(stream: TcpStream, peer: SocketAddr, slot: Slot, router: Router, terms: Terms) {
    // A frame of a few bytes must not wait for the acknowledgement of the one before it.
    let _ = stream.set_nodelay(true);
    give_up_unread(&stream);
    let Terms { heads, patience, keep_alive, ending, .. } = terms;
    let line = Arc::new(OpenConnection::new(stream, slot, patience, keep_alive));
    let (of_requests, draining) = (Arc::clone(&line), ending.draining);
    let service = service_fn(move |request| {
        let (answer, draining) = (answer(request, peer, &router, &of_requests, patience), draining.clone());
        async move {
            let mut answer = answer.await?;
            if draining.is_cancelled() && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, ClientGone>(answer)
        }
    });
    // Hyper would count an idle connection as one that is slow to send a head, so the line watches the time.
    let mut connection = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .half_close(true)
            .max_buf_size(heads.bytes())
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(Counted::new(Arc::clone(&line))), service)
            .with_upgrades()
    );
    let mut silence = pin!(silence(&line));
    tokio::select! {
        // Polled first, because its reads and answers determine how long the silence may be.
        biased;
        _ = connection.as_mut() => return,
        () = silence.as_mut() => return,
        () = line.slot().evicted() => return,
        () = ending.closing.cancelled() => {}
    }
    let last = async {
        while awaits_request(&line) {
            tokio::select! {
                biased;
                _ = connection.as_mut() => return,
                () = silence.as_mut() => return,
                () = line.slot().evicted() => return,
                () = sleep(LOOK) => {}
            }
        }
        // After `graceful_shutdown` hyper answers nothing on a connection without a byte.
        if line.stage().0 != Stage::Fresh {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    };
    let _ = timeout(ending.grace, last).await;
}

/// The answer to one request.
fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    router: &Router,
    line: &Arc<OpenConnection>,
    patience: Duration,
) -> impl Future<Output = Result<Response, ClientGone>> + use<> {
    line.request_began(!request.body().is_end_stream());
    let (line, mark, version) = (Arc::clone(line), WaitMark::default(), request.version());
    let mut request = bounded(request, patience, &line);
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(mark.clone());
    let answer = router.clone().call(request);
    async move {
        tokio::select! {
            biased;
            answer = answer => Ok(counted(answer.unwrap_or_else(|never| match never {}), &line)),
            () = client_gone_while_waiting(&line, &mark, version) => Err(ClientGone),
        }
    }
}

/// The client has gone while its request waited.
#[derive(Debug, Error)]
#[error("the client has gone")]
struct ClientGone;

/// Returns when the connection has been silent for too long.
async fn silence(line: &OpenConnection) {
    let mut timer = pin!(sleep(Duration::ZERO));
    poll_fn(|context| {
        let Some(until) = line.silent_until() else { return Poll::Pending };
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        ready!(timer.as_mut().poll(context));
        // The received bytes are read next, and that wakes this task again.
        if line.has_unread() { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

/// True if a closing connection is still waited for, because its client sends a request or may be about to.
fn awaits_request(line: &OpenConnection) -> bool {
    match line.stage() {
        (Stage::Request, _) => false,
        (Stage::Head, _) => true,
        (Stage::Idle, _) => line.has_unread(),
        (Stage::Fresh, since) => since.elapsed() < FIRST_BYTE || line.has_unread(),
    }
}

/// Has the system end a connection whose peer acknowledges no sent data, so that it holds neither a task nor a
/// descriptor for longer. By default the system retries for a quarter of an hour, or for ever.
pub(super) fn give_up_unread(stream: &TcpStream) {
    let limit = u32::try_from(UNREAD.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, limit) {
        tracing::debug!(error = %told(&error), "TCP_USER_TIMEOUT could not be set on a connection");
    }
}
